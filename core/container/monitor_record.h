/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_MONITOR_RECORD_H
#define URUN_CONTAINER_MONITOR_RECORD_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/str.h"
#include "core/container/state.h"

/*
 * The text of the file `monitor` of a detached container: what another urun-monitor needs to know
 * in order to go on where the first one was killed, and what isn't in state.json.  An urun before
 * there was such a text leaves the file empty.
 */
struct monitor_record {
	struct arena arena; /* owns what the members point to */
	char *began;	    /* the run that the text is of: state_began() */
	char *root;	    /* struct monitor_order's, as the next four */
	struct opt_u64 log_size;
	bool removes;
	struct str_list environment; /* without the NULL at the end */
	struct opt_u64 deadline_ns;  /* clock_ns() at which the program is killed; not set: never */
	/* The pipes of the program's stdout and stderr: st_dev and st_ino; not set: it has no such pipe. */
	struct opt_u64 stdout_device, stdout_inode;
	struct opt_u64 stderr_device, stderr_inode;
};

void monitor_record_release(struct monitor_record *record);

/* Notes the pipe that @fd is an end of; does nothing to -1, and to what is no pipe. */
void monitor_record_pipe(int fd, struct opt_u64 *ret_device, struct opt_u64 *ret_inode);

/*
 * Writes the text to @fd, the open file, in place of what it has: the file itself is the lock of
 * the monitor.  Returns 0 or a negative errno.
 */
int monitor_record_write(int fd, const struct monitor_record *record);

/*
 * Reads the text of the run of @state.  Returns 1; or 0 where there is none of this run, or none
 * that is whole.  The caller releases *@ret_record.
 */
int monitor_record_read(const struct state_dir *dir, const struct container_state *state,
			struct monitor_record *ret_record);

#endif
