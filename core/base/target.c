// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root; parent (check).
#include "core/base/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/mountinfo.h"
#include "core/base/path.h"
#include "core/base/str.h"

static bool is_refusal(int errnum)
{
	return errnum == EACCES || errnum == EPERM || errnum == EROFS;
}

/*
 * Does the directory that is to be made belong to the root file system itself, and not to something
 * that is mounted in it?
 */
static bool is_on_rootfs(int rootfs, const char *missing)
{
	autofree char *directory = str_dup_n(missing, (size_t)(strrchr(missing, '/') - missing));
	autoclose int fd =
		path_open_in_root(rootfs, *directory ? directory : "/", O_PATH | O_CLOEXEC, 0);

	return fd >= 0 && mount_is_same(fd, rootfs);
}

/*
 * The shortest beginning of @path that can't be opened, or that isn't a directory though something
 * follows; all of @path where there is none.  *@ret_failed is 0, or the negative errno with which
 * it can't be opened.
 */
static char *find_cause(int rootfs, const char *path, int *ret_failed)
{
	autofree char *clean = path_clean(path);

	*ret_failed = 0;
	for (char *end = clean; *end;) {
		autofree char *part = NULL;
		autoclose int fd = -1;
		struct stat st;

		end += 1 + strcspn(end + 1, "/");
		part = str_dup_n(clean, (size_t)(end - clean));
		fd = path_open_in_root(rootfs, part, O_PATH | O_CLOEXEC, 0);
		if (fd < 0)
			*ret_failed = fd;
		else if (*end == '\0' || fstat(fd, &st) < 0 || S_ISDIR(st.st_mode))
			continue;
		return take_ptr(part);
	}
	return take_ptr(clean);
}

int target_error(int rootfs, const char *path, int errnum, const char *what, struct error *err)
{
	int failed;
	autofree char *cause = find_cause(rootfs, path, &failed);

	if (errnum == ENOTDIR && failed == 0)
		return error_set(err, 0, "%s: in the root file system %s is no directory", what,
				 cause);
	if (errnum == EISDIR)
		return error_set(err, 0, "%s: in the root file system %s is a directory", what,
				 cause);
	if (failed == -EACCES)
		return error_set(err, EACCES, "%s: in the root file system %s can't be looked up",
				 what, cause);
	if (failed != -ENOENT)
		return error_set(err, errnum, "%s: open %s in the root file system", what, cause);
	if (!is_on_rootfs(rootfs, cause))
		return error_set(err, errnum, "%s: there is no %s, and it can't be made", what,
				 cause);
	error_set(err, errnum, "%s: the root file system has no %s, and it can't be made", what,
		  cause);
	if (!is_refusal(errnum))
		return -1;
	return error_hint(err, "make it there, or keep changes apart from the root file system "
			       "with --overlay (in a config: the annotation org.urun.overlay)");
}
