// SPDX-License-Identifier: Apache-2.0
#include "core/base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

/* The kernel's limit of symbolic links in one path. */
#define LINKS_MAX 40
/*
 * openat2() fails with EAGAIN while another process renames below the root; we don't wait for ever
 * for a root that is renamed all the time.
 */
#define TRIES_MAX      128
#define MODE_DIRECTORY 0755
#define MODE_FILE      0644

static int open_resolved(int dir, const char *path, uint64_t flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };
	long fd;

	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		how.mode = mode;
	for (int tries = 0; tries < TRIES_MAX; tries++) {
		fd = syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

int path_open_in_root(int root, const char *path, uint64_t flags, mode_t mode)
{
	return open_resolved(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int path_open_on_mount(int dir, const char *path, uint64_t flags)
{
	return open_resolved(dir, path, flags, 0,
			     RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
}

enum walk_end {
	WALK_TO_DIRECTORY,
	WALK_TO_FILE,
};

/*
 * A path that we walk ourselves, one component a step, where openat2() didn't find a part of it.
 * Invariant: @dir is the directory @done, whose components are real directories below @root (no
 * link, no "..").
 */
struct walk {
	int root;
	int dir;
	char *done;	    /* "" is the root, else "a/b" */
	char *rest;	    /* what is still to be walked */
	unsigned int links; /* number of links followed until now */
	enum walk_end end;
	mode_t mode;				  /* of the last component, if the walk makes it */
	bool has_made;				  /* the present component */
	void (*made)(void *of, const char *path); /* hears of each new directory; NULL: nobody */
	void *of;
};

static void path_walk_release(struct walk *walk)
{
	fd_close(&walk->dir);
	free(walk->done);
	free(walk->rest);
}

/*
 * Opens the directory @done again, as real directories only: a component that was replaced by a
 * link since is an error.
 */
static int walk_reopen(struct walk *walk)
{
	int fd = open_resolved(walk->root, walk->done, O_PATH | O_DIRECTORY, 0,
			       RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

	if (fd < 0)
		return fd;
	fd_close(&walk->dir);
	walk->dir = fd;
	return 0;
}

static int walk_up(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	/* The parent of the root is the root. */
	*(slash ? slash : walk->done) = '\0';
	return walk_reopen(walk);
}

/* Puts the link's text before the rest: an absolute link starts from the root again. */
static int walk_follow(struct walk *walk, int link)
{
	char target[PATH_MAX];
	struct statfs fs;
	ssize_t length;
	char *rest;

	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	/*
	 * The text of a magic link isn't the path that it leads to, and ordinary links of procfs
	 * can't be told from magic ones.
	 */
	if (fstatfs(link, &fs) < 0)
		return -errno;
	if (fs.f_type == PROC_SUPER_MAGIC)
		return -ELOOP;
	length = readlinkat(link, "", target, sizeof(target));
	if (length < 0)
		return -errno;
	if (length == 0 || (size_t)length >= sizeof(target))
		return length ? -ENAMETOOLONG : -ENOENT;
	rest = str_format("%.*s/%s", (int)length, target, walk->rest);
	free(walk->rest);
	walk->rest = rest;
	if (target[0] != '/')
		return 0;
	walk->done[0] = '\0';
	return walk_reopen(walk);
}

/*
 * Sets exactly the given mode, whatever the caller's umask: these directories are the container's.
 * We have one thread.
 */
static int walk_make_directory(struct walk *walk, const char *name, mode_t mode)
{
	mode_t old = umask(0);
	int result = mkdirat(walk->dir, name, mode) < 0 ? -errno : 0;

	umask(old);
	walk->has_made = result == 0;
	return result == -EEXIST ? 0 : result;
}

static int walk_make_file(int dir, const char *name, mode_t mode)
{
	mode_t old = umask(0);
	autoclose int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int result = fd < 0 && errno != EEXIST ? -errno : 0;

	umask(old);
	return result;
}

/* Opens @name in the directory of the walk; makes it where it doesn't exist. */
static int walk_open(struct walk *walk, const char *name, bool last)
{
	int fd = openat(walk->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int result;

	walk->has_made = false;
	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? fd : -errno;
	if (last && walk->end == WALK_TO_FILE)
		result = walk_make_file(walk->dir, name, walk->mode);
	else
		result = walk_make_directory(walk, name, last ? walk->mode : MODE_DIRECTORY);
	if (result < 0)
		return result;
	/*
	 * Another process may have made the name first, also as a link: the name is examined as any
	 * that existed before.
	 */
	fd = openat(walk->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}

/* Continues at @fd; at the end of a walk to a file, @dir is that file. */
static int walk_enter(struct walk *walk, const char *name, bool last, int fd)
{
	autoclose int found = fd;
	char *done;
	struct stat st;

	if (fstat(found, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return walk_follow(walk, found);
	if (last && walk->end == WALK_TO_FILE) {
		if (S_ISDIR(st.st_mode))
			return -EISDIR;
	} else if (!S_ISDIR(st.st_mode)) {
		return -ENOTDIR;
	}
	done = str_format("%s%s%s", walk->done, *walk->done ? "/" : "", name);
	free(walk->done);
	walk->done = done;
	fd_close(&walk->dir);
	walk->dir = take_fd(&found);
	if (walk->has_made && walk->made)
		walk->made(walk->of, walk->done);
	return 0;
}

/* Walks one component.  Returns 1 where none is left, else 0 or a negative errno. */
static int path_walk_step(struct walk *walk)
{
	bool last = false;
	autofree char *name = path_cut(walk->rest, &last);
	int fd;

	if (!name)
		return 1;
	if (str_equal(name, "."))
		return 0;
	if (str_equal(name, ".."))
		return walk_up(walk);
	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	fd = walk_open(walk, name, last);
	return fd < 0 ? fd : walk_enter(walk, name, last, fd);
}

/* Walks @path with what @how says, and gives the directory or the file at its end. */
static int walk_in_root(int root, const char *path, const struct walk *how)
{
	__attribute__((cleanup(path_walk_release))) struct walk walk = *how;
	int result;

	walk.root = root;
	walk.dir = -1;
	walk.done = str_dup("");
	walk.rest = str_dup(path);
	result = walk_reopen(&walk);
	while (result == 0)
		result = path_walk_step(&walk);
	return result < 0 ? result : take_fd(&walk.dir);
}

int path_mkdir_new(int root, const char *path, mode_t mode)
{
	autofree char *parent = str_dup(path);
	char *name = strrchr(parent, '/');
	autoclose int dir = -1;
	mode_t old;
	int fd;

	if (!name || name[1] == '\0' || str_equal(name + 1, ".") || str_equal(name + 1, ".."))
		return -ENOENT;
	*name++ = '\0';
	dir = open_resolved(root, parent, O_PATH | O_DIRECTORY, 0,
			    RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	if (dir < 0)
		return dir;
	old = umask(0);
	fd = mkdirat(dir, name, mode) < 0 ? -errno : 0;
	umask(old);
	if (fd < 0)
		return fd;
	fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int path_mkdirs_telling(int root, const char *path, mode_t mode,
			void (*made)(void *of, const char *path), void *of)
{
	const struct walk how = { .end = WALK_TO_DIRECTORY, .mode = mode, .made = made, .of = of };
	int fd = path_open_in_root(root, path, O_PATH | O_DIRECTORY, 0);

	if (fd != -ENOENT)
		return fd;
	if (!made)
		fd = path_mkdir_new(root, path, mode);
	return fd < 0 ? walk_in_root(root, path, &how) : fd;
}

int path_mkdirs_in_root(int root, const char *path, mode_t mode)
{
	return path_mkdirs_telling(root, path, mode, NULL, NULL);
}

int path_mkfile_in_root(int root, const char *path)
{
	const struct walk how = { .end = WALK_TO_FILE, .mode = MODE_FILE };
	autoclose int fd = path_open_in_root(root, path, O_PATH, 0);
	struct stat st;

	if (fd == -ENOENT)
		fd = walk_in_root(root, path, &how);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? -EISDIR : take_fd(&fd);
}

int path_read_in_root(int root, const char *path, size_t limit, char **ret_bytes, size_t *ret_size)
{
	autoclose int fd =
		path_open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? fd_read_known(fd, &st, limit, ret_bytes, ret_size) : -EINVAL;
}

bool path_is_own_directory(const char *path)
{
	struct stat st;

	return path && path[0] == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid();
}

char *path_clean(const char *path)
{
	char *clean = mem_alloc(strlen(path) + 2); /* one more than @path: the '/' before it */
	size_t size = 0;			   /* of the bytes written: "" or "/a/b" */

	for (const char *next = path; *(next += strspn(next, "/"));) {
		size_t length = strcspn(next, "/");

		if (length == 2 && next[0] == '.' && next[1] == '.') {
			while (size && clean[--size] != '/')
				;
		} else if (length != 1 || next[0] != '.') {
			clean[size] = '/';
			memcpy(clean + size + 1, next, length);
			size += length + 1;
		}
		next += length;
	}
	clean[size ? size : 1] = '\0';
	clean[0] = '/';
	return clean;
}

char *path_join(const char *base, const char *path)
{
	size_t length = strlen(base);

	if (path[0] == '/')
		return str_dup(path);
	return str_format("%s%s%s", base, length && base[length - 1] == '/' ? "" : "/", path);
}

char *path_cut(char *path, bool *ret_last)
{
	char *start = path + strspn(path, "/");
	size_t length = strcspn(start, "/");
	char *rest = start + length;
	char *name;

	if (length == 0)
		return NULL;
	name = str_dup_n(start, length);
	*ret_last = rest[strspn(rest, "/")] == '\0';
	memmove(path, rest, strlen(rest) + 1);
	return name;
}

bool path_is_in(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

bool path_list_has(const char *list, const char *name)
{
	for (const char *next = list ? list : ""; *next; next += *next == ':') {
		size_t length = strcspn(next, ":");
		autofree char *file = str_format("%.*s/%s", (int)length, next, name);

		if (length > 0 && access(file, F_OK) == 0)
			return true;
		next += length;
	}
	return false;
}
