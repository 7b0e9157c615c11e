// SPDX-License-Identifier: Apache-2.0
#include "netns/slirp/read_gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW 5000

/* Returns how many of the @count sockets from @first on are read in this round. */
static int pass(struct read_gate *gate, int first, int count)
{
	int passed = 0;

	for (int fd = first; fd < first + count; fd++)
		passed += read_gate_pass(gate, fd);
	return passed;
}

static void a_round_has_some_first_reads_and_any_number_of_later_ones(void **state)
{
	struct read_gate gate = { 0 };

	(void)state;
	read_gate_begin_round(&gate, false, NOW);
	assert_false(gate.has_passed);
	assert_int_equal(pass(&gate, 10, 2 * READ_GATE_ROUND), READ_GATE_ROUND);
	assert_true(gate.has_passed);
	/* While there is memory, a socket waits at most until the next round. */
	assert_false(read_gate_holds(&gate, 10 + READ_GATE_ROUND));
	assert_int_equal(read_gate_timeout(&gate), -1);
	read_gate_begin_round(&gate, false, NOW);
	assert_false(gate.has_passed);
	assert_int_equal(pass(&gate, 10, 2 * READ_GATE_ROUND), 2 * READ_GATE_ROUND);
	read_gate_release(&gate);
}

static void where_memory_is_tight_an_end_makes_room_for_the_next(void **state)
{
	struct read_gate gate = { 0 };
	const int first_held = 10 + READ_GATE_TURNS;

	(void)state;
	read_gate_begin_round(&gate, true, NOW);
	assert_int_equal(pass(&gate, 10, 100), READ_GATE_TURNS);
	assert_true(read_gate_holds(&gate, first_held));
	assert_true(read_gate_timeout(&gate) > 0);
	read_gate_closed(&gate, 10);
	read_gate_closed(&gate, 11);
	/* A new socket waits behind the others. */
	assert_false(read_gate_pass(&gate, 500));
	read_gate_begin_round(&gate, true, NOW);
	assert_false(read_gate_holds(&gate, first_held));
	assert_true(read_gate_pass(&gate, first_held));
	assert_false(read_gate_holds(&gate, first_held + 1));
	assert_true(read_gate_holds(&gate, first_held + 2));
	/* The end of a socket that was never read makes no room. */
	read_gate_closed(&gate, first_held + 2);
	read_gate_begin_round(&gate, true, NOW);
	assert_true(read_gate_holds(&gate, first_held + 3));
	read_gate_release(&gate);
}

/* Returns the first socket, from 10 on, that waits. */
static int first_held(const struct read_gate *gate)
{
	int fd = 10;

	while (!read_gate_holds(gate, fd))
		fd++;
	return fd - 10;
}

static void connections_that_stay_open_keep_nobody_waiting(void **state)
{
	struct read_gate gate = { 0 };
	int64_t now = NOW;

	(void)state;
	read_gate_begin_round(&gate, true, now);
	pass(&gate, 10, 500);
	read_gate_begin_round(&gate, true, now + READ_GATE_PERIOD_MS - 1);
	assert_int_equal(first_held(&gate), READ_GATE_TURNS);
	/* Twice as many sockets are read each time. */
	for (unsigned int read = 2; read <= 8; read *= 2) {
		read_gate_begin_round(&gate, true, now += READ_GATE_PERIOD_MS);
		assert_int_equal(first_held(&gate), read * READ_GATE_TURNS);
	}
	read_gate_release(&gate);
}

static void as_long_as_connections_end_none_begins_but_for_them(void **state)
{
	struct read_gate gate = { 0 };
	int64_t now = NOW;
	int ended = 0;

	(void)state;
	read_gate_begin_round(&gate, true, now);
	pass(&gate, 10, 500);
	while (ended < 10 * READ_GATE_ENDS_MIN) {
		for (int i = 0; i < READ_GATE_ENDS_MIN; i++)
			read_gate_closed(&gate, 10 + ended++);
		read_gate_begin_round(&gate, true, now += READ_GATE_PERIOD_MS);
		assert_int_equal(first_held(&gate), READ_GATE_TURNS + ended);
	}
	/* Too few sockets have ended for that. */
	for (int i = 1; i < READ_GATE_ENDS_MIN; i++)
		read_gate_closed(&gate, 10 + ended + i);
	read_gate_begin_round(&gate, true, now += READ_GATE_PERIOD_MS);
	assert_int_equal(first_held(&gate), ended + 2 * READ_GATE_TURNS);
	read_gate_release(&gate);
}

static void what_comes_alone_never_waits(void **state)
{
	struct read_gate gate = { 0 };
	int64_t now = NOW;

	(void)state;
	read_gate_begin_round(&gate, true, now);
	for (int fd = 10; fd < 10 + 10 * READ_GATE_TURNS; fd++) {
		if ((fd - 10) % READ_GATE_TURNS == 0)
			read_gate_begin_round(&gate, true, now += READ_GATE_PERIOD_MS);
		assert_true(read_gate_pass(&gate, fd));
	}
	read_gate_release(&gate);
}

static void with_memory_to_spare_the_queue_empties(void **state)
{
	struct read_gate gate = { 0 };

	(void)state;
	read_gate_begin_round(&gate, true, NOW);
	pass(&gate, 10, READ_GATE_TURNS + READ_GATE_ROUND + 1);
	read_gate_begin_round(&gate, false, NOW);
	assert_true(read_gate_holds(&gate, 10 + READ_GATE_TURNS + READ_GATE_ROUND));
	read_gate_begin_round(&gate, false, NOW);
	assert_int_equal(read_gate_timeout(&gate), -1);
	read_gate_release(&gate);
}

static void a_descriptor_that_comes_again_is_new(void **state)
{
	struct read_gate gate = { 0 };

	(void)state;
	read_gate_begin_round(&gate, true, NOW);
	pass(&gate, 10, READ_GATE_TURNS + 3);
	/* The last socket of the queue ends, then the first; one is left. */
	for (int i = 2; i >= 0; i -= 2)
		read_gate_closed(&gate, 10 + READ_GATE_TURNS + i);
	assert_false(read_gate_holds(&gate, 10 + READ_GATE_TURNS));
	assert_true(read_gate_holds(&gate, 10 + READ_GATE_TURNS + 1));
	read_gate_free(&gate, 10 + READ_GATE_TURNS + 1);
	assert_true(read_gate_pass(&gate, 10 + READ_GATE_TURNS + 1));
	assert_int_equal(read_gate_timeout(&gate), -1);
	/* A number that was used before counts as a new socket. */
	read_gate_closed(&gate, 10);
	assert_true(read_gate_pass(&gate, 10));
	read_gate_closed(&gate, 10);
	assert_true(read_gate_pass(&gate, 900));
	assert_false(read_gate_pass(&gate, 10));
	read_gate_closed(&gate, 5000);
	read_gate_closed(&gate, -1);
	read_gate_release(&gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_round_has_some_first_reads_and_any_number_of_later_ones),
		cmocka_unit_test(where_memory_is_tight_an_end_makes_room_for_the_next),
		cmocka_unit_test(connections_that_stay_open_keep_nobody_waiting),
		cmocka_unit_test(as_long_as_connections_end_none_begins_but_for_them),
		cmocka_unit_test(what_comes_alone_never_waits),
		cmocka_unit_test(with_memory_to_spare_the_queue_empties),
		cmocka_unit_test(a_descriptor_that_comes_again_is_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
