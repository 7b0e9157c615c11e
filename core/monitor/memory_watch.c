// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/monitor/memory_watch.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* The kernel tells of a kill within so many seconds of the last event, and the process has ended by then. */
#define NOTICE_SECONDS 3

int64_t memory_events_kills(const char *text, size_t size)
{
	static const char name[] = "oom_kill ";
	size_t length = sizeof(name) - 1;
	int64_t kills = 0;

	for (size_t at = 0; at + length < size; at++) {
		if ((at > 0 && text[at - 1] != '\n') || memcmp(text + at, name, length) != 0)
			continue;
		for (at += length; at < size && text[at] >= '0' && text[at] <= '9'; at++)
			kills = kills * 10 + text[at] - '0';
		return kills;
	}
	return -1;
}

static int64_t read_kills(int fd)
{
	/* The kernel writes eight names at most, each with a number. */
	char text[512];
	ssize_t got = pread(fd, text, sizeof(text), 0);

	return got > 0 ? memory_events_kills(text, (size_t)got) : -1;
}

void memory_watch_begin(struct memory_watch *watch)
{
	watch->above_kills = read_kills(watch->above);
}

void memory_watch_look(struct memory_watch *watch)
{
	struct timespec now = { 0 };
	int64_t above, own;

	if (watch->own < 0)
		return;
	/* ORDER: above first: a kill between the two is seen in the second, or the next time in the first. */
	above = read_kills(watch->above);
	own = read_kills(watch->own);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (own >= 0)
		watch->killed = own > 0;
	else if (watch->above_kills >= 0 &&
		 (!watch->read_at || now.tv_sec - watch->read_at <= NOTICE_SECONDS))
		watch->killed = above > watch->above_kills;
	/* A file that can't be read would make poll(2) return at once for ever. */
	if (own < 0 || watch->killed)
		watch->own = -1;
	watch->above_kills = above;
	watch->read_at = now.tv_sec;
}
