// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image, in the user namespace.
#include "core/unpack/layer_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/unpack/layer_marks.h"

/* Source: xattr(7), "Extended attributes" limits of the kernel. */
#define XATTR_SIZE_MAX 65536

static int copy_failed(const struct merged_file *file, struct error *err)
{
	return error_set(err, errno, "copy %.1000s from a lower layer", file->path);
}

/* ---- attributes ---- */

/* What the lower layer could hold, this one can; a value that can't be set again is left out. */
static void copy_xattrs(int from, int to)
{
	ssize_t size = flistxattr(from, NULL, 0), length;
	autofree char *names = NULL, *value = NULL;

	if (size <= 0)
		return;
	names = mem_alloc((size_t)size + 1);
	value = mem_alloc(XATTR_SIZE_MAX);
	size = flistxattr(from, names, (size_t)size);
	for (char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
		length = mark_is_reserved(name) ? -1 : fgetxattr(from, name, value, XATTR_SIZE_MAX);
		if (length >= 0)
			(void)fsetxattr(to, name, value, (size_t)length, 0);
	}
}

/* ORDER: owner, mode, attributes: each of these removes some of those after it. */
static int copy_all_attributes(const struct merged_file *file, int from, int to, struct error *err)
{
	const struct timespec times[] = { file->st.st_atim, file->st.st_mtim };

	if (fchown(to, file->st.st_uid, file->st.st_gid) < 0 ||
	    fchmod(to, file->st.st_mode & 07777) < 0)
		return copy_failed(file, err);
	copy_xattrs(from, to);
	(void)futimens(to, times);
	return 0;
}

/* ---- content ---- */

/* The bytes from @at to @end, which are no hole. */
static int copy_range(int from, int to, off_t at, off_t end)
{
	while (at < end) {
		off_t in = at, out = at;
		ssize_t copied = copy_file_range(from, &in, to, &out, (size_t)(end - at), 0);

		if (copied < 0 && errno == EINTR)
			continue;
		if (copied <= 0)
			return -1;
		at += copied;
	}
	return 0;
}

/* For file systems between which, or on which, the kernel copies nothing by itself. */
static int copy_range_by_hand(int from, int to, off_t at, off_t end)
{
	const size_t room = 65536;
	autofree char *buffer = mem_alloc(room);

	while (at < end) {
		size_t want = end - at < (off_t)room ? (size_t)(end - at) : room;
		ssize_t got = pread(from, buffer, want, at), written;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -1 : 0;
		written = pwrite(to, buffer, (size_t)got, at);
		if (written < 0 && errno != EINTR)
			return -1;
		at += written > 0 ? written : 0;
	}
	return 0;
}

/* The first byte that is content from @at on, and the end of the content there. */
static bool next_range(int fd, off_t size, off_t at, off_t *ret_start, off_t *ret_end)
{
	off_t start = lseek(fd, at, SEEK_DATA), end;

	if (start < 0 && errno == ENXIO)
		return false;
	if (start < 0)
		start = at;
	end = lseek(fd, start, SEEK_HOLE);
	*ret_start = start;
	*ret_end = end < 0 ? size : end;
	return start < size;
}

static int copy_content(const struct merged_file *file, int from, int to, struct error *err)
{
	off_t size = file->st.st_size, start, end = 0;

	while (end < size && next_range(from, size, end, &start, &end))
		if (copy_range(from, to, start, end) < 0 &&
		    copy_range_by_hand(from, to, start, end) < 0)
			return copy_failed(file, err);
	return ftruncate(to, size) < 0 ? copy_failed(file, err) : 0;
}

/* ---- kinds of files ---- */

static int copy_regular(const struct merged_file *file, int dir, const char *name,
			struct error *err)
{
	autoclose int from = openat(file->dir, file->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int to = -1;

	if (from < 0)
		return copy_failed(file, err);
	to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return copy_failed(file, err);
	if (copy_content(file, from, to, err) < 0)
		return -1;
	return copy_all_attributes(file, from, to, err);
}

static int copy_other(const struct merged_file *file, int dir, const char *name, struct error *err)
{
	const struct timespec times[] = { file->st.st_atim, file->st.st_mtim };
	char target[PATH_MAX];
	int made;

	if (S_ISLNK(file->st.st_mode)) {
		ssize_t length = readlinkat(file->dir, file->name, target, sizeof(target) - 1);

		if (length < 0)
			return copy_failed(file, err);
		target[length] = '\0';
		made = symlinkat(target, dir, name);
	} else {
		made = mknodat(dir, name, S_IFIFO | (file->st.st_mode & 0777), 0);
	}
	if (made < 0 ||
	    fchownat(dir, name, file->st.st_uid, file->st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return copy_failed(file, err);
	(void)utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

int layer_copy_file(const struct merged_file *file, int dir, const char *name, struct error *err)
{
	if (S_ISREG(file->st.st_mode))
		return copy_regular(file, dir, name, err);
	return copy_other(file, dir, name, err);
}

int layer_copy_directory(const struct merged_file *file, int to, struct error *err)
{
	autoclose int from =
		openat(file->dir, file->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (from < 0)
		return copy_failed(file, err);
	return copy_all_attributes(file, from, to, err);
}
