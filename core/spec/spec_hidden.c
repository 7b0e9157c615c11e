// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * `run --rootfs /` uses the host's own system as the root file system: a quick way to a container,
 * without an image.  The overlay over it protects the host from changes.  But the container could
 * still read all that the caller can read, such as the keys in the caller's home, and talk to
 * sockets in /run.  So the paths that belong to people or to the running host are hidden: the
 * overlay is made over a root in which these directories are empty.
 *
 * Hidden are
 *   - /home, /root, /run, /tmp, /var/tmp, /var/home, /media and /mnt, even if no account has its
 *     home there;
 *   - the homes of the host's accounts, wherever they are (home_list());
 *   - the caller's own paths, which the environment names ($HOME, $TMPDIR …).
 *
 * Not hidden is the system itself.  Many accounts of services have a part of it as their home ("/",
 * "/usr/sbin"), and an empty /usr would be a container without programs.  So a directory that the
 * system needs is never hidden, nor a directory above it.  Paths below such a directory aren't
 * hidden either, if no homes can be there (/usr/lib); where services and homes are side by side
 * (/srv, /var/lib), a home below is hidden.
 *
 * A cover lies on a directory, and not on a path.  So a list of names is not enough:
 *   - Symbolic links are resolved: if /home is a link to /var/home, the cover must be there.  A
 *     path that can't be resolved stays as it is, since the container's root may be able to follow
 *     it, and a path that doesn't exist stays since it may be made later.
 *   - The same files can be visible elsewhere.  A bind mount of /home/ann/www on /srv/www, the
 *     whole disk on /sysroot (ostree), or the top of a btrfs file system show files that the cover
 *     of /home hides.  mountinfo(5) tells for each mount which part of which file system it shows,
 *     so all paths of a hidden directory can be computed.
 *   - A file system that is mounted below a hidden directory (a home with its own disk) isn't a
 *     part of that directory's file system.  It is hidden together with it, but it can be mounted
 *     elsewhere a second time, where it must be hidden too.
 *   - What the kernel tells of the running host (procfs, sysfs, devices) isn't the system's either: the container
 *     has its own /proc, /sys and /dev.  A chroot on the host can have others (/srv/chroot/proc).
 */
#include "core/spec/spec_hidden.h"

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

/* Homes, temporary files and files of the running system are here by convention. */
static const char *const always_hidden[] = {
	"/home", "/root", "/run", "/tmp", "/var/tmp", "/var/home", "/media", "/mnt",
};

/*
 * Directories that programs of the system need.
 * Source: hier(7), and the directories of NixOS, Guix and ostree.
 */
static const struct system_directory {
	const char *path;
	/*
	 * WHOLE: every file in it belongs to the system.  A path below is no home, even if an
	 * account or a variable says so (HOME=/usr/lib/x86_64-linux-gnu).  /proc, /sys and /dev are
	 * WHOLE since the container has its own ones.  MIXED: it holds files of services beside
	 * homes, such as /srv/ann and /var/lib/jenkins.
	 */
	enum { WHOLE, MIXED } kind;
} system_directories[] = {
	{ "/bin", WHOLE },
	{ "/boot", WHOLE },
	{ "/dev", WHOLE },
	{ "/etc", WHOLE },
	{ "/gnu/store", WHOLE },
	{ "/lib", WHOLE },
	{ "/lib32", WHOLE },
	{ "/lib64", WHOLE },
	{ "/libx32", WHOLE },
	{ "/nix/store", WHOLE },
	{ "/opt", MIXED },
	{ "/ostree", MIXED },
	{ "/proc", WHOLE },
	{ "/sbin", WHOLE },
	{ "/snap", WHOLE },
	{ "/srv", MIXED },
	{ "/sys", WHOLE },
	{ "/sysroot", MIXED },
	{ "/usr/bin", WHOLE },
	{ "/usr/games", WHOLE },
	{ "/usr/include", WHOLE },
	{ "/usr/lib", WHOLE },
	{ "/usr/lib32", WHOLE },
	{ "/usr/lib64", WHOLE },
	{ "/usr/libexec", WHOLE },
	{ "/usr/libx32", WHOLE },
	{ "/usr/local/bin", WHOLE },
	{ "/usr/local/etc", WHOLE },
	{ "/usr/local/games", WHOLE },
	{ "/usr/local/include", WHOLE },
	{ "/usr/local/lib", WHOLE },
	{ "/usr/local/lib64", WHOLE },
	{ "/usr/local/libexec", WHOLE },
	{ "/usr/local/sbin", WHOLE },
	{ "/usr/local/share", WHOLE },
	{ "/usr/local/src", WHOLE },
	{ "/usr/sbin", WHOLE },
	{ "/usr/share", WHOLE },
	{ "/usr/src", WHOLE },
	{ "/var/cache", MIXED },
	{ "/var/lib", MIXED },
	{ "/var/log", MIXED },
	{ "/var/mail", MIXED },
	{ "/var/opt", MIXED },
	{ "/var/spool", MIXED },
	{ "/var/srv", MIXED },
	/* The /usr/local of ostree. */
	{ "/var/usrlocal", MIXED },
	{ "/var/usrlocal/bin", WHOLE },
	{ "/var/usrlocal/etc", WHOLE },
	{ "/var/usrlocal/games", WHOLE },
	{ "/var/usrlocal/include", WHOLE },
	{ "/var/usrlocal/lib", WHOLE },
	{ "/var/usrlocal/lib64", WHOLE },
	{ "/var/usrlocal/libexec", WHOLE },
	{ "/var/usrlocal/sbin", WHOLE },
	{ "/var/usrlocal/share", WHOLE },
	{ "/var/usrlocal/src", WHOLE },
};

struct hidden {
	const char *root; /* "": the host's root */
	int root_fd;
	struct arena *arena;
	struct str_list paths;
	/*
	 * The parent directory of the last path is cached: thousands of homes have the same parent.
	 */
	char *parent, *real_parent;
	bool parent_is_autofs;
};

static bool is_same_or_below(const char *path, const char *directory)
{
	size_t length = str_equal(directory, "/") ? 0 : strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

static bool holds_system(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(system_directories); i++)
		if (is_same_or_below(system_directories[i].path, path))
			return true;
	return false;
}

bool spec_hidden_is_system(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(system_directories); i++)
		if (system_directories[i].kind == WHOLE &&
		    is_same_or_below(path, system_directories[i].path))
			return true;
	return holds_system(path);
}

/*
 * The path below the root that @path leads to, without links.  NULL: @path can't be followed.  The
 * caller frees the result.
 */
static char *resolve_links(const struct hidden *hidden, const char *path)
{
	autoclose int fd = path_open_in_root(hidden->root_fd, path, O_PATH | O_CLOEXEC, 0);
	size_t skipped = strlen(hidden->root);
	char real[PATH_MAX];

	if (fd < 0 || fd_path(fd, real) < (int)skipped || real[0] != '/')
		return NULL;
	return str_dup(real[skipped] ? real + skipped : "/");
}

/* Resolves the directory above @path, unless it is the one of the last call. */
static void resolve_parent(struct hidden *hidden, const char *path)
{
	size_t length = (size_t)(strrchr(path, '/') - path);
	autofree char *parent = str_dup_n(path, length ? length : 1);
	autofree char *full = NULL;
	struct statfs fs;

	if (str_equal(parent, hidden->parent))
		return;
	free(hidden->parent);
	free(hidden->real_parent);
	hidden->parent = take_ptr(parent);
	hidden->real_parent = resolve_links(hidden, hidden->parent);
	full = str_format("%s%s", hidden->root, hidden->real_parent ? hidden->real_parent : "");
	hidden->parent_is_autofs =
		hidden->real_parent && statfs(full, &fs) == 0 && fs.f_type == AUTOFS_SUPER_MAGIC;
}

/*
 * resolve_links() for many paths with the same parent directory.  If the automounter serves the
 * parent, the last part of the path isn't resolved: to look at each home would mount all of them.
 */
static char *resolve_home(struct hidden *hidden, const char *path)
{
	autofree char *real = NULL, *full = NULL;
	char target[1];

	resolve_parent(hidden, path);
	if (!hidden->real_parent)
		return NULL;
	real = str_format("%s%s", str_equal(hidden->real_parent, "/") ? "" : hidden->real_parent,
			  strrchr(path, '/'));
	full = str_format("%s%s", hidden->root, real);
	if (hidden->parent_is_autofs || readlink(full, target, sizeof(target)) < 0)
		return take_ptr(real);
	return resolve_links(hidden, path);
}

static void add_hidden(struct hidden *hidden, const char *path)
{
	if (holds_system(path))
		return;
	str_list_add(&hidden->paths, arena_str(hidden->arena, path));
}

/* @path without its links, or as it is if they can't be followed.  The caller frees the result. */
static char *follow_home(struct hidden *hidden, const char *path)
{
	autofree char *clean = path_clean(path);
	autofree char *real = str_equal(clean, "/") ? NULL : resolve_home(hidden, clean);

	return real ? take_ptr(real) : take_ptr(clean);
}

static void add_homes(struct hidden *hidden, uid_t caller)
{
	struct str_list homes = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(always_hidden); i++) {
		autofree char *real = follow_home(hidden, always_hidden[i]);

		add_hidden(hidden, real);
	}
	home_list(hidden->root, caller, hidden->arena, &homes);
	for (size_t i = 0; i < homes.count; i++) {
		autofree char *real = follow_home(hidden, homes.items[i]);

		if (!spec_hidden_is_system(real))
			add_hidden(hidden, real);
	}
	str_list_release(&homes);
}

/*
 * Resolves a path of the caller's environment.  The path may lead through /proc (/proc/self/cwd).
 * A link there can't be walked below a root descriptor, so realpath(3) resolves it.  NULL: a
 * relative path that doesn't exist, which no program can use.  The caller frees the result.
 */
static char *follow_own(struct hidden *hidden, const char *path)
{
	autofree char *clean = path[0] == '/' ? path_clean(path) : NULL;
	autofree char *real = clean && !str_equal(clean, "/") ? resolve_home(hidden, clean) : NULL;

	if (!clean || (!*hidden->root && (!real || is_same_or_below(real, "/proc")))) {
		free(real);
		real = realpath(path, NULL);
	}
	return real ? take_ptr(real) : take_ptr(clean);
}

static void add_own(struct hidden *hidden, const struct str_list *own)
{
	for (size_t i = 0; i < own->count; i++) {
		autofree char *real = follow_own(hidden, own->items[i]);

		if (real && holds_system(real))
			log_warning(
				"the directory %s isn't hidden, as it holds parts of the system",
				own->items[i]);
		else if (real && spec_hidden_is_system(real))
			log_warning("the directory %s isn't hidden, as it is a part of the system",
				    own->items[i]);
		else if (real)
			add_hidden(hidden, real);
	}
}

/*
 * The order in which a directory comes directly before the paths below it: '/' is less than any
 * other character.
 */
static int compare_paths(const void *a, const void *b)
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

/* Sorts the paths, and removes each path that is below another one. */
static void sort_hidden(struct hidden *hidden)
{
	struct str_list *paths = &hidden->paths;
	size_t kept = 0;

	if (paths->count == 0)
		return;
	qsort(paths->items, paths->count, sizeof(*paths->items), compare_paths);
	for (size_t i = 0; i < paths->count; i++)
		if (kept == 0 || !is_same_or_below(paths->items[i], paths->items[kept - 1]))
			paths->items[kept++] = paths->items[i];
	paths->count = kept;
}

/* ---- the same files under other paths ---- */

struct mounts {
	struct mount {
		const char *device, *root, *point;
		bool is_kernel_view;
	} * items;
	size_t count;
};

static bool is_type_of_kernel_view(const char *type)
{
	static const char *const types[] = { "proc", "sysfs", "devtmpfs", "devpts", NULL };

	return str_find(types, type) >= 0;
}

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
			.is_kernel_view = is_type_of_kernel_view(mount.type),
		};
	}
}

/*
 * The mount that @path is on: the one with the deepest mount point, and of several on that point
 * the last one, which lies on top.
 */
static const struct mount *mount_of(const struct mounts *mounts, const char *path)
{
	const struct mount *best = NULL;

	for (size_t i = 0; i < mounts->count; i++)
		if (is_same_or_below(path, mounts->items[i].point) &&
		    (!best || strlen(mounts->items[i].point) >= strlen(best->point)))
			best = &mounts->items[i];
	return best;
}

/* @path is @from or below it: replaces that part by @to.  The caller frees the result. */
static char *move_path(const char *path, const char *from, const char *to)
{
	const char *rest = path + (str_equal(from, "/") ? 0 : strlen(from));

	return str_format("%s%s", str_equal(to, "/") && *rest ? "" : to,
			  str_equal(rest, "/") ? "" : rest);
}

/* Hides @path in every other mount that shows it, or that shows a part of it. */
static void add_elsewhere(struct hidden *hidden, const struct mounts *mounts, const char *path)
{
	const struct mount *own = mount_of(mounts, path);
	autofree char *inside = own ? move_path(path, own->point, own->root) : NULL;

	for (size_t i = 0; own && i < mounts->count; i++) {
		const struct mount *mount = &mounts->items[i];
		autofree char *other = NULL;

		if (!str_equal(mount->device, own->device))
			continue;
		if (is_same_or_below(inside, mount->root))
			other = move_path(inside, mount->root, mount->point);
		else if (is_same_or_below(mount->root, inside))
			other = str_dup(mount->point);
		if (other && !str_equal(other, path))
			add_hidden(hidden, other);
	}
}

static bool is_below_one_of(const struct str_list *paths, const char *path)
{
	for (size_t i = 0; i < paths->count; i++)
		if (!str_equal(path, paths->items[i]) && is_same_or_below(path, paths->items[i]))
			return true;
	return false;
}

/*
 * Hides file systems that are mounted below a hidden directory (a home with its own disk, a user's
 * FUSE mount) wherever else they are mounted.  A mount of the system's own file system is left: it
 * is a bind mount of a system directory, as a chroot in a home has it, and that directory must stay
 * visible elsewhere.  But if the mount point itself is in @all, the sorted paths to hide, it is a
 * home.
 */
static void add_mounts_below(struct hidden *hidden, const struct mounts *mounts,
			     const struct str_list *all)
{
	const struct mount *system = mount_of(mounts, "/");
	struct str_list above = { hidden->paths.items, hidden->paths.count };
	struct str_list below = { 0 };

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->items[i];

		if (is_below_one_of(&above, mount->point) &&
		    !(system && str_equal(mount->device, system->device) &&
		      !bsearch(&mount->point, all->items, all->count, sizeof(*all->items),
			       compare_paths)))
			str_list_add(&below, arena_str(hidden->arena, mount->point));
	}
	for (size_t i = 0; i < below.count; i++)
		add_elsewhere(hidden, mounts, below.items[i]);
	str_list_release(&below);
}

/* Those below /proc, /sys and /dev aren't shown in any case. */
static void add_kernel_views(struct hidden *hidden, const struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		const char *point = mounts->items[i].point;

		if (mounts->items[i].is_kernel_view && !is_same_or_below(point, "/proc") &&
		    !is_same_or_below(point, "/sys") && !is_same_or_below(point, "/dev"))
			add_hidden(hidden, point);
	}
}

static void add_all_elsewhere(struct hidden *hidden)
{
	struct mounts mounts = { 0 };
	struct str_list all = { 0 };
	size_t count;

	read_mounts(hidden, &mounts);
	qsort(hidden->paths.items, hidden->paths.count, sizeof(*hidden->paths.items),
	      compare_paths);
	all.count = hidden->paths.count;
	all.items = mem_resize(NULL, all.count, sizeof(*all.items));
	memcpy(all.items, hidden->paths.items, all.count * sizeof(*all.items));
	/* The work is mounts × paths, so fewer paths are faster. */
	sort_hidden(hidden);
	count = hidden->paths.count;
	add_mounts_below(hidden, &mounts, &all);
	for (size_t i = 0; i < count; i++)
		add_elsewhere(hidden, &mounts, hidden->paths.items[i]);
	add_kernel_views(hidden, &mounts);
	str_list_release(&all);
	free(mounts.items);
}

static char *print_hidden(struct hidden *hidden)
{
	autostrbuf struct strbuf text = { 0 };

	sort_hidden(hidden);
	for (size_t i = 0; i < hidden->paths.count; i++) {
		strbuf_add_str(&text, i ? "\n" : "");
		mountinfo_escape(hidden->paths.items[i], &text);
	}
	return arena_str(hidden->arena, text.bytes);
}

int spec_hidden_text(const char *root, uid_t caller, const struct str_list *own,
		     struct arena *arena, char **ret_text, struct error *err)
{
	autoclose int root_fd = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct hidden hidden = { .root = root, .root_fd = root_fd, .arena = arena };

	if (root_fd < 0)
		return error_set(err, errno, "open %s/", root);
	add_homes(&hidden, caller);
	add_own(&hidden, own);
	add_all_elsewhere(&hidden);
	*ret_text = print_hidden(&hidden);
	str_list_release(&hidden.paths);
	free(hidden.parent);
	free(hidden.real_parent);
	return 0;
}
