// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/give_back.h"

#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What reserve_stack() has made room for; where that wasn't done, the kernel passes over what isn't mapped. */
#define STACK_SIZE ((uintptr_t)512 * 1024)

/* The program, and where it isn't linked statically its libraries, have four segments each. */
#define SEGMENTS_MAX 64

struct segments {
	uintptr_t page;
	size_t count;
	struct {
		uintptr_t first, size;
	} items[SEGMENTS_MAX];
};

/*
 * A writable segment is left alone: its relocations, which are made read-only later, exist in memory only.
 */
static int list_segments(struct dl_phdr_info *object, size_t size, void *context)
{
	struct segments *list = context;

	(void)size;
	for (size_t i = 0; i < object->dlpi_phnum && list->count < SEGMENTS_MAX; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t begin = object->dlpi_addr + segment->p_vaddr;
		uintptr_t first = begin & ~(list->page - 1);

		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		list->items[list->count].first = first;
		list->items[list->count++].size = begin + segment->p_memsz - first;
	}
	return 0;
}

/* The page of this frame, and the one below, which the calls from here use, stay. */
__attribute__((noinline)) static void give_back_stack(uintptr_t page)
{
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) & ~(page - 1)) - page;

	madvise((void *)(end - STACK_SIZE), STACK_SIZE, MADV_DONTNEED);
}

/*
 * ORDER: the segments last, and nothing else between: each call from here on maps pages again, 16 at a time.
 * For the same reason all are by one function of the C library.
 */
int give_back_and_poll(struct pollfd *fds, size_t count, int timeout_ms)
{
	struct segments list = { .page = (uintptr_t)sysconf(_SC_PAGESIZE) };

	malloc_trim(0);
	give_back_stack(list.page);
	dl_iterate_phdr(list_segments, &list);
	for (size_t i = 0; i < list.count; i++)
		syscall(SYS_madvise, list.items[i].first, list.items[i].size, MADV_DONTNEED);
	return poll(fds, count, timeout_ms);
}
