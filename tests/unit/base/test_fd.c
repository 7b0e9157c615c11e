// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/str.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int memory_file(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, "text", 4), 0);
	return fd;
}

/* Puts the first page of @fd into a pipe, which holds the page until it is read or closed. */
static void hold_page(int fd, int ret_pipe[2])
{
	char *page = mmap(NULL, 4, PROT_READ, MAP_SHARED, fd, 0);
	struct iovec part = { page, 4 };

	assert_true(page != MAP_FAILED);
	assert_int_equal(pipe2(ret_pipe, O_CLOEXEC), 0);
	assert_int_equal(vmsplice(ret_pipe[1], &part, 1, 0), 4);
	assert_int_equal(munmap(page, 4), 0);
}

static void test_seals(void **state)
{
	autoclose int fd = memory_file();

	(void)state;
	assert_int_equal(fd_seal(fd, SEALS), 0);
	assert_int_equal(fcntl(fd, F_GET_SEALS), SEALS);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fd_seal(fd, SEALS), -EPERM);
}

static void test_seal_waits_for_a_page_that_is_held(void **state)
{
	autoclose int fd = memory_file();
	int pages[2];
	pid_t holder;

	(void)state;
	hold_page(fd, pages);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, SEALS), -1);
	assert_int_equal(errno, EBUSY);
	holder = fork();
	if (holder == 0) {
		usleep(400000);
		_exit(0); /* The pipe goes with the process, and the page with the pipe. */
	}
	assert_true(holder > 0);
	close(pages[0]);
	close(pages[1]);
	assert_int_equal(fd_seal(fd, SEALS), 0);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
}

static void test_path_is_that_of_the_open_file(void **state)
{
	char path[PATH_MAX], name[] = "/tmp/urun-test-fd-XXXXXX", gone[64];
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_path(fd, path), strlen(name));
	assert_string_equal(path, name);
	snprintf(gone, sizeof(gone), "%s (deleted)", name);
	unlink(name);
	assert_int_equal(fd_path(fd, path), strlen(gone));
	assert_string_equal(path, gone);
	close(fd);
	assert_int_equal(fd_path(fd, path), -ENOENT);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* In a process of its own, which has the numbers from 20 to 29. */
static void test_all_but_those_that_are_kept_are_closed(void **state)
{
	const int kept[] = { 27, -1, 10, 22, 23 };
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		bool right = true;

		for (int fd = 20; fd < 30; fd++)
			right = dup2(STDERR_FILENO, fd) == fd && right;
		right = fd_close_others(21, kept, ARRAY_SIZE(kept)) == 0 && right;
		for (int fd = 21; fd < 30; fd++)
			right = is_open(fd) == (fd == 22 || fd == 23 || fd == 27) && right;
		right = is_open(STDERR_FILENO) && is_open(20) && right;
		right = fd_close_others(0, kept, 1) == 0 && is_open(27) && right;
		for (int fd = 0; fd < 27; fd++)
			right = !is_open(fd) && right;
		_exit(right ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_is_that_of_the_open_file),
		cmocka_unit_test(test_all_but_those_that_are_kept_are_closed),
		cmocka_unit_test(test_seals),
		cmocka_unit_test(test_seal_waits_for_a_page_that_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
