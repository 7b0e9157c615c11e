// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-resolv; host_resolv_hear() in urun-slirp; the functions named resolv_follower_… in
 * both.
 *
 * How a change of the host's /etc/resolv.conf reaches a running container.
 *
 *   the host's file ──inotify, mountinfo──▶ urun-resolv ──packets──▶ urun-slirp ──▶ DNS forwarder
 *                                               │                       └────────▶ container's file
 *                                               └──with the host's network───────▶ container's file
 *
 * urun-resolv is a fork of urun-slirp's first process (or of urun-port's, with the host's network).
 * It keeps the host's mount namespace and its root directory, since it reads the host's files, and
 * drops its capabilities; a seccomp filter leaves it reading files, poll(2), inotify, and sending
 * on one socket.  Nothing of the container reaches it, except that it writes the container's file
 * with the host's network.
 *
 * A path can change at every step: each directory on it, and each directory that a symbolic link
 * leads through, is watched (host_resolv_steps()), and the watches are made again after each
 * change.  A new mount is reported by poll(2) of /proc/self/mountinfo.  If the host has no inotify
 * instance left, the file is read every LOOK_MS.
 *
 * The container's file is shared with a hostile program, which may write, truncate or extend it
 * while we write.  So it is compared first with what we wrote last, at most RESOLV_SIZE_MAX bytes
 * are written to it, and RLIMIT_FSIZE bounds the file.  A race makes at most a wrong resolv.conf,
 * in the container that made the race.
 *
 * What may block: urun-resolv waits only in poll(2) and in send(2) to urun-slirp; urun-slirp never
 * waits for urun-resolv.
 */
#include "netns/host_resolv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "netns/resolv.h"
#include "netns/sandbox.h"

#define LINKS_MAX 40
/*
 * A program that rewrites the file gets this time to finish, so that a half-written file is seldom
 * read.
 */
#define SETTLE_MS 30
/* How often the file is read without inotify, of which the host has a limited number. */
#define LOOK_MS 800

/* ---- the path ---- */

/* Cuts the first name off @rest.  Returns false if @rest has no further name. */
static bool cut_name(char *rest, char *ret_name, size_t room)
{
	size_t skip = strspn(rest, "/"), size = strcspn(rest + skip, "/");

	if (size == 0 || size >= room)
		return false;
	memcpy(ret_name, rest + skip, size);
	ret_name[size] = '\0';
	memmove(rest, rest + skip + size, strlen(rest + skip + size) + 1);
	return true;
}

void host_resolv_steps(const char *path, struct strbuf *out)
{
	char rest[2 * PATH_MAX], at[PATH_MAX] = "", name[NAME_MAX + 1];
	int links = 0;

	snprintf(rest, sizeof(rest), "%s", path);
	while (cut_name(rest, name, sizeof(name))) {
		char target[PATH_MAX], next[PATH_MAX + NAME_MAX + 2], more[2 * PATH_MAX];
		ssize_t size;

		if (str_equal(name, "."))
			continue;
		if (str_equal(name, "..")) {
			char *slash = strrchr(at, '/');

			if (slash)
				*slash = '\0';
			continue;
		}
		strbuf_add(out, *at ? at : "/", *at ? strlen(at) + 1 : sizeof("/"));
		strbuf_add(out, name, strlen(name) + 1);
		snprintf(next, sizeof(next), "%s/%s", at, name);
		size = readlink(next, target, sizeof(target) - 1);
		if (size < 0) {
			if (strlen(next) >= sizeof(at))
				return;
			memcpy(at, next, strlen(next) + 1);
			continue;
		}
		target[size] = '\0';
		if (++links > LINKS_MAX ||
		    (size_t)snprintf(more, sizeof(more), "%s/%s", target, rest) >= sizeof(more))
			return;
		memcpy(rest, more, strlen(more) + 1);
		if (target[0] == '/')
			at[0] = '\0';
	}
}

/* ---- the container's file ---- */

static bool holds_written(const struct resolv_follower *follower)
{
	char bytes[4096];
	size_t at = 0;
	ssize_t got;

	while ((got = pread(follower->file_fd, bytes, sizeof(bytes), (off_t)at)) > 0) {
		if ((size_t)got > follower->written_size - at ||
		    memcmp(bytes, follower->written + at, (size_t)got) != 0)
			return false;
		at += (size_t)got;
	}
	return got == 0 && at == follower->written_size;
}

/* Returns whether @text is what was written, apart from empty lines at its end. */
static bool holds_text(const struct resolv_follower *follower, const struct strbuf *text)
{
	size_t size = follower->written_size;

	while (size > text->size && follower->written[size - 1] == '\n')
		size--;
	return size == text->size &&
	       (size == 0 || memcmp(text->bytes, follower->written, size) == 0);
}

static void keep_written(struct resolv_follower *follower, const char *bytes, size_t size)
{
	free(follower->written);
	follower->written = str_dup_n(bytes ? bytes : "", size);
	follower->written_size = size;
}

void resolv_follower_begin(struct resolv_follower *follower, int file_fd)
{
	autofree char *bytes = NULL;
	ssize_t size = file_fd < 0 ? -1 : resolv_file_read(file_fd, &bytes);

	*follower = (struct resolv_follower){ .file_fd = file_fd };
	if (size >= 0)
		keep_written(follower, bytes, (size_t)size);
}

void resolv_follower_update(struct resolv_follower *follower, const struct network_options *options,
			    const char *host, size_t size)
{
	autostrbuf struct strbuf text = { 0 };

	resolv_text(options, host, size, &text);
	if (follower->file_fd < 0 || !follower->written || holds_text(follower, &text) ||
	    !holds_written(follower))
		return;
	if (!resolv_file_replace(follower->file_fd, &text, follower->written_size))
		return;
	file_mark(follower->file_fd);
	keep_written(follower, text.bytes, text.size);
}

void resolv_follower_release(struct resolv_follower *follower)
{
	free(follower->written);
	fd_close(&follower->file_fd);
	*follower = (struct resolv_follower){ .file_fd = -1 };
}

/* ---- the watcher ---- */

struct watcher {
	int out; /* the socket to urun-slirp; -1: the watcher writes the container's file itself */
	struct resolv_follower file;
	const struct network_options *options; /* only if @out is -1 */
	int end;     /* readable, or hung up, when the watcher has to end */
	int inotify; /* -1: there is none */
	int mounts;
	struct strbuf steps;
	char *sent;
	size_t sent_size;
};

static void watch_steps(struct watcher *watcher)
{
	const uint32_t changes = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB |
				 IN_MODIFY | IN_CLOSE_WRITE | IN_ONLYDIR;

	fd_close(&watcher->inotify);
	strbuf_release(&watcher->steps);
	watcher->steps = (struct strbuf){ 0 };
	watcher->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watcher->inotify < 0)
		return;
	host_resolv_steps(RESOLV_HOST_PATH, &watcher->steps);
	/* A file that is bind-mounted there changes in a directory that isn't on the path. */
	inotify_add_watch(watcher->inotify, RESOLV_HOST_PATH,
			  IN_ATTRIB | IN_MODIFY | IN_CLOSE_WRITE);
	for (size_t at = 0; at < watcher->steps.size;) {
		const char *directory = watcher->steps.bytes + at;

		/*
		 * A directory that doesn't exist, or is unreadable, is seen from the one above it.
		 */
		if (inotify_add_watch(watcher->inotify, directory, changes) < 0 &&
		    (errno == ENOSPC || errno == ENOMEM)) {
			fd_close(&watcher->inotify);
			return;
		}
		at += strlen(directory) + 1;
		at += strlen(watcher->steps.bytes + at) + 1;
	}
}

static bool is_step(const struct watcher *watcher, const char *name)
{
	for (size_t at = 0; at < watcher->steps.size;) {
		at += strlen(watcher->steps.bytes + at) + 1;
		if (str_equal(watcher->steps.bytes + at, name))
			return true;
		at += strlen(watcher->steps.bytes + at) + 1;
	}
	return false;
}

/* Reads inotify's events.  Returns whether something on the path may have changed. */
static bool read_changes(const struct watcher *watcher)
{
	_Alignas(struct inotify_event) char bytes[8192];
	bool changed = false;
	ssize_t got;

	while (watcher->inotify >= 0 && (got = read(watcher->inotify, bytes, sizeof(bytes))) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct inotify_event *event = (const void *)(bytes + at);

			/*
			 * An event without a name is about the directory itself, or says that the
			 * queue overflowed.
			 */
			if (event->len == 0 || is_step(watcher, event->name))
				changed = true;
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	return changed;
}

/* Passes the host's text on if it has changed.  Returns false if the receiver has gone. */
static bool pass_on_text(struct watcher *watcher)
{
	autofree char *text = NULL;
	size_t size = 0;

	/* A file that can't be read now may be readable in a moment: the last text stays valid. */
	if (resolv_read_host(&text, &size) < 0 ||
	    (watcher->sent && size == watcher->sent_size && memcmp(text, watcher->sent, size) == 0))
		return true;
	if (watcher->out < 0)
		resolv_follower_update(&watcher->file, watcher->options, text, size);
	else if (send(watcher->out, text, size, MSG_NOSIGNAL) < 0)
		return errno == EINTR;
	free(watcher->sent);
	watcher->sent = take_ptr(text);
	watcher->sent_size = size;
	return true;
}

static void watch(struct watcher *watcher)
{
	/* A mount over the file, or over a directory above it, is reported here only. */
	watcher->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	for (;;) {
		/*
		 * ORDER: the watches are made before the file is read, so that no change is lost.
		 */
		watch_steps(watcher);
		if (!pass_on_text(watcher))
			return;
		for (;;) {
			struct pollfd events[] = {
				{ .fd = watcher->end, .events = POLLIN },
				{ .fd = watcher->inotify, .events = POLLIN },
				{ .fd = watcher->mounts, .events = POLLPRI },
			};
			int ready = poll(events, 3, watcher->inotify < 0 ? LOOK_MS : -1);

			if (ready < 0 && errno != EINTR)
				return;
			if (events[0].revents)
				return;
			if (ready == 0 || events[2].revents || read_changes(watcher))
				break;
		}
		poll(NULL, 0, SETTLE_MS);
	}
}

int host_resolv_start(int *ret_fd, struct error *err)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "make the socket to the watcher of %s",
				 RESOLV_HOST_PATH);
	pid = fork();
	if (pid == 0) {
		struct error ignored = ERROR_NONE;

		prctl(PR_SET_NAME, "urun-resolv");
		/*
		 * ORDER: the socket to the parent is closed too: the parent waits for the end of
		 * that socket.
		 */
		if (dup2(pair[1], STDIN_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0u, 0) < 0)
			_exit(1);
		/*
		 * The watcher reads one file of the host's, and receives nothing from the
		 * container.
		 */
		if (sandbox_drop_privileges(SANDBOX_RESOLV, &ignored) == 0)
			watch(&(struct watcher){
				.out = STDIN_FILENO, .end = STDIN_FILENO, .inotify = -1 });
		_exit(0);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return error_set(err, errno, "make the watcher of %s", RESOLV_HOST_PATH);
	}
	*ret_fd = pair[0];
	return 0;
}

ssize_t host_resolv_hear(int watcher_fd, bool hung_up, char **ret_text)
{
	autofree char *text = mem_alloc(RESOLV_SIZE_MAX);
	ssize_t got = recv(watcher_fd, text, RESOLV_SIZE_MAX, MSG_DONTWAIT);

	/*
	 * An empty file arrives as an empty packet, which recv(2) doesn't tell from the socket's
	 * end.
	 */
	if (got < 0 || (got == 0 && hung_up))
		return -1;
	*ret_text = take_ptr(text);
	return got;
}

void host_resolv_follow(const struct network_options *options, int life_pidfd, int file_fd)
{
	struct watcher watcher = {
		.out = -1, .options = options, .end = life_pidfd, .inotify = -1
	};

	resolv_follower_begin(&watcher.file, file_fd);
	watch(&watcher);
	resolv_follower_release(&watcher.file);
}
