// SPDX-License-Identifier: Apache-2.0
// Runs in: an end of a copy.
#include "core/copy/operand.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"

/* The kernel's limit of symbolic links in one path. */
#define LINKS_MAX 40

void operand_release(struct operand *place)
{
	fd_close(&place->dir);
	free(place->name);
	free(place->text);
	*place = OPERAND_NONE;
}

static bool ends_with_component(const char *path, const char *component)
{
	size_t length = strlen(path), size = strlen(component);

	return length >= size && str_equal(path + length - size, component) &&
	       (length == size || path[length - size - 1] == '/');
}

static bool is_directory_path(const char *path)
{
	size_t length = strlen(path);

	return length == 0 || path[length - 1] == '/' || ends_with_component(path, ".") ||
	       ends_with_component(path, "..");
}

bool operand_is_contents(const char *path)
{
	size_t length = strlen(path);
	autofree char *text = NULL;

	while (length > 0 && path[length - 1] == '/')
		length--;
	text = str_dup_n(path, length);
	return length == 0 || ends_with_component(text, ".");
}

char *operand_base_name(const char *path, const char *directory)
{
	autofree char *whole = path_join(directory, path);
	autofree char *clean = path_clean(whole);
	const char *last = strrchr(clean, '/') + 1;

	return str_dup(operand_is_contents(path) || !*last ? "." : last);
}

/* Cuts "/" and "/." off the end. */
static char *without_end(const char *path)
{
	char *text = str_dup(path);
	size_t length = strlen(text);

	for (;;) {
		if (length > 1 && text[length - 1] == '/')
			length--;
		else if (length > 1 && text[length - 1] == '.' && text[length - 2] == '/')
			length--;
		else
			break;
		text[length] = '\0';
	}
	return text;
}

static int view_open(const struct view *view, const char *path, int flags)
{
	int fd;

	if (view->root >= 0)
		return path_open_in_root(view->root, path, (uint64_t)flags, 0);
	fd = open(*path ? path : ".", flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The text of the link, put behind the directory that the link is in; NULL with errno. */
static char *link_target(const struct operand *place, const char *parent)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(place->dir, place->name, target, sizeof(target));

	if (length <= 0 || (size_t)length >= sizeof(target)) {
		errno = length < 0 ? errno : length == 0 ? ENOENT : ENAMETOOLONG;
		return NULL;
	}
	if (target[0] == '/')
		return str_dup_n(target, (size_t)length);
	return str_format("%s%s%.*s", parent, *parent ? "/" : "", (int)length, target);
}

/*
 * The kernel's rule for links in a directory such as /tmp, where any user could have put one in our
 * way: only the owners of the link and of the directory are trusted.  Here we follow links
 * ourselves, so the rule is ours too.  Source: proc(5), fs.protected_symlinks.
 */
static bool is_foreign_link(const struct operand *operand)
{
	const mode_t shared = S_ISVTX | S_IWOTH;
	struct stat dir;

	return fstat(operand->dir, &dir) < 0 ||
	       ((dir.st_mode & shared) == shared && operand->st.st_uid != geteuid() &&
		operand->st.st_uid != dir.st_uid);
}

/*
 * Opens the directory that the last component of *path is in, and examines that component.  Where
 * it is a link to be followed, *path becomes what the link says, and the call returns 1: the kernel
 * then walks the new path from the root on, ".." included.
 */
static int find_step(const struct view *view, char **path, enum operand_links links,
		     struct operand *place)
{
	autofree char *parent = NULL;
	char *slash = strrchr(*path, '/'), *target;
	int fd;

	fd_close(&place->dir);
	free(place->name);
	place->name = str_dup(slash ? slash + 1 : *path);
	/* The root, and "..": names of no directory. */
	if (!*place->name || str_equal(place->name, ".") || str_equal(place->name, "..")) {
		fd = view_open(view, *path, O_PATH | O_DIRECTORY);
		if (fd < 0)
			return fd;
		place->dir = fd;
		free(place->name);
		place->name = str_dup(".");
		place->exists = true;
		return fstat(fd, &place->st) < 0 ? -errno : 0;
	}
	parent = str_dup_n(*path, slash ? (size_t)(slash - *path) + (slash == *path) : 0);
	fd = view_open(view, *parent ? parent : ".", O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd;
	place->dir = fd;
	place->exists = fstatat(fd, place->name, &place->st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!place->exists)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISLNK(place->st.st_mode) || links == OPERAND_KEEP_LINK)
		return 0;
	if (is_foreign_link(place))
		return -EACCES;
	target = link_target(place, parent);
	if (!target)
		return -errno;
	free(*path);
	*path = without_end(target);
	free(target);
	return 1;
}

int operand_find(const struct view *view, const char *path, enum operand_links links,
		 struct operand *ret_place, struct error *err)
{
	autooperand struct operand place = OPERAND_NONE;
	autofree char *rest = without_end(path);
	int result = 1;

	place.text = str_format("%s%s%s", view->id ? view->id : "", view->id ? ":" : "", path);
	place.wants_directory = is_directory_path(path);
	if (place.wants_directory)
		links = OPERAND_FOLLOW_LINK;
	for (int followed = 0; result == 1; followed++)
		result = followed > LINKS_MAX ? -ELOOP : find_step(view, &rest, links, &place);
	if (result < 0)
		return error_set(err, -result, "%s", place.text);
	*ret_place = place;
	place = OPERAND_NONE;
	return 0;
}
