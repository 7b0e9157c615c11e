// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/cgroup/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/str.h"

#define BUSY_TIMEOUT_MS 2000

/* A directory on the way from the top to the walk's present place. */
struct level {
	dev_t device; /* by device and inode the directory is recognized on the way back */
	ino_t inode;
	struct strbuf names; /* of its subdirectories when it was entered, a NUL behind each */
	size_t at;	     /* offset in names: the subdirectory to enter next, or being walked */
};

struct walk {
	const char *top;
	walk_visitor *visitor; /* NULL: each directory is removed when the walk has left it */
	void *context;
	size_t limit;
	size_t entered;
	int fd;		      /* O_PATH: the directory of the last level */
	struct level *levels; /* the first is the directory that contains @top */
	size_t depth;
	size_t room;
};

enum went {
	WENT_ON,
	WENT_ASTRAY, /* the tree was changed: the walk has to begin again */
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

static void walk_cleanup(struct walk *walk)
{
	forget_way(walk);
	free(walk->levels);
}

static struct level *last_level(struct walk *walk)
{
	return &walk->levels[walk->depth - 1];
}

/* The name of the subdirectory to enter next, or being walked; NULL: there are no more. */
static const char *walk_next(struct walk *walk)
{
	struct level *level = last_level(walk);

	return level->at < level->names.size ? level->names.bytes + level->at : NULL;
}

static void skip_name(struct walk *walk)
{
	last_level(walk)->at += strlen(walk_next(walk)) + 1;
}

/* Names the directory by its last name and depth, as its whole path may be too long. */
static int walk_failed(const struct walk *walk, int errnum, const char *what, const char *name,
		       struct error *err)
{
	if (walk->depth <= 1)
		return error_set(err, errnum, "%s %s", what, walk->top);
	return error_set(err, errnum, "%s '%s', %zu level%s below %s", what, name, walk->depth - 1,
			 walk->depth == 2 ? "" : "s", walk->top);
}

/* ---- the names in a directory ---- */

/*
 * Reads the names of all directories in @dir at once: a read that goes on after the walk has been
 * in a subdirectory could miss some names, or never end.  Returns 0 or a negative errno.
 */
static int read_names(int dir, struct strbuf *ret_names)
{
	autodir DIR *stream = directory_stream(dir);
	struct dirent *entry;

	if (!stream)
		return -errno;
	/* All other names that begin with a dot are cgroups like any other. */
	while ((entry = directory_next(stream)))
		if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
			strbuf_add(ret_names, entry->d_name, strlen(entry->d_name) + 1);
	return -errno;
}

/* ---- down ---- */

/*
 * The container's root may be the caller itself on the host, and may have cleared the owner's bits
 * of the mode.  A failure of chmod(2) is noticed when the directory is read.
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

/* Begins one directory above the top, where the top is a name like those of all others. */
static int walk_start(struct walk *walk, struct error *err)
{
	const char *slash = strrchr(walk->top, '/');
	const char *name = slash ? slash + 1 : walk->top;
	autofree char *above =
		slash ? str_dup_n(walk->top, (size_t)(name - walk->top)) : str_dup(".");
	struct stat st;

	walk->fd = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (walk->fd < 0 && errno == ENOENT)
		return 0;
	if (walk->fd < 0 || fstat(walk->fd, &st) < 0)
		return error_set(err, errno, "open %s", above);
	strbuf_add(&push(walk, &st)->names, name, strlen(name) + 1);
	return 0;
}

static int walk_down(struct walk *walk, const char *name, struct error *err)
{
	autoclose int fd = openat(walk->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autostrbuf struct strbuf names = { 0 };
	bool is_elsewhere;
	struct stat st;
	int failed;

	if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		return walk_failed(walk, errno, "open", name, err);
	is_elsewhere = fd >= 0 && (fstat(fd, &st) < 0 ||
				   (walk->depth > 1 && walk->levels[1].device != st.st_dev));
	if (fd < 0 || is_elsewhere) {
		/* A mount point can't be removed, nor can the directories above. */
		if (fd >= 0 && !walk->visitor)
			return walk_failed(walk, EBUSY, "remove the mount point", name, err);
		skip_name(walk);
		return 0;
	}
	if (walk->entered++ == walk->limit)
		return error_set(err, 0, "%s: directories are made in it as fast as they are %s",
				 walk->top, walk->visitor ? "read" : "removed");
	restore_mode(fd, &st);
	failed = read_names(fd, &names);
	/* ENOENT: the directory was removed a moment ago, so it is empty. */
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
 * Goes back to the directory above.  Where the present directory was moved, ".." is another
 * directory than the one from which the walk came; the walk must not go on there.
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

/*
 * Removes the directory that the walk has just left; or leaves it to be entered again, where
 * directories were made in it in the meantime.
 */
static int remove_left(struct walk *walk, struct error *err)
{
	const char *name = walk_next(walk);

	for (int waited = 0;; waited++) {
		autostrbuf struct strbuf names = { 0 };
		autoclose int fd = -1;

		if (unlinkat(walk->fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
			skip_name(walk);
			return 0;
		}
		/* EBUSY: a cgroup that has processes or child cgroups. */
		if ((errno != EBUSY && errno != ENOTEMPTY) || waited >= BUSY_TIMEOUT_MS)
			return walk_failed(walk, errno, "remove", name, err);
		fd = openat(walk->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && read_names(fd, &names) == 0 && names.size > 0)
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

static int walk_back(struct walk *walk, struct error *err)
{
	if (leave(walk) == WENT_ASTRAY) {
		forget_way(walk);
		return walk_start(walk, err);
	}
	if (!walk->visitor)
		return remove_left(walk, err);
	skip_name(walk);
	return 0;
}

/* ---- the walk ---- */

static int walk_run(struct walk *walk, struct error *err)
{
	int result = walk_start(walk, err);

	while (result == 0 && walk->depth > 0) {
		const char *name = walk_next(walk);

		if (name)
			result = walk_down(walk, name, err);
		else if (walk->depth > 1)
			result = walk_back(walk, err);
		else
			break;
	}
	return result;
}

int walk_each(const char *directory, size_t limit, walk_visitor *visitor, void *context,
	      struct error *err)
{
	__attribute__((cleanup(walk_cleanup))) struct walk walk = {
		.top = directory, .visitor = visitor, .context = context, .limit = limit, .fd = -1
	};

	return walk_run(&walk, err);
}

int walk_remove(const char *directory, size_t limit, struct error *err)
{
	__attribute__((cleanup(walk_cleanup))) struct walk walk = { .top = directory,
								    .limit = limit,
								    .fd = -1 };

	return walk_run(&walk, err);
}
