// SPDX-License-Identifier: Apache-2.0
#include "core/base/reserve.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* More than twice the deepest stack that was measured, 211 KiB below main(). */
#define STACK_SIZE ((size_t)512 * 1024)

int reserve_stack(struct error *err)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	struct rlimit limit;
	void *probe;

	/* With such a low limit nothing can be reserved, and the usual need is less. */
	if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur < 2 * STACK_SIZE)
		return 0;
	probe = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (probe == MAP_FAILED)
		return error_set(err, errno, "reserve %zu KiB for the stack", STACK_SIZE / 1024);
	munmap(probe, STACK_SIZE);
	/*
	 * One access makes the kernel grow the mapping down to this address; the pages between are
	 * allocated when they are used.  A local array of this size would be touched page by page
	 * (-fstack-clash-protection).
	 */
	*(volatile char *)(here - STACK_SIZE) = 0;
	return 0;
}
