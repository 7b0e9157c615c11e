// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image.
#include "core/unpack/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/caps.h"
#include "core/base/fd.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/unpack/calls.h"
#include "core/unpack/handover.h"

/* Where the store is mounted before it becomes the root.  Every host has the directory. */
#define NEW_ROOT "/proc"

/* ---- mounts ---- */

/*
 * A detached mount of the directory that @fd is open on: its root is that directory, so ".."
 * doesn't lead above it.
 * The descriptor belongs to a mount of urun's namespace, which can't be cloned here.  So the path
 * is walked again in the new namespace.
 * ORDER: the directory is compared with the descriptor after it is opened: a path can lead to
 * another directory by now.
 */
static int clone_directory(int fd, uint64_t attributes, int *ret_tree, struct error *err)
{
	struct mount_attr attr = { .attr_set = attributes };
	autoclose int place = -1, tree = -1;
	struct stat wanted, found;
	char path[PATH_MAX];
	int result = fd_path(fd, path);

	if (result < 0)
		return error_set(err, -result, "read the path of a directory");
	place = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place < 0 || fstat(place, &found) < 0 || fstat(fd, &wanted) < 0)
		return error_set(err, errno, "open %s", path);
	if (!stat_same(&found, &wanted))
		return error_set(err, ESTALE, "open %s", path);
	tree = open_tree(place, "",
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0)
		return error_set(err, errno, "mount %s", path);
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return error_set(err, errno, "restrict the mount of %s", path);
	*ret_tree = take_fd(&tree);
	return 0;
}

/* Puts a descriptor that can read the directory @tree in the place of @number. */
static int replace_directory(int tree, int number, struct error *err)
{
	autoclose int fd = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || dup3(fd, number, O_CLOEXEC) < 0)
		return error_set(err, errno, "open a mount");
	return 0;
}

/* *ret_tree stays -1 where the source is a file. */
static int confine_source(int *ret_tree, struct error *err)
{
	const uint64_t attributes =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	autoclose int tree = -1;
	struct stat st;

	if (fstat(IMAGE_FD_SOURCE, &st) < 0)
		return error_set(err, errno, "stat the source of the image");
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (clone_directory(IMAGE_FD_SOURCE, attributes, &tree, err) < 0)
		return -1;
	if (replace_directory(tree, IMAGE_FD_SOURCE, err) < 0)
		return -1;
	*ret_tree = take_fd(&tree);
	return 0;
}

/* The store's directory that the source is: it can be written to by no other path either. */
static int cover_source(int tree, const char *cover, struct error *err)
{
	autofree char *path = str_format("/tmp/%s", cover);

	if (move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_set(err, errno, "mount over %s of the store", path);
	return 0;
}

/*
 * pivot_root(2) stacks the old root on top of the new one; umount2(2) takes the old root away.
 */
static int enter_store(struct error *err)
{
	autoclose int tree = -1;

	if (clone_directory(IMAGE_FD_STORE,
			    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, &tree,
			    err) < 0)
		return -1;
	if (move_mount(tree, "", AT_FDCWD, NEW_ROOT, MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    fchdir(tree) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return error_set(err, errno, "make the store the root directory");
	return replace_directory(tree, IMAGE_FD_STORE, err);
}

static int confine_mounts(const char *cover, struct error *err)
{
	autoclose int source = -1;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return error_set(err, errno, "make the namespaces of " IMAGE_PROGRAM);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set(err, errno, "make the mounts private");
	/* ORDER: the source's path leads nowhere once the store is the root. */
	if (confine_source(&source, err) < 0 || enter_store(err) < 0)
		return -1;
	return *cover ? cover_source(source, cover, err) : 0;
}

/* ---- privileges ---- */

static int confine_capabilities(struct error *err)
{
	const uint64_t kept = CAPS_BIT(CAP_CHOWN) | CAPS_BIT(CAP_DAC_OVERRIDE) |
			      CAPS_BIT(CAP_FOWNER) | CAPS_BIT(CAP_FSETID) | CAPS_BIT(CAP_SETFCAP);
	int result, failed;

	caps_clear_ambient();
	caps_limit_bounding(kept, &failed);
	result = caps_set(&(struct caps){ .effective = kept, .permitted = kept });
	return result < 0 ? error_set(err, -result, "drop capabilities") : 0;
}

int confine(const char *cover, struct error *err)
{
	if (close_range(IMAGE_FD_END, ~0U, 0) < 0)
		return error_set(err, errno, "close descriptors");
	for (int fd = IMAGE_FD_DIRECTORY; fd < IMAGE_FD_END; fd++)
		fd_set_cloexec(fd);
	close(IMAGE_FD_DIRECTORY);
	/* A terminal could be written to, and read from. */
	if (dup2(STDIN_FILENO, STDERR_FILENO) < 0)
		return error_set(err, errno, "close stderr");
	if (confine_mounts(cover, err) < 0 || confine_capabilities(err) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return calls_restrict(err);
}
