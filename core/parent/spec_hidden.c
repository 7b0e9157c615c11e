// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/spec_hidden.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/mountinfo.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "rootless/home.h"

/* Where the homes and the temporary files of people are by convention, whoever they are. */
static const char *const always_hidden[] = {
	"/home", "/root", "/run", "/tmp", "/var/tmp", "/var/home", "/media", "/mnt",
};

/*
 * Folders that programs of the system need.  Accounts of services, and some of people, have one of
 * these or a folder above as their home ("/" for nobody, "/usr/sbin" for daemon): hiding it would
 * take the system away.  Source: hier(7), and where NixOS, Guix and ostree keep theirs.
 */
static const char *const system_folders[] = {
	"/bin",
	"/boot",
	"/dev",
	"/etc",
	"/gnu/store",
	"/lib",
	"/lib32",
	"/lib64",
	"/libx32",
	"/nix/store",
	"/opt",
	"/ostree",
	"/proc",
	"/sbin",
	"/snap",
	"/srv",
	"/sys",
	"/sysroot",
	"/usr/bin",
	"/usr/games",
	"/usr/include",
	"/usr/lib",
	"/usr/lib32",
	"/usr/lib64",
	"/usr/libexec",
	"/usr/libx32",
	"/usr/local/bin",
	"/usr/local/etc",
	"/usr/local/games",
	"/usr/local/include",
	"/usr/local/lib",
	"/usr/local/lib64",
	"/usr/local/libexec",
	"/usr/local/sbin",
	"/usr/local/share",
	"/usr/local/src",
	"/usr/sbin",
	"/usr/share",
	"/usr/src",
	"/var/cache",
	"/var/lib",
	"/var/log",
	"/var/mail",
	"/var/opt",
	"/var/spool",
	"/var/srv",
	"/var/usrlocal",
};

struct hidden {
	const char *root; /* "": the host's own */
	int root_fd;
	struct arena *arena;
	str_list paths;
	/* Of the last path: thousands of homes have the same folder above. */
	char *parent, *real_parent;
	bool parent_is_autofs;
};

static bool is_same_or_below(const char *path, const char *folder)
{
	size_t length = str_equal(folder, "/") ? 0 : strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

bool spec_hidden_holds_system(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(system_folders); i++)
		if (is_same_or_below(system_folders[i], path))
			return true;
	return false;
}

/* The path without links, as a path below the root; NULL: it can't be followed.  The caller frees. */
static char *resolve(const struct hidden *hidden, const char *path)
{
	autoclose int fd = path_open_in_root(hidden->root_fd, path, O_PATH | O_CLOEXEC, 0);
	char link[64], real[PATH_MAX];
	size_t skipped = strlen(hidden->root);
	ssize_t length;

	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, real, sizeof(real) - 1);
	if (length < (ssize_t)skipped || real[0] != '/')
		return NULL;
	real[length] = '\0';
	return str_dup(real[skipped] ? real + skipped : "/");
}

static bool is_autofs(const struct hidden *hidden, const char *path)
{
	autofree char *full = str_format("%s%s", hidden->root, path);
	struct statfs fs;

	return statfs(full, &fs) == 0 && fs.f_type == AUTOFS_SUPER_MAGIC;
}

static void remember_parent(struct hidden *hidden, const char *path)
{
	size_t length = (size_t)(strrchr(path, '/') - path);
	autofree char *parent = str_dup_n(path, length ? length : 1);

	if (str_equal(parent, hidden->parent))
		return;
	free(hidden->parent);
	free(hidden->real_parent);
	hidden->parent = take_ptr(parent);
	hidden->real_parent = resolve(hidden, hidden->parent);
	hidden->parent_is_autofs = hidden->real_parent && is_autofs(hidden, hidden->real_parent);
}

/*
 * resolve() for one of many in the same folder.  A path whose folder the automounter serves stays as
 * it is: to look at each home there would mount them all.
 */
static char *resolve_home(struct hidden *hidden, const char *path)
{
	autofree char *real = NULL, *full = NULL;
	char target[1];

	remember_parent(hidden, path);
	if (!hidden->real_parent)
		return NULL;
	real = str_format("%s%s", str_equal(hidden->real_parent, "/") ? "" : hidden->real_parent,
			  strrchr(path, '/'));
	full = str_format("%s%s", hidden->root, real);
	if (hidden->parent_is_autofs || readlink(full, target, sizeof(target)) < 0)
		return take_ptr(real);
	return resolve(hidden, path);
}

static int add_path(struct hidden *hidden, const char *path, struct error *err)
{
	if (strchr(path, '\n'))
		return error_set(err, 0, "the folder %s can't be hidden: its path has a line break",
				 path);
	if (spec_hidden_holds_system(path))
		return 0;
	hidden->paths.items = mem_resize(hidden->paths.items, hidden->paths.count + 1,
					 sizeof(*hidden->paths.items));
	hidden->paths.items[hidden->paths.count++] = arena_str(hidden->arena, path);
	return 0;
}

static int add_resolved(struct hidden *hidden, const char *path, struct error *err)
{
	autofree char *clean = path_clean(path);
	autofree char *real = str_equal(clean, "/") ? NULL : resolve_home(hidden, clean);

	/* What can't be followed by us now may be later, or by the container's root. */
	return add_path(hidden, real ? real : clean, err);
}

static int add_always_hidden(struct hidden *hidden, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(always_hidden); i++)
		if (add_resolved(hidden, always_hidden[i], err) < 0)
			return -1;
	return 0;
}

static int add_homes(struct hidden *hidden, uid_t caller, struct error *err)
{
	str_list homes = { 0 };
	int result = 0;

	home_list(hidden->root, caller, hidden->arena, &homes);
	for (size_t i = 0; i < homes.count && result == 0; i++)
		result = add_resolved(hidden, homes.items[i], err);
	free(homes.items);
	return result;
}

static int add_own(struct hidden *hidden, const struct spec_texts *own, struct error *err)
{
	for (size_t i = 0; i < own->count; i++) {
		const char *path = own->items[i];
		autofree char *clean = path[0] == '/' ? path_clean(path) : realpath(path, NULL);
		autofree char *real = NULL;

		/* A relative path that leads nowhere means nothing to programs either. */
		if (!clean)
			continue;
		real = str_equal(clean, "/") ? NULL : resolve_home(hidden, clean);
		if (spec_hidden_holds_system(real ? real : clean))
			log_warning("the folder %s isn't hidden, as parts of the system are in it",
				    clean);
		else if (add_path(hidden, real ? real : clean, err) < 0)
			return -1;
	}
	return 0;
}

/* Folders come directly before what is below them: '/' is less than any other letter. */
static int compare(const void *a, const void *b)
{
	const unsigned char *first = *(const unsigned char *const *)a;
	const unsigned char *second = *(const unsigned char *const *)b;

	while (*first && *first == *second) {
		first++;
		second++;
	}
	if (*first && *second)
		return (*first == '/' ? 1 : *first) - (*second == '/' ? 1 : *second);
	return *first - *second;
}

/* Without those below another. */
static void sort(struct hidden *hidden)
{
	str_list *paths = &hidden->paths;
	size_t kept = 0;

	if (paths->count == 0)
		return;
	qsort(paths->items, paths->count, sizeof(*paths->items), compare);
	for (size_t i = 0; i < paths->count; i++)
		if (kept == 0 || !is_same_or_below(paths->items[i], paths->items[kept - 1]))
			paths->items[kept++] = paths->items[i];
	paths->count = kept;
}

/* ---- the same files elsewhere ---- */

struct mounts {
	struct mount {
		const char *device, *root, *point;
	} * items;
	size_t count;
};

static void read_mounts(const struct hidden *hidden, struct mounts *mounts)
{
	autofree char *path = str_format("%s/proc/self/mountinfo", hidden->root);
	autofree char *text = NULL;
	struct mountinfo mount;
	size_t size;
	char *rest;

	if (fd_read_file(path, MOUNTINFO_SIZE_MAX, &text, &size) < 0)
		return;
	rest = text;
	while (mountinfo_next(&rest, &mount)) {
		mounts->items =
			mem_resize(mounts->items, mounts->count + 1, sizeof(*mounts->items));
		mounts->items[mounts->count++] = (struct mount){
			.device = arena_str(hidden->arena, mount.device),
			.root = arena_str(hidden->arena, mount.root),
			.point = arena_str(hidden->arena, mount.point),
		};
	}
}

/* The last line of the deepest folder is the mount that is seen. */
static const struct mount *mount_of(const struct mounts *mounts, const char *path)
{
	const struct mount *best = NULL;

	for (size_t i = 0; i < mounts->count; i++)
		if (is_same_or_below(path, mounts->items[i].point) &&
		    (!best || strlen(mounts->items[i].point) >= strlen(best->point)))
			best = &mounts->items[i];
	return best;
}

/* @path, which is @from or below it, as it is below @to.  The caller frees it. */
static char *move_path(const char *path, const char *from, const char *to)
{
	const char *rest = path + (str_equal(from, "/") ? 0 : strlen(from));

	return str_format("%s%s", str_equal(to, "/") && *rest ? "" : to,
			  str_equal(rest, "/") ? "" : rest);
}

/*
 * A cover hides a folder in one mount of its file system.  Others show it as well: /sysroot has the
 * homes of an ostree system, the top of a btrfs those of its subvolumes, and /home may be a bind
 * mount of /data/home.
 */
static int add_elsewhere(struct hidden *hidden, const struct mounts *mounts, const char *path,
			 struct error *err)
{
	const struct mount *own = mount_of(mounts, path);
	autofree char *inside = own ? move_path(path, own->point, own->root) : NULL;
	int result = 0;

	for (size_t i = 0; own && i < mounts->count && result == 0; i++) {
		const struct mount *mount = &mounts->items[i];
		autofree char *other = NULL;

		if (!str_equal(mount->device, own->device))
			continue;
		if (is_same_or_below(inside, mount->root))
			other = move_path(inside, mount->root, mount->point);
		else if (is_same_or_below(mount->root, inside))
			other = str_dup(mount->point);
		if (other && !str_equal(other, path))
			result = add_path(hidden, other, err);
	}
	return result;
}

/* Is @path one of the sorted @paths? */
static bool is_listed(const str_list *paths, const char *path)
{
	return paths->count > 0 &&
	       bsearch(&path, paths->items, paths->count, sizeof(*paths->items), compare);
}

static bool is_below_listed(const str_list *paths, const char *path)
{
	for (size_t i = 0; i < paths->count; i++)
		if (!str_equal(path, paths->items[i]) && is_same_or_below(path, paths->items[i]))
			return true;
	return false;
}

/*
 * A file system that is mounted below a hidden folder is not of the folder's own mount: a home with
 * a disk of its own, or a user's FUSE mount.  One of the system's own file system is a bind mount of
 * a part of the system (a chroot has those), which stays to be seen, unless it is a home.
 */
static int add_mounts_below(struct hidden *hidden, const struct mounts *mounts, const str_list *all,
			    struct error *err)
{
	const struct mount *system = mount_of(mounts, "/");
	str_list above = { hidden->paths.items, hidden->paths.count };
	str_list below = { 0 };
	int result = 0;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->items[i];

		if (!is_below_listed(&above, mount->point) ||
		    (system && str_equal(mount->device, system->device) &&
		     !is_listed(all, mount->point)))
			continue;
		below.items = mem_resize(below.items, below.count + 1, sizeof(*below.items));
		below.items[below.count++] = arena_str(hidden->arena, mount->point);
	}
	for (size_t i = 0; i < below.count && result == 0; i++)
		result = add_elsewhere(hidden, mounts, below.items[i], err);
	free(below.items);
	return result;
}

static int add_all_elsewhere(struct hidden *hidden, struct error *err)
{
	struct mounts mounts = { 0 };
	str_list all = { 0 };
	size_t count;
	int result = 0;

	read_mounts(hidden, &mounts);
	qsort(hidden->paths.items, hidden->paths.count, sizeof(*hidden->paths.items), compare);
	all.count = hidden->paths.count;
	all.items = mem_resize(NULL, all.count, sizeof(*all.items));
	memcpy(all.items, hidden->paths.items, all.count * sizeof(*all.items));
	/* Each mount is looked at for each path: the fewer the better. */
	sort(hidden);
	count = hidden->paths.count;
	result = add_mounts_below(hidden, &mounts, &all, err);
	for (size_t i = 0; i < count && result == 0; i++)
		result = add_elsewhere(hidden, &mounts, hidden->paths.items[i], err);
	free(all.items);
	free(mounts.items);
	return result;
}

static char *print(struct hidden *hidden)
{
	autostrbuf struct strbuf text = { 0 };

	sort(hidden);
	for (size_t i = 0; i < hidden->paths.count; i++)
		strbuf_addf(&text, "%s%s", i ? "\n" : "", hidden->paths.items[i]);
	return arena_str(hidden->arena, text.bytes);
}

int spec_hidden_text(const char *root, uid_t caller, const struct spec_texts *own,
		     struct arena *arena, char **ret_text, struct error *err)
{
	autoclose int root_fd = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct hidden hidden = { .root = root, .root_fd = root_fd, .arena = arena };
	int result;

	if (root_fd < 0)
		return error_set(err, errno, "open %s/", root);
	result = add_always_hidden(&hidden, err);
	if (result == 0)
		result = add_homes(&hidden, caller, err);
	if (result == 0)
		result = add_own(&hidden, own, err);
	if (result == 0)
		result = add_all_elsewhere(&hidden, err);
	if (result == 0)
		*ret_text = print(&hidden);
	free(hidden.paths.items);
	free(hidden.parent);
	free(hidden.real_parent);
	return result;
}
