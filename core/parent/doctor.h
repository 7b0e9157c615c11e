/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_DOCTOR_H
#define URUN_PARENT_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"

/*
 * What a host must have for urun, may have, and lacks, as `urun doctor` lists it.  The causes and
 * mends of failed user namespaces are those of rootless/host_check.h, of which errors have their hints.
 */
enum doctor_state {
	DOCTOR_OK,
	DOCTOR_WARNING, /* something can't be had, or not all of it */
	DOCTOR_MISSING, /* no container can be had */
};

struct doctor_row {
	const char *name;
	enum doctor_state state;
	char *value; /* what was found */
	char *mend;  /* NULL: nothing to mend, or not known how */
};

struct doctor_report {
	struct arena arena; /* owns the rows and their texts */
	struct doctor_row *rows;
	size_t count;
};

const char *doctor_state_name(enum doctor_state state);

/* Can `urun run` work at all? */
bool doctor_report_is_good(const struct doctor_report *report);
void doctor_report_release(struct doctor_report *report);

/*
 * Looks at everything, for the caller.  @state_root is where states are kept.  What has to be tried
 * is tried in processes that end with the look: nothing stays.
 * Runs in: parent.
 */
void doctor_examine(const char *state_root, struct doctor_report *ret_report);

#endif
