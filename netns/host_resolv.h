/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_HOST_RESOLV_H
#define URUN_NETNS_HOST_RESOLV_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "netns/options.h"

/*
 * The host's /etc/resolv.conf as it changes: rewritten, renamed over, removed and made anew, a link
 * to another file, in another directory, under another mount.  To see all that takes the host's
 * whole tree, which urun-slirp mustn't have: a process of its own watches, which has nothing to do
 * with the container.  It sends each text whole, in one packet, and ends with urun-slirp.
 * Source: inotify(7), proc_pid_mountinfo(5).
 */

/*
 * Starts the watcher.  *ret_fd is the caller's: the socket on which it sends.
 * Runs in: urun-slirp's first process.
 */
int host_resolv_start(int *ret_fd, struct error *err);

/*
 * Appends what inotify(7) has to watch for @path: each directory in which a step of the path is
 * looked up, links followed, with NUL behind each, in pairs of directory and name.
 * For tests.  Runs in: any.
 */
void host_resolv_steps(const char *path, struct strbuf *out);

/* ---- urun-slirp's side ---- */

struct resolv_follower {
	int watcher_fd; /* -1: there is no watcher */
	int file_fd;	/* the container's resolv.conf; -1: it isn't ours */
	char *written;	/* what we, or the parent, have written there last; NULL: unknown */
	size_t written_size;
};

/* From now on @file_fd is the container's file, which stays the caller's; -1: it isn't ours. */
void resolv_follower_begin(struct resolv_follower *follower, int file_fd);

/*
 * A text of the watcher's, which the caller frees, where its socket is ready (@hung_up: EPOLLHUP).
 * Returns its size, or -1 where the watcher has ended.
 */
ssize_t resolv_follower_hear(struct resolv_follower *follower, bool hung_up, char **ret_text);

/*
 * Brings the container's file up to date with @host.  One that was changed in the container is left
 * as it is.
 */
void resolv_follower_update(struct resolv_follower *follower, const struct network_options *options,
			    const char *host, size_t size);
void resolv_follower_release(struct resolv_follower *follower);

#endif
