// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/init/label.h"
#include "core/rootfs/procfs.h"

/* Opens and closes a file; returns 0 or the negative errno. */
static int try_open(int proc, const char *path)
{
	autoclose int fd = procfs_open(proc, path, O_RDONLY);

	return fd < 0 ? fd : 0;
}

static void test_only_the_root_of_a_procfs_is_one(void **state)
{
	autoclose int proc = procfs_open_root(AT_FDCWD, "/proc");
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int below = procfs_open_root(root, "proc");

	(void)state;
	assert_true(proc >= 0 && below >= 0);
	assert_int_equal(procfs_open_root(AT_FDCWD, "/"), -ENODEV);
	assert_int_equal(procfs_open_root(AT_FDCWD, "/proc/self"), -ENODEV);
	assert_int_equal(procfs_open_root(root, "proc/sys"), -ENODEV);
	assert_int_equal(procfs_open_root(root, "does-not-exist"), -ENOENT);
}

static void test_no_link_and_no_name_leads_away(void **state)
{
	autoclose int proc = procfs_open_root(AT_FDCWD, "/proc");

	(void)state;
	assert_int_equal(try_open(proc, "self/oom_score_adj"), 0);
	assert_int_equal(try_open(proc, "sys/kernel/ostype"), 0);
	assert_int_equal(try_open(proc, "../etc/passwd"), -EXDEV);
	assert_int_equal(try_open(proc, "self/root/etc/passwd"), -ELOOP);
	assert_int_equal(try_open(proc, "self/fd/0"), -ELOOP);
}

/* Exit status of a child that can't make a user namespace. */
#define NO_NAMESPACE 77

static int cover_and_open(void)
{
	const struct config_process process = { .selinux_label = (char *)"a:b:c:s0" };
	struct label label;
	struct error err = ERROR_NONE;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return NO_NAMESPACE;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("/proc/self/sched", "/proc/self/attr/exec", NULL, MS_BIND, NULL) < 0)
		return NO_NAMESPACE;
	/* The mounted file is one of procfs, and accepts any text. */
	if (label_open(&process, &label, &err) == 0 || !strstr(err.text, "mounted over"))
		return 1;
	if (mount("tmpfs", "/proc", "tmpfs", 0, NULL) < 0)
		return NO_NAMESPACE;
	err = ERROR_NONE;
	if (label_open(&process, &label, &err) == 0 || !strstr(err.text, "no procfs"))
		return 2;
	return 0;
}

static void test_a_label_is_not_told_to_a_file_that_covers_the_kernels(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(cover_and_open());
	assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_NAMESPACE)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_root_of_a_procfs_is_one),
		cmocka_unit_test(test_no_link_and_no_name_leads_away),
		cmocka_unit_test(test_a_label_is_not_told_to_a_file_that_covers_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
