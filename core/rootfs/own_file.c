// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init before pivot_root.
 *
 * The directory of a file is walked once, inside the root (path_mkdirs_in_root()), and must be on
 * the root file system's own mount.  The file is then opened by its last name alone, without
 * following a link, and must be a regular file of that mount.  So neither a link of the image nor a
 * mount of the config leads to a file of the host.
 */
#include "core/rootfs/own_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/mountinfo.h"
#include "core/base/passwd.h"
#include "core/base/path.h"
#include "core/base/span.h"
#include "core/base/stat.h"
#include "core/base/str.h"

#define FILE_SIZE_MAX PASSWD_SIZE_MAX

/* How many times another container may replace the file between our open(2) and flock(2). */
#define TRIES 10

/* Half a second in all: a start holds the lock for a thousandth of that. */
#define LOCK_TRIES   500
#define LOCK_WAIT_NS 1000000

/* The directory and the last part of the destination of a step. */
struct spot {
	int dir;
	char *name; /* to be freed */
};

static int find_spot(const struct mount_step *step, int rootfs, struct spot *ret_spot)
{
	autofree char *path = str_dup(step->destination);
	char *name = strrchr(path, '/');
	autoclose int dir = -1;

	*name++ = '\0';
	dir = path_mkdirs_in_root(rootfs, *path ? path : "/", 0755);
	if (dir < 0)
		return dir;
	if (!mount_is_same(dir, rootfs))
		return -EXDEV;
	ret_spot->dir = take_fd(&dir);
	ret_spot->name = str_dup(name);
	return 0;
}

static int read_source(const struct mount_step *step, char **ret_text, size_t *ret_size)
{
	int result = fd_read_file(step->source, FILE_SIZE_MAX, ret_text, ret_size);
	char link[64];

	if (result != -EACCES || step->source_fd < 0)
		return result;
	/* The directory of the state may be below one that the container's root can't search. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", step->source_fd);
	return fd_read_file(link, FILE_SIZE_MAX, ret_text, ret_size);
}

/* Opens the file, if it is a regular file of the root file system's own mount. */
static int open_own(const struct spot *spot, int flags)
{
	autoclose int fd = openat(spot->dir, spot->name,
				  flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || !mount_is_same(fd, spot->dir))
		return -EINVAL;
	return take_fd(&fd);
}

/* ---- the whole file ---- */

static bool has_line(const char *text, struct span wanted)
{
	struct span rest = { text, strlen(text) }, line;

	while (span_cut(&rest, '\n', &line))
		if (line.size == wanted.size && memcmp(line.bytes, wanted.bytes, line.size) == 0)
			return true;
	return false;
}

static bool has_all_lines(const char *text, const char *of)
{
	struct span rest = { of, strlen(of) }, line;

	while (span_cut(&rest, '\n', &line))
		if (!has_line(text, line))
			return false;
	/* Where the source has no name servers, a file that has some isn't right. */
	return *of || !*text;
}

/*
 * Opens the file through a mount of its own.  A file that is open for writing prevents its mount
 * from becoming read-only, which we do next, and which the container's root may do later.
 */
static int open_to_follow(const struct spot *spot)
{
	autoclose int tree =
		(int)open_tree(spot->dir, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	const struct spot copy = { .dir = tree, .name = spot->name };

	return tree < 0 ? -errno : open_own(&copy, O_RDWR);
}

enum kept {
	KEPT_NOT,	/* the file is written anew */
	KEPT_WITH_MORE, /* it has all lines of the source, and others */
	KEPT_SAME,	/* it is the source, byte for byte */
};

/*
 * Does the file stay as it is?  In an overlay that is kept between runs, lines that users of the
 * container have added stay.  Lines that urun itself wrote, at the start of an earlier run or
 * during it, are replaced.
 */
static enum kept find_kept(const struct spot *spot, const char *wanted)
{
	autoclose int fd = open_own(spot, O_RDONLY);
	autofree char *text = NULL;
	size_t size;

	if (fd < 0 || fd_read_all(fd, FILE_SIZE_MAX, &text, &size) < 0 ||
	    !has_all_lines(text, wanted))
		return KEPT_NOT;
	if (str_equal(text, wanted))
		return KEPT_SAME;
	return file_is_marked(fd) ? KEPT_NOT : KEPT_WITH_MORE;
}

static int write_anew(const struct spot *spot, const char *text, size_t size)
{
	autoclose int fd = -1;
	int result;

	/*
	 * Removes a link (mostly to /run of a system that doesn't run here), a FIFO or a device;
	 * below an overlay it stays.
	 */
	fd = open_own(spot, O_PATH);
	if (fd == -EINVAL && unlinkat(spot->dir, spot->name, 0) < 0)
		return -errno;
	fd_close(&fd);
	fd = open_own(spot, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0)
		return fd;
	if (fchmod(fd, 0644) < 0)
		return -errno;
	result = fd_write_all(fd, text, size);
	file_mark(fd);
	return result;
}

static int write_whole(const struct mount_step *step, const struct spot *spot, int *ret_fd)
{
	autofree char *text = NULL;
	size_t size;
	int result = read_source(step, &text, &size), fd;
	enum kept kept;

	if (result < 0)
		return result;
	kept = find_kept(spot, text);
	if (kept == KEPT_NOT)
		result = write_anew(spot, text, size);
	if (result < 0 || kept == KEPT_WITH_MORE || !ret_fd)
		return result;
	fd = open_to_follow(spot);
	if (fd >= 0) {
		fd_close(ret_fd);
		*ret_fd = fd;
	} else
		log_debug("%s will not follow the host's: %s", step->destination,
			  error_errno_text(-fd));
	return 0;
}

/* ---- lines ---- */

/* Replaces the file by one with these bytes, and with the owner and the mode of @old. */
static int replace_own(const struct spot *spot, const struct stat *old, const struct strbuf *text)
{
	autofree char *name = str_format(".urun-%s.new", spot->name);
	autoclose int fd = -1;
	int result;

	unlinkat(spot->dir, name, 0);
	fd = openat(spot->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (fchown(fd, old->st_uid, old->st_gid) < 0 || fchmod(fd, old->st_mode & 07777) < 0)
		result = -errno;
	else
		result = fd_write_all(fd, text->bytes, text->size);
	if (result == 0 && renameat(spot->dir, name, spot->dir, spot->name) < 0)
		result = -errno;
	if (result < 0)
		unlinkat(spot->dir, name, 0);
	return result;
}

/* A new file gets the owner of its directory, which may be another than the container's root. */
static int open_or_make(const struct spot *spot)
{
	int fd = open_own(spot, O_RDWR | O_APPEND);
	struct stat st;

	if (fd != -ENOENT)
		return fd;
	fd = open_own(spot, O_RDWR | O_APPEND | O_CREAT | O_EXCL);
	if (fd >= 0 && (fchmod(fd, 0644) < 0 || fstat(spot->dir, &st) < 0 ||
			(fchown(fd, st.st_uid, st.st_gid) < 0 && errno != EINVAL)))
		log_debug("%s: its owner stays the container's root", spot->name);
	return fd;
}

/* Does the name still lead to the open file?  Another container may have replaced the file. */
static bool is_in_place(const struct spot *spot, const struct stat *st)
{
	struct stat now;

	return fstatat(spot->dir, spot->name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       stat_same(&now, st);
}

/*
 * Containers that start at the same time may share a root.  A hostile one may hold the lock for
 * ever: then we go on without the lock, and a line is lost only if the file is replaced at the same
 * moment.
 */
static void lock_for_a_while(int fd)
{
	const struct timespec pause = { .tv_nsec = LOCK_WAIT_NS };

	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			return;
		nanosleep(&pause, NULL);
	}
}

/* Opens and locks the file. */
static int open_locked(const struct spot *spot, struct stat *ret_st)
{
	for (int tries = 0; tries < TRIES; tries++) {
		autoclose int fd = open_or_make(spot);

		if (fd < 0)
			return fd;
		lock_for_a_while(fd);
		if (fstat(fd, ret_st) < 0)
			return -errno;
		if (is_in_place(spot, ret_st))
			return take_fd(&fd);
	}
	return -EAGAIN;
}

/*
 * Appends the lines in one write.  A file with a second name is replaced instead, since the other
 * name may be in another root file system that was copied by links (cp -al).
 */
static int add_step_lines(const struct mount_step *step, const struct spot *spot)
{
	autostrbuf struct strbuf merged = { 0 };
	autofree char *text = NULL;
	struct stat st;
	autoclose int fd = open_locked(spot, &st);
	size_t size;
	int result;

	if (fd < 0)
		return fd;
	result = fd_read_all(fd, FILE_SIZE_MAX, &text, &size);
	if (result < 0)
		return result;
	if (strlen(text) != size)
		return -EINVAL;
	passwd_merge(text, step->lines, &merged);
	if (str_equal(merged.bytes, text))
		return 0;
	if (st.st_nlink > 1 || !str_starts_with(merged.bytes, text))
		return replace_own(spot, &st, &merged);
	return fd_write_all(fd, merged.bytes + size, merged.size - size);
}

bool own_file_write(const struct mount_step *step, int rootfs, int *ret_fd)
{
	struct spot spot = { .dir = -1 };
	int result;

	if (!(step->options.traits & (MOUNT_TRAIT_FILE | MOUNT_TRAIT_LINES)))
		return false;
	result = find_spot(step, rootfs, &spot);
	if (result == 0)
		result = step->options.traits & MOUNT_TRAIT_FILE ? write_whole(step, &spot, ret_fd)
								 : add_step_lines(step, &spot);
	if (result < 0)
		log_debug("%s isn't written in the root file system, but mounted: %s",
			  step->destination, error_errno_text(-result));
	fd_close(&spot.dir);
	free(spot.name);
	return result == 0;
}
