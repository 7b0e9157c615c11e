/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_CHECK_VALUE_H
#define URUN_CONFIG_CHECK_VALUE_H

#include "core/config/config.h"

/*
 * Rules for single values, for the checks in check_*.c.  @path is the field's path, for the error.
 * Where the caller gathers errors (error_gather()), they go on after the first.
 */
int check_absolute(const char *value, const char *path, struct error *err);
int check_absolute_list(const struct str_list *values, const char *path, struct error *err);

/*
 * Is the path shorter than PATH_MAX, and each name in it at most NAME_MAX?  The kernel refuses
 * others.
 */
int check_path_length(const char *value, const char *path, struct error *err);

/* Arguments or variables: is each as short as execve(2) demands? */
int check_string_lengths(const struct str_list *strings, const char *path, struct error *err);
int check_env(const struct str_list *env, const char *path, struct error *err);
int check_mappings(const config_id_mappings *mappings, const char *path, struct error *err);

#endif
