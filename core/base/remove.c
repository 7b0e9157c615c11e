// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"

/* Limit for a process that makes names all the time. */
#define PASSES_MAX 10000
/* Directories below the top that are open at the same time, with a stream each. */
#define DEPTH_MAX 8

struct removal {
	int top;
	const char *keep;
	uint64_t moved; /* counts moved directories, for new names */
	bool progress;
	int failed; /* the first negative errno of a pass */
};

static void note_failure(struct removal *removal, int failed)
{
	if (removal->failed == 0 && failed != -ENOENT)
		removal->failed = failed;
}

/*
 * ORDER: the mode is changed through the descriptor, so that a link that takes the name doesn't get
 * it.  The owner's three rights are needed to read a directory, to empty it and to move it.
 */
int remove_make_accessible(int fd)
{
	char path[32];
	struct stat st;
	mode_t mode;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IRWXU) == S_IRWXU || st.st_uid != geteuid())
		return 0;
	mode = (st.st_mode & 07777) | S_IRWXU;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (chmod(path, mode) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	/* Without a procfs: urun-image, whose capabilities let it look up "." in any directory. */
	return fchmodat(fd, ".", mode, 0) < 0 ? -errno : 0;
}

/* Returns -EXDEV where something is mounted on it. */
static int open_below(int dir, const char *name)
{
	autoclose int fd = path_open_on_mount(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
	int failed;

	if (fd < 0)
		return fd;
	failed = remove_make_accessible(fd);
	return failed < 0 ? failed : take_fd(&fd);
}

/*
 * Moves a directory from a depth that we don't open to the top, where a later pass empties it.
 */
static void move_up(struct removal *removal, int dir, const char *name)
{
	autoclose int fd = open_below(dir, name);
	char new_name[32];
	int tries = 16;

	if (fd < 0) {
		note_failure(removal, fd);
		return;
	}
	do
		snprintf(new_name, sizeof(new_name), ".urun-moved-%llx",
			 (unsigned long long)removal->moved++);
	while (renameat2(dir, name, removal->top, new_name, RENAME_NOREPLACE) < 0 &&
	       errno == EEXIST && --tries > 0);
	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		removal->progress = true;
	else
		note_failure(removal, -EBUSY);
}

/* The next entry; NULL at the end, or where the directory can't be read, which is recorded. */
static struct dirent *next_entry(struct removal *removal, DIR *stream)
{
	struct dirent *entry = directory_next(stream);

	if (!entry && errno)
		note_failure(removal, -errno);
	return entry;
}

static void empty(struct removal *removal, int dir, int depth);

static void remove_directory(struct removal *removal, int dir, const char *name, int depth)
{
	autoclose int fd = open_below(dir, name);

	if (fd < 0) {
		note_failure(removal, fd);
		return;
	}
	empty(removal, fd, depth);
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		removal->progress = true;
	else
		note_failure(removal, -errno);
}

/* @depth: of @dir below the top, which is 0. */
static void empty_listed(struct removal *removal, DIR *stream, int dir, int depth)
{
	for (struct dirent *entry; (entry = next_entry(removal, stream));) {
		const char *name = entry->d_name;

		if (depth == 0 && removal->keep && str_equal(name, removal->keep))
			continue;
		if (unlinkat(dir, name, 0) == 0)
			removal->progress = true;
		else if (errno != EISDIR)
			note_failure(removal, -errno);
		else if (depth < DEPTH_MAX)
			remove_directory(removal, dir, name, depth + 1);
		else
			move_up(removal, dir, name);
	}
}

static void empty(struct removal *removal, int dir, int depth)
{
	autodir DIR *stream = directory_stream(dir);

	if (stream)
		empty_listed(removal, stream, dir, depth);
	else
		note_failure(removal, -errno);
}

int remove_below(int dir, const char *keep)
{
	struct removal removal = { .top = dir, .keep = keep };
	autodir DIR *stream = NULL;
	int passes = 0;

	/*
	 * A failure shows in the passes: a directory that can't be made accessible can't be read.
	 */
	(void)remove_make_accessible(dir);
	stream = directory_stream(dir);
	if (!stream)
		return errno == ENOENT ? 0 : -errno;
	/* The last pass finds nothing that can be removed. */
	do {
		removal.progress = false;
		removal.failed = 0;
		if (passes > 0)
			rewinddir(stream);
		empty_listed(&removal, stream, dir, 0);
	} while (removal.progress && ++passes < PASSES_MAX);
	return removal.failed;
}

int remove_tree(int dir, const char *name)
{
	autoclose int fd = -1;
	int failed;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	fd = path_open_on_mount(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
	/* Another process may remove the same tree. */
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	failed = remove_below(fd, NULL);
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return failed < 0 ? failed : -errno;
}
