/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_CHECK_H
#define URUN_CONFIG_CHECK_H

#include "core/config/config.h"

/*
 * The rules for a config beyond the types, words and ranges of its tables.  All functions look at
 * the config only, and return 0 or -1 with an error that names the field by its path.  Where the
 * caller gathers errors (error_gather()), they go on after the first.
 */
int config_check(const struct container_config *config, struct error *err);
int config_check_process(const struct config_process *process, const char *path, struct error *err);
int config_check_namespaces(const struct container_config *config, struct error *err);
int config_check_linux(const struct container_config *config, struct error *err);
int config_check_resources(const struct config_resources *resources, struct error *err);
int config_check_seccomp(const struct config_seccomp *seccomp, struct error *err);

/*
 * The failure that $PATH has no program of this name, with a hint where the name is an option that
 * stands in the wrong place.  Returns -1 always.
 */
int config_no_program(const char *name, struct error *err);

#endif
