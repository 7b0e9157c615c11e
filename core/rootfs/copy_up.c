// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root.
#include "core/rootfs/copy_up.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"

#define CHUNK ((size_t)1 << 20)
/* Each level of directories takes two descriptors and a part of the stack. */
#define DEPTH_MAX 128

static int copy_directory(int from, int to, unsigned int depth, struct error *err);

static int copy_error(const char *name, struct error *err)
{
	return error_set(err, errno, "tmpcopyup: copy '%s'", name);
}

/* ORDER: the owner first, since a change of the owner clears set-user-ID. */
static int copy_attributes(int to, const char *name, const struct stat *st, struct error *err)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL)
		return copy_error(name, err);
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return copy_error(name, err);
	if (utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return copy_error(name, err);
	return 0;
}

static int copy_bytes(int in, int out)
{
	for (;;) {
		ssize_t size = sendfile(out, in, NULL, CHUNK);

		if (size == 0)
			return 0;
		if (size < 0 && errno != EINTR)
			return -1;
	}
}

static int copy_file(int from, int to, const char *name, struct error *err)
{
	/* O_NONBLOCK: the file may have become a FIFO since it was checked. */
	autoclose int in =
		openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	autoclose int out = -1;
	struct stat st;

	if (in < 0 || fstat(in, &st) < 0)
		return copy_error(name, err);
	if (!S_ISREG(st.st_mode))
		return error_set(err, 0, "tmpcopyup: '%s' changed while it was copied", name);
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0 || copy_bytes(in, out) < 0)
		return copy_error(name, err);
	return 0;
}

static int copy_link(int from, int to, const char *name, struct error *err)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(from, name, text, sizeof(text) - 1);

	if (length < 0)
		return copy_error(name, err);
	text[length] = '\0';
	return symlinkat(text, to, name) < 0 ? copy_error(name, err) : 0;
}

static int copy_subdirectory(int from, int to, const char *name, unsigned int depth,
			     struct error *err)
{
	autoclose int in = openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int out = -1;

	if (in < 0 || mkdirat(to, name, 0700) < 0)
		return copy_error(name, err);
	out = openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return copy_error(name, err);
	return copy_directory(in, out, depth + 1, err);
}

static int copy_entry(int from, int to, const char *name, unsigned int depth, struct error *err)
{
	struct stat st;
	int result;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return copy_error(name, err);
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR: result = copy_subdirectory(from, to, name, depth, err); break;
	case S_IFREG: result = copy_file(from, to, name, err); break;
	case S_IFLNK: result = copy_link(from, to, name, err); break;
	case S_IFIFO:
	case S_IFSOCK:
		result = mknodat(to, name, (st.st_mode & S_IFMT) | 0600, 0) < 0
				 ? copy_error(name, err)
				 : 0;
		break;
	default: log_warning("tmpcopyup: the device node '%s' is left out", name); return 0;
	}
	return result < 0 ? -1 : copy_attributes(to, name, &st, err);
}

static int copy_directory(int from, int to, unsigned int depth, struct error *err)
{
	autodir DIR *dir = directory_stream(from);
	const struct dirent *entry;

	if (depth > DEPTH_MAX)
		return error_set(err, 0,
				 "tmpcopyup: directories are nested more than %d levels deep",
				 DEPTH_MAX);
	if (!dir)
		return copy_error(".", err);
	while ((entry = directory_next(dir)))
		if (copy_entry(from, to, entry->d_name, depth, err) < 0)
			return -1;
	return errno ? copy_error(".", err) : 0;
}

int copy_up(int from, int to, enum copy_up_what what, struct error *err)
{
	struct stat st;

	if (fstat(from, &st) < 0)
		return copy_error(".", err);
	if (copy_directory(from, to, 0, err) < 0)
		return -1;
	if (what == COPY_UP_CONTENTS_AND_OWNER && fchownat(to, ".", st.st_uid, st.st_gid, 0) < 0 &&
	    errno != EINVAL)
		return copy_error(".", err);
	return 0;
}
