/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_DETACHED_H
#define URUN_CONTAINER_DETACHED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/container/state.h"

/*
 * What a detached container without a bundle has in its directory for its urun-monitor
 * (core/monitor/urun_monitor.c):
 *
 *   log      a directory: the program's output (core/monitor/record.h)
 *   monitor  locked (flock(2)) while the monitor lives, and by its creator before that; its text is what another
 *            monitor needs that takes the place of a killed one (core/container/monitor_record.h)
 *   ended    how the program ended; there as soon as the log is complete
 */
struct detached {
	int log_dir;	 /* -1: the container has no monitor */
	int lock;	 /* the file `monitor`, locked */
	uint64_t number; /* of the log's last file; 0: the log is empty */
};

#define DETACHED_NONE ((struct detached){ -1, -1, 0 })
void detached_release(struct detached *detached);

/*
 * Makes the log's directory, or finds that of an earlier run of the same container, and makes and
 * takes the lock.
 * Runs in: the process that will be the monitor, before the program runs.
 */
int detached_prepare(const struct state_dir *dir, struct detached *ret_detached, struct error *err);

/*
 * Takes the lock of a monitor that was killed, and opens the log.  Returns 1; 0 where a monitor lives; or -1.
 * Runs in: parent, which holds the lock of the directory.
 */
int detached_resume(const struct state_dir *dir, struct detached *ret_detached, struct error *err);

/*
 * Waits until the monitor has done its work: the log is complete, and `ended` is there.  Returns 0,
 * at once where there never was a monitor; or -ETIMEDOUT after @timeout_ms.  To be called when the
 * program has ended.
 */
int detached_await(const struct state_dir *dir, int timeout_ms);

/*
 * Opens the log's directory for a reader, who is waited for by detached_await_readers().  Fails where the
 * container keeps no log, and says why.  The caller closes *@ret_fd.
 */
int detached_open_log(const struct container *container, int *ret_fd, struct error *err);

/*
 * Waits until nobody follows the log: a reader needs a moment for what was written last.  One that
 * doesn't read isn't waited for.
 */
void detached_await_readers(const struct state_dir *dir);

#endif
