// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/ended.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/hash.h"

#define STORE ".ended"

/* A name in the store: a hash of the id, and a hash of the run.  An id itself may fill a name. */
#define HASH_SIZE 16
#define NAME_SIZE (2 * HASH_SIZE + 2)

static const struct json_field ended_fields[] = {
	{ .name = "exitStatus",
	  .kind = JSON_U64,
	  .max = 255,
	  .offset = offsetof(struct ended, exit_status) },
	{ .name = "signal", .kind = JSON_U64, .max = 64, .offset = offsetof(struct ended, signal) },
	{ .name = "oomKilled",
	  .kind = JSON_OPT_BOOL,
	  .offset = offsetof(struct ended, oom_killed) },
	{ .name = "finished",
	  .kind = JSON_STRING,
	  .required = true,
	  .offset = offsetof(struct ended, finished) },
	{ .name = "id", .kind = JSON_STRING, .offset = offsetof(struct ended, id) },
	{ .name = "began", .kind = JSON_STRING, .offset = offsetof(struct ended, began) },
};
static const struct json_shape ended_shape = { sizeof(struct ended), ended_fields,
					       ARRAY_SIZE(ended_fields) };

void ended_release(struct ended *ended)
{
	if (!ended)
		return;
	arena_release(&ended->arena);
	*ended = (struct ended){ 0 };
}

void ended_make(int wait_status, bool oom_killed, struct ended *ret_ended)
{
	bool killed = WIFSIGNALED(wait_status);
	char now[CLOCK_TEXT_SIZE];
	struct ended ended = { .oom_killed = { .set = true, .value = oom_killed } };

	if (killed)
		ended.signal = (struct opt_u64){ true, (uint64_t)WTERMSIG(wait_status) };
	ended.exit_status = (struct opt_u64){ true, killed ? 128 + ended.signal.value
							   : (uint64_t)WEXITSTATUS(wait_status) };
	clock_print_now(now);
	ended.finished = arena_str(&ended.arena, now);
	*ret_ended = ended;
}

int ended_parse(const char *bytes, size_t size, struct ended *ret_ended, struct error *err)
{
	struct ended ended = { 0 };
	struct arena arena = { 0 };

	if (json_read(bytes, size, &ended_shape, &ended, &arena, err) < 0) {
		arena_release(&arena);
		return -1;
	}
	ended.arena = arena;
	if (ended.signal.set && ended.signal.value == 0) {
		ended_release(&ended);
		return error_set(err, 0, "signal: 0 is not a signal");
	}
	*ret_ended = ended;
	return 0;
}

void ended_print(const struct ended *ended, struct strbuf *out)
{
	json_write(&ended_shape, ended, JSON_COMPACT, out);
}

static int write_record(int dir, const char *name, const struct ended *ended)
{
	autostrbuf struct strbuf text = { 0 };

	ended_print(ended, &text);
	return file_replace(dir, name, 0600, text.bytes, text.size);
}

int ended_write(const struct state_dir *dir, const struct ended *ended, struct error *err)
{
	int failed = write_record(dir->fd, STATE_FILE_ENDED, ended);

	return failed < 0 ? error_set(err, -failed, "write %s/%s", dir->path, STATE_FILE_ENDED) : 0;
}

/* Returns 1; 0 where there is no such file; or -1.  @where is for messages. */
static int read_record(int dir, const char *name, const char *where, struct ended *ret_ended,
		       struct error *err)
{
	autoclose int fd =
		openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	autofree char *bytes = NULL;
	struct stat st;
	size_t size = 0;
	int failed;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "open %s/%s", where, name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return error_set(err, 0, "open %s/%s: not a regular file", where, name);
	failed = fd_read_all(fd, ENDED_SIZE_MAX, &bytes, &size);
	if (failed < 0)
		return error_set(err, -failed, "read %s/%s", where, name);
	if (ended_parse(bytes, size, ret_ended, err) < 0)
		return error_prefix(err, "%s/%s", where, name);
	return 1;
}

int ended_read(const struct state_dir *dir, struct ended *ret_ended, struct error *err)
{
	return read_record(dir->fd, STATE_FILE_ENDED, dir->path, ret_ended, err);
}

/* How long and how often urun-monitor is waited for. */
#define RECORD_MS      1000
#define RECORD_STEP_MS 2

/* ORDER: the record is looked for once more after the monitor has ended. */
int ended_read_last(const struct state_dir *dir, const struct container_state *state,
		    struct ended *ret_ended, struct error *err)
{
	autoclose int monitor = -1;
	int found = ended_read(dir, ret_ended, err);
	bool is_last = false;

	/* A foreground `run` removes the container, mostly without a record. */
	if (found != 0 || state->foreground)
		return found;
	monitor = state_open_monitor(state);
	for (int waited_ms = 0; found == 0 && !is_last; waited_ms += RECORD_STEP_MS) {
		struct pollfd end = { .fd = monitor, .events = POLLIN };

		is_last =
			monitor < 0 || waited_ms >= RECORD_MS || poll(&end, 1, RECORD_STEP_MS) != 0;
		found = ended_read(dir, ret_ended, err);
	}
	return found;
}

/* ---- the store ---- */

static void print_name(const char *id, const char *began, char ret_name[static NAME_SIZE])
{
	snprintf(ret_name, NAME_SIZE, "%016" PRIx64 "=%016" PRIx64, hash_bytes(id, strlen(id)),
		 hash_bytes(began, strlen(began)));
}

/* Returns a descriptor, or a negative errno. */
static int open_store(int root_fd)
{
	autoclose int fd = openat(root_fd, STORE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	/* The root can have been open to others when the directory was made. */
	return st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)) ? take_fd(&fd)
									     : -EPERM;
}

/* A command that sweeps can remove the empty store between its making and the first record. */
#define STORE_TRIES 16

static int store_record(int root_fd, const char *name, const struct ended *ended)
{
	int failed = -ENOENT;

	for (int i = 0; i < STORE_TRIES && failed == -ENOENT; i++) {
		autoclose int fd = -1;

		if (mkdirat(root_fd, STORE, 0700) < 0 && errno != EEXIST)
			return -errno;
		fd = open_store(root_fd);
		failed = fd < 0 ? fd : write_record(fd, name, ended);
	}
	return failed;
}

static bool has_record(int root_fd, const char *id)
{
	struct ended ended = { 0 };
	struct error ignored = ERROR_NONE;
	bool found = ended_find(root_fd, id, NULL, &ended, &ignored) > 0;

	ended_release(&ended);
	return found;
}

int ended_keep(const struct state_dir *dir, const struct container_state *state, struct error *err)
{
	struct ended ended = { 0 };
	char name[NAME_SIZE], now[CLOCK_TEXT_SIZE];
	int found = ended_read(dir, &ended, err), failed;

	if (found < 0)
		return -1;
	if (found == 0 && !has_record(dir->root_fd, state->id))
		return 0;
	ended.id = arena_str(&ended.arena, state->id);
	ended.began = arena_str(&ended.arena, state_began(state));
	if (!ended.finished) {
		clock_print_now(now);
		ended.finished = arena_str(&ended.arena, now);
	}
	print_name(ended.id, ended.began, name);
	failed = store_record(dir->root_fd, name, &ended);
	ended_release(&ended);
	ended_sweep(dir->root_fd);
	return failed < 0
		       ? error_set(err, -failed, "keep the exit status of container %s", state->id)
		       : 0;
}

/* Is it a record of @id, and later than the one found so far? */
static bool is_newer(const struct ended *ended, const char *id, const struct ended *found)
{
	return str_equal(ended->id, id) && ended->began &&
	       (!found->began || strcmp(ended->began, found->began) > 0);
}

static int find_newest(int store, const char *id, struct ended *ret_ended, struct error *err)
{
	autodir DIR *stream = directory_stream(store);
	struct ended found = { 0 };
	char prefix[NAME_SIZE];

	print_name(id, "", prefix);
	prefix[HASH_SIZE + 1] = '\0';
	for (struct dirent *entry; stream && (entry = readdir(stream));) {
		struct ended ended = { 0 };
		struct error ignored = ERROR_NONE;

		if (!str_starts_with(entry->d_name, prefix) ||
		    read_record(store, entry->d_name, STORE, &ended, &ignored) != 1)
			continue;
		if (is_newer(&ended, id, &found)) {
			ended_release(&found);
			found = ended;
		} else {
			ended_release(&ended);
		}
	}
	if (!stream)
		return error_set(err, errno, "read " STORE);
	if (!found.id)
		return 0;
	*ret_ended = found;
	return 1;
}

int ended_find(int root_fd, const char *id, const char *began, struct ended *ret_ended,
	       struct error *err)
{
	autoclose int store = open_store(root_fd);
	struct ended ended = { 0 };
	char name[NAME_SIZE];
	int found;

	if (store < 0)
		return store == -ENOENT ? 0 : error_set(err, -store, "open " STORE);
	if (!began)
		return find_newest(store, id, ret_ended, err);
	print_name(id, began, name);
	found = read_record(store, name, STORE, &ended, err);
	if (found != 1)
		return found;
	if (!str_equal(ended.id, id) || !str_equal(ended.began, began)) {
		ended_release(&ended);
		return 0;
	}
	*ret_ended = ended;
	return 1;
}

void ended_sweep(int root_fd)
{
	int store = open_store(root_fd);
	autodir DIR *stream = store >= 0 ? directory_stream(store) : NULL;
	time_t now = time(NULL);

	for (struct dirent *entry; stream && (entry = directory_next(stream));) {
		struct stat st;

		/* A time far ahead is of before the clock was set back. */
		if (fstatat(store, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (now - st.st_mtime > ENDED_LIFE_S || st.st_mtime - now > ENDED_LIFE_S))
			unlinkat(store, entry->d_name, 0);
	}
	fd_close(&store);
	unlinkat(root_fd, STORE, AT_REMOVEDIR);
}
