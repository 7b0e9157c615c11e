// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root (rootfs_prepare, rootfs_enter), init after pivot_root
// (rootfs_finish).
#include "core/rootfs/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/mountinfo.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/rootfs/overlay.h"
#include "core/rootfs/tree.h"

/*
 * The host's tree, from which binds are taken, hears of the host's mounts and never sends any back.
 * Also with rootfsPropagation "private": a mount that asks for "slave" needs the peer group that it is
 * a slave of.  The plan makes the other binds private.
 */
static int cut_off_host(struct error *err)
{
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return error_set(err, errno, "change the propagation of the host's mounts");
	return 0;
}

static void hint_at_fuse(struct error *err)
{
	error_hint(err,
		   "a FUSE file system lets in the user alone who has mounted it: mount it with "
		   "allow_other, or run the program as that user, without an overlay");
}

void rootfs_hint_unsearchable(const char *path, struct error *err)
{
	autofree char *folder = str_dup(path);
	struct statfs fs;

	for (char *slash = folder; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (faccessat(AT_FDCWD, folder, X_OK, AT_EACCESS) < 0 && errno == EACCES) {
			if (statfs(folder, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC)
				hint_at_fuse(err);
			else
				error_hint(
					err,
					"%s can't be searched by the container's root: chmod a+x %s",
					folder, folder);
			return;
		}
		*slash = '/';
	}
}

/* O_PATH, so that the folder needn't be readable. */
static int open_root(const char *path, int source, struct error *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0)
		return fd;
	error_set(err, errno, "open root file system %s", path);
	if (err->code == EACCES && fstat(source, &st) == 0 && S_ISDIR(st.st_mode)) {
		fd = fcntl(source, F_DUPFD_CLOEXEC, 0);
		return fd >= 0 ? fd : error_set(err, errno, "root file system %s", path);
	}
	if (err->code == EACCES)
		rootfs_hint_unsearchable(path, err);
	return -1;
}

bool rootfs_is_private(const char *path, int source)
{
	struct error ignored = ERROR_NONE;
	autoclose int folder = open_root(path, source, &ignored);
	struct statfs fs;
	struct stat st;

	return folder >= 0 && fstat(folder, &st) < 0 && errno == EACCES &&
	       fstatfs(folder, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC;
}

/*
 * A root file system that answers nobody but the caller can't be one unless we have the caller's ids: no
 * folder of it could be mounted on.
 */
static int check_open_to_us(int folder, const char *path, struct error *err)
{
	struct statfs fs;
	struct stat st;

	if (fstat(folder, &st) == 0)
		return 0;
	error_set(err, errno, "root file system %s", path);
	if (err->code == EACCES && fstatfs(folder, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC)
		hint_at_fuse(err);
	return -1;
}

/* A copy of the folder's mount, or an overlay of the folder, detached. */
static int make_tree(const struct container_config *config, const struct mount_plan *plan,
		     int folder, int fuse_tree, int *ret_tree, struct error *err)
{
	bool private = mount_propagation_flag(plan->root_propagation) == MS_PRIVATE;
	const char *path = config->root->path;
	const char *overlay = config_annotation(config, CONFIG_ANNOTATION_OVERLAY);
	int result;

	if (fuse_tree >= 0) {
		*ret_tree = fcntl(fuse_tree, F_DUPFD_CLOEXEC, 0);
		return *ret_tree < 0 ? error_set(err, errno, "overlay over %s", path) : 0;
	}
	if (overlay) {
		result = overlay_make(overlay, folder, path, ret_tree, err);
		if (result < 0)
			err->cause = ERROR_CAUSE_OVERLAY;
		return result;
	}
	*ret_tree = mount_clone(folder, "", AT_RECURSIVE);
	if (*ret_tree < 0)
		return error_set(err, -*ret_tree, "bind root file system %s", path);
	/* A copy hears of what its original hears: no mount of the host shall appear in our root. */
	result = mount_change_propagation(*ret_tree, private ? AT_RECURSIVE : 0, MS_PRIVATE);
	return result < 0 ? error_set(err, -result, "make the mount of %s private", path) : 0;
}

int rootfs_prepare(const struct container_config *config, const struct mount_plan *plan, int source,
		   int fuse_tree, int *ret_rootfs_fd, struct error *err)
{
	const char *path = config->root->path;
	autoclose int folder = -1;
	autoclose int tree = -1;
	int result;

	if (cut_off_host(err) < 0)
		return -1;
	folder = open_root(path, source, err);
	/* What is served by fuse-overlayfs is read with the caller's ids. */
	if (folder < 0 || (fuse_tree < 0 && check_open_to_us(folder, path, err) < 0) ||
	    make_tree(config, plan, folder, fuse_tree, &tree, err) < 0)
		return -1;
	result = mount_attach(tree, folder);
	if (result < 0)
		return error_set(err, -result, "mount root file system %s", path);
	*ret_rootfs_fd = take_fd(&tree);
	return 0;
}

static int pivot_error(int old_root, struct error *err)
{
	struct statfs fs;

	error_set(err, errno, "pivot_root into the root file system");
	if (err->code == EINVAL && fstatfs(old_root, &fs) == 0 &&
	    (fs.f_type == RAMFS_MAGIC || fs.f_type == TMPFS_MAGIC))
		error_hint(
			err,
			"the host's root seems to be the initramfs, which can't be pivoted: use --no-pivot");
	return -1;
}

/*
 * Both arguments are ".": the old root comes to lie on top of the new one, so that no folder for it
 * is needed in a root file system that may be read-only.
 */
static int enter_by_pivot(int rootfs, struct error *err)
{
	autoclose int old_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old_root < 0)
		return error_set(err, errno, "open the host's root");
	if (fchdir(rootfs) < 0)
		return error_set(err, errno, "chdir to the root file system");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return pivot_error(old_root, err);
	if (fchdir(old_root) < 0)
		return error_set(err, errno, "chdir to the host's root");
	/*
	 * ORDER: slave before it is unmounted, else the unmounting goes on to the peers of shared
	 * mounts: the host's.
	 */
	if (mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return error_set(err, errno, "make the host's mounts slaves");
	if (umount2(".", MNT_DETACH) < 0)
		return error_set(err, errno, "unmount the host's root");
	return 0;
}

/* Unmounts it; where it is locked to our namespace, covers it. */
static int hide_mount(const char *point, struct error *err)
{
	if (mount(NULL, point, NULL, MS_SLAVE | MS_REC, NULL) < 0 && errno != EINVAL)
		return error_set(err, errno, "make %s a slave", point);
	if (umount2(point, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		return 0;
	if (mount("tmpfs", point, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return error_set(err, errno, "cover the host's %s", point);
	return 0;
}

/* Hides a whole proc or sysfs outside of @rootfs. */
static int hide_if_whole(const struct mountinfo *mount, const char *rootfs, struct error *err)
{
	if (!str_equal(mount->root, "/") ||
	    (!str_equal(mount->type, "proc") && !str_equal(mount->type, "sysfs")) ||
	    path_is_in(mount->point, rootfs))
		return 0;
	return hide_mount(mount->point, err);
}

/*
 * chroot(2) leaves the host's mounts where they are, and a whole proc or sysfs that is visible
 * anywhere in the namespace lets the container's root mount an unmasked one of its own.
 */
static int hide_host_kernel_files(int rootfs, struct error *err)
{
	autofree char *text = NULL;
	char link[64], path[PATH_MAX];
	struct mountinfo mount;
	size_t size;
	ssize_t length;
	char *rest;
	int result;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", rootfs);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return error_set(err, errno, "read the path of the root file system");
	path[length] = '\0';
	result = fd_read_file("/proc/self/mountinfo", MOUNTINFO_SIZE_MAX, &text, &size);
	if (result < 0)
		return error_set(err, -result, "read /proc/self/mountinfo");
	rest = text;
	while (mountinfo_next(&rest, &mount))
		if (hide_if_whole(&mount, path, err) < 0)
			return -1;
	return 0;
}

static int enter_by_move(int rootfs, struct error *err)
{
	if (hide_host_kernel_files(rootfs, err) < 0)
		return -1;
	if (fchdir(rootfs) < 0)
		return error_set(err, errno, "chdir to the root file system");
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return error_set(err, errno, "move the root file system to /");
	if (chroot(".") < 0)
		return error_set(err, errno, "chroot to the root file system");
	return 0;
}

int rootfs_enter(int rootfs_fd, enum rootfs_enter_how how, struct error *err)
{
	int result = how == ROOTFS_PIVOT ? enter_by_pivot(rootfs_fd, err)
					 : enter_by_move(rootfs_fd, err);

	if (result < 0)
		return -1;
	return chdir("/") < 0 ? error_set(err, errno, "chdir to / in the root file system") : 0;
}

static int finish_mounts(const struct mount_plan *plan, struct error *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];
		autoclose int target = -1;

		if (!step->filled_later ||
		    !(mount_options_attrs(&step->options) & MOUNT_ATTR_RDONLY))
			continue;
		target = path_open_in_root(root, step->destination, O_PATH | O_CLOEXEC, 0);
		if (target < 0 || mount_setattr(target, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
			return error_set(err, target < 0 ? -target : errno, "make %s read-only",
					 step->destination);
	}
	return 0;
}

/* Once more how a mount propagates; of a mount that was left out (nofail) nothing is left to change. */
static int restore_propagation(int root, const struct mount_step *step, struct error *err)
{
	autoclose int target = path_open_in_root(root, step->destination, O_PATH | O_CLOEXEC, 0);
	int result = target < 0 ? target : mount_change_propagations(target, &step->options);

	if (result == 0 || (step->options.traits & MOUNT_TRAIT_NOFAIL))
		return 0;
	return error_set(err, -result, "change the propagation of %s", step->destination);
}

/*
 * linux.rootfsPropagation with an "r" is about all mounts but those whose options say how they propagate:
 * these get that again.  But what has become private can't become a slave again, and the plan has made
 * all others private.
 */
static int finish_propagation(const struct mount_plan *plan, struct error *err)
{
	unsigned long flag = mount_propagation_flag(plan->root_propagation);
	bool recursive = mount_propagation_is_recursive(plan->root_propagation) &&
			 !(flag == MS_PRIVATE && plan->has_propagations);
	autoclose int root = -1;

	if (flag && mount(NULL, "/", NULL, flag | (recursive ? MS_REC : 0), NULL) < 0)
		return error_set(err, errno, "rootfsPropagation %s",
				 mount_propagation_word(plan->root_propagation));
	if (!recursive || !plan->has_propagations)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < plan->steps.count; i++)
		if (plan->steps.items[i].options.propagations.count &&
		    restore_propagation(root, &plan->steps.items[i], err) < 0)
			return -1;
	return 0;
}

/*
 * Nothing is cleared, so flags that are locked are no matter.
 * ORDER: the propagation comes last, as an unbindable mount can't be copied, which masking needs.
 */
int rootfs_finish(const struct container_config *config, const struct mount_plan *plan,
		  struct error *err)
{
	if (finish_mounts(plan, err) < 0)
		return -1;
	if (config->root->readonly) {
		struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

		if (mount_setattr(AT_FDCWD, "/", 0, &attr, sizeof(attr)) < 0)
			return error_set(err, errno, "make the root file system read-only");
	}
	return finish_propagation(plan, err);
}
