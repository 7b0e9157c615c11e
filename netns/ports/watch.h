/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_WATCH_H
#define URUN_NETNS_PORTS_WATCH_H

#include <stdint.h>
#include <sys/epoll.h>

/*
 * A descriptor that is waited for, as part of what it belongs to.
 * Runs in: urun-port.  Source: epoll(7).
 */
struct watch {
	int fd; /* -1: none */
	/* NULL: what it belongs to has ended, and is freed when all that was ready has been seen. */
	void (*ready)(struct watch *watch, uint32_t events);
};

/* What a struct has a watch in. */
#define watch_owner(watch, type, member) ((type *)(void *)((char *)(watch)-offsetof(type, member)))

static inline int watch_add(int epoll, struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, watch->fd, &event);
}

static inline void watch_change(int epoll, struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	epoll_ctl(epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

/*
 * To be called before the descriptor is closed where another process may have the same socket: that
 * keeps it watched, with what was freed.
 */
static inline void watch_remove(int epoll, struct watch *watch)
{
	epoll_ctl(epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

#endif
