/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_WATCH_H
#define URUN_NETNS_PORTS_WATCH_H

#include <stdint.h>
#include <sys/epoll.h>

/*
 * A descriptor in the epoll set, as a member of the object that it belongs to.
 * Runs in: urun-port.  Source: epoll(7).
 */
struct watch {
	int fd; /* -1: none */
	/*
	 * NULL: the object has ended, and is freed after all descriptors that were ready have been
	 * served.
	 */
	void (*ready)(struct watch *watch, uint32_t events);
};

/* The struct that @watch is the member @member of. */
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
 * Must be called before the descriptor is closed if another process may have the same socket: epoll
 * would keep watching that socket, with a pointer to freed memory.
 */
static inline void watch_remove(int epoll, struct watch *watch)
{
	epoll_ctl(epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

#endif
