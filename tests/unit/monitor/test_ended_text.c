// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/monitor/ended_text.h"
#include "core/pid1/pid1.h"

static void assert_printed(struct ended_text ended, const char *expected)
{
	char text[ENDED_TEXT_SIZE];
	size_t size = ended_text_print(&ended, text);

	assert_string_equal(text, expected);
	assert_int_equal(size, strlen(expected));
}

static void test_an_exit_status_and_a_signal_are_told(void **state)
{
	(void)state;
	assert_printed((struct ended_text){ .status = 3, .seconds = 0, .nanoseconds = 7 },
		       "{\"exitStatus\":3,\"oomKilled\":false,"
		       "\"finished\":\"1970-01-01T00:00:00.000000007Z\"}\n");
	assert_printed((struct ended_text){ .status = 137,
					    .signal = 9,
					    .oom_killed = true,
					    .seconds = 1709210096,
					    .nanoseconds = 123456789 },
		       "{\"exitStatus\":137,\"signal\":9,\"oomKilled\":true,"
		       "\"finished\":\"2024-02-29T12:34:56.123456789Z\"}\n");
}

static void test_a_status_that_is_not_known_is_left_out(void **state)
{
	(void)state;
	assert_printed((struct ended_text){ .status = -1, .seconds = 0, .nanoseconds = 7 },
		       "{\"oomKilled\":false,\"finished\":\"1970-01-01T00:00:00.000000007Z\"}\n");
}

/* Writes /proc/PID/stat of a process with this name, state and exit status, and what the kernel may add later. */
static size_t print_stat(char *text, size_t size, const char *name, char letter, int status,
			 const char *more)
{
	int length = snprintf(text, size, "4711 (%s) %c", name, letter);

	for (int field = 4; field < 52; field++)
		length += snprintf(text + length, size - (size_t)length, " %d", field);
	length += snprintf(text + length, size - (size_t)length, " %d%s\n", status, more);
	return (size_t)length;
}

static void assert_stat(const char *name, int wait_status, const char *more, int signal)
{
	char text[1024];
	size_t size = print_stat(text, sizeof(text), name, 'Z', wait_status, more);
	int found = -1, told = -1;

	assert_true(ended_in_stat(text, size, &found, &told));
	assert_int_equal(found, wait_status);
	assert_int_equal(told, signal);
}

static void test_a_zombie_tells_its_status(void **state)
{
	char text[1024];
	size_t size;
	int found, told;

	(void)state;
	assert_stat("sh", 7 << 8, "", 0);
	assert_stat("a) Z 1 (b", 9, "", 0);
	assert_stat("sh", 0, " 53 54", 0);
	assert_stat(PID1_NAME_SIGNALED "15", 143 << 8, "", 15);
	assert_stat(PID1_NAME_SIGNALED "15", 142 << 8, "", 0);
	size = print_stat(text, sizeof(text), "sh", 'S', 0, "");
	assert_false(ended_in_stat(text, size, &found, &told));
	size = print_stat(text, sizeof(text), "sh", 'Z', 1 << 16, "");
	assert_false(ended_in_stat(text, size, &found, &told));
	/* Each text that is cut short. */
	size = print_stat(text, sizeof(text), "sh", 'Z', 0, "");
	for (size_t cut = 0; cut < size - 1; cut++)
		assert_false(ended_in_stat(text, cut, &found, &told));
	assert_false(ended_in_stat(")", 1, &found, &told));
}

/* Our own child, whose status waitpid(2) tells too. */
static void test_the_kernel_s_own_text_is_read(void **state)
{
	char path[64], text[4096];
	int found, told, status;
	siginfo_t info;
	FILE *file;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(42);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(ended_in_stat(text, fread(text, 1, sizeof(text), file), &found, &told));
	fclose(file);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(found, status);
}

/* The date is compared with libc's, for every day of 600 years. */
static void test_every_date_is_libc_s(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 600 * 365 + 146; day++) {
		time_t seconds = (time_t)(day * 86400 + day % 86400);
		struct tm parts;
		char expected[ENDED_TEXT_SIZE];

		gmtime_r(&seconds, &parts);
		snprintf(expected, sizeof(expected),
			 "{\"exitStatus\":0,\"oomKilled\":false,\"finished\":\"%04d-%02d-%02dT%02d:"
			 "%02d:%02d.000000000Z\"}\n",
			 parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
			 parts.tm_min, parts.tm_sec);
		assert_printed((struct ended_text){ .seconds = seconds }, expected);
	}
}

static int signal_in(const char *line, int status)
{
	return ended_signal_in_name(line, strlen(line), status);
}

static void test_the_name_of_process_1_tells_a_signal(void **state)
{
	(void)state;
	assert_int_equal(signal_in("urun-init sig09\n", 137), 9);
	assert_int_equal(signal_in("urun-init sig15\n", 143), 15);
	assert_int_equal(signal_in("urun-init sig64\n", 192), 64);
	assert_int_equal(signal_in("urun-init\n", 137), 0);
	assert_int_equal(signal_in("", 137), 0);
	/* A name that doesn't fit the status, and names that process 1 never has. */
	assert_int_equal(signal_in("urun-init sig09\n", 143), 0);
	assert_int_equal(signal_in("urun-init sig09\n", 9), 0);
	assert_int_equal(signal_in("urun-init sig00\n", 128), 0);
	assert_int_equal(signal_in("urun-init sig65\n", 193), 0);
	assert_int_equal(signal_in("urun-init sig9\n", 137), 0);
	assert_int_equal(signal_in("urun-init sig 9\n", 137), 0);
	assert_int_equal(signal_in("urun-init sig099", 137), 0);
	assert_int_equal(signal_in("urun-init sig09\n\n", 137), 0);
}

static void test_a_process_without_process_1_has_no_such_name(void **state)
{
	(void)state;
	assert_int_equal(ended_signal_told(getpid(), 137), 0);
	assert_int_equal(prctl(PR_SET_NAME, "urun-init sig09"), 0);
	assert_int_equal(ended_signal_told(getpid(), 137), 9);
	assert_int_equal(ended_signal_told(getpid(), 0), 0);
	assert_int_equal(ended_signal_told(0, 137), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_exit_status_and_a_signal_are_told),
		cmocka_unit_test(test_a_status_that_is_not_known_is_left_out),
		cmocka_unit_test(test_a_zombie_tells_its_status),
		cmocka_unit_test(test_the_kernel_s_own_text_is_read),
		cmocka_unit_test(test_every_date_is_libc_s),
		cmocka_unit_test(test_the_name_of_process_1_tells_a_signal),
		cmocka_unit_test(test_a_process_without_process_1_has_no_such_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
