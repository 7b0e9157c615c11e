/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_HOST_RESOLV_H
#define URUN_NETNS_HOST_RESOLV_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "netns/options.h"

/*
 * Follows the host's /etc/resolv.conf as it changes: it is rewritten, renamed over, removed and
 * made again, or is a link to a file in another directory or under another mount.  Seeing all of
 * these takes the host's whole file system, which urun-slirp must not have.  So a process of its
 * own watches, urun-resolv, which never hears from the container.  It sends each new text whole, in
 * one packet, and ends when urun-slirp ends.
 *
 * The container's own file is updated through its descriptor, never by its name: a file that a
 * program in the container has put in its place (rename(2)) isn't touched, and a file that was
 * edited in the container is left alone.
 *
 * With the host's network there is no urun-slirp: then urun-resolv updates the container's file
 * itself.
 * Source: inotify(7), proc_pid_mountinfo(5).
 */

/*
 * Starts the watcher.  *ret_fd is the socket on which the watcher sends; the caller closes it.
 * Runs in: urun-slirp's first process.
 */
int host_resolv_start(int *ret_fd, struct error *err);

/*
 * Receives a text from the watcher, whose socket @watcher_fd is ready (@hung_up: with EPOLLHUP).  The
 * caller frees *ret_text.  Returns the size of the text, or -1 if the watcher has ended.
 * Runs in: urun-slirp.
 */
ssize_t host_resolv_hear(int watcher_fd, bool hung_up, char **ret_text);

/*
 * Keeps the container's file up to date until the process @life_pidfd ends.
 * Runs in: urun-resolv.
 */
void host_resolv_follow(const struct network_options *options, int life_pidfd, int file_fd);

/*
 * Appends the directories that inotify(7) has to watch to follow @path: for each step of the path,
 * links followed, the directory in which the step is looked up, NUL, the name, NUL.
 * Public for tests.  Runs in: any.
 */
void host_resolv_steps(const char *path, struct strbuf *out);

/* ---- the container's file; runs in: urun-slirp, urun-resolv ---- */

struct resolv_follower {
	int file_fd;   /* the container's resolv.conf; -1: the container has its own */
	char *written; /* the text that we, or the parent, wrote last; NULL: unknown */
	size_t written_size;
};

/*
 * From now on @file_fd is the container's file, which the follower owns and closes.  -1: the
 * container has its own file, which isn't touched.  The file may be on any file system, also on an
 * overlay by FUSE.
 */
void resolv_follower_begin(struct resolv_follower *follower, int file_fd);

/*
 * Updates the container's file from the host's text @host.  A file that was edited in the container
 * is left as it is.
 */
void resolv_follower_update(struct resolv_follower *follower, const struct network_options *options,
			    const char *host, size_t size);

/*
 * Closes the container's file.
 * ORDER: at once when the container has ended.  An open file keeps an overlay mounted, and keeps the
 * program alive that serves an overlay by FUSE.
 */
void resolv_follower_release(struct resolv_follower *follower);

#endif
