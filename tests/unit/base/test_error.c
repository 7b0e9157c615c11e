// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/base/utf8.h"

static void line_ends_with_the_errno_text_in_lower_case(void **state)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	(void)state;
	assert_int_equal(error_set(&err, EPERM, "mount %s on %s", "proc", "/proc"), -1);
	assert_int_equal(err.code, EPERM);
	assert_string_equal(error_format(&err, line),
			    "mount proc on /proc: operation not permitted");
}

static void prefix_comes_first_and_hint_last(void **state)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	(void)state;
	error_set(&err, ENOENT, "open x");
	assert_int_equal(error_prefix(&err, "mounts[%d]", 3), -1);
	assert_int_equal(error_hint(&err, "make %s", "it"), -1);
	assert_string_equal(error_format(&err, line),
			    "mounts[3]: open x: no such file or directory (hint: make it)");
}

static void a_second_hint_stands_behind_the_first(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	error_hint_also(&err, "one");
	assert_string_equal(err.hint, "one");
	error_hint_also(&err, "two");
	assert_string_equal(err.hint, "one; two");
	for (int i = 0; i < 100; i++)
		error_hint_also(&err, "three and more");
	assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
}

static void a_new_failure_forgets_the_hint_and_the_cause_of_the_old_one(void **state)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	(void)state;
	error_set(&err, EPERM, "first");
	error_hint(&err, "mend");
	err.cause = ERROR_CAUSE_OVERLAY;
	error_prefix(&err, "context");
	assert_int_equal(err.cause, ERROR_CAUSE_OVERLAY);
	error_set(&err, 0, "second");
	assert_int_equal(err.cause, ERROR_CAUSE_ANY);
	assert_string_equal(error_format(&err, line), "second");
}

static void control_characters_cant_make_a_second_line(void **state)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	(void)state;
	error_set(&err, 0, "a\nb\x1b[31m");
	assert_string_equal(error_format(&err, line), "a\\x0ab\\x1b[31m");
	error_set(&err, 0,
		  "a\xc2\x9b"
		  "31m\xe2\x80\xae");
	error_hint(&err, "\x9b"
			 "31m\n");
	assert_string_equal(error_format(&err, line), "a\\u009b31m\\u202e (hint: \\x9b31m\\x0a)");
}

static void long_texts_are_cut_and_not_overrun(void **state)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, EPERM, "%s", text);
	error_prefix(&err, "%s", text);
	error_hint(&err, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
	assert_true(strlen(error_format(&err, line)) < ERROR_LINE_SIZE);
	/* 1 + 4 * 639 + 3 bytes: the first ä has no room behind the escaped bytes. */
	memset(text, 0xff, sizeof(text) - 1);
	memcpy(text + 639, "xxä", sizeof("xxä"));
	error_set(&err, 0, "x%s", text);
	error_hint(&err, "%s", text);
	assert_int_equal(strlen(error_format(&err, line)), ERROR_LINE_SIZE - 1);
	error_set(&err, 0, "%s", text);
	error_prefix(&err, "%s", "x");
	assert_true(utf8_is_valid((const unsigned char *)error_format(&err, line), strlen(line)));
}

static void one_failure_ends_it_where_nobody_gathers(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(error_gather(&err, 0), 0);
	assert_int_equal(error_gather(&err, error_set(&err, 0, "first")), -1);
	assert_string_equal(err.text, "first");
}

static void all_failures_are_gathered_in_their_order(void **state)
{
	struct error_list all = { 0 };
	struct error err = { .all = &all };
	struct error other = ERROR_NONE;

	(void)state;
	error_set(&err, 0, "first");
	error_hint(&err, "mend");
	assert_int_equal(error_gather(&err, -1), 0);
	assert_string_equal(err.text, "");
	/* An error that another function made for itself doesn't change the list. */
	error_set(&other, 0, "second");
	assert_int_equal(error_gather(&err, error_take(&err, &other)), 0);
	/* A failure whose parts are in the list already adds nothing. */
	assert_int_equal(error_gather(&err, error_prefix(&err, "file")), 0);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.items[0].text, "first");
	assert_string_equal(all.items[0].hint, "mend");
	assert_string_equal(all.items[1].text, "second");
	assert_string_equal(all.items[1].hint, "");
	error_list_release(&all);
}

/* SIGKILL is seldom sent by a person. */
static void a_process_that_was_killed_has_the_likely_cause_as_hint(void **state)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	(void)state;
	assert_int_equal(error_set_killed(&err, "helper", SIGKILL, "before it served"), -1);
	assert_non_null(strstr(error_format(&err, line),
			       "helper was killed by signal 9 (Killed) before it served"));
	assert_non_null(strstr(line, "memory.max"));
	assert_int_equal(error_set_killed(&err, "helper", SIGTERM, ""), -1);
	assert_string_equal(error_format(&err, line),
			    "helper was killed by signal 15 (Terminated)");
}

/* ---- between processes ---- */

static void an_error_crosses_the_pipe_whole(void **state)
{
	struct error own = ERROR_NONE, adopted = ERROR_NONE;
	struct error_packet sent;

	(void)state;
	error_set(&own, EACCES, "mount %s", "/proc");
	error_hint(&own, "set a sysctl");
	own.status = 126;
	own.cause = ERROR_CAUSE_OVERLAY;
	error_pack(&own, &sent);
	assert_int_equal(error_unpack(&sent, &adopted), -1);
	assert_int_equal(adopted.code, EACCES);
	assert_int_equal(adopted.status, 126);
	assert_int_equal(adopted.cause, ERROR_CAUSE_OVERLAY);
	assert_string_equal(adopted.text, "mount /proc");
	assert_string_equal(adopted.hint, "set a sysctl");
}

/* What was in the sender's memory before isn't sent along. */
static void bytes_behind_a_text_are_zero(void **state)
{
	struct error own = ERROR_NONE;
	struct error_packet sent;

	(void)state;
	memset(own.text, 's', sizeof(own.text) - 1);
	memset(own.hint, 's', sizeof(own.hint) - 1);
	strcpy(own.text, "text");
	strcpy(own.hint, "");
	memset(&sent, 's', sizeof(sent));
	error_pack(&own, &sent);
	for (size_t i = strlen("text"); i < sizeof(sent.text); i++)
		assert_int_equal(sent.text[i], 0);
	for (size_t i = 0; i < sizeof(sent.hint); i++)
		assert_int_equal(sent.hint[i], 0);
}

/* The sender shares memory and ids with a hostile container. */
static void a_hostile_error_is_made_harmless(void **state)
{
	static const struct {
		int32_t code, status;
	} wrong[] = { { -1, 0 }, { 0, -1 }, { 0, 256 }, { INT32_MIN, 1 }, { 1, INT32_MAX } };
	struct error_packet received;
	struct error err;

	(void)state;
	/* Texts without an end. */
	memset(&received, 'x', sizeof(received));
	received.code = EPERM;
	received.status = 1;
	err = ERROR_NONE;
	assert_int_equal(error_unpack(&received, &err), -1);
	assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
	assert_int_equal(strlen(err.hint), ERROR_HINT_SIZE - 1);
	assert_int_equal(err.cause, ERROR_CAUSE_ANY);
	/* Numbers that no error has. */
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		memset(&received, 0, sizeof(received));
		strcpy(received.text, "text");
		received.code = wrong[i].code;
		received.status = wrong[i].status;
		err = ERROR_NONE;
		error_unpack(&received, &err);
		assert_int_equal(err.code, 0);
		assert_int_equal(err.status, 0);
		assert_string_equal(err.text, "text");
	}
	/* No text at all: an empty error would count as none. */
	memset(&received, 0, sizeof(received));
	err = ERROR_NONE;
	assert_int_equal(error_unpack(&received, &err), -1);
	assert_true(err.text[0] != '\0');
	/* A format isn't one. */
	strcpy(received.text, "%s%n");
	error_unpack(&received, &err);
	assert_string_equal(err.text, "%s%n");
}

static void the_parents_own_list_of_errors_stays(void **state)
{
	struct error_list all = { 0 };
	struct error err = { .all = &all };
	struct error_packet received = { .text = "text" };

	(void)state;
	error_unpack(&received, &err);
	assert_true(err.all == &all);
	assert_int_equal(error_gather(&err, -1), 0);
	assert_int_equal(all.count, 1);
	assert_string_equal(all.items[0].text, "text");
	error_list_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_ends_with_the_errno_text_in_lower_case),
		cmocka_unit_test(prefix_comes_first_and_hint_last),
		cmocka_unit_test(a_second_hint_stands_behind_the_first),
		cmocka_unit_test(a_new_failure_forgets_the_hint_and_the_cause_of_the_old_one),
		cmocka_unit_test(control_characters_cant_make_a_second_line),
		cmocka_unit_test(long_texts_are_cut_and_not_overrun),
		cmocka_unit_test(one_failure_ends_it_where_nobody_gathers),
		cmocka_unit_test(a_process_that_was_killed_has_the_likely_cause_as_hint),
		cmocka_unit_test(all_failures_are_gathered_in_their_order),
		cmocka_unit_test(an_error_crosses_the_pipe_whole),
		cmocka_unit_test(bytes_behind_a_text_are_zero),
		cmocka_unit_test(a_hostile_error_is_made_harmless),
		cmocka_unit_test(the_parents_own_list_of_errors_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
