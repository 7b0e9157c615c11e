// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/parent/clone.h"

/* Opens the namespaces of a config that has these, each as in linux.namespaces. */
static int open_namespaces(struct config_namespace *items, size_t count, struct namespaces *ret,
			   struct error *err)
{
	struct config_linux config_linux = { .namespaces = { items, count } };
	const struct container_config config = { .linux = &config_linux };

	return namespaces_open(&config, ret, err);
}

static void namespaces_without_a_path_are_new(void **state)
{
	struct config_namespace items[] = { { .type = CONFIG_NS_PID },
					    { .type = CONFIG_NS_MOUNT } };
	struct namespaces namespaces;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(open_namespaces(items, 2, &namespaces, &err), 0);
	assert_int_equal(namespaces.new_flags, CLONE_NEWPID | CLONE_NEWNS);
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		assert_int_equal(namespaces.joined[i], -1);
	namespaces_release(&namespaces);
}

static void a_namespace_with_a_path_is_opened(void **state)
{
	struct config_namespace items[] = {
		{ .type = CONFIG_NS_UTS, .path = "/proc/self/ns/uts" },
		{ .type = CONFIG_NS_IPC },
	};
	struct namespaces namespaces;
	struct error err = ERROR_NONE;
	int fd;

	(void)state;
	assert_int_equal(open_namespaces(items, 2, &namespaces, &err), 0);
	assert_int_equal(namespaces.new_flags, CLONE_NEWIPC);
	fd = namespaces.joined[CONFIG_NS_UTS];
	assert_true(fd >= 0);
	/* The program in the container must not have it. */
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	namespaces_release(&namespaces);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void a_path_must_be_a_namespace_of_its_type(void **state)
{
	struct config_namespace wrong[] = { { .type = CONFIG_NS_PID },
					    { .type = CONFIG_NS_NETWORK, .path = NULL } };
	static const struct {
		const char *path, *text;
		int code;
	} cases[] = {
		{ "/proc/self/ns/uts",
		  "linux.namespaces[1].path: /proc/self/ns/uts is not a network namespace", 0 },
		{ "/dev/null", "linux.namespaces[1].path: /dev/null is not a namespace", 0 },
		{ "/no/such/namespace", "linux.namespaces[1].path: open /no/such/namespace",
		  ENOENT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct namespaces namespaces = { .new_flags = 77 };
		struct error err = ERROR_NONE;
		char path[64];

		snprintf(path, sizeof(path), "%s", cases[i].path);
		wrong[1].path = path;
		assert_int_equal(open_namespaces(wrong, 2, &namespaces, &err), -1);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(namespaces.new_flags, 77);
	}
}

/* To join a namespace that is ours already can need a right that we don't have. */
static void our_own_namespaces_are_not_joined(void **state)
{
	struct namespaces namespaces;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(namespaces_open_of_process(getpid(), &namespaces, &err), 0);
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		assert_int_equal(namespaces.joined[i], -1);
	assert_false(clone_joins(&namespaces));
}

static struct namespaces no_namespaces(int new_flags)
{
	struct namespaces namespaces = { .new_flags = new_flags };

	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		namespaces.joined[i] = -1;
	return namespaces;
}

/* The number of a descriptor is enough here: only that one is joined matters. */
static void a_process_that_enters_a_hostile_namespace_joins_by_itself(void **state)
{
	struct namespaces own = no_namespaces(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS);
	struct namespaces user = no_namespaces(CLONE_NEWNS), pid = user, time = user;
	struct namespaces engine = own, mount = user;

	(void)state;
	/* All are new: nobody is in the pid namespace who could look. */
	assert_false(clone_joins(&own));
	assert_false(clone_forks(&own));
	/* As `exec` does it. */
	user.joined[CONFIG_NS_USER] = 0;
	assert_true(clone_joins(&user));
	assert_false(clone_forks(&user));
	pid.joined[CONFIG_NS_PID] = 0;
	assert_true(clone_joins(&pid));
	assert_true(clone_forks(&pid));
	/* A time namespace holds for children alone. */
	time.joined[CONFIG_NS_USER] = 0;
	time.new_flags |= CLONE_NEWTIME;
	assert_true(clone_forks(&time));
	/* In a rootless engine's user namespace, where other containers can be. */
	engine.shared_user_namespace = true;
	assert_true(clone_joins(&engine));
	assert_true(clone_forks(&engine));
	engine.new_flags = CLONE_NEWPID;
	assert_false(clone_joins(&engine));
	/* Joined by init after pivot_root, when nothing is loaded any more. */
	mount.joined[CONFIG_NS_MOUNT] = 0;
	assert_false(clone_joins(&mount));
}

/* As rootful podman makes the network, before the container has a user namespace. */
static void a_namespace_of_our_own_user_namespace_is_joined_before_a_new_one(void **state)
{
	struct namespaces namespaces = no_namespaces(0);
	autoclose int network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	autoclose int owner = network < 0 ? -1 : ioctl(network, NS_GET_USERNS);
	struct stat its = { 0 }, ours;
	bool is_ours;

	(void)state;
	assert_true(network >= 0);
	assert_int_equal(stat("/proc/self/ns/user", &ours), 0);
	/* In an outer container the network can be of another user namespace. */
	is_ours = owner >= 0 && fstat(owner, &its) == 0 && its.st_ino == ours.st_ino;
	namespaces.joined[CONFIG_NS_NETWORK] = network;
	assert_false(clone_joins(&namespaces));
	namespaces.new_flags = CLONE_NEWUSER;
	assert_int_equal(clone_joins(&namespaces), is_ours);
	assert_false(clone_forks(&namespaces));
	namespaces.new_flags |= CLONE_NEWPID;
	assert_int_equal(clone_forks(&namespaces), is_ours);
}

/* The parent was killed, and its end of the pipe is closed: nothing of the container may stay. */
static void a_clone_whose_parent_has_gone_ends_by_itself(void **state)
{
	struct namespaces namespaces = no_namespaces(0);
	struct userns_plan userns = { .mode = USERNS_INHERIT };
	struct container_config config = { 0 };
	struct clone_order order = {
		.namespaces = &namespaces,
		.userns = &userns,
		.config = &config,
		.cgroup_fd = -1,
		.self_fd = -1,
	};
	struct error err = ERROR_NONE;
	int ends[2], pidfd, status;
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	order.parent_sync_fd = ends[0];
	order.sync_fd = ends[1];
	assert_int_equal(clone_init(&order, &pid, &pidfd, &err), 0);
	assert_true(pidfd >= 0);
	assert_int_equal(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	/* Nothing is to be joined, so the parent sends nothing. */
	assert_int_equal(clone_join(&order, &err), 0);
	close(ends[1]);
	/* The clone waits: it has neither ended nor sent anything. */
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(recv(ends[0], &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	/* The end of what the parent sends, as if it were gone, while the test can still listen. */
	assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_int_equal(recv(ends[0], &byte, 1, 0), 0);
	close(ends[0]);
	close(pidfd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespaces_without_a_path_are_new),
		cmocka_unit_test(a_namespace_with_a_path_is_opened),
		cmocka_unit_test(a_path_must_be_a_namespace_of_its_type),
		cmocka_unit_test(our_own_namespaces_are_not_joined),
		cmocka_unit_test(a_process_that_enters_a_hostile_namespace_joins_by_itself),
		cmocka_unit_test(a_namespace_of_our_own_user_namespace_is_joined_before_a_new_one),
		cmocka_unit_test(a_clone_whose_parent_has_gone_ends_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
