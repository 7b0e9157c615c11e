// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/log.h"
#include "rootless/device.h"
#include "rootless/name.h"
#include "rootless/scope_rule.h"

/*
 * File systems that the kernel mounts for root of the host alone: those on disks and networks,
 * since a malicious image could attack their parsers, and those that control the kernel.  Whether
 * any other type can be mounted is left to the kernel.
 */
static const char *const root_only_types[] = {
	"9p",	    "adfs",	"affs",	   "afs",      "bcachefs",   "befs",	  "bfs",
	"btrfs",    "ceph",	"cifs",	   "configfs", "cramfs",     "debugfs",	  "devtmpfs",
	"ecryptfs", "efivarfs", "efs",	   "erofs",    "exfat",	     "ext2",	  "ext3",
	"ext4",	    "f2fs",	"gfs2",	   "hfs",      "hfsplus",    "hugetlbfs", "iso9660",
	"jffs2",    "jfs",	"minix",   "msdos",    "nfs",	     "nfs4",	  "nilfs2",
	"ntfs",	    "ntfs3",	"ocfs2",   "omfs",     "orangefs",   "pstore",	  "qnx4",
	"qnx6",	    "reiserfs", "resctrl", "romfs",    "securityfs", "smb3",	  "squashfs",
	"tracefs",  "ubifs",	"udf",	   "ufs",      "vboxsf",     "vfat",	  "virtiofs",
	"xfs",	    "zfs",	"zonefs",
};

static int scope_mount_type(const struct config_mount *mount, size_t index, struct error *err)
{
	if (config_mount_is_bind(mount))
		return 0;
	for (size_t type = 0; type < ARRAY_SIZE(root_only_types); type++)
		if (str_equal(mount->type, root_only_types[type]))
			return error_set(
				err, 0,
				"mounts[%zu].type: only root of the host can mount %s on %s; use a bind mount or a FUSE tool",
				index, mount->type, mount->destination);
	return 0;
}

int scope_mount_types(const struct scope *scope, struct error *err)
{
	for (size_t i = 0; i < scope->config->mounts.count && !scope->plan->is_host; i++)
		if (error_gather(err, scope_mount_type(&scope->config->mounts.items[i], i, err)) <
		    0)
			return -1;
	return 0;
}

static int scope_one_mount_ids(const struct scope *scope, size_t index, struct error *err)
{
	struct config_mount *mount = &scope->config->mounts.items[index];

	for (size_t i = 0; i < mount->options.data.count; i++) {
		const struct mount_datum *datum = &mount->options.data.items[i];
		char field[64];
		bool group;
		uint32_t id;

		/* Where the value is no number, the file system refuses it. */
		if (!mount_datum_id(datum, &group, &id) ||
		    idmap_maps_inner(group ? &scope->plan->gids : &scope->plan->uids, id))
			continue;
		/*
		 * Every config has gid=5 (tty).  Without it terminals work; only write(1) and
		 * wall(1) of other users don't.
		 */
		if (group && mount->kind == MOUNT_KIND_DEVPTS) {
			log_debug(
				"mounts[%zu].options: gid=%s of devpts is dropped, as the gid is not mapped",
				index, datum->value);
			memmove(&mount->options.data.items[i], &mount->options.data.items[i + 1],
				(mount->options.data.count - i - 1) * sizeof(*datum));
			mount->options.data.count--;
			i--;
			continue;
		}
		snprintf(field, sizeof(field), "mounts[%zu].options[%" PRIu32 "]", index,
			 datum->place);
		if (error_gather(err, scope_unmapped(scope, group ? SUBID_GID : SUBID_UID, id,
						     field, err)) < 0)
			return -1;
	}
	return 0;
}

int scope_mount_ids(const struct scope *scope, struct error *err)
{
	for (size_t i = 0; i < scope->config->mounts.count; i++)
		if (!config_mount_is_bind(&scope->config->mounts.items[i]) &&
		    scope_one_mount_ids(scope, i, err) < 0)
			return -1;
	return 0;
}

enum bind_access {
	BIND_READ_WRITE,
	BIND_READ_ONLY,
	BIND_IF_FOUND, /* read-write; no mount where the host doesn't have the source */
};

/*
 * When a mount becomes a bind, its propagation is the only option that keeps a meaning.  The whole tree is
 * read-only: the bind brings the submounts of /sys and /proc, and "ro" would leave them writable.
 */
static void become_rbind(const struct scope *scope, struct config_mount *mount, const char *source,
			 enum bind_access access)
{
	struct mount_options options = {
		.traits = MOUNT_TRAIT_BIND | MOUNT_TRAIT_RECURSIVE,
		.top.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV,
		.tree.set = access == BIND_READ_ONLY ? MOUNT_ATTR_RDONLY : 0,
	};

	if (access == BIND_IF_FOUND)
		options.traits |= MOUNT_TRAIT_NOFAIL | MOUNT_TRAIT_QUIET;
	options.propagations.items = mount->options.propagations.items;
	options.propagations.count = mount->options.propagations.count;
	mount->options = options;
	mount->type = arena_str(&scope->config->arena, "bind");
	mount->source = arena_str(&scope->config->arena, source);
	mount->kind = MOUNT_KIND_BIND;
}

/*
 * sysfs shows a network namespace, so the kernel demands CAP_SYS_ADMIN in the owner of that
 * namespace.
 */
static void scope_sysfs(const struct scope *scope, size_t index)
{
	if (scope_owns_namespace(scope, CONFIG_NS_NETWORK))
		return;
	become_rbind(scope, &scope->config->mounts.items[index], "/sys", BIND_READ_ONLY);
	log_debug(
		"mounts[%zu]: sysfs becomes a read-only bind of /sys, as the network namespace is not the container's own",
		index);
}

/*
 * proc shows a pid namespace.  In a bind of the host's /proc, the host's ids guard the files that
 * can be written.
 */
static void scope_proc(const struct scope *scope, size_t index)
{
	struct config_mount *mount = &scope->config->mounts.items[index];
	bool read_only = mount_options_attrs(&mount->options) & MOUNT_ATTR_RDONLY;

	if (config_find_namespace(scope->config, CONFIG_NS_PID) ||
	    scope_owns_namespace(scope, CONFIG_NS_PID))
		return;
	become_rbind(scope, mount, "/proc", read_only ? BIND_READ_ONLY : BIND_READ_WRITE);
	log_debug(
		"mounts[%zu]: proc becomes a bind of /proc, as the pid namespace is not the container's own",
		index);
}

static void scope_mqueue(const struct scope *scope, size_t index)
{
	if (scope_owns_namespace(scope, CONFIG_NS_IPC))
		return;
	/* An outer container, or a kernel without POSIX message queues, has no /dev/mqueue. */
	become_rbind(scope, &scope->config->mounts.items[index], "/dev/mqueue", BIND_IF_FOUND);
	log_debug(
		"mounts[%zu]: mqueue becomes a bind of /dev/mqueue, as the ipc namespace is not the container's own",
		index);
}

/*
 * Root of the host may mount cgroup2 without a cgroup namespace of the container's.  But a mount from
 * the host's cgroup namespace sets the options of the host's own tree, which has just one superblock:
 * nsdelegate and memory_recursiveprot would be off for the whole host.  So the host's mount is bound.
 */
static void scope_cgroup_of_host(const struct scope *scope, size_t index)
{
	struct config_mount *mount = &scope->config->mounts.items[index];
	bool read_only = mount_options_attrs(&mount->options) & MOUNT_ATTR_RDONLY;

	become_rbind(scope, mount, "/sys/fs/cgroup", read_only ? BIND_READ_ONLY : BIND_READ_WRITE);
	log_debug(
		"mounts[%zu]: cgroup becomes a bind of /sys/fs/cgroup, as the cgroup namespace is the host's",
		index);
}

enum cgroup_tree { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

static enum cgroup_tree host_cgroup_tree(const struct scope *scope)
{
	autofree char *path = str_format("%s/sys/fs/cgroup", scope->caller->host.root);
	struct statfs status;

	if (statfs(path, &status) < 0)
		return CGROUP_NONE;
	return status.f_type == CGROUP2_SUPER_MAGIC ? CGROUP_V2 : CGROUP_V1;
}

/*
 * A mount of cgroup2 shows a cgroup namespace.  The trees of version 1 can't be mounted, as they
 * are delegated to nobody.  Returns true where the mount has to be removed.
 */
static bool scope_cgroup_view(const struct scope *scope, size_t index)
{
	enum cgroup_tree tree = host_cgroup_tree(scope);

	if (tree == CGROUP_NONE) {
		log_debug("mounts[%zu]: cgroup is left out, as the host has no /sys/fs/cgroup",
			  index);
		return true;
	}
	if (scope->plan->is_host && tree == CGROUP_V2 &&
	    scope_shares_namespace(scope, CONFIG_NS_CGROUP)) {
		scope_cgroup_of_host(scope, index);
		return false;
	}
	if (tree == CGROUP_V2 && scope_owns_namespace(scope, CONFIG_NS_CGROUP))
		return false;
	become_rbind(scope, &scope->config->mounts.items[index], "/sys/fs/cgroup", BIND_READ_ONLY);
	log_debug("mounts[%zu]: cgroup becomes a read-only bind of /sys/fs/cgroup, as %s", index,
		  tree == CGROUP_V2 ? "the cgroup namespace is not the container's own"
				    : "the host's is not cgroup version 2");
	return false;
}

int scope_mount_kernel_views(const struct scope *scope, struct error *err)
{
	struct container_config *config = scope->config;

	(void)err;
	for (size_t i = 0; i < config->mounts.count; i++) {
		struct config_mount *mount = &config->mounts.items[i];

		if (mount->kind == MOUNT_KIND_SYSFS)
			scope_sysfs(scope, i);
		else if (mount->kind == MOUNT_KIND_PROC)
			scope_proc(scope, i);
		else if (mount->kind == MOUNT_KIND_MQUEUE)
			scope_mqueue(scope, i);
		else if (mount->kind == MOUNT_KIND_CGROUP && scope_cgroup_view(scope, i)) {
			memmove(mount, mount + 1, (config->mounts.count - i - 1) * sizeof(*mount));
			config->mounts.count--;
			i--;
		}
	}
	return 0;
}

/* The hint names the group of the node: to become a member is the usual fix. */
static int device_refused(const struct scope *scope, size_t index, const char *path,
			  const struct stat *node, struct error *err)
{
	autofree char *user = name_of_user(scope->caller->host.root, scope->caller->uid);
	autofree char *group = NULL;

	error_set(err, 0,
		  "linux.devices[%zu]: no access to %s (mode %04o, uid %u, gid %u) for uid %u",
		  index, path, node->st_mode & 07777u, node->st_uid, node->st_gid,
		  scope->caller->uid);
	if (node->st_gid == 0 || !(node->st_mode & S_IRWXG))
		return -1;
	group = name_of_group(scope->caller->host.root, node->st_gid);
	if (group && user)
		return error_hint(err, "run as root usermod -aG %s %s, and log in again", group,
				  user);
	return -1;
}

/* Is @path, on the host, the device that the config asks for? */
static bool is_device(const char *path, const struct config_device *device, struct stat *ret_node)
{
	return stat(path, ret_node) == 0 &&
	       (device->type == CONFIG_DEVICE_BLOCK ? S_ISBLK(ret_node->st_mode)
						    : S_ISCHR(ret_node->st_mode)) &&
	       device->major.value == (int64_t)major(ret_node->st_rdev) &&
	       device->minor.value == (int64_t)minor(ret_node->st_rdev);
}

/*
 * The kernel refuses to make a device node (mknod(2)) in every user namespace but the initial one.
 * So the host's node is bound, whatever name it has on the host.
 */
static int scope_device(const struct scope *scope, size_t index, struct error *err)
{
	const struct config_device *device = &scope->config->linux->devices.items[index];
	const struct host *host = &scope->caller->host;
	autofree char *path = str_format("%s%s", host->root, device->path);
	bool block = device->type == CONFIG_DEVICE_BLOCK;
	struct stat node;

	if (device->type == CONFIG_DEVICE_FIFO)
		return 0;
	if (!is_device(path, device, &node)) {
		autofree char *kernel_path =
			device_kernel_path(host, block, (unsigned int)device->major.value,
					   (unsigned int)device->minor.value);

		free(path);
		path = str_format("%s%s", host->root, kernel_path ? kernel_path : device->path);
		if (!is_device(path, device, &node))
			return error_set(
				err, 0,
				"linux.devices[%zu]: the host has no %s device %" PRId64 ":%" PRId64
				", neither as %s nor by the kernel's name, and a user namespace can only bind one",
				index, block ? "block" : "character", device->major.value,
				device->minor.value, device->path);
	}
	if (access(path, R_OK) < 0 && access(path, W_OK) < 0)
		return device_refused(scope, index, path + strlen(host->root), &node, err);
	log_debug("linux.devices[%zu]: %s is bound from the host, with the host's mode and owner",
		  index, device->path);
	return 0;
}

/* Root of the host makes the nodes, also of devices that the host's /dev doesn't show. */
int scope_devices(const struct scope *scope, struct error *err)
{
	if (scope->plan->is_host)
		return 0;
	for (size_t i = 0; i < scope->config->linux->devices.count; i++)
		if (error_gather(err, scope_device(scope, i, err)) < 0)
			return -1;
	return 0;
}
