/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_DOCTOR_H
#define URUN_PARENT_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"

/*
 * What urun needs of a host, and what this host has and lacks, as the list of `urun doctor`.
 * doctor.c explains how the list is made.
 */
enum doctor_state {
	DOCTOR_OK,
	DOCTOR_WARNING, /* a feature isn't available, or only a part of it */
	DOCTOR_MISSING, /* no container can be made */
};

struct doctor_row {
	const char *name;
	enum doctor_state state;
	char *value;	   /* what was found */
	char *fix;	   /* the fix; NULL: the row is ok, or no fix is known */
	const char *works; /* what works nevertheless; NULL: the row is ok */
};

struct doctor_report {
	struct arena arena; /* owns the rows and their texts */
	struct doctor_row *rows;
	size_t count;
};

/* "works", "works in part", "missing": the heading of all rows of a state. */
const char *doctor_group_name(enum doctor_state state);

/* "ok", "warning", "missing", in the JSON. */
const char *doctor_state_name(enum doctor_state state);

/* Can `urun run` work?  True unless a row is DOCTOR_MISSING. */
bool doctor_report_is_good(const struct doctor_report *report);
void doctor_report_release(struct doctor_report *report);

/*
 * Fills *ret_report for the user that calls urun.  @state_root is the directory of the states.
 * Features are tried in child processes that end before this returns, so nothing stays behind.
 * Runs in: parent.  Release with doctor_report_release().
 */
void doctor_examine(const char *state_root, struct doctor_report *ret_report);

#endif
