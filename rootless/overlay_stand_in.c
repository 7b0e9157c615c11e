// SPDX-License-Identifier: Apache-2.0
// Runs in: the process that becomes fuse-overlayfs.
#include "rootless/overlay_stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

/*
 * The names are those of Debian and its kin, of Fedora and of Alpine.  A path that ends in a slash is a directory, which is
 * empty in the container.
 */
static const char *const needed[] = {
	"etc/.pwd.lock",
	"etc/gshadow",
	"etc/gshadow-",
	"etc/shadow",
	"etc/shadow-",
	"lib/apk/db/lock",
	"usr/lib/sysimage/rpm/.rpm.lock",
	"var/cache/apt/archives/lock",
	"var/cache/apt/archives/partial/",
	"var/cache/debconf/passwords.dat",
	"var/lib/apt/lists/auxfiles/",
	"var/lib/apt/lists/lock",
	"var/lib/apt/lists/partial/",
	"var/lib/dpkg/lock",
	"var/lib/dpkg/lock-frontend",
	"var/lib/dpkg/triggers/Lock",
	"var/lib/rpm/.rpm.lock",
	"var/log/apt/term.log",
};

/* Tells fuse-overlayfs that nothing of the lower directory is to be seen.  Source: fuse-overlayfs(1). */
#define OPAQUE_MARK ".wh..wh..opq"

/* Makes the directories above the last name of @path in @upper, with the modes that they have in @lower. */
static int make_above(int lower, int upper, const char *path)
{
	autofree char *above = str_dup(path);
	struct stat st;
	bool made;

	for (char *slash = above; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (fstatat(lower, above, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		/* /lib can be a link to /usr/lib: the files aren't at this path then. */
		if (!S_ISDIR(st.st_mode))
			return -ENOTDIR;
		made = mkdirat(upper, above, 0755) == 0;
		if (!made && errno != EEXIST)
			return -errno;
		if (made && fchmodat(upper, above, st.st_mode & 07777, 0) < 0)
			return -errno;
		*slash = '/';
	}
	return 0;
}

static int make_hollow(int upper, const char *path, mode_t mode)
{
	autoclose int fd =
		openat(upper, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 || fchmod(fd, mode & 07777) < 0 ? -errno : 0;
}

static int make_hollow_directory(int upper, const char *path, mode_t mode)
{
	autofree char *mark = str_format("%s/" OPAQUE_MARK, path);

	if (mkdirat(upper, path, 0700) < 0 || make_hollow(upper, mark, 0600) < 0 ||
	    fchmodat(upper, path, mode & 07777, 0) < 0)
		return -errno;
	return 0;
}

static int make_one(int lower, int upper, const char *listed)
{
	autofree char *path = str_dup(listed);
	size_t length = strlen(path);
	bool is_directory = path[length - 1] == '/';
	struct stat st;
	int result;

	if (is_directory)
		path[length - 1] = '\0';
	if (fstatat(lower, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (is_directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode)) ||
	    faccessat(lower, path, is_directory ? R_OK | X_OK : R_OK, AT_EACCESS) == 0 ||
	    errno != EACCES)
		return 0;
	result = make_above(lower, upper, path);
	if (result < 0)
		return result == -ENOTDIR ? 0 : result;
	return is_directory ? make_hollow_directory(upper, path, st.st_mode)
			    : make_hollow(upper, path, st.st_mode);
}

int stand_in_make(const char *lower, const char *upper, struct error *err)
{
	autoclose int from = open(lower, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int to = open(upper, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (from < 0 || to < 0)
		return error_set(err, errno, "open the layers of the host's system");
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		int result = make_one(from, to, needed[i]);

		if (result < 0)
			return error_set(err, -result, "make an empty /%s in place of the host's",
					 needed[i]);
	}
	return 0;
}
