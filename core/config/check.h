/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_CHECK_H
#define URUN_CONFIG_CHECK_H

#include "core/config/config.h"

/*
 * What a config must be beyond the types and ranges of its table.  All of these only look at the
 * config, return 0 or -1, and name the field by its path; all that they find is gathered where that
 * is wanted (error_gather()).
 */
int config_check(const struct container_config *config, struct error *err);
int config_check_process(const struct config_process *process, const char *path, struct error *err);
int config_check_namespaces(const struct container_config *config, struct error *err);
int config_check_linux(const struct container_config *config, struct error *err);
int config_check_resources(const struct config_resources *resources, struct error *err);
int config_check_seccomp(const struct config_seccomp *seccomp, struct error *err);

#endif
