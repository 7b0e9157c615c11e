/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_FAILURE_H
#define URUN_SYNC_FAILURE_H

#include <stdint.h>

#include "core/base/error.h"
#include "core/sync/message.h"

/*
 * A file by which the first process of a created container tells `start` why execve failed.  The process is
 * under the container's seccomp filter by then, which may refuse write(2) and sendmsg(2), and it isn't
 * `start`'s child, so that its end has no status.  The process has the file mapped and writes to memory, which
 * takes no system call; execve removes the mapping.
 */
struct failure {
	uint32_t is_set;
	struct message_error error;
};

/* Makes the file @name below @dir, without a failure.  Returns its descriptor or a negative errno. */
int failure_create(int dir, const char *name);

/* The file in memory, shared with who reads it; the descriptor can be closed then.  Runs in: init. */
int failure_map(int fd, struct failure **ret_failure, struct error *err);

/* Makes no system call.  Runs in: init, under the container's filter. */
void failure_set(struct failure *failure, const struct error *err);

/*
 * Returns -1 with the failure that was written, 0 where there is none.  A process of another container can
 * have taken the writer over (see init.c), so that nothing in the file is trusted.
 * Runs in: parent.
 */
int failure_read(int fd, struct error *err);

#endif
