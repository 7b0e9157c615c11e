// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/trace.h"
#include "tests/unit/base/in_child.h"

static int keeps_nothing_when_off(void)
{
	struct trace_event events[TRACE_EVENTS_MAX];

	trace_step("a");
	trace_step("b");
	return trace_is_on() || trace_take(events) != 0;
}

static int keeps_steps(void)
{
	struct trace_event events[TRACE_EVENTS_MAX];

	trace_keep();
	trace_step("first");
	trace_step("a name that is longer than the room for one");
	if (trace_take(events) != 2 || strcmp(events[0].name, "first") != 0 ||
	    strcmp(events[1].name, "a name that is longer than the ") != 0)
		return 1;
	if (events[0].begun_ns <= 0 || events[0].ended_ns < events[0].begun_ns ||
	    events[1].begun_ns != events[0].ended_ns)
		return 2;
	for (int i = 0; i < 3 * TRACE_EVENTS_MAX; i++)
		trace_step("more than there is room for");
	return trace_take(events) != TRACE_EVENTS_MAX || trace_take(events) != 0;
}

#define PATH "/tmp/urun-test-trace"

/* A container's process can send any name. */
static int writes_hostile_names(void)
{
	struct trace_event event = { .begun_ns = 1 };
	struct error err = ERROR_NONE;
	char text[1024];
	FILE *file;
	size_t size;

	memset(event.name, 'x', sizeof(event.name));
	memcpy(event.name, "\"}]\\\n\x1b\xff", 7);
	if (trace_open(PATH, &err) < 0)
		return 1;
	trace_set_child(7);
	trace_add(&event, 1);
	file = fopen(PATH, "re");
	size = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	text[size] = '\0';
	if (file)
		fclose(file);
	unlink(PATH);
	return !strstr(text, "{\"name\":\"?}]????xxxxxxxxxxxxxxxxxxxxxxxx\",\"ph\":\"X\"");
}

static void test_nothing_is_kept_when_off(void **state)
{
	(void)state;
	assert_int_equal(in_child(keeps_nothing_when_off), 0);
}

static void test_steps_are_kept(void **state)
{
	(void)state;
	assert_int_equal(in_child(keeps_steps), 0);
}

static void test_a_name_of_the_container_is_only_text(void **state)
{
	(void)state;
	assert_int_equal(in_child(writes_hostile_names), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_kept_when_off),
		cmocka_unit_test(test_steps_are_kept),
		cmocka_unit_test(test_a_name_of_the_container_is_only_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
