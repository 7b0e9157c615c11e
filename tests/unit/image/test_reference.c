// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/image/reference.h"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA256 "sha256:" HEX
#define HERE   "/home/ann"

static void parse(const char *text, struct image_reference *ret_reference)
{
	struct error err = ERROR_NONE;

	if (image_reference_parse(text, HERE, ret_reference, &err) < 0)
		fail_msg("%s: %s", text, err.text);
}

struct name_case {
	const char *text;
	const char *name;
};

/* Expected values: the tests of distribution/reference and docker's documentation of names. */
static void short_names_become_full_names(void **state)
{
	static const struct name_case cases[] = {
		{ "alpine", "docker.io/library/alpine:latest" },
		{ "alpine:3.19", "docker.io/library/alpine:3.19" },
		{ "ann/web", "docker.io/ann/web:latest" },
		{ "docker.io/alpine", "docker.io/library/alpine:latest" },
		{ "index.docker.io/alpine", "docker.io/library/alpine:latest" },
		{ "docker.io/library/alpine", "docker.io/library/alpine:latest" },
		{ "quay.io/ann/web", "quay.io/ann/web:latest" },
		{ "localhost/web", "localhost/web:latest" },
		{ "localhost:5000/web", "localhost:5000/web:latest" },
		{ "localhost:5000/web:v1", "localhost:5000/web:v1" },
		{ "localhost:5000", "docker.io/library/localhost:5000" },
		{ "LOCALHOST/web", "LOCALHOST/web:latest" },
		{ "127.0.0.1:5000/a/b/c/d", "127.0.0.1:5000/a/b/c/d:latest" },
		{ "[::1]:5000/web", "[::1]:5000/web:latest" },
		{ "[2001:db8::1]/web", "[2001:db8::1]/web:latest" },
		{ "xn--n3h.com/web", "xn--n3h.com/web:latest" },
		{ "a.b/c", "a.b/c:latest" },
		{ "a-b/c", "docker.io/a-b/c:latest" },
		{ "a__b/c--d.e_f", "docker.io/a__b/c--d.e_f:latest" },
		{ "web:V1.0_x-y", "docker.io/library/web:V1.0_x-y" },
		{ "docker:dind", "docker.io/library/docker:dind" },
		{ "web@" SHA256, "docker.io/library/web@" SHA256 },
		{ "web:v1@" SHA256, "docker.io/library/web@" SHA256 },
		{ "localhost:5000/web:v1@" SHA256, "localhost:5000/web@" SHA256 },
		{ "f00d", "docker.io/library/f00d:latest" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
		autofree char *source = str_format("docker://%s", cases[i].name);

		parse(cases[i].text, &reference);
		assert_string_equal(reference.name, cases[i].name);
		assert_int_equal(reference.transport, IMAGE_DOCKER);
		assert_true(reference.is_short);
		assert_string_equal(reference.source, source);
	}
}

static void a_transport_gives_the_same_name(void **state)
{
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
	autofree char *source = NULL;
	struct digest digest;

	(void)state;
	parse("docker://alpine", &reference);
	assert_string_equal(reference.name, "docker.io/library/alpine:latest");
	assert_string_equal(reference.domain, "docker.io");
	assert_string_equal(reference.repository, "library/alpine");
	assert_string_equal(reference.label, "latest");
	assert_string_equal(reference.typed, "docker://alpine");
	assert_false(reference.is_short);
	assert_true(digest_from_hex(HEX, &digest));
	source = image_reference_source_of(&reference, &digest);
	assert_string_equal(source, "docker://docker.io/library/alpine@" SHA256);
}

static void a_digest_replaces_the_tag(void **state)
{
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;

	(void)state;
	parse("docker://quay.io/web:v1@" SHA256, &reference);
	assert_string_equal(reference.digest.hex, HEX);
	assert_null(reference.label);
	assert_string_equal(reference.source, "docker://quay.io/web@" SHA256);
}

struct layout_case {
	const char *text;
	enum image_transport transport;
	const char *path, *tag;
	int64_t source_index;
	const char *name;
};

static void paths_and_tags_are_told_apart(void **state)
{
	static const struct layout_case cases[] = {
		{ "oci:img", IMAGE_OCI, "img", NULL, -1, "oci:/home/ann/img" },
		{ "oci:img:v1", IMAGE_OCI, "img", "v1", -1, "oci:/home/ann/img:v1" },
		{ "oci:./a//b/.:v1", IMAGE_OCI, "./a//b/.", "v1", -1, "oci:/home/ann/a/b:v1" },
		{ "oci:../x", IMAGE_OCI, "../x", NULL, -1, "oci:/home/x" },
		{ "oci:/abs:q/w:v1", IMAGE_OCI, "/abs", "q/w:v1", -1, "oci:/abs:q/w:v1" },
		{ "oci:///abs", IMAGE_OCI, "///abs", NULL, -1, "oci:/abs" },
		{ "oci:/a b", IMAGE_OCI, "/a b", NULL, -1, "oci:/a b" },
		{ "oci:img:@0", IMAGE_OCI, "img", NULL, 0, "oci:/home/ann/img:@0" },
		{ "oci:img:@12", IMAGE_OCI, "img", NULL, 12, "oci:/home/ann/img:@12" },
		{ "oci-archive:x.tar", IMAGE_OCI_ARCHIVE, "x.tar", NULL, -1,
		  "oci-archive:/home/ann/x.tar" },
		{ "oci-archive:/x.tar:docker.io/library/web:v1", IMAGE_OCI_ARCHIVE, "/x.tar",
		  "docker.io/library/web:v1", -1, "oci-archive:/x.tar:docker.io/library/web:v1" },
		{ "docker-archive:x.tar", IMAGE_DOCKER_ARCHIVE, "x.tar", NULL, -1,
		  "docker-archive:/home/ann/x.tar" },
		{ "docker-archive:x.tar:web", IMAGE_DOCKER_ARCHIVE, "x.tar",
		  "docker.io/library/web:latest", -1,
		  "docker-archive:/home/ann/x.tar:docker.io/library/web:latest" },
		{ "docker-archive:x.tar:localhost:5000/web:v2", IMAGE_DOCKER_ARCHIVE, "x.tar",
		  "localhost:5000/web:v2", -1,
		  "docker-archive:/home/ann/x.tar:localhost:5000/web:v2" },
		{ "docker-archive:x.tar:@1", IMAGE_DOCKER_ARCHIVE, "x.tar", NULL, 1,
		  "docker-archive:/home/ann/x.tar:@1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
		const struct layout_case *c = &cases[i];

		parse(c->text, &reference);
		assert_int_equal(reference.transport, c->transport);
		assert_string_equal(reference.path, c->path);
		assert_int_equal(reference.tag != NULL, c->tag != NULL);
		if (c->tag)
			assert_string_equal(reference.tag, c->tag);
		assert_int_equal(reference.source_index, c->source_index);
		assert_string_equal(reference.name, c->name);
		assert_null(reference.source);
	}
}

static void other_transports_are_passed_to_skopeo(void **state)
{
	static const struct name_case cases[] = {
		{ "dir:x", "dir:/home/ann/x" },
		{ "dir:/x/../y", "dir:/y" },
		{ "containers-storage:localhost/web", "containers-storage:localhost/web" },
		{ "containers-storage:[overlay@/a+/b]web:v1",
		  "containers-storage:[overlay@/a+/b]web:v1" },
		{ "docker-daemon:web:latest", "docker-daemon:web:latest" },
		{ "docker-daemon:" SHA256, "docker-daemon:" SHA256 },
		{ "ostree:web@/ostree/repo", "ostree:web@/ostree/repo" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;

		parse(cases[i].text, &reference);
		assert_int_equal(reference.transport, IMAGE_SKOPEO);
		assert_string_equal(reference.name, cases[i].name);
		assert_string_equal(reference.source, cases[i].name);
	}
}

static void digests_alone_are_in_the_store(void **state)
{
	static const char *const cases[] = { SHA256, HEX, "sha256:0123" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;

		parse(cases[i], &reference);
		assert_int_equal(reference.transport, IMAGE_IN_STORE);
		assert_int_equal(digest_is_set(&reference.digest), i < 2);
		assert_true(str_starts_with(reference.name, "sha256:0123"));
	}
}

struct refusal {
	const char *text;
	const char *why; /* is in the error */
};

static void what_is_no_name_is_refused(void **state)
{
	static const struct refusal cases[] = {
		{ "", "empty" },
		{ "Alpine", "small letters" },
		{ "docker://quay.io/Web", "small letters" },
		{ "http://quay.io/web", "no transport has the name http" },
		{ "https://quay.io/web", "no transport has the name https" },
		{ "docker://", "not a name" },
		{ "docker://docker://web", "not a name" },
		{ "oci:", "no path" },
		{ "oci::v1", "no path" },
		{ "oci:img:", "the tag is empty" },
		{ "oci:img:@", "no index" },
		{ "oci:img:@-1", "no index" },
		{ "oci:img:@99999999999", "no index" },
		{ "docker-archive:x.tar:", "empty" },
		{ "docker-archive:x.tar:web@" SHA256, "no digests" },
		{ "docker-archive:x.tar:A B", "not a name" },
		{ "dir:", "nothing behind" },
		{ "docker-daemon:", "nothing behind" },
		{ "web:", "not a name" },
		{ "web:a b", "not a name" },
		{ "web:-x", "not a name" },
		{ "web:.x", "not a name" },
		{ " web", "not a name" },
		{ "web ", "not a name" },
		{ "../web", "not a name" },
		{ "./web", "not a name" },
		{ "/web", "not a name" },
		{ "a//b", "not a name" },
		{ "a/../b", "not a name" },
		{ "a/b/", "not a name" },
		{ "-a", "not a name" },
		{ "a-", "not a name" },
		{ "a..b", "not a name" },
		{ "a___b", "not a name" },
		{ "a_.b", "not a name" },
		{ "-a.b/c", "not a name" },
		{ "a..b/c", "not a name" },
		{ "a.b:x/c", "not a name" },
		{ "a.b:70000/c", "not a name" },
		{ "[::1/c", "not a name" },
		{ "[]/c", "not a name" },
		{ "web@", "isn't a digest" },
		{ "web@md5:0123", "isn't a digest" },
		{ "web@sha256:0123", "isn't a digest" },
		{ "web@SHA256:" HEX, "isn't a digest" },
		{ "web@sha256:" HEX "0", "isn't a digest" },
		{ "web@sha512:" HEX HEX, "SHA-512" },
		{ "web@" SHA256 "@" SHA256, "isn't a digest" },
		{ "oci:a\nb", "printable" },
		{ "oci:a\xff", "printable" },
		{ "oci:a:\xe2\x80\xae", "printable" },
		{ "dir:\x1b[0m", "printable" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
		struct error err = ERROR_NONE;

		if (image_reference_parse(cases[i].text, HERE, &reference, &err) == 0)
			fail_msg("'%s' is accepted as %s", cases[i].text, reference.name);
		if (!strstr(err.text, cases[i].why))
			fail_msg("'%s': %s", cases[i].text, err.text);
		assert_null(reference.name);
	}
}

static void an_unknown_transport_is_told_which_there_are(void **state)
{
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(image_reference_parse("https://x/y", HERE, &reference, &err), -1);
	assert_non_null(strstr(err.hint, "docker://NAME"));
	assert_non_null(strstr(err.hint, "oci:DIR"));
}

static void lengths_are_bounded(void **state)
{
	autofree char *part = mem_alloc(256);
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
	struct error err = ERROR_NONE;
	autofree char *text = NULL, *label = NULL, *huge = mem_alloc(5001);

	(void)state;
	memset(part, 'a', 255);
	text = str_format("quay.io/%s", part);
	assert_int_equal(image_reference_parse(text, HERE, &reference, &err), -1);
	assert_non_null(strstr(err.text, "more than 255"));
	label = str_format("web:%.*s", 129, part);
	assert_int_equal(image_reference_parse(label, HERE, &reference, &err), -1);
	label[strlen("web:") + 128] = '\0';
	assert_int_equal(image_reference_parse(label, HERE, &reference, &err), 0);
	image_reference_release(&reference);
	memset(huge, 'a', 5000);
	assert_int_equal(image_reference_parse(huge, HERE, &reference, &err), -1);
}

static void repo_tags_of_archives_are_compared_in_full(void **state)
{
	autofree char *name = image_name_normalize("web:v1"), *none = image_name_normalize("WEB"),
		      *podman = image_name_normalize("localhost/web:latest");

	(void)state;
	assert_string_equal(name, "docker.io/library/web:v1");
	assert_string_equal(podman, "localhost/web:latest");
	assert_null(none);
}

static void an_operand_with_a_colon_is_an_image(void **state)
{
	(void)state;
	assert_true(image_reference_is_one("oci:x"));
	assert_true(image_reference_is_one("alpine:3"));
	assert_false(image_reference_is_one("web-1.2_x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_names_become_full_names),
		cmocka_unit_test(a_transport_gives_the_same_name),
		cmocka_unit_test(a_digest_replaces_the_tag),
		cmocka_unit_test(paths_and_tags_are_told_apart),
		cmocka_unit_test(other_transports_are_passed_to_skopeo),
		cmocka_unit_test(digests_alone_are_in_the_store),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(an_unknown_transport_is_told_which_there_are),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(repo_tags_of_archives_are_compared_in_full),
		cmocka_unit_test(an_operand_with_a_colon_is_an_image),
	};

	return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
