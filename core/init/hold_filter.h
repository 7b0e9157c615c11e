/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_HOLD_FILTER_H
#define URUN_INIT_HOLD_FILTER_H

#include "core/base/error.h"

/*
 * Restricts the process to the system calls of a holder's loop (core/init/hold.h): all others fail with
 * ENOSYS.  A container that takes the process over by ptrace(2) gets nothing from it that it hasn't itself:
 * the filter of the container, its cgroup and its session keyring don't hold for this process, so nothing
 * can be opened, made, mapped or started by it.
 * ORDER: with no_new_privs set, and when all memory is allocated.
 * Runs in: init after pivot_root.
 * Source: seccomp(2).
 */
int hold_filter_load(struct error *err);

#endif
