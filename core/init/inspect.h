/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_INSPECT_H
#define URUN_INIT_INSPECT_H

#include "core/base/error.h"

/*
 * Explains why @path can't be executed: sets an error for @errnum (of execve(2), or EISDIR for a
 * directory) with the cause that the file shows, and the status 126 or 127.  Returns -1.
 * Engines derive their exit status from these texts: the text of the errno stands at the end, "open
 * executable" is said only of a file that doesn't exist, and "permission denied" also of a directory.
 * Runs in: init after pivot_root; the file isn't trusted.
 */
int inspect_exec_failure(const char *path, int errnum, struct error *err);

/* Sets the hint where @path is on a noexec mount. */
void inspect_hint_at_noexec(const char *path, struct error *err);

#endif
