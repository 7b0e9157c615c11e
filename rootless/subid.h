/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_SUBID_H
#define URUN_ROOTLESS_SUBID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/str.h"

/*
 * The subordinate ids that root of the host has given to a user: the lines of /etc/subuid and
 * /etc/subgid, or the output of getsubids(1) where another service has them (LDAP).
 * Source: subuid(5), subgid(5), getsubids(1).
 */
enum subid_kind {
	SUBID_UID,
	SUBID_GID, /* given to a user too: a line of subgid begins with a user, not with a group */
};

/* Ids start … start+count-1. */
struct subid_range {
	uint32_t start;
	uint32_t count; /* > 0 */
};

/*
 * The first id that hosts give as a subid.  Lower ids belong to users and daemons.
 * Source: login.defs(5), SUB_UID_MIN.
 */
#define SUBID_FIRST 100000u

/*
 * Further ranges of a user are not used.  The kernel takes a map that is smaller than a page, which
 * has room for 124 of the longest lines.  The own id takes one line, and can split a range or two
 * (keep-id).
 * Source: user_namespaces(7).
 */
#define SUBID_RANGES_MAX 120

/* The ranges of one user, in the order of the file, without overlaps.  A plain value. */
struct subid_ranges {
	struct subid_range items[SUBID_RANGES_MAX];
	size_t count;
};

/*
 * Collects the ranges of one user from the text of /etc/subuid or /etc/subgid.  A line is
 * owner:start:count; the owner is @name or the number @uid.  @name may be NULL.  Blank lines,
 * comments and lines of another form are skipped, as the tools of shadow do.  An id that stands in
 * two lines is taken once.
 */
void subid_parse(const char *bytes, size_t size, const char *name, uid_t uid,
		 struct subid_ranges *ret_ranges);

/* The same for the output of getsubids, whose lines are "0: owner start count". */
void subid_parse_getsubids(const char *bytes, size_t size, struct subid_ranges *ret_ranges);

/*
 * The ranges of a user on this host.  @root is written before every path ("" on a real host).  A
 * user without a range is no error.  getsubids is started only where the file has no range and
 * /etc/nsswitch.conf names another source of subids.
 */
int subid_load(enum subid_kind kind, const char *root, const char *name, uid_t uid,
	       struct subid_ranges *ret_ranges, struct error *err);

/*
 * Does /etc/nsswitch.conf name another source of subids than the files?  Then newuidmap(1) and
 * newgidmap(1) don't read the files.
 * Source: nsswitch.conf(5), "subid".
 */
bool subid_has_other_source(const char *root);

/*
 * Removes one id from the ranges.  The own id is mapped separately, and the kernel returns EINVAL
 * for an id that is mapped twice.
 */
void subid_leave_out(struct subid_ranges *ranges, uint32_t id);

/*
 * Are all ids @first … @first+@count-1 in the ranges?  *ret_missing (may be NULL) is set to the
 * first id that isn't.
 */
bool subid_covers(const struct subid_ranges *ranges, uint32_t first, uint32_t count,
		  uint32_t *ret_missing);

/* Appends the ranges as a user reads them: "100000-165535, 200000-200099", or "none". */
void subid_print(const struct subid_ranges *ranges, struct strbuf *out);

/*
 * The first id above every range in the text, from which an error suggests a new range: ids that
 * nobody has been given yet.  subid_first_free_on() reads the file of the host.
 */
uint32_t subid_first_free(const char *bytes, size_t size);
uint32_t subid_first_free_on(enum subid_kind kind, const char *root);

/*
 * 'u' or 'g': the letter by which "/etc/subuid", "linux.uidMappings", "--add-subuids" and the like
 * differ.
 */
char subid_letter(enum subid_kind kind);

#endif
