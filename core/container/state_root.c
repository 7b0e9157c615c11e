// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/state_root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/container/state.h"

/* The fault of an id may be a character that nobody can see. */
static int refuse_id(const char *id, const char *why, struct error *err)
{
	autostrbuf struct strbuf shown = { 0 };

	utf8_escape(id, &shown);
	return error_set(err, 0, "container id '%s': %s", shown.bytes, why);
}

int state_check_id(const char *id, struct error *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
	size_t length = strlen(id);

	if (length == 0)
		return error_set(err, 0, "the container id is empty");
	if (length > 255)
		return error_set(err, 0, "the container id has %zu bytes, more than 255", length);
	if (id[0] == '.')
		return refuse_id(id, "it begins with '.'", err);
	if (id[strspn(id, allowed)] != '\0')
		return refuse_id(id, "only letters, digits, '_', '+', '-' and '.' are allowed",
				 err);
	return 0;
}

/*
 * The owner of a directory decides what the files below it say: hooks that `delete` runs, paths
 * that are removed.  So it must be ours, whether we are root or not; and no other user may have
 * write access, sticky or not: they could make a container's directory before us.
 * ORDER: checked on the open directory, so that the directory that is checked is the one that is
 * used.
 */
static int check_owner(int fd, const char *what, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "stat %s %s", what, path);
	if (st.st_uid != geteuid())
		return error_set(err, 0, "%s %s belongs to uid %u, not to us (%u)", what, path,
				 st.st_uid, geteuid());
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		error_set(err, 0, "%s %s can be written by others (mode %04o)", what, path,
			  st.st_mode & 07777);
		return error_hint(err, "take a directory of your own, or run `chmod go-w %s`",
				  path);
	}
	return 0;
}

int state_root_open(const char *root, enum place_missing missing, int *ret_fd, struct error *err)
{
	autoclose int fd = -1;

	if (place_open_directory("state root", root, missing, &fd, err) < 0 ||
	    check_owner(fd, "state root", root, err) < 0)
		return -1;
	*ret_fd = take_fd(&fd);
	return 0;
}

int state_root_open_directory(int root_fd, const char *name, const char *path, int *ret_fd,
			      struct error *err)
{
	autoclose int fd = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open state directory %s", path);
	if (check_owner(fd, "state directory", path, err) < 0)
		return -1;
	*ret_fd = take_fd(&fd);
	return 0;
}
