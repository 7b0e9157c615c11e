// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/span.h"

/* A look costs a system call: each thing that is asked for is small beside the limit. */
#define CALLS_A_LOOK 64

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

bool memory_is_short(struct memory_watch *watch)
{
	if (watch->statm_fd < 0 || watch->calls++ % CALLS_A_LOOK != 0)
		return watch->is_short;
	watch->is_short = resident(watch) > MEMORY_MAX;
	/* What was freed isn't the kernel's again until it is told: else we stay short for ever. */
	if (watch->is_short && malloc_trim(0))
		watch->is_short = resident(watch) > MEMORY_MAX;
	return watch->is_short;
}
