/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_HOST_CHECK_H
#define URUN_ROOTLESS_HOST_CHECK_H

#include "core/base/error.h"
#include "rootless/host.h"

/*
 * What a host can lack or forbid although urun needs it: ONE table of setting, check and fix.  The
 * hint of an error and `urun doctor` both come from this table, so that the two can't disagree.  A
 * check looks at the host and never guesses.
 */

/* Bytes of a fix, with the NUL.  Smaller than the hint of an error, which holds a fix. */
#define HOST_FIX_SIZE 704

/*
 * In the table's order.  The first cause that is found is the one that is reported, so the more
 * certain cause stands first.
 */
enum host_trouble {
	HOST_NO_USER_NAMESPACES,   /* the kernel was built without user namespaces */
	HOST_USERNS_CLONE_OFF,	   /* kernel.unprivileged_userns_clone=0 */
	HOST_MAX_NAMESPACES_ZERO,  /* user.max_…_namespaces=0 */
	HOST_NAMESPACES_USED_UP,   /* the limit is reached, or the nesting is 32 levels deep */
	HOST_CHROOT,		   /* urun runs in a chroot */
	HOST_APPARMOR_RESTRICTION, /* kernel.apparmor_restrict_unprivileged_userns=1 */
	HOST_SELINUX,		   /* the policy decides about user namespaces */
	HOST_SECCOMP,		   /* an outer filter refuses unshare and clone */
	HOST_NO_SETFCAP,	   /* root without CAP_SETFCAP can't map uid 0 */
	HOST_HELPER_MISSING,	   /* newuidmap or newgidmap is not installed */
	HOST_SUBID_LINK,	   /* /etc/subuid or /etc/subgid is a symbolic link */
	HOST_NO_NEW_PRIVILEGES,	   /* a setuid program that urun starts gains no privilege */
	HOST_HELPER_NOSUID,	   /* the helper's file system is mounted nosuid */
	HOST_HELPER_POWERLESS,	   /* neither setuid root nor file capabilities */
	HOST_HELPER_BOUNDED,	   /* setuid root, in a container without CAP_SYS_ADMIN */
	HOST_NO_SUBIDS,		   /* the user has no range of subuids or subgids */
	HOST_TROUBLE_COUNT,
};

/* The action that fails because of a trouble. */
enum host_occasion {
	HOST_AT_USERNS = 1, /* clone(2), unshare(2), or writing the maps */
	HOST_AT_HELPER = 2, /* newuidmap, newgidmap */
	HOST_AT_SUBIDS = 4, /* choosing the ids */
};

struct host_check {
	const char *setting;	/* the setting that is checked, for doctor's list: "sysctl
				   user.max_user_namespaces" */
	unsigned int occasions; /* of enum host_occasion */
	int errnums[3];		/* the errnos with which the action fails; the rest is 0.  All 0:
				   any errno */
	/*
	 * Returns true where this host has the trouble; *fix then says in one line what is wrong
	 * and what to do.  *fix is untouched otherwise.
	 */
	bool (*found)(const struct host *host, char fix[static HOST_FIX_SIZE]);
};

/* The table, in the order of enum host_trouble. */
extern const struct host_check host_checks[HOST_TROUBLE_COUNT];

/* newuidmap and newgidmap, by enum subid_kind. */
extern const char *const host_mapping_programs[2];

/* Makes one check of the table. */
bool host_has(const struct host *host, enum host_trouble trouble, char fix[static HOST_FIX_SIZE]);

/*
 * Adds a hint to @err, after making a user namespace or writing its maps failed with @errnum.
 * Where no check finds the cause, there is no hint.  Returns -1 always.
 */
int host_explain_userns_failure(const struct host *host, int errnum, struct error *err);

/* Adds a hint to @err after newuidmap or newgidmap failed.  Returns -1 always. */
int host_explain_helper_failure(const struct host *host, struct error *err);

#endif
