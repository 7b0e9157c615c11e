// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/parent/check.h"

/* A root file system with the file /bin/program and the empty directory /data. */
static char rootfs[64];

static struct config_root config_root = { .path = rootfs };
static struct config_process process;
static struct container_config config;
static struct error err;

static void make(const char *path, int type)
{
	autofree char *full = str_format("%s%s", rootfs, path);

	assert_int_equal(type == S_IFDIR ? mkdir(full, 0755) : mknod(full, S_IFREG | 0755, 0), 0);
	assert_int_equal(chmod(full, 0755), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(rootfs, "/tmp/urun-test-check-XXXXXX");
	if (!mkdtemp(rootfs) || chmod(rootfs, 0755) < 0)
		return -1;
	make("/bin", S_IFDIR);
	make("/bin/program", S_IFREG);
	make("/data", S_IFDIR);
	process = (struct config_process){ 0 };
	config = (struct container_config){ .root = &config_root, .process = &process };
	err = ERROR_NONE;
	return 0;
}

static int teardown(void **state)
{
	autofree char *command = str_format("rm -rf %s", rootfs);

	(void)state;
	arena_release(&config.arena);
	return system(command);
}

static struct mount_plan plan_of(struct mount_step *steps, size_t count)
{
	struct mount_plan plan = { 0 };

	plan.steps.items = steps;
	plan.steps.count = count;
	return plan;
}

static const struct mount_plan no_mounts;

/* A mount that covers /data. */
static struct mount_step on_data = { .kind = MOUNT_KIND_TMPFS,
				     .type = "tmpfs",
				     .destination = "/data" };

/* ---- the program ---- */

static void assert_program(const char *program, const struct mount_plan *mounts, const char *text)
{
	char *args[] = { (char *)(uintptr_t)program };

	process.args = (struct str_list){ args, 1 };
	err = ERROR_NONE;
	assert_int_equal(check_program(&config, mounts, &err), text ? -1 : 0);
	assert_string_equal(err.text, text ? text : "");
	assert_int_equal(err.code, text ? ENOENT : 0);
}

static void a_program_is_looked_for_in_the_root(void **state)
{
	char *env[] = { "PATH=/sbin:/bin" };
	const struct mount_plan covered = plan_of(&on_data, 1);

	(void)state;
	assert_program("/bin/program", &no_mounts, NULL);
	assert_program("/bin/other", &no_mounts, "open executable `/bin/other`");
	/* A file of the host's isn't one of the container's. */
	assert_program("/proc/self/exe", &no_mounts, "open executable `/proc/self/exe`");
	/* Without PATH it is the usual one. */
	assert_program("program", &no_mounts, NULL);
	assert_program("other", &no_mounts, "executable file `other` not found in $PATH");
	process.env = (struct str_list){ env, 1 };
	assert_program("program", &no_mounts, NULL);
	env[0] = "PATH=/sbin";
	assert_program("program", &no_mounts, "executable file `program` not found in $PATH");
	/* A mount, or the working directory, can hold what can't be seen here. */
	assert_program("/data/other", &no_mounts, "open executable `/data/other`");
	assert_program("/data/other", &covered, NULL);
	assert_program("/bin/../data/other", &covered, NULL);
	assert_program("./other", &no_mounts, NULL);
}

/* ---- the user ---- */

static void put(const char *path, const char *text)
{
	autofree char *full = str_format("%s%s", rootfs, path);
	FILE *file = fopen(full, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_user(const char *user, const struct mount_plan *mounts, const char *text)
{
	config_set_annotation(&config, CONFIG_ANNOTATION_USER, user);
	err = ERROR_NONE;
	assert_int_equal(check_user(&config, mounts, &err), text ? -1 : 0);
	assert_string_equal(err.text, text ? text : "");
}

#define NO_USER(name) "--user " name ": user '" name "' is not found in the container's /etc/passwd"

static void a_user_is_looked_for_in_the_root_and_in_the_overlay(void **state)
{
	struct mount_step on_etc = { .kind = MOUNT_KIND_TMPFS,
				     .type = "tmpfs",
				     .destination = "/etc" };
	const struct mount_plan covered = plan_of(&on_etc, 1);
	autofree char *overlay = str_format("%s/data", rootfs);

	(void)state;
	assert_int_equal(check_user(&config, &no_mounts, &err), 0);
	/* Without passwd only a number is a user. */
	assert_user("1000", &no_mounts, NULL);
	assert_user("alice", &no_mounts, NO_USER("alice"));
	assert_user("alice", &covered, NULL);
	make("/etc", S_IFDIR);
	put("/etc/passwd", "alice:x:1000:1000::/:/bin/sh\n");
	put("/etc/group", "staff:x:50:\n");
	assert_user("alice", &no_mounts, NULL);
	assert_user("alice:staff", &no_mounts, NULL);
	assert_user("alice:wheel", &no_mounts,
		    "--user alice:wheel: group 'wheel' is not found in the container's /etc/group");
	assert_user("bob", &no_mounts, NO_USER("bob"));
	/* The lines that urun adds itself. */
	config_set_annotation(&config, CONFIG_ANNOTATION_PASSWD, "carol:*:7:7::/:/bin/sh\n");
	assert_user("carol", &no_mounts, NULL);

	config_set_annotation(&config, CONFIG_ANNOTATION_OVERLAY, CONFIG_OVERLAY_IN_MEMORY);
	assert_user("alice", &no_mounts, NULL);
	assert_user("bob", &no_mounts, NO_USER("bob"));
	/* The directory of an overlay is made by the first start. */
	config_set_annotation(&config, CONFIG_ANNOTATION_OVERLAY, overlay);
	assert_user("alice", &no_mounts, NULL);
	make("/data/upper", S_IFDIR);
	make("/data/upper/etc", S_IFDIR);
	assert_user("alice", &no_mounts, NULL);
	put("/data/upper/etc/passwd", "bob:x:1001:1001::/:/bin/sh\n");
	assert_user("bob:staff", &no_mounts, NULL);
	assert_user("alice", &no_mounts, NO_USER("alice"));
}

static void a_user_behind_a_link_is_left_to_init(void **state)
{
	autofree char *link = str_format("%s/etc/passwd", rootfs);

	(void)state;
	make("/etc", S_IFDIR);
	assert_int_equal(symlink("/run/passwd", link), 0);
	assert_user("alice", &no_mounts, NULL);
}

/* ---- hooks ---- */

static void count_warnings(enum log_level level, const char *text, void *context)
{
	if (level == LOG_LEVEL_WARNING &&
	    str_starts_with(text, "hooks.poststop[0]: start /no/such"))
		++*(int *)context;
}

static void a_hook_is_looked_for_where_it_is_executed(void **state)
{
	struct config_hook host = { .path = "/bin/sh" }, inside = { .path = "/bin/program" };
	struct config_hook nowhere = { .path = "/no/such" };
	struct config_hooks hooks = { 0 };
	int warnings = 0;

	(void)state;
	assert_int_equal(check_hook_programs(NULL, &config, &no_mounts, &err), 0);
	hooks.lists[HOOK_PRESTART].items = hooks.lists[HOOK_CREATE_CONTAINER].items = &host;
	hooks.lists[HOOK_PRESTART].count = hooks.lists[HOOK_CREATE_CONTAINER].count = 1;
	hooks.lists[HOOK_START_CONTAINER].items = &inside;
	hooks.lists[HOOK_START_CONTAINER].count = 1;
	if (check_hook_programs(&hooks, &config, &no_mounts, &err) < 0)
		fail_msg("%s", err.text);
	/* Each in the other's place. */
	hooks.lists[HOOK_START_CONTAINER].items = &host;
	assert_int_equal(check_hook_programs(&hooks, &config, &no_mounts, &err), -1);
	assert_string_equal(err.text, "hooks.startContainer[0]: start /bin/sh");
	assert_int_equal(err.code, ENOENT);
	hooks.lists[HOOK_START_CONTAINER].items = &inside;
	hooks.lists[HOOK_CREATE_CONTAINER].items = &inside;
	assert_int_equal(check_hook_programs(&hooks, &config, &no_mounts, &err), -1);
	assert_string_equal(err.text, "hooks.createContainer[0]: start /bin/program");
	/* The container is gone when a poststop hook fails: that is a warning. */
	hooks.lists[HOOK_CREATE_CONTAINER].items = &host;
	hooks.lists[HOOK_POSTSTOP].items = &nowhere;
	hooks.lists[HOOK_POSTSTOP].count = 1;
	log_set_sink(count_warnings, &warnings);
	assert_int_equal(check_hook_programs(&hooks, &config, &no_mounts, &err), 0);
	log_set_sink(NULL, NULL);
	assert_int_equal(warnings, 1);
}

/* ---- the root and sources of bind mounts ---- */

static void assert_source(const char *source, unsigned int traits, const char *text)
{
	struct mount_step steps[] = {
		on_data,
		{ .index = 2,
		  .kind = MOUNT_KIND_BIND,
		  .source = source,
		  .destination = "/bin",
		  .options.traits = traits },
	};
	struct mount_plan mounts = plan_of(steps, 2);

	err = ERROR_NONE;
	assert_int_equal(check_files(&config, &mounts, &err), text ? -1 : 0);
	assert_string_equal(err.text, text ? text : "");
}

static void a_source_of_a_bind_must_exist(void **state)
{
	autofree char *link = str_format("%s.link", rootfs);
	autofree char *inside = str_format("%s/made/by/a/mount", rootfs);
	autofree char *text = str_format("mounts[2]: mount %s on /bin", link);

	(void)state;
	assert_source("/", 0, NULL);
	assert_source("/no/such", 0, "mounts[2]: mount /no/such on /bin");
	assert_int_equal(err.code, ENOENT);
	assert_source("/no/such", MOUNT_TRAIT_NOFAIL, NULL);
	/* These can be made before the bind is. */
	assert_source(inside, 0, NULL);
	assert_source("/sys/fs/cgroup/no/such", 0, NULL);
	/* A link that leads nowhere is a source only where it is meant itself. */
	assert_int_equal(symlink("/no/such", link), 0);
	assert_source(link, 0, text);
	assert_source(link, MOUNT_TRAIT_COPY_SYMLINK, NULL);
	assert_source(link, MOUNT_TRAIT_SRC_NOFOLLOW, NULL);
	assert_int_equal(unlink(link), 0);
}

static void a_root_must_exist(void **state)
{
	(void)state;
	config_root.path = "/no/such";
	assert_int_equal(check_files(&config, &no_mounts, &err), -1);
	config_root.path = rootfs;
	assert_string_equal(err.text, "open root file system /no/such");
	assert_int_equal(err.code, ENOENT);
}

/* ---- mount points ---- */

/* @owner: does the container's root own the root file system? */
static int check_mount_points(struct mount_step *steps, size_t count, bool owner)
{
	struct mount_plan mounts = plan_of(steps, count);
	struct userns_plan userns = { 0 };

	assert_int_equal(idmap_add(&userns.uids, 0, geteuid() + (owner ? 0 : 1), 1), 0);
	assert_int_equal(idmap_add(&userns.gids, 0, getegid() + (owner ? 0 : 1), 1), 0);
	err = ERROR_NONE;
	return check_places(&config, &mounts, &userns, &err);
}

static void a_mount_point_can_be_made_by_the_roots_owner_alone(void **state)
{
	struct mount_step missing = { .kind = MOUNT_KIND_TMPFS,
				      .type = "tmpfs",
				      .destination = "/new/point" };

	(void)state;
	assert_int_equal(check_mount_points(&missing, 1, true), 0);
	assert_int_equal(check_mount_points(&missing, 1, false), -1);
	assert_true(str_starts_with(err.text, "mount tmpfs on /new/point"));
	assert_int_equal(err.code, EACCES);
	/* A mount point that exists needs no right. */
	assert_int_equal(check_mount_points(&on_data, 1, false), 0);
	/* Everybody may write. */
	assert_int_equal(chmod(rootfs, 0777), 0);
	assert_int_equal(check_mount_points(&missing, 1, false), 0);
}

static void some_mount_points_are_not_looked_at(void **state)
{
	struct mount_step steps[] = {
		on_data, { .kind = MOUNT_KIND_TMPFS, .type = "tmpfs", .destination = "/data/new" }
	};
	struct mount_step *missing = &steps[1];

	(void)state;
	assert_int_equal(check_mount_points(missing, 1, false), -1);
	/* On a mount that stands before it. */
	assert_int_equal(check_mount_points(steps, 2, false), 0);
	missing->options.traits = MOUNT_TRAIT_NOFAIL;
	assert_int_equal(check_mount_points(missing, 1, false), 0);
	missing->options.traits = 0;
	missing->kind = MOUNT_KIND_REMOUNT;
	assert_int_equal(check_mount_points(missing, 1, false), 0);
	missing->kind = MOUNT_KIND_TMPFS;
	/* Under an overlay every place can be made. */
	config_set_annotation(&config, CONFIG_ANNOTATION_OVERLAY, CONFIG_OVERLAY_IN_MEMORY);
	assert_int_equal(check_mount_points(missing, 1, false), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_program_is_looked_for_in_the_root),
		TEST(a_user_is_looked_for_in_the_root_and_in_the_overlay),
		TEST(a_user_behind_a_link_is_left_to_init),
		TEST(a_hook_is_looked_for_where_it_is_executed),
		TEST(a_source_of_a_bind_must_exist),
		TEST(a_root_must_exist),
		TEST(a_mount_point_can_be_made_by_the_roots_owner_alone),
		TEST(some_mount_points_are_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
