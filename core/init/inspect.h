/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_INSPECT_H
#define URUN_INIT_INSPECT_H

#include "core/base/error.h"

/*
 * Why @path can't be executed: sets the error for @errnum (that of execve(2), or EISDIR for a
 * folder) with the cause that the file itself shows, and the status 126 or 127.  Returns -1. The
 * texts are those that engines read their exit status from: the errno's text stands at the end,
 * "open executable" is said only of what isn't there, and "permission denied" of a folder too.
 * Runs in: init after pivot_root; the file isn't trusted.
 */
int inspect_exec_failure(const char *path, int errnum, struct error *err);

#endif
