/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_LIMIT_FALLBACK_H
#define URUN_PARENT_LIMIT_FALLBACK_H

#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Limits where no cgroup is delegated: --limit-fallback=rlimit, or the annotation
 * org.urun.limit-fallback.  What the kernel lets each process have is less than a cgroup's limit:
 *   - memory.limit becomes RLIMIT_DATA, of each process.  Not RLIMIT_AS: programs reserve far more
 *     addresses than they use (Java, Go, Node.js, sanitizers), and would not start.  RLIMIT_DATA
 *     counts what a process may write to and shares with nobody, which is nearly what it can use.
 *     Not counted are shared memory, files in a tmpfs, and the page cache.
 *   - cpu.quota becomes an affinity to as many processors, rounded up.  Other programs use them too.
 *   - pids.limit becomes RLIMIT_NPROC, which counts the processes of each user in the container's
 *     user namespace.  Before Linux 5.14 it counts those on the host, too.
 * Runs in: parent.
 * Source: getrlimit(2), sched_setaffinity(2); mm/mmap.c and kernel/ucount.c of Linux.
 */

/* Does the config ask for it?  Fails for a value that isn't known.  1, 0, or -1. */
int limit_fallback_is_asked(const struct container_config *config, struct error *err);

/* Has the config a limit that has a fallback? */
bool limit_fallback_has_work(const struct container_config *config);

/*
 * Takes the limits out of linux.resources, and sets process.rlimits instead, never above urun's own
 * hard limits.  *ret_cpus is the number of processors, or 0: all.
 */
void limit_fallback_apply(struct container_config *config, unsigned int *ret_cpus);

/* Says what the limits have become, in one warning.  Called before limit_fallback_apply(). */
void limit_fallback_warn(const struct container_config *config);

/*
 * Binds @pid to @count of the processors that urun may use: others from one container to the next,
 * so that not all share the first.  0: nothing to do.
 */
int limit_fallback_bind(pid_t pid, unsigned int count, struct error *err);

/* Binds @pid to the processors that @model may use. */
int limit_fallback_bind_like(pid_t pid, pid_t model, struct error *err);

#endif
