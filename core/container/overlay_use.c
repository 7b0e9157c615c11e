// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/overlay_use.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/number.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/state_lock.h"

#define USE_FILE     "container"
#define USE_SIZE_MAX 4096
#define NUMBER_COUNT 3

/* A start holds the lock until its container has a pid: some milliseconds. */
#define USE_LOCK_MS 2000

/* The directory for changes; NULL: the container has none. */
static const char *changes_of(const struct container_config *config)
{
	const char *where = config_annotation(config, CONFIG_ANNOTATION_OVERLAY);

	return where && where[0] == '/' ? where : NULL;
}

/* Cuts a record into its id, which is returned, and its numbers.  NULL: it is none of ours. */
static const char *parse_record(char *text, uint64_t ret_numbers[static NUMBER_COUNT])
{
	char *rest = text, *id = strsep(&rest, "\n"), *line = strsep(&rest, "\n");

	for (size_t i = 0; i < NUMBER_COUNT; i++) {
		char *word = strsep(&line, " ");

		if (!word || number_parse_u64(word, UINT64_MAX, &ret_numbers[i]) < 0)
			return NULL;
	}
	return *id && !line && rest && !*rest ? id : NULL;
}

static bool is_running_user(const uint64_t numbers[static NUMBER_COUNT])
{
	int pidfd = numbers[0] == 0 || numbers[0] > INT32_MAX
			    ? -1
			    : pidfd_open_same((pid_t)numbers[0], numbers[1], numbers[2]);

	if (pidfd < 0)
		return false;
	fd_close(&pidfd);
	return true;
}

/* The record is written into the file: one that the user has put there must not be lost. */
static int refuse_foreign_file(const char *where, struct error *err)
{
	error_set(err, 0, "overlay: the file %s/" USE_FILE " isn't urun's", where);
	return error_hint(err, "changes need a directory of their own");
}

static int refuse_second_user(int fd, const char *where, const char *replaced, struct error *err)
{
	uint64_t numbers[NUMBER_COUNT];
	autofree char *text = NULL;
	const char *id;
	struct stat st;
	size_t size;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || lseek(fd, 0, SEEK_SET) < 0 ||
	    fd_read_all(fd, USE_SIZE_MAX, &text, &size) < 0)
		return refuse_foreign_file(where, err);
	/* A start that was killed between the making of the file and the record. */
	if (size == 0)
		return 0;
	id = parse_record(text, numbers);
	if (!id)
		return refuse_foreign_file(where, err);
	if (!is_running_user(numbers) || str_equal(id, replaced))
		return 0;
	return error_set(err, 0,
			 "overlay: %s is in use by the container %s (hint: only one "
			 "container at a time can keep its changes in a directory)",
			 where, id);
}

/* Is a directory above @path closed to all but its owner? */
static bool is_private(const char *path)
{
	autofree char *above = realpath(path, NULL);
	struct stat st;

	for (char *slash; above && (slash = strrchr(above, '/')) && slash != above;) {
		*slash = '\0';
		if (stat(above, &st) == 0 && !(st.st_mode & (S_IXOTH | S_IXGRP)))
			return true;
	}
	return false;
}

/*
 * Root takes no user's directory, though its map has all ids.  An id of the map that isn't the caller's is a subid of
 * theirs: a container has made the directory.
 */
static int check_changes_owner(const char *where, const struct idmap *uids, struct error *err)
{
	struct stat st;

	if (stat(where, &st) < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "overlay: open %s", where);
	if (st.st_uid != geteuid() && st.st_uid != 0 &&
	    (geteuid() == 0 || !idmap_maps_outer(uids, st.st_uid))) {
		error_set(err, 0, "overlay: %s belongs to another user, uid %u", where, st.st_uid);
		return error_hint(err, "whose programs would run as you: name another directory");
	}
	if (!(st.st_mode & S_IWOTH) || is_private(where))
		return 0;
	error_set(err, 0, "overlay: every user of the host can write to %s", where);
	return error_hint(err, "run `chmod o-w %s`, or name another directory", where);
}

int overlay_use_check(const struct container_config *config, const struct idmap *uids,
		      const char *replaced, struct error *err)
{
	const char *where = changes_of(config);
	autofree char *path = str_format("%s/" USE_FILE, where ? where : "");
	autoclose int fd = -1;

	if (!where)
		return 0;
	if (check_changes_owner(where, uids, err) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? 0 : refuse_second_user(fd, where, replaced, err);
}

int overlay_use_begin(const struct container_config *config, const struct idmap *uids,
		      int *ret_lock, struct error *err)
{
	const char *where = changes_of(config);
	autofree char *path = str_format("%s/" USE_FILE, where ? where : "");
	autoclose int fd = -1;
	struct lock_holder holder;
	int locked;

	if (!where)
		return 0;
	/*
	 * Ours alone: a set-user-ID file that root of the container makes is the caller's here, and
	 * whoever reaches the file would run what the container wrote, as the caller.
	 */
	if (mkdir(where, 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "overlay: make %s", where);
	/* ORDER: after the directory is made: from here on it can be another user's no more. */
	if (uids && check_changes_owner(where, uids, err) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, errno, "overlay: open %s", path);
	locked = state_lock_take(fd, USE_LOCK_MS, &holder);
	if (locked == -ETIMEDOUT)
		return error_set(err, 0,
				 "overlay: %s is in use: another container is being started there",
				 where);
	/* Some network file systems have no locks: two starts at the same moment aren't seen there. */
	if (locked < 0)
		log_debug("lock %s: %s", path, error_errno_text(-locked));
	if (refuse_second_user(fd, where, NULL, err) < 0)
		return -1;
	*ret_lock = take_fd(&fd);
	return 0;
}

int overlay_use_record(int lock, const struct container_state *state, struct error *err)
{
	autofree char *text =
		str_format("%s\n%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", state->id, state->pid.value,
			   state->start_time.value, state->pid_inode.value);
	int failed;

	if (lock < 0)
		return 0;
	if (ftruncate(lock, 0) < 0 || lseek(lock, 0, SEEK_SET) < 0)
		return error_set(err, errno, "overlay: record who uses the directory");
	failed = fd_write_all(lock, text, strlen(text));
	/* ORDER: after the record.  A fork that has the descriptor too would keep the lock else. */
	flock(lock, LOCK_UN);
	return failed < 0 ? error_set(err, -failed, "overlay: record who uses the directory") : 0;
}
