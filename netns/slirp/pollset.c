// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/pollset.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/base/fd.h"
#include "core/base/str.h"

/* Events that one wait returns; further ones are returned by the next wait. */
#define READY_MAX 256

/* How long until the kernel is asked again to watch a descriptor that it had no memory for. */
#define RETRY_MS 100

int pollset_open(struct pollset *ret_set, struct error *err)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0)
		return error_set(err, errno, "make an epoll descriptor");
	*ret_set = (struct pollset){ .epoll = epoll };
	return 0;
}

void pollset_close(struct pollset *set)
{
	fd_close(&set->epoll);
	free(set->entries);
	free(set->members);
	*set = POLLSET_NONE;
}

void pollset_begin(struct pollset *set)
{
	set->is_incomplete = false;
	set->round++;
}

static struct pollset_entry *pollset_entry_of(struct pollset *set, int fd)
{
	size_t count = set->entry_count ? set->entry_count : 64;

	while (count <= (size_t)fd)
		count *= 2;
	if (count > set->entry_count) {
		set->entries = mem_resize(set->entries, count, sizeof(*set->entries));
		memset(set->entries + set->entry_count, 0,
		       (count - set->entry_count) * sizeof(*set->entries));
		set->entry_count = count;
	}
	return &set->entries[fd];
}

/* ENOENT and EEXIST: the descriptor was closed behind our back, and its number came again. */
static bool tell_kernel(const struct pollset *set, int fd, bool known, struct epoll_event *event)
{
	if (epoll_ctl(set->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, event) == 0)
		return true;
	if (errno != ENOENT && errno != EEXIST)
		return false;
	return epoll_ctl(set->epoll, errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, event) ==
	       0;
}

void pollset_ask(struct pollset *set, int fd, uint32_t events)
{
	struct pollset_entry *entry = pollset_entry_of(set, fd);
	struct epoll_event event = { .events = events, .data.fd = fd };

	entry->round = set->round;
	if (entry->events == events)
		return;
	if (!entry->member && set->member_count == set->member_room) {
		set->member_room = set->member_room ? set->member_room * 2 : 64;
		set->members = mem_resize(set->members, set->member_room, sizeof(*set->members));
	}
	if (!entry->member)
		set->members[set->member_count++] = fd;
	entry->member = true;
	if (tell_kernel(set, fd, entry->events != 0, &event))
		entry->events = events;
	else
		set->is_incomplete = true;
}

void pollset_end(struct pollset *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->member_count; i++) {
		int fd = set->members[i];
		struct pollset_entry *entry = &set->entries[fd];

		if (entry->events != 0 && entry->round == set->round) {
			set->members[kept++] = fd;
			continue;
		}
		if (entry->events != 0)
			epoll_ctl(set->epoll, EPOLL_CTL_DEL, fd, NULL);
		*entry = (struct pollset_entry){ .round = 0 };
	}
	set->member_count = kept;
}

int pollset_wait(struct pollset *set, int timeout_ms)
{
	struct epoll_event ready[READY_MAX];
	bool soon = set->is_incomplete && (timeout_ms < 0 || timeout_ms > RETRY_MS);
	int count = epoll_wait(set->epoll, ready, READY_MAX, soon ? RETRY_MS : timeout_ms);
	int errnum = errno;

	for (size_t i = 0; i < set->member_count; i++)
		set->entries[set->members[i]].returned = 0;
	for (int i = 0; i < count; i++)
		set->entries[ready[i].data.fd].returned = ready[i].events;
	return count < 0 ? -errnum : count;
}

uint32_t pollset_returned(const struct pollset *set, int fd)
{
	return (size_t)fd < set->entry_count ? set->entries[fd].returned : 0;
}

void pollset_forget(struct pollset *set, int fd)
{
	struct pollset_entry *entry;

	if ((size_t)fd >= set->entry_count)
		return;
	entry = &set->entries[fd];
	if (entry->events != 0)
		epoll_ctl(set->epoll, EPOLL_CTL_DEL, fd, NULL);
	entry->events = 0;
	entry->returned = 0;
}
