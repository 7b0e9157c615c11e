// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/cgroup/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

#define BUSY_TIMEOUT_MS 2000

/* A directory on the way from the first one to where the walk is. */
struct level {
	dev_t device; /* device and inode tell the directory again on the way back */
	ino_t inode;
	struct strbuf names; /* of the directories in it when it was entered, a NUL behind each */
	size_t at;	     /* in names: the one to enter next, or the one in which the walk is */
};

struct walk {
	const char *folder;
	walk_visitor *visitor; /* NULL: each directory is removed when the walk has left it */
	void *context;
	size_t limit;
	size_t entered;
	int fd;		      /* O_PATH: the directory of the last level */
	struct level *levels; /* the first is the directory that holds @folder's last name */
	size_t depth;
	size_t room;
};

enum went {
	WENT_ON,
	WENT_ASTRAY, /* the tree was changed so that the walk has to begin again */
};

static void pop(struct walk *walk)
{
	strbuf_release(&walk->levels[--walk->depth].names);
}

static void forget_way(struct walk *walk)
{
	while (walk->depth > 0)
		pop(walk);
	fd_close(&walk->fd);
}

static void walk_release(struct walk *walk)
{
	forget_way(walk);
	free(walk->levels);
}
#define autowalk __attribute__((cleanup(walk_release)))

static struct level *last_level(struct walk *walk)
{
	return &walk->levels[walk->depth - 1];
}

/* The name of the directory that the walk is in, or would enter next; NULL: no more. */
static const char *next_name(struct walk *walk)
{
	struct level *level = last_level(walk);

	return level->at < level->names.size ? level->names.bytes + level->at : NULL;
}

static void skip_name(struct walk *walk)
{
	last_level(walk)->at += strlen(next_name(walk)) + 1;
}

/* What failed, on which directory: deeper ones have a path that is too long to be told. */
static int walk_failed(const struct walk *walk, int errnum, const char *what, const char *name,
		       struct error *err)
{
	if (walk->depth <= 1)
		return error_set(err, errnum, "%s %s", what, walk->folder);
	return error_set(err, errnum, "%s '%s', %zu level%s below %s", what, name, walk->depth - 1,
			 walk->depth == 2 ? "" : "s", walk->folder);
}

/* ---- the names in a directory ---- */

static bool may_be_directory(const struct dirent *entry)
{
	/* Any other name that begins with a dot is a cgroup as good as others. */
	return (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) &&
	       strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/*
 * The names of the directories in @dir, all at once: reading on after others were entered could
 * miss some or never end.  Returns 0 or a negative errno.
 */
static int read_names(int dir, struct strbuf *ret_names)
{
	autoclose int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	int failed;
	DIR *stream;

	if (fd < 0)
		return -errno;
	stream = fdopendir(fd);
	if (!stream)
		return -errno;
	take_fd(&fd);
	while ((errno = 0, entry = readdir(stream)))
		if (may_be_directory(entry))
			strbuf_add(ret_names, entry->d_name, strlen(entry->d_name) + 1);
	failed = -errno;
	closedir(stream);
	return failed;
}

static bool has_directories(int dir, const char *name)
{
	autoclose int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autostrbuf struct strbuf names = { 0 };

	return fd >= 0 && read_names(fd, &names) == 0 && names.size > 0;
}

/* ---- down ---- */

/*
 * The directory's owner in the container can be ourselves, and can have taken every right away.  A
 * failure shows when the directory is read.
 */
static void restore_mode(int dir, const struct stat *st)
{
	char path[64];

	if (st->st_uid != geteuid() || (st->st_mode & S_IRWXU) == S_IRWXU)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	chmod(path, (st->st_mode & 07777) | S_IRWXU);
}

static struct level *push(struct walk *walk, const struct stat *st)
{
	if (walk->depth == walk->room) {
		walk->room = walk->room ? walk->room * 2 : 16;
		walk->levels = mem_resize(walk->levels, walk->room, sizeof(*walk->levels));
	}
	walk->levels[walk->depth++] = (struct level){ .device = st->st_dev, .inode = st->st_ino };
	return last_level(walk);
}

/* Begins at the directory that holds @folder: there @folder is a name as those below it are. */
static int begin(struct walk *walk, struct error *err)
{
	const char *slash = strrchr(walk->folder, '/');
	const char *name = slash ? slash + 1 : walk->folder;
	autofree char *above =
		slash ? str_dup_n(walk->folder, (size_t)(name - walk->folder)) : str_dup(".");
	struct stat st;

	walk->fd = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (walk->fd < 0 && errno == ENOENT)
		return 0;
	if (walk->fd < 0 || fstat(walk->fd, &st) < 0)
		return error_set(err, errno, "open %s", above);
	strbuf_add(&push(walk, &st)->names, name, strlen(name) + 1);
	return 0;
}

/* Is the directory below one of the tree's on another file system? */
static bool is_elsewhere(const struct walk *walk, const struct stat *st)
{
	return walk->depth > 1 && walk->levels[1].device != st->st_dev;
}

static int enter(struct walk *walk, const char *name, struct error *err)
{
	autoclose int fd = openat(walk->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autostrbuf struct strbuf names = { 0 };
	struct stat st;
	int failed;

	if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		return walk_failed(walk, errno, "open", name, err);
	if (fd < 0 || fstat(fd, &st) < 0 || is_elsewhere(walk, &st)) {
		/* It would stay, and so would all above it. */
		if (fd >= 0 && !walk->visitor)
			return walk_failed(walk, EBUSY, "remove the mount point", name, err);
		skip_name(walk);
		return 0;
	}
	if (walk->entered++ == walk->limit)
		return error_set(err, 0, "%s: directories are made in it as fast as they are %s",
				 walk->folder, walk->visitor ? "read" : "removed");
	restore_mode(fd, &st);
	failed = read_names(fd, &names);
	/* Removed a moment ago: there is nothing in it. */
	if (failed < 0 && failed != -ENOENT)
		return walk_failed(walk, -failed, "read", name, err);
	fd_close(&walk->fd);
	walk->fd = take_fd(&fd);
	push(walk, &st)->names = names;
	names = (struct strbuf){ 0 };
	return walk->visitor ? walk->visitor(walk->fd, walk->context, err) : 0;
}

/* ---- up ---- */

/*
 * Goes back to the directory above.  It can be another one than that from which the walk came,
 * where the directory that it was in has been moved: such a one is never gone through.
 */
static enum went leave(struct walk *walk)
{
	const struct level *above = &walk->levels[walk->depth - 2];
	int fd = openat(walk->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	fd_close(&walk->fd);
	walk->fd = fd;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != above->device || st.st_ino != above->inode)
		return WENT_ASTRAY;
	pop(walk);
	return WENT_ON;
}

/* Removes the directory that was left.  What was made in it meanwhile is entered first. */
static int remove_left(struct walk *walk, struct error *err)
{
	const char *name = next_name(walk);

	for (int waited = 0;; waited++) {
		if (unlinkat(walk->fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
			skip_name(walk);
			return 0;
		}
		/* A cgroup with others in it is busy, any other directory isn't empty. */
		if ((errno != EBUSY && errno != ENOTEMPTY) || waited >= BUSY_TIMEOUT_MS)
			return walk_failed(walk, errno, "remove", name, err);
		if (has_directories(walk->fd, name))
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

static int go_up(struct walk *walk, struct error *err)
{
	if (leave(walk) == WENT_ASTRAY) {
		forget_way(walk);
		return begin(walk, err);
	}
	if (!walk->visitor)
		return remove_left(walk, err);
	skip_name(walk);
	return 0;
}

/* ---- the whole ---- */

static int run(struct walk *walk, struct error *err)
{
	int result = begin(walk, err);

	while (result == 0 && walk->depth > 0) {
		const char *name = next_name(walk);

		if (name)
			result = enter(walk, name, err);
		else if (walk->depth > 1)
			result = go_up(walk, err);
		else
			break;
	}
	return result;
}

int walk_each(const char *folder, size_t limit, walk_visitor *visitor, void *context,
	      struct error *err)
{
	autowalk struct walk walk = {
		.folder = folder, .visitor = visitor, .context = context, .limit = limit, .fd = -1
	};

	return run(&walk, err);
}

int walk_remove(const char *folder, size_t limit, struct error *err)
{
	autowalk struct walk walk = { .folder = folder, .limit = limit, .fd = -1 };

	return run(&walk, err);
}
