// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/remove.h"
#include "core/base/str.h"
#include "core/config/shapes.h"
#include "core/spec/cdi.h"

static struct arena arena;

/* ---- one file ---- */

#define DEVICE "{\"name\": \"0\", \"containerEdits\": {}}"
#define FILE_OF(edits)                                                         \
	"{\"cdiVersion\": \"0.5.0\", \"kind\": \"a.com/gpu\", \"devices\": [{" \
	"\"name\": \"0\", \"containerEdits\": {" edits "}}]}"

static int parse(const char *text, struct cdi_file *ret_file, struct error *err)
{
	*err = ERROR_NONE;
	return cdi_parse(text, strlen(text), CDI_JSON, &arena, ret_file, err);
}

static void refused(const char *text, const char *why)
{
	struct cdi_file file;
	struct error err;

	assert_int_equal(parse(text, &file, &err), -1);
	if (!strstr(err.text, why))
		fail_msg("%s: \"%s\" isn't in: %s", text, why, err.text);
}

static void all_edits_of_a_device_are_read(void **state)
{
	struct cdi_file file;
	const struct cdi_edits *edits;
	struct error err;

	(void)state;
	assert_int_equal(
		parse(FILE_OF("\"env\": [\"A=b\"], \"additionalGids\": [44],"
			      "\"deviceNodes\": [{\"path\": \"/dev/a\", \"hostPath\": \"/dev/b\","
			      "  \"type\": \"c\", \"major\": 195, \"minor\": 255,"
			      "  \"fileMode\": 438, \"permissions\": \"rw\"}],"
			      "\"mounts\": [{\"hostPath\": \"/a\", \"containerPath\": \"/b\","
			      "  \"options\": [\"ro\", \"bind\"]}],"
			      "\"hooks\": [{\"hookName\": \"poststop\", \"path\": \"/bin/x\","
			      "  \"args\": [\"x\", \"y\"], \"env\": [\"C=d\"], \"timeout\": 3}]"),
		      &file, &err),
		0);
	assert_string_equal(file.kind, "a.com/gpu");
	assert_null(file.edits);
	assert_int_equal(file.devices.count, 1);
	edits = file.devices.items[0].edits;
	assert_string_equal(edits->env.items[0], "A=b");
	assert_int_equal(edits->additional_gids.items[0], 44);
	assert_string_equal(edits->nodes.items[0].path, "/dev/a");
	assert_string_equal(edits->nodes.items[0].host_path, "/dev/b");
	assert_int_equal(edits->nodes.items[0].type, CONFIG_DEVICE_CHAR);
	assert_int_equal(edits->nodes.items[0].major.value, 195);
	assert_int_equal(edits->nodes.items[0].minor.value, 255);
	assert_string_equal(edits->mounts.items[0].container_path, "/b");
	assert_int_equal(edits->mounts.items[0].options.traits, MOUNT_TRAIT_BIND);
	assert_int_equal(edits->hooks.items[0].kind, HOOK_POSTSTOP);
	assert_string_equal(edits->hooks.items[0].hook.path, "/bin/x");
	assert_int_equal(edits->hooks.items[0].hook.args.count, 2);
	assert_int_equal(edits->hooks.items[0].hook.timeout.value, 3);
}

static void each_hook_has_the_name_of_the_runtime_spec(void **state)
{
	(void)state;
	for (int kind = 0; kind < HOOK_KINDS; kind++) {
		autofree char *text =
			str_format(FILE_OF("\"hooks\": [{\"hookName\": \"%s\", \"path\": \"/x\"}]"),
				   config_hook_name((enum config_hook_kind)kind));
		struct cdi_file file;
		struct error err;

		assert_int_equal(parse(text, &file, &err), 0);
		assert_int_equal(file.devices.items[0].edits->hooks.items[0].kind, kind);
	}
}

static void versions_from_0_3_to_1_0_are_read(void **state)
{
	static const char *const good[] = { "0.3.0", "0.5.0", "0.8.0", "1.0.0", "1.0.1", "v0.6.0" };
	static const char *const bad[] = { "0.2.0", "1.1.0", "2.0.0",	"1",
					   "1.0",   "",	     "1.0.0.0", "a.b.c" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good) + ARRAY_SIZE(bad); i++) {
		bool is_good = i < ARRAY_SIZE(good);
		autofree char *text = str_format(
			"{\"cdiVersion\": \"%s\", \"kind\": \"a.com/b\", \"devices\": [" DEVICE
			"]}",
			is_good ? good[i] : bad[i - ARRAY_SIZE(good)]);
		struct cdi_file file;
		struct error err;

		assert_int_equal(parse(text, &file, &err), is_good ? 0 : -1);
	}
}

static void a_file_that_breaks_a_rule_is_refused(void **state)
{
	(void)state;
	refused("{}", "cdiVersion: missing");
	refused("{\"cdiVersion\": \"0.5.0\", \"kind\": \"a\", \"devices\": [" DEVICE "]}",
		"kind a isn't VENDOR/CLASS");
	refused("{\"cdiVersion\": \"0.5.0\", \"kind\": \"a/b\", \"devices\": []}", "no devices");
	refused("{\"cdiVersion\": \"0.5.0\", \"kind\": \"a/b\", \"devices\": [" DEVICE "," DEVICE
		"]}",
		"the device 0 is there twice");
	refused("{\"cdiVersion\": \"0.5.0\", \"kind\": \"a/b\", \"devices\": [{\"name\": \"-\","
		"\"containerEdits\": {}}]}",
		"devices[0]: - is no name of a device");
	refused(FILE_OF("\"env\": [\"A\"]"), "device 0: env: A isn't NAME=VALUE");
	refused(FILE_OF("\"env\": [\"=A\"]"), "env: =A isn't NAME=VALUE");
	refused(FILE_OF("\"deviceNodes\": [{\"path\": \"dev\"}]"), "path dev isn't absolute");
	refused(FILE_OF("\"deviceNodes\": [{\"path\": \"/dev/a\", \"hostPath\": \"b\"}]"),
		"hostPath b isn't absolute");
	refused(FILE_OF("\"deviceNodes\": [{\"path\": \"/dev/a\", \"permissions\": \"x\"}]"),
		"permissions x");
	refused(FILE_OF("\"deviceNodes\": [{\"path\": \"/dev/a\", \"type\": \"x\"}]"),
		"devices[0].containerEdits.deviceNodes[0].type");
	refused(FILE_OF("\"mounts\": [{\"hostPath\": \"/a\", \"containerPath\": \"b\"}]"),
		"containerPath b isn't absolute");
	refused(FILE_OF("\"hooks\": [{\"hookName\": \"x\", \"path\": \"/a\"}]"), "hookName");
	refused(FILE_OF("\"hooks\": [{\"hookName\": \"poststop\", \"path\": \"a\"}]"),
		"hooks: path a isn't absolute");
	refused(FILE_OF("\"hooks\": [{\"hookName\": \"poststop\", \"path\": \"/a\","
			"\"timeout\": 0}]"),
		"timeout: out of range");
}

static void a_name_of_a_device_is_told_from_a_path(void **state)
{
	(void)state;
	assert_true(cdi_is_name("nvidia.com/gpu=0"));
	assert_true(cdi_is_name("nvidia.com/gpu=all"));
	assert_true(cdi_is_name("nvidia.com/gpu=1:0"));
	assert_true(cdi_is_name("a/b.c_d-e=GPU-8a1b"));
	assert_false(cdi_is_name("/dev/null"));
	assert_false(cdi_is_name("/dev/a=b"));
	assert_false(cdi_is_name("dev/null"));
	assert_false(cdi_is_name("a/b="));
	assert_false(cdi_is_name("a=b"));
	assert_false(cdi_is_name("a/b/c=d"));
	assert_false(cdi_is_name("./a=b"));
}

/* ---- directories ---- */

static char base[64];

static int make_base(void **state)
{
	(void)state;
	snprintf(base, sizeof(base), "/tmp/urun-cdi-XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int remove_base(void **state)
{
	autofree char *command = str_format("rm -rf %s", base);

	(void)state;
	arena_release(&arena);
	return system(command); // NOLINT(cert-env33-c): of our own text
}

/* Writes @text to the file @name below the base; its directory is made. */
static void put(const char *name, const char *text)
{
	autofree char *path = str_format("%s/%s", base, name);
	char *slash = strrchr(path, '/');
	FILE *stream;

	*slash = '\0';
	mkdir(path, 0700);
	*slash = '/';
	stream = fopen(path, "we");
	assert_non_null(stream);
	fputs(text, stream);
	assert_int_equal(fclose(stream), 0);
}

static void put_devices(const char *name, const char *kind, const char *first, const char *second)
{
	autofree char *text =
		str_format("{\"cdiVersion\": \"0.5.0\", \"kind\": \"%s\", \"devices\": ["
			   "{\"name\": \"%s\", \"containerEdits\": {\"env\": [\"FILE=%s\"]}},"
			   "{\"name\": \"%s\", \"containerEdits\": {}}]}",
			   kind, first, name, second);

	put(name, text);
}

static struct cdi_files found;
static struct str_list directories;

/* Reads the directories a and b below the base. */
static void read_both(void)
{
	directories = (struct str_list){ 0 };
	directories.items = arena_alloc(&arena, 2 * sizeof(char *));
	directories.items[0] = arena_strf(&arena, "%s/a", base);
	directories.items[1] = arena_strf(&arena, "%s/b", base);
	directories.count = 2;
	cdi_read(&directories, &arena, &found);
}

static size_t choose(const char *text, cdi_choices *choices)
{
	struct error err = ERROR_NONE;

	if (cdi_choose(&found, text, choices, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return choices->count;
}

static void not_chosen(const char *text, const char *why)
{
	cdi_choices choices = { 0 };
	struct error err = ERROR_NONE;

	assert_int_equal(cdi_choose(&found, text, &choices, &err), -1);
	if (!strstr(err.text, why))
		fail_msg("%s: \"%s\" isn't in: %s", text, why, err.text);
}

static void a_device_is_chosen_once_and_all_are_those_of_the_kind(void **state)
{
	cdi_choices choices = { 0 };

	(void)state;
	put_devices("a/gpu.json", "a.com/gpu", "0", "1");
	put_devices("a/nic.json", "a.com/nic", "0", "all");
	put("a/README", "no device");
	read_both();
	assert_int_equal(found.files.count, 2);
	assert_int_equal(choose("a.com/gpu=1", &choices), 1);
	assert_string_equal(choices.items[0].device->name, "1");
	assert_int_equal(choose("a.com/gpu=1", &choices), 1);
	assert_int_equal(choose("a.com/gpu=all", &choices), 2);
	/* A device that is named so. */
	assert_int_equal(choose("a.com/nic=all", &choices), 3);
	assert_string_equal(choices.items[2].device->name, "all");
	not_chosen("a.com/gpu=2", "unknown device 2: there are 0, 1");
	not_chosen("b.com/gpu=0", "describes devices of the kind b.com/gpu");
	not_chosen("b.com/gpu=all", "describes devices of the kind b.com/gpu");
}

static void the_later_directory_counts_and_two_files_of_one_are_ambiguous(void **state)
{
	cdi_choices choices = { 0 };

	(void)state;
	put_devices("a/1.json", "a.com/gpu", "0", "1");
	put_devices("a/2.json", "a.com/gpu", "1", "2");
	put_devices("b/1.json", "a.com/gpu", "2", "3");
	put_devices("b/2.json", "a.com/nic", "0", "1");
	read_both();
	assert_int_equal(choose("a.com/gpu=2", &choices), 1);
	assert_int_equal(choices.items[0].file->directory, 1);
	assert_int_equal(choose("a.com/gpu=0", &choices), 2);
	not_chosen("a.com/gpu=1", "a/1.json and ");
	not_chosen("a.com/gpu=1", "a/2.json both describe a.com/gpu=1");
	not_chosen("a.com/gpu=all", "ambiguous");
}

static void a_directory_that_is_there_twice_is_read_once(void **state)
{
	autofree char *link = NULL;
	cdi_choices choices = { 0 };

	(void)state;
	put_devices("a/1.json", "a.com/gpu", "0", "1");
	link = str_format("%s/b", base);
	assert_int_equal(symlink("a", link), 0);
	read_both();
	assert_int_equal(found.files.count, 1);
	assert_int_equal(choose("a.com/gpu=0", &choices), 1);
}

static void a_file_that_cant_be_used_is_named(void **state)
{
	autofree char *fifo = NULL;
	cdi_choices choices = { 0 };

	(void)state;
	put_devices("a/good.json", "a.com/gpu", "0", "1");
	put("a/bad.json", "{");
	put("b/old.json",
	    "{\"cdiVersion\": \"9.0.0\", \"kind\": \"a.com/x\", \"devices\": [" DEVICE "]}");
	fifo = str_format("%s/b/fifo.json", base);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	read_both();
	assert_int_equal(found.problems.count, 3);
	assert_int_equal(choose("a.com/gpu=0", &choices), 1);
	not_chosen("a.com/x=0", "a/bad.json: not JSON: ");
	not_chosen("a.com/x=0", "b/old.json: cdiVersion 9.0.0 isn't known");
	not_chosen("a.com/x=0", "b/fifo.json: ");
}

/* As the generators write it. */
static void yaml_is_read_with_libyaml_and_named_without(void **state)
{
	cdi_choices choices = { 0 };

	(void)state;
	put("a/gpu.yaml", "---\ncdiVersion: 0.5.0\nkind: a.com/gpu\ndevices:\n- name: \"0\"\n"
			  "  containerEdits:\n    deviceNodes:\n    - path: /dev/a\n"
			  "    hooks:\n    - hookName: createContainer\n      path: /x\n"
			  "      args:\n      - x\n      - --a\n");
	read_both();
#ifdef URUN_READS_YAML
	assert_int_equal(choose("a.com/gpu=0", &choices), 1);
	assert_string_equal(choices.items[0].device->edits->nodes.items[0].path, "/dev/a");
	assert_int_equal(choices.items[0].device->edits->hooks.items[0].hook.args.count, 2);
#else
	(void)choices;
	not_chosen("a.com/gpu=0", "a/gpu.yaml: this urun was built without --with-yaml");
#endif
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_base, remove_base)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_edits_of_a_device_are_read),
		TEST(each_hook_has_the_name_of_the_runtime_spec),
		TEST(versions_from_0_3_to_1_0_are_read),
		TEST(a_file_that_breaks_a_rule_is_refused),
		TEST(a_name_of_a_device_is_told_from_a_path),
		TEST(a_device_is_chosen_once_and_all_are_those_of_the_kind),
		TEST(the_later_directory_counts_and_two_files_of_one_are_ambiguous),
		TEST(a_directory_that_is_there_twice_is_read_once),
		TEST(a_file_that_cant_be_used_is_named),
		TEST(yaml_is_read_with_libyaml_and_named_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
