// SPDX-License-Identifier: Apache-2.0
// Runs in: the process that becomes fuse-overlayfs.
/*
 * The sandbox of fuse-overlayfs.
 *
 * The container's root can send the program any request for a file, unmount each of its own mounts,
 * and may find a fault in the program and take it over.  The program runs outside of the container,
 * with the caller's ids, and serves files of the host.  So what the container must not reach is
 * taken out of the program's reach before it runs:
 *
 *   user namespace    A separate one with the container's ids (userns_plan_twin()): capabilities of
 *                     the container don't count in it.  With USERNS_INHERIT it is urun's own, which
 *                     is the container's too; a container with CAP_SYS_ADMIN or CAP_SYS_PTRACE is
 *                     as powerful as urun then.
 *   pid namespace     The parent's.  A container sees the process only if it shares this pid
 *                     namespace.
 *   mount namespace   Its own, owned by the user namespace above.  The hidden paths are covered
 *                     twice: in the tree that is served, and in the root that the program itself
 *                     has.  Everything is read-only but the directory for the changes.  The program
 *                     can't undo either, as it has no CAP_SYS_ADMIN.
 *   ids               The caller's, or root of the namespace where the container doesn't have
 *                     these.  No supplementary groups, unless the config keeps them.
 *   capabilities      The few that a file server needs: see kept_capabilities.
 *   no_new_privs      Set, so that no setuid program helps.
 *   filter            Refuses new namespaces, mounts, sockets, signals, and what reaches other
 *                     processes: see overlay_filter.h.
 *   descriptors       /dev/null as stdio, and the FUSE descriptor.
 *
 * The mounts, in their order (prepare_mounts):
 *   1. Copies of the lower tree, of the directory for the changes and of two devices are made as
 *      detached mounts, while every path of the host can be reached.
 *   2. A tmpfs over /dev becomes the stage: /dev/lower/N, /dev/layers, /dev/covers and the devices.
 *      The program's options name paths of the stage only.  A path of the user could contain commas
 *      and colons, which the program would misread.
 *   3. The hidden paths are covered by empty directories and files.
 *   4. All mounts become read-only.
 *   5. The directory for the changes is mounted, the only place where the program can write.
 *
 * Source: mount_namespaces(7), mount_setattr(2), capabilities(7), seccomp(2); fuse-overlayfs(1).
 */
#include "rootless/overlay_server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/caps.h"
#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "core/base/mountinfo.h"
#include "core/base/number.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/layers.h"
#include "rootless/overlay_filter.h"
#include "rootless/overlay_stand_in.h"
#include "rootless/overlay_upper.h"

/* /dev exists on every host that gets here, since /dev/fuse was opened. */
#define STAGE  "/dev"
#define LOWER  STAGE "/lower"
#define TOP    LOWER "/0" /* the first layer */
#define LAYERS STAGE "/layers"
#define COVERS STAGE "/covers"

#define OVERFLOW_ID 65534u

/* The program needs no other devices. */
static const char *const devices[] = { "/dev/fuse", "/dev/null" };

/* Where the lower tree is the host's root, these aren't served: the container mounts its own. */
static const char *const kernel_views[] = { "/proc", "/sys", "/dev" };

/* Detached copies of mounts.  execve, or the end of the process, closes the descriptors. */
struct trees {
	int *lowers; /* as many as there are layers */
	int layers;  /* -1: in memory */
	int devices[ARRAY_SIZE(devices)];
};

static bool is_in_memory(const struct overlay *overlay)
{
	return str_equal(overlay->where, CONFIG_OVERLAY_IN_MEMORY);
}

/* ---- namespaces and ids ---- */

/*
 * The program keeps the caller's ids, with which it may read the lower files.  Where the container
 * doesn't have these ids, the program becomes root of the namespace, since a new file must belong
 * to an id that the container has.
 * ORDER: after the maps of the user namespace are written: before, CAP_SETGID doesn't count.
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

/* ---- the stage ---- */

static int clone_tree(const char *path, int *ret_fd, struct error *err)
{
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (fd < 0)
		return error_set(err, errno, "copy the mount of %s", path);
	*ret_fd = fd;
	return 0;
}

static int attach_tree(int tree, const char *place, struct error *err)
{
	if (move_mount(tree, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_set(err, errno, "mount on %s", place);
	return 0;
}

/* Each layer is mounted on a directory that its place in the list names. */
static char *lower_place(size_t i)
{
	return str_format(LOWER "/%zu", i);
}

static int attach_lowers(const struct overlay *overlay, const struct trees *trees,
			 struct error *err)
{
	for (size_t i = 0; i < overlay->layers.count; i++) {
		autofree char *place = lower_place(i);

		if (mkdir(place, 0755) < 0)
			return error_set(err, errno, "make %s", place);
		if (attach_tree(trees->lowers[i], place, err) < 0)
			return -1;
	}
	return 0;
}

static int make_stage(const struct overlay *overlay, const struct trees *trees, struct error *err)
{
	static const char *const directories[] = { LOWER, LAYERS, COVERS };

	if (mount("urun", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return error_set(err, errno, "mount a tmpfs on " STAGE);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (mkdir(directories[i], 0755) < 0)
			return error_set(err, errno, "make %s", directories[i]);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		autoclose int file = open(devices[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		if (file < 0)
			return error_set(err, errno, "make %s", devices[i]);
		if (attach_tree(trees->devices[i], devices[i], err) < 0)
			return -1;
	}
	return attach_lowers(overlay, trees, err);
}

/* ---- hidden paths ---- */

/*
 * Opens the directory or file @path below @root.  Where we may not search a directory on the way,
 * opens the nearest directory above that we can: the owner could permit the search later.  Returns
 * -ENOENT where @path doesn't exist.
 */
static int open_to_cover(int root, const char *path)
{
	autofree char *directory = str_dup(path);
	char *slash;
	int fd;

	for (;;) {
		fd = path_open_in_root(root, directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
		if (fd >= 0 || fd == -ENOENT)
			return fd;
		if (fd == -ENOTDIR) {
			/* A bind mount can show a single file of a home. */
			fd = path_open_in_root(root, directory, O_PATH | O_CLOEXEC, 0);
			return fd == -ENOTDIR ? -ENOENT : fd;
		}
		slash = strrchr(directory, '/');
		if (!slash || slash == directory)
			return fd;
		*slash = '\0';
	}
}

/* Makes an empty directory or file with the mode of @target. */
static int make_cover(int target, int *ret_tree, struct error *err)
{
	static unsigned int count;
	autofree char *path = str_format(COVERS "/%u", count++);
	struct stat st = { .st_mode = S_IFDIR | 0755 };
	int made;

	fstat(target, &st);
	if (S_ISDIR(st.st_mode))
		made = mkdir(path, 0700);
	else
		made = mknod(path, S_IFREG | 0600, 0);
	if (made < 0 || chmod(path, st.st_mode & 07777u) < 0)
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
 * Where the lower tree is the host's root, hide() covers the kernel's views as a whole in the
 * served tree.  In the root of the program nothing in them is covered: it opens files by way of
 * /proc and /dev.
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

/* Covers each hidden path in the tree at @place. */
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
	for (size_t i = 0; i < overlay->layers.count; i++) {
		autofree char *place = lower_place(i);

		if (cover_all(overlay, place, err) < 0)
			return -1;
	}
	if (!str_equal(overlay->lower, "/"))
		return 0;
	lower = open(TOP, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (lower < 0)
		return error_set(err, errno, "open " TOP);
	for (size_t i = 0; i < ARRAY_SIZE(kernel_views); i++)
		if (cover(lower, kernel_views[i], err) < 0)
			return -1;
	/*
	 * The same files in the root of the program: a program that was taken over could open them
	 * there.
	 */
	return cover_all(overlay, "/", err);
}

/* ---- the directory for the changes ---- */

/* The topmost layer that says what the container's "/" is; without one, the top layer. */
static char *root_layer_place(const struct overlay *overlay)
{
	for (size_t i = 0; i < overlay->layers.count; i++) {
		autofree char *place = lower_place(i);

		if (getxattr(place, LAYER_ROOT_IS_IMPLIED, NULL, 0) < 0)
			return take_ptr(place);
	}
	return str_dup(TOP);
}

/*
 * The root of an overlay shows the owner and the mode of its upper layer, so the upper layer gets
 * the owner and the mode of the lower root, unless the owner has no mapping.  See
 * core/rootfs/overlay.c.
 */
static int copy_attributes_to_upper(const struct overlay *overlay, const char *upper,
				    struct error *err)
{
	autofree char *layer = root_layer_place(overlay);
	struct stat st;

	if (stat(layer, &st) < 0 ||
	    (!overlay->squash && chown(upper, st.st_uid, (gid_t)-1) < 0 && errno != EINVAL) ||
	    (!overlay->squash && chown(upper, (uid_t)-1, st.st_gid) < 0 && errno != EINVAL) ||
	    chmod(upper, st.st_mode & 07777) < 0)
		return error_set(err, errno,
				 "give upper in %s the owner and the mode of the directory "
				 "below",
				 overlay->where);
	return 0;
}

/* Is it the host's system for a container whose root is the caller, and who can change it? */
static bool serves_host_to_root(const struct overlay *overlay)
{
	return overlay->hidden && overlay->squash && str_equal(overlay->lower, "/") &&
	       geteuid() == 0;
}

static int make_upper(const struct overlay *overlay, struct error *err)
{
	static const char new_upper[] = LAYERS "/" OVERLAY_UPPER_NEW;
	autoclose int place = open(LAYERS, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int upper = -1;
	bool is_new = false;
	int failed = place < 0 ? -errno : 0;

	if (failed == 0) {
		upper = overlay_upper_open(place, &is_new);
		failed = upper < 0 ? upper : 0;
	}
	if (failed == 0 && is_new &&
	    (copy_attributes_to_upper(overlay, new_upper, err) < 0 ||
	     (serves_host_to_root(overlay) && stand_in_make(TOP, new_upper, err) < 0)))
		return -1;
	if (failed == 0 && is_new)
		failed = overlay_upper_finish(place);
	return failed < 0 ? error_set(err, -failed, "make " OVERLAY_UPPER " in %s", overlay->where)
			  : 0;
}

/*
 * ORDER: everything becomes read-only before the directory for the changes is mounted.  So no mount
 * is forgotten, and none has to be made writable again.
 */
static int make_layers(const struct overlay *overlay, const struct trees *trees, struct error *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return error_set(err, errno, "make the host's mounts read-only");
	if (!is_in_memory(overlay)) {
		if (attach_tree(trees->layers, LAYERS, err) < 0)
			return -1;
	} else if (mount("tmpfs", LAYERS, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return error_set(err, errno, "mount a tmpfs for the changes");
	if (make_upper(overlay, err) < 0)
		return -1;
	return mkdir(LAYERS "/work", 0755) < 0 && errno != EEXIST
		       ? error_set(err, errno, "make work in %s", overlay->where)
		       : 0;
}

static int clone_trees(const struct overlay *overlay, struct trees *trees, struct error *err)
{
	trees->lowers = mem_resize(NULL, overlay->layers.count, sizeof(*trees->lowers));
	for (size_t i = 0; i < overlay->layers.count; i++)
		if (clone_tree(overlay->layers.items[i], &trees->lowers[i], err) < 0)
			return -1;
	if (!is_in_memory(overlay) && clone_tree(overlay->where, &trees->layers, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (clone_tree(devices[i], &trees->devices[i], err) < 0)
			return -1;
	return 0;
}

static int prepare_mounts(const struct overlay *overlay, const struct trees *trees,
			  struct error *err)
{
	if (make_stage(overlay, trees, err) < 0 || hide(overlay, err) < 0)
		return -1;
	return make_layers(overlay, trees, err);
}

/* ---- privileges ---- */

/*
 * For the files of the upper layer, with any owner: open each (DAC_OVERRIDE), change mode and times
 * (FOWNER), keep set-group-ID (FSETID), set file capabilities (SETFCAP), and change the owner
 * (CHOWN).  These capabilities count
 * only for files whose owner and group the container's map has; on a read-only mount they let a
 * file be read.
 */
static const int kept_capabilities[] = { CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP,
					 CAP_CHOWN };

/* ORDER: the bounding set first, which needs CAP_SETPCAP. */
static int drop_most_capabilities(struct error *err)
{
	uint64_t kept = 0;
	int result, failed;

	for (size_t i = 0; i < ARRAY_SIZE(kept_capabilities); i++)
		kept |= CAPS_BIT(kept_capabilities[i]);
	caps_limit_bounding(kept, &failed);
	result = caps_set(&(struct caps){ kept, kept, kept });
	if (result < 0)
		return error_set(err, -result, "drop capabilities");
	/* An execve keeps all capabilities of uid 0, and only ambient ones of another uid. */
	for (size_t i = 0; i < ARRAY_SIZE(kept_capabilities) && geteuid() != 0; i++) {
		result = caps_raise_ambient(kept_capabilities[i]);
		if (result < 0)
			return error_set(err, -result, "keep capabilities");
	}
	return 0;
}

/* ---- execution ---- */

static int prepare_descriptors(int null, int fuse_fd, struct error *err)
{
	inherit_restore_signals();
	setsid();
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return error_set(err, errno, "open /dev/null as stdio");
	/* An engine waits until every copy of its own descriptors is closed. */
	if (fd_cloexec_from(STDERR_FILENO + 1) < 0 || fd_clear_cloexec(fuse_fd) < 0)
		return error_set(err, errno, "mark descriptors as close-on-exec");
	return 0;
}

/* The id that files of owners without a mapping get: root's; in a container without root, the caller's. */
static uint32_t owner_of_unmapped(const struct idmap *map)
{
	return idmap_maps_inner(map, 0) || map->count == 0 ? 0 : map->ranges[0].inner;
}

/*
 * The program sees files whose owner has no mapping as those of the kernel's overflow id, and is told to show
 * them as the target's; all other ids stay.  Where two entries have the same target, the program takes the later
 * entry for what is written, so that a new file of the container's root belongs to the root.  Files that a
 * user with the overflow id (mostly "nobody") makes are shown as the target's too.
 */
static char *owner_option(const char *name, const struct idmap *map, uint32_t overflow)
{
	return str_format(",%s=%" PRIu32 ":%" PRIu32 ":1:0:0:%" PRIu32 ":%" PRIu32 ":%" PRIu32
			  ":%" PRIu32,
			  name, overflow, owner_of_unmapped(map), overflow, overflow + 1,
			  overflow + 1, UINT32_MAX - overflow - 1);
}

/* The ids that stand for owners without a mapping.  Source: proc(5). */
static uint32_t overflow_id(const struct host *host, const char *path)
{
	uint32_t id;
	char line[16];

	if (host_read_line(host, path, line, sizeof(line)) < 0 ||
	    number_parse_u32(line, UINT16_MAX, &id) < 0 || id == 0)
		return OVERFLOW_ID;
	return id;
}

/*
 * Where such files are shown as the caller's, a changed copy of one is the caller's on the host too, who can
 * remove it.  Where they are shown as those of another id, the copy has the overflow id, and so keeps its
 * owner in the container; unless the container doesn't have that id.
 */
static struct overlay_owners find_owners(const struct overlay *overlay)
{
	const struct userns_plan *userns = overlay->userns;
	struct overlay_owners owners = {
		.uid = overflow_id(&userns->host, "/proc/sys/kernel/overflowuid"),
		.gid = overflow_id(&userns->host, "/proc/sys/kernel/overflowgid"),
	};
	uint32_t outer;
	bool is_callers =
		userns->mode == USERNS_INHERIT ||
		(idmap_to_outer(&userns->uids, owner_of_unmapped(&userns->uids), &outer) == 0 &&
		 outer == overlay->caller);

	owners.are_kept_out =
		overlay->squash && (is_callers || !idmap_maps_inner(&userns->uids, owners.uid) ||
				    !idmap_maps_inner(&userns->gids, owners.gid));
	return owners;
}

/*
 * The ids of a layer's files, as this user namespace has them, are shown as those of the layer: an id of
 * both maps is cut out where their ranges outside overlap.  New files get the ids back.
 */
static char *layer_option(const char *name, const struct idmap *layer, const struct idmap *own)
{
	autostrbuf struct strbuf text = { 0 };

	for (size_t i = 0; i < layer->count; i++)
		for (size_t j = 0; j < own->count; j++) {
			const struct id_range *a = &layer->ranges[i], *b = &own->ranges[j];
			uint64_t first = a->outer > b->outer ? a->outer : b->outer;
			uint64_t a_end = (uint64_t)a->outer + a->count,
				 b_end = (uint64_t)b->outer + b->count;
			uint64_t end = a_end < b_end ? a_end : b_end;

			if (first < end)
				strbuf_addf(&text, "%s%" PRIu64 ":%" PRIu64 ":%" PRIu64,
					    text.size ? ":" : "", b->inner + (first - b->outer),
					    a->inner + (first - a->outer), end - first);
		}
	return str_format(",%s=%s", name, text.bytes);
}

static char *layer_options(const struct overlay *overlay)
{
	const struct userns_plan *userns = overlay->userns, *layers = overlay->layer_ids;
	autofree char *uids = layer_option("uidmapping", &layers->uids, &userns->uids);
	autofree char *gids = layer_option("gidmapping", &layers->gids, &userns->gids);

	return str_format("%s%s", uids, gids);
}

/* The owners that files of the lower layer are shown with: see overlay.h, squash and layer_ids. */
static char *owner_options(const struct overlay *overlay, const struct overlay_owners *owners)
{
	const struct userns_plan *userns = overlay->userns;
	autofree char *uids = NULL, *gids = NULL;

	if (overlay->layer_ids)
		return layer_options(overlay);
	if (!overlay->squash)
		return str_dup("");
	uids = owner_option("uidmapping", &userns->uids, owners->uid);
	gids = owner_option("gidmapping", &userns->gids, owners->gid);
	return str_format("%s%s", uids, gids);
}

static char *lower_names(const struct overlay *overlay)
{
	autostrbuf struct strbuf text = { 0 };

	for (size_t i = 0; i < overlay->layers.count; i++)
		strbuf_addf(&text, "%s" LOWER "/%zu", i ? ":" : "", i);
	return str_dup(text.bytes);
}

static int execute_program(const struct overlay *overlay, const struct overlay_owners *unmapped,
			   int fuse_fd, struct error *err)
{
	autofree char *owners = owner_options(overlay, unmapped);
	autofree char *lowers = lower_names(overlay);
	autofree char *options = str_format(
		"lowerdir=%s,upperdir=" LAYERS "/upper,workdir=" LAYERS "/work%s", lowers, owners);
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
		error_hint(err, "is the program, or a library that it needs, in a directory of "
				"annotation " CONFIG_ANNOTATION_HIDDEN "?");
	return -1;
}

int overlay_server_become(const struct overlay *overlay, int fuse_fd, struct error *err)
{
	/* ORDER: while /proc is the host's. */
	const struct overlay_owners owners = find_owners(overlay);
	struct trees trees = { .layers = -1, .devices = { -1, -1 } };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	/*
	 * The new mount namespace is owned by our user namespace, so only the capabilities of this
	 * namespace can change its mounts (see overlay.c).  A later mount of the host isn't served.
	 * ORDER: the trees before the change of ids: their paths may be open to the caller alone.
	 */
	if (mount_make_namespace(err) < 0 || clone_trees(overlay, &trees, err) < 0 ||
	    set_ids(overlay, err) < 0 || prepare_mounts(overlay, &trees, err) < 0 ||
	    prepare_descriptors(null, fuse_fd, err) < 0 || drop_most_capabilities(err) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	/* ORDER: the filter last, since it refuses what the steps before do. */
	if (overlay_filter_load(&owners, err) < 0)
		return -1;
	return execute_program(overlay, &owners, fuse_fd, err);
}
