/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_USERNS_CALLER_H
#define URUN_ROOTLESS_USERNS_CALLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "rootless/host.h"

/* The user who runs urun, as the kernel sees the caller of clone(2). */
struct userns_caller {
	struct host host;
	uid_t uid;     /* effective */
	gid_t gid;     /* effective */
	bool initial;  /* the caller is in the host's initial user namespace */
	uint64_t caps; /* effective capabilities, bit CAP_…; they count in the caller's own user
			  namespace only */
};

/*
 * Is this process in the host's initial user namespace?  The fixed inode of that namespace tells.
 * The text of uid_map doesn't tell, as another user namespace can have the identity map.  False
 * where /proc can't be read.
 */
bool userns_is_initial(void);

/* Reads who the caller is.  Fails with a hint where the kernel has no user namespaces. */
int userns_caller_read(const struct host *host, struct userns_caller *ret_caller,
		       struct error *err);

/* May the caller write any map of a child's user namespace?  CAP_SETUID and CAP_SETGID. */
bool userns_caller_can_map(const struct userns_caller *caller);

/* Does the caller have the capability CAP_… @capability in the initial user namespace? */
bool userns_caller_has_on_host(const struct userns_caller *caller, int capability);

/*
 * Is the caller root of the host: uid 0, CAP_SYS_ADMIN and CAP_NET_ADMIN in the initial user
 * namespace?  Root of any other user namespace isn't, whatever map that one has.  Nor is root of an
 * outer container that has taken one of the capabilities away: without them no network namespace can be
 * made ready, and a user namespace, where the kernel allows one, has them.
 */
bool userns_caller_is_host_root(const struct userns_caller *caller);

/*
 * Does the caller's user namespace allow setgroups(2)?  Each user namespace that is made inside
 * inherits a denial.
 * Source: user_namespaces(7).
 */
bool userns_caller_allows_setgroups(const struct userns_caller *caller);

#endif
