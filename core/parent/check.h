/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_CHECK_H
#define URUN_PARENT_CHECK_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * The files that a config speaks of, which a start finds out about one by one: the root file system,
 * the sources of binds, the hooks that run outside, the program.  What this process can't tell
 * (folders of other ids, what a mount covers) is no problem.  The config's paths are absolute.
 * Runs in: parent.
 */
int check_files(const struct container_config *config, struct error *err);

#endif
