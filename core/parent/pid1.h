/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_ONE_H
#define URUN_PARENT_ONE_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/config/ending.h"

/*
 * Refuses a config whose program can't be the child of a process 1 of ours (--init): its seccomp
 * profile refuses a call of process 1, or its scheduler isn't inherited by children.
 * Runs in: parent.
 */
int pid1_check(const struct container_config *config, const struct ending *ending,
	       struct error *err);

#endif
