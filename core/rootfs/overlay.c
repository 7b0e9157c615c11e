// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root.
#include "core/rootfs/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/rootfs/tree.h"

/* The directory of changes, and one that the kernel needs on the same file system. */
struct layers {
	int upper;
	int work;
};

static int open_layer(int dir, const char *where, const char *name, bool *ret_made,
		      struct error *err)
{
	int fd;

	*ret_made = mkdirat(dir, name, 0755) == 0;
	if (!*ret_made && errno != EEXIST)
		return error_set(err, errno, "overlay: make %s in %s", name, where);
	fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "overlay: open %s in %s", name, where) : fd;
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
	autoclose int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	autoclose int tree = -1;
	int result;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0755", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return error_set(err, errno, "overlay: make a tmpfs");
	tree = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (tree < 0)
		return error_set(err, errno, "overlay: make a tmpfs");
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

static int make_overlay(int dir, const struct layers *layers, const char *path, int *ret_tree,
			struct error *err)
{
	autoclose int fs = fsopen("overlay", FSOPEN_CLOEXEC);

	if (fs < 0 || set_layer(fs, "lowerdir", dir) < 0 ||
	    set_layer(fs, "upperdir", layers->upper) < 0 ||
	    set_layer(fs, "workdir", layers->work) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return error_set(err, errno, "overlay over %s", path);
	*ret_tree = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	return *ret_tree < 0 ? error_set(err, errno, "overlay over %s", path) : 0;
}

int overlay_make(const char *where, int dir, const char *path, int *ret_tree, struct error *err)
{
	autoclose int place = -1, upper = -1, work = -1;
	bool upper_is_new, work_is_new;

	if (str_equal(where, CONFIG_OVERLAY_IN_MEMORY)) {
		if (mount_layers_tmpfs(dir, &place, err) < 0)
			return -1;
	} else {
		place = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (place < 0)
			return error_set(err, errno, "overlay: open %s", where);
	}
	upper = open_layer(place, where, "upper", &upper_is_new, err);
	work = upper < 0 ? -1 : open_layer(place, where, "work", &work_is_new, err);
	if (work < 0 || (upper_is_new && take_attributes(upper, dir, where, err) < 0))
		return -1;
	return make_overlay(dir, &(struct layers){ upper, work }, path, ret_tree, err);
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
	char number[16];

	snprintf(number, sizeof(number), "%d", fuse);
	if (fuse < 0 || fs < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "source", "fuse-overlayfs", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "fd", number, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "rootmode", ROOT_MODE_DIRECTORY, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "user_id", "0", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "group_id", "0", 0) < 0 ||
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
