// SPDX-License-Identifier: Apache-2.0
#include "core/base/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

/* The kernel's own limit.  Source: path_resolution(7). */
#define LINKS_MAX 40

/* Tries to open a file that other processes make and remove in between. */
#define APPEND_TRIES 16

/* The kernel's default of sysctl kernel.overflowuid, which nobody has a reason to change. */
#define OVERFLOW_ID 65534

/* The inode of the host's first user namespace.  Source: linux/proc_ns.h, PROC_USER_INIT_INO. */
#define FIRST_USER_NAMESPACE 0xEFFFFFFDu

bool place_owner_is_unmapped(uid_t uid)
{
	struct stat st;

	return uid == OVERFLOW_ID && geteuid() != OVERFLOW_ID &&
	       stat("/proc/self/ns/user", &st) == 0 && st.st_ino != FIRST_USER_NAMESPACE;
}

/* State of a walk along a path. */
struct walk {
	const char *what; /* for messages, as is @path */
	const char *path; /* the whole path */
	int dir;	  /* O_PATH */
	char *text;	  /* the memory that @rest points into */
	char *rest;	  /* still to be walked; NULL at the end */
	unsigned int links;
};

static void place_walk_release(struct walk *walk)
{
	fd_close(&walk->dir);
	free(walk->text);
}
#define autowalk __attribute__((cleanup(place_walk_release)))

/* Walks along @text next; @text becomes the walk's. */
static int walk_along(struct walk *walk, char *text, struct error *err)
{
	free(walk->text);
	walk->text = walk->rest = text;
	if (walk->dir >= 0 && text[0] != '/')
		return 0;
	fd_close(&walk->dir);
	walk->dir = open(text[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return walk->dir < 0 ? error_set(err, errno, "open %s %s", walk->what, walk->path) : 0;
}

static int walk_begin(struct walk *walk, const char *what, const char *path, struct error *err)
{
	*walk = (struct walk){ .what = what, .path = path, .dir = -1 };
	if (*path == '\0')
		return error_set(err, ENOENT, "open %s ''", what);
	return walk_along(walk, str_dup(path), err);
}

/* The next component; NULL at the end of the path. */
static char *place_next_name(struct walk *walk)
{
	char *name;

	do
		name = strsep(&walk->rest, "/");
	while (name && *name == '\0');
	return name;
}

static bool is_at_end(const struct walk *walk)
{
	return !walk->rest || walk->rest[strspn(walk->rest, "/")] == '\0';
}

/*
 * Is it certain that nobody but us and root has made the link?  Where the host's root isn't mapped,
 * root's links (/var/run) are shown as everybody else's; so a link counts as root's in a directory
 * that looks like root's and that only its owner can write to.  As the last component, a link is
 * refused in directories like /tmp whoever made it: there others can take names that don't exist
 * yet.
 */
static bool may_follow(const struct stat *dir, const struct stat *link, bool last)
{
	if (last && dir->st_mode & S_IWOTH)
		return false;
	if (link->st_uid == geteuid() || link->st_uid == 0)
		return true;
	return !(dir->st_mode & (S_IWGRP | S_IWOTH)) && place_owner_is_unmapped(link->st_uid) &&
	       place_owner_is_unmapped(dir->st_uid);
}

/*
 * @link is the open link @name.  Sets the walk on the target of the link; but a link of procfs has
 * no path: then *ret_target gets the target itself, opened as O_PATH.
 */
static int follow(struct walk *walk, int link, const char *name, int *ret_target, struct error *err)
{
	char target[PATH_MAX];
	struct stat dir_stat, link_stat;
	struct statfs fs;
	ssize_t length;

	if (fstat(walk->dir, &dir_stat) < 0 || fstat(link, &link_stat) < 0 ||
	    fstatfs(link, &fs) < 0)
		return error_set(err, errno, "stat %s %s", walk->what, walk->path);
	if (!may_follow(&dir_stat, &link_stat, is_at_end(walk)))
		return error_set(err, 0,
				 "%s %s: '%s' is a symbolic link that another user can have made "
				 "(it belongs to uid %u): it is not followed",
				 walk->what, walk->path, name, link_stat.st_uid);
	if (++walk->links > LINKS_MAX)
		return error_set(err, ELOOP, "open %s %s", walk->what, walk->path);
	if (fs.f_type == PROC_SUPER_MAGIC) {
		*ret_target = openat(walk->dir, name, O_PATH | O_CLOEXEC);
		return *ret_target < 0 ? error_set(err, errno, "open %s %s", walk->what, walk->path)
				       : 0;
	}
	length = readlinkat(link, "", target, sizeof(target) - 1);
	if (length <= 0)
		return error_set(err, length < 0 ? errno : ENOENT, "read the link %s %s",
				 walk->what, walk->path);
	target[length] = '\0';
	return walk_along(
		walk, walk->rest ? str_format("%s/%s", target, walk->rest) : str_dup(target), err);
}

/* Goes to the directory @name, through the link if @name is one. */
static int place_enter(struct walk *walk, const char *name, enum place_missing missing,
		       struct error *err)
{
	const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	autoclose int fd = openat(walk->dir, name, flags);
	autoclose int target = -1;
	struct stat st;

	if (fd < 0 && errno == ENOENT && missing == PLACE_MAKE) {
		if (mkdirat(walk->dir, name, 0700) < 0 && errno != EEXIST)
			return error_set(err, errno, "make %s %s", walk->what, walk->path);
		fd = openat(walk->dir, name, flags);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open %s %s", walk->what, walk->path);
	if (S_ISLNK(st.st_mode)) {
		if (follow(walk, fd, name, &target, err) < 0)
			return -1;
		if (target < 0)
			return 0;
		fd_close(&fd);
		fd = take_fd(&target);
		if (fstat(fd, &st) < 0)
			return error_set(err, errno, "stat %s %s", walk->what, walk->path);
	}
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "open %s %s", walk->what, walk->path);
	fd_close(&walk->dir);
	walk->dir = take_fd(&fd);
	return 0;
}

/* Goes to the directory of the last component.  Returns the component, or NULL where this fails. */
static char *walk_to_last(struct walk *walk, struct error *err)
{
	char *name = place_next_name(walk);

	while (name && !is_at_end(walk)) {
		if (place_enter(walk, name, PLACE_MUST_EXIST, err) < 0)
			return NULL;
		name = place_next_name(walk);
	}
	if (name && !str_equal(name, ".") && !str_equal(name, ".."))
		return name;
	error_set(err, EISDIR, "open %s %s", walk->what, walk->path);
	return NULL;
}

void place_release(struct place *place)
{
	fd_close(&place->dir);
	free(place->name);
	place->name = NULL;
}

int place_find(const char *what, const char *path, struct place *ret_place, struct error *err)
{
	autowalk struct walk walk = { .dir = -1 };
	char *name;

	if (walk_begin(&walk, what, path, err) < 0)
		return -1;
	name = walk_to_last(&walk, err);
	if (!name)
		return -1;
	*ret_place = (struct place){ .dir = take_fd(&walk.dir), .name = str_dup(name) };
	return 0;
}

/*
 * A path without a link needs no look at its parts, and is opened by one call.  Returns -1 where the path has
 * a link, doesn't exist, or can't be opened.
 */
static int open_without_links(const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS };

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

int place_open_directory(const char *what, const char *path, enum place_missing missing,
			 int *ret_fd, struct error *err)
{
	autowalk struct walk walk = { .dir = -1 };
	int fd = open_without_links(path);

	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	if (walk_begin(&walk, what, path, err) < 0)
		return -1;
	for (char *name; (name = place_next_name(&walk));)
		if (place_enter(&walk, name, missing, err) < 0)
			return -1;
	fd = openat(walk.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "open %s %s", what, path);
	*ret_fd = fd;
	return 0;
}

/*
 * Can other users change the entries of the directory?  The directory may also belong to another
 * user.  Where the host's root isn't mapped, its directories (/dev) are shown as everybody else's.
 */
static bool is_others(const struct stat *dir)
{
	return dir->st_mode & (S_IWGRP | S_IWOTH) ||
	       (dir->st_uid != geteuid() && dir->st_uid != 0 &&
		!place_owner_is_unmapped(dir->st_uid));
}

/*
 * Other users can have put the file there: a file of theirs, so that they read what we write or
 * that we wait for ever (a FIFO), or a second name of a file of ours.
 */
static int check_found(const struct walk *walk, int fd, struct error *err)
{
	struct stat dir_stat, st;

	if (fstat(walk->dir, &dir_stat) < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "stat %s %s", walk->what, walk->path);
	if (!is_others(&dir_stat))
		return 0;
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return error_set(
			err, 0,
			"%s %s: it belongs to uid %u, in a directory that others can write "
			"to: it is not written to",
			walk->what, walk->path, st.st_uid);
	if (S_ISREG(st.st_mode) && st.st_nlink > 1)
		return error_set(
			err, 0,
			"%s %s: it has a second name, in a directory that others can write "
			"to: it is not written to",
			walk->what, walk->path);
	return 0;
}

/* Opens the file that O_PATH has found: the name can be another file's since. */
static int open_found(const struct walk *walk, int found, int *ret_fd, struct error *err)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
	/* ORDER: O_NONBLOCK, or the open of a FIFO waits for a reader. */
	fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && errno == ENXIO)
		return error_set(err, 0, "open %s %s: nothing reads from this FIFO or socket",
				 walk->what, walk->path);
	if (fd < 0)
		return error_set(err, errno, "open %s %s", walk->what, walk->path);
	*ret_fd = fd;
	return 0;
}

/*
 * Tries the last component @name once.  Returns 1 with *ret_fd set; 0 where the walk goes on,
 * because a link leads elsewhere, or the file was made or removed just now.
 */
static int try_append(struct walk *walk, const char *name, mode_t mode, int *ret_fd,
		      struct error *err)
{
	autoclose int found = openat(walk->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	autoclose int target = -1;
	struct stat st;
	int fd;

	if (found < 0 && errno == ENOENT) {
		fd = openat(walk->dir, name,
			    O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd < 0 && errno == EEXIST)
			return walk_along(walk, str_dup(name), err);
		if (fd < 0)
			return error_set(err, errno, "make %s %s", walk->what, walk->path);
		*ret_fd = fd;
		return 1;
	}
	if (found < 0 || fstat(found, &st) < 0)
		return error_set(err, errno, "open %s %s", walk->what, walk->path);
	if (!S_ISLNK(st.st_mode))
		return check_found(walk, found, err) < 0 || open_found(walk, found, ret_fd, err) < 0
			       ? -1
			       : 1;
	if (follow(walk, found, name, &target, err) < 0)
		return -1;
	if (target < 0)
		return 0;
	return open_found(walk, target, ret_fd, err) < 0 ? -1 : 1;
}

int place_open_append(const char *what, const char *path, mode_t mode, int *ret_fd,
		      struct error *err)
{
	autowalk struct walk walk = { .dir = -1 };
	char *name;
	int done = 0;

	if (walk_begin(&walk, what, path, err) < 0)
		return -1;
	for (int i = 0; i < LINKS_MAX + APPEND_TRIES && done == 0; i++) {
		name = walk_to_last(&walk, err);
		if (!name)
			return -1;
		done = try_append(&walk, name, mode, ret_fd, err);
	}
	if (done == 0)
		return error_set(err, EAGAIN, "open %s %s", what, path);
	return done < 0 ? -1 : 0;
}
