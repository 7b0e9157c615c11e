/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_USERNS_H
#define URUN_ROOTLESS_USERNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "rootless/host.h"
#include "rootless/idmap.h"

/*
 * The user namespace, both halves of it.
 *   parent: userns_caller_read() → userns_plan_make() → clone(2) → userns_write_maps()
 *   child:  USERNS_JOIN: setns(2); waits for the parent → userns_become_root() → execve(2)
 */

/* Where the container's user namespace comes from, and who writes its maps. */
enum userns_mode {
	USERNS_INHERIT, /* urun's own: it is root of one already (podman) and the config asks for
			   none */
	USERNS_DIRECT,	/* a new one; the parent writes the maps: one own id, or it holds CAP_SETUID
			   and CAP_SETGID */
	USERNS_HELPERS, /* a new one; newuidmap and newgidmap write them */
	USERNS_JOIN,	/* the one behind a path of the config */
};

/*
 * Are we in the host's first user namespace?  The inode tells, which is fixed; the text of uid_map
 * doesn't, as another user namespace can have the identity map.  False where nobody knows.
 */
bool userns_is_initial(void);

/* The caller, as far as the kernel asks for it. */
struct userns_caller {
	struct host host;
	uid_t uid;     /* effective */
	gid_t gid;     /* effective */
	bool initial;  /* in the host's first user namespace, not one that somebody made */
	uint64_t caps; /* effective capabilities, bit CAP_… each; they count in the caller's own
			  user namespace */
};

/* A plain value of some 8 KB; nothing to release. */
struct userns_plan {
	enum userns_mode mode;
	struct idmap uids; /* inner: the container's; outer: as numbered in urun's user namespace */
	struct idmap gids;
	bool setgroups_allowed; /* false: supplementary groups can't be changed inside, setgroups(2)
				   is EPERM */
	const char *join_path;	/* USERNS_JOIN: the config's memory; else NULL */
	struct host host;	/* where the helpers are looked for */
};

/* May the caller write any map of a child's user namespace?  CAP_SETUID and CAP_SETGID. */
bool userns_caller_can_map(const struct userns_caller *caller);

/*
 * Has the caller the capability CAP_… @capability where the kernel asks for it in the initial user
 * namespace?
 */
bool userns_caller_has_on_host(const struct userns_caller *caller, int capability);

/*
 * Reads who we are.  Whether the user namespace is the initial one is told by its inode, which is
 * fixed; the text of uid_map doesn't tell, as a user namespace can have the identity map. Fails
 * with a hint where the kernel has no user namespaces.
 */
int userns_caller_read(const struct host *host, struct userns_caller *ret_caller,
		       struct error *err);

/*
 * Chooses the user namespace and the ids of a container.
 *   the config's user namespace has a path        → join it
 *   root of a user namespace, none in the config  → stay in it
 *   uidMappings, gidMappings                      → those, after a check that they may be written
 *   root                                          → all ids of the own user namespace, as they are
 *   else                                          → the own id to 0, then the subids; where there
 *                                                   are none, one warning and the own id alone
 * Nothing is created.  All that can be known beforehand is an error here: no range, range too
 * small, id not in the range, no helper.
 * Runs in: parent.  The plan points into the config.
 * Source: user_namespaces(7), newuidmap(1); OCI runtime-spec 1.3, config-linux.md "User namespace
 * mappings".
 */
int userns_plan_make(const struct container_config *config, const struct userns_caller *caller,
		     struct userns_plan *ret_plan, struct error *err);

/* The same for a config that says nothing of ids and namespaces. */
int userns_plan_default(const struct userns_caller *caller, struct userns_plan *ret_plan,
			struct error *err);

/*
 * The plan that a running process's user namespace amounts to: urun's own, or one to join.  Its
 * join_path is NULL: who joins has the descriptor.
 * Runs in: parent, while a pidfd of @pid is held and says afterwards that it lives.
 */
int userns_plan_of_process(pid_t pid, const struct userns_caller *caller,
			   struct userns_plan *ret_plan, struct error *err);

/*
 * Writes the maps of the new user namespace that @pid is in, and waits until they are written.
 * Nothing to do for USERNS_INHERIT and USERNS_JOIN.  Fails with a hint where a check finds the
 * cause.
 * Runs in: parent, while @pid waits.
 */
int userns_write_maps(pid_t pid, const struct userns_plan *plan, struct error *err);

/*
 * The plan of another user namespace with the same ids, for a process that serves the container: no
 * capability that is had in the container's one counts in it.  Nothing is made; USERNS_INHERIT stays
 * that, as there is no place beside the one that urun itself is in.
 */
int userns_plan_twin(const struct userns_plan *plan, struct userns_plan *ret_twin,
		     struct error *err);

/*
 * A fork(2) in a new user namespace as planned, whose maps the caller then writes; with
 * USERNS_INHERIT in urun's own.  Returns the pid, 0 in the child, or -1 with an error and a hint.
 * The child has our memory.
 */
pid_t userns_fork(const struct userns_plan *plan, struct error *err);

/*
 * Makes a user namespace as planned, and takes it away again: can this user have it on this host?
 * Fails as the making does, with the hint.
 * Runs in: parent.
 */
int userns_try(const struct userns_plan *plan, struct error *err);

enum userns_groups {
	USERNS_DROP_GROUPS,
	USERNS_KEEP_GROUPS, /* leave the caller's supplementary groups, for files that only they may
			       open */
};

/* The ids that a process takes to be root of a user namespace. */
struct userns_root {
	uid_t uid; /* 0; where 0 isn't mapped: the first id of the map */
	gid_t gid;
	bool drop_groups; /* the caller's supplementary groups are dropped */
};

struct userns_root userns_root(const struct userns_plan *plan, enum userns_groups groups);

/*
 * Becomes @root of the user namespace, with all its capabilities, such that execve(2) keeps them.
 * Where 0 isn't mapped they are in the ambient set then: who drops capabilities later must clear
 * that too.  Clears PR_SET_PDEATHSIG and the dumpable mark, as every change of ids does.
 * Runs in: the child, after its maps are written.  Makes system calls only (no memory, no locks).
 */
int userns_become_root(const struct userns_root *root, struct error *err);

#endif
