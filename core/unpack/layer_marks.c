// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image, in the user namespace.
#include "core/unpack/layer_marks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/unpack/layer.h"

#define XATTR_OPAQUE  "user.overlay.opaque"
#define XATTR_IMPLIED "user.urun.implied"

static int mark_whiteout(int dir, const char *name)
{
	return mknodat(dir, name, S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;
}

bool mark_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

int mark_opaque(int dir)
{
	return fsetxattr(dir, XATTR_OPAQUE, "y", 1, 0) < 0 ? -errno : 0;
}

static int remove_whiteouts(int dir)
{
	autodir DIR *stream = directory_stream(dir);
	struct dirent *entry;
	struct stat st;

	if (!stream)
		return -errno;
	while ((entry = directory_next(stream)))
		if (entry->d_type != DT_DIR && entry->d_type != DT_REG &&
		    fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    mark_is_whiteout(&st) && unlinkat(dir, entry->d_name, 0) < 0)
			return -errno;
	return -errno;
}

int mark_opaque_alone(int dir)
{
	int failed = mark_is_opaque(dir) ? -EEXIST : mark_opaque(dir);

	/* The second mark of a directory costs no reading: a hostile layer could have millions. */
	if (failed == -EEXIST)
		return 0;
	return failed < 0 ? failed : remove_whiteouts(dir);
}

bool mark_is_opaque(int dir)
{
	char value;

	return fgetxattr(dir, XATTR_OPAQUE, &value, 1) == 1 && value == 'y';
}

int mark_implied(int dir)
{
	return fsetxattr(dir, XATTR_IMPLIED, "y", 1, 0) < 0 ? -errno : 0;
}

bool mark_implied_remove(int dir)
{
	return fremovexattr(dir, XATTR_IMPLIED) == 0;
}

int mark_hidden(int dir, const char *name, const char *path, struct error *err)
{
	autoclose int fd = -1;
	int failed = mark_whiteout(dir, name);

	if (failed != -EEXIST)
		return failed < 0 ? error_set(err, -failed, "make the whiteout %.1000s", path) : 0;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : error_set(err, errno, "open %.1000s", path);
	failed = mark_opaque_alone(fd);
	if (failed < 0)
		return error_set(err, -failed, "mark %.1000s as opaque", path);
	/* The attributes of the hidden directory aren't inherited. */
	return mark_implied_remove(fd);
}

bool mark_is_reserved(const char *name)
{
	return strstr(name, ".overlay.") || str_starts_with(name, "user.fuseoverlayfs.") ||
	       str_starts_with(name, "user.containers.") || str_starts_with(name, "user.urun.");
}

static int refuse_file_system(struct error *err, int errnum, const char *what)
{
	error_set(err, errnum, "the store's file system can't hold %s", what);
	return error_hint(err, "set XDG_DATA_HOME to a directory on ext4, xfs, btrfs, or tmpfs of "
			       "Linux 6.6 or later");
}

static int probe_in(int dir, struct error *err)
{
	int failed = mark_whiteout(dir, "whiteout");

	if (failed < 0)
		return refuse_file_system(err, -failed, "a whiteout (a character device 0:0)");
	failed = mark_opaque(dir);
	if (failed < 0)
		return refuse_file_system(err, -failed,
					  "the mark of an opaque directory (" XATTR_OPAQUE ")");
	return 0;
}

int layer_probe(int directory, struct error *err)
{
	autoclose int dir = -1;
	struct error ignored = ERROR_NONE;
	char name[48];
	int result;

	snprintf(name, sizeof(name), "probe-%ld", (long)getpid());
	if (mkdirat(directory, name, 0700) < 0)
		return error_set(err, errno, "make %s in the store", name);
	dir = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		result = error_set(err, errno, "open %s in the store", name);
	else
		result = probe_in(dir, err);
	(void)layer_remove(directory, name, &ignored);
	return result;
}
