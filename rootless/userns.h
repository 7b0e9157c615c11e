/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_USERNS_H
#define URUN_ROOTLESS_USERNS_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "rootless/host.h"
#include "rootless/idmap.h"
#include "rootless/userns_caller.h"

/*
 * The user namespace: the plan (userns_plan.c), and what the parent and the child do (userns.c).
 *   parent: userns_caller_read() → userns_plan_make() → clone(2) → userns_write_maps()
 *   child:  (USERNS_JOIN: setns(2)) → waits for the parent → userns_become_root() → execve(2)
 */

/* Where the container's user namespace comes from, and who writes its maps. */
enum userns_mode {
	USERNS_INHERIT, /* urun's own: urun is root of it (of the host's, or of a rootless engine's),
			   and the config asks for none */
	USERNS_DIRECT,	/* a new one; the parent writes the maps: they have the own ids alone, or
			   the parent has CAP_SETUID and CAP_SETGID */
	USERNS_HELPERS, /* a new one; newuidmap and newgidmap write the maps */
	USERNS_JOIN,	/* the one behind a path of the config */
};

/* A plain value of some 8 KB; nothing to release. */
struct userns_plan {
	enum userns_mode mode;
	struct idmap uids; /* inner: the container's ids; outer: ids of urun's user namespace */
	struct idmap gids;
	bool setgroups_allowed; /* false: supplementary groups can't be changed inside; setgroups(2)
				   fails with EPERM */
	bool is_host;		/* USERNS_INHERIT: it is the host's, without any wall around root */
	const char *join_path;	/* USERNS_JOIN: the config's memory; else NULL */
	struct host host;	/* where the helpers are searched for */
};

/*
 * Chooses the user namespace and the ids of a container.
 *   the config's user namespace has a path        → that namespace is joined; uidMappings and
 *                                                   gidMappings beside it must be its own
 *   root of the host or of a user namespace,
 *   none in the config                            → the container stays in it
 *   uidMappings, gidMappings                      → these, after a check that they may be written
 *   root                                          → all ids of urun's user namespace, unchanged
 *   else                                          → the own id to 0, then the subids; without
 *                                                   subids, one warning and the own id alone
 * Nothing is made.  What can be known beforehand is refused here: no range, a range that is too
 * small, an id outside of the ranges, a helper that isn't installed.
 * Runs in: parent.  The plan points into the config.
 * Source: user_namespaces(7), newuidmap(1); OCI runtime-spec 1.3, config-linux.md "User namespace
 * mappings".
 */
int userns_plan_make(const struct container_config *config, const struct userns_caller *caller,
		     struct userns_plan *ret_plan, struct error *err);

/*
 * The same for a config without ids and namespaces; but for root of the host, whose other files and
 * programs have user namespaces, it is that of userns_plan_own().
 */
int userns_plan_default(const struct userns_caller *caller, struct userns_plan *ret_plan,
			struct error *err);

/*
 * The same for a config with a user namespace, as `run` without a bundle makes it: always a new one, also
 * where urun is root of a user namespace already, which may be without CAP_SYS_ADMIN.
 */
int userns_plan_own(const struct userns_caller *caller, struct userns_plan *ret_plan,
		    struct error *err);

/*
 * The plan that describes the user namespace of a running process: urun's own, or one to join.  The
 * plan has no join_path, since the caller joins by a descriptor.
 * Runs in: parent, while a pidfd of @pid is held.  Afterwards the caller asks the pidfd whether the
 * process still lives.
 */
int userns_plan_of_process(pid_t pid, const struct userns_caller *caller,
			   struct userns_plan *ret_plan, struct error *err);

/*
 * Writes the maps of the new user namespace that @pid is in, and waits until they are written.
 * Does nothing for USERNS_INHERIT and USERNS_JOIN.  Fails with a hint where a check finds the
 * cause.
 * Runs in: parent, while @pid waits.
 */
int userns_write_maps(pid_t pid, const struct userns_plan *plan, struct error *err);

/*
 * The plan of a second user namespace with the same ids, for a process that serves the container:
 * the capabilities of the container's root don't count in this namespace.  Makes nothing.
 * USERNS_INHERIT stays USERNS_INHERIT, as a second namespace couldn't have the same ids.
 */
int userns_plan_twin(const struct userns_plan *plan, struct userns_plan *ret_twin,
		     struct error *err);

/*
 * Does a fork(2) into a new user namespace as planned, whose maps the caller writes afterwards;
 * with USERNS_INHERIT, into urun's own.  Returns the pid, 0 in the child, or -1 with an error and a
 * hint.  The child has a copy of our memory.
 */
pid_t userns_fork(const struct userns_plan *plan, struct error *err);

/*
 * The same with a PID namespace of its own, whose first process the child is: nothing that the
 * child starts outlives it.  In the child, getppid(2) returns 0.
 */
pid_t userns_fork_as_first(const struct userns_plan *plan, struct error *err);

/*
 * Makes a user namespace as planned, and ends it again: can this user have it on this host?  Fails
 * with the error and the hint that a container would have.
 * Runs in: parent.
 */
int userns_try(const struct userns_plan *plan, struct error *err);

/*
 * Makes a user namespace as planned, which has no process: the mapping of an idmapped mount.  The
 * caller closes *@ret_fd.
 * Runs in: parent.
 */
int userns_open(const struct userns_plan *plan, int *ret_fd, struct error *err);

enum userns_groups {
	USERNS_DROP_GROUPS,
	USERNS_KEEP_GROUPS, /* keep the caller's supplementary groups, for files that only their
			       members may open */
};

/* The ids that a process takes to become root of a user namespace. */
struct userns_root {
	uid_t uid; /* 0; where 0 isn't mapped, the first id of the map */
	gid_t gid;
	bool drop_groups; /* the caller's supplementary groups are dropped */
};

struct userns_root userns_root(const struct userns_plan *plan, enum userns_groups groups);

/*
 * Becomes @root of the user namespace, with all capabilities in it, such that execve(2) keeps them.
 * Where 0 isn't mapped, the capabilities are in the ambient set too; code that drops capabilities
 * later must clear this set.  Clears PR_SET_PDEATHSIG and the dumpable mark, as every change of ids
 * does.
 * Runs in: the child, after its maps are written.  Makes system calls only (no memory, no locks).
 */
int userns_become_root(const struct userns_root *root, struct error *err);

#endif
