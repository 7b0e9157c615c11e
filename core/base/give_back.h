/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_GIVE_BACK_H
#define URUN_BASE_GIVE_BACK_H

#include <poll.h>
#include <stddef.h>

/*
 * poll(2), for a process that is about to wait for long: before, it gives the kernel the pages that waiting
 * doesn't need.  These are the free parts of the heap, the stack below the caller, and the pages of the program
 * that nobody has written to, which the kernel maps again from its page cache when they are needed.
 */
int give_back_and_poll(struct pollfd *fds, size_t count, int timeout_ms);

#endif
