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

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IRWXU) == S_IRWXU || st.st_uid != geteuid())
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, (st.st_mode & 07777) | S_IRWXU) < 0 ? -errno : 0;
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
 * Moves a directory that is in a directory to the top, where a later pass empties it: so no
 * directory is nested deep.
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

static void empty(struct removal *removal, int dir)
{
	autodir DIR *stream = directory_stream(dir);

	if (!stream) {
		note_failure(removal, -errno);
		return;
	}
	for (struct dirent *entry; (entry = next_entry(removal, stream));) {
		if (unlinkat(dir, entry->d_name, 0) == 0)
			removal->progress = true;
		else if (errno == EISDIR)
			move_up(removal, dir, entry->d_name);
		else
			note_failure(removal, -errno);
	}
}

static void remove_directory(struct removal *removal, const char *name)
{
	autoclose int fd = open_below(removal->top, name);

	if (fd < 0) {
		note_failure(removal, fd);
		return;
	}
	empty(removal, fd);
	if (unlinkat(removal->top, name, AT_REMOVEDIR) == 0)
		removal->progress = true;
	else
		note_failure(removal, -errno);
}

static void pass(struct removal *removal)
{
	autodir DIR *stream = directory_stream(removal->top);

	removal->progress = false;
	removal->failed = 0;
	if (!stream) {
		note_failure(removal, -errno);
		return;
	}
	for (struct dirent *entry; (entry = next_entry(removal, stream));) {
		const char *name = entry->d_name;

		if (removal->keep && str_equal(name, removal->keep))
			continue;
		if (unlinkat(removal->top, name, 0) == 0)
			removal->progress = true;
		else if (errno == EISDIR)
			remove_directory(removal, name);
		else
			note_failure(removal, -errno);
	}
}

int remove_below(int dir, const char *keep)
{
	struct removal removal = { .top = dir, .keep = keep };
	int passes = 0;

	/*
	 * A failure shows in the passes: a directory that can't be made accessible can't be read.
	 */
	(void)remove_make_accessible(dir);
	/* The last pass finds nothing that can be removed. */
	do
		pass(&removal);
	while (removal.progress && ++passes < PASSES_MAX);
	return removal.failed;
}
