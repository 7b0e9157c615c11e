// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/root_look.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/stat.h"
#include "core/base/str.h"

enum root_kind {
	ROOT_UNKNOWN,
	ROOT_SYSTEM,
	ROOT_EMPTY,
	ROOT_BUNDLE,	    /* has the directory rootfs */
	ROOT_IMAGE_LAYOUT,  /* of the OCI image-spec */
	ROOT_IMAGE_PARTS,   /* an unpacked `docker save`, or the transport "dir:" of skopeo */
	ROOT_OVERLAY,	    /* the DIR of --overlay=DIR */
	ROOT_KERNEL,	    /* procfs, sysfs or a cgroup tree */
	ROOT_ABOVE,	    /* a directory in it is a system */
	ROOT_FILE,	    /* none of the following */
	ROOT_ARCHIVE,	    /* a tar file, compressed or not */
	ROOT_IMAGE_ARCHIVE, /* a tar file of an image: `docker save` */
	ROOT_DISK,	    /* a file system or a disk in a file */
};

struct looked {
	enum root_kind kind;
	char below[NAME_MAX + 1]; /* ROOT_ABOVE: the directory in it; ROOT_KERNEL: what it is */
};

/* Entries that are looked at in search of a system below. */
#define ENTRIES_MAX 64

static bool has_entry(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_subdirectory(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* Where programs are: a container that finds none there needs another sign of being wanted. */
static bool is_system(int dir)
{
	static const char *const names[] = { "bin", "sbin", "usr", "nix", "gnu" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (has_entry(dir, names[i]))
			return true;
	return false;
}

static bool is_system_at(int dir, const char *name)
{
	autoclose int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && is_system(fd) && has_entry(fd, "etc");
}

static const char *kernel_file_system(int dir)
{
	struct statfs fs;

	if (fstatfs(dir, &fs) < 0)
		return NULL;
	switch (fs.f_type) {
	case PROC_SUPER_MAGIC: return "procfs";
	case SYSFS_MAGIC: return "sysfs";
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC: return "a cgroup tree";
	case DEVPTS_SUPER_MAGIC: return "devpts";
	default: return NULL;
	}
}

/* Fills @looked from the entries: is the directory empty, and is a system in it? */
static void look_at_entries(int dir, struct looked *looked)
{
	autodir DIR *stream = directory_stream(dir);
	const struct dirent *entry;
	size_t count = 0;

	while (stream && count < ENTRIES_MAX && (entry = directory_next(stream))) {
		count++;
		if (looked->kind == ROOT_UNKNOWN && is_system_at(dir, entry->d_name)) {
			looked->kind = ROOT_ABOVE;
			snprintf(looked->below, sizeof(looked->below), "%s", entry->d_name);
		}
	}
	if (stream && count == 0)
		looked->kind = ROOT_EMPTY;
}

static void look_at_directory(int dir, struct looked *looked)
{
	const char *kernel = kernel_file_system(dir);

	if (kernel) {
		looked->kind = ROOT_KERNEL;
		snprintf(looked->below, sizeof(looked->below), "%s", kernel);
	} else if (is_system(dir))
		looked->kind = ROOT_SYSTEM;
	else if (has_entry(dir, "oci-layout"))
		looked->kind = ROOT_IMAGE_LAYOUT;
	else if (has_entry(dir, "manifest.json"))
		looked->kind = ROOT_IMAGE_PARTS;
	else if (is_subdirectory(dir, "rootfs"))
		looked->kind = ROOT_BUNDLE;
	else if (is_subdirectory(dir, "upper") && is_subdirectory(dir, "work"))
		looked->kind = ROOT_OVERLAY;
	else
		look_at_entries(dir, looked);
}

/* ---- files ---- */

/* Bytes from the file's beginning: the magic numbers of ext4 and ISO 9660 aren't far behind it. */
#define HEAD_SIZE 2048

struct magic {
	size_t offset;
	const char *bytes;
	size_t size;
	enum root_kind kind;
};

#define MAGIC(offset, bytes, kind)                     \
	{                                              \
		offset, bytes, sizeof(bytes) - 1, kind \
	}

/* Source: magic(5) of file(1), by the formats' own documents. */
static const struct magic magics[] = {
	MAGIC(257, "ustar", ROOT_ARCHIVE),
	MAGIC(0, "\x1f\x8b", ROOT_ARCHIVE),
	MAGIC(0, "\x28\xb5\x2f\xfd", ROOT_ARCHIVE),
	MAGIC(0,
	      "\xfd"
	      "7zXZ",
	      ROOT_ARCHIVE),
	MAGIC(0, "BZh", ROOT_ARCHIVE),
	MAGIC(0, "hsqs", ROOT_DISK),
	MAGIC(0, "QFI\xfb", ROOT_DISK),
	MAGIC(1080, "\x53\xef", ROOT_DISK),
	MAGIC(510, "\x55\xaa", ROOT_DISK),
	MAGIC(1024, "\xe2\xe1\xf5\xe0", ROOT_DISK),
};

/*
 * The name of the first entry of a tar file tells an image (blobs/, oci-layout, a manifest, a layer or
 * the directory of one, which have a digest in their names) from a system.
 */
static bool begins_with_image(const char *head)
{
	autofree char *name = str_dup_n(head, 100);
	const char *end = strrchr(name, '.');
	size_t digits = strspn(name, "0123456789abcdef");

	return (digits == 64 && (name[digits] == '.' || name[digits] == '/')) ||
	       str_starts_with(name, "blobs") || str_equal(name, "oci-layout") ||
	       str_equal(end, ".json") || strstr(name, "/layer.tar") || strstr(name, "/VERSION");
}

static void look_at_file(int fd, struct looked *looked)
{
	char head[HEAD_SIZE] = { 0 };
	ssize_t size = pread(fd, head, sizeof(head), 0);

	looked->kind = ROOT_FILE;
	for (size_t i = 0; size > 0 && i < ARRAY_SIZE(magics); i++) {
		const struct magic *magic = &magics[i];

		if (memcmp(head + magic->offset, magic->bytes, magic->size) != 0)
			continue;
		looked->kind = magic->kind;
		break;
	}
	if (looked->kind == ROOT_ARCHIVE && begins_with_image(head))
		looked->kind = ROOT_IMAGE_ARCHIVE;
}

/*
 * A directory that the caller may not search counts as a system: it may be a subid's, and the
 * container's root can search it.
 */
static struct looked look_at(const char *path)
{
	struct looked looked = { .kind = ROOT_UNKNOWN };
	/* O_PATH: reading needs more rights, and opening a FIFO would wait for a writer. */
	autoclose int fd = open(path, O_PATH | O_CLOEXEC), file = -1;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return looked;
	if (S_ISDIR(st.st_mode)) {
		if (faccessat(fd, ".", X_OK, 0) == 0)
			look_at_directory(fd, &looked);
		else
			looked.kind = ROOT_SYSTEM;
		return looked;
	}
	looked.kind = ROOT_FILE;
	file = S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	if (file >= 0)
		look_at_file(file, &looked);
	return looked;
}

/* ---- what is said ---- */

static const char *const what[] = {
	[ROOT_UNKNOWN] = "no root file system",
	[ROOT_SYSTEM] = "a root file system",
	[ROOT_EMPTY] = "an empty directory",
	[ROOT_BUNDLE] = "a bundle",
	[ROOT_IMAGE_LAYOUT] = "an image (OCI layout)",
	[ROOT_IMAGE_PARTS] = "an image in parts, as `docker save` packs it",
	[ROOT_OVERLAY] = "the directory of an overlay",
	[ROOT_KERNEL] = "a file system of the kernel",
	[ROOT_ABOVE] = "no root file system",
	[ROOT_FILE] = "a file",
	[ROOT_ARCHIVE] = "an archive",
	[ROOT_IMAGE_ARCHIVE] = "the archive of an image",
	[ROOT_DISK] = "the image of a disk or file system",
};

/* @path as it was typed; its end without slashes, so that another name can be appended. */
static void hint_at_root(const struct looked *looked, const char *path, struct error *err)
{
	size_t size = strlen(path);
	autofree char *typed = NULL;

	while (size > 1 && path[size - 1] == '/')
		size--;
	typed = str_dup_n(path, size);
	switch (looked->kind) {
	case ROOT_BUNDLE:
		error_hint(err, "did you mean --rootfs %s/rootfs, or `urun run --bundle %s ID`?",
			   typed, typed);
		break;
	case ROOT_ABOVE:
		error_hint(err, "did you mean --rootfs %s/%s?", typed, looked->below);
		break;
	case ROOT_OVERLAY: error_hint(err, "did you mean --overlay=%s?", typed); break;
	case ROOT_IMAGE_LAYOUT: error_hint(err, "`urun run oci:%s:TAG` runs it", typed); break;
	case ROOT_IMAGE_PARTS:
		error_hint(
			err,
			"`urun run dir:%s` runs what skopeo has written; pack what `docker save` "
			"has written into a tar file again, for docker-archive:FILE",
			typed);
		break;
	case ROOT_IMAGE_ARCHIVE:
		error_hint(
			err,
			"`urun run docker-archive:%s` runs it, or oci-archive: what `podman save "
			"--format oci-archive` has written",
			typed);
		break;
	case ROOT_ARCHIVE:
		error_hint(err,
			   "unpack it into a directory: `mkdir root && tar -C root -xpf %s "
			   "--exclude='./dev/*'`; if it is an image's: `urun run "
			   "docker-archive:%s`",
			   typed, typed);
		break;
	case ROOT_DISK:
		error_hint(err, "no ordinary user can mount it: copy its files into a directory");
		break;
	case ROOT_EMPTY:
		error_hint(err, "unpack a root file system there, or give the program by --volume");
		break;
	case ROOT_UNKNOWN:
		error_hint(err, "it has neither bin, sbin or usr, nor the program: "
				"`urun run -- …` takes the host's own system");
		break;
	default: break;
	}
}

/* ---- may the root be taken? ---- */

static bool has_changes(const char *overlay)
{
	autofree char *upper = str_format("%s/upper", overlay ? overlay : "");
	autoclose int fd =
		overlay && *overlay ? open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct looked looked = { .kind = ROOT_UNKNOWN };

	if (fd >= 0)
		look_at_entries(fd, &looked);
	return fd >= 0 && looked.kind != ROOT_EMPTY;
}

/* Is the program in the root, by a path?  Then the root is a program's, without a system. */
static bool has_program(const struct spec_options *options, const char *path)
{
	const char *entrypoint = options->words.entrypoint;
	const char *program = entrypoint && *entrypoint ? entrypoint
			      : options->command.count	? options->command.items[0]
							: "";
	autofree char *joined = path_join(options->workdir ? options->workdir : "/", program);
	autoclose int root = -1, fd = -1;

	if (!strchr(program, '/'))
		return false;
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = root < 0 ? -1 : path_open_in_root(root, joined, O_PATH | O_CLOEXEC, 0);
	return fd >= 0;
}

/* May the program be where no look at the root finds it? */
static bool is_brought(const struct spec_options *options)
{
	const char *entrypoint = options->words.entrypoint;

	if (str_list_value(&options->env, "PATH"))
		return true;
	/* A list in JSON: the program in it isn't looked at here. */
	if (entrypoint && entrypoint[0] == '[')
		return true;
	return options->volumes.count > 0 || options->words.mounts.count > 0 ||
	       has_changes(options->overlay);
}

/* The home of a person may have a bin of its own; a system's has usr too. */
static bool is_home(const struct spec_caller *caller, const char *path)
{
	autofree char *usr = path_join(path, "usr");

	for (size_t i = 0; i < caller->private_paths.count; i++)
		if (stat_same_paths(caller->private_paths.items[i], path))
			return access(usr, F_OK) < 0;
	return false;
}

static int refuse_root(const char *typed, const struct looked *looked, struct error *err)
{
	error_set(err, looked->kind >= ROOT_FILE ? ENOTDIR : 0, "--rootfs %s: this is %s", typed,
		  looked->kind == ROOT_KERNEL ? looked->below : what[looked->kind]);
	hint_at_root(looked, typed, err);
	return -1;
}

int root_look(const struct spec_options *options, const struct spec_caller *caller,
	      const char *path, struct error *err)
{
	struct looked looked;

	/* realpath(3) follows /proc/PID/root by its text, which is the path of another file. */
	if (!stat_same_paths(options->rootfs, path))
		return error_set(err, 0,
				 "--rootfs %s: the root of another process can't be taken: `urun "
				 "exec` runs programs in a container",
				 options->rootfs);
	if (str_equal(path, "/"))
		return 0;
	looked = look_at(path);
	if (is_home(caller, path)) {
		error_set(err, 0, "--rootfs %s: this is your own directory, with no system in it",
			  options->rootfs);
		return error_hint(err, "`urun run --volume %s:/work -- …` brings it into a sandbox",
				  path);
	}
	if (looked.kind == ROOT_SYSTEM || has_program(options, path))
		return 0;
	if ((looked.kind == ROOT_UNKNOWN || looked.kind == ROOT_EMPTY) && is_brought(options))
		return 0;
	return refuse_root(options->rootfs, &looked, err);
}

void root_look_hint(const char *command, const char *path, struct error *err)
{
	struct looked looked = look_at(path);
	autofree char *config = path_join(path, "config.json");

	if (looked.kind == ROOT_BUNDLE && access(config, F_OK) == 0)
		error_hint(err, "'%s' is a bundle: `urun %s --bundle %s ID`", path, command, path);
	else if (looked.kind == ROOT_SYSTEM)
		error_hint(err, "'%s' is a directory: `urun %s --rootfs %s`", path, command, path);
	else if (looked.kind != ROOT_UNKNOWN && looked.kind != ROOT_FILE &&
		 looked.kind != ROOT_EMPTY)
		hint_at_root(&looked, path, err);
}
