/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_SHAPES_H
#define URUN_CONFIG_SHAPES_H

#include "core/base/json.h"

/* The tables that say which property is which member of config.h's structs. */
extern const struct json_shape container_config_shape;
extern const struct json_shape config_process_shape;
extern const struct json_shape config_resources_shape;
extern const struct json_shape config_seccomp_shape;
extern const struct json_shape config_hooks_shape;
extern const struct json_shape config_seccomp_shape;
extern const struct json_shape config_id_mapping_shape;

/* The words of linux.seccomp, in the order of config.h's enums; NULL at the end. */
extern const char *const config_seccomp_actions[];
extern const char *const config_seccomp_operators[];
extern const char *const config_seccomp_flags[];

#endif
