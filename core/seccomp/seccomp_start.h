/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SECCOMP_SECCOMP_START_H
#define URUN_SECCOMP_SECCOMP_START_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Can a program be started under the profile?  The filter is loaded before execve(2): a profile that
 * kills for it, or refuses it and leaves init no way to say so, ends the container without a word.
 * A rule with conditions is taken for one that allows, as its arguments aren't known here.
 * Runs in: parent, before any process exists.
 * Source: OCI runtime-spec 1.3, config-linux.md "Seccomp"; seccomp(2).
 */
int seccomp_check_start(const struct config_seccomp *seccomp, struct error *err);

/* May @call be made under the profile, with arguments that it doesn't look at?  NULL allows all. */
bool seccomp_allows(const struct config_seccomp *seccomp, const char *call);

#endif
