/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_STDIO_H
#define URUN_INIT_STDIO_H

#include <stdbool.h>
#include <sys/types.h>

#define STDIO_COUNT 3

/*
 * The three standard streams belong to whoever made them, mostly the caller, who is root in the
 * container.  The program can use the open descriptors, but a user other than root can't open them
 * anew by /dev/stdout and the like, as programs do that log there.
 */

/*
 * Which of the streams can the process's user not open as they are open now (reading, writing)?
 * Runs in: init after pivot_root, between user_files_begin() and user_files_end().
 */
void stdio_find_closed(bool ret_closed[static STDIO_COUNT]);

/*
 * Gives those of @closed to @uid (of the container) that are @caller's own, and pipes that an earlier
 * container was given: a pipe or a socket by its owner, a pipe by its mode too, so that the caller and
 * other containers can still open it; a file with a name, which the caller needs again, by an entry in
 * its access control list, so that it stays the caller's.  Never a device: a terminal stays the caller's, and /dev/null is
 * everybody's.  Never a directory.  What can't be given stays as it is, with a debug line: the program
 * may never open it.
 * Runs in: init after pivot_root, as the container's root with its capabilities, before the filter.
 */
void stdio_give(const bool closed[static STDIO_COUNT], uid_t caller, uid_t uid);

#endif
