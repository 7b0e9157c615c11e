// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root.
#include "core/rootfs/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/base/target.h"
#include "core/rootfs/tree.h"
#include "rootless/device.h"

#define DEFAULT_MODE 0666
#define KCORE	     "/proc/kcore"

/* Source: Linux, Documentation/admin-guide/devices.txt. */
static const struct default_device {
	const char *name;
	unsigned int major;
	unsigned int minor;
} default_devices[] = {
	{ "null", 1, 3 },   { "zero", 1, 5 },	 { "full", 1, 7 },
	{ "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

/* A node that is made, or found on the host. */
struct device_node {
	const char *path; /* absolute; also where the container has it */
	mode_t type;	  /* S_IFCHR, S_IFBLK or S_IFIFO */
	unsigned int major;
	unsigned int minor;
	mode_t mode; /* these three where the node is made: a bind has the host's */
	uid_t uid;
	gid_t gid;
};

int device_open_target(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			DEFAULT_MODE);
	struct stat st;

	if (fd >= 0)
		return fd;
	if (errno != EEXIST)
		return -errno;
	autoclose int found = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (found < 0 || fstat(found, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	return S_ISDIR(st.st_mode) ? -EISDIR : take_fd(&found);
}

/* A detached copy of the host's node, if it is the device that is meant; else a negative errno. */
static int node_clone(const struct device_node *node, const char *host_path)
{
	autoclose int tree = mount_clone(AT_FDCWD, host_path, 0);
	struct stat st;
	int result;

	if (tree < 0)
		return tree;
	if (fstat(tree, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != node->type || st.st_rdev != makedev(node->major, node->minor))
		return -ENODEV;
	/*
	 * Without these flags, which a host's /dev may lack, a device file could be made a program.
	 */
	result = mount_change_attr(tree, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0);
	return result < 0 ? result : take_fd(&tree);
}

static int node_find(const struct device_node *node, struct error *err)
{
	autofree char *kernel_path = NULL;
	int tree = node_clone(node, node->path);
	int first = tree;

	if (tree >= 0)
		return tree;
	kernel_path =
		device_kernel_path(&HOST_REAL, node->type == S_IFBLK, node->major, node->minor);
	if (kernel_path && !str_equal(kernel_path, node->path))
		tree = node_clone(node, kernel_path);
	if (tree >= 0)
		return tree;
	return error_set(err, -first,
			 "device %s: the host has no such %s device %u:%u that could be bound",
			 node->path, node->type == S_IFBLK ? "block" : "character", node->major,
			 node->minor);
}

static int node_bind(const struct device_node *node, int dir, const char *name, struct error *err)
{
	autoclose int tree = node_find(node, err);
	autoclose int target = -1;
	int result;

	if (tree < 0)
		return -1;
	/* A new file needs no descriptor: whoever can exchange it has the directory, and a link is not followed. */
	if (mknodat(dir, name, S_IFREG | DEFAULT_MODE, 0) == 0 &&
	    move_mount(tree, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH) == 0)
		return 0;
	target = device_open_target(dir, name);
	if (target == -ELOOP)
		return error_set(
			err, 0,
			"device %s: a symbolic link of that name is in the root file system",
			node->path);
	if (target < 0)
		return error_set(err, -target, "device %s: make the file to mount on", node->path);
	result = mount_attach(tree, target);
	return result < 0 ? error_set(err, -result, "device %s: bind it", node->path) : 0;
}

/* The same path, however it is written. */
static bool path_is(const char *path, const char *clean)
{
	autofree char *cleaned = NULL;

	if (str_equal(path, clean))
		return true;
	cleaned = path_clean(path);
	return str_equal(cleaned, clean);
}

static bool config_has_device(const struct container_config *config, const char *path)
{
	for (size_t i = 0; i < config->linux->devices.count; i++)
		if (path_is(config->linux->devices.items[i].path, path))
			return true;
	return false;
}

/*
 * Makes the node.  Returns 0 or a negative errno: -EEXIST where another file has the name.
 * No path is walked after mknodat(2): a container that shares the directory can put a link there.
 */
static int node_make(const struct device_node *node, int dir, const char *name)
{
	dev_t number = node->type == S_IFIFO ? 0 : makedev(node->major, node->minor);
	autoclose int fd = -1;
	char link[64];
	struct stat st;

	bool made = mknodat(dir, name, node->type | 0600, number) == 0;

	if (!made && errno != EEXIST)
		return -errno;
	fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != node->type || st.st_rdev != number)
		return -EEXIST;
	/* A FIFO of the image is the image's. */
	if (!made && node->type == S_IFIFO)
		return 0;
	/* ORDER: the owner first: a change of owner clears set-user-ID. */
	if (fchownat(fd, "", node->uid, node->gid, AT_EMPTY_PATH) < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return chmod(link, node->mode) < 0 ? -errno : 0;
}

/*
 * Root of the host makes the node.  The host's is bound in a user namespace, which has no mknod(2);
 * where a device rule or an outer container refuses mknod(2); and over another file of that name.
 */
static int node_create(const struct device_node *node, const struct mount_plan *plan, int dir,
		       const char *name, bool *ret_bound, struct error *err)
{
	int result = plan->has_host_rights ? node_make(node, dir, name) : -EPERM;

	*ret_bound = result == -EPERM || result == -EEXIST;
	if (*ret_bound)
		return node_bind(node, dir, name, err);
	return result < 0 ? error_set(err, -result, "device %s: make the node", node->path) : 0;
}

static int default_devices_create(const struct container_config *config,
				  const struct mount_plan *plan, int dev, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++) {
		const struct default_device *device = &default_devices[i];
		bool bound;
		char path[32];

		snprintf(path, sizeof(path), "/dev/%s", device->name);
		const struct device_node node = { .path = path,
						  .type = S_IFCHR,
						  .major = device->major,
						  .minor = device->minor,
						  .mode = DEFAULT_MODE };
		if (!config_has_device(config, path) &&
		    node_create(&node, plan, dev, device->name, &bound, err) < 0)
			return -1;
	}
	return 0;
}

/* The defaults: mode 0666, and the owner of what the container's root makes. */
static struct device_node node_of_config(const struct config_device *device)
{
	static const mode_t types[] = {
		[CONFIG_DEVICE_BLOCK] = S_IFBLK,
		[CONFIG_DEVICE_CHAR] = S_IFCHR,
		[CONFIG_DEVICE_UNBUFFERED] = S_IFCHR,
		[CONFIG_DEVICE_FIFO] = S_IFIFO,
	};

	return (struct device_node){
		.path = device->path,
		.type = types[device->type],
		.major = (unsigned int)device->major.value,
		.minor = (unsigned int)device->minor.value,
		.mode = device->file_mode.set ? (mode_t)device->file_mode.value & 07777
					      : DEFAULT_MODE,
		.uid = device->uid.set ? (uid_t)device->uid.value : (uid_t)-1,
		.gid = device->gid.set ? (gid_t)device->gid.value : (gid_t)-1,
	};
}

/*
 * A bind shows the host's node with the host's mode and owner: where that isn't what was asked, say
 * so.
 */
static void note_differences(const struct config_device *device, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, 0) < 0)
		return;
	if ((device->file_mode.set && (st.st_mode & 07777) != (device->file_mode.value & 07777)) ||
	    (device->uid.set && st.st_uid != device->uid.value) ||
	    (device->gid.set && st.st_gid != device->gid.value))
		log_debug("device %s: it keeps the host's mode %o and owner %u:%u", device->path,
			  st.st_mode & 07777, st.st_uid, st.st_gid);
	if (faccessat(dir, name, R_OK, AT_EACCESS) < 0 &&
	    faccessat(dir, name, W_OK, AT_EACCESS) < 0)
		log_warning(
			"device %s: the container can't open it: the host's node has mode %o and isn't yours; groups are kept "
			"by the annotation run.oci.keep_original_groups=1",
			device->path, st.st_mode & 07777);
}

static int config_device_create(const struct config_device *device, const struct mount_plan *plan,
				int rootfs, struct error *err)
{
	const struct device_node node = node_of_config(device);
	autofree char *path = path_clean(device->path);
	char *name = strrchr(path, '/');
	autoclose int dir = -1;
	bool bound;
	int made;

	*name++ = '\0';
	if (!*name)
		return error_set(err, 0, "device %s: that isn't a file's path", device->path);
	dir = path_mkdirs_in_root(rootfs, *path ? path : "/", 0755);
	if (dir < 0) {
		autofree char *what = str_format("device %s", device->path);

		return target_error(rootfs, path, -dir, what, err);
	}
	if (device->type == CONFIG_DEVICE_FIFO) {
		made = node_make(&node, dir, name);
		return made < 0 ? error_set(err, -made, "device %s: make the FIFO", device->path)
				: 0;
	}
	if (node_create(&node, plan, dir, name, &bound, err) < 0)
		return -1;
	if (bound)
		note_differences(device, dir, name);
	return 0;
}

/* ptmx must be the container's own, so a file or another link of that name gives way. */
static int ptmx_link(int dev, struct error *err)
{
	char text[16];
	ssize_t length;

	if (symlinkat("pts/ptmx", dev, "ptmx") == 0)
		return 0;
	if (errno == EEXIST) {
		length = readlinkat(dev, "ptmx", text, sizeof(text));
		if (length == 8 && memcmp(text, "pts/ptmx", 8) == 0)
			return 0;
		if (unlinkat(dev, "ptmx", 0) == 0 && symlinkat("pts/ptmx", dev, "ptmx") == 0)
			return 0;
	}
	return error_set(err, errno, "make the link /dev/ptmx");
}

static int links_create(int dev, struct error *err)
{
	static const char *const links[][2] = {
		{ "fd", "/proc/self/fd" },
		{ "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" },
		{ "core", KCORE },
	};
	/* A kernel may have been built without the file.  /proc is still the host's. */
	size_t count = ARRAY_SIZE(links) - (access(KCORE, F_OK) < 0);

	for (size_t i = 0; i < count; i++)
		if (symlinkat(links[i][1], dev, links[i][0]) < 0 && errno != EEXIST)
			return error_set(err, errno, "make the link /dev/%s", links[i][0]);
	return ptmx_link(dev, err);
}

static bool dev_is_bound(const struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];

		if (str_equal(step->destination, "/dev") &&
		    (step->kind == MOUNT_KIND_BIND || (step->options.traits & MOUNT_TRAIT_BIND)))
			return true;
	}
	return false;
}

int devices_create(const struct container_config *config, const struct mount_plan *plan,
		   int rootfs_fd, struct error *err)
{
	autoclose int dev = -1;

	if (dev_is_bound(plan)) {
		log_debug("/dev is a bind of the host's: no devices are made there");
		return 0;
	}
	dev = path_mkdirs_in_root(rootfs_fd, "/dev", 0755);
	if (dev < 0)
		return target_error(rootfs_fd, "/dev", -dev, "make the devices", err);
	if (default_devices_create(config, plan, dev, err) < 0)
		return -1;
	for (size_t i = 0; i < config->linux->devices.count; i++) {
		const struct config_device *device = &config->linux->devices.items[i];

		/*
		 * The host's would open terminals of the host: it stays the link to the container's
		 * own.
		 */
		if (!path_is(device->path, "/dev/ptmx") &&
		    config_device_create(device, plan, rootfs_fd, err) < 0)
			return -1;
	}
	return links_create(dev, err);
}
