// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/detached.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/config/change.h"
#include "core/config/log_options.h"
#include "core/container/state_lock.h"

void detached_release(struct detached *detached)
{
	fd_close(&detached->log_dir);
	fd_close(&detached->lock);
}

/* ---- before the program runs ---- */

static int find_last_file(int log_dir, uint64_t *ret_number)
{
	autodir DIR *stream = directory_stream(log_dir);
	struct dirent *entry;
	uint64_t number;

	*ret_number = 0;
	if (!stream)
		return -errno;
	while ((entry = directory_next(stream)))
		if (number_parse_u64(entry->d_name, UINT64_MAX, &number) == 0 &&
		    number > *ret_number)
			*ret_number = number;
	return -errno;
}

static int open_log_directory(const struct state_dir *dir, struct detached *detached,
			      struct error *err)
{
	int failed;

	if (mkdirat(dir->fd, STATE_DIRECTORY_LOG, 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "make %s/%s", dir->path, STATE_DIRECTORY_LOG);
	detached->log_dir = openat(dir->fd, STATE_DIRECTORY_LOG,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	failed = detached->log_dir < 0 ? -errno
				       : find_last_file(detached->log_dir, &detached->number);
	return failed < 0 ? error_set(err, -failed, "read %s/%s", dir->path, STATE_DIRECTORY_LOG)
			  : 0;
}

int detached_prepare(const struct state_dir *dir, struct detached *ret_detached, struct error *err)
{
	struct detached detached = DETACHED_NONE;
	int result = open_log_directory(dir, &detached, err);

	if (result == 0) {
		detached.lock = openat(dir->fd, STATE_FILE_MONITOR,
				       O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
		if (detached.lock < 0 || flock(detached.lock, LOCK_EX | LOCK_NB) < 0)
			result = error_set(err, errno, "make %s/%s", dir->path, STATE_FILE_MONITOR);
	}
	if (result < 0)
		detached_release(&detached);
	else
		*ret_detached = detached;
	return result;
}

int detached_resume(const struct state_dir *dir, struct detached *ret_detached, struct error *err)
{
	struct detached detached = DETACHED_NONE;
	int result = 1;

	detached.lock = openat(dir->fd, STATE_FILE_MONITOR,
			       O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (detached.lock < 0)
		return error_set(err, errno, "open %s/%s", dir->path, STATE_FILE_MONITOR);
	if (flock(detached.lock, LOCK_EX | LOCK_NB) < 0)
		result = errno == EWOULDBLOCK ? 0
					      : error_set(err, errno, "lock %s/%s", dir->path,
							  STATE_FILE_MONITOR);
	if (result > 0 && open_log_directory(dir, &detached, err) < 0)
		result = -1;
	if (result > 0)
		*ret_detached = detached;
	else
		detached_release(&detached);
	return result;
}

/* ---- afterwards ---- */

int detached_await(const struct state_dir *dir, int timeout_ms)
{
	autoclose int lock = openat(dir->fd, STATE_FILE_MONITOR,
				    O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	struct lock_holder holder;

	return lock < 0 ? 0 : state_lock_take(lock, timeout_ms, &holder);
}

static bool logs_nothing(const struct container_state *state)
{
	const char *text = str_map_value(&state->annotations, CONFIG_ANNOTATION_LOG);
	struct log_options options;
	struct error ignored = ERROR_NONE;

	return text && log_options_parse(text, &options, &ignored) == 0 && options.none;
}

static int open_log_to_read(const struct state_dir *dir)
{
	return openat(dir->fd, STATE_DIRECTORY_LOG,
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static const char *why_without_log(const struct container_state *state)
{
	if (!state->by_options)
		return "it has a bundle, and its output goes where its creator wanted it";
	if (state->attached)
		return "it was started in the foreground, where its output goes (run --detach "
		       "keeps a log)";
	return "only the output of a container that runs detached is kept";
}

int detached_open_log(const struct container *container, int *ret_fd, struct error *err)
{
	const struct state_dir *dir = &container->dir;
	autoclose int fd = -1;

	if (logs_nothing(&container->state))
		return error_set(err, 0,
				 "container %s has no log: it was started with "
				 "--log-driver none",
				 dir->id);
	fd = open_log_to_read(dir);
	if (fd < 0 && errno == ENOENT)
		return error_set(err, 0, "container %s has no log: %s", dir->id,
				 why_without_log(&container->state));
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0)
		return error_set(err, errno, "open %s/%s", dir->path, STATE_DIRECTORY_LOG);
	*ret_fd = take_fd(&fd);
	return 0;
}

#define READERS_MS 1000

void detached_await_readers(const struct state_dir *dir)
{
	autoclose int fd = open_log_to_read(dir);
	struct lock_holder holder;

	if (fd >= 0)
		state_lock_take(fd, READERS_MS, &holder);
}
