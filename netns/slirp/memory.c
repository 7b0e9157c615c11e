// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/span.h"

/*
 * A measurement is a system call.  What this many frames can allocate is small beside the limits.
 */
#define CALLS_A_LOOK  64
#define LOOK_MS	      100
#define LOOK_TIGHT_MS 10

/*
 * libslirp has two buffers of 128 KiB or more for each connection, of which a few pages are used,
 * and 64 KiB for a packet.  As a mapping of its own, each costs only the pages that are used, and
 * nothing when it is freed.  Without these settings glibc raises its threshold when the first one
 * is freed: from then on buffers come from the heap, with pages that others have used, and only the
 * end of the heap is ever returned.
 */
#define MAPPED_AT (64 << 10)
/* Less than a buffer may lie free at the heap's end: otherwise buffers would be placed there. */
#define HEAP_STEP (32 << 10)
/* Searching the heap for free pages isn't worth it for fewer connections. */
#define TRIM_MIN 64

/*
 * To map, move and unmap the two buffers, and the faults of their pages, are a quarter of the work for a short
 * connection.  As long as there are few connections, one uses the pages of another that has ended, on the heap.
 */
#define REUSE_MAX    8
#define REUSE_AGAIN  4
#define REUSED_BELOW (1 << 20)
#define REUSE_STEP   (512 << 10)
#define REUSE_KEPT   (4 << 20)

/* How long nothing was to do, before the pages are given back. */
#define REST_MS 1000

static void set_buffer_reuse(struct memory_meter *meter, bool reuses)
{
	meter->reuses = reuses;
	mallopt(M_MMAP_THRESHOLD, reuses ? REUSED_BELOW : MAPPED_AT);
	mallopt(M_TOP_PAD, reuses ? REUSE_STEP : HEAP_STEP);
	mallopt(M_TRIM_THRESHOLD, reuses ? REUSE_KEPT : 2 * HEAP_STEP);
}

void memory_open(struct memory_meter *ret_meter)
{
	*ret_meter = (struct memory_meter){
		.statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC),
		.page_size = sysconf(_SC_PAGESIZE),
	};
	set_buffer_reuse(ret_meter, true);
}

void memory_close(struct memory_meter *meter)
{
	fd_close(&meter->statm_fd);
}

/* Returns the resident bytes, from the second number.  Source: proc(5), /proc/pid/statm. */
static size_t resident(const struct memory_meter *meter)
{
	char bytes[128];
	ssize_t got = pread(meter->statm_fd, bytes, sizeof(bytes), 0);
	struct span rest = { bytes, got > 0 ? (size_t)got : 0 }, total, number;
	uint32_t pages = 0;

	if (!span_cut(&rest, ' ', &total) || !span_cut(&rest, ' ', &number) ||
	    !span_number(number, &pages))
		return 0;
	return (size_t)pages * (size_t)meter->page_size;
}

static bool is_at_rest(const struct memory_meter *meter, int64_t now_ms)
{
	return meter->has_begun && now_ms - meter->moved_ms >= REST_MS;
}

void memory_begin(struct memory_meter *meter, size_t count)
{
	meter->has_begun = true;
	if (!meter->reuses || count < REUSE_MAX)
		return;
	set_buffer_reuse(meter, false);
	/* As soon as buffers are mapped, nobody uses the free pages of the heap. */
	malloc_trim(0);
}

void memory_turn(struct memory_meter *meter, size_t count, bool moved, int64_t now_ms)
{
	bool rests = !moved && is_at_rest(meter, now_ms);

	if (moved)
		meter->moved_ms = now_ms;
	if (!meter->reuses && count <= REUSE_AGAIN)
		set_buffer_reuse(meter, true);
	if (count > meter->most)
		meter->most = count;
	if (!rests && (meter->most < TRIM_MIN || count > meter->most / 4))
		return;
	meter->most = count;
	meter->has_begun = meter->has_begun && !rests;
	malloc_trim(0);
}

int memory_timeout(const struct memory_meter *meter, int64_t now_ms)
{
	if (!meter->has_begun)
		return -1;
	return is_at_rest(meter, now_ms) ? 0 : (int)(meter->moved_ms + REST_MS - now_ms);
}

static enum memory_state measure(const struct memory_meter *meter)
{
	size_t size = resident(meter);

	/*
	 * Freed memory stays ours until it is trimmed: without this, memory would be short for
	 * ever.
	 */
	if (size > MEMORY_SHORT_AT && malloc_trim(0))
		size = resident(meter);
	if (size > MEMORY_EXHAUSTED_AT)
		return MEMORY_EXHAUSTED;
	if (size > MEMORY_SHORT_AT)
		return MEMORY_SHORT;
	return size > MEMORY_TIGHT_AT ? MEMORY_TIGHT : MEMORY_PLENTY;
}

enum memory_state memory_state(struct memory_meter *meter)
{
	int64_t now, wait_ms;

	if (meter->statm_fd < 0)
		return MEMORY_PLENTY;
	meter->calls++;
	if (meter->state == MEMORY_PLENTY && meter->calls % CALLS_A_LOOK != 0 && !meter->is_due)
		return meter->state;
	meter->is_due = false;
	/* While memory is short, each measurement searches the heap: not more often than this. */
	now = clock_ms();
	wait_ms = meter->state == MEMORY_TIGHT ? LOOK_TIGHT_MS : LOOK_MS;
	if (meter->state != MEMORY_PLENTY && now - meter->looked_ms < wait_ms)
		return meter->state;
	meter->looked_ms = now;
	meter->state = measure(meter);
	return meter->state;
}

/* Few connections can't take much, and a measurement is a tenth of the work for a short one. */
void memory_look(struct memory_meter *meter)
{
	meter->is_due = !meter->reuses;
}
