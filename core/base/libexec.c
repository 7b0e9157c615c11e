// SPDX-License-Identifier: Apache-2.0
#include "core/base/libexec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

/*
 * The users and groups that may be able to write to a helper that we execute.  To execute a helper
 * gives its writers our rights.  The writers of urun itself have these rights already, whatever the
 * helpers are.  So a helper is as trustworthy as urun if nobody can write to it who can't write to
 * urun too.  For the same reason a group may be able to write to a helper, if that group can write
 * to urun's own file or directory: this is the case with umask 002 in a directory where a user has
 * built urun, on hosts where each user has a private group.  The kernel can't be asked whether a
 * group is private, and this rule doesn't need to know.
 *
 * In a user namespace that doesn't map the host's root (rootless podman), root's files are shown
 * with the overflow id, as all other files whose owner isn't mapped.  An installed urun is shown so
 * too, which makes its helpers "the same owner's"; no rule of its own is needed.
 */
struct writers {
	uid_t owner;	 /* of urun's file */
	gid_t groups[2]; /* that can write to urun's file or directory */
	size_t group_count;
	char *directory; /* urun's; NULL: not known */
};

static void writers_release(struct writers *writers)
{
	free(writers->directory);
}
#define autowriters __attribute__((cleanup(writers_release)))

static void writers_add_group(struct writers *writers, const struct stat *st)
{
	if (st->st_mode & S_IWGRP)
		writers->groups[writers->group_count++] = st->st_gid;
}

/*
 * The path that a link of procfs leads to.  NULL with errno, which is ENOENT where the link leads
 * to no path (a memfd, another root).
 */
static char *read_path(const char *link)
{
	char path[PATH_MAX];
	ssize_t length = readlink(link, path, sizeof(path) - 1);

	if (length >= 0 && (length == 0 || path[0] != '/'))
		errno = ENOENT;
	if (length <= 0 || path[0] != '/')
		return NULL;
	path[length] = '\0';
	return str_dup(path);
}

/* The directory of our own file; NULL where the file has none. */
static char *directory_of_urun(void)
{
	char *path = read_path("/proc/self/exe");
	char *slash = path ? strrchr(path, '/') : NULL;

	if (slash)
		slash[slash == path ? 1 : 0] = '\0';
	return path;
}

static int writers_of_urun(struct writers *writers, struct error *err)
{
	autoclose int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	struct stat st;

	if (self < 0 || fstat(self, &st) < 0)
		return error_set(err, errno, "open /proc/self/exe");
	writers->owner = st.st_uid;
	writers_add_group(writers, &st);
	writers->directory = directory_of_urun();
	if (!writers->directory && errno != ENOENT && errno != EACCES)
		return error_set(err, errno, "read the link /proc/self/exe");
	if (writers->directory && stat(writers->directory, &st) == 0)
		writers_add_group(writers, &st);
	return 0;
}

static bool group_writes_urun(const struct writers *writers, gid_t group)
{
	for (size_t i = 0; i < writers->group_count; i++)
		if (writers->groups[i] == group)
			return true;
	return false;
}

/* Refuses the opened file or directory @fd, whose path is @path, where others can write to it. */
static int check_writers(const struct writers *writers, const char *program, int fd,
			 const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "stat %s", path);
	if (st.st_uid != geteuid() && st.st_uid != 0 && st.st_uid != writers->owner) {
		error_set(err, 0,
			  "%s is not executed: %s belongs to uid %u, who is neither us, nor root, "
			  "nor the owner of urun",
			  program, path, st.st_uid);
		return error_hint(err, "run `chown %u %s` as root", writers->owner, path);
	}
	/* The sticky bit makes no difference: others can still add a file of that name. */
	if (st.st_mode & S_IWOTH ||
	    (st.st_mode & S_IWGRP && !group_writes_urun(writers, st.st_gid))) {
		error_set(err, 0, "%s is not executed: %s can be written by others (mode %04o)",
			  program, path, st.st_mode & 07777);
		/* /tmp and such directories are for all users: their mode must stay. */
		if (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX || st.st_uid != geteuid()))
			return error_hint(
				err,
				"put urun, and %s beside it, into a directory that only you "
				"can write to",
				program);
		return error_hint(err, "run `chmod go-w %s`", path);
	}
	return 0;
}

static int check_directory(const struct writers *writers, const char *program, const char *path,
			   int *ret_fd, struct error *err)
{
	autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open %s", path);
	if (check_writers(writers, program, fd, path, err) < 0)
		return -1;
	*ret_fd = take_fd(&fd);
	return 0;
}

/*
 * ORDER: the directory and the file are opened, then checked, then used by the descriptor of the
 * directory, in which nobody else can have put another file of that name since: so the file that
 * was checked is the file that runs.  The file may be a symbolic link (stow, a build beside): then
 * the directory that the link leads to is checked too, and the file is executed there.
 */
static int open_in(const char *directory, const char *program, const struct writers *writers,
		   struct libexec *libexec, struct error *err)
{
	autoclose int dir = -1, link = -1, file = -1;
	autofree char *real = NULL;
	char link_path[32];
	struct stat st;

	libexec->path = str_format("%s/%s", directory, program);
	if (check_directory(writers, program, directory, &dir, err) < 0)
		return -1;
	link = openat(dir, program, O_PATH | O_CLOEXEC);
	if (link < 0)
		return error_set(err, errno, "open %s", libexec->path);
	snprintf(link_path, sizeof(link_path), "/proc/self/fd/%d", link);
	real = read_path(link_path);
	if (!real)
		return error_set(err, errno, "open %s", libexec->path);
	libexec->name = str_dup(strrchr(real, '/') + 1);
	*strrchr(real, '/') = '\0';
	if (check_directory(writers, program, *real ? real : "/", &libexec->dir, err) < 0)
		return -1;
	file = openat(libexec->dir, libexec->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0 || fstat(file, &st) < 0)
		return error_set(err, errno, "open %s", libexec->path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EACCES, "execute %s", libexec->path);
	return check_writers(writers, program, file, libexec->path, err);
}

/* Returns 0 or a negative errno. */
static int look_in(const char *directory, const char *program)
{
	autofree char *path = str_format("%s/%s", directory, program);

	return access(path, X_OK) == 0 ? 0 : -errno;
}

/*
 * The file wasn't found or can't be executed: another directory is searched.  Any other result is a
 * failure.
 */
static bool is_missing(int found)
{
	return found == -ENOENT || found == -ENOTDIR || found == -EACCES;
}

int libexec_open(const char *program, struct libexec *ret_libexec, struct error *err)
{
	autolibexec struct libexec libexec = LIBEXEC_NONE;
	autowriters struct writers writers = { 0 };
	const char *directory = URUN_LIBEXECDIR;
	int found;

	if (writers_of_urun(&writers, err) < 0)
		return -1;
	found = look_in(directory, program);
	if (is_missing(found) && writers.directory) {
		int beside = look_in(writers.directory, program);

		if (!is_missing(beside)) {
			directory = writers.directory;
			found = beside;
		}
	}
	if (found < 0)
		return error_set(err, -found, "start %s/%s", directory, program);
	/*
	 * The first file that is found counts, even if it is refused: to go on to the second would
	 * hide a fault of the first.
	 */
	if (open_in(directory, program, &writers, &libexec, err) < 0)
		return -1;
	*ret_libexec = libexec;
	libexec = LIBEXEC_NONE;
	return 0;
}

void libexec_close(struct libexec *libexec)
{
	fd_close(&libexec->dir);
	free(libexec->name);
	free(libexec->path);
	libexec->name = libexec->path = NULL;
}

void libexec_executable(const struct libexec *libexec, int fd,
			char ret_path[static LIBEXEC_EXECUTABLE_SIZE])
{
	snprintf(ret_path, LIBEXEC_EXECUTABLE_SIZE, "/proc/self/fd/%d/%s", fd, libexec->name);
}
