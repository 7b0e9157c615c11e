// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/span.h"

/* A look costs a system call; what so many frames can take is small beside the limits. */
#define CALLS_A_LOOK 64
#define LOOK_MS	     100

void memory_open(struct memory_watch *ret_watch)
{
	*ret_watch = (struct memory_watch){
		.statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC),
		.page_size = sysconf(_SC_PAGESIZE),
	};
}

void memory_close(struct memory_watch *watch)
{
	fd_close(&watch->statm_fd);
}

/* The second number: resident pages.  Source: proc(5), /proc/pid/statm. */
static size_t resident(const struct memory_watch *watch)
{
	char bytes[128];
	ssize_t got = pread(watch->statm_fd, bytes, sizeof(bytes), 0);
	struct span rest = { bytes, got > 0 ? (size_t)got : 0 }, total, number;
	uint32_t pages = 0;

	if (!span_cut(&rest, ' ', &total) || !span_cut(&rest, ' ', &number) ||
	    !span_number(number, &pages))
		return 0;
	return (size_t)pages * (size_t)watch->page_size;
}

static enum memory_state look(const struct memory_watch *watch)
{
	size_t size = resident(watch);

	/* What was freed isn't the kernel's again until it is told: else it is short for ever. */
	if (size > MEMORY_SHORT_AT && malloc_trim(0))
		size = resident(watch);
	if (size > MEMORY_EXHAUSTED_AT)
		return MEMORY_EXHAUSTED;
	return size > MEMORY_SHORT_AT ? MEMORY_SHORT : MEMORY_PLENTY;
}

enum memory_state memory_state(struct memory_watch *watch)
{
	int64_t now;

	if (watch->statm_fd < 0)
		return MEMORY_PLENTY;
	watch->calls++;
	if (watch->state == MEMORY_PLENTY && watch->calls % CALLS_A_LOOK != 0)
		return watch->state;
	/* While it is short each look is a search for memory to give back: not more often than this. */
	now = clock_ms();
	if (watch->state != MEMORY_PLENTY && now - watch->looked_ms < LOOK_MS)
		return watch->state;
	watch->looked_ms = now;
	watch->state = look(watch);
	return watch->state;
}
