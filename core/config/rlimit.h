/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_RLIMIT_H
#define URUN_CONFIG_RLIMIT_H

/* The resource (for getrlimit(2)) of a name such as "RLIMIT_NOFILE"; -1: Linux has no such limit.
 */
int config_rlimit_resource(const char *name);

#endif
