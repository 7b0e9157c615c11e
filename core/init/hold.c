// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init after pivot_root.
 *
 * Process 1 of namespaces that containers share by a key.  It has an empty root, no capability, no
 * descriptor of the host but its socket, and a filter that allows nothing but its loop, since the root of
 * each member may take it over.
 */
#include "core/init/hold.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "core/init/capability.h"
#include "core/init/hold_filter.h"
#include "core/sync/hold.h"

/* Descriptors at most.  Bounds the memory. */
#define FILES_MAX 65536

/* The listener is item 0.  A member is its connection first, and its pidfd later. */
struct hold {
	struct pollfd *items;
	bool *are_pidfds;
	size_t count, room;
};

static void add(struct hold *hold, int fd)
{
	hold->items[hold->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	hold->are_pidfds[hold->count++] = false;
}

static void accept_member(struct hold *hold)
{
	struct hold_hello hello = { .members = (uint32_t)(hold->count - 1) };
	const struct iovec part = { &hello, sizeof(hello) };
	int fd = accept4(hold->items[0].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	/* Where the peer has gone, the next look at the connection says so. */
	(void)rights_send(fd, &part, 1, NULL, 0);
	add(hold, fd);
}

/* Takes the pidfd that the connection brings.  False: the connection has ended without one. */
static bool take_pidfd(struct hold *hold, size_t index)
{
	int connection = hold->items[index].fd, pidfd = -1;
	size_t count = 0;
	char byte = 0;
	const struct iovec part = { &byte, 1 };

	if (rights_receive(connection, &part, 1, 0, &pidfd, 1, &count) <= 0 || count != 1)
		return false;
	(void)rights_send(connection, &part, 1, NULL, 0);
	close(connection);
	hold->items[index].fd = pidfd;
	hold->are_pidfds[index] = true;
	return true;
}

static void attend_members(struct hold *hold)
{
	size_t kept = 1;

	for (size_t i = 1; i < hold->count; i++) {
		if (hold->items[i].revents && (hold->are_pidfds[i] || !take_pidfd(hold, i))) {
			close(hold->items[i].fd);
			continue;
		}
		hold->items[kept] = hold->items[i];
		hold->are_pidfds[kept++] = hold->are_pidfds[i];
	}
	hold->count = kept;
}

/* The parent has connected before it sent us the listener, so the first member is there already. */
_Noreturn static void attend_hold(struct hold *hold)
{
	for (;;) {
		/* A connection for which there is no room waits until a member has ended. */
		hold->items[0].events = hold->count < hold->room ? POLLIN : 0;
		if (poll(hold->items, hold->count, -1) < 0)
			continue;
		attend_members(hold);
		/* ORDER: after the members that have ended, which hello doesn't count. */
		if (hold->items[0].revents)
			accept_member(hold);
		else if (hold->count == 1)
			_exit(0);
	}
}

/* All memory is allocated here: the filter allows no more. */
static struct hold make_hold(int listener)
{
	struct hold hold = { 0 };
	struct rlimit files = { .rlim_max = 1024 };

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max > FILES_MAX)
		files.rlim_max = FILES_MAX;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	/* The rest is for other descriptors, and for a pidfd beside its connection. */
	hold.room = files.rlim_max - files.rlim_max / 8;
	hold.items = mem_resize(NULL, hold.room, sizeof(*hold.items));
	hold.are_pidfds = mem_resize(NULL, hold.room, sizeof(*hold.are_pidfds));
	add(&hold, listener);
	return hold;
}

static int give_up_rights(const struct self *self, struct error *err)
{
	const struct config_capabilities none = { 0 };

	if (capability_drop_bounding(&none, err) < 0 || capability_apply(&none, err) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	/* A container that joins opens our namespaces: core/init/self.c, become_visible(). */
	if (self->joins)
		prctl(PR_SET_DUMPABLE, 1);
	return hold_filter_load(err);
}

int hold_namespaces(struct self *self, struct error *err)
{
	struct hold hold = make_hold(self->hold);

	/* What the members leave behind is reaped by the kernel. */
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "urun:hold");
	if (give_up_rights(self, err) < 0)
		return -1;
	fd_close(&self->sync_fd);
	attend_hold(&hold);
}
