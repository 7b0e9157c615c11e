// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/parent/streams.h"

/* A directory of the test's own, which main() makes and removes. */
static char directory[] = "/tmp/urun-test-streams-XXXXXX";

static int open_in_directory(const char *name, int flags)
{
	autofree char *path = str_format("%s/%s", directory, name);
	int fd = open(path, flags | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void test_files_and_devices_are_kept(void **state)
{
	autofree char *fifo_path = str_format("%s/fifo", directory);
	autoclose int file = open_in_directory("log", O_WRONLY | O_CREAT);
	autoclose int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	autoclose int fifo = -1;

	(void)state;
	assert_int_equal(mkfifo(fifo_path, 0600), 0);
	fifo = open_in_directory("fifo", O_RDWR);
	assert_true(stream_outlives_caller(file, NULL));
	assert_true(stream_outlives_caller(full, NULL));
	assert_true(stream_outlives_caller(fifo, NULL));
	unlink(fifo_path);
}

static void test_a_file_without_a_name_any_more_is_kept(void **state)
{
	autofree char *path = str_format("%s/log", directory);
	autoclose int file = open_in_directory("log", O_WRONLY | O_CREAT);

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_true(stream_outlives_caller(file, NULL));
}

static void test_what_somebody_waits_for_is_replaced(void **state)
{
	int ends[2], peers[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, peers), 0);
	assert_false(stream_outlives_caller(ends[1], NULL));
	assert_false(stream_outlives_caller(peers[0], NULL));
	assert_false(stream_outlives_caller(peers[0], "1:2"));
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(peers[i]);
	}
}

/* A script hides the id so, and has not said where the container's output is to go. */
static void test_the_null_device_is_replaced(void **state)
{
	autoclose int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(null >= 0);
	assert_false(stream_outlives_caller(null, NULL));
}

static void test_a_terminal_is_replaced(void **state)
{
	autoclose int terminal = -1;
	autoclose int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	(void)state;
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		skip();
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal >= 0);
	assert_false(stream_outlives_caller(terminal, NULL));
}

static void test_the_journal_is_told_from_other_sockets(void **state)
{
	autofree char *own = NULL, *another = NULL, *longer = NULL;
	struct stat st;
	int peers[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, peers), 0);
	assert_int_equal(fstat(peers[0], &st), 0);
	own = str_format("%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	another = str_format("%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1000);
	longer = str_format("%s0", own);
	assert_true(stream_outlives_caller(peers[0], own));
	assert_false(stream_outlives_caller(peers[0], another));
	assert_false(stream_outlives_caller(peers[0], longer));
	assert_false(stream_outlives_caller(peers[0], ""));
	close(peers[0]);
	close(peers[1]);
}

static void test_stdin_is_always_replaced(void **state)
{
	autoclose int in = dup(STDIN_FILENO);
	autoclose int file = open_in_directory("in", O_RDONLY | O_CREAT);
	struct error err = ERROR_NONE;
	struct streams streams;

	(void)state;
	assert_true(dup2(file, STDIN_FILENO) >= 0);
	assert_int_equal(streams_open(NULL, true, &streams, &err), 0);
	assert_true(streams.program[STDIN_FILENO] > STDERR_FILENO);
	assert_int_equal(streams.log[STDIN_FILENO], -1);
	streams_close(&streams);
	dup2(in, STDIN_FILENO);
}

/* Runs streams_open() while stdout is @file. */
static struct streams open_over(int file, bool logged)
{
	autoclose int out = dup(STDOUT_FILENO);
	struct error err = ERROR_NONE;
	struct streams streams;
	int result;

	fflush(stdout);
	assert_true(dup2(file, STDOUT_FILENO) >= 0);
	result = streams_open(NULL, logged, &streams, &err);
	dup2(out, STDOUT_FILENO);
	assert_int_equal(result, 0);
	return streams;
}

static void test_a_writer_never_sees_that_the_reader_has_gone(void **state)
{
	autoclose int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct streams streams = open_over(null, true);
	char got[8];

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(write(streams.program[1], "one", 3), 3);
	assert_int_equal(read(streams.log[1], got, sizeof(got)), 3);
	/* It doesn't wait either, where the program reads its own pipe. */
	assert_int_equal(read(streams.log[1], got, sizeof(got)), -1);
	fd_close(&streams.log[1]);
	assert_int_equal(write(streams.program[1], "two", 3), 3);
	streams_close(&streams);
}

static void test_without_a_log_output_goes_nowhere(void **state)
{
	autoclose int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	autoclose int file = open_in_directory("log", O_WRONLY | O_CREAT);
	struct streams streams = open_over(null, false);

	(void)state;
	assert_true(streams.program[1] > STDERR_FILENO);
	assert_int_equal(streams.log[1], -1);
	streams_close(&streams);
	streams = open_over(file, true);
	assert_int_equal(streams.program[1], -1);
	assert_int_equal(streams.log[1], -1);
	streams_close(&streams);
}

static int remove_directory(void **state)
{
	static const char *const names[] = { "log", "in" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *path = str_format("%s/%s", directory, names[i]);

		unlink(path);
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_and_devices_are_kept),
		cmocka_unit_test(test_a_file_without_a_name_any_more_is_kept),
		cmocka_unit_test(test_what_somebody_waits_for_is_replaced),
		cmocka_unit_test(test_the_null_device_is_replaced),
		cmocka_unit_test(test_a_terminal_is_replaced),
		cmocka_unit_test(test_the_journal_is_told_from_other_sockets),
		cmocka_unit_test(test_stdin_is_always_replaced),
		cmocka_unit_test(test_a_writer_never_sees_that_the_reader_has_gone),
		cmocka_unit_test(test_without_a_log_output_goes_nowhere),
	};

	if (!mkdtemp(directory))
		return 1;
	return cmocka_run_group_tests(tests, NULL, remove_directory);
}
