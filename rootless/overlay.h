/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_OVERLAY_H
#define URUN_ROOTLESS_OVERLAY_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "rootless/userns.h"

/*
 * The overlay over a root file system (annotation org.urun.overlay) that the kernel can't make:
 *   - the files belong to ids that the container doesn't have, such as the host's own ids.  In the
 *     kernel's overlay nobody could change these files; fuse-overlayfs shows them as the
 *     container's root's;
 *   - there are mounts below the root file system, as in the root of a running system.  Files have
 *     their owners there;
 *   - parts of the root file system are hidden (annotation org.urun.hidden);
 *   - the container has other ids than the layers of an image (annotation org.urun.layers), as with
 *     keep-id: fuse-overlayfs shows each file with the id that the image gives it.
 * Init mounts the FUSE file system, and the parent starts fuse-overlayfs, which serves it.  The
 * program ends with the last mount namespace that has the mount: the container's.
 * Runs in: parent.  Source: fuse-overlayfs(1), uidmapping; fuse(4).
 */
#define OVERLAY_PROGRAM "fuse-overlayfs"

struct overlay {
	bool by_fuse;
	bool is_view; /* no overlay can be had: the host's system is shown read-only (core/rootfs/view.h) */
	/*
	 * Files of owners without a mapping are shown as the container's root's; where there is no id
	 * 0, as the caller's.
	 */
	bool squash;
	/* The ids that the owners of layers are written in; NULL: they are the container's own. */
	struct userns_plan *layer_ids;
	const char *where; /* the annotation's value: "tmpfs", or the directory for the changes */
	const char *lower; /* the config's root.path */
	struct str_list layers; /* config_layers(): root.path is the first */
	/* The value of the annotation org.urun.hidden: absolute paths in lower, one on each
	   line; NULL: none. */
	const char *hidden;
	bool keep_groups;		  /* the server keeps the caller's supplementary groups */
	const struct userns_plan *userns; /* borrowed */
	uid_t caller;
	char *program; /* path of fuse-overlayfs */
	pid_t server;  /* the process that serves; 0: none was started */
};

/* fuse-overlayfs needs a device and the program.  Both functions fail with the fix. */
int overlay_check_device(struct error *err);
int overlay_find_program(const struct host *host, char ret_path[static HOST_PATH_SIZE],
			 struct error *err);

/*
 * Looks at the root file system and at the host, and decides whether the overlay needs
 * fuse-overlayfs.  Where fuse-overlayfs is needed and can't run, fails with the fix, or, for the host's own system with
 * changes in memory, warns and chooses the view.  Release with
 * overlay_release(); @config and @userns must live longer.
 */
int overlay_choose(const struct container_config *config, const struct userns_plan *userns,
		   struct overlay *ret_overlay, struct error *err);
void overlay_release(struct overlay *overlay);

/*
 * Starts the program that serves @fuse_fd, after init has mounted the file system.  The program is
 * confined as rootless/overlay_server.c says.  Takes over *fuse_fd.  Fails with ERROR_CAUSE_OVERLAY.
 */
int overlay_serve(struct overlay *overlay, int *fuse_fd, struct error *err);

/*
 * After the start of the container has failed with @err: if the server had ended before, its end
 * becomes the error, with ERROR_CAUSE_OVERLAY.  (Without a server the kernel answers every access to a file with ENOTCONN.)
 */
void overlay_explain(const struct overlay *overlay, struct error *err);

#endif
