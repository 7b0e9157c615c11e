// SPDX-License-Identifier: Apache-2.0
// Runs in: init after pivot_root.
#include "core/init/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/acl.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/place.h"

/* The mode for access(2) that opening the file again in the same way would need. */
static int wanted_access(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return F_OK;
	switch (flags & O_ACCMODE) {
	case O_RDONLY: return R_OK;
	case O_WRONLY: return W_OK;
	default: return R_OK | W_OK;
	}
}

void stdio_find_closed(bool ret_closed[static STDIO_COUNT])
{
	for (int fd = STDIN_FILENO; fd < STDIO_COUNT; fd++)
		ret_closed[fd] = syscall(SYS_faccessat2, fd, "", wanted_access(fd),
					 AT_EMPTY_PATH | AT_EACCESS) < 0;
}

/* The bits of access(2) as one octal digit of a mode. */
static unsigned int permissions_of(int access)
{
	return (access & R_OK ? 4u : 0) | (access & W_OK ? 2u : 0);
}

/*
 * A file without a name can be opened only through one of its descriptors, so its owner and its mode protect
 * nothing.
 */
static bool is_nameless(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == PIPEFS_MAGIC || fs.f_type == SOCKFS_MAGIC);
}

/*
 * The pipe of a script is the standard output of everything that the script runs: the caller's own programs,
 * and containers with other users, at the same time and later.  So everybody may open the pipe.  The owner is
 * changed for programs that check it.
 */
static int give_nameless(int fd, const struct stat *st, uid_t uid)
{
	/* Only in the direction of the stream: a writer of a pipe can't read what others write. */
	mode_t mode = (st->st_mode & 0777) | permissions_of(wanted_access(fd)) * 0111u;
	int failed = fchown(fd, uid, (gid_t)-1) < 0 ? -errno : 0;

	if (S_ISFIFO(st->st_mode) && fchmod(fd, mode) < 0 && failed == 0)
		failed = -errno;
	return failed;
}

static int give_stream(int fd, const struct stat *st, uid_t uid)
{
	int failed;

	if (is_nameless(fd))
		return give_nameless(fd, st, uid);
	failed = acl_allow(fd, uid, permissions_of(wanted_access(fd)));
	if (failed == 0)
		return 0;
	/* An engine makes named pipes for one container; the caller needs a regular file again. */
	if (S_ISREG(st->st_mode))
		return failed;
	return fchown(fd, uid, (gid_t)-1) < 0 ? -errno : 0;
}

static bool may_give_stream(int fd, const struct stat *st, uid_t caller, uid_t uid)
{
	if (st->st_uid == uid)
		return false;
	/* An earlier container may have been given the pipe: its user owns the pipe now. */
	return st->st_uid == caller
		       ? S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode) || S_ISREG(st->st_mode)
		       : S_ISFIFO(st->st_mode) && is_nameless(fd) &&
				 !place_owner_is_unmapped(st->st_uid);
}

void stdio_give(const bool closed[static STDIO_COUNT], uid_t caller, uid_t uid)
{
	for (int fd = STDIN_FILENO; fd < STDIO_COUNT; fd++) {
		struct stat st;
		int failed;

		if (!closed[fd] || fstat(fd, &st) < 0 || !may_give_stream(fd, &st, caller, uid))
			continue;
		failed = give_stream(fd, &st, uid);
		if (failed < 0)
			log_debug("descriptor %d isn't given to uid %u: %s", fd, uid,
				  error_errno_text(-failed));
	}
}
