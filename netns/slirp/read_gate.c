// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/read_gate.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"

/* How often a round begins while sockets wait for memory, in ms. */
#define LOOK_MS 10

enum state {
	STATE_NEW, /* nothing was read */
	STATE_HELD,
	STATE_PASSED,
};

struct read_gate_entry {
	enum state state;
	int previous, next; /* in the queue: descriptor + 1; 0: there is none */
};

static struct read_gate_entry *gate_entry_of(struct read_gate *gate, int fd)
{
	size_t count = gate->entry_count ? gate->entry_count : 64;

	while (count <= (size_t)fd)
		count *= 2;
	if (count > gate->entry_count) {
		gate->entries = mem_resize(gate->entries, count, sizeof(*gate->entries));
		memset(gate->entries + gate->entry_count, 0,
		       (count - gate->entry_count) * sizeof(*gate->entries));
		gate->entry_count = count;
	}
	return &gate->entries[fd];
}

void read_gate_release(struct read_gate *gate)
{
	free(gate->entries);
	*gate = (struct read_gate){ .entries = NULL };
}

/* ---- the queue ---- */

static void hold(struct read_gate *gate, int fd)
{
	struct read_gate_entry *entry = gate_entry_of(gate, fd);

	*entry = (struct read_gate_entry){ .state = STATE_HELD, .previous = gate->last };
	if (gate->last)
		gate->entries[gate->last - 1].next = fd + 1;
	else
		gate->first = fd + 1;
	gate->last = fd + 1;
}

static void take_out(struct read_gate *gate, int fd)
{
	struct read_gate_entry *entry = &gate->entries[fd];

	if (entry->previous)
		gate->entries[entry->previous - 1].next = entry->next;
	else
		gate->first = entry->next;
	if (entry->next)
		gate->entries[entry->next - 1].previous = entry->previous;
	else
		gate->last = entry->previous;
	*entry = (struct read_gate_entry){ .state = STATE_NEW };
}

static void begin_period(struct read_gate *gate, unsigned int turns, unsigned int next_turns,
			 int64_t now_ms)
{
	if (gate->turns < turns)
		gate->turns = turns;
	gate->next_turns = next_turns < READ_GATE_TURNS_MAX ? next_turns : READ_GATE_TURNS_MAX;
	gate->ends = 0;
	gate->period_ms = now_ms;
}

void read_gate_begin_round(struct read_gate *gate, bool is_tight, int64_t now_ms)
{
	bool period_is_over = now_ms - gate->period_ms >= READ_GATE_PERIOD_MS;

	if (!is_tight)
		gate->turns = READ_GATE_ROUND;
	else if (!gate->is_tight || (period_is_over && !gate->first))
		begin_period(gate, READ_GATE_TURNS, READ_GATE_TURNS, now_ms);
	else if (period_is_over && gate->ends >= READ_GATE_ENDS_MIN)
		begin_period(gate, 0, READ_GATE_TURNS, now_ms);
	else if (period_is_over)
		begin_period(gate, gate->next_turns, 2 * gate->next_turns, now_ms);
	gate->is_tight = is_tight;
	gate->has_passed = false;
	while (gate->first && gate->turns > 0)
		read_gate_free(gate, gate->first - 1);
}

int read_gate_timeout(const struct read_gate *gate)
{
	return gate->first ? LOOK_MS : -1;
}

/* ---- one socket ---- */

bool read_gate_holds(const struct read_gate *gate, int fd)
{
	return fd >= 0 && (size_t)fd < gate->entry_count && gate->entries[fd].state == STATE_HELD;
}

void read_gate_free(struct read_gate *gate, int fd)
{
	if (read_gate_holds(gate, fd))
		take_out(gate, fd);
	if (gate->turns > 0)
		gate->turns--;
	gate_entry_of(gate, fd)->state = STATE_PASSED;
	gate->has_passed = true;
}

bool read_gate_pass(struct read_gate *gate, int fd)
{
	switch (gate_entry_of(gate, fd)->state) {
	case STATE_PASSED: return true;
	case STATE_HELD: return false;
	case STATE_NEW: break;
	}
	/* Sockets in the queue come before a new one. */
	if (gate->turns > 0 && !gate->first) {
		read_gate_free(gate, fd);
		return true;
	}
	if (gate->is_tight)
		hold(gate, fd);
	return false;
}

void read_gate_closed(struct read_gate *gate, int fd)
{
	struct read_gate_entry *entry;

	if (fd < 0 || (size_t)fd >= gate->entry_count)
		return;
	entry = &gate->entries[fd];
	if (entry->state == STATE_HELD) {
		take_out(gate, fd);
	} else if (entry->state == STATE_PASSED && gate->is_tight) {
		gate->ends++;
		if (gate->turns < READ_GATE_TURNS)
			gate->turns++;
	}
	entry->state = STATE_NEW;
}
