/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_SHAPES_H
#define URUN_CONFIG_SHAPES_H

#include "core/base/json.h"
#include "core/config/config.h"

/* The tables that tell which property of the JSON is which member of config.h's structs. */
extern const struct json_shape container_config_shape;
extern const struct json_shape config_process_shape;
extern const struct json_shape config_resources_shape;
extern const struct json_shape config_seccomp_shape;
extern const struct json_shape config_hooks_shape;
extern const struct json_shape config_intel_rdt_shape;
extern const struct json_shape config_id_mapping_shape;

/* The name of the member of `hooks` in config.json: "createRuntime". */
const char *config_hook_name(enum config_hook_kind kind);

/* The words of config.h's enums, in the order of each; NULL at the end. */
extern const char *const config_capability_names[];
extern const char *const config_rlimit_types[];
extern const char *const config_io_classes[];
extern const char *const config_sched_policies[];
extern const char *const config_memory_modes[];
extern const char *const config_device_types[];
extern const char *const config_namespace_types[];
extern const char *const config_memory_flags[];
extern const char *const config_personality_domains[];
extern const char *const config_seccomp_actions[];
extern const char *const config_seccomp_operators[];
extern const char *const config_seccomp_architectures[];
extern const char *const config_seccomp_flags[];

#endif
