/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_POLLSET_H
#define URUN_NETNS_SLIRP_POLLSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/*
 * Descriptors to wait for, told anew each round as libslirp does; the kernel hears of what changed
 * only, so that waiting costs what is ready and not what is open.
 * Runs in: urun-slirp.
 */
struct pollset_entry {
	uint32_t round; /* in which it was last asked for */
	uint32_t events; /* EPOLL…, as the kernel has them; 0: it knows nothing of the descriptor */
	uint32_t returned; /* EPOLL…, of the last wait */
	bool member;	   /* is in the list of members */
};

struct pollset {
	int epoll;
	struct pollset_entry *entries; /* by descriptor */
	size_t entry_count;
	int *members; /* those that the kernel knows, and some that are to be taken out */
	size_t member_count;
	size_t member_room;
	uint32_t round;
	bool is_incomplete; /* the kernel refused to watch a descriptor of this round (ENOMEM) */
};
#define POLLSET_NONE ((struct pollset){ .epoll = -1 })

int pollset_open(struct pollset *ret_set, struct error *err);
void pollset_close(struct pollset *set);

/* A round: what is asked for between the two is waited for, and nothing else. */
void pollset_begin(struct pollset *set);
void pollset_ask(struct pollset *set, int fd, uint32_t events);
void pollset_end(struct pollset *set);

/*
 * Waits @timeout_ms, -1: for ever; but a tenth of a second at most where the kernel couldn't watch a
 * descriptor: the caller's next round asks for it again.  Returns how many are ready, or a negative
 * errno.  Descriptors that aren't ready any more return nothing.
 */
int pollset_wait(struct pollset *set, int timeout_ms);

/* EPOLL… of the last wait. */
uint32_t pollset_returned(const struct pollset *set, int fd);

/* To be called before @fd is closed: its number may come again as another. */
void pollset_forget(struct pollset *set, int fd);

#endif
