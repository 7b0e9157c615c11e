/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_CHECK_H
#define URUN_CONFIG_CHECK_H

#include <stdbool.h>

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

/* Parts that several of them need; @path is the field. */
int check_absolute(const char *value, const char *path, struct error *err);
int check_absolute_list(const str_list *values, const char *path, struct error *err);

/* Can there be such a path?  One of PATH_MAX bytes, or with a name above NAME_MAX, fails wherever it is used. */
int check_path_length(const char *value, const char *path, struct error *err);

/* Arguments or variables, none longer than execve(2) takes. */
int check_string_lengths(const str_list *strings, const char *path, struct error *err);
int check_env(const str_list *env, const char *path, struct error *err);
int check_mappings(const config_id_mappings *mappings, const char *path, struct error *err);

/* Whether @value is one of @names, which ends with NULL. */
bool check_is_one_of(const char *value, const char *const *names);

#endif
