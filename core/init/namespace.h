/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_NAMESPACE_H
#define URUN_INIT_NAMESPACE_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * What belongs to the new namespaces themselves, before any file of the container is touched.
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
 * Joins a session keyring of the container's own, so that the caller's keys stay the caller's; the
 * quota of keys being used up (200 by default) is no reason to fail.  Source: keyrings(7).
 */
int join_session_keyring(const char *id, struct error *err);

#endif
