// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/mount.h>

#include "core/base/str.h"
#include "core/config/change.h"
#include "tests/unit/spec/applied.h"

/* ---- --device VENDOR/CLASS=NAME ---- */

static char cdi_path[100];

static void remove_cdi(void)
{
	unlink(cdi_path);
	rmdir(file);
}

/* Writes the only file of --cdi-spec-dir, which is the test's "file" as a directory. */
static void put_cdi(const char *whole, const char *edits)
{
	FILE *stream;

	mkdir(file, 0700);
	snprintf(cdi_path, sizeof(cdi_path), "%s/a.json", file);
	stream = fopen(cdi_path, "we");
	assert_non_null(stream);
	fprintf(stream,
		"{\"cdiVersion\": \"0.6.0\", \"kind\": \"a.com/x\", \"containerEdits\": {%s},"
		"\"devices\": [{\"name\": \"0\", \"containerEdits\": {%s}},"
		"{\"name\": \"1\", \"containerEdits\": {}}]}",
		whole, edits);
	assert_int_equal(fclose(stream), 0);
}

#define CDI(...) .words = { .devices = TEXTS(__VA_ARGS__), .cdi_dirs = TEXTS(file) }

static void the_edits_of_a_device_are_those_of_the_config(void **state)
{
	const struct spec_options options = { CDI("a.com/x=0", "a.com/x=1") };
	const struct config_hook *hook;
	const struct config_mount *mount;

	(void)state;
	put_cdi("\"env\": [\"WHOLE=1\"], \"additionalGids\": [0, 5]",
		"\"env\": [\"PART=2\"], \"deviceNodes\": [{\"path\": \"/dev/card\","
		"\"hostPath\": \"/dev/null\", \"major\": 1, \"minor\": 3, \"type\": \"c\"}],"
		"\"mounts\": [{\"hostPath\": \"/etc\", \"containerPath\": \"/driver\","
		"\"options\": [\"ro\", \"nosuid\"]}, {\"hostPath\": \"tmpfs\","
		"\"containerPath\": \"/scratch\", \"type\": \"tmpfs\"}],"
		"\"hooks\": [{\"hookName\": \"createContainer\", \"path\": \"/bin/sh\","
		"\"args\": [\"sh\", \"-c\", \":\"]}]");
	apply(&options);
	assert_true(lists(&config.process->env, "WHOLE=1"));
	assert_true(lists(&config.process->env, "PART=2"));
	mount = mount_at("/dev/card");
	assert_string_equal(mount->source, "/dev/null");
	assert_int_equal(mount->kind, MOUNT_KIND_BIND);
	assert_int_equal(mount->options.top.set & MOUNT_ATTR_NODEV, 0);
	mount = mount_at("/driver");
	assert_int_equal(mount->kind, MOUNT_KIND_BIND);
	assert_int_equal(mount->options.top.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	assert_int_equal(mount_at("/scratch")->kind, MOUNT_KIND_TMPFS);
	assert_int_equal(config.hooks->lists[HOOK_CREATE_CONTAINER].count, 1);
	hook = &config.hooks->lists[HOOK_CREATE_CONTAINER].items[0];
	assert_string_equal(hook->path, "/bin/sh");
	assert_int_equal(hook->args.count, 3);
	/* Group 5 has an id in the container; 0 means none. */
	assert_int_equal(config.process->user->additional_gids.count, 1);
	assert_int_equal(config.process->user->additional_gids.items[0], 5);
	remove_cdi();
}

static void what_the_file_names_must_be_there(void **state)
{
	(void)state;
	put_cdi("", "\"deviceNodes\": [{\"path\": \"/dev/nowhere\"}]");
	REFUSED("--device a.com/x=0: ", CDI("a.com/x=0"));
	assert_non_null(strstr(err.text, "/a.json: the node /dev/nowhere"));
	assert_int_equal(err.code, ENOENT);
	put_cdi("", "\"deviceNodes\": [{\"path\": \"/dev/null\", \"minor\": 4}]");
	REFUSED("--device a.com/x=0: ", CDI("a.com/x=0"));
	assert_non_null(strstr(err.text, "/dev/null is the device 1:3"));
	put_cdi("", "\"deviceNodes\": [{\"path\": \"/dev/null\", \"type\": \"b\"}]");
	REFUSED("--device a.com/x=0: ", CDI("a.com/x=0"));
	put_cdi("", "\"deviceNodes\": [{\"path\": \"/etc/passwd\"}]");
	REFUSED("--device a.com/x=0: ", CDI("a.com/x=0"));
	put_cdi("", "\"mounts\": [{\"hostPath\": \"/nowhere\", \"containerPath\": \"/a\"}]");
	REFUSED("--device a.com/x=0: ", CDI("a.com/x=0"));
	assert_non_null(strstr(err.text, "the mount of /nowhere"));
	put_cdi("\"hooks\": [{\"hookName\": \"prestart\", \"path\": \"/nowhere\"}]", "");
	REFUSED("--device a.com/x=1: ", CDI("a.com/x=1"));
	assert_non_null(strstr(err.text, "the hook /nowhere"));
	/* This program is the container's. */
	put_cdi("\"hooks\": [{\"hookName\": \"startContainer\", \"path\": \"/nowhere\"}]", "");
	apply(&(struct spec_options){ CDI("a.com/x=1") });
	REFUSED("--device a.com/x=2: unknown device 2: there are 0, 1", CDI("a.com/x=2"));
	remove_cdi();
	REFUSED("--cdi-spec-dir ", CDI("a.com/x=0"));
}

static void variables_of_a_device_replace_defaults_and_not_the_callers(void **state)
{
	const struct spec_options options = { .env = TEXTS("B=caller"), CDI("a.com/x=0") };

	(void)state;
	put_cdi("", "\"env\": [\"A=device\", \"B=device\", \"PATH=/device\"]");
	apply(&options);
	assert_true(lists(&config.process->env, "A=device"));
	assert_true(lists(&config.process->env, "B=caller"));
	assert_true(lists(&config.process->env, "PATH=/device"));
	remove_cdi();
}

static void resctrl_is_left_to_the_check_of_the_config(void **state)
{
	(void)state;
	put_cdi("", "\"intelRdt\": {\"closID\": \"a\"}");
	apply(&(struct spec_options){ CDI("a.com/x=0") });
	assert_string_equal(config.linux->intel_rdt->clos_id, "a");
	remove_cdi();
}

/* ---- --home ---- */

static void the_home_is_mounted_at_its_place(void **state)
{
	char *home = str_format("HOME=%s", rootfs);
	const struct spec_options options = { .words.home = true };
	const struct spec_options other = { .words.home = true, .user = "5" };
	const struct spec_options chosen = { .words.home = true, .env = TEXTS("HOME=/other") };

	(void)state;
	test_caller.env = (struct str_list){ &home, 1 };
	apply(&options);
	assert_string_equal(mount_at(rootfs)->source, rootfs);
	assert_int_equal(mount_at(rootfs)->kind, MOUNT_KIND_BIND);
	assert_int_equal(mount_at(rootfs)->options.top.set & MOUNT_ATTR_RDONLY, 0);
	assert_true(lists(&config.process->env, home));
	apply(&other);
	assert_string_equal(mount_at(rootfs)->source, rootfs);
	assert_false(lists(&config.process->env, home));
	apply(&chosen);
	assert_true(lists(&config.process->env, "HOME=/other"));
	free(home);
}

static void a_home_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = { "HOME=/", "HOME=", "HOME=relative", "HOME=/usr",
					   "HOME=/nowhere" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		test_caller.env = (struct str_list){ (char **)&bad[i], 1 };
		REFUSED("--home", .words.home = true);
	}
	test_caller.env = (struct str_list){ 0 };
	REFUSED("--home: $HOME isn't an absolute path", .words.home = true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_edits_of_a_device_are_those_of_the_config),
		TEST(what_the_file_names_must_be_there),
		TEST(variables_of_a_device_replace_defaults_and_not_the_callers),
		TEST(resctrl_is_left_to_the_check_of_the_config),
		TEST(the_home_is_mounted_at_its_place),
		TEST(a_home_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
