// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root.
#include "core/rootfs/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/base/tmpfs.h"
#include "core/config/change.h"
#include "core/config/layers.h"
#include "core/rootfs/tree.h"
#include "rootless/overlay_upper.h"

/* Descriptors of directories, O_PATH. */
struct layers {
	int upper;   /* the changes */
	int work;    /* the kernel needs it, on the same file system */
	int *lowers; /* from the top to the bottom; the first is root.path */
	size_t count;
	enum overlay_life life;
};

#define LAYERS_NONE ((struct layers){ .upper = -1, .work = -1 })

static void close_layers(struct layers *layers)
{
	fd_close(&layers->upper);
	fd_close(&layers->work);
	for (size_t i = 0; i < layers->count; i++)
		fd_close(&layers->lowers[i]);
	free(layers->lowers);
}

#define autolayers __attribute__((cleanup(close_layers)))

static int open_overlay_work(int place, const char *where, struct error *err)
{
	int fd;

	if (mkdirat(place, "work", 0755) < 0 && errno != EEXIST)
		return error_set(err, errno, "overlay: make work in %s", where);
	fd = openat(place, "work", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "overlay: open work in %s", where) : fd;
}

/*
 * The root of an overlay has the owner and the mode of its upper layer.  A new upper layer gets
 * those of the directory below: with keep-id the caller mostly owns that directory, and may then
 * write to the root.  An owner or a group without a mapping can't be given (EINVAL).
 * ORDER: the owner first, since a change of the owner clears set-group-ID.
 */
static int take_attributes(int upper, int dir, const char *where, struct error *err)
{
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", upper);
	if (fstat(dir, &st) < 0 ||
	    (fchownat(upper, "", st.st_uid, (gid_t)-1, AT_EMPTY_PATH) < 0 && errno != EINVAL) ||
	    (fchownat(upper, "", (uid_t)-1, st.st_gid, AT_EMPTY_PATH) < 0 && errno != EINVAL) ||
	    chmod(path, st.st_mode & 07777) < 0)
		return error_set(
			err, errno,
			"overlay: give upper in %s the owner and the mode of the directory below",
			where);
	return 0;
}

/*
 * ORDER: the tmpfs is attached before an overlay uses it: the kernel accepts only layers whose
 * mounts are in our mount namespace.
 */
static int mount_layers_tmpfs(int dir, int *ret_fd, struct error *err)
{
	autoclose int tree = tmpfs_make(0);
	int result;

	if (tree < 0)
		return error_set(err, -tree, "overlay: make a tmpfs");
	result = mount_attach(tree, dir);
	if (result < 0)
		return error_set(err, -result, "overlay: mount a tmpfs");
	*ret_fd = take_fd(&tree);
	return 0;
}

/* Names the layer by its descriptor: a path might have a ':' or a ',', which are separators. */
static int set_layer(int fs, const char *key, int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fsconfig(fs, FSCONFIG_SET_STRING, key, path, 0);
}

static int mount_over_one(const struct layers *layers, int *ret_tree)
{
	autoclose int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	int tree;

	if (fs < 0 || set_layer(fs, "lowerdir", layers->lowers[0]) < 0 ||
	    set_layer(fs, "upperdir", layers->upper) < 0 ||
	    set_layer(fs, "workdir", layers->work) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0 ||
	    (layers->life == OVERLAY_VOLATILE &&
	     fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	tree = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (tree < 0)
		return -errno;
	*ret_tree = tree;
	return 0;
}

/* ---- several lower layers ---- */

/* mount(2) takes a page of options. */
#define OPTIONS_SIZE 4096

/*
 * fsconfig(2) takes 255 bytes for an option, and all lower layers are one option before Linux 6.5, so
 * mount(2) takes them.  Their names are the numbers of their descriptors, for 500 layers in a page:
 * relative paths, which are resolved in @DESCRIPTORS.
 */
#define DESCRIPTORS "/proc/self/fd"

static int print_options(const struct layers *layers, struct strbuf *options)
{
	strbuf_addf(options,
		    "userxattr,%slowerdir=", layers->life == OVERLAY_VOLATILE ? "volatile," : "");
	for (size_t i = 0; i < layers->count; i++)
		strbuf_addf(options, "%s%d", i ? ":" : "", layers->lowers[i]);
	strbuf_addf(options, ",upperdir=%d,workdir=%d", layers->upper, layers->work);
	return options->size < OPTIONS_SIZE ? 0 : -E2BIG;
}

static int mount_by_numbers(const struct layers *layers, int dir)
{
	autoclose int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autostrbuf struct strbuf options = { 0 };
	char target[16];
	int failed = print_options(layers, &options);

	if (failed < 0 || before < 0)
		return failed < 0 ? failed : -errno;
	snprintf(target, sizeof(target), "%d", dir);
	if (chdir(DESCRIPTORS) < 0)
		return -errno;
	failed = mount("overlay", target, "overlay", 0, options.bytes) < 0 ? -errno : 0;
	return fchdir(before) < 0 && failed == 0 ? -errno : failed;
}

/* The mount that lies on @path now, detached. */
static int take_mount(const char *path, int *ret_tree)
{
	autoclose int top = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int tree = -1;
	struct statfs fs;

	if (top < 0 || fstatfs(top, &fs) < 0)
		return -errno;
	/* Another path would lead elsewhere, to a directory without an overlay. */
	if (fs.f_type != OVERLAYFS_SUPER_MAGIC)
		return -ESTALE;
	tree = mount_clone(top, "", 0);
	if (tree < 0)
		return tree;
	if (umount2(path, MNT_DETACH) < 0)
		return -errno;
	*ret_tree = take_fd(&tree);
	return 0;
}

static int mount_over_many(const struct layers *layers, int dir, const char *path, int *ret_tree)
{
	int failed = mount_by_numbers(layers, dir);

	return failed < 0 ? failed : take_mount(path, ret_tree);
}

static int open_lowers(const struct container_config *config, int dir, struct layers *layers,
		       struct error *err)
{
	autotextlist struct str_list paths = { 0 };

	if (config_layers(config, &paths, err) < 0)
		return -1;
	layers->lowers = mem_resize(NULL, paths.count, sizeof(*layers->lowers));
	for (size_t i = 0; i < paths.count; i++) {
		/* The first is open, also where our own rights don't suffice for its path. */
		int fd = i == 0 ? fcntl(dir, F_DUPFD_CLOEXEC, 0)
				: open(paths.items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return error_set(err, errno, "overlay: open the layer %s", paths.items[i]);
		layers->lowers[layers->count++] = fd;
	}
	return 0;
}

/* ---- all of it ---- */

/*
 * The kernel mounts an overlay whose upper layer can't have attributes, and fails later, with EIO, where a
 * directory takes the place of another one.
 */
static int check_attributes(int upper, const char *where, struct error *err)
{
	static const char name[] = "user.urun.overlay";
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", upper);
	if (setxattr(path, name, "", 0, 0) == 0) {
		removexattr(path, name);
		return 0;
	}
	return errno == EOPNOTSUPP
		       ? error_set(err, errno, "overlay: set an extended attribute of %s/upper",
				   where)
		       : 0;
}

/*
 * The container's "/" is that of the topmost layer that says what it is; a layer of an image that
 * doesn't is marked.  Without such a layer it is the top one's.
 */
static int find_root_layer(const struct layers *layers)
{
	for (size_t i = 0; i < layers->count; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", layers->lowers[i]);
		if (getxattr(path, LAYER_ROOT_IS_IMPLIED, NULL, 0) < 0)
			return layers->lowers[i];
	}
	return layers->lowers[0];
}

static int open_changes(const char *where, int dir, struct layers *layers, struct error *err)
{
	bool in_memory = str_equal(where, CONFIG_OVERLAY_IN_MEMORY);
	autoclose int place = -1;
	bool upper_is_new;
	int failed;

	if (in_memory) {
		if (mount_layers_tmpfs(dir, &place, err) < 0)
			return -1;
	} else {
		place = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (place < 0)
			return error_set(err, errno, "overlay: open %s", where);
	}
	layers->upper = overlay_upper_open(place, &upper_is_new);
	if (layers->upper < 0)
		return error_set(err, -layers->upper, "overlay: make " OVERLAY_UPPER " in %s",
				 where);
	layers->work = open_overlay_work(place, where, err);
	if (layers->work < 0 ||
	    (upper_is_new &&
	     take_attributes(layers->upper, find_root_layer(layers), where, err) < 0) ||
	    (!in_memory && check_attributes(layers->upper, where, err) < 0))
		return -1;
	failed = upper_is_new ? overlay_upper_finish(place) : 0;
	return failed < 0 ? error_set(err, -failed, "overlay: make " OVERLAY_UPPER " in %s", where)
			  : 0;
}

int overlay_make(const struct container_config *config, enum overlay_life life, int dir,
		 int *ret_tree, struct error *err)
{
	autolayers struct layers layers = LAYERS_NONE;
	const char *path = config->root->path;
	int failed;

	layers.life = life;
	if (open_lowers(config, dir, &layers, err) < 0 ||
	    open_changes(config_annotation(config, CONFIG_ANNOTATION_OVERLAY), dir, &layers, err) <
		    0)
		return -1;
	failed = layers.count == 1 ? mount_over_one(&layers, ret_tree)
				   : mount_over_many(&layers, dir, path, ret_tree);
	return failed < 0 ? error_set(err, -failed, "overlay over %s", path) : 0;
}

/* ---- by fuse-overlayfs ---- */

/* S_IFDIR in octal digits, as fuse(4) expects it. */
#define ROOT_MODE_DIRECTORY "40000"

/*
 * The kernel checks the permissions (default_permissions), and all users of the container have
 * access.
 */
int overlay_make_fuse(const char *path, int *ret_fuse, int *ret_tree, struct error *err)
{
	autoclose int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	autoclose int fs = fsopen("fuse", FSOPEN_CLOEXEC);
	autoclose int tree = -1;
	char number[16], uid[16], gid[16];

	snprintf(number, sizeof(number), "%d", fuse);
	/* 0 has no mapping where the container has the caller's own id alone. */
	snprintf(uid, sizeof(uid), "%u", geteuid());
	snprintf(gid, sizeof(gid), "%u", getegid());
	if (fuse < 0 || fs < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "source", "fuse-overlayfs", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "fd", number, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "rootmode", ROOT_MODE_DIRECTORY, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "user_id", uid, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "group_id", gid, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_FLAG, "allow_other", NULL, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_FLAG, "default_permissions", NULL, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return error_set(err, errno, "overlay over %s by fuse", path);
	tree = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (tree < 0)
		return error_set(err, errno, "overlay over %s by fuse", path);
	*ret_fuse = take_fd(&fuse);
	*ret_tree = take_fd(&tree);
	return 0;
}
