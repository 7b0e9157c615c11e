/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_PLAN_H
#define URUN_CGROUP_PLAN_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/cgroup/device_rules.h"
#include "core/cgroup/limits.h"
#include "core/config/config.h"

/* Which program makes a container's cgroup. */
enum cgroup_manager {
	CGROUP_AUTO,	 /* no option: urun, or systemd where only systemd can give the limits */
	CGROUP_CGROUPFS, /* urun, below a cgroup that is delegated to the caller */
	CGROUP_SYSTEMD,	 /* systemd, as a transient scope */
	CGROUP_DISABLED, /* none: no file of a cgroup is touched */
};

/* Parses "cgroupfs", "systemd" or "disabled"; the error names the option. */
int cgroup_manager_parse(const char *text, enum cgroup_manager *ret_manager, struct error *err);

/* The cgroup of a container that is to be made.  Release with cgroup_plan_release(). */
struct cgroup_plan {
	enum cgroup_manager manager; /* CGROUPFS, SYSTEMD, or DISABLED: there is none */
	char *path;		     /* CGROUPFS: the cgroup to make */
	char *made;	     /* the topmost cgroup that was made for it, to be removed with it */
	char *slice;	     /* SYSTEMD */
	char *unit;	     /* SYSTEMD: "PREFIX-NAME.scope" */
	char *subgroup;	     /* SYSTEMD: a cgroup below the scope's; NULL: the scope's own */
	bool user_bus;	     /* SYSTEMD: the user's systemd, not the system's */
	int fd;		     /* CGROUPFS: the cgroup's directory, for clone3(2); else -1 */
	bool started;	     /* SYSTEMD: the scope was made, and is to be stopped at the end */
	bool is_named_by_id; /* CGROUPFS: the config has no path */
	bool optional;	     /* not asked for: where it can't be made, the container has none */
	struct cgroup_settings settings;
	struct device_rules devices; /* to be enforced; none: devices aren't restricted */
	bool needs_devices;	     /* without its device rules the container must not run */
};

#define CGROUP_PLAN_NONE ((struct cgroup_plan){ .manager = CGROUP_DISABLED, .fd = -1 })
void cgroup_plan_release(struct cgroup_plan *plan);

/* What becomes of linux.resources.devices. */
enum cgroup_devices {
	/* The caller isn't root of the host, and so may neither make device nodes nor load programs
	 * into the kernel: the container can open what is bound and what the caller may open. */
	CGROUP_DEVICES_IGNORED,
	/*
	 * Root's container in a user namespace, which can't make device nodes, but may find some in
	 * its root file system: the rules are enforced if the config has any and there is a cgroup.
	 */
	CGROUP_DEVICES_IF_ASKED,
	/* Root's container in the host's user namespace: no cgroup, no container. */
	CGROUP_DEVICES_ENFORCED,
};

struct cgroup_request {
	enum cgroup_manager manager;
	enum cgroup_devices devices;
	const char *id;
	bool host_root;	     /* the caller is root of the host: the system's bus is used */
	bool ignore_refusal; /* --rootless=true: without limits, a cgroup isn't necessary */
};

/*
 * Chooses the manager and the cgroup; makes nothing.  Fails where there are limits and the host has
 * no cgroup version 2, or delegates no cgroup to the caller.  Where there is neither a limit nor a
 * cgroupsPath, this isn't an error: the container then stays in the caller's cgroup.
 */
int cgroup_plan_make(const struct cgroup_request *request, const struct container_config *config,
		     struct cgroup_plan *ret_plan, struct error *err);

/*
 * CGROUPFS: makes the cgroup with its limits, into which the process is cloned next.  For the other
 * managers there is nothing to do yet.
 * A cgroup belongs to one container, whose end kills the processes in it.  So a cgroup of the config
 * that has processes is an error, and where the name by the id is taken (a container of another --root
 * has the same id), the name gets a number.  On failure plan->path is a cgroup that this container owns,
 * or NULL.
 */
int cgroup_plan_create(struct cgroup_plan *plan, struct error *err);

/*
 * SYSTEMD: makes the scope with its limits and with @pid in it.  CGROUPFS: moves @pid into the
 * cgroup if it wasn't cloned into it.  Afterwards plan->path is the cgroup.
 * Runs in: parent, while @pid waits.
 */
int cgroup_plan_enter(struct cgroup_plan *plan, pid_t pid, const struct container_config *config,
		      struct error *err);

/*
 * Kills the processes of a container's cgroup, removes the cgroup and those that were made above
 * it, and stops its scope.  Each text of @left may be NULL.
 */
struct cgroup_left {
	const char *path;
	const char *made; /* the topmost cgroup that was made on the way to @path */
	const char *unit;
	bool user_bus;
};
int cgroup_destroy(const struct cgroup_left *left, struct error *err);

#endif
