// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root (mask_open_null), init after pivot_root (mask_paths).
#include "core/rootfs/mask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/rootfs/tree.h"

/*
 * A mount that is needed in several places.  The detached mount itself is attached at the first
 * place, and copies of it at the others: before Linux 6.15 only an attached mount can be copied.
 */
struct stamp {
	int tree; /* -1: not made yet */
	bool is_attached;
};

struct masks {
	int root;
	const struct mount_views *views;
	struct stamp file;	/* the null device */
	struct stamp directory; /* the empty tmpfs */
};

/*
 * Read-only: nobody in the container changes the mode or the owner of the file below.  Private:
 * mounts of the host don't appear there later.
 */
static int freeze_tree(int tree, unsigned int flags)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };

	return mount_setattr(tree, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

int mask_open_null(const struct container_config *config, int *ret_null_fd, struct error *err)
{
	autoclose int tree = -1;
	struct stat st;
	int result;

	*ret_null_fd = -1;
	if (config->linux->masked_paths.count == 0)
		return 0;
	tree = mount_clone(AT_FDCWD, "/dev/null", 0);
	if (tree < 0)
		return error_set(err, -tree, "open /dev/null of the host");
	if (fstat(tree, &st) < 0)
		return error_set(err, errno, "stat /dev/null of the host");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return error_set(err, 0, "/dev/null of the host isn't the null device");
	result = freeze_tree(tree, 0);
	if (result < 0)
		return error_set(err, -result, "make a copy of /dev/null read-only");
	*ret_null_fd = take_fd(&tree);
	return 0;
}

static int attach_stamp(struct stamp *stamp, int target)
{
	autoclose int copy = -1;
	int result;

	if (stamp->is_attached) {
		copy = mount_clone(stamp->tree, "", 0);
		return copy < 0 ? copy : mount_attach(copy, target);
	}
	result = mount_attach(stamp->tree, target);
	stamp->is_attached = result == 0;
	return result;
}

/*
 * One empty tmpfs serves all masked directories: making a file system takes longer than all the
 * rest.
 */
static int make_empty_directory(struct stamp *stamp)
{
	autoclose int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "nr_blocks", "1", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", "1", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "source", "masked", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	stamp->tree = fsmount(fs, FSMOUNT_CLOEXEC,
			      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				      MOUNT_ATTR_NOEXEC);
	return stamp->tree < 0 ? -errno : 0;
}

/* A path that doesn't exist, or that the container's root can't reach, needs no mask. */
static bool needs_no_mask(int result)
{
	return result == -ENOENT || result == -EACCES || result == -ENOTDIR;
}

/* A path that is given twice is masked once. */
static bool is_masked(const struct stamp *stamp, const struct stat *target)
{
	struct stat mask;

	return stamp->is_attached && fstat(stamp->tree, &mask) == 0 && stat_same(&mask, target);
}

/* Opens the path to be masked; returns the descriptor or a negative errno. */
static int open_masked(const struct masks *masks, const char *path)
{
	autofree char *clean = path_clean(path);

	if (masks->views->proc >= 0 && str_starts_with(clean, "/proc/"))
		return path_open_in_root(masks->views->proc, clean + strlen("/proc/"), O_PATH, 0);
	if (masks->views->sys >= 0 && str_starts_with(clean, "/sys/"))
		return path_open_in_root(masks->views->sys, clean + strlen("/sys/"), O_PATH, 0);
	return path_open_in_root(masks->root, path, O_PATH, 0);
}

static int mask_path(struct masks *masks, const char *path, struct error *err)
{
	autoclose int target = open_masked(masks, path);
	struct stamp *stamp;
	struct stat st;
	int result = 0;

	if (needs_no_mask(target))
		return 0;
	if (target < 0)
		return error_set(err, -target, "mask %s", path);
	if (fstat(target, &st) < 0)
		return error_set(err, errno, "mask %s", path);
	stamp = S_ISDIR(st.st_mode) ? &masks->directory : &masks->file;
	if (is_masked(stamp, &st))
		return 0;
	if (S_ISDIR(st.st_mode) && stamp->tree < 0)
		result = make_empty_directory(stamp);
	if (result == 0)
		result = attach_stamp(stamp, target);
	return result < 0 ? error_set(err, -result, "mask %s", path) : 0;
}

/*
 * Only sets a flag and clears none, so flags that the kernel has locked don't matter.  The copy is
 * read-only before any process can see it.
 */
static int make_readonly(const struct masks *masks, const char *path, struct error *err)
{
	autoclose int target = open_masked(masks, path);
	autoclose int tree = -1;
	int result;

	if (needs_no_mask(target))
		return 0;
	if (target < 0)
		return error_set(err, -target, "make %s read-only", path);
	tree = mount_clone(target, "", AT_RECURSIVE);
	if (tree < 0)
		return error_set(err, -tree, "make %s read-only", path);
	result = freeze_tree(tree, AT_RECURSIVE);
	if (result == 0)
		result = mount_attach(tree, target);
	return result < 0 ? error_set(err, -result, "make %s read-only", path) : 0;
}

int mask_paths(const struct container_config *config, const struct mount_views *views, int null_fd,
	       struct error *err)
{
	const struct str_list *readonly = &config->linux->readonly_paths;
	const struct str_list *masked = &config->linux->masked_paths;
	struct masks masks = { .views = views,
			       .file = { .tree = null_fd },
			       .directory = { .tree = -1 } };
	int result = 0;

	if (readonly->count == 0 && masked->count == 0)
		return 0;
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_set(err, errno, "open /");
	masks.root = root;
	for (size_t i = 0; i < readonly->count && result == 0; i++)
		result = make_readonly(&masks, readonly->items[i], err);
	for (size_t i = 0; i < masked->count && result == 0; i++)
		result = mask_path(&masks, masked->items[i], err);
	/* No descriptor of ours stays open while a created container waits. */
	fd_close(&masks.directory.tree);
	fd_close(&masks.file.tree);
	return result;
}
