/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_FAILURE_H
#define URUN_SYNC_FAILURE_H

#include <stdint.h>

#include "core/base/error.h"
#include "core/sync/message.h"

/*
 * A file by which the first process of a created container tells `start` why execve failed, and
 * `create` why the process could not wait for `start`.  By then the process is under the
 * container's seccomp filter, which may refuse write(2) and sendmsg(2); and `start` isn't its
 * parent, so `start` gets no exit status.  Therefore the process maps the file and writes to
 * memory, which needs no system call.  A successful execve removes the
 * mapping.
 */
struct failure {
	uint32_t is_set;
	struct error_packet error;
};

/*
 * Makes the file @name below @dir, without a failure.  Returns its descriptor or a negative errno.
 */
int failure_create(int dir, const char *name);

/*
 * Maps the file, shared with its reader; the descriptor may be closed afterwards.  Runs in: init.
 */
int failure_map(int fd, struct failure **ret_failure, struct error *err);

/*
 * Writes @err into the mapping; makes no system call.  Runs in: init, under the container's filter.
 */
void failure_set(struct failure *failure, const struct error *err);

/*
 * Returns -1 with the failure that was written, or 0 where there is none.  Nothing in the file is
 * trusted: a process of another container may have taken the writer over (see core/init/init.c).
 * Runs in: parent.
 */
int failure_read(int fd, struct error *err);

#endif
