// SPDX-License-Identifier: Apache-2.0
// Runs in: parent; the functions named child_… in the process that becomes fuse-overlayfs.
#include "core/parent/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/mountinfo.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "rootless/package.h"

#define PROGRAM "fuse-overlayfs"
#define DEVICE	"/dev/fuse"

/* ---- before any process exists ---- */

int overlay_check_device(struct error *err)
{
	autoclose int fuse = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fuse >= 0)
		return 0;
	error_set(err, errno, "open %s", DEVICE);
	return err->code == ENOENT ? error_hint(err, "run `modprobe fuse` as root; in a container, "
						     "start that with --device /dev/fuse")
				   : error_hint(err, "run `chmod 666 %s` as root", DEVICE);
}

int overlay_find_program(const struct host *host, char ret_path[static HOST_PATH_SIZE],
			 struct error *err)
{
	static const struct package fuse_overlayfs = { PROGRAM, PROGRAM, PROGRAM, PROGRAM };
	char install[PACKAGE_MEND_SIZE];

	if (host_find_program(host, PROGRAM, ret_path))
		return 0;
	package_mend(host, &fuse_overlayfs, install);
	error_set(err, 0, "not installed");
	return error_hint(err, "%s", install);
}

static int check_host(const struct userns_plan *userns, struct overlay *overlay, struct error *err)
{
	char path[HOST_PATH_SIZE];

	if (overlay_check_device(err) < 0)
		return error_prefix(err, "overlay over %s", overlay->lower);
	if (overlay_find_program(&userns->host, path, err) < 0)
		return error_prefix(
			err, "overlay over %s: %s, which takes the program %s", overlay->lower,
			overlay->squash ? "its files belong to ids that the container doesn't have"
					: "there are mounts below it",
			PROGRAM);
	overlay->program = str_dup(path);
	return 0;
}

/*
 * A new user namespace gets them locked, so that nobody looks below, and the kernel makes no
 * overlay of a folder that has some: EINVAL.  Source: mount_namespaces(7).
 */
static bool has_mounts_below(const char *folder)
{
	autofree char *text = NULL, *real = realpath(folder, NULL);
	struct mountinfo mount;
	size_t size, length;
	char *rest;

	if (!real || fd_read_file("/proc/self/mountinfo", MOUNTINFO_SIZE_MAX, &text, &size) < 0)
		return false;
	length = str_equal(real, "/") ? 0 : strlen(real);
	rest = text;
	while (mountinfo_next(&rest, &mount))
		if (strncmp(mount.point, real, length) == 0 && mount.point[length] == '/' &&
		    mount.point[length + 1] != '\0')
			return true;
	return false;
}

int overlay_choose(const struct container_config *config, const struct userns_plan *userns,
		   struct overlay *ret_overlay, struct error *err)
{
	struct overlay overlay = { .where = config_annotation(config, CONFIG_ANNOTATION_OVERLAY),
				   .lower = config->root->path };
	struct stat st;

	if (!overlay.where)
		return 0;
	if (stat(overlay.lower, &st) < 0)
		return error_set(err, errno, "root file system %s", overlay.lower);
	overlay.squash = !idmap_maps_outer(&userns->uids, st.st_uid);
	overlay.by_fuse = userns->mode != USERNS_INHERIT &&
			  (overlay.squash || has_mounts_below(overlay.lower));
	if (overlay.by_fuse && check_host(userns, &overlay, err) < 0)
		return -1;
	*ret_overlay = overlay;
	return 0;
}

void overlay_release(struct overlay *overlay)
{
	free(overlay->program);
	overlay->program = NULL;
}

/* ---- the process that serves it ---- */

struct places {
	char *folder; /* what is changed, and what is needed beside it */
	char *upper;
	char *work;
};

static void places_release(struct places *places)
{
	free(places->folder);
	free(places->upper);
	free(places->work);
}

static struct places places_of(const struct overlay *overlay, const struct state_dir *dir)
{
	bool in_memory = str_equal(overlay->where, CONFIG_OVERLAY_IN_MEMORY);
	char *folder = in_memory ? str_format("%s/%s", dir->path, STATE_FOLDER_OVERLAY)
				 : str_dup(overlay->where);

	return (struct places){ .folder = folder,
				.upper = str_format("%s/upper", folder),
				.work = str_format("%s/work", folder) };
}

/* Its options are divided by commas, and the layers of lowerdir by colons. */
static int check_path(const char *path, struct error *err)
{
	if (path[strcspn(path, ",:\\")])
		return error_set(err, 0,
				 "overlay: %s takes no path with a comma, colon or backslash: %s",
				 PROGRAM, path);
	return 0;
}

static int make_folder(const char *path, struct error *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_set(err, errno, "overlay: make %s", path);
	return 0;
}

/*
 * ORDER: the user namespace first, whose capabilities the mount takes; then a mount namespace, which
 * keeps the tmpfs to this process, and its root where it is when the container pivots.
 */
static int child_enter(const struct overlay *overlay, const struct places *places, int userns_fd)
{
	if (setns(userns_fd, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	if (str_equal(overlay->where, CONFIG_OVERLAY_IN_MEMORY) &&
	    mount("tmpfs", places->folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return -errno;
	if ((mkdir(places->upper, 0755) < 0 && errno != EEXIST) ||
	    (mkdir(places->work, 0755) < 0 && errno != EEXIST))
		return -errno;
	return 0;
}

/* Process boundary: of ours it has the FUSE descriptor alone, an engine waits for all others. */
static int child_execute(const struct overlay *overlay, const struct places *places, int fuse_fd)
{
	autofree char *options =
		str_format("lowerdir=%s,upperdir=%s,workdir=%s%s", overlay->lower, places->upper,
			   places->work, overlay->squash ? ",squash_to_root" : "");
	char mountpoint[32];
	char *const argv[] = { (char *)(uintptr_t)PROGRAM,
			       (char *)(uintptr_t) "-f",
			       (char *)(uintptr_t) "-o",
			       options,
			       mountpoint,
			       NULL };
	char *const envp[] = { (char *)(uintptr_t) "PATH=/usr/bin:/bin:/usr/sbin:/sbin", NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	snprintf(mountpoint, sizeof(mountpoint), "/dev/fd/%d", fuse_fd);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			return -errno;
	if (fd_cloexec_from(STDERR_FILENO + 1) < 0 || fd_clear_cloexec(fuse_fd) < 0)
		return -errno;
	execve(overlay->program, argv, envp);
	return -errno;
}

/* Tells why it failed over the pipe, whose end says that the program was executed. */
static _Noreturn void child_main(const struct overlay *overlay, const struct places *places,
				 int userns_fd, int fuse_fd, int pipe_fd)
{
	int failed = child_enter(overlay, places, userns_fd);

	if (failed == 0)
		failed = child_execute(overlay, places, fuse_fd);
	while (write(pipe_fd, &failed, sizeof(failed)) < 0 && errno == EINTR)
		;
	_exit(1);
}

static int start(const struct overlay *overlay, const struct places *places, int userns_fd,
		 int fuse_fd, struct error *err)
{
	autoclose int reads = -1, writes = -1;
	int ends[2], failed = 0;
	ssize_t got;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "overlay: make a pipe");
	reads = ends[0];
	writes = ends[1];
	pid = fork();
	if (pid == 0)
		child_main(overlay, places, userns_fd, fuse_fd, writes);
	if (pid < 0)
		return error_set(err, errno, "overlay: make a process for %s", PROGRAM);
	fd_close(&writes);
	do
		got = read(reads, &failed, sizeof(failed));
	while (got < 0 && errno == EINTR);
	return got == 0 ? 0 : error_set(err, -failed, "overlay: start %s", overlay->program);
}

int overlay_serve(const struct overlay *overlay, const struct state_dir *dir, int userns_fd,
		  int *fuse_fd, struct error *err)
{
	struct places places = places_of(overlay, dir);
	int result = -1;

	if (check_path(overlay->lower, err) == 0 && check_path(places.folder, err) == 0 &&
	    make_folder(places.folder, err) == 0)
		result = start(overlay, &places, userns_fd, *fuse_fd, err);
	places_release(&places);
	fd_close(fuse_fd);
	return result;
}
