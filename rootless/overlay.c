// SPDX-License-Identifier: Apache-2.0
// Runs in: parent; cloned_main in the process that becomes fuse-overlayfs.
#include "rootless/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/mountinfo.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/layers.h"
#include "rootless/overlay_server.h"
#include "rootless/package.h"

#define DEVICE "/dev/fuse"

/* ---- before any process exists ---- */

int overlay_check_device(struct error *err)
{
	autoclose int fuse = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fuse >= 0)
		return 0;
	error_set(err, errno, "open %s", DEVICE);
	return err->code == ENOENT ? error_hint(err, "run `modprobe fuse` as root; in a container, "
						     "start the container with --device /dev/fuse")
				   : error_hint(err, "run `chmod 666 %s` as root", DEVICE);
}

int overlay_find_program(const struct host *host, char ret_path[static HOST_PATH_SIZE],
			 struct error *err)
{
	static const struct package fuse_overlayfs = { OVERLAY_PROGRAM, OVERLAY_PROGRAM,
						       OVERLAY_PROGRAM, OVERLAY_PROGRAM };
	char install[PACKAGE_FIX_SIZE];

	if (host_find_program(host, OVERLAY_PROGRAM, ret_path))
		return 0;
	package_fix(host, &fuse_overlayfs, install);
	error_set(err, 0, "not installed");
	return error_hint(err, "%s", install);
}

static int check_host(const struct userns_plan *userns, const char *reason, struct overlay *overlay,
		      struct error *err)
{
	char path[HOST_PATH_SIZE];

	if (overlay_check_device(err) < 0 || overlay_find_program(&userns->host, path, err) < 0)
		return error_prefix(err, "overlay over %s: %s, and so it needs the program %s",
				    overlay->lower, reason, OVERLAY_PROGRAM);
	overlay->program = str_dup(path);
	return 0;
}

static bool mount_is_below(const char *path, const char *directory)
{
	return !str_equal(path, directory) &&
	       (str_equal(directory, "/") || path_is_in(path, directory));
}

/*
 * In the mount namespace of a new user namespace, all mounts are locked, so that nobody inside
 * looks below them.  The kernel makes no overlay of a directory with locked mounts below: EINVAL.
 * Source: mount_namespaces(7).
 */
static bool have_mounts_below(const struct str_list *directories)
{
	autotextlist struct str_list real = { 0 };
	autofree char *text = NULL;
	struct mountinfo mount;
	size_t size;
	char *rest;

	for (size_t i = 0; i < directories->count; i++) {
		char *path = realpath(directories->items[i], NULL);

		if (path)
			str_list_add(&real, path);
	}
	if (fd_read_file("/proc/self/mountinfo", MOUNTINFO_SIZE_MAX, &text, &size) < 0)
		return false;
	rest = text;
	while (mountinfo_next(&rest, &mount))
		for (size_t i = 0; i < real.count; i++)
			if (mount_is_below(mount.point, real.items[i]))
				return true;
	return false;
}

/* Any name, which no file has. */
#define OVERLAY_ATTRIBUTE "user.urun.overlay"

/*
 * The kernel needs attributes of the upper layer, to tell a new directory from changes of the lower one;
 * fuse-overlayfs writes files with reserved names instead.  The look changes nothing: a file system
 * without attributes answers the question for any name with EOPNOTSUPP.
 */
static bool has_no_attributes(const char *where)
{
	autofree char *above = NULL;

	if (where[0] != '/' || getxattr(where, OVERLAY_ATTRIBUTE, NULL, 0) >= 0)
		return false;
	if (errno != ENOENT)
		return errno == EOPNOTSUPP;
	/* The start makes the directory, on the file system of the one above. */
	above = path_clean(where);
	*strrchr(above, '/') = '\0';
	return getxattr(*above ? above : "/", OVERLAY_ATTRIBUTE, NULL, 0) < 0 &&
	       errno == EOPNOTSUPP;
}

/* Why the kernel can't make this overlay; NULL: it can. */
static const char *reason_for_fuse(const struct overlay *overlay)
{
	if (overlay->userns->mode != USERNS_INHERIT && overlay->squash)
		return "its files belong to ids that the container doesn't have";
	if (overlay->layer_ids)
		return "the container's ids aren't those of the image's files";
	if (overlay->userns->mode != USERNS_INHERIT && have_mounts_below(&overlay->layers))
		return "there are mounts below it";
	if (has_no_attributes(overlay->where))
		return "the directory for changes is on a file system without extended attributes";
	/* The kernel's overlay shows the files below a mount, so a mount could cover nothing. */
	return overlay->hidden ? "parts of it are to be hidden" : NULL;
}

/* Refuses annotations with other values than they may have, before anything is made. */
static int check_overlay_annotations(const struct overlay *overlay, struct error *err)
{
	const char *line = overlay->hidden;

	if (overlay->where && overlay->where[0] != '/' &&
	    !str_equal(overlay->where, CONFIG_OVERLAY_IN_MEMORY))
		return error_set(err, 0,
				 "annotation " CONFIG_ANNOTATION_OVERLAY
				 ": '%s' is neither an absolute "
				 "path nor " CONFIG_OVERLAY_IN_MEMORY,
				 overlay->where);
	if (line && !overlay->where)
		return error_set(err, 0,
				 "annotation " CONFIG_ANNOTATION_HIDDEN
				 ": nothing can be hidden without " CONFIG_ANNOTATION_OVERLAY);
	for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (line[0] != '/')
			return error_set(err, 0,
					 "annotation " CONFIG_ANNOTATION_HIDDEN
					 ": each line must be an absolute path");
	return 0;
}

/*
 * The container's root has another id outside than the caller, who is the root of the layers, as with
 * keep-id: then the layers' owners must be shown as other ids than they are.  Where the caller has no
 * id in the container, this can't be done: the files are shown as those of owners without a mapping.
 */
static int find_layer_ids(const struct container_config *config, struct overlay *overlay,
			  struct error *err)
{
	const struct idmap *uids = &overlay->userns->uids;
	autofree struct userns_caller *caller = NULL;
	autofree struct userns_plan *plan = NULL;
	uint32_t root;

	if (!config_has_layers(config) || overlay->userns->mode == USERNS_INHERIT ||
	    overlay->squash || idmap_to_outer(uids, 0, &root) < 0 || root == overlay->caller)
		return 0;
	caller = mem_alloc(sizeof(*caller));
	plan = mem_alloc(sizeof(*plan));
	if (userns_caller_read(&overlay->userns->host, caller, err) < 0 ||
	    userns_plan_default(caller, plan, err) < 0)
		return -1;
	overlay->layer_ids = take_ptr(plan);
	return 0;
}

/* Where that can't be told, the answer is the careful one. */
static bool is_host_root(const struct overlay *overlay)
{
	autofree struct userns_caller *caller = mem_alloc(sizeof(*caller));
	struct error ignored = ERROR_NONE;

	return userns_caller_read(&overlay->userns->host, caller, &ignored) < 0 ||
	       userns_caller_is_host_root(caller);
}

/*
 * A socket in a view is the host's own, which root of the host, whose ids are the container's, could command.
 * A process with CAP_SYS_ADMIN could make the binds of a view writable, and change the caller's files on the
 * host: so neither the container has it, nor another one in a user namespace that is joined.  (What comes later is
 * refused by the state's shows_host.)  And a directory for changes would stay empty.
 */
static bool can_be_view(const struct container_config *config, const struct overlay *overlay)
{
	const struct config_namespace *user = config_find_namespace(config, CONFIG_NS_USER);

	return overlay->hidden && str_equal(overlay->lower, "/") && overlay->layers.count == 1 &&
	       str_equal(overlay->where, CONFIG_OVERLAY_IN_MEMORY) &&
	       !config_may_get(config->process, CAP_SYS_ADMIN) && !(user && user->path) &&
	       !is_host_root(overlay);
}

static int choose_by_layers(const struct container_config *config, struct overlay *overlay,
			    struct error *err)
{
	struct error unserved = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	const char *reason;
	struct stat st = { 0 }; /* there is one layer at least */

	if (config_layers(config, &overlay->layers, err) < 0)
		return -1;
	/* The top layer comes last: its root decides. */
	for (size_t i = overlay->layers.count; i-- > 0;)
		if (stat(overlay->layers.items[i], &st) < 0)
			return error_set(err, errno, "root file system %s",
					 overlay->layers.items[i]);
	overlay->squash = !idmap_maps_outer(&overlay->userns->uids, st.st_uid);
	if (find_layer_ids(config, overlay, err) < 0)
		return -1;
	reason = reason_for_fuse(overlay);
	if (!reason)
		return 0;
	if (check_host(overlay->userns, reason, overlay, &unserved) == 0) {
		overlay->by_fuse = true;
		return 0;
	}
	if (!can_be_view(config, overlay))
		return error_take(err, &unserved);
	overlay->is_view = true;
	log_warning_once("the host's system can't be changed in this sandbox, not even by root: %s",
			 error_format(&unserved, line));
	return 0;
}

int overlay_choose(const struct container_config *config, const struct userns_plan *userns,
		   struct overlay *ret_overlay, struct error *err)
{
	struct overlay overlay = {
		.where = config_annotation(config, CONFIG_ANNOTATION_OVERLAY),
		.lower = config->root->path,
		.hidden = config_annotation(config, CONFIG_ANNOTATION_HIDDEN),
		.keep_groups = config_keeps_groups(config),
		.userns = userns,
		.caller = geteuid(),
	};

	if (check_overlay_annotations(&overlay, err) < 0)
		return -1;
	if (!overlay.where && !config_has_layers(config))
		return 0;
	if (choose_by_layers(config, &overlay, err) < 0) {
		overlay_release(&overlay);
		return -1;
	}
	*ret_overlay = overlay;
	return 0;
}

void overlay_release(struct overlay *overlay)
{
	free(overlay->program);
	free(overlay->layer_ids);
	str_list_release_texts(&overlay->layers);
	overlay->program = NULL;
	overlay->layer_ids = NULL;
}

/* ---- the process that serves the overlay ---- */

/*
 * Why the child couldn't become the server.  The child sends this over a pipe; the end of the pipe
 * without it means that the program runs.
 */
struct failure {
	int code;	 /* errno or 0 */
	char text[1536]; /* of a struct error */
};

/*
 * Process boundary: a fork of the parent, in its own user namespace.  The parent closes its end of
 * @go after it has written the maps.  If the parent dies before, this process goes on without ids,
 * and fails at its first steps.
 */
static _Noreturn void cloned_main(const struct overlay *overlay, int fuse_fd, int pipe_fd, int go)
{
	struct error err = ERROR_NONE;
	struct failure failure = { 0 };
	ssize_t got;
	char byte;

	do
		got = read(go, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		error_set(&err, errno, "wait for the maps of its user namespace");
	else
		overlay_server_become(overlay, fuse_fd, &err);
	failure.code = err.code;
	snprintf(failure.text, sizeof(failure.text), "%s", err.text);
	/* Smaller than PIPE_BUF, so written whole or not at all. */
	while (write(pipe_fd, &failure, sizeof(failure)) < 0 && errno == EINTR)
		;
	_exit(1);
}

/* Waits until the program runs: execve closes the child's end of the pipe. */
static int await_server(const struct overlay *overlay, int reads, struct error *err)
{
	struct failure failure;
	ssize_t got;

	do
		got = read(reads, &failure, sizeof(failure));
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return 0;
	if (got != sizeof(failure))
		return error_set(err, got < 0 ? errno : EPROTO, "overlay: start %s",
				 overlay->program);
	failure.text[sizeof(failure.text) - 1] = '\0';
	return error_set(err, failure.code, "overlay: start %s: %s", overlay->program,
			 failure.text);
}

/*
 * The server runs in a user namespace of its own, with the container's ids.  In the container's
 * user namespace the container's root would have every capability over the server.  It could trace
 * the program (CAP_SYS_PTRACE), or enter its mount namespace and unmount the covers
 * (CAP_SYS_ADMIN), and so reach the host's files.
 */
static int start_server(struct overlay *overlay, int fuse_fd, struct error *err)
{
	autofree struct userns_plan *twin = mem_alloc(sizeof(*twin));
	autoclose int reads = -1, writes = -1, waits = -1, go = -1;
	int ends[2], wait_ends[2], result;
	pid_t pid;

	if (userns_plan_twin(overlay->userns, twin, err) < 0)
		return error_prefix(err, "overlay: start %s", overlay->program);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "overlay: make a pipe");
	reads = ends[0];
	writes = ends[1];
	if (pipe2(wait_ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "overlay: make a pipe");
	waits = wait_ends[0];
	go = wait_ends[1];
	pid = userns_fork(twin, err);
	if (pid == 0) {
		close(go);
		cloned_main(overlay, fuse_fd, writes, waits);
	}
	if (pid < 0)
		return error_prefix(err, "overlay: start %s", overlay->program);
	fd_close(&writes);
	result = userns_write_maps(pid, twin, err);
	if (result < 0) {
		error_prefix(err, "overlay: start %s", overlay->program);
		kill(pid, SIGKILL);
	}
	fd_close(&go);
	if (result < 0 || await_server(overlay, reads, err) < 0)
		return -1;
	overlay->server = pid;
	return 0;
}

int overlay_serve(struct overlay *overlay, int *fuse_fd, struct error *err)
{
	int result = 0;

	if (!str_equal(overlay->where, CONFIG_OVERLAY_IN_MEMORY) &&
	    mkdir(overlay->where, 0700) < 0 && errno != EEXIST)
		result = error_set(err, errno, "overlay: make %s", overlay->where);
	if (result == 0)
		result = start_server(overlay, *fuse_fd, err);
	fd_close(fuse_fd);
	if (result < 0)
		err->cause = ERROR_CAUSE_OVERLAY;
	return result;
}

/*
 * When the server dies, the kernel closes its descriptors first, and we see ENOTCONN; the process
 * has ended a moment later.
 */
#define END_TIMEOUT_MS 500

/*
 * Returns whether the server has ended; with @soon, waits a moment for its end.  Leaves the zombie
 * to the code that reaps our children.
 */
static bool server_has_ended(pid_t server, bool soon, siginfo_t *ret_info)
{
	int64_t deadline = clock_ms() + (soon ? END_TIMEOUT_MS : 0);

	for (;;) {
		*ret_info = (siginfo_t){ 0 };
		if (waitid(P_PID, (id_t)server, ret_info, WEXITED | WNOHANG | WNOWAIT) < 0 &&
		    errno != EINTR)
			return false;
		if (ret_info->si_pid == server)
			return true;
		if (clock_ms() >= deadline)
			return false;
		usleep(1000);
	}
}

/*
 * fuse-overlayfs reads this file.  A /proc that the host has mounted with subset=pid shows processes
 * only.  Source: proc(5), "Mount options".
 */
#define OVERFLOW_UID "/proc/sys/kernel/overflowuid"

void overlay_explain(const struct overlay *overlay, struct error *err)
{
	char line[16];
	siginfo_t info;

	/* A server that ended with status 0 isn't the cause: the container had ended before. */
	if (overlay->server <= 0 ||
	    !server_has_ended(overlay->server, err->code == ENOTCONN || err->code == ECONNABORTED,
			      &info) ||
	    (info.si_code == CLD_EXITED && info.si_status == 0))
		return;
	if (info.si_code == CLD_EXITED)
		error_set(err, 0, "%s ended with status %d", overlay->program, info.si_status);
	else
		error_set_killed(err, overlay->program, info.si_status, "");
	error_prefix(err, "overlay");
	if (info.si_code == CLD_EXITED &&
	    host_read_line(&overlay->userns->host, OVERFLOW_UID, line, sizeof(line)) == -ENOENT)
		error_hint(err, "fuse-overlayfs reads " OVERFLOW_UID ", which this host does not "
				"show: mount /proc without the option subset=pid");
	err->cause = ERROR_CAUSE_OVERLAY;
}
