/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_STDIO_H
#define URUN_INIT_STDIO_H

#include <stdbool.h>
#include <sys/types.h>

#define STDIO_COUNT 3

/*
 * The files of the three standard streams belong to those who made them, mostly the caller, who is root in
 * the container.  The program can use the open descriptors; but as another user than root it can't open the
 * files again by /dev/stdout and the like, as programs do that log there.
 */

/*
 * Tells of each stream whether the process's user can't open its file again in the same way (reading,
 * writing).
 * Runs in: init after pivot_root, between user_files_begin() and user_files_end().
 */
void stdio_find_closed(bool ret_closed[static STDIO_COUNT]);

/*
 * Gives the streams in @closed to @uid (of the container), where their files are @caller's own, or pipes
 * that an earlier container was given:
 *   a pipe or a socket       by its owner; a pipe by its mode as well, so that the caller and other
 *                            containers can still open it
 *   a file with a name       by an entry in its access control list, since the caller needs the file again
 * Never gives a device (a terminal stays the caller's, /dev/null is everybody's) or a directory.  A failure
 * is a debug line: the program may never open the stream again.
 * Runs in: init after pivot_root, as the container's root with its capabilities, before the filter.
 */
void stdio_give(const bool closed[static STDIO_COUNT], uid_t caller, uid_t uid);

#endif
