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
 * The subordinate ids that the host's root has given to a user: /etc/subuid and /etc/subgid, or
 * what getsubids(1) says where they come from elsewhere (LDAP).
 * Source: subuid(5), subgid(5), getsubids(1).
 */
enum subid_kind {
	SUBID_UID,
	SUBID_GID, /* of a user too: subgid's lines begin with a user, not with a group */
};

/* Ids start … start+count-1. */
struct subid_range {
	uint32_t start;
	uint32_t count; /* > 0 */
};

/*
 * Where hosts begin to give subids; below are the ids of users and daemons.
 * Source: login.defs(5), SUB_UID_MIN.
 */
#define SUBID_FIRST 100000u

/*
 * What more ranges a user has than these is left out.  The kernel takes a map of less than a page: that
 * are 124 of the longest lines, of which the own id has one and splits a range (keep-id) or two.
 * Source: user_namespaces(7).
 */
#define SUBID_RANGES_MAX 120

/* In the file's order, without overlaps.  A plain value. */
struct subid_ranges {
	struct subid_range items[SUBID_RANGES_MAX];
	size_t count;
};

/*
 * All ranges of one user in the text of /etc/subuid or /etc/subgid: lines owner:start:count whose
 * owner is @name or the number @uid.  @name may be NULL.  Blank lines, comments and lines that
 * aren't of this form are skipped, as the tools of shadow do.  An id in two lines is taken once.
 */
void subid_parse(const char *bytes, size_t size, const char *name, uid_t uid,
		 struct subid_ranges *ret_ranges);

/* The same from what getsubids prints: lines "0: owner start count". */
void subid_parse_getsubids(const char *bytes, size_t size, struct subid_ranges *ret_ranges);

/*
 * The ranges of a user on this host.  @root goes before every path ("" on a real host).  No range
 * is no error. Where the file has none and /etc/nsswitch.conf names another source of subids,
 * getsubids is asked: on that way alone a program is started.
 */
int subid_load(enum subid_kind kind, const char *root, const char *name, uid_t uid,
	       struct subid_ranges *ret_ranges, struct error *err);

/*
 * Does /etc/nsswitch.conf name another source of subids than the files?  Then newuidmap(1) and
 * newgidmap(1) don't read them.
 * Source: nsswitch.conf(5), "subid".
 */
bool subid_has_other_source(const char *root);

/*
 * Takes one id out.  The own id has its own place in the map, and an id mapped twice is EINVAL from
 * the kernel.
 */
void subid_leave_out(struct subid_ranges *ranges, uint32_t id);

/*
 * Are all of @first … @first+@count-1 in the ranges?  *ret_missing, if asked for, is the first that
 * isn't.
 */
bool subid_covers(const struct subid_ranges *ranges, uint32_t first, uint32_t count,
		  uint32_t *ret_missing);

/* Appends the ranges for a text: "100000-165535, 200000-200099", or "none". */
void subid_print(const struct subid_ranges *ranges, struct strbuf *out);

/*
 * A first id above every range in the text, for the mend that an error proposes: nobody's ids are
 * proposed.
 */
uint32_t subid_first_free(const char *bytes, size_t size);
uint32_t subid_first_free_on(enum subid_kind kind, const char *root);

/*
 * "/etc/subuid", "subuid", "linux.uidMappings", "--add-subuids" and the like differ by one letter:
 * 'u' or 'g'.
 */
char subid_letter(enum subid_kind kind);

#endif
