// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-slirp.
 *
 * What a hostile container can do here: write anything into its own /etc/hosts.  The file is read
 * with a bound, and only our own lines in it are replaced; where that fails the file stays as it is.
 * A container can't reach the control socket.
 *
 * What may block: nothing.  A request is read when it has arrived, and its answer fits into an empty
 * socket.
 */
#include "netns/slirp/members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "netns/host_resolv.h"
#include "netns/resolv.h"

#define MEMBERS_MAX 256

/* Connections whose requests haven't arrived yet; others wait in the socket's queue. */
#define CONTROLS_MAX 4

struct entry {
	char name[MEMBER_NAME_SIZE];
	int pidfd;
	int hosts; /* -1: the container has its own file */
	struct resolv_follower resolv;
};

struct members {
	int listener;
	int controls[CONTROLS_MAX]; /* -1: free */
	struct entry *items;
	size_t count;
	/* The host's resolv.conf, for members that join later; NULL: not received yet. */
	const struct network_options *options;
	char *text;
	size_t text_size;
};

struct members *members_new(int listener)
{
	struct members *members = mem_alloc(sizeof(*members));

	members->listener = listener;
	for (size_t i = 0; i < CONTROLS_MAX; i++)
		members->controls[i] = -1;
	return members;
}

static void close_watched(struct pollset *set, int *fd)
{
	if (*fd >= 0)
		pollset_forget(set, *fd);
	fd_close(fd);
}

static void release_entry(struct entry *entry, struct pollset *set)
{
	close_watched(set, &entry->pidfd);
	fd_close(&entry->hosts);
	resolv_follower_release(&entry->resolv);
}

void members_free(struct members *members, struct pollset *set)
{
	if (!members)
		return;
	for (size_t i = 0; i < members->count; i++)
		release_entry(&members->items[i], set);
	for (size_t i = 0; i < CONTROLS_MAX; i++)
		close_watched(set, &members->controls[i]);
	close_watched(set, &members->listener);
	free(members->items);
	free(members->text);
	free(members);
}

bool members_are_left(const struct members *members)
{
	return members->count > 0;
}

/* ---- /etc/hosts ---- */

static void tell_all_names(const struct members *members)
{
	struct str_list names = { 0 };

	for (size_t i = 0; i < members->count; i++)
		str_list_add(&names, members->items[i].name);
	for (size_t i = 0; i < members->count; i++)
		if (members->items[i].hosts >= 0)
			resolv_hosts_update(members->items[i].hosts, &names);
	str_list_release(&names);
}

/* ---- the members ---- */

int members_add(struct members *members, const struct member *member, int pidfd,
		const int files[static MEMBER_FILE_COUNT])
{
	struct entry entry = { .pidfd = pidfd, .hosts = files[MEMBER_HOSTS] };

	if (members->count == MEMBERS_MAX || memchr(member->name, '\0', MEMBER_NAME_SIZE) == NULL) {
		for (int i = 0; i < MEMBER_FILE_COUNT; i++)
			if (files[i] >= 0)
				close(files[i]);
		close(pidfd);
		return members->count == MEMBERS_MAX ? -ENOSPC : -EINVAL;
	}
	memcpy(entry.name, member->name, MEMBER_NAME_SIZE);
	resolv_follower_begin(&entry.resolv, files[MEMBER_RESOLV]);
	/* The host's file may have changed since the member's was made. */
	if (members->text)
		resolv_follower_update(&entry.resolv, members->options, members->text,
				       members->text_size);
	members->items = mem_resize(members->items, members->count + 1, sizeof(*members->items));
	members->items[members->count++] = entry;
	return 0;
}

void members_update_resolv(struct members *members, const struct network_options *options,
			   const char *text, size_t size)
{
	for (size_t i = 0; i < members->count; i++)
		resolv_follower_update(&members->items[i].resolv, options, text, size);
	free(members->text);
	members->options = options;
	members->text = str_dup_n(text, size);
	members->text_size = size;
}

/* Returns whether a member has ended. */
static bool remove_ended(struct members *members, struct pollset *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < members->count; i++)
		if (pollset_returned(set, members->items[i].pidfd))
			release_entry(&members->items[i], set);
		else
			members->items[kept++] = members->items[i];
	if (kept == members->count)
		return false;
	members->count = kept;
	return true;
}

/* ---- requests ---- */

/* Returns 0 or a negative errno; takes over the descriptors. */
static int take_request(struct members *members, const struct member *member, ssize_t size,
			int *fds, size_t count)
{
	int files[MEMBER_FILE_COUNT] = { [0 ... MEMBER_FILE_COUNT - 1] = -1 };
	size_t taken = 1;

	if (size != (ssize_t)sizeof(*member) || count == 0)
		return -EINVAL;
	for (int i = 0; i < MEMBER_FILE_COUNT; i++)
		if ((member->files & (1u << i)) && taken < count)
			files[i] = take_fd(&fds[taken++]);
	return members_add(members, member, take_fd(&fds[0]), files);
}

static void serve_control(struct members *members, struct pollset *set, int *control)
{
	struct member member = { 0 };
	struct iovec in = { &member, sizeof(member) };
	int fds[1 + MEMBER_FILE_COUNT] = { [0 ... MEMBER_FILE_COUNT] = -1 };
	struct member_answer answer = { 0 };
	struct iovec out = { &answer, sizeof(answer) };
	size_t count = 0;
	ssize_t got = rights_receive(*control, &in, 1, MSG_DONTWAIT, fds, ARRAY_SIZE(fds), &count);

	if (got == -EAGAIN)
		return;
	if (got > 0)
		answer.errnum = -take_request(members, &member, got, fds, count);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(&fds[i]);
	/* ORDER: before the answer, after which the new member's program begins. */
	if (got > 0 && answer.errnum == 0)
		tell_all_names(members);
	if (got > 0)
		rights_send(*control, &out, 1, NULL, 0);
	close_watched(set, control);
}

static int *free_control(struct members *members)
{
	for (size_t i = 0; i < CONTROLS_MAX; i++)
		if (members->controls[i] < 0)
			return &members->controls[i];
	return NULL;
}

static void accept_control(struct members *members, const struct pollset *set)
{
	int *control = free_control(members);

	if (control && members->listener >= 0 && pollset_returned(set, members->listener))
		*control = accept4(members->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void members_ask(struct members *members, struct pollset *set)
{
	for (size_t i = 0; i < members->count; i++)
		pollset_ask(set, members->items[i].pidfd, EPOLLIN);
	for (size_t i = 0; i < CONTROLS_MAX; i++)
		if (members->controls[i] >= 0)
			pollset_ask(set, members->controls[i], EPOLLIN);
	if (members->listener >= 0 && free_control(members))
		pollset_ask(set, members->listener, EPOLLIN);
}

void members_run(struct members *members, struct pollset *set)
{
	if (remove_ended(members, set))
		tell_all_names(members);
	for (size_t i = 0; i < CONTROLS_MAX; i++)
		if (members->controls[i] >= 0 && pollset_returned(set, members->controls[i]))
			serve_control(members, set, &members->controls[i]);
	accept_control(members, set);
}
