/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_CHECK_VALUE_H
#define URUN_CONFIG_CHECK_VALUE_H

#include "core/config/config.h"

/*
 * What single values of a config must be, for the checks in check_*.c.  @path is the field; all that is
 * found is gathered where that is wanted (error_gather()).
 */
int check_absolute(const char *value, const char *path, struct error *err);
int check_absolute_list(const struct str_list *values, const char *path, struct error *err);

/* Can there be such a path?  One of PATH_MAX bytes, or with a name above NAME_MAX, fails wherever it is used. */
int check_path_length(const char *value, const char *path, struct error *err);

/* Arguments or variables, none longer than execve(2) takes. */
int check_string_lengths(const struct str_list *strings, const char *path, struct error *err);
int check_env(const struct str_list *env, const char *path, struct error *err);
int check_mappings(const config_id_mappings *mappings, const char *path, struct error *err);

#endif
