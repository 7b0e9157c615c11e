/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_CALLS_H
#define URUN_UNPACK_CALLS_H

#include "core/base/error.h"

/*
 * Restricts the process to the system calls that unpacking makes: all others fail with ENOSYS.  No
 * program can be executed, no socket opened, no mount or namespace made, no memory made executable,
 * and no process but an own child signalled or waited for.  The only device node that can be made is
 * the whiteout (a character device 0:0).
 * Runs in: urun-image, with no_new_privs set.
 * Source: seccomp(2).
 */
int calls_restrict(struct error *err);

#endif
