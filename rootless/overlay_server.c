// SPDX-License-Identifier: Apache-2.0
// Runs in: the process that becomes fuse-overlayfs.
#include "rootless/overlay_server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "core/base/mountinfo.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "rootless/overlay_filter.h"

/*
 * A tmpfs over /dev, which is there, since /dev/fuse was opened; of the devices the program needs
 * those of `devices` at most.  All that it works on has its place there, so that its options have no
 * path of the user's, whose commas and colons it would misread.
 */
#define STAGE  "/dev"
#define LOWER  STAGE "/lower"
#define LAYERS STAGE "/layers"
#define COVERS STAGE "/covers"

static const char *const devices[] = { "/dev/fuse", "/dev/null" };

/* Mounts of the running host, which the container has its own of: none of them is a layer. */
static const char *const kernel_views[] = { "/proc", "/sys", "/dev" };

/* Detached copies of mounts, made while the host's tree is whole. */
struct trees {
	int lower;
	int layers; /* -1: in memory */
	int devices[ARRAY_SIZE(devices)];
};

static bool is_in_memory(const struct overlay *overlay)
{
	return str_equal(overlay->where, CONFIG_OVERLAY_IN_MEMORY);
}

/* ---- namespaces and ids ---- */

/*
 * The caller's ids are what the lower files are read with.  Where the container doesn't have them,
 * only the namespace's root can make files that it has.
 * ORDER: after the maps of the user namespace are written, whose CAP_SETGID drops the groups.
 */
static int set_ids(const struct overlay *overlay, struct error *err)
{
	const struct userns_plan *userns = overlay->userns;
	const struct userns_root root =
		userns_root(userns, overlay->keep_groups ? USERNS_KEEP_GROUPS : USERNS_DROP_GROUPS);

	if (!idmap_maps_outer(&userns->uids, geteuid()) ||
	    !idmap_maps_outer(&userns->gids, getegid()))
		return userns_become_root(&root, err);
	if (root.drop_groups && setgroups(0, NULL) < 0)
		return error_set(err, errno, "drop the supplementary groups");
	return 0;
}

/*
 * The user namespace that we are in owns the mount namespace: its capabilities are those that mount,
 * and nobody else's are (see overlay.c).
 */
static int make_mount_namespace(const struct overlay *overlay, struct error *err)
{
	if (set_ids(overlay, err) < 0)
		return -1;
	if (unshare(CLONE_NEWNS) < 0)
		return error_set(err, errno, "make a mount namespace");
	/* Neither are our mounts the host's, nor shall a later mount of the host's be served. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set(err, errno, "make the mounts private");
	return 0;
}

/* ---- the stage ---- */

static int clone_tree(const char *path, int *ret_fd, struct error *err)
{
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (fd < 0)
		return error_set(err, errno, "copy the mount of %s", path);
	*ret_fd = fd;
	return 0;
}

static int clone_trees(const struct overlay *overlay, struct trees *trees, struct error *err)
{
	if (clone_tree(overlay->lower, &trees->lower, err) < 0 ||
	    (!is_in_memory(overlay) && clone_tree(overlay->where, &trees->layers, err) < 0))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (clone_tree(devices[i], &trees->devices[i], err) < 0)
			return -1;
	return 0;
}

static int attach(int tree, const char *place, struct error *err)
{
	if (move_mount(tree, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_set(err, errno, "mount on %s", place);
	return 0;
}

static int make_stage(const struct trees *trees, struct error *err)
{
	static const char *const folders[] = { LOWER, LAYERS, COVERS };

	if (mount("urun", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return error_set(err, errno, "mount a tmpfs on " STAGE);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdir(folders[i], 0755) < 0)
			return error_set(err, errno, "make %s", folders[i]);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		autoclose int file = open(devices[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		if (file < 0)
			return error_set(err, errno, "make %s", devices[i]);
		if (attach(trees->devices[i], devices[i], err) < 0)
			return -1;
	}
	return attach(trees->lower, LOWER, err);
}

/* ---- what is hidden ---- */

/*
 * The folder or file @path below @root, or the nearest folder above that can be opened: a folder that
 * we can't look into now might be opened to us later.  -ENOENT: there is none.
 */
static int open_to_cover(int root, const char *path)
{
	autofree char *folder = str_dup(path);
	char *slash;
	int fd;

	for (;;) {
		fd = path_open_in_root(root, folder, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
		if (fd >= 0 || fd == -ENOENT)
			return fd;
		if (fd == -ENOTDIR) {
			/* A file, as a bind mount can show one of a home. */
			fd = path_open_in_root(root, folder, O_PATH | O_CLOEXEC, 0);
			return fd == -ENOTDIR ? -ENOENT : fd;
		}
		slash = strrchr(folder, '/');
		if (!slash || slash == folder)
			return fd;
		*slash = '\0';
	}
}

static int make_empty(const char *path, mode_t mode)
{
	autoclose int fd = -1;

	if (S_ISDIR(mode))
		return mkdir(path, 0700);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : 0;
}

/* An empty folder, or an empty file, with the mode of what it covers. */
static int make_cover(int target, int *ret_tree, struct error *err)
{
	static unsigned int count;
	autofree char *path = str_format(COVERS "/%u", count++);
	struct stat st = { .st_mode = S_IFDIR | 0755 };

	fstat(target, &st);
	if (make_empty(path, st.st_mode) < 0 || chmod(path, st.st_mode & 07777u) < 0)
		return error_set(err, errno, "make %s", path);
	return clone_tree(path, ret_tree, err);
}

static int cover(int root, const char *path, struct error *err)
{
	autoclose int target = open_to_cover(root, path);
	autoclose int tree = -1;

	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return error_set(err, -target, "hide %s", path);
	if (make_cover(target, &tree, err) < 0)
		return -1;
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_set(err, errno, "hide %s", path);
	return 0;
}

/*
 * They are covered whole where the host's own root is the lower one.  The program itself needs them:
 * a cover in its own /proc or /dev would take away what it opens files by.
 */
static bool is_kernel_view(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_views); i++) {
		size_t length = strlen(kernel_views[i]);

		if (strncmp(path, kernel_views[i], length) == 0 &&
		    (path[length] == '/' || path[length] == '\0'))
			return true;
	}
	return false;
}

/* The kernel sees a folder as one whole: what is covered is covered for every name and link of it. */
static int cover_all(const struct overlay *overlay, const char *place, struct error *err)
{
	bool is_host = str_equal(overlay->lower, "/");
	autoclose int root = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *copy = str_dup(overlay->hidden);

	if (root < 0)
		return error_set(err, errno, "open %s", place);
	for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) {
		autofree char *path = NULL;

		mountinfo_unescape(line);
		path = path_clean(line);
		if (!(is_host && is_kernel_view(path)) && cover(root, path, err) < 0)
			return -1;
	}
	return 0;
}

static int hide(const struct overlay *overlay, struct error *err)
{
	autoclose int lower = -1;

	if (!overlay->hidden)
		return 0;
	if (cover_all(overlay, LOWER, err) < 0)
		return -1;
	if (!str_equal(overlay->lower, "/"))
		return 0;
	lower = open(LOWER, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (lower < 0)
		return error_set(err, errno, "open " LOWER);
	for (size_t i = 0; i < ARRAY_SIZE(kernel_views); i++)
		if (cover(lower, kernel_views[i], err) < 0)
			return -1;
	/* The same files once more, as what the program has beside its layers. */
	return cover_all(overlay, "/", err);
}

/* ---- what can be written to ---- */

/* The root of an overlay has the owner and the mode of its upper layer: see core/rootfs/overlay.c. */
static int take_attributes(const struct overlay *overlay, const char *upper, struct error *err)
{
	struct stat st;

	if (stat(LOWER, &st) < 0 ||
	    (!overlay->squash && chown(upper, st.st_uid, (gid_t)-1) < 0 && errno != EINVAL) ||
	    (!overlay->squash && chown(upper, (uid_t)-1, st.st_gid) < 0 && errno != EINVAL) ||
	    chmod(upper, st.st_mode & 07777) < 0)
		return error_set(err, errno,
				 "give upper in %s the owner and the mode of the folder "
				 "below",
				 overlay->where);
	return 0;
}

/*
 * ORDER: everything becomes read-only before the folder for changes is mounted, so that no mount is
 * forgotten and none has to be made writable again.
 */
static int make_layers(const struct overlay *overlay, const struct trees *trees, struct error *err)
{
	static const char *const folders[] = { LAYERS "/upper", LAYERS "/work" };
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return error_set(err, errno, "make the host's mounts read-only");
	if (!is_in_memory(overlay)) {
		if (attach(trees->layers, LAYERS, err) < 0)
			return -1;
	} else if (mount("tmpfs", LAYERS, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return error_set(err, errno, "mount a tmpfs for what is changed");
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		bool made = mkdir(folders[i], 0755) == 0;

		if (!made && errno != EEXIST)
			return error_set(err, errno, "make %s in %s", strrchr(folders[i], '/') + 1,
					 overlay->where);
		if (made && i == 0 && take_attributes(overlay, folders[i], err) < 0)
			return -1;
	}
	return 0;
}

static int prepare_mounts(const struct overlay *overlay, struct error *err)
{
	struct trees trees = { .lower = -1, .layers = -1, .devices = { -1, -1 } };

	/* The descriptors end with the execve, or with the process. */
	if (clone_trees(overlay, &trees, err) < 0 || make_stage(&trees, err) < 0 ||
	    hide(overlay, err) < 0)
		return -1;
	return make_layers(overlay, &trees, err);
}

/* ---- privileges ---- */

/*
 * For the files of the upper layer, whoever owns them: open each (DAC_OVERRIDE), change mode and times
 * (FOWNER), keep set-group-ID (FSETID), set file capabilities (SETFCAP), and give them away (CHOWN),
 * which means nothing where all are shown as root's.  They count for files alone whose owner and
 * group the container's map has, and below a read-only mount they only let them be read.
 */
static const cap_value_t kept_capabilities[] = { CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID,
						 CAP_SETFCAP, CAP_CHOWN };

static size_t kept_count(const struct overlay *overlay)
{
	return overlay->squash ? ARRAY_SIZE(kept_capabilities) - 1 : ARRAY_SIZE(kept_capabilities);
}

static bool is_kept(unsigned long capability, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (kept_capabilities[i] == (cap_value_t)capability)
			return true;
	return false;
}

static int set_capabilities(const cap_value_t *list, int count)
{
	static const cap_flag_t sets[] = { CAP_PERMITTED, CAP_EFFECTIVE, CAP_INHERITABLE };
	cap_t state = cap_init();
	int result = state ? 0 : -1, errnum;

	for (size_t i = 0; i < ARRAY_SIZE(sets) && result == 0; i++)
		result = cap_set_flag(state, sets[i], count, list, CAP_SET);
	if (result == 0)
		result = cap_set_proc(state);
	errnum = errno;
	if (state)
		cap_free(state);
	errno = errnum;
	return result;
}

/* ORDER: the bounding set first, which takes CAP_SETPCAP. */
static int drop_capabilities(const struct overlay *overlay, struct error *err)
{
	size_t count = kept_count(overlay);

	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!is_kept(cap, count))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (set_capabilities(kept_capabilities, (int)count) < 0)
		return error_set(err, errno, "drop capabilities");
	/* An execve keeps them for uid 0, and for another uid only where they are ambient. */
	for (size_t i = 0; i < count && geteuid() != 0; i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept_capabilities[i], 0, 0) < 0)
			return error_set(err, errno, "keep capabilities");
	return 0;
}

/* ORDER: the filter comes last, as it refuses what the steps before do. */
static int drop_privileges(const struct overlay *overlay, struct error *err)
{
	if (drop_capabilities(overlay, err) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	return overlay_filter_load(err);
}

/* ---- execution ---- */

static int prepare_descriptors(int null, int fuse_fd, struct error *err)
{
	inherit_restore_signals();
	setsid();
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return error_set(err, errno, "open /dev/null as stdio");
	/* An engine waits for the end of all descriptors that are its own. */
	if (fd_cloexec_from(STDERR_FILENO + 1) < 0 || fd_clear_cloexec(fuse_fd) < 0)
		return error_set(err, errno, "mark descriptors as close-on-exec");
	return 0;
}

static int execute(const struct overlay *overlay, int fuse_fd, struct error *err)
{
	autofree char *options =
		str_format("lowerdir=" LOWER ",upperdir=" LAYERS "/upper,workdir=" LAYERS "/work%s",
			   overlay->squash ? ",squash_to_root" : "");
	autofree char *mountpoint = str_format("/dev/fd/%d", fuse_fd);
	char *const argv[] = { (char *)(uintptr_t)OVERLAY_PROGRAM,
			       (char *)(uintptr_t) "-f",
			       (char *)(uintptr_t) "-o",
			       options,
			       mountpoint,
			       NULL };
	char *const envp[] = { (char *)(uintptr_t) "PATH=/usr/bin:/bin:/usr/sbin:/sbin", NULL };

	execve(overlay->program, argv, envp);
	error_set(err, errno, "execute %s", overlay->program);
	if (err->code == ENOENT && overlay->hidden)
		error_hint(err, "is it, or a library that it needs, in a folder of "
				"annotation " CONFIG_ANNOTATION_HIDDEN "?");
	return -1;
}

int overlay_server_become(const struct overlay *overlay, int fuse_fd, struct error *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	if (make_mount_namespace(overlay, err) < 0 || prepare_mounts(overlay, err) < 0 ||
	    prepare_descriptors(null, fuse_fd, err) < 0 || drop_privileges(overlay, err) < 0)
		return -1;
	return execute(overlay, fuse_fd, err);
}
