/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SECCOMP_SECCOMP_DEFAULT_H
#define URUN_SECCOMP_SECCOMP_DEFAULT_H

#include "core/base/arena.h"
#include "core/config/config.h"

/*
 * The system calls of a container that nobody has written a profile for: what programs use, and
 * not what steers the host, reaches into other processes' kernel objects, or has been a way out of
 * user namespaces.  All others fail with ENOSYS, so that programs fall back to what they know.
 * *ret_seccomp is @arena's.
 * Runs in: parent.
 */
void seccomp_default(struct arena *arena, struct config_seccomp **ret_seccomp);

#endif
