/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_MOUNT_PLAN_H
#define URUN_CONFIG_MOUNT_PLAN_H

#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/config/mount_options.h"

/* One line of the plan.  The strings are the config's, or the plan's arena's. */
struct mount_step {
	size_t index; /* in the config's mounts */
	enum mount_kind kind;
	const char *type;	 /* of a new file system, else NULL; a cgroup's is "cgroup2" */
	const char *source;	 /* of a bind; else only what a file system shows, or NULL */
	const char *destination; /* lexically clean, absolute, never "/" */
	struct mount_options options;
	const char
		*uid_map; /* of an idmapped mount, for /proc/PID/uid_map; NULL: the container's */
	const char *gid_map;
	/*
	 * The source of a bind, opened (O_PATH) with the caller's rights, for where ours don't
	 * suffice. Another descriptor, or -1: the caller couldn't open it.  The plan doesn't close
	 * it.
	 */
	int source_fd;
	/*
	 * A context of fsopen(2) that was made in another namespace than ours; -1: it is made when
	 * the step is applied.  The plan doesn't close it.
	 */
	int context_fd;
	/*
	 * A detached mount that is attached in place of what the step says; -1: none.  The plan
	 * doesn't close it.
	 */
	int tree_fd;
	/*
	 * The source of a bind, cloned and idmapped by the parent, which has rights over its file
	 * system; -1: init does both.  The plan doesn't close it.
	 */
	int idmapped_fd;
	const char *lines; /* for x-urun-lines: the lines to add; the config's */
	/*
	 * Other mounts or devices are put into this new file system: if it is to be read-only,
	 * rootfs_finish() makes it so.
	 */
	bool filled_later;
};

/* All mounts of a container, in their order.  Start from all zero. */
struct mount_plan {
	struct arena arena;
	LIST_OF(struct mount_step) steps;
	const char *context;		/* SELinux: linux.mountLabel; NULL: none */
	const char *context_type;	/* "context", "rootcontext" … */
	const struct config_user *user; /* of the program; NULL: there is none.  The config's */
	enum mount_propagation root_propagation; /* linux.rootfsPropagation */
	/* The options of a mount set its propagation (slave, rshared …). */
	bool has_propagations;
	bool own_pid_namespace; /* which ones are new decides what the kernel lets us mount */
	bool own_ipc_namespace;
	/*
	 * The container is in the host's user namespace, as containers of root are: the kernel doesn't
	 * restrict its mounts and devices.  Set by the reader of the plan, and not packed.
	 */
	bool has_host_rights;
	bool root_nodev; /* device files in the root file system don't open; set likewise */
};

/* A new file system, and not a bind or a change of what is mounted already? */
bool mount_kind_is_filesystem(enum mount_kind kind);

/*
 * Makes the plan, and looks at nothing but the config.  Refused: a mount on "/", no type and no
 * bind, a bind without source, anything on /proc that isn't proc or a bind, a wrong idmap.  The
 * error begins with "mounts[N]: ". @config must live as long as the plan.
 * Source: OCI runtime-spec 1.3, config.md "Mounts".
 */
int mount_plan_make(const struct container_config *config, struct mount_plan *ret_plan,
		    struct error *err);

/*
 * Warns of options that a bind ignores, so that nobody relies on a limit (size=1m) that isn't set.
 * Runs in: parent.
 */
void mount_plan_warn(const struct mount_plan *plan);

/* Appends the steps, a line each, indented: "  bind /srv/data on /data: bind,rbind,ro". */
void mount_plan_print(const struct mount_plan *plan, struct strbuf *out);

/* Takes NULL and what is all zero. */
void mount_plan_release(struct mount_plan *plan);

#define automountplan __attribute__((cleanup(mount_plan_release)))

#endif
