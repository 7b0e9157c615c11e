// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/state_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/stat.h"
#include "core/base/str.h"

#define LOCKS_SIZE_MAX (16u << 20)

/* The longest pause between tries of the lock: flock(2) itself has no time-out. */
#define TRY_MAX_MS 20

/* How often the holder is checked, and how long it must have been stopped. */
#define LOOK_MS	   100
#define STOPPED_MS 1000

/* Has the process the file of @st open?  False also where we may not look. */
static bool has_open(pid_t pid, const struct stat *st)
{
	autofree char *path = str_format("/proc/%d/fd", pid);
	autodir DIR *stream = opendir(path);
	bool found = false;

	if (!stream)
		return false;
	for (struct dirent *entry; !found && (entry = readdir(stream));) {
		struct stat its;

		found = fstatat(dirfd(stream), entry->d_name, &its, 0) == 0 && stat_same(&its, st);
	}
	return found;
}

/*
 * Finds the process that /proc/locks names; 0 where none is found.  The device there isn't always
 * the device of stat(2) (btrfs), so the inode is compared, and then the files that the process has
 * open.
 * Source: proc_locks(5).
 */
static pid_t find_holder(int fd)
{
	autofree char *text = NULL;
	struct stat st;
	size_t size;
	char *rest;

	if (fstat(fd, &st) < 0 || fd_read_file("/proc/locks", LOCKS_SIZE_MAX, &text, &size) < 0)
		return 0;
	rest = text;
	for (char *line; (line = strsep(&rest, "\n"));) {
		uint64_t inode;
		int pid;

		/* The line of a waiting process has "->" before FLOCK, and doesn't match. */
		if (sscanf(line, "%*u: FLOCK %*s WRITE %d %*x:%*x:%" SCNu64, &pid, &inode) == 2 &&
		    inode == st.st_ino && pid > 0 && has_open(pid, &st))
			return pid;
	}
	return 0;
}

static struct lock_holder look_at_holder(int fd)
{
	struct lock_holder holder = { .pid = find_holder(fd) };
	struct process_stat its, ours;

	if (holder.pid == 0 || process_read_stat(holder.pid, &its) < 0)
		return (struct lock_holder){ 0 };
	holder.stopped = its.state == 'T';
	holder.is_urun = process_read_stat(getpid(), &ours) == 0 && str_equal(its.name, ours.name);
	return holder;
}

void state_lock_rest(int64_t *pause_ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)*pause_ms * 1000 * 1000 }, NULL);
	*pause_ms = *pause_ms * 2 < TRY_MAX_MS ? *pause_ms * 2 : TRY_MAX_MS;
}

int state_lock_take(int fd, int timeout_ms, struct lock_holder *ret_holder)
{
	int64_t begin = clock_ms(), next_look = begin + LOOK_MS, moved = begin, now = begin;
	struct lock_holder holder = { 0 };

	for (int64_t pause = STATE_TRY_MS; flock(fd, LOCK_EX | LOCK_NB) < 0; now = clock_ms()) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (now >= next_look) {
			pid_t before = holder.pid;

			holder = look_at_holder(fd);
			if (!holder.stopped || holder.pid != before)
				moved = now;
			next_look = now + LOOK_MS;
		}
		if (now - begin >= timeout_ms || (holder.stopped && now - moved >= STOPPED_MS)) {
			*ret_holder = holder;
			return -ETIMEDOUT;
		}
		state_lock_rest(&pause);
	}
	return 0;
}

/* ORDER: open a pidfd, then check again: the pid may be another process's by now. */
bool state_lock_kill_stopped(int fd)
{
	struct lock_holder holder = look_at_holder(fd), again;
	autoclose int pidfd = holder.pid ? pidfd_open_process(holder.pid) : -1;

	if (pidfd < 0)
		return false;
	again = look_at_holder(fd);
	return again.pid == holder.pid && again.stopped && again.is_urun &&
	       pidfd_signal(pidfd, SIGKILL) == 0;
}
