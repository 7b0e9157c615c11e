// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init before pivot_root (rootfs_prepare, rootfs_enter), init after pivot_root
 * (rootfs_finish).
 *
 * pivot_root(2) needs a root file system that is a mount of its own, in a mount namespace that is
 * cut off from the host's.  So rootfs_prepare() makes all mounts of the host slaves: they still
 * receive the host's changes, for volumes that ask for these, and never send any (but for a container
 * of root that is to send them: rootfs_sends_mounts()).  Then it puts a
 * copy of root.path, or an overlay, on top of root.path, and makes the copy private, so that no
 * later mount of the host appears in it.  All mounts of the container are attached below this copy
 * while the host's paths can still be opened.
 *
 * rootfs_enter() is the point from which no path of the host can be opened.  With pivot_root(".",
 * ".") the old root comes to lie on top of the new one, and is unmounted from there, so that no
 * directory for it is needed in a root file system that may be read-only.  --no-pivot moves the
 * mount to / and calls chroot(2), which leaves the host's tree mounted, but out of sight.
 *
 * rootfs_finish() makes what had to be written to until then read-only, and sets
 * linux.rootfsPropagation.
 */
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
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/base/tmpfs.h"
#include "core/config/change.h"
#include "core/rootfs/overlay.h"
#include "core/rootfs/tree.h"
#include "core/rootfs/view.h"

static void hint_at_fuse(struct error *err)
{
	error_hint(
		err,
		"only the user who has mounted a FUSE file system has access to it: mount it with "
		"allow_other, or run the program as that user, without an overlay");
}

void rootfs_hint_unsearchable(const char *path, struct error *err)
{
	autofree char *dir = str_dup(path);
	struct statfs fs;

	for (char *slash = dir; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (faccessat(AT_FDCWD, dir, X_OK, AT_EACCESS) < 0 && errno == EACCES) {
			if (statfs(dir, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC)
				hint_at_fuse(err);
			else
				error_hint(
					err,
					"%s can't be searched by the container's root: chmod a+x %s",
					dir, dir);
			return;
		}
		*slash = '/';
	}
}

/* O_PATH, since the directory may be unreadable. */
static int open_root_directory(const char *path, int source, struct error *err)
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
	autoclose int dir = open_root_directory(path, source, &ignored);
	struct statfs fs;
	struct stat st;

	return dir >= 0 && fstat(dir, &st) < 0 && errno == EACCES && fstatfs(dir, &fs) == 0 &&
	       fs.f_type == FUSE_SUPER_MAGIC;
}

/*
 * A root file system to which only the caller has access can be used only with the caller's ids:
 * without them, no directory of it could be mounted on.
 */
static int check_open_to_us(int dir, const char *path, struct error *err)
{
	struct statfs fs;
	struct stat st;

	if (fstat(dir, &st) == 0)
		return 0;
	error_set(err, errno, "root file system %s", path);
	if (err->code == EACCES && fstatfs(dir, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC)
		hint_at_fuse(err);
	return -1;
}

/* The root of a holder, in which nothing of the host is; or that of the view, which is filled later. */
static int make_empty_tree(uint64_t attributes, int *ret_tree, struct error *err)
{
	*ret_tree = tmpfs_make(attributes);
	return *ret_tree < 0 ? error_set(err, -*ret_tree, "make an empty root") : 0;
}

/* Makes a copy of the mount of the directory, or an overlay over the directory, detached. */
static int make_tree(const struct container_config *config, const struct mount_plan *plan,
		     enum overlay_life life, int dir, int fuse_tree, int *ret_tree,
		     struct error *err)
{
	bool private = mount_propagation_flag(plan->root_propagation) == MS_PRIVATE;
	const char *path = config->root->path;
	const char *overlay = config_annotation(config, CONFIG_ANNOTATION_OVERLAY);
	int result;

	if (fuse_tree >= 0) {
		*ret_tree = fcntl(fuse_tree, F_DUPFD_CLOEXEC, 0);
		return *ret_tree < 0 ? error_set(err, errno, "overlay over %s", path) : 0;
	}
	if (config_annotation(config, CONFIG_ANNOTATION_HOLDER))
		return make_empty_tree(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
				       ret_tree, err);
	if (life == OVERLAY_NONE)
		return make_empty_tree(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, ret_tree, err);
	if (overlay) {
		result = overlay_make(config, life, dir, ret_tree, err);
		if (result < 0)
			err->cause = ERROR_CAUSE_OVERLAY;
		return result;
	}
	*ret_tree = mount_clone(dir, "", AT_RECURSIVE);
	if (*ret_tree < 0)
		return error_set(err, -*ret_tree, "bind root file system %s", path);
	if (rootfs_sends_mounts(plan)) {
		result = mount_change_propagation(*ret_tree, AT_RECURSIVE, MS_SLAVE);
		if (result < 0)
			return error_set(err, -result, "make the mounts in %s slaves", path);
	}
	/*
	 * A copy receives the mounts that its original receives, and no mount of the host may
	 * appear in our root.
	 */
	result = mount_change_propagation(*ret_tree, private ? AT_RECURSIVE : 0, MS_PRIVATE);
	if (result < 0)
		return error_set(err, -result, "make the mount of %s private", path);
	result = plan->root_nodev ? mount_change_attr(*ret_tree, 0, MOUNT_ATTR_NODEV, 0) : 0;
	return result < 0 ? error_set(err, -result, "set nodev on the mount of %s", path) : 0;
}

bool rootfs_sends_mounts(const struct mount_plan *plan)
{
	return plan->has_host_rights && mount_propagation_flag(plan->root_propagation) == MS_SHARED;
}

/*
 * The container's root must not appear on the host, and pivot_root(2) refuses a root on a shared mount:
 * the mount in which @dir lies becomes private in our mount namespace.
 */
static int make_place_private(int dir, const char *path, struct error *err)
{
	autoclose int place = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	int result;

	/* Up to the root of the mount: that one alone stands for the mount. */
	for (;;) {
		autoclose int up = openat(place, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (up < 0)
			return error_set(err, errno, "open the directories above %s", path);
		if (!mount_is_same(place, up) || stat_same_fds(place, up))
			break;
		fd_close(&place);
		place = take_fd(&up);
	}
	result = mount_change_propagation(place, 0, MS_PRIVATE);
	return result < 0 ? error_set(err, -result, "make the mount that has %s private", path) : 0;
}

int rootfs_prepare(const struct container_config *config, const struct mount_plan *plan,
		   enum overlay_life life, int source, int fuse_tree, int *ret_rootfs_fd,
		   struct error *err)
{
	const char *path = config->root->path;
	autoclose int dir = -1;
	autoclose int tree = -1;
	int result;

	if (!rootfs_sends_mounts(plan) && mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return error_set(err, errno, "change the propagation of the host's mounts");
	dir = open_root_directory(path, source, err);
	/* fuse-overlayfs reads the directory with the caller's ids. */
	if (dir < 0 || (fuse_tree < 0 && check_open_to_us(dir, path, err) < 0) ||
	    make_tree(config, plan, life, dir, fuse_tree, &tree, err) < 0)
		return -1;
	if (rootfs_sends_mounts(plan) && make_place_private(dir, path, err) < 0)
		return -1;
	result = mount_attach(tree, dir);
	if (result < 0)
		return error_set(err, -result, "mount root file system %s", path);
	/* ORDER: once attached: the kernel attaches nothing to a detached mount. */
	if (life == OVERLAY_NONE &&
	    view_fill(config_annotation(config, CONFIG_ANNOTATION_HIDDEN), dir, tree, err) < 0)
		return -1;
	*ret_rootfs_fd = take_fd(&tree);
	return 0;
}

static int pivot_error(int old_root, struct error *err)
{
	struct statfs fs;

	error_set(err, errno, "pivot_root into the root file system");
	if (err->code == EINVAL && fstatfs(old_root, &fs) == 0 &&
	    ((unsigned int)fs.f_type == RAMFS_MAGIC || fs.f_type == TMPFS_MAGIC))
		error_hint(
			err,
			"the host's root seems to be the initramfs, which can't be pivoted: use --no-pivot");
	return -1;
}

/* Both arguments are ".", see the head of this file. */
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
	 * ORDER: slaves before they are unmounted: unmounting a shared mount also unmounts its
	 * peers, which are the host's.
	 */
	if (mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return error_set(err, errno, "make the host's mounts slaves");
	if (umount2(".", MNT_DETACH) < 0)
		return error_set(err, errno, "unmount the host's root");
	return 0;
}

/* Unmounts what is at @point; covers it where it is locked in our mount namespace. */
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

/*
 * chroot(2) leaves the host's mounts where they are.  The kernel lets the container's root mount an
 * unmasked proc or sysfs of its own where a whole one is mounted anywhere in the mount namespace.
 */
static int hide_host_kernel_files(int rootfs, struct error *err)
{
	autofree char *text = NULL;
	char path[PATH_MAX];
	struct mountinfo mount;
	size_t size;
	char *rest;
	int result = fd_path(rootfs, path);

	if (result < 0)
		return error_set(err, -result, "read the path of the root file system");
	result = fd_read_file("/proc/self/mountinfo", MOUNTINFO_SIZE_MAX, &text, &size);
	if (result < 0)
		return error_set(err, -result, "read /proc/self/mountinfo");
	rest = text;
	while (mountinfo_next(&rest, &mount))
		if (str_equal(mount.root, "/") &&
		    (str_equal(mount.type, "proc") || str_equal(mount.type, "sysfs")) &&
		    !path_is_in(mount.point, path) && hide_mount(mount.point, err) < 0)
			return -1;
	return 0;
}

/*
 * ORDER: the host's root becomes a slave first, as it may be shared still (rootfs_sends_mounts()): what is
 * moved to a shared mount appears in its peers, which are the host's.
 */
static int enter_by_move(int rootfs, struct error *err)
{
	if (mount(NULL, "/", NULL, MS_SLAVE, NULL) < 0)
		return error_set(err, errno, "make the host's root a slave");
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
	autoclose int root = -1;

	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];
		autoclose int target = -1;

		if (!step->filled_later ||
		    !(mount_options_attrs(&step->options) & MOUNT_ATTR_RDONLY))
			continue;
		if (root < 0)
			root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		target = path_open_in_root(root, step->destination, O_PATH | O_CLOEXEC, 0);
		if (target < 0 || mount_setattr(target, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
			return error_set(err, target < 0 ? -target : errno, "make %s read-only",
					 step->destination);
	}
	return 0;
}

/*
 * linux.rootfsPropagation with an "r" changes all mounts.  Mounts whose options set a propagation
 * get that one again.  But a private mount can't become a slave again: there only the root's mount
 * is changed, since the plan has made all mounts without such an option private.
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
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];
		autoclose int target = -1;
		int result;

		if (step->options.propagations.count == 0)
			continue;
		target = path_open_in_root(root, step->destination, O_PATH | O_CLOEXEC, 0);
		result = target < 0 ? target : mount_change_propagations(target, &step->options);
		/* A mount with nofail may have been left out. */
		if (result < 0 && !(step->options.traits & MOUNT_TRAIT_NOFAIL))
			return error_set(err, -result, "change the propagation of %s",
					 step->destination);
	}
	return 0;
}

/*
 * No flag is cleared, so that locked flags make no difference.
 * ORDER: the propagation comes last: masking copies mounts, and an unbindable mount can't be
 * copied.
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
