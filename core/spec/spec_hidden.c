// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
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
#include "core/base/utf8.h"
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
static const struct system_folder {
	const char *path;
	/*
	 * MIXED: folders of services are in it next to the homes of people and of services, as
	 * /srv/ann and /var/lib/jenkins.  WHOLE: it is the system's down to its last file, and what is
	 * below it isn't a home, though an account or a variable says so
	 * (HOME=/usr/lib/x86_64-linux-gnu).  /proc, /sys and /dev are the running host's, and the
	 * container has its own of them.
	 */
	enum { WHOLE, MIXED } kind;
} system_folders[] = {
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
	{ "/var/usrlocal", MIXED },
	/* /var/usrlocal is where ostree has /usr/local. */
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
	const char *root; /* "": the host's own */
	int root_fd;
	struct arena *arena;
	struct str_list paths;
	/* The folder above the last path is kept: thousands of homes have the same one. */
	char *parent, *real_parent;
	bool parent_is_autofs;
};

static bool is_same_or_below(const char *path, const char *folder)
{
	size_t length = str_equal(folder, "/") ? 0 : strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool holds_system(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(system_folders); i++)
		if (is_same_or_below(system_folders[i].path, path))
			return true;
	return false;
}

bool spec_hidden_is_system(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(system_folders); i++)
		if (system_folders[i].kind == WHOLE &&
		    is_same_or_below(path, system_folders[i].path))
			return true;
	return holds_system(path);
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

static void add_path(struct hidden *hidden, const char *path)
{
	if (holds_system(path))
		return;
	str_list_add(&hidden->paths, arena_str(hidden->arena, path));
}

/*
 * @path without its links, as far as we can follow them: what can't be followed now may be later, or
 * by the container's root.  The caller frees it.
 */
static char *follow(struct hidden *hidden, const char *path)
{
	autofree char *clean = path_clean(path);
	autofree char *real = str_equal(clean, "/") ? NULL : resolve_home(hidden, clean);

	return real ? take_ptr(real) : take_ptr(clean);
}

static void add_always_hidden(struct hidden *hidden)
{
	for (size_t i = 0; i < ARRAY_SIZE(always_hidden); i++) {
		autofree char *real = follow(hidden, always_hidden[i]);

		add_path(hidden, real);
	}
}

static void add_homes(struct hidden *hidden, uid_t caller)
{
	struct str_list homes = { 0 };

	home_list(hidden->root, caller, hidden->arena, &homes);
	for (size_t i = 0; i < homes.count; i++) {
		autofree char *real = follow(hidden, homes.items[i]);

		if (!spec_hidden_is_system(real))
			add_path(hidden, real);
	}
	str_list_release(&homes);
}

/*
 * A path of the caller's environment.  It, or a link that it is, may lead through /proc
 * (/proc/self/cwd), whose links have no path to walk: those are asked for theirs.  NULL: a relative path that leads nowhere, which means
 * nothing to programs either.  The caller frees it.
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
			log_warning("the folder %s isn't hidden, as parts of the system are in it",
				    own->items[i]);
		else if (real && spec_hidden_is_system(real))
			log_warning("the folder %s isn't hidden, as it is a part of the system",
				    own->items[i]);
		else if (real)
			add_path(hidden, real);
	}
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
	struct str_list *paths = &hidden->paths;
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
			add_path(hidden, other);
	}
}

/* Is @path one of the sorted @paths? */
static bool is_listed(const struct str_list *paths, const char *path)
{
	return paths->count > 0 &&
	       bsearch(&path, paths->items, paths->count, sizeof(*paths->items), compare);
}

static bool is_below_listed(const struct str_list *paths, const char *path)
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
static void add_mounts_below(struct hidden *hidden, const struct mounts *mounts,
			     const struct str_list *all)
{
	const struct mount *system = mount_of(mounts, "/");
	struct str_list above = { hidden->paths.items, hidden->paths.count };
	struct str_list below = { 0 };

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->items[i];

		if (is_below_listed(&above, mount->point) &&
		    !(system && str_equal(mount->device, system->device) &&
		      !is_listed(all, mount->point)))
			str_list_add(&below, arena_str(hidden->arena, mount->point));
	}
	for (size_t i = 0; i < below.count; i++)
		add_elsewhere(hidden, mounts, below.items[i]);
	str_list_release(&below);
}

static void add_all_elsewhere(struct hidden *hidden)
{
	struct mounts mounts = { 0 };
	struct str_list all = { 0 };
	size_t count;

	read_mounts(hidden, &mounts);
	qsort(hidden->paths.items, hidden->paths.count, sizeof(*hidden->paths.items), compare);
	all.count = hidden->paths.count;
	all.items = mem_resize(NULL, all.count, sizeof(*all.items));
	memcpy(all.items, hidden->paths.items, all.count * sizeof(*all.items));
	/* Each mount is looked at for each path: the fewer the better. */
	sort(hidden);
	count = hidden->paths.count;
	add_mounts_below(hidden, &mounts, &all);
	for (size_t i = 0; i < count; i++)
		add_elsewhere(hidden, &mounts, hidden->paths.items[i]);
	str_list_release(&all);
	free(mounts.items);
}

/*
 * A path as the annotation has it, where each is a line of JSON's text: line breaks and other control
 * characters, backslashes, and the bytes of a path that is no UTF-8 as octal numbers.
 */
static void add_line(struct strbuf *text, const char *path)
{
	bool is_utf8 = utf8_is_valid((const unsigned char *)path, strlen(path));

	for (const char *c = path; *c; c++) {
		unsigned char byte = (unsigned char)*c;

		if (byte < ' ' || byte == '\\' || byte == 0x7f || (byte > 0x7f && !is_utf8))
			strbuf_addf(text, "\\%03o", byte);
		else
			strbuf_add(text, c, 1);
	}
}

static char *print(struct hidden *hidden)
{
	autostrbuf struct strbuf text = { 0 };

	sort(hidden);
	for (size_t i = 0; i < hidden->paths.count; i++) {
		strbuf_add_str(&text, i ? "\n" : "");
		add_line(&text, hidden->paths.items[i]);
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
	add_always_hidden(&hidden);
	add_homes(&hidden, caller);
	add_own(&hidden, own);
	add_all_elsewhere(&hidden);
	*ret_text = print(&hidden);
	str_list_release(&hidden.paths);
	free(hidden.parent);
	free(hidden.real_parent);
	return 0;
}
