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
 * whole tree, which urun-slirp mustn't have: a process of its own watches, urun-resolv, which has
 * nothing to do with the container.  It sends each text whole, in one packet, and ends with urun-slirp.
 *
 * The container's own file is brought up to date by its descriptor, never by its name: one that a
 * program in the container has put in its place (rename(2)) isn't touched, nor is one that was written
 * in there.
 * With the host's own network there is no urun-slirp: then urun-resolv writes the file.
 * Source: inotify(7), proc_pid_mountinfo(5).
 */

/*
 * Starts the watcher.  *ret_fd is the caller's: the socket on which it sends.
 * Runs in: urun-slirp's first process.
 */
int host_resolv_start(int *ret_fd, struct error *err);

/*
 * Keeps the container's file up to date until the process @life_pidfd ends.
 * Runs in: urun-resolv.
 */
void host_resolv_follow(const struct network_options *options, int life_pidfd, int file_fd);

/*
 * Appends what inotify(7) has to watch for @path: each directory in which a step of the path is
 * looked up, links followed, with NUL behind each, in pairs of directory and name.
 * For tests.  Runs in: any.
 */
void host_resolv_steps(const char *path, struct strbuf *out);

/* ---- the container's file; runs in: urun-slirp, urun-resolv ---- */

struct resolv_follower {
	int watcher_fd; /* -1: there is no watcher */
	int file_fd;	/* the container's resolv.conf; -1: it isn't ours */
	char *written;	/* what we, or the parent, have written there last; NULL: unknown */
	size_t written_size;
};

/*
 * From now on @file_fd is the container's file, which is the follower's to close; -1: it isn't ours.
 * It may be on any file system, an overlay by FUSE too.
 */
void resolv_follower_begin(struct resolv_follower *follower, int file_fd);

/*
 * The container has ended.  ORDER: at once: an open file keeps an overlay mounted, and a program that
 * serves one running.
 */
void resolv_follower_end(struct resolv_follower *follower);

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
