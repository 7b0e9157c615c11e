/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_PLAN_H
#define URUN_CGROUP_PLAN_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/cgroup/limits.h"
#include "core/config/config.h"

/* The one that makes a container's cgroup. */
enum cgroup_manager {
	CGROUP_AUTO, /* nothing was said: we, and systemd where limits are asked for that only it can
			give */
	CGROUP_CGROUPFS, /* we, below what is delegated to us */
	CGROUP_SYSTEMD,	 /* systemd, as a transient scope */
	CGROUP_DISABLED, /* nobody: no file of a cgroup is touched */
};

/* "cgroupfs", "systemd", "disabled"; the error names the option. */
int cgroup_manager_parse(const char *text, enum cgroup_manager *ret_manager, struct error *err);

/* Where a container's processes will be.  Release with cgroup_plan_release(). */
struct cgroup_plan {
	enum cgroup_manager manager; /* CGROUPFS, SYSTEMD, or DISABLED: there is none */
	char *path;		     /* CGROUPFS: the cgroup to be made */
	char *made;		     /* the topmost that was made for it: what is to be removed */
	char *slice;		     /* SYSTEMD */
	char *unit;		     /* SYSTEMD: "PREFIX-NAME.scope" */
	char *subgroup;		     /* SYSTEMD: below the scope; NULL: the scope's own */
	bool user_bus;		     /* SYSTEMD: the user's, not the system's */
	int fd;			     /* CGROUPFS: the cgroup's folder, for clone3(2); else -1 */
	bool started;		     /* SYSTEMD: there is a scope to be taken away */
	bool optional;		     /* nobody asked: where it can't be made, there is none */
	struct cgroup_settings settings;
};

#define CGROUP_PLAN_NONE ((struct cgroup_plan){ .manager = CGROUP_DISABLED, .fd = -1 })
void cgroup_plan_release(struct cgroup_plan *plan);

struct cgroup_request {
	enum cgroup_manager manager;
	const char *id;
	bool host_root;	     /* root of the host's first user namespace: the system's bus */
	bool ignore_refusal; /* --rootless=true: a cgroup that can't be made and isn't needed */
};

/*
 * Decides, and refuses what can't be: limits on a host without cgroup version 2, or where nothing
 * is delegated.  Nothing is made.  Without limits and without cgroupsPath a host that gives no
 * cgroup is no error: the container stays in the caller's.
 */
int cgroup_plan_make(const struct cgroup_request *request, const struct container_config *config,
		     struct cgroup_plan *ret_plan, struct error *err);

/*
 * Makes the cgroup with its limits (CGROUPFS), before the process that is cloned into it.  For the
 * others there is nothing to do yet.
 */
int cgroup_plan_create(struct cgroup_plan *plan, struct error *err);

/*
 * Brings @pid in: a systemd scope is made of it, with the limits; a cgroup of ours is entered, if
 * @pid was not cloned into it.  plan->path is the cgroup afterwards.
 * Runs in: parent, while @pid waits.
 */
int cgroup_plan_enter(struct cgroup_plan *plan, pid_t pid, const struct container_config *config,
		      struct error *err);

/*
 * What is left of a container's cgroup: its processes are killed, it and what was made above it is
 * removed, its scope taken away.  Each text may be NULL.
 */
struct cgroup_left {
	const char *path;
	const char *made; /* the topmost that was made on the way to @path */
	const char *unit;
	bool user_bus;
};
int cgroup_destroy(const struct cgroup_left *left, struct error *err);

#endif
