// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init before pivot_root.
 *
 * A mount has two ends.  One is a tree: a detached mount, made by fsopen(2) and fsmount(2), or a
 * copy of a mount of the host, made by open_tree(2).  The other is a target: a descriptor of the
 * place, resolved inside the root file system once.  While the tree is detached no other process
 * can see it: it is checked, and gets its mapping of ids, its owner and its attributes in that
 * state.  Then move_mount(2) puts the tree on the target, and only how the mount propagates is
 * changed afterwards: on a shared mount it becomes shared by being put there. Nothing goes back to
 * a path between a check and the act, so that a container which shares the root file system can't
 * exchange what was checked.
 *
 * There are exceptions.  What the kernel can only do by mount(2): options of a file system that are
 * longer than 255 bytes, and the option iversion.  And a new file system with ordinary options, on
 * which nothing is left to be done, is mounted by mount(2) on the open target as well.
 */
#include "core/rootfs/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/base/target.h"
#include "core/rootfs/copy_up.h"
#include "core/rootfs/mount_filesystem.h"
#include "core/rootfs/mount_idmap.h"
#include "core/rootfs/mount_owner.h"
#include "core/rootfs/own_file.h"
#include "core/rootfs/procfs.h"
#include "core/rootfs/rootfs.h"
#include "core/rootfs/tree.h"
#include "core/rootfs/user.h"

static const char *step_source(const struct mount_step *step)
{
	return step->kind == MOUNT_KIND_BIND ? step->source : step->type ? step->type : "";
}

static int step_error(const struct mount_step *step, int errnum, struct error *err)
{
	return error_set(err, errnum, "mount %s on %s", step_source(step), step->destination);
}

/*
 * A mount that came from a more privileged mount namespace has locked flags: they can't be cleared
 * here, and its atime mode can't change (mount_namespaces(7)).  Engines write "rw" when the user
 * asked for nothing, and the atime mode is only about speed: a change that fails for these two is
 * made without them.  "suid", "dev" and "exec" are only written where they are wanted, so they stay
 * an error.
 */
static int change_without_locked(const struct mount_step *step, int tree, unsigned int flags,
				 const struct mount_change *change, struct error *err)
{
	const uint64_t dropped = MOUNT_ATTR_RDONLY | MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;
	uint64_t clear = change->clear & ~dropped;
	uint64_t set = change->set & ~(uint64_t)(MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME);
	uint64_t locked = mount_attr_of(tree) & change->clear;
	autostrbuf struct strbuf names = { 0 };
	int result = -EPERM;

	if (clear != change->clear || set != change->set)
		result = (set | clear) ? mount_change_attr(tree, flags, set, clear) : 0;
	if (result == 0) {
		if (change->clear & MOUNT_ATTR_RDONLY)
			log_warning(
				"mount %s on %s: the source stays read-only, as this is locked outside of the user namespace",
				step_source(step), step->destination);
		if ((change->clear | change->set) & (MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME))
			log_debug(
				"mount %s on %s: the source keeps its atime mode, which is locked",
				step_source(step), step->destination);
		return 0;
	}
	locked &= ~dropped;
	for (uint64_t attr = 1; attr && attr <= locked; attr <<= 1)
		if ((locked & attr) && mount_attr_word(attr))
			strbuf_addf(&names, "%s%s", names.size ? "," : "", mount_attr_word(attr));
	step_error(step, -result, err);
	if (names.size)
		error_hint(err,
			   "the source is mounted %s, which can't be undone in a user namespace",
			   names.bytes);
	return -1;
}

static int change_apply(const struct mount_step *step, int tree, unsigned int flags,
			const struct mount_change *change, struct error *err)
{
	int result;

	if (!(change->set | change->clear))
		return 0;
	result = mount_change_attr(tree, flags, change->set, change->clear);
	if (result == -EPERM)
		return change_without_locked(step, tree, flags, change, err);
	return result < 0 ? step_error(step, -result, err) : 0;
}

static int propagations_apply(const struct mount_step *step, int tree, struct error *err)
{
	int result = mount_change_propagations(tree, &step->options);

	return result < 0 ? error_set(err, -result, "mount %s on %s: change its propagation",
				      step_source(step), step->destination)
			  : 0;
}

/*
 * "ro" holds for one mount.  The host's /sys has mounts in it, such as the cgroup tree, parts of
 * which belong to the user.  A read-only bind of /sys makes these read-only too (CVE-2023-25809).
 */
static int kernel_view_apply(const struct mount_step *step, int tree, struct error *err)
{
	struct statfs fs;
	int result;

	if (!(step->options.traits & MOUNT_TRAIT_RECURSIVE) ||
	    !(step->options.top.set & MOUNT_ATTR_RDONLY) || fstatfs(tree, &fs) < 0 ||
	    (fs.f_type != SYSFS_MAGIC && fs.f_type != PROC_SUPER_MAGIC))
		return 0;
	result = mount_change_attr(tree, AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0);
	return result < 0 ? step_error(step, -result, err) : 0;
}

/* Changes the attributes of @tree: a detached mount, or a mount that is remounted. */
static int options_apply(const struct mount_step *step, int tree, struct error *err)
{
	if (change_apply(step, tree, 0, &step->options.top, err) < 0)
		return -1;
	return change_apply(step, tree, AT_RECURSIVE, &step->options.tree, err);
}

void mount_views_release(struct mount_views *views)
{
	fd_close(&views->proc);
	fd_close(&views->sys);
	fd_close(&views->resolv);
	fd_close(&views->hosts);
}

static int attach(const struct mount_step *step, int tree, int target, struct mount_views *views,
		  struct error *err)
{
	int result = mount_attach(tree, target);
	int *view = str_equal(step->destination, "/proc")  ? &views->proc
		    : str_equal(step->destination, "/sys") ? &views->sys
							   : NULL;

	if (result < 0)
		return step_error(step, -result, err);
	/*
	 * ORDER: after the mount is attached.  A mount that is put on a shared mount becomes
	 * shared, whatever it was before, and an unbindable mount can't be put there.
	 */
	if (propagations_apply(step, tree, err) < 0)
		return -1;
	if (!view)
		return 0;
	fd_close(view);
	*view = fcntl(tree, F_DUPFD_CLOEXEC, 0);
	return *view < 0 ? step_error(step, errno, err) : 0;
}

/*
 * Programs trust /proc and /sys to be the kernel's.  A root file system that has a link there,
 * which would lead the mount elsewhere, is refused.
 */
static bool target_must_be_directory(const struct mount_step *step)
{
	return str_equal(step->destination, "/proc") || str_equal(step->destination, "/sys") ||
	       step->kind == MOUNT_KIND_PROC || step->kind == MOUNT_KIND_SYSFS;
}

static int step_target_error(const struct mount_step *step, int rootfs, int errnum,
			     struct error *err)
{
	autofree char *what = str_format("mount %s on %s", step_source(step), step->destination);

	return target_error(rootfs, step->destination, errnum, what, err);
}

/* The target as a directory and no link; -ENOENT where it doesn't exist, or -1 with an error. */
static int target_open_directory(const struct mount_step *step, int rootfs, struct error *err)
{
	autoclose int fd =
		path_open_in_root(rootfs, step->destination, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	struct stat st;

	if (fd == -ENOENT)
		return fd;
	if (fd < 0)
		return step_target_error(step, rootfs, -fd, err);
	if (fstat(fd, &st) < 0)
		return step_error(step, errno, err);
	if (S_ISDIR(st.st_mode))
		return take_fd(&fd);
	return error_set(err, 0,
			 "mount %s on %s: in the root file system that is no ordinary directory",
			 step_source(step), step->destination);
}

/*
 * The directory or the file to mount on, which is made where it doesn't exist; or a negative errno.
 */
static int target_make(const struct mount_step *step, int rootfs, bool directory)
{
	return directory ? path_mkdirs_in_root(rootfs, step->destination, 0755)
			 : path_mkfile_in_root(rootfs, step->destination);
}

/*
 * The target may be in a volume that is a FUSE file system of the caller's.  Such a file system
 * denies access to the container's root, and allows it to the program's user, who is the caller
 * with keep-id.
 * ORDER: the death signal is set again after the change of ids, which clears it.
 */
static int target_make_as_user(const struct mount_plan *plan, const struct mount_step *step,
			       int rootfs, bool directory)
{
	struct error ignored = ERROR_NONE;
	struct user_ids own;
	int target;

	if (!plan->user || user_ids_begin(plan->user, &own, &ignored) < 0)
		return -EACCES;
	target = target_make(step, rootfs, directory);
	if (user_ids_end(&own, &ignored) < 0) {
		fd_close(&target);
		return -EPERM;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return target;
}

/* *ret_made: the directory was made here.  @ret_made may be NULL. */
static int target_open(const struct mount_plan *plan, const struct mount_step *step, int rootfs,
		       bool directory, bool *ret_made, struct error *err)
{
	autoclose int target = -ENOENT;
	bool looked = true;

	if (target_must_be_directory(step)) {
		target = target_open_directory(step, rootfs, err);
		if (target < 0 && target != -ENOENT)
			return -1;
	} else if (step->options.traits & MOUNT_TRAIT_DEST_NOFOLLOW)
		target = path_open_in_root(rootfs, step->destination,
					   O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	else if (ret_made)
		target = path_open_in_root(rootfs, step->destination,
					   O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	else
		looked = false;
	if (ret_made)
		*ret_made = target == -ENOENT;
	if (target == -ENOENT && looked && directory) {
		target = path_mkdir_new(rootfs, step->destination, 0755);
		if (target >= 0)
			return take_fd(&target);
		target = -ENOENT;
	}
	if (target == -ENOENT)
		target = target_make(step, rootfs, directory);
	if (target == -EACCES)
		target = target_make_as_user(plan, step, rootfs, directory);
	if (target < 0)
		return step_target_error(step, rootfs, -target, err);
	/*
	 * A link may lead to the root itself: a mount on it would be out of sight once the root is
	 * entered.
	 */
	if (directory && stat_same_fds(target, rootfs))
		return error_set(err, 0, "mount %s on %s: in the root file system that leads to /",
				 step_source(step), step->destination);
	return take_fd(&target);
}

/*
 * Files of /proc that are covered in practice (by lxcfs and others).  Through none of them urun or
 * a security module is controlled.
 */
static bool proc_file_may_be_covered(const char *path)
{
	static const char *const known[] = {
		"/proc/cpuinfo",
		"/proc/diskstats",
		"/proc/loadavg",
		"/proc/meminfo",
		"/proc/net/dev",
		"/proc/slabinfo",
		"/proc/stat",
		"/proc/swaps",
		"/proc/uptime",
		"/proc/sys/crypto/fips_enabled",
		"/proc/sys/kernel/ns_last_pid",
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_equal(path, known[i]))
			return true;
	return false;
}

/*
 * Programs trust /proc, and so do we when we write sysctls and security labels: only procfs may be
 * mounted there, or a cover over a file that is known to be harmless.  The target is checked and
 * not the destination, since a link in the root file system may lead any destination into /proc.
 */
static int check_proc(const struct mount_step *step, int tree, int target, struct error *err)
{
	if (str_equal(step->destination, "/proc") && step->kind == MOUNT_KIND_BIND &&
	    !procfs_is_root(tree))
		return error_set(
			err, 0,
			"mount %s on /proc: the source isn't the root of a proc file system",
			step->source);
	if (!procfs_has(target) || proc_file_may_be_covered(step->destination) || procfs_has(tree))
		return 0;
	return error_set(
		err, 0,
		"mount %s on %s: that place is inside of /proc, and isn't one of the files that may be covered",
		step_source(step), step->destination);
}

/* The mappings of "idmap" without ranges are those of the container's user namespace. */
static int idmap_apply(const struct mount_step *step, int tree, struct error *err)
{
	unsigned int flags = step->options.traits & MOUNT_TRAIT_IDMAP_RECURSIVE ? AT_RECURSIVE : 0;
	autoclose int userns = -1;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };

	if (!(step->options.traits & MOUNT_TRAIT_IDMAP) || step->idmapped_fd >= 0)
		return 0;
	userns = mount_idmap_userns(step->uid_map, step->gid_map, err);
	if (userns < 0)
		return error_prefix(err, "mount %s on %s", step_source(step), step->destination);
	attr.userns_fd = (uint64_t)userns;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr)) == 0)
		return 0;
	if (errno == EPERM)
		return error_set(err, EPERM,
				 "mount %s on %s: idmap needs privilege over the file system of %s",
				 step_source(step), step->destination,
				 step->source ? step->source : step->type);
	return error_set(err, errno, "mount %s on %s: idmap", step_source(step), step->destination);
}

static int owner_apply(const struct mount_plan *plan, const struct mount_step *step, int tree,
		       struct error *err)
{
	if (!(step->options.traits & MOUNT_TRAIT_CHOWN))
		return 0;
	if (mount_change_owner(tree, plan->user ? (uid_t)plan->user->uid.value : 0,
			       plan->user ? (gid_t)plan->user->gid.value : 0, err) == 0)
		return 0;
	return error_prefix(err, "mount %s on %s", step_source(step), step->destination);
}

/* "sync", "lazytime" … are options of a superblock, and a bind has no superblock of its own. */
static void note_super_options(const struct mount_step *step)
{
	const char *word;

	for (size_t i = 0; (word = mount_super_word(&step->options.super, i)); i++)
		log_debug("mount %s on %s: '%s' is the file system's matter, not a bind mount's",
			  step_source(step), step->destination, word);
}

static int bind_source_error(const struct mount_step *step, int errnum, struct error *err)
{
	step_error(step, errnum, err);
	if (errnum == EACCES)
		rootfs_hint_unsearchable(step->source, err);
	if (errnum == EINVAL && !(step->options.traits & MOUNT_TRAIT_RECURSIVE))
		error_hint(
			err,
			"in a user namespace a directory can't be bound without the mounts below it: use rbind");
	return -1;
}

/*
 * copy-symlink.  Returns 1 where the source is a symbolic link, which is then made in the container
 * too, and 0 where the source is no link.
 */
static int bind_copy_symlink(const struct mount_step *step, int rootfs, struct error *err)
{
	char text[PATH_MAX];
	ssize_t length = readlink(step->source, text, sizeof(text) - 1);
	autofree char *parent = str_dup(step->destination);
	char *name = strrchr(parent, '/');
	autoclose int dir = -1;

	if (length < 0)
		return 0;
	text[length] = '\0';
	*name++ = '\0';
	dir = path_mkdirs_in_root(rootfs, *parent ? parent : "/", 0755);
	if (dir < 0)
		return step_target_error(step, rootfs, -dir, err);
	if (symlinkat(text, dir, name) < 0 && errno != EEXIST)
		return error_set(err, errno, "copy the link %s to %s", step->source,
				 step->destination);
	return 1;
}

/*
 * Is the root of the detached mount a directory?  Without allow_other, only the user who mounted a
 * FUSE file system may read its attributes, and with keep-id the container's root is another user.
 * But the kernel knows the type, and O_PATH with O_DIRECTORY asks for nothing else.
 * Returns 0 or a negative errno.
 * Source: fuse(4), allow_other; open(2), O_PATH and O_DIRECTORY.
 */
static int tree_is_directory(int tree, bool *ret_directory)
{
	autoclose int fd = -1;
	char link[64];
	struct stat st;

	if (fstat(tree, &st) == 0) {
		*ret_directory = S_ISDIR(st.st_mode);
		return 0;
	}
	if (errno != EACCES)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", tree);
	fd = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno != ENOTDIR)
		return -errno;
	*ret_directory = fd >= 0;
	return 0;
}

/* Where the descriptor of a file is kept that changes while the container runs. */
static int *followed_file(const struct mount_step *step, struct mount_views *views)
{
	if (str_equal(step->destination, "/etc/resolv.conf"))
		return &views->resolv;
	return str_equal(step->destination, "/etc/hosts") ? &views->hosts : NULL;
}

/*
 * The container's own directory, mounted on itself.  The path is walked once, in the root file system: as a
 * path of the host, a link in the image would lead to the host's files.
 */
static int bind_own(const struct mount_plan *plan, const struct mount_step *step, int rootfs,
		    struct mount_views *views, struct error *err)
{
	autoclose int target = target_open(plan, step, rootfs, true, NULL, err);
	autoclose int tree = target < 0 ? -1 : mount_clone(target, "", AT_RECURSIVE);

	if (target < 0)
		return -1;
	if (tree < 0)
		return step_error(step, -tree, err);
	if (check_proc(step, tree, target, err) < 0 || owner_apply(plan, step, tree, err) < 0 ||
	    options_apply(step, tree, err) < 0)
		return -1;
	return attach(step, tree, target, views, err);
}

static int bind_apply(const struct mount_plan *plan, const struct mount_step *step, int rootfs,
		      struct mount_views *views, struct error *err)
{
	unsigned int flags = step->options.traits & MOUNT_TRAIT_RECURSIVE ? AT_RECURSIVE : 0;
	autoclose int tree = -1;
	autoclose int target = -1;
	bool directory = false;
	int result = 0;

	if (step->options.traits & MOUNT_TRAIT_OWN)
		return bind_own(plan, step, rootfs, views, err);
	if (step->options.traits & MOUNT_TRAIT_COPY_SYMLINK) {
		int copied = bind_copy_symlink(step, rootfs, err);

		if (copied != 0)
			return copied < 0 ? -1 : 0;
	}
	if (own_file_write(step, rootfs, followed_file(step, views)))
		return 0;
	if (step->options.traits & MOUNT_TRAIT_SRC_NOFOLLOW)
		flags |= AT_SYMLINK_NOFOLLOW;
	note_super_options(step);
	tree = step->idmapped_fd >= 0 ? fcntl(step->idmapped_fd, F_DUPFD_CLOEXEC, 0)
				      : mount_clone_source(step->source, step->source_fd, flags);
	if (tree < 0)
		return bind_source_error(step, -tree, err);
	if (rootfs_sends_mounts(plan) && step->options.propagations.count == 0)
		result = mount_change_propagation(tree, AT_RECURSIVE, MS_SLAVE);
	if (result == 0)
		result = tree_is_directory(tree, &directory);
	if (result < 0)
		return step_error(step, -result, err);
	target = target_open(plan, step, rootfs, directory, NULL, err);
	/* ORDER: the owner before the options: a read-only mount takes no other owner. */
	if (target < 0 || check_proc(step, tree, target, err) < 0 ||
	    owner_apply(plan, step, tree, err) < 0 || idmap_apply(step, tree, err) < 0 ||
	    options_apply(step, tree, err) < 0 || kernel_view_apply(step, tree, err) < 0)
		return -1;
	return attach(step, tree, target, views, err);
}

/*
 * Binds the host's /sys where the kernel refuses a new sysfs, which only the owner of the network
 * namespace may mount.
 */
static int sysfs_bind(const struct mount_step *step, struct error *err)
{
	uint64_t attrs = mount_filesystem_attrs(step) | MOUNT_ATTR_RDONLY;
	autoclose int tree = mount_clone(AT_FDCWD, "/sys", AT_RECURSIVE);
	int result;

	if (tree < 0)
		return step_error(step, -tree, err);
	log_debug("mount sysfs on %s: refused here, so the host's /sys is bound, read-only",
		  step->destination);
	/* A mask that is put on it must not appear on the host: rootfs_sends_mounts(). */
	result = mount_change_propagation(tree, AT_RECURSIVE, MS_SLAVE);
	/* The atime mode of the host's /sys is locked. */
	if (result == 0)
		result = mount_change_attr(tree, AT_RECURSIVE, attrs & ~(uint64_t)MOUNT_ATTR__ATIME,
					   0);
	if (result < 0)
		return step_error(step, -result, err);
	return take_fd(&tree);
}

static int filesystem_copy_up(const struct mount_step *step, int tree, int target,
			      struct error *err)
{
	bool has_owner = mount_options_find(&step->options, "uid") ||
			 mount_options_find(&step->options, "gid");
	int result = 0;

	if (copy_up(target, tree, has_owner ? COPY_UP_CONTENTS : COPY_UP_CONTENTS_AND_OWNER, err) <
	    0)
		return error_prefix(err, "mount tmpfs on %s", step->destination);
	if (mount_filesystem_attrs(step) & MOUNT_ATTR_RDONLY)
		result = mount_change_attr(tree, 0, MOUNT_ATTR_RDONLY, 0);
	return result < 0 ? step_error(step, -result, err) : 0;
}

/*
 * ORDER: read-only comes after the copying.  All of this comes before the mount is attached, so
 * that no mount of the container is ever less restricted than the config asks for.
 */
static int filesystem_finish(const struct mount_plan *plan, const struct mount_step *step, int tree,
			     int target, struct mount_views *views, struct error *err)
{
	if (idmap_apply(step, tree, err) < 0)
		return -1;
	if ((step->options.traits & MOUNT_TRAIT_COPY_UP) &&
	    filesystem_copy_up(step, tree, target, err) < 0)
		return -1;
	if (owner_apply(plan, step, tree, err) < 0)
		return -1;
	if (attach(step, tree, target, views, err) < 0)
		return -1;
	if (step->options.traits & MOUNT_TRAIT_IVERSION)
		return mount_filesystem_iversion(step, tree, err);
	return 0;
}

/* mount(2) returns no descriptor of the new mount: its path is opened once more. */
static int filesystem_by_path(const struct mount_plan *plan, const struct mount_step *step,
			      int rootfs, int target, struct error *err)
{
	autoclose int mounted = -1;

	if (mount_filesystem_by_path(plan, step, target, err) < 0)
		return -1;
	if (step->options.propagations.count == 0)
		return 0;
	mounted = path_open_in_root(rootfs, step->destination, O_PATH | O_CLOEXEC, 0);
	return mounted < 0 ? step_error(step, -mounted, err)
			   : propagations_apply(step, mounted, err);
}

static int filesystem_apply(const struct mount_plan *plan, const struct mount_step *step,
			    int rootfs, struct mount_views *views, struct error *err)
{
	bool made;
	autoclose int target = target_open(plan, step, rootfs, true, &made, err);
	autoclose int tree = -1;

	if (target < 0 || (step->kind != MOUNT_KIND_PROC && check_proc(step, -1, target, err) < 0))
		return -1;
	if (mount_filesystem_is_long(step))
		return filesystem_by_path(plan, step, rootfs, target, err);
	if (mount_filesystem_in_place(plan, step, target, made ? -1 : target, views->cwd))
		return 0;
	tree = mount_filesystem_make(plan, step, made ? -1 : target, err);
	if (tree < 0 && step->kind == MOUNT_KIND_SYSFS && err->code == EPERM)
		tree = sysfs_bind(step, err);
	if (tree < 0)
		return -1;
	return filesystem_finish(plan, step, tree, target, views, err);
}

/*
 * Binds our own cgroup where no cgroup2 can be mounted: the namespace isn't ours, or the host has
 * none.
 */
static int cgroup_bind(const struct mount_step *step, int target, struct mount_views *views,
		       struct error *err)
{
	autofree char *own = mount_own_cgroup();
	autoclose int tree = -1;
	int result;

	if (own)
		tree = mount_clone(AT_FDCWD, own, AT_RECURSIVE);
	if (tree < 0) {
		log_debug("mount cgroup on %s: there is no cgroup that could be shown",
			  step->destination);
		return 0;
	}
	log_debug("mount cgroup on %s: refused here, so %s is bound", step->destination, own);
	result = mount_change_propagation(tree, AT_RECURSIVE, MS_SLAVE);
	if (result < 0)
		return step_error(step, -result, err);
	return options_apply(step, tree, err) < 0 ? -1 : attach(step, tree, target, views, err);
}

static int mount_cgroup_apply(const struct mount_plan *plan, const struct mount_step *step,
			      int rootfs, struct mount_views *views, struct error *err)
{
	autoclose int target = target_open(plan, step, rootfs, true, NULL, err);
	autoclose int tree = -1;

	/*
	 * Without sysfs, or with a kernel without cgroups, the place can't be made.
	 */
	if (target < 0 && (err->code == ENOENT || err->code == EROFS || err->code == EPERM ||
			   err->code == EACCES)) {
		log_debug("mount cgroup on %s: there is no such place: %s", step->destination,
			  error_errno_text(err->code));
		return 0;
	}
	if (target < 0 || check_proc(step, -1, target, err) < 0)
		return -1;
	tree = mount_filesystem_make(plan, step, -1, err);
	if (tree >= 0)
		return filesystem_finish(plan, step, tree, target, views, err);
	if (err->code == EPERM || err->code == EBUSY || err->code == ENOENT || err->code == ENODEV)
		return cgroup_bind(step, target, views, err);
	return -1;
}

static int remount_apply(const struct mount_step *step, int rootfs, struct error *err)
{
	autoclose int target = path_open_in_root(rootfs, step->destination, O_PATH | O_CLOEXEC, 0);

	if (target < 0)
		return error_set(err, -target, "remount %s", step->destination);
	if (options_apply(step, target, err) < 0 || propagations_apply(step, target, err) < 0)
		return error_set(err, err->code, "remount %s", step->destination);
	if (step->options.traits & MOUNT_TRAIT_BIND)
		return note_super_options(step), 0;
	return mount_filesystem_reconfigure(step, target, err);
}

/*
 * The mount of another container, whose attributes its root can have changed: those of the step are
 * set anew.
 */
static int tree_apply(const struct mount_plan *plan, const struct mount_step *step, int rootfs,
		      struct mount_views *views, struct error *err)
{
	autoclose int target = target_open(plan, step, rootfs, true, NULL, err);
	int result;

	if (target < 0)
		return -1;
	result = mount_change_attr(step->tree_fd, 0, mount_options_attrs(&step->options), 0);
	return result < 0 ? step_error(step, -result, err)
			  : attach(step, step->tree_fd, target, views, err);
}

static int step_apply(const struct mount_plan *plan, const struct mount_step *step, int rootfs,
		      struct mount_views *views, struct error *err)
{
	if (step->tree_fd >= 0)
		return tree_apply(plan, step, rootfs, views, err);
	switch (step->kind) {
	case MOUNT_KIND_CGROUP: return mount_cgroup_apply(plan, step, rootfs, views, err);
	case MOUNT_KIND_BIND: return bind_apply(plan, step, rootfs, views, err);
	case MOUNT_KIND_REMOUNT: return remount_apply(step, rootfs, err);
	default: return filesystem_apply(plan, step, rootfs, views, err);
	}
}

static int steps_apply(const struct mount_plan *plan, int rootfs_fd, struct mount_views *views,
		       struct error *err)
{
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];
		char line[ERROR_LINE_SIZE];

		if (step_apply(plan, step, rootfs_fd, views, err) == 0)
			continue;
		if (!(step->options.traits & MOUNT_TRAIT_NOFAIL))
			return -1;
		if (step->options.traits & MOUNT_TRAIT_QUIET)
			log_debug("%s: goes on without it", error_format(err, line));
		else
			log_warning("%s: goes on without it", error_format(err, line));
		*err = ERROR_NONE;
	}
	return 0;
}

/* Hooks find the working directory as it was. */
int mount_plan_apply(const struct mount_plan *plan, int rootfs_fd, struct mount_views *views,
		     struct error *err)
{
	int result;

	views->cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	result = steps_apply(plan, rootfs_fd, views, err);
	if (views->cwd >= 0 && fchdir(views->cwd) < 0 && result == 0)
		result = error_set(err, errno, "go back to the working directory");
	fd_close(&views->cwd);
	return result;
}
