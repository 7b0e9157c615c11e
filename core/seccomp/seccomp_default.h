/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SECCOMP_SECCOMP_DEFAULT_H
#define URUN_SECCOMP_SECCOMP_DEFAULT_H

#include "core/base/arena.h"
#include "core/config/config.h"

/*
 * Makes the profile of a container without a profile of its own.  It allows the system calls that
 * programs use, except those that control the host, reach kernel objects of other processes, or
 * have been used to break out of user namespaces.  Known calls that are refused fail with EPERM,
 * all other calls with ENOSYS, so that programs use an older call.  *ret_seccomp belongs to @arena.
 * Runs in: parent.
 */
void seccomp_default(struct arena *arena, struct config_seccomp **ret_seccomp);

#endif
