// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init before pivot_root.
 *
 * A look at the host's own system without an overlay.
 *
 *   /            a tmpfs of the container's: new files can be made here, in memory
 *   /usr /etc …  binds of the host's directories, read-only, with all mounts in them
 *   /bin         a symbolic link, as the host has it
 *   /var         has hidden directories (/var/tmp): an empty directory again, in which /var/lib and the others are bound
 *   /home …      hidden: an empty directory
 *
 * What is hidden isn't covered by a mount, it isn't there: the container's root, who may unmount with CAP_SYS_ADMIN,
 * finds an empty directory below each bind.  But that root could also make the binds writable, and then change what
 * the caller may change, so that no container with CAP_SYS_ADMIN has such a root (rootless/overlay.c).
 *
 * A bind shows the host's own files: their owners have no id in the container, and a socket among them is the
 * host's.  Sockets are in /run, mostly, which is hidden.
 */
#include "core/rootfs/view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/mountinfo.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/rootfs/tree.h"

/* ---- what is hidden ---- */

/*
 * A path of the annotation can lead through links, and the paths that are compared with it don't.  What can't be opened
 * stays as it is written, below the nearest directory that can.
 */
static char *follow_hidden(int root, const char *path)
{
	autofree char *above = str_dup(path);
	char real[PATH_MAX];

	for (;;) {
		autoclose int fd =
			path_open_in_root(root, *above ? above : "/", O_PATH | O_CLOEXEC, 0);

		if (fd >= 0 && fd_path(fd, real) > 0)
			return str_format("%s%s", str_equal(real, "/") ? "" : real,
					  path + strlen(above));
		if (!*above)
			return str_dup(path);
		*strrchr(above, '/') = '\0';
	}
}

static void list_hidden(const char *text, int root, struct str_list *ret_paths)
{
	/* The container has its own ones. */
	static const char *const own[] = { "/dev", "/proc", "/sys" };
	autofree char *copy = str_dup(text);

	*ret_paths = (struct str_list){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		str_list_add(ret_paths, str_dup(own[i]));
	for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) {
		autofree char *path = NULL;

		mountinfo_unescape(line);
		path = path_clean(line);
		if (*path == '/')
			str_list_add(ret_paths, follow_hidden(root, path));
	}
}

enum shown {
	SHOWN_WHOLE,
	SHOWN_IN_PART, /* a path below is hidden */
	SHOWN_EMPTY,
};

static enum shown how_to_show(const struct str_list *hidden, const char *path)
{
	enum shown shown = SHOWN_WHOLE;

	for (size_t i = 0; i < hidden->count; i++) {
		if (path_is_in(path, hidden->items[i]))
			return SHOWN_EMPTY;
		if (path_is_in(hidden->items[i], path))
			shown = SHOWN_IN_PART;
	}
	return shown;
}

/* ---- one name ---- */

/* Puts a bind of the name @name of @from on the name of @to, which exists. */
static int bind_name(int from, int to, const char *name)
{
	const uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	autoclose int tree = mount_clone(from, name, AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
	autoclose int place = -1;
	int result = tree < 0 ? tree : mount_change_propagation(tree, AT_RECURSIVE, MS_PRIVATE);

	/* ORDER: before the mount can be seen. */
	if (result == 0)
		result = mount_change_attr(tree, AT_RECURSIVE, attributes, 0);
	if (result < 0)
		return result;
	place = openat(to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return place < 0 ? -errno : mount_attach(tree, place);
}

static int show_link(int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t size = readlinkat(from, name, target, sizeof(target) - 1);

	if (size < 0)
		return -errno;
	target[size] = '\0';
	return symlinkat(target, to, name) < 0 ? -errno : 0;
}

static int show_file(int from, int to, const char *name)
{
	autoclose int made =
		openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	return made < 0 ? -errno : bind_name(from, to, name);
}

static int show_directory(int from, int to, const char *name)
{
	return mkdirat(to, name, 0755) < 0 ? -errno : bind_name(from, to, name);
}

/* ---- a directory in part ---- */

/* One that is being filled; those above are further down the stack of C. */
struct level {
	int from, to;
	const char *path; /* of @from on the host; "" is the root */
};

static int fill_level(const struct str_list *hidden, const struct level *level);

static int show_in_part(const struct str_list *hidden, const struct level *level, const char *name,
			const char *path)
{
	autoclose int from =
		openat(level->from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int to = -1;

	if (from < 0 || mkdirat(level->to, name, 0755) < 0)
		return -errno;
	to = openat(level->to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return to < 0 ? -errno : fill_level(hidden, &(struct level){ from, to, path });
}

static int show_name(const struct str_list *hidden, const struct level *level, const char *name)
{
	autofree char *path = str_format("%s/%s", level->path, name);
	enum shown shown = how_to_show(hidden, path);
	struct stat st;

	if (fstatat(level->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return show_link(level->from, level->to, name);
	if (S_ISREG(st.st_mode))
		return shown == SHOWN_WHOLE ? show_file(level->from, level->to, name) : 0;
	/* Sockets, FIFOs and devices are the host's own. */
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (shown == SHOWN_EMPTY)
		return mkdirat(level->to, name, 0755) < 0 ? -errno : 0;
	return shown == SHOWN_IN_PART ? show_in_part(hidden, level, name, path)
				      : show_directory(level->from, level->to, name);
}

/* What the caller may not look at stays away: the container couldn't either. */
static int fill_level(const struct str_list *hidden, const struct level *level)
{
	autodir DIR *stream = directory_stream(level->from);
	struct dirent *entry;
	int result;

	if (!stream)
		return errno == EACCES ? 0 : -errno;
	while ((entry = directory_next(stream))) {
		result = show_name(hidden, level, entry->d_name);
		if (result == -EACCES || result == -ENOENT)
			log_debug("%s/%s isn't shown: %s", level->path, entry->d_name,
				  error_errno_text(-result));
		else if (result < 0)
			return result;
	}
	return -errno;
}

int view_fill(const char *hidden, int dir, int root, struct error *err)
{
	autotextlist struct str_list paths = { 0 };
	int result;

	list_hidden(hidden, dir, &paths);
	result = fill_level(&paths, &(struct level){ dir, root, "" });
	return result < 0 ? error_set(err, -result, "show the host's system read-only") : 0;
}
