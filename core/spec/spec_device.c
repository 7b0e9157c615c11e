// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/cdi.h"
#include "core/spec/spec_steps.h"
#include "core/spec/spec_volume.h"

/* Without root no device can be made: the container gets the host's own node, by a bind mount. */
#define DEVICE_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

/* Not by open(2), which rewinds tapes, and starts watchdogs. */
bool spec_device_may_open(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

void spec_add_device_node(const char *source, const char *destination, unsigned int traits,
			  struct container_config *config)
{
	spec_add_private_bind(source, destination, traits, DEVICE_ATTRIBUTES, config);
}

/* ---- --device ---- */

/*
 * "r", "w" and "m": without a cgroup's rules the node's own mode decides, so that only what the
 * mode says anyway can be asked for.
 */
static int check_permissions(const char *text, const char *permissions, const char *path,
			     struct error *err)
{
	bool reads = strchr(permissions, 'r'), writes = strchr(permissions, 'w');

	if (!*permissions || permissions[strspn(permissions, "rwm")])
		return spec_refuse("device", text, "expected SRC[:DST][:rwm]", err);
	if (reads == spec_device_may_open(path, R_OK) && writes == spec_device_may_open(path, W_OK))
		return 0;
	return spec_refuse(
		"device", text,
		spec_device_may_open(path, R_OK) && spec_device_may_open(path, W_OK)
			? "without root the device's own mode decides, by which you read "
			  "and write: leave the permissions out, or give rw"
		: spec_device_may_open(path, R_OK)
			? "without root the device's own mode decides, by which you read "
			  "and don't write: leave the permissions out, or give r"
			: "without root the device's own mode decides, by which you write "
			  "and don't read: leave the permissions out, or give w",
		err);
}

static bool has_device(const char *path)
{
	autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *stream = fd < 0 ? NULL : directory_stream(fd);
	const struct dirent *entry;
	struct stat st;

	while (stream && (entry = directory_next(stream)))
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
			return true;
	return false;
}

static int check_device(const char *text, const char *path, struct error *err)
{
	struct statvfs file_system;
	struct stat st;

	if (stat(path, &st) < 0 || statvfs(path, &file_system) < 0)
		return error_set(err, errno, "--device %s", text);
	if (str_equal(path, "/dev") || (S_ISDIR(st.st_mode) && !has_device(path)))
		return spec_refuse("device", text,
				   str_equal(path, "/dev")
					   ? "name the devices, or use --privileged"
					   : "the directory has no devices: use --volume",
				   err);
	if (!S_ISDIR(st.st_mode) && !S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return spec_refuse("device", text, "no device: use --volume", err);
	if (file_system.f_flag & ST_NODEV)
		return spec_refuse("device", text,
				   "its file system is mounted with nodev, so nobody can open it",
				   err);
	if (!spec_device_may_open(path, R_OK) && !spec_device_may_open(path, W_OK)) {
		error_set(err, EACCES, "--device %s", text);
		return error_hint(err, "you can't open it yourself: let an administrator add you "
				       "to its group, and use --group-add keep-groups");
	}
	return 0;
}

static int add_one_device(const char *text, struct container_config *config, struct error *err)
{
	autofree char *copy = str_dup(text);
	char *rest = copy, *source = strsep(&rest, ":"), *second = strsep(&rest, ":");
	char *permissions = rest;
	autofree char *path = realpath(source, NULL), *destination = NULL;

	/* A second part that is no path is the permissions, as in docker. */
	if (second && *second != '/' && !rest) {
		permissions = second;
		second = NULL;
	}
	if (!*source || (second && *second != '/') || (rest && strchr(rest, ':')))
		return spec_refuse("device", text, "expected SRC[:DST][:rwm]", err);
	if (!path)
		return error_set(err, errno, "--device %s", text);
	if (check_device(text, path, err) < 0 ||
	    (permissions && check_permissions(text, permissions, path, err) < 0))
		return -1;
	/* The name that the caller wrote, which may be a link to the device. */
	destination = second	       ? str_dup(second)
		      : *source == '/' ? path_clean(source)
				       : str_dup(path);
	spec_add_device_node(path, destination, 0, config);
	return 0;
}

/* ---- --privileged ---- */

/*
 * Names in /dev that the container has of its own, or that are of no container: virtual consoles,
 * and the terminal of the caller.
 */
static bool is_left_out(const char *name)
{
	static const char *const names[] = { "console", "full",	  "mqueue", "null", "ptmx",
					     "pts",	"random", "shm",    "tty",  "urandom",
					     "zero",	"fd",	  "core",   "log",  "initctl",
					     "stdin",	"stdout", "stderr", NULL };

	return name[0] == '.' || str_find(names, name) >= 0 ||
	       (str_starts_with(name, "tty") && isdigit((unsigned char)name[3])) ||
	       str_starts_with(name, "vcs");
}

/* Deeper than any device of Linux: /dev/bus/usb/001/001. */
#define DEPTH_MAX 4

/* A device that goes away before the mount is left out with a warning: nofail. */
static void add_openable(int dir, const char *path, int depth, struct container_config *config)
{
	autodir DIR *stream = directory_stream(dir);
	const struct dirent *entry;
	struct stat st;

	while (stream && (entry = directory_next(stream))) {
		autofree char *inner = path_join(path, entry->d_name);

		if (is_left_out(entry->d_name) ||
		    fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
			autoclose int below = openat(dir, entry->d_name,
						     O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (below >= 0)
				add_openable(below, inner, depth + 1, config);
		} else if ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) &&
			   (spec_device_may_open(inner, R_OK) ||
			    spec_device_may_open(inner, W_OK))) {
			spec_add_device_node(inner, inner, MOUNT_TRAIT_NOFAIL, config);
		}
	}
}

/* ---- the step ---- */

int spec_apply_devices(const struct spec_options *options, struct container_config *config,
		       struct error *err)
{
	const struct str_list *devices = &options->words.devices;

	if (options->words.privileged) {
		autoclose int dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (dev >= 0)
			add_openable(dev, "/dev", 1, config);
	}
	for (size_t i = 0; i < devices->count; i++)
		if (!cdi_is_name(devices->items[i]) &&
		    error_gather(err, add_one_device(devices->items[i], config, err)) < 0)
			return -1;
	return 0;
}
