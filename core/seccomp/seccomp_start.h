/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SECCOMP_SECCOMP_START_H
#define URUN_SECCOMP_SECCOMP_START_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Fails if no program can be started under the profile, or none can end.  The filter is loaded
 * before execve(2): if it kills for that call, or refuses the call and also the calls by which init
 * reports an error, the container would end without a message.  A rule that compares arguments
 * counts as one that allows, as the arguments aren't known here.
 * Runs in: parent, before any process exists.
 * Source: OCI runtime-spec 1.3, config-linux.md "Seccomp"; seccomp(2).
 */
int seccomp_check_start(const struct config_seccomp *seccomp, struct error *err);

/*
 * The first call that the profile refuses and that the C library of nearly every program makes, at
 * the program's start or its end; NULL: none.  Tells why a program has crashed.
 */
const char *seccomp_refused_of_start(const struct config_seccomp *seccomp);

/*
 * Does the profile allow @call?  A rule that compares arguments counts as one that allows.
 * @seccomp may be NULL, which allows all.
 */
bool seccomp_allows(const struct config_seccomp *seccomp, const char *call);

/*
 * The first call that process 1 of a container (core/init/pid1.c, core/pid1/pid1.c) makes and the
 * profile refuses; NULL: none.  Process 1 works under the container's filter, and is no use without
 * any of these calls.
 */
const char *seccomp_refused_of_pid1(const struct config_seccomp *seccomp);

#endif
