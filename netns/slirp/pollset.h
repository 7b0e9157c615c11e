/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_POLLSET_H
#define URUN_NETNS_SLIRP_POLLSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/*
 * The descriptors to wait for, which libslirp tells anew in each round.  The kernel is told only
 * what changes, so that a wait costs what is ready, not what is open.
 * Runs in: urun-slirp.
 */
struct pollset_entry {
	uint32_t round;	   /* the last round that asked for it */
	uint32_t events;   /* EPOLL… that the kernel watches; 0: it has no such descriptor */
	uint32_t returned; /* EPOLL…, of the last wait */
	bool member;	   /* is in @members */
};

struct pollset {
	int epoll;
	struct pollset_entry *entries; /* by descriptor */
	size_t entry_count;
	int *members; /* those that the kernel knows, and some that are about to be removed */
	size_t member_count;
	size_t member_room;
	uint32_t round;
	bool is_incomplete; /* the kernel refused to watch a descriptor of this round (ENOMEM) */
};
#define POLLSET_NONE ((struct pollset){ .epoll = -1 })

int pollset_open(struct pollset *ret_set, struct error *err);
void pollset_close(struct pollset *set);

/* A round: exactly what is asked for between begin and end is waited for. */
void pollset_begin(struct pollset *set);
void pollset_ask(struct pollset *set, int fd, uint32_t events);
void pollset_end(struct pollset *set);

/*
 * Waits @timeout_ms (-1: for ever), or a tenth of a second at most if the kernel couldn't watch a
 * descriptor, which the next round asks for again.  Returns the number of ready descriptors, or a
 * negative errno.
 */
int pollset_wait(struct pollset *set, int timeout_ms);

/* The EPOLL… events of the last wait; 0 if the descriptor wasn't ready. */
uint32_t pollset_returned(const struct pollset *set, int fd);

/* Must be called before @fd is closed: another file may get the same number. */
void pollset_forget(struct pollset *set, int fd);

#endif
