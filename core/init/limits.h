/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_LIMITS_H
#define URUN_INIT_LIMITS_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Sets process.oomScoreAdj through the /proc that is mounted, which is the host's.  Where it isn't given, or
 * @process is NULL, the score stays.  An unprivileged process can't lower its score: the error names the
 * current one.
 * Runs in: init before pivot_root.
 */
int limits_set_oom_score_adj(const struct config_process *process, struct error *err);

/*
 * Sets process.rlimits.  Where a hard limit can't be raised, the error names the limit and the values.
 * Runs in: init, late, since RLIMIT_NOFILE and RLIMIT_AS apply to ourselves too.
 * Source: getrlimit(2).
 */
int limits_set_rlimits(const struct config_process *process, struct error *err);

/*
 * Set process.scheduler, process.ioPriority, linux.memoryPolicy, linux.personality and process.user.umask
 * (0022 where it isn't given).
 * Runs in: init after pivot_root.
 * Source: sched_setattr(2), ioprio_set(2), set_mempolicy(2), personality(2).
 */
int limits_set_scheduler(const struct config_process *process, struct error *err);
int limits_set_io_priority(const struct config_process *process, struct error *err);
int limits_set_memory_policy(const struct container_config *config, struct error *err);
int limits_set_personality(const struct container_config *config, struct error *err);
void limits_set_umask(const struct config_process *process);

#endif
