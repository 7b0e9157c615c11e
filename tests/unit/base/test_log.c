// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"

static char directory[] = "/tmp/test-log-XXXXXX";
static char log_path[64];
static char stderr_path[64];

enum use_file { WITHOUT_FILE, FILE_AS_TEXT, FILE_AS_JSON };

struct written {
	char *log;
	char *err;
};

/* The log is global state, so each case has a process of its own. */
static struct written run_case(enum use_file use_file, void (*scenario)(void))
{
	struct written written = { 0 };
	size_t size;
	pid_t pid;

	unlink(log_path);
	unlink(stderr_path);
	pid = fork();
	if (pid == 0) {
		struct error err = ERROR_NONE;
		FILE *redirected = freopen(stderr_path, "w", stderr);

		if (!redirected)
			_exit(1);
		if (use_file != WITHOUT_FILE &&
		    log_open(log_path, use_file == FILE_AS_JSON ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT,
			     &err) < 0)
			_exit(1);
		scenario();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(fd_read_file(stderr_path, 1 << 20, &written.err, &size), 0);
	if (use_file == WITHOUT_FILE || fd_read_file(log_path, 1 << 20, &written.log, &size) < 0)
		written.log = str_dup("");
	return written;
}

static void release(struct written *written)
{
	free(written->log);
	free(written->err);
}

static void warn_and_fail(void)
{
	struct error err = ERROR_NONE;

	log_warning("go on without %s", "it");
	error_set(&err, 1, "open \"x\"");
	log_failure(&err);
}

static void only_tell_steps(void)
{
	log_info("step");
	log_debug("detail");
}

static void warn_asked_for(void)
{
	log_set_level(LOG_LEVEL_DEBUG);
	log_warning("go\non");
	only_tell_steps();
}

static void fail_at_length(void)
{
	struct error err = ERROR_NONE;
	char text[3000];

	memset(text, 0xff, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, 0, "%s", text);
	error_hint(&err, "%s", text);
	log_failure(&err);
}

static void without_a_file_all_goes_to_stderr(void **state)
{
	struct written written = run_case(WITHOUT_FILE, warn_and_fail);

	(void)state;
	assert_string_equal(written.err, "urun: warning: go on without it\n"
					 "urun: open \"x\": operation not permitted\n");
	release(&written);
	written = run_case(WITHOUT_FILE, only_tell_steps);
	assert_string_equal(written.err, "");
	release(&written);
}

/* Engines read this form: one object with level, msg and time. */
static void the_file_has_the_failure_alone(void **state)
{
	static const char start[] =
		"{\"level\":\"error\",\"msg\":\"open \\\"x\\\": operation not permitted\",\"time\":\"2";
	struct written written = run_case(FILE_AS_JSON, warn_and_fail);

	(void)state;
	assert_memory_equal(written.log, start, sizeof(start) - 1);
	assert_string_equal(strchr(written.log, '\n'), "\n");
	assert_string_equal(written.err, "urun: open \"x\": operation not permitted\n");
	release(&written);
	written = run_case(FILE_AS_TEXT, warn_and_fail);
	assert_memory_equal(written.log, "time=\"2", 7);
	assert_non_null(strstr(
		written.log, "Z\" level=error msg=\"open \\\"x\\\": operation not permitted\"\n"));
	release(&written);
}

static void a_level_that_was_asked_for_holds_in_the_file(void **state)
{
	struct written written = run_case(FILE_AS_TEXT, warn_asked_for);

	(void)state;
	assert_non_null(strstr(written.log, "level=warning msg=\"go\\\\x0aon\"\n"));
	assert_non_null(strstr(written.log, "level=info msg=\"step\"\n"));
	assert_non_null(strstr(written.log, "level=debug msg=\"detail\"\n"));
	assert_string_equal(written.err, "");
	release(&written);
}

static void a_failure_fits_the_engines_buffer(void **state)
{
	struct written written = run_case(FILE_AS_JSON, fail_at_length);

	(void)state;
	assert_true(strlen(written.err) < 8192);
	assert_string_equal(strchr(written.err, '\n'), "\n");
	assert_true(strlen(written.log) < 8192);
	release(&written);
}

/* The parent does so with the lines of a child. */
static void pass_on_a_line(void)
{
	log_line(LOG_LEVEL_WARNING, "a\x1b[31m\nurun: forged\xc2\x9b"
				    "2J");
}

static void a_line_of_another_process_steers_no_terminal(void **state)
{
	struct written written = run_case(WITHOUT_FILE, pass_on_a_line);

	(void)state;
	assert_string_equal(written.err, "urun: warning: a\\x1b[31m\\x0aurun: forged\\u009b2J\n");
	release(&written);
}

static void open_no_file(void)
{
	struct error err = ERROR_NONE;

	if (log_open(NULL, LOG_FORMAT_JSON, &err) < 0)
		_exit(1);
	log_warning("go\non");
}

static void without_a_file_the_format_is_stderrs(void **state)
{
	struct written written = run_case(WITHOUT_FILE, open_no_file);

	(void)state;
	assert_string_equal(written.err, "urun: warning: go\\x0aon\n");
	release(&written);
}

static void other_targets_are_refused(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(log_open("syslog:x", LOG_FORMAT_TEXT, &err), -1);
	assert_int_equal(log_open("/nonexistent/log", LOG_FORMAT_TEXT, &err), -1);
	assert_string_equal(err.text, "open log /nonexistent/log");
}

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
	snprintf(stderr_path, sizeof(stderr_path), "%s/stderr", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(log_path);
	unlink(stderr_path);
	return rmdir(directory);
}

static void warn_again_and_again(void)
{
	for (int i = 0; i < 4; i++)
		log_warning_once("no range for %s", i % 2 ? "ann" : "bob");
}

static void a_warning_that_several_steps_find_is_one_line(void **state)
{
	struct written written = run_case(WITHOUT_FILE, warn_again_and_again);

	(void)state;
	assert_string_equal(written.err, "urun: warning: no range for bob\n"
					 "urun: warning: no range for ann\n");
	free(written.log);
	free(written.err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_all_goes_to_stderr),
		cmocka_unit_test(the_file_has_the_failure_alone),
		cmocka_unit_test(a_level_that_was_asked_for_holds_in_the_file),
		cmocka_unit_test(a_failure_fits_the_engines_buffer),
		cmocka_unit_test(a_line_of_another_process_steers_no_terminal),
		cmocka_unit_test(without_a_file_the_format_is_stderrs),
		cmocka_unit_test(other_targets_are_refused),
		cmocka_unit_test(a_warning_that_several_steps_find_is_one_line),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
