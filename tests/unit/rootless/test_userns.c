// SPDX-License-Identifier: Apache-2.0
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "core/base/log.h"
#include "rootless/userns.h"
#include "tests/unit/rootless/fake_host.h"

#define ALL_CAPS ((1ull << (CAP_LAST_CAP + 1)) - 1)

static struct container_config config;
static struct error err;
static struct userns_plan plan;
static struct userns_caller caller;
static char warnings[4096];

static void take_line(enum log_level level, const char *text, void *context)
{
	(void)context;
	if (level == LOG_LEVEL_WARNING)
		snprintf(warnings + strlen(warnings), sizeof(warnings) - strlen(warnings), "%s\n",
			 text);
}

static int setup(void **state)
{
	err = ERROR_NONE;
	warnings[0] = '\0';
	log_set_sink(take_line, NULL);
	if (fake_host_setup(state) < 0)
		return -1;
	caller = (struct userns_caller){
		.host = { fake_root }, .uid = 1000, .gid = 1000, .initial = true
	};
	fake_file("/etc/passwd", "root:x:0:0::/:/bin/sh\nann:x:1000:1000::/:/bin/sh\n");
	fake_program("/usr/bin/newuidmap", "");
	fake_program("/usr/bin/newgidmap", "");
	return 0;
}

static int teardown(void **state)
{
	log_set_sink(NULL, NULL);
	config_release(&config);
	config = (struct container_config){ 0 };
	return fake_host_teardown(state);
}

/*
 * Makes the plan for a config with a mount namespace, @namespaces (each with a comma before it) and
 * @rest of linux.
 */
static int planned(const char *namespaces, const char *rest)
{
	autofree char *text = str_format("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},"
					 "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},"
					 "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}%s]%s}}",
					 namespaces, rest);
	struct error parse_error = ERROR_NONE;

	config_release(&config);
	config = (struct container_config){ 0 };
	err = ERROR_NONE;
	if (config_parse(text, strlen(text), &config, &parse_error) < 0)
		fail_msg("config_parse: %s", parse_error.text);
	return userns_plan_make(&config, &caller, &plan, &err);
}

static int planned_with(const char *uids, const char *gids)
{
	autofree char *mappings =
		str_format(",\"uidMappings\":[%s],\"gidMappings\":[%s]", uids, gids);

	return planned(",{\"type\":\"user\"}", mappings);
}

#define RANGE(inner, outer, count) \
	"{\"containerID\":" #inner ",\"hostID\":" #outer ",\"size\":" #count "}"

static const char *map_text(const struct idmap *map)
{
	static char line[512];
	autostrbuf struct strbuf text = { 0 };

	idmap_print(map, &text);
	snprintf(line, sizeof(line), "%s", text.bytes);
	return line;
}

static void subids(const char *uids, const char *gids)
{
	fake_file("/etc/subuid", uids);
	fake_file("/etc/subgid", gids);
}

static void test_own_id_and_all_subids(void **state)
{
	(void)state;
	subids("ann:100000:65536\n1000:300000:10\n", "ann:200000:65536\n");
	assert_int_equal(planned("", ""), 0);
	assert_int_equal(plan.mode, USERNS_HELPERS);
	assert_true(plan.setgroups_allowed);
	assert_string_equal(map_text(&plan.uids), "0 1000 1, 1 100000 65536, 65537 300000 10");
	assert_string_equal(map_text(&plan.gids), "0 1000 1, 1 200000 65536");
	assert_string_equal(warnings, "");
}

static void test_own_id_inside_the_subids(void **state)
{
	(void)state;
	subids("ann:990:20\n", "ann:990:20\n");
	assert_int_equal(planned("", ""), 0);
	assert_string_equal(map_text(&plan.uids), "0 1000 1, 1 990 10, 11 1001 9");
}

static void test_no_subids_is_one_warning(void **state)
{
	(void)state;
	subids("bob:100000:65536\n", "");
	assert_int_equal(planned("", ""), 0);
	assert_int_equal(plan.mode, USERNS_DIRECT);
	assert_false(plan.setgroups_allowed);
	assert_string_equal(map_text(&plan.uids), "0 1000 1");
	assert_string_equal(map_text(&plan.gids), "0 1000 1");
	assert_true(str_starts_with(
		warnings,
		"no range for ann in /etc/subuid and /etc/subgid: the container has no id but yours"));
	assert_ptr_equal(strchr(warnings, '\n'), warnings + strlen(warnings) - 1);
}

static void test_only_subuids(void **state)
{
	(void)state;
	subids("ann:100000:65536\n", "");
	assert_int_equal(planned("", ""), 0);
	assert_int_equal(plan.mode, USERNS_HELPERS);
	assert_false(plan.setgroups_allowed);
	assert_true(str_starts_with(
		warnings, "no range for ann in /etc/subgid: the container has no gid but yours"));
}

static void test_missing_helper_leaves_the_own_id(void **state)
{
	(void)state;
	subids("ann:100000:65536\n", "ann:100000:65536\n");
	unlink(fake_path("/usr/bin/newgidmap"));
	assert_int_equal(planned("", ""), 0);
	assert_int_equal(plan.mode, USERNS_DIRECT);
	assert_false(plan.setgroups_allowed);
	assert_string_equal(map_text(&plan.uids), "0 1000 1");
	assert_string_equal(map_text(&plan.gids), "0 1000 1");
	assert_true(str_starts_with(warnings, "newuidmap and newgidmap can't map subids: the "
					      "container has no id but yours (hint: newgidmap is "
					      "not found: install the package uidmap"));
	assert_ptr_equal(strchr(warnings, '\n'), warnings + strlen(warnings) - 1);
	/* A caller with capabilities writes the maps itself. */
	caller.caps = ALL_CAPS;
	assert_int_equal(planned("", ""), 0);
	assert_string_equal(map_text(&plan.uids), "0 1000 1, 1 100000 65536");
}

static void test_missing_helper_for_given_ids_is_told_before_anything_is_made(void **state)
{
	(void)state;
	subids("ann:100000:65536\n", "ann:100000:65536\n");
	unlink(fake_path("/usr/bin/newgidmap"));
	assert_int_equal(planned_with(RANGE(0, 1000, 1), RANGE(0, 100000, 10)), -1);
	assert_string_equal(err.text,
			    "newgidmap is not installed, and more than the own id is to be mapped");
	assert_non_null(strstr(err.hint, "uidmap"));
	/* One id needs no helper. */
	assert_int_equal(planned_with(RANGE(0, 1000, 1), RANGE(0, 1000, 1)), 0);
}

/* no_new_privs can't be taken back: a child has it. */
static void test_no_new_privileges_leave_the_own_id(void **state)
{
	pid_t child;
	int status;

	(void)state;
	subids("ann:100000:65536\n", "ann:100000:65536\n");
	child = fork();
	if (child == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(planned("", "") == 0 && plan.mode == USERNS_DIRECT &&
				      strstr(warnings, "no_new_privs")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_given_mappings(void **state)
{
	(void)state;
	subids("ann:100000:65536\n", "ann:100000:65536\n");
	assert_int_equal(planned_with(RANGE(0, 1000, 1), RANGE(0, 1000, 1)), 0);
	assert_int_equal(plan.mode, USERNS_DIRECT);
	assert_false(plan.setgroups_allowed);
	assert_int_equal(
		planned_with(RANGE(5, 1000, 1) "," RANGE(6, 100000, 10), RANGE(0, 1000, 1)), 0);
	assert_int_equal(plan.mode, USERNS_HELPERS);
	assert_false(plan.setgroups_allowed);
	assert_string_equal(map_text(&plan.uids), "5 1000 1, 6 100000 10");
	assert_int_equal(planned_with(RANGE(0, 100000, 65536), RANGE(0, 100000, 65536)), 0);
	assert_true(plan.setgroups_allowed);
}

static void assert_refused(const char *uids, const char *text, const char *hint)
{
	assert_int_equal(planned_with(uids, RANGE(0, 1000, 1)), -1);
	assert_string_equal(err.text, text);
	assert_string_equal(err.hint, hint);
}

static void test_given_mappings_outside_the_subids(void **state)
{
	(void)state;
	subids("ann:100000:65536\n", "ann:100000:65536\n");
	assert_refused(
		RANGE(0, 1000, 1) "," RANGE(1, 100000, 70000),
		"linux.uidMappings[1]: the range of ann in /etc/subuid is too small: the ids 165536-169999 are not in 100000-165535",
		"run as root usermod --add-subuids 165536-169999 ann, if no other user has these ids");
	assert_refused(
		RANGE(0, 0, 1),
		"linux.uidMappings[0]: id 0 is neither ann's own nor in the subuid range 100000-165535",
		"map the own id 1000 or ids of the subuid range instead");
	assert_refused(
		RANGE(0, 1000, 5),
		"linux.uidMappings[0]: the ids 1000-1004 are not in the subuid range of ann: 100000-165535",
		"map the own id 1000 or ids of the subuid range instead");
	subids("", "");
	assert_refused(
		RANGE(0, 100000, 65536),
		"linux.uidMappings[0]: no range for ann in /etc/subuid, needed for the ids 100000-165535",
		"run as root usermod --add-subuids 100000-165535 ann, if no other user has these ids");
}

static void test_root_of_the_host(void **state)
{
	(void)state;
	caller = (struct userns_caller){ .host = { fake_root }, .initial = true, .caps = ALL_CAPS };
	fake_file("/proc/self/uid_map", "         0          0 4294967295\n");
	fake_file("/proc/self/gid_map", "         0          0 4294967295\n");
	assert_int_equal(planned("", ""), 0);
	assert_int_equal(plan.mode, USERNS_INHERIT);
	assert_true(plan.is_host);
	assert_true(plan.setgroups_allowed);
	assert_string_equal(map_text(&plan.uids), "0 0 4294967295");
	assert_int_equal(userns_write_maps(1, &plan, &err), 0);
	assert_int_equal(planned(",{\"type\":\"user\"}", ""), 0);
	assert_int_equal(plan.mode, USERNS_DIRECT);
	assert_false(plan.is_host);
	assert_int_equal(planned_with(RANGE(0, 500000, 65536), RANGE(0, 600000, 65536)), 0);
	assert_string_equal(map_text(&plan.gids), "0 600000 65536");
	/* What has no config of its own keeps a user namespace. */
	assert_int_equal(userns_plan_default(&caller, &plan, &err), 0);
	assert_int_equal(plan.mode, USERNS_DIRECT);
}

/* Root of a container without CAP_SYS_ADMIN can do nothing of what a config may ask for. */
static void test_root_of_the_host_with_fewer_capabilities(void **state)
{
	(void)state;
	caller = (struct userns_caller){ .host = { fake_root },
					 .initial = true,
					 .caps = ALL_CAPS & ~(1ull << CAP_SYS_ADMIN) };
	fake_file("/proc/self/uid_map", "         0          0 4294967295\n");
	fake_file("/proc/self/gid_map", "         0          0 4294967295\n");
	assert_int_equal(planned("", ""), 0);
	assert_int_equal(plan.mode, USERNS_DIRECT);
	assert_false(plan.is_host);
	caller.caps = ALL_CAPS & ~(1ull << CAP_NET_ADMIN);
	assert_int_equal(planned("", ""), 0);
	assert_false(plan.is_host);
}

/* The identity map alone doesn't make a user namespace the host's: systemd writes it as well. */
static void test_root_of_a_user_namespace_with_the_identity_map(void **state)
{
	(void)state;
	caller =
		(struct userns_caller){ .host = { fake_root }, .initial = false, .caps = ALL_CAPS };
	fake_file("/proc/self/uid_map", "         0          0 4294967295\n");
	fake_file("/proc/self/gid_map", "         0          0 4294967295\n");
	assert_int_equal(planned("", ""), 0);
	assert_int_equal(plan.mode, USERNS_INHERIT);
	assert_false(plan.is_host);
}

static void nested_root(void)
{
	caller =
		(struct userns_caller){ .host = { fake_root }, .initial = false, .caps = ALL_CAPS };
	fake_file("/proc/self/uid_map", "0 1000 1\n1 100000 65536\n");
	fake_file("/proc/self/gid_map", "0 1000 1\n1 100000 65536\n");
	fake_file("/proc/self/setgroups", "allow\n");
}

static void test_root_of_a_user_namespace_stays(void **state)
{
	(void)state;
	nested_root();
	assert_int_equal(planned("", ""), 0);
	assert_int_equal(plan.mode, USERNS_INHERIT);
	assert_true(plan.setgroups_allowed);
	assert_string_equal(map_text(&plan.uids), "0 0 1, 1 1 65536");
	fake_file("/proc/self/setgroups", "deny\n");
	assert_int_equal(planned("", ""), 0);
	assert_false(plan.setgroups_allowed);
	assert_int_equal(userns_write_maps(1, &plan, &err), 0);
}

static void test_subids_that_an_outer_container_has_not_are_left_out(void **state)
{
	(void)state;
	nested_root();
	caller.uid = caller.gid = 1000;
	caller.caps = 0;
	subids("ann:60000:10000\n", "ann:20000:1000\n");
	assert_int_equal(planned("", ""), 0);
	assert_int_equal(plan.mode, USERNS_HELPERS);
	assert_string_equal(map_text(&plan.uids), "0 1000 1, 1 60000 5537");
	assert_string_equal(map_text(&plan.gids), "0 1000 1, 1 20000 1000");
	assert_non_null(strstr(warnings, "ann in /etc/subuid, 60000-69999, isn't whole"));
	assert_null(strstr(warnings, "/etc/subgid"));
	subids("ann:100000:65536\n", "ann:100000:65536\n");
	assert_int_equal(planned("", ""), 0);
	assert_int_equal(plan.mode, USERNS_DIRECT);
	assert_string_equal(map_text(&plan.uids), "0 1000 1");
}

static void test_root_of_a_user_namespace_makes_one_when_asked(void **state)
{
	(void)state;
	nested_root();
	assert_int_equal(planned_with(RANGE(0, 1, 1000), RANGE(0, 1, 1000)), 0);
	assert_int_equal(plan.mode, USERNS_DIRECT);
	assert_int_equal(planned(",{\"type\":\"user\"}", ""), 0);
	assert_int_equal(plan.mode, USERNS_DIRECT);
	assert_string_equal(map_text(&plan.uids), "0 0 1, 1 1 65536");
	assert_int_equal(planned_with(RANGE(0, 1, 65537), RANGE(0, 1, 1)), -1);
	assert_non_null(strstr(
		err.text,
		"linux.uidMappings[0]: id 65537 doesn't exist in the user namespace that urun runs in"));
}

static void test_path_that_is_no_user_namespace(void **state)
{
	(void)state;
	assert_int_equal(planned(",{\"type\":\"user\",\"path\":\"/proc/self/ns/net\"}", ""), -1);
	assert_string_equal(err.text, "/proc/self/ns/net is not a user namespace");
	assert_int_equal(planned(",{\"type\":\"user\",\"path\":\"/nowhere\"}", ""), -1);
	assert_int_equal(err.code, 2);
}

/*
 * Starts a process in a new user namespace that waits for a byte; returns -1 if the host makes
 * none.
 */
static pid_t start_inside(int ready[2], int (*then)(void))
{
	int done[2];
	pid_t pid;
	char byte;

	fflush(NULL);
	if (pipe(ready) < 0 || pipe(done) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[1]);
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(2);
		if (write(done[1], "x", 1) != 1 || read(ready[0], &byte, 1) != 1)
			_exit(3);
		_exit(then ? then() : 0);
	}
	close(done[1]);
	close(ready[0]);
	if (read(done[0], &byte, 1) != 1) {
		print_message("this host makes no user namespace for the test\n");
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(done[0]);
	return pid;
}

static int end_inside(pid_t pid, int ready[2])
{
	int status;

	assert_int_equal(write(ready[1], "x", 1), 1);
	close(ready[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static uint64_t caps_line(const char *name)
{
	unsigned long long value = 0;
	char line[256];
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file))
		if (str_starts_with(line, name))
			sscanf(line + strlen(name), " %llx", &value);
	if (file)
		fclose(file);
	return value;
}

static int became_root(void)
{
	const struct userns_root root = userns_root(&plan, USERNS_DROP_GROUPS);
	uid_t r, e, s;

	if (userns_become_root(&root, &err) < 0)
		return 4;
	if (getresuid(&r, &e, &s) < 0 || r != plan.uids.ranges[0].inner || e != r || s != r)
		return 5;
	if (getgid() != plan.gids.ranges[0].inner)
		return 6;
	if (caps_line("CapEff:") == 0)
		return 7;
	/* A user other than root keeps capabilities over execve only by the ambient set. */
	return (r == 0) == (caps_line("CapAmb:") == 0) ? 0 : 8;
}

static void become(const char *uids, const char *gids)
{
	struct host real = HOST_REAL;
	int ready[2];
	pid_t pid;

	assert_int_equal(userns_caller_read(&real, &caller, &err), 0);
	/* With root's capabilities the plan would have all ids; the test is about one id. */
	caller.caps = 0;
	assert_int_equal(planned_with(uids, gids), 0);
	assert_int_equal(plan.mode, USERNS_DIRECT);
	pid = start_inside(ready, became_root);
	if (pid < 0)
		skip();
	assert_int_equal(userns_write_maps(pid, &plan, &err), 0);
	assert_int_equal(end_inside(pid, ready), 0);
}

static void test_become_root_with_one_id(void **state)
{
	autofree char *uids = str_format("{\"containerID\":0,\"hostID\":%u,\"size\":1}", geteuid());
	autofree char *gids = str_format("{\"containerID\":0,\"hostID\":%u,\"size\":1}", getegid());

	(void)state;
	become(uids, gids);
}

static void test_become_the_only_id_that_is_not_0(void **state)
{
	autofree char *uids =
		str_format("{\"containerID\":1234,\"hostID\":%u,\"size\":1}", geteuid());
	autofree char *gids =
		str_format("{\"containerID\":4321,\"hostID\":%u,\"size\":1}", getegid());

	(void)state;
	become(uids, gids);
}

static void test_join_reads_the_maps(void **state)
{
	autofree char *uids = str_format("{\"containerID\":0,\"hostID\":%u,\"size\":1}", geteuid());
	autofree char *gids = str_format("{\"containerID\":7,\"hostID\":%u,\"size\":1}", getegid());
	autofree char *expected = str_format("7 %u 1", getegid());
	autofree char *same = str_format(",\"uidMappings\":[%s],\"gidMappings\":[%s]", uids, gids);
	autofree char *others =
		str_format(",\"uidMappings\":[%s],\"gidMappings\":[%s]", uids, RANGE(0, 5, 1));
	autofree char *message = NULL, *namespaces = NULL;
	struct host real = HOST_REAL;
	int ready[2];
	pid_t pid;

	(void)state;
	assert_int_equal(userns_caller_read(&real, &caller, &err), 0);
	caller.caps = 0;
	assert_int_equal(planned_with(uids, gids), 0);
	pid = start_inside(ready, NULL);
	if (pid < 0)
		skip();
	assert_int_equal(userns_write_maps(pid, &plan, &err), 0);
	namespaces = str_format(",{\"type\":\"user\",\"path\":\"/proc/%d/ns/user\"}", (int)pid);
	assert_int_equal(planned(namespaces, ""), 0);
	assert_int_equal(plan.mode, USERNS_JOIN);
	assert_false(plan.setgroups_allowed);
	assert_string_equal(map_text(&plan.gids), expected);
	/* An engine may write the maps beside the path: they must be the namespace's own. */
	assert_int_equal(planned(namespaces, same), 0);
	assert_int_equal(plan.mode, USERNS_JOIN);
	assert_int_equal(planned(namespaces, others), -1);
	message = str_format("linux.gidMappings: 0 5 1, but the user namespace /proc/%d/ns/user, "
			     "which is joined, has the map %s",
			     (int)pid, expected);
	assert_string_equal(err.text, message);
	assert_int_equal(end_inside(pid, ready), 0);
}

static void test_errors_of_the_helpers_reach_the_user(void **state)
{
	int ready[2];
	pid_t pid;

	(void)state;
	subids("ann:100000:65536\n", "ann:100000:65536\n");
	fake_program("/usr/bin/newuidmap",
		     "#!/bin/sh\necho \"newuidmap: $# arguments, $2 $3 $4\" >&2\nexit 1\n");
	fake_program("/usr/bin/newgidmap", "#!/bin/sh\nexit 0\n");
	assert_int_equal(planned("", ""), 0);
	pid = start_inside(ready, NULL);
	if (pid < 0)
		skip();
	assert_int_equal(userns_write_maps(pid, &plan, &err), -1);
	assert_non_null(strstr(err.text, "newuidmap: 7 arguments, 0 1000 1"));
	assert_non_null(strstr(err.hint, "neither setuid root"));
	assert_int_equal(end_inside(pid, ready), 0);
}

#define USERNS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		USERNS_TEST(test_own_id_and_all_subids),
		USERNS_TEST(test_own_id_inside_the_subids),
		USERNS_TEST(test_no_subids_is_one_warning),
		USERNS_TEST(test_only_subuids),
		USERNS_TEST(test_missing_helper_leaves_the_own_id),
		USERNS_TEST(test_missing_helper_for_given_ids_is_told_before_anything_is_made),
		USERNS_TEST(test_no_new_privileges_leave_the_own_id),
		USERNS_TEST(test_given_mappings),
		USERNS_TEST(test_given_mappings_outside_the_subids),
		USERNS_TEST(test_root_of_the_host),
		USERNS_TEST(test_root_of_the_host_with_fewer_capabilities),
		USERNS_TEST(test_root_of_a_user_namespace_with_the_identity_map),
		USERNS_TEST(test_root_of_a_user_namespace_stays),
		USERNS_TEST(test_subids_that_an_outer_container_has_not_are_left_out),
		USERNS_TEST(test_root_of_a_user_namespace_makes_one_when_asked),
		USERNS_TEST(test_path_that_is_no_user_namespace),
		USERNS_TEST(test_become_root_with_one_id),
		USERNS_TEST(test_become_the_only_id_that_is_not_0),
		USERNS_TEST(test_join_reads_the_maps),
		USERNS_TEST(test_errors_of_the_helpers_reach_the_user),
	};

	return cmocka_run_group_tests_name("userns", tests, NULL, NULL);
}
