// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/stat.h"
#include "core/parent/seal.h"

/* The container's user namespace maps @outer to its root, and nobody else. */
static struct userns_plan plan_of(uint32_t outer)
{
	struct userns_plan plan = { .mode = USERNS_DIRECT };

	assert_int_equal(idmap_add(&plan.uids, 0, outer, 1), 0);
	return plan;
}

static const int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

/* The owner of the file is root in the container: it could write to it. */
static void a_file_whose_owner_is_mapped_is_copied_and_sealed(void **state)
{
	autoclose int fd = -1;
	struct userns_plan plan;
	struct error err = ERROR_NONE;
	struct stat own;
	char first[4];

	(void)state;
	assert_int_equal(stat("/proc/self/exe", &own), 0);
	plan = plan_of(own.st_uid);
	assert_int_equal(seal_self(&plan, false, &fd, &err), 0);
	assert_false(stat_same_as_path(fd, "/proc/self/exe"));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GET_SEALS) & all_seals, all_seals);
	assert_int_equal(pread(fd, first, sizeof(first), 0), sizeof(first));
	assert_memory_equal(first, "\177ELF", 4);
	/* Not even we can change it any more. */
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(errno, EPERM);
}

/* Where the mount can't be made, as by an ordinary user, there is a copy all the same. */
static void root_of_the_host_has_a_read_only_mount_of_the_file(void **state)
{
	autoclose int fd = -1, writable = -1;
	struct userns_plan plan;
	struct error err = ERROR_NONE;
	struct stat own;
	char path[64];

	(void)state;
	assert_int_equal(stat("/proc/self/exe", &own), 0);
	plan = plan_of(own.st_uid);
	assert_int_equal(seal_self(&plan, true, &fd, &err), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	if (!(fcntl(fd, F_GETFL) & O_PATH)) {
		assert_int_equal(fcntl(fd, F_GET_SEALS) & all_seals, all_seals);
		return;
	}
	assert_true(stat_same_as_path(fd, "/proc/self/exe"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(chmod(path, 0777), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(truncate(path, 0), -1);
	assert_int_equal(errno, EROFS);
	writable = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(writable, -1);
}

/* The copy ends behind the last segment, and is a whole program all the same. */
static void the_copy_can_be_executed(void **state)
{
	char *const argv[] = { "copy", "end", NULL };
	char *const envp[] = { NULL };
	autoclose int fd = -1;
	struct userns_plan plan;
	struct error err = ERROR_NONE;
	struct stat own;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(stat("/proc/self/exe", &own), 0);
	plan = plan_of(own.st_uid);
	assert_int_equal(seal_self(&plan, false, &fd, &err), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fexecve(fd, argv, envp);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

static void a_file_that_nobody_inside_can_write_to_is_used_itself(void **state)
{
	autoclose int fd = -1;
	struct userns_plan plan;
	struct error err = ERROR_NONE;
	struct stat own;

	(void)state;
	assert_int_equal(stat("/proc/self/exe", &own), 0);
	/* In an outer container, or built with a lax umask, it would be copied. */
	if (!userns_is_initial() || (own.st_mode & 022))
		skip();
	plan = plan_of(own.st_uid + 1);
	assert_int_equal(seal_self(&plan, false, &fd, &err), 0);
	assert_true(stat_same_as_path(fd, "/proc/self/exe"));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_whose_owner_is_mapped_is_copied_and_sealed),
		cmocka_unit_test(root_of_the_host_has_a_read_only_mount_of_the_file),
		cmocka_unit_test(the_copy_can_be_executed),
		cmocka_unit_test(a_file_that_nobody_inside_can_write_to_is_used_itself),
	};

	/* As the program of the_copy_can_be_executed(). */
	if (argc == 2 && argv[1][0] == 'e')
		return 42;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
