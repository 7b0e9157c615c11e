/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_HOST_H
#define URUN_ROOTLESS_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

/*
 * What a host can lack or forbid that urun needs: ONE table of setting, check and mend.  An error's
 * hint and `urun doctor` both come from it, so that the two can't disagree.  A check looks at the
 * host and never guesses.
 */

/* Where the checks look. */
struct host {
	const char *root; /* before every path: "" on a real host, a folder in tests */
};
#define HOST_REAL ((struct host){ .root = "" })

/* Room for a path below root. */
#define HOST_PATH_SIZE 512

/* Room for a mend.  Smaller than an error's hint, which holds one. */
#define HOST_MEND_SIZE 704

/*
 * In the table's order: the more certain cause stands first, as the first one found is the one that
 * is told.
 */
enum host_trouble {
	HOST_NO_USER_NAMESPACES,   /* the kernel was built without */
	HOST_USERNS_CLONE_OFF,	   /* kernel.unprivileged_userns_clone=0 */
	HOST_MAX_NAMESPACES_ZERO,  /* user.max_…_namespaces=0 */
	HOST_NAMESPACES_USED_UP,   /* the limit is reached, or 32 levels are */
	HOST_CHROOT,		   /* we run in a chroot */
	HOST_APPARMOR_RESTRICTION, /* kernel.apparmor_restrict_unprivileged_userns=1 */
	HOST_SELINUX,		   /* its policy decides about user namespaces */
	HOST_SECCOMP,		   /* an outer filter refuses unshare and clone */
	HOST_NO_SETFCAP,	   /* root without CAP_SETFCAP can't map uid 0 */
	HOST_HELPER_MISSING,	   /* no newuidmap or newgidmap */
	HOST_SUBID_LINK,	   /* /etc/subuid or /etc/subgid is a symbolic link */
	HOST_NO_NEW_PRIVILEGES,	   /* a setuid program gains nothing below us */
	HOST_HELPER_NOSUID,	   /* the helper's file system is mounted nosuid */
	HOST_HELPER_POWERLESS,	   /* neither setuid root nor file capabilities */
	HOST_HELPER_BOUNDED,	   /* setuid root, in a container without CAP_SYS_ADMIN */
	HOST_NO_SUBIDS,		   /* no subuid or subgid range for the user */
	HOST_TROUBLE_COUNT,
};

/* What fails because of a trouble. */
enum host_occasion {
	HOST_AT_USERNS = 1, /* clone(2), unshare(2) or writing the maps */
	HOST_AT_HELPER = 2, /* newuidmap, newgidmap */
	HOST_AT_SUBIDS = 4, /* choosing the ids */
};

struct host_check {
	const char *setting;	/* what is looked at, for doctor's list: "sysctl
				   user.max_user_namespaces" */
	unsigned int occasions; /* of enum host_occasion */
	int errnums[3];		/* errnos that the trouble shows as; the rest 0; none at all: any */
	/*
	 * True where this host has the trouble; *mend says then what is wrong and how it is mended,
	 * in one line.
	 */
	bool (*found)(const struct host *host, char mend[static HOST_MEND_SIZE]);
};

/* The table, for those who walk it. */
extern const struct host_check host_checks[HOST_TROUBLE_COUNT];

/* Makes one check.  *mend is untouched where the trouble isn't there. */
bool host_has(const struct host *host, enum host_trouble trouble, char mend[static HOST_MEND_SIZE]);

/*
 * Adds the hint to @err, which failed with @errnum at making a user namespace or writing its maps;
 * no hint where no check found the cause.  Returns -1 always.
 */
int host_explain_userns_failure(const struct host *host, int errnum, struct error *err);

/* The same after newuidmap or newgidmap failed. */
int host_explain_helper_failure(const struct host *host, struct error *err);

/*
 * Looks for a program where systems have them: engines start us without PATH, and the caller's PATH
 * has no say in which setuid program is run.  Returns whether it was found; *ret_path is set then.
 */
bool host_find_program(const struct host *host, const char *name,
		       char ret_path[static HOST_PATH_SIZE]);

/*
 * The first line of the file @path below the root, without its newline and cut to @size.
 * Returns 0 or a negative errno; *ret_line is untouched then.
 */
int host_read_line(const struct host *host, const char *path, char *ret_line, size_t size);

#endif
