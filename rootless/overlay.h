/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_OVERLAY_H
#define URUN_ROOTLESS_OVERLAY_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "rootless/userns.h"

/*
 * The overlay of a root file system (annotation org.urun.overlay) whose files belong to ids that the
 * container doesn't have, such as the host's own: the kernel's overlay lets nobody change those, so
 * fuse-overlayfs serves it, with all files the container's root's.  It serves one with mounts below
 * too, as a container's own root is, with the owners that its files have; and one of which parts are hidden.  Init mounts it; the program
 * ends when the last mount namespace that has it does, which is the container's.
 * Runs in: parent.  Source: fuse-overlayfs(1), squash_to_root; fuse(4).
 */
#define OVERLAY_PROGRAM "fuse-overlayfs"

struct overlay {
	bool by_fuse;
	bool squash;	   /* all files are shown as the container's root's */
	const char *where; /* the annotation's value: "tmpfs", or the folder for what is changed */
	const char *lower; /* the config's root.path */
	/* The value of the annotation org.urun.hidden: absolute paths inside of lower, one a line;
	   NULL: none. */
	const char *hidden;
	bool keep_groups; /* the caller's supplementary groups are the server's too */
	const struct userns_plan *userns; /* lives longer */
	char *program;			  /* its path */
	pid_t server;			  /* the process that serves; 0: none was started */
};

/* What fuse-overlayfs takes of a host: a device, and the program.  Both fail with the mend. */
int overlay_check_device(struct error *err);
int overlay_find_program(const struct host *host, char ret_path[static HOST_PATH_SIZE],
			 struct error *err);

/*
 * Looks at the root file system and at what the host has.  Fails, with the mend, where fuse-overlayfs
 * is needed and can't be had.  Release with overlay_release(); @config and @userns live longer.
 */
int overlay_choose(const struct container_config *config, const struct userns_plan *userns,
		   struct overlay *ret_overlay, struct error *err);
void overlay_release(struct overlay *overlay);

/*
 * Init has mounted it: starts the program that serves @fuse_fd, confined as
 * rootless/overlay_server.h says.  Takes over *fuse_fd.
 */
int overlay_serve(struct overlay *overlay, int *fuse_fd, struct error *err);

/*
 * The start has failed with @err: where the process that serves had failed first, its end becomes the
 * error.  (The kernel answers all that asks for a file then, with ENOTCONN.)
 */
void overlay_explain(const struct overlay *overlay, struct error *err);

/* Is it the overlay itself that couldn't be made or served?  By the words of this file and of init's. */
bool overlay_is_cause(const struct error *err);

#endif
