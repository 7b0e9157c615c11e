/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_DOCTOR_WITHOUT_H
#define URUN_PARENT_DOCTOR_WITHOUT_H

#include "core/parent/doctor.h"

/*
 * What still works on a host on which the row @name has this state, in a few words.  NULL: the row
 * is ok, or isn't known.
 * Runs in: parent.
 */
const char *doctor_without(const char *name, enum doctor_state state);

#endif
