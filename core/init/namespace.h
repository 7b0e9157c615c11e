/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_NAMESPACE_H
#define URUN_INIT_NAMESPACE_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Settings of the new namespaces themselves, made before any file of the container is touched.
 * Runs in: init before pivot_root.
 */

/* Sets the host name and domain name of the UTS namespace, where the config has them. */
int set_host_names(const struct container_config *config, struct error *err);

/* Brings up "lo" of a new network namespace. Source: netdevice(7). */
int bring_up_loopback(struct error *err);

/*
 * Lets all groups of the container use ping without a capability; the config's own sysctl comes
 * later.  Source: icmp(7), ping_group_range.
 */
void allow_ping(void);

/*
 * Joins a new session keyring, so that the container can't use the caller's keys.  Where the caller's quota
 * of keys (200 by default) is used up, this is logged and isn't a failure.  Source: keyrings(7).
 */
int join_session_keyring(const char *id, struct error *err);

#endif
