// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/image/image_config.h"

#define HEX_A	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ROOTFS	"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX_A "\"]}"
#define OS_ARCH "\"os\":\"linux\",\"architecture\":\"amd64\""

static void read_config(const char *text, struct image_config *ret_config)
{
	struct error err = ERROR_NONE;

	if (image_config_read(text, strlen(text), ret_config, &err) < 0)
		fail_msg("%s", err.text);
}

static void assert_list(const struct str_list *list, const char *first, const char *second)
{
	assert_int_equal(list->count, (first != NULL) + (second != NULL));
	if (first)
		assert_string_equal(list->items[0], first);
	if (second)
		assert_string_equal(list->items[1], second);
}

/* As image-spec's config.md has it, with what docker adds. */
static void the_example_of_the_spec_is_read(void **state)
{
	static const char text[] =
		"{\"created\":\"2015-10-31T22:22:56.015925234Z\","
		"\"author\":\"Alyssa P. Hacker <alyspdev@example.com>\"," OS_ARCH ","
		"\"config\":{\"Hostname\":\"\",\"User\":\"alice\",\"AttachStdin\":false,"
		"\"ExposedPorts\":{\"8080/tcp\":{},\"53/udp\":{}},"
		"\"Env\":[\"PATH=/usr/local/sbin:/bin\",\"FOO=oci=is a\"],"
		"\"Entrypoint\":[\"/bin/my-app-binary\"],"
		"\"Cmd\":[\"--foreground\",\"--config\"],"
		"\"Volumes\":{\"/var/job-result-data\":{},\"/var/log/my-app-logs\":{}},"
		"\"WorkingDir\":\"/home/alice\",\"StopSignal\":\"SIGRTMIN+3\","
		"\"Labels\":{\"com.example.git.url\":\"https://example.com/p.git\",\"empty\":\"\"},"
		"\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"]},\"ArgsEscaped\":true,"
		"\"OnBuild\":null,\"Shell\":[\"/bin/bash\"]},"
		"\"rootfs\":{\"diff_ids\":[\"sha256:" HEX_A "\",\"sha256:" HEX_B
		"\"],\"type\":\"layers\"},"
		"\"history\":[{\"created\":\"2015\",\"empty_layer\":true}]}";
	autoimageconfig struct image_config config = { 0 };

	(void)state;
	read_config(text, &config);
	assert_string_equal(config.platform.os, "linux");
	assert_string_equal(config.platform.architecture, "amd64");
	assert_string_equal(config.platform.variant, "");
	assert_string_equal(config.created, "2015-10-31T22:22:56.015925234Z");
	assert_string_equal(config.user, "alice");
	assert_list(&config.exposed_ports, "8080/tcp", "53/udp");
	assert_list(&config.env, "PATH=/usr/local/sbin:/bin", "FOO=oci=is a");
	assert_list(&config.entrypoint, "/bin/my-app-binary", NULL);
	assert_list(&config.cmd, "--foreground", "--config");
	assert_list(&config.volumes, "/var/job-result-data", "/var/log/my-app-logs");
	assert_string_equal(config.working_dir, "/home/alice");
	assert_string_equal(config.stop_signal, "SIGRTMIN+3");
	assert_int_equal(config.labels.count, 2);
	assert_string_equal(config.labels.items[1].value, "");
	assert_int_equal(config.diff_id_count, 2);
	assert_string_equal(config.diff_ids[1].hex, HEX_B);
}

/* As docker writes what isn't set. */
static void null_and_empty_are_not_given(void **state)
{
	static const char text[] =
		"{" OS_ARCH ",\"variant\":\"v2\",\"created\":\"\",\"container\":\"0123\","
		"\"container_config\":{\"User\":\"not this one\"},\"docker_version\":\"20.10\","
		"\"config\":{\"User\":\"\",\"ExposedPorts\":null,\"Env\":null,\"Cmd\":null,"
		"\"Image\":\"\",\"Volumes\":null,\"WorkingDir\":\"\",\"Entrypoint\":null,"
		"\"Labels\":null,\"StopSignal\":\"\"}," ROOTFS "}";
	autoimageconfig struct image_config config = { 0 };

	(void)state;
	read_config(text, &config);
	assert_string_equal(config.platform.variant, "v2");
	assert_null(config.created);
	assert_null(config.user);
	assert_null(config.working_dir);
	assert_null(config.stop_signal);
	assert_int_equal(config.env.count + config.cmd.count + config.entrypoint.count +
				 config.volumes.count + config.exposed_ports.count +
				 config.labels.count,
			 0);
}

/* umoci's new image: no layer, and an empty config. */
static void an_image_may_be_empty(void **state)
{
	static const char text[] = "{\"created\":\"2026-11-28T22:13:39.892787002Z\"," OS_ARCH
				   ",\"config\":{},\"rootfs\":{\"type\":\"layers\","
				   "\"diff_ids\":[]}}";
	autoimageconfig struct image_config config = { 0 };

	(void)state;
	read_config(text, &config);
	assert_int_equal(config.diff_id_count, 0);
}

static void the_config_of_a_scratch_image_may_be_absent(void **state)
{
	autoimageconfig struct image_config config = { 0 };

	(void)state;
	read_config("{" ROOTFS "}", &config);
	assert_string_equal(config.platform.os, "");
	assert_null(config.user);
	assert_int_equal(config.env.count, 0);
}

static void what_is_no_variable_is_left_out(void **state)
{
	static const char text[] = "{" ROOTFS ",\"config\":{\"Env\":[\"A=1\",\"NOTHING\",\"=x\","
				   "\"\",\"B=\"]}}";
	autoimageconfig struct image_config config = { 0 };

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	read_config(text, &config);
	assert_list(&config.env, "A=1", "B=");
}

struct refusal {
	const char *text;
	const char *why; /* is in the error */
};

static void what_is_no_config_is_refused(void **state)
{
	static const struct refusal cases[] = {
		{ "", "" },
		{ "[]", "object" },
		{ "{}", "rootfs.diff_ids" },
		{ "{\"rootfs\":null}", "rootfs.diff_ids" },
		{ "{\"rootfs\":{\"type\":\"base\"}}", "rootfs.type" },
		{ "{\"rootfs\":{\"diff_ids\":[\"../../../etc/passwd\"]}}", "diff_ids[0]" },
		{ "{\"rootfs\":{\"diff_ids\":[\"sha256:../../../etc/passwd\"]}}", "diff_ids[0]" },
		{ "{\"rootfs\":{\"diff_ids\":[\"sha256:" HEX_A "\",\"sha512:" HEX_A HEX_A "\"]}}",
		  "SHA-512" },
		{ "{\"rootfs\":{\"diff_ids\":[7]}}", "diff_ids[0]" },
		{ "{" ROOTFS ",\"config\":{\"Cmd\":\"sh\"}}", "config.Cmd" },
		{ "{" ROOTFS ",\"config\":{\"Entrypoint\":[\"a\\u0000b\"]}}", "NUL" },
		{ "{" ROOTFS ",\"config\":{\"Volumes\":[\"/x\"]}}", "config.Volumes" },
		{ "{" ROOTFS ",\"config\":{\"Volumes\":{\"/x\":1}}}", "config.Volumes" },
		{ "{" ROOTFS ",\"config\":{\"Labels\":{\"a\":1}}}", "config.Labels" },
		{ "{" ROOTFS ",\"os\":\"linuxlinuxlinuxlinuxlinuxlinuxlinux\"}", "os has more" },
		{ "{" ROOTFS "," ROOTFS "}", "rootfs" },
		{ "{" ROOTFS "} x", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autoimageconfig struct image_config config = { 0 };
		struct error err = ERROR_NONE;

		if (image_config_read(cases[i].text, strlen(cases[i].text), &config, &err) == 0)
			fail_msg("%s is accepted", cases[i].text);
		assert_true(str_starts_with(err.text, "the image's config: "));
		if (!strstr(err.text, cases[i].why))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

static void sizes_and_counts_are_bounded(void **state)
{
	autostrbuf struct strbuf text = { 0 };
	autoimageconfig struct image_config config = { 0 };
	struct error err = ERROR_NONE;
	autofree char *blanks = mem_alloc(IMAGE_DOCUMENT_MAX + 1);

	(void)state;
	strbuf_add_str(&text, "{\"rootfs\":{\"diff_ids\":[");
	for (int i = 0; i <= IMAGE_LAYERS_MAX; i++)
		strbuf_addf(&text, "%s\"sha256:" HEX_A "\"", i ? "," : "");
	strbuf_add_str(&text, "]}}");
	assert_int_equal(image_config_read(text.bytes, text.size, &config, &err), -1);
	assert_non_null(strstr(err.text, "501 layers"));
	strbuf_release(&text);
	strbuf_add_str(&text, "{" ROOTFS ",\"config\":{\"Labels\":{\"0\":\"\"");
	for (int i = 1; i <= 10000; i++)
		strbuf_addf(&text, ",\"%d\":\"\"", i);
	strbuf_add_str(&text, "}}}");
	assert_int_equal(image_config_read(text.bytes, text.size, &config, &err), -1);
	assert_non_null(strstr(err.text, "config.Labels has 10001 entries, more than 10000"));
	memset(blanks, ' ', IMAGE_DOCUMENT_MAX + 1);
	assert_int_equal(image_config_read(blanks, IMAGE_DOCUMENT_MAX + 1, &config, &err), -1);
	assert_non_null(strstr(err.text, "more than 4194304 bytes"));
}

static void layers_and_diff_ids_are_as_many(void **state)
{
	struct image_manifest manifest = { .layer_count = 2 };
	struct image_config config = { .diff_id_count = 1 };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(image_config_check_layers(&config, &manifest, &err), -1);
	assert_non_null(strstr(err.text, "2 layers"));
	config.diff_id_count = 2;
	assert_int_equal(image_config_check_layers(&config, &manifest, &err), 0);
}

static int check(const char *os, const char *architecture, struct error *err)
{
	struct image_config config = { 0 };
	struct platform wanted;

	strcpy(config.platform.os, os);
	strcpy(config.platform.architecture, architecture);
	platform_of_machine("x86_64", &wanted);
	return image_config_check_platform(&config, &wanted, err);
}

static void an_image_for_another_processor_is_refused(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(check("linux", "amd64", &err), 0);
	assert_int_equal(check("linux", "386", &err), 0);
	assert_int_equal(check("linux", "", &err), 0);
	assert_int_equal(check("", "", &err), 0);
	assert_int_equal(check("windows", "amd64", &err), -1);
	assert_string_equal(err.text, "the image is for windows, not for linux");
	assert_int_equal(check("linux", "arm64", &err), -1);
	assert_string_equal(err.text, "the image is for linux/arm64, not for linux/amd64");
	assert_non_null(strstr(err.hint, "--platform=linux/arm64"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_spec_is_read),
		cmocka_unit_test(null_and_empty_are_not_given),
		cmocka_unit_test(an_image_may_be_empty),
		cmocka_unit_test(the_config_of_a_scratch_image_may_be_absent),
		cmocka_unit_test(what_is_no_variable_is_left_out),
		cmocka_unit_test(what_is_no_config_is_refused),
		cmocka_unit_test(sizes_and_counts_are_bounded),
		cmocka_unit_test(layers_and_diff_ids_are_as_many),
		cmocka_unit_test(an_image_for_another_processor_is_refused),
	};

	return cmocka_run_group_tests_name("image_config", tests, NULL, NULL);
}
