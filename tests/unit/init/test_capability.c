// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/caps.h"
#include "core/init/capability.h"
#include "core/rootfs/user.h"

#define BIT(c) (UINT64_C(1) << (c))

struct warnings {
	int count;
	char last[512];
};

static void catch_warning(enum log_level level, const char *text, void *context)
{
	struct warnings *warnings = context;

	if (level != LOG_LEVEL_WARNING)
		return;
	warnings->count++;
	snprintf(warnings->last, sizeof(warnings->last), "%s", text);
}

#define CHECK(condition)                                                        \
	do {                                                                    \
		if (!(condition)) {                                             \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
			return 1;                                               \
		}                                                               \
	} while (0)

/* Exit status of a child that can't make a user namespace. */
#define NO_NAMESPACE 77

static int become_root_of_namespace(void)
{
	char map[32];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER) < 0)
		return NO_NAMESPACE;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (fd_write_file("/proc/self/setgroups", "deny") < 0 ||
	    fd_write_file("/proc/self/uid_map", map) < 0)
		return NO_NAMESPACE;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return fd_write_file("/proc/self/gid_map", map) < 0 ? NO_NAMESPACE : 0;
}

/*
 * A dropped capability can't be regained, so each case has a process of its own, which is root of a
 * user namespace.
 */
static void in_namespace(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int r = become_root_of_namespace();

		_exit(r ? r : body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_NAMESPACE) {
		print_message("no user namespace can be made here\n");
		skip();
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static struct caps own(void)
{
	struct caps caps = { 0 };

	(void)caps_read(&caps);
	return caps;
}

static uint64_t own_by(int (*get)(int))
{
	uint64_t mask = 0;

	for (int c = 0; c < CAPS_MAX; c++)
		if (get(c) == 1)
			mask |= BIT(c);
	return mask;
}

static int apply(const struct config_capabilities *config)
{
	struct error err = ERROR_NONE;
	struct config_capabilities sets;
	struct config_user user = { .uid = { true, 0 }, .gid = { true, 0 } };

	capability_resolve(config, &sets);
	if (capability_drop_bounding(&sets, &err) < 0 ||
	    process_become_user(&user, USER_GROUPS_DENIED, &err) < 0 ||
	    capability_apply(&sets, &err) < 0) {
		fprintf(stderr, "%s: %s\n", err.text, error_errno_text(err.code));
		return -1;
	}
	return 0;
}

static int body_exact(void)
{
	struct config_capabilities config = {
		.bounding = BIT(CAP_CHOWN) | BIT(CAP_KILL) | BIT(CAP_SYS_CHROOT),
		.effective = BIT(CAP_KILL),
		.permitted = BIT(CAP_KILL) | BIT(CAP_CHOWN),
		.inheritable = BIT(CAP_KILL) | BIT(CAP_SYS_CHROOT),
		.ambient = BIT(CAP_KILL),
	};

	CHECK(apply(&config) == 0);
	CHECK(own_by(caps_is_bounding) == (BIT(CAP_CHOWN) | BIT(CAP_KILL) | BIT(CAP_SYS_CHROOT)));
	CHECK(own().effective == BIT(CAP_KILL));
	CHECK(own().permitted == (BIT(CAP_KILL) | BIT(CAP_CHOWN)));
	CHECK(own().inheritable == (BIT(CAP_KILL) | BIT(CAP_SYS_CHROOT)));
	CHECK(own_by(caps_is_ambient) == BIT(CAP_KILL));
	return 0;
}

static void the_five_sets_are_exactly_those_of_the_config(void **state)
{
	(void)state;
	in_namespace(body_exact);
}

static int body_none(void)
{
	CHECK(own().permitted != 0);
	CHECK(apply(NULL) == 0);
	CHECK(own().permitted == 0 && own().effective == 0 && own().inheritable == 0);
	CHECK(own_by(caps_is_bounding) == 0 && own_by(caps_is_ambient) == 0);
	return 0;
}

static void without_the_object_there_is_no_capability(void **state)
{
	(void)state;
	in_namespace(body_none);
}

static int body_not_granted(void)
{
	int failed;
	struct warnings warnings = { 0 };
	struct config_capabilities config = {
		.bounding = BIT(CAP_CHOWN) | BIT(CAP_KILL),
		.permitted = BIT(CAP_CHOWN),
		.effective = BIT(CAP_CHOWN) | BIT(CAP_KILL),
		.inheritable = BIT(CAP_CHOWN) | BIT(CAP_SYS_ADMIN),
		.ambient = BIT(CAP_CHOWN) | BIT(CAP_KILL),
	};

	CHECK(caps_limit_bounding(~BIT(CAP_KILL), &failed) == 0);
	log_set_sink(catch_warning, &warnings);
	CHECK(apply(&config) == 0);
	/*
	 * The warnings are about KILL (bounding, effective and ambient) and SYS_ADMIN
	 * (inheritable).
	 */
	CHECK(warnings.count == 4);
	CHECK(own_by(caps_is_bounding) == BIT(CAP_CHOWN));
	CHECK(own().effective == BIT(CAP_CHOWN) && own().inheritable == BIT(CAP_CHOWN));
	CHECK(own_by(caps_is_ambient) == BIT(CAP_CHOWN));
	return 0;
}

static void what_the_kernel_would_refuse_is_a_warning(void **state)
{
	(void)state;
	in_namespace(body_not_granted);
}

static int body_unmapped(void)
{
	struct error err = ERROR_NONE;
	struct config_user user = { .uid = { true, 1234 }, .gid = { true, 0 } };

	CHECK(process_become_user(&user, USER_GROUPS_DENIED, &err) == -1);
	CHECK(err.code == EINVAL);
	CHECK(strcmp(err.text, "process.user.uid: uid 1234 has no mapping in the container") == 0);
	user = (struct config_user){ .uid = { true, 0 }, .gid = { true, 5 } };
	CHECK(process_become_user(&user, USER_GROUPS_DENIED, &err) == -1);
	CHECK(strcmp(err.text, "process.user.gid: gid 5 has no mapping in the container") == 0);
	return 0;
}

static void a_user_without_mapping_is_named(void **state)
{
	(void)state;
	in_namespace(body_unmapped);
}

static int body_denied_groups(void)
{
	struct error err = ERROR_NONE;
	struct config_user user = { .uid = { true, 0 }, .gid = { true, 0 } };
	uint32_t gids[] = { 0 };

	CHECK(process_become_user(&user, USER_GROUPS_DENIED, &err) == 0);
	user.additional_gids.items = gids;
	user.additional_gids.count = 1;
	CHECK(process_become_user(&user, USER_GROUPS_DENIED, &err) == -1 && err.code == EPERM);
	CHECK(strstr(err.text, "process.user.additionalGids"));
	CHECK(process_become_user(&user, USER_GROUPS_KEEP, &err) == 0);
	CHECK(process_become_user(&user, USER_GROUPS_SET, &err) == -1 && err.code == EPERM);
	return 0;
}

static void denied_groups_are_an_error_only_where_groups_were_asked_for(void **state)
{
	(void)state;
	in_namespace(body_denied_groups);
}

static void home_is_read_from_passwd(void **state)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
				     "bad:x:+7:7::/bad:/bin/sh\n"
				     "relative:x:7:7::home:/bin/sh\n"
				     "short:x:8\n"
				     "\n"
				     "web:x:33:33::/var/www\n"
				     "last:x:1000:1000:,,,:/home/last:/bin/sh";
	static const struct {
		uid_t uid;
		const char *home;
	} cases[] = { { 0, "/root" },	      { 7, NULL }, { 8, NULL }, { 33, "/var/www" },
		      { 1000, "/home/last" }, { 1, NULL } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *home = user_home_parse(passwd, sizeof(passwd) - 1, cases[i].uid);

		if (cases[i].home)
			assert_string_equal(home, cases[i].home);
		else
			assert_null(home);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_five_sets_are_exactly_those_of_the_config),
		cmocka_unit_test(without_the_object_there_is_no_capability),
		cmocka_unit_test(what_the_kernel_would_refuse_is_a_warning),
		cmocka_unit_test(a_user_without_mapping_is_named),
		cmocka_unit_test(denied_groups_are_an_error_only_where_groups_were_asked_for),
		cmocka_unit_test(home_is_read_from_passwd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
