// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/image/manifest.h"

/*
 * The documents are as other programs write them: umoci 0.4, skopeo 1.9, podman 4, docker 27 with
 * buildkit, and the examples of image-spec.
 */
#define HEX_A  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_C  "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define HEX_D  "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define OCI    "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."
#define CONFIG                                                                           \
	"\"config\":{\"mediaType\":\"" OCI "config.v1+json\",\"digest\":\"sha256:" HEX_A \
	"\",\"size\":134}"
#define LAYER(type)	 "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX_B "\",\"size\":7}"
#define IMAGE_OF(layers) "{\"schemaVersion\":2," CONFIG ",\"layers\":[" layers "]}"
#define ENTRY(hex, more)                                                      \
	"{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":\"sha256:" hex \
	"\",\"size\":500" more "}"
#define INDEX_OF(entries) "{\"schemaVersion\":2,\"manifests\":[" entries "]}"
#define ON(architecture)  ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" architecture "\"}"
#define ON_ARM(variant) \
	",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"" variant "\"}"
#define TAG(tag) ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" tag "\"}"
#define ATTESTATION                                                                \
	",\"annotations\":{\"vnd.docker.reference.digest\":\"sha256:" HEX_A        \
	"\",\"vnd.docker.reference.type\":\"attestation-manifest\"},\"platform\":" \
	"{\"architecture\":\"unknown\",\"os\":\"unknown\"}"

static void read_as(const char *text, const char *media_type, struct image_manifest *ret_manifest)
{
	struct error err = ERROR_NONE;

	if (image_manifest_read(text, strlen(text), media_type, ret_manifest, &err) < 0)
		fail_msg("%s: %s", text, err.text);
}

static void an_image_of_umoci_is_read(void **state)
{
	automanifest struct image_manifest manifest = { 0 };

	(void)state;
	/* Without mediaType, and without a layer. */
	read_as(IMAGE_OF(""), OCI "manifest.v1+json", &manifest);
	assert_int_equal(manifest.kind, MANIFEST_IMAGE);
	assert_string_equal(manifest.media_type, OCI "manifest.v1+json");
	assert_string_equal(manifest.config.digest.hex, HEX_A);
	assert_int_equal(manifest.config.size, 134);
	assert_int_equal(manifest.layer_count, 0);
}

static void an_image_of_docker_is_read(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" DOCKER "distribution.manifest.v2+json\","
		"\"config\":{\"mediaType\":\"" DOCKER
		"container.image.v1+json\",\"size\":1470,\"digest\":\"sha256:" HEX_A "\"},"
		"\"layers\":[{\"mediaType\":\"" DOCKER
		"image.rootfs.diff.tar.gzip\",\"size\":3401613,\"digest\":\"sha256:" HEX_B "\"},"
		"{\"mediaType\":\"" DOCKER
		"image.rootfs.diff.tar.gzip\",\"size\":32,\"digest\":\"sha256:" HEX_C "\"}]}";
	automanifest struct image_manifest manifest = { 0 };

	(void)state;
	read_as(text, NULL, &manifest);
	assert_int_equal(manifest.kind, MANIFEST_IMAGE);
	assert_int_equal(manifest.layer_count, 2);
	assert_int_equal(manifest.layers[0].size, 3401613);
	assert_string_equal(manifest.layers[0].digest.hex, HEX_B);
	assert_string_equal(manifest.layers[1].digest.hex, HEX_C);
}

static void annotations_and_embedded_data_do_not_disturb(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\"," CONFIG
		",\"layers\":[{\"mediaType\":\"" OCI
		"layer.v1.tar+zstd\",\"digest\":\"sha256:" HEX_B
		"\",\"size\":3,\"data\":\"YWJj\",\"urls\":[\"https://x/y\"],"
		"\"annotations\":{\"a\":\"b\"}}],"
		"\"subject\":{\"mediaType\":\"x\",\"digest\":\"y\",\"size\":-1},"
		"\"annotations\":{\"org.opencontainers.image.base.name\":\"alpine\"}}";
	automanifest struct image_manifest manifest = { 0 };

	(void)state;
	read_as(text, OCI "manifest.v1+json", &manifest);
	assert_int_equal(manifest.layer_count, 1);
	assert_string_equal(
		str_map_value(&manifest.annotations, "org.opencontainers.image.base.name"),
		"alpine");
	assert_null(str_map_value(&manifest.annotations, "b"));
}

static void every_compression_of_a_layer_is_read(void **state)
{
	automanifest struct image_manifest manifest = { 0 };

	(void)state;
	read_as(IMAGE_OF(LAYER(OCI "layer.v1.tar") "," LAYER(OCI "layer.v1.tar+gzip") "," LAYER(OCI "layer.v1.tar+zstd") "," LAYER(
			DOCKER
			"image.rootfs.diff.tar") "," LAYER(DOCKER
							   "image.rootfs.diff.tar.gzip") "," LAYER(DOCKER
												   "image.rootfs.diff.tar.zstd")),
		NULL, &manifest);
	assert_int_equal(manifest.layer_count, 6);
}

struct refusal {
	const char *text;
	const char *media_type;
	const char *why; /* is in the error */
};

static void what_is_no_image_is_refused_by_name(void **state)
{
	static const struct refusal cases[] = {
		{ "{\"schemaVersion\":1,\"name\":\"library/x\",\"tag\":\"latest\",\"architecture\":"
		  "\"amd64\",\"fsLayers\":[{\"blobSum\":\"sha256:" HEX_A "\"}],\"history\":[]}",
		  NULL, "schema 1" },
		{ "{\"mediaType\":\"" DOCKER "distribution.manifest.v1+prettyjws\"}", NULL,
		  "schema 1" },
		{ "{\"schemaVersion\":3}", NULL, "must be 2" },
		{ IMAGE_OF(LAYER(OCI "layer.v1.tar+gzip+encrypted")), NULL,
		  "layers[0] is encrypted" },
		{ IMAGE_OF(LAYER(OCI "layer.v1.tar") "," LAYER(
			  OCI "layer.nondistributable.v1.tar+gzip")),
		  NULL, "layers[1] is foreign" },
		{ IMAGE_OF(LAYER(DOCKER "image.rootfs.foreign.diff.tar.gzip")), NULL,
		  "layers[0] is foreign" },
		{ IMAGE_OF(LAYER("application/vnd.in-toto+json")), NULL, "vnd.in-toto+json" },
		{ IMAGE_OF("{\"digest\":\"sha256:" HEX_B "\",\"size\":7}"), NULL,
		  "layers[0] is ''" },
		/* Helm's chart, and an artifact of image-spec 1.1. */
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
		  "vnd.cncf.helm.config.v1+json\",\"digest\":\"sha256:" HEX_A
		  "\",\"size\":2},\"layers\":[]}",
		  NULL, "artifact (application/vnd.cncf.helm.config.v1+json)" },
		{ "{\"schemaVersion\":2,\"artifactType\":\"application/x.sbom\",\"config\":"
		  "{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"sha256:" HEX_A
		  "\",\"size\":2},\"layers\":[]}",
		  NULL, "artifact (application/x.sbom)" },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\"," CONFIG
		  ",\"layers\":[]}",
		  DOCKER "distribution.manifest.v2+json", "its descriptor says" },
		{ "{\"schemaVersion\":2," CONFIG ",\"manifests\":[" ENTRY(HEX_A, "") "]}", NULL,
		  "both" },
		{ IMAGE_OF(""), OCI "index.v1+json", "isn't what mediaType says" },
		{ INDEX_OF(ENTRY(HEX_A, "")), OCI "manifest.v1+json", "isn't what mediaType says" },
		{ IMAGE_OF(""), "text/html", "text/html" },
		{ "{\"schemaVersion\":2,\"layers\":[" LAYER(OCI "layer.v1.tar") "]}", NULL,
		  "no config" },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\"}", NULL,
		  "no config" },
		{ "[]", NULL, "object" },
		{ "<html>", NULL, "" },
		{ "{\"schemaVersion\":2,\"schemaVersion\":2}", NULL, "schemaVersion" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		automanifest struct image_manifest manifest = { 0 };
		struct error err = ERROR_NONE;

		if (image_manifest_read(cases[i].text, strlen(cases[i].text), cases[i].media_type,
					&manifest, &err) == 0)
			fail_msg("%s is accepted", cases[i].text);
		if (!err.text[0] || !strstr(err.text, cases[i].why))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

static void digests_and_sizes_are_checked(void **state)
{
	static const char *const layers[] = {
		"\"digest\":\"sha256:../../../../etc/passwd\",\"size\":1",
		"\"digest\":\"sha256:" HEX_A "/\",\"size\":1",
		"\"digest\":\"SHA256:" HEX_A "\",\"size\":1",
		"\"digest\":\"sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
		"\"size\":1",
		"\"digest\":\"sha512:" HEX_A HEX_A "\",\"size\":1",
		"\"digest\":\"\",\"size\":1",
		"\"digest\":\"sha256:" HEX_A "\",\"size\":-1",
		"\"digest\":\"sha256:" HEX_A "\",\"size\":1.5",
		"\"digest\":\"sha256:" HEX_A "\",\"size\":9007199254740992",
		"\"digest\":\"sha256:" HEX_A "\",\"size\":\"1\"",
		"\"digest\":\"sha256:" HEX_A "\"",
		"\"size\":1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
		autofree char *text =
			str_format("{\"schemaVersion\":2," CONFIG
				   ",\"layers\":[{\"mediaType\":\"" OCI "layer.v1.tar\",%s}]}",
				   layers[i]);
		automanifest struct image_manifest manifest = { 0 };
		struct error err = ERROR_NONE;

		if (image_manifest_read(text, strlen(text), NULL, &manifest, &err) == 0)
			fail_msg("%s is accepted", text);
		assert_non_null(strstr(err.text, "layers[0]"));
	}
}

static void counts_and_sizes_of_documents_are_bounded(void **state)
{
	autostrbuf struct strbuf text = { 0 };
	automanifest struct image_manifest manifest = { 0 };
	struct error err = ERROR_NONE;
	autofree char *big = mem_alloc(IMAGE_DOCUMENT_MAX + 1);
	static const char config[] =
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" OCI
		"config.v1+json\",\"digest\":\"sha256:" HEX_A "\",\"size\":4194305},\"layers\":[]}";

	(void)state;
	strbuf_add_str(&text, "{\"schemaVersion\":2," CONFIG ",\"layers\":[");
	for (int i = 0; i <= IMAGE_LAYERS_MAX; i++)
		strbuf_addf(&text, "%s" LAYER(OCI "layer.v1.tar"), i ? "," : "");
	strbuf_add_str(&text, "]}");
	assert_int_equal(image_manifest_read(text.bytes, text.size, NULL, &manifest, &err), -1);
	assert_non_null(strstr(err.text, "501 layers"));
	assert_int_equal(image_manifest_read(config, strlen(config), NULL, &manifest, &err), -1);
	assert_non_null(strstr(err.text, "the config has more than"));
	memset(big, ' ', IMAGE_DOCUMENT_MAX + 1);
	memcpy(big, IMAGE_OF(""), strlen(IMAGE_OF("")));
	assert_int_equal(image_manifest_read(big, IMAGE_DOCUMENT_MAX, NULL, &manifest, &err), 0);
	image_manifest_release(&manifest);
	assert_int_equal(image_manifest_read(big, IMAGE_DOCUMENT_MAX + 1, NULL, &manifest, &err),
			 -1);
}

/* ---- the choice from an index ---- */

static void choose(const char *text, const char *wanted_text, const char *hex)
{
	automanifest struct image_manifest index = { 0 };
	const struct image_descriptor *entry = NULL;
	struct error err = ERROR_NONE;
	struct platform wanted;

	read_as(text, NULL, &index);
	assert_int_equal(index.kind, MANIFEST_INDEX);
	assert_int_equal(platform_parse(wanted_text, &wanted, &err), 0);
	if (image_manifest_choose(&index, &wanted, "web", &entry, &err) < 0)
		fail_msg("%s: %s", wanted_text, err.text);
	assert_string_equal(entry->digest.hex, hex);
}

/* As buildkit writes an index: an attestation beside each image. */
#define OF_BUILDKIT                                                                \
	"{\"schemaVersion\":2,\"mediaType\":\"" OCI                                \
	"index.v1+json\",\"manifests\":[" ENTRY(HEX_A, ON("amd64")) "," ENTRY(     \
		HEX_C, ATTESTATION) "," ENTRY(HEX_B, ON("arm64")) "," ENTRY(HEX_D, \
									    ATTESTATION) "]}"

static void the_image_for_the_platform_is_chosen(void **state)
{
	(void)state;
	choose(OF_BUILDKIT, "linux/amd64", HEX_A);
	choose(OF_BUILDKIT, "linux/arm64", HEX_B);
	choose(OF_BUILDKIT, "linux/arm64/v8", HEX_B);
}

static void the_best_variant_is_chosen(void **state)
{
	static const char arm[] = INDEX_OF(ENTRY(HEX_A, ON_ARM("v5")) "," ENTRY(
		HEX_B, ON_ARM("v6")) "," ENTRY(HEX_C, ON_ARM("v8")) "," ENTRY(HEX_D, ON("arm64")));
	static const char same[] =
		INDEX_OF(ENTRY(HEX_B, ON("amd64")) "," ENTRY(HEX_A, ON("amd64")));

	(void)state;
	choose(arm, "linux/arm/v7", HEX_B);
	choose(arm, "linux/arm/v5", HEX_A);
	choose(arm, "linux/arm/v8", HEX_C);
	choose(arm, "linux/arm", HEX_C);
	choose(same, "linux/amd64", HEX_B);
}

static void an_entry_without_a_platform_is_the_last_choice(void **state)
{
	static const char text[] =
		INDEX_OF(ENTRY(HEX_A, "") "," ENTRY(HEX_B, "") "," ENTRY(HEX_C, ON("amd64")));
	static const char nested[] =
		INDEX_OF("{\"mediaType\":\"" OCI "index.v1+json\",\"digest\":\"sha256:" HEX_D
			 "\",\"size\":9}");

	(void)state;
	choose(text, "linux/amd64", HEX_C);
	choose(text, "linux/s390x", HEX_A);
	choose(nested, "linux/amd64", HEX_D);
}

static void entries_that_cannot_be_read_are_passed_over(void **state)
{
	static const char text[] = INDEX_OF(
		"{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":\"sha512:" HEX_A HEX_A
		"\",\"size\":9" ON(
			"amd64") "},"
				 "{\"mediaType\":\"application/x.wasm\",\"digest\":\"sha256:" HEX_A
				 "\",\"size\":9" ON("amd64") "}," ENTRY(HEX_B, ON("amd64")));

	(void)state;
	choose(text, "linux/amd64", HEX_B);
}

static void a_failed_choice_says_what_there_is(void **state)
{
	automanifest struct image_manifest index = { 0 }, none = { 0 };
	const struct image_descriptor *entry = NULL;
	struct error err = ERROR_NONE;
	struct platform wanted;

	(void)state;
	assert_int_equal(platform_parse("linux/s390x", &wanted, &err), 0);
	read_as(OF_BUILDKIT, NULL, &index);
	assert_int_equal(image_manifest_choose(&index, &wanted, "web", &entry, &err), -1);
	assert_string_equal(err.text, "web: there is no image for linux/s390x, only for "
				      "linux/amd64, linux/arm64");
	read_as(INDEX_OF(""), NULL, &none);
	assert_int_equal(image_manifest_choose(&none, &wanted, "web", &entry, &err), -1);
	assert_string_equal(err.text, "web: there is no image in it");
	assert_null(entry);
}

/* ---- the choice from a layout ---- */

/* NULL for @hex: the choice fails, and @why is in the error. */
static void find(const char *text, const char *tag, int64_t source_index, const char *hex,
		 const char *why)
{
	automanifest struct image_manifest index = { 0 };
	const struct image_descriptor *entry = NULL;
	struct error err = ERROR_NONE;
	struct platform wanted;
	int found;

	read_as(text, NULL, &index);
	platform_of_machine("x86_64", &wanted);
	found = image_manifest_find(&index, tag, source_index, &wanted, "l", &entry, &err);
	if (!hex) {
		assert_int_equal(found, -1);
		if (!strstr(err.text, why))
			fail_msg("%s", err.text);
		return;
	}
	if (found < 0)
		fail_msg("%s: %s", tag ? tag : "no tag", err.text);
	assert_string_equal(entry->digest.hex, hex);
	assert_ptr_equal(index.entries + (entry - index.entries), entry);
}

static void an_image_of_a_layout_is_found_by_its_tag(void **state)
{
	static const char two[] = INDEX_OF(ENTRY(HEX_A, TAG("v1")) "," ENTRY(HEX_B, TAG("v2")));
	static const char docker[] = INDEX_OF(
		ENTRY(HEX_C,
		      ",\"annotations\":{\"io.containerd.image.name\":\"docker.io/library/web:v1\","
		      "\"org.opencontainers.image.ref.name\":\"v1\"}"));

	(void)state;
	find(two, "v1", -1, HEX_A, NULL);
	find(two, "v2", -1, HEX_B, NULL);
	find(two, "v3", -1, NULL, "no image has the tag 'v3' (the tags are: v1, v2)");
	find(two, NULL, -1, NULL, "several images: take one by its tag (v1, v2)");
	find(docker, "v1", -1, HEX_C, NULL);
	find(docker, "docker.io/library/web:v1", -1, HEX_C, NULL);
}

static void the_only_image_of_a_layout_needs_no_tag(void **state)
{
	static const char one[] = INDEX_OF(ENTRY(HEX_A, TAG("v1")));
	static const char bare[] = INDEX_OF(ENTRY(HEX_A, ""));
	static const char twice[] = INDEX_OF(ENTRY(HEX_A, TAG("v1")) "," ENTRY(HEX_A, TAG("v2")));
	static const char attested[] =
		INDEX_OF(ENTRY(HEX_A, ON("amd64")) "," ENTRY(HEX_C, ATTESTATION));
	static const char foreign[] = INDEX_OF(ENTRY(HEX_A, ON("arm64") TAG("v1")));

	(void)state;
	find(one, NULL, -1, HEX_A, NULL);
	find(bare, NULL, -1, HEX_A, NULL);
	find(bare, "v1", -1, NULL, "no image has the tag 'v1', nor any tag");
	find(twice, NULL, -1, HEX_A, NULL);
	find(attested, NULL, -1, HEX_A, NULL);
	/* Whether the platform suits is then for the image's config to say. */
	find(foreign, NULL, -1, HEX_A, NULL);
	find(INDEX_OF(""), NULL, -1, NULL, "there is no image in it");
}

static void several_platforms_of_one_tag_are_one_image(void **state)
{
	static const char tagged[] = INDEX_OF(ENTRY(HEX_A, ON("arm64") TAG("v1")) "," ENTRY(
		HEX_B, ON("amd64") TAG("v1")) "," ENTRY(HEX_C, ON("amd64") TAG("v2")));
	static const char bare[] =
		INDEX_OF(ENTRY(HEX_A, ON("arm64")) "," ENTRY(HEX_B, ON("amd64")));
	static const char unsaid[] = INDEX_OF(ENTRY(HEX_A, "") "," ENTRY(HEX_B, ""));
	static const char none[] =
		INDEX_OF(ENTRY(HEX_A, ON("arm64")) "," ENTRY(HEX_B, ON("s390x")));

	(void)state;
	find(tagged, "v1", -1, HEX_B, NULL);
	find(tagged, "v2", -1, HEX_C, NULL);
	find(tagged, NULL, -1, NULL, "several images");
	find(bare, NULL, -1, HEX_B, NULL);
	find(unsaid, NULL, -1, NULL, "2 images without a tag: take one by @0 to @1");
	find(none, NULL, -1, NULL, "only for linux/arm64, linux/s390x");
}

static void an_image_of_a_layout_is_found_by_its_index(void **state)
{
	static const char text[] =
		INDEX_OF("{\"mediaType\":\"x\",\"digest\":\"sha512:" HEX_A HEX_A
			 "\",\"size\":9}," ENTRY(HEX_A, "") "," ENTRY(HEX_B, ""));

	(void)state;
	find(text, NULL, 1, HEX_A, NULL);
	find(text, NULL, 2, HEX_B, NULL);
	find(text, NULL, 3, NULL, "there are 3 images");
	find(text, NULL, 0, NULL, "isn't one of SHA-256");
}

static void words_of_a_platform_are_never_cut(void **state)
{
	automanifest struct image_manifest index = { 0 };

	(void)state;
	read_as(INDEX_OF(ENTRY(HEX_A, ON("amd64amd64amd64amd64amd64amd64amd64"))), NULL, &index);
	assert_true(index.entries[0].has_platform);
	assert_string_equal(index.entries[0].platform.architecture, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_of_umoci_is_read),
		cmocka_unit_test(an_image_of_docker_is_read),
		cmocka_unit_test(annotations_and_embedded_data_do_not_disturb),
		cmocka_unit_test(every_compression_of_a_layer_is_read),
		cmocka_unit_test(what_is_no_image_is_refused_by_name),
		cmocka_unit_test(digests_and_sizes_are_checked),
		cmocka_unit_test(counts_and_sizes_of_documents_are_bounded),
		cmocka_unit_test(the_image_for_the_platform_is_chosen),
		cmocka_unit_test(the_best_variant_is_chosen),
		cmocka_unit_test(an_entry_without_a_platform_is_the_last_choice),
		cmocka_unit_test(entries_that_cannot_be_read_are_passed_over),
		cmocka_unit_test(a_failed_choice_says_what_there_is),
		cmocka_unit_test(an_image_of_a_layout_is_found_by_its_tag),
		cmocka_unit_test(the_only_image_of_a_layout_needs_no_tag),
		cmocka_unit_test(several_platforms_of_one_tag_are_one_image),
		cmocka_unit_test(an_image_of_a_layout_is_found_by_its_index),
		cmocka_unit_test(words_of_a_platform_are_never_cut),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
