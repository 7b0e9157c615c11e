/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_SYSTEMD_H
#define URUN_CGROUP_SYSTEMD_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/cgroup/device_rules.h"
#include "core/cgroup/limits.h"
#include "core/config/config.h"

/*
 * systemd as the cgroup manager, by the program urun-systemd.  Only urun-systemd is linked with
 * libsystemd, so that urun itself doesn't pay for loading it.
 * Source: systemd.resource-control(5), org.freedesktop.systemd1(5).
 */

/* Is there a bus of the user's systemd? */
bool systemd_has_user_bus(void);

/* The cgroup below which the user's systemd makes its units.  The caller frees it. */
char *systemd_user_cgroup(void);

/*
 * Makes the scope @unit with @pid in it, and with the properties of @settings, of @devices as far as
 * systemd can say them, and of the annotations org.systemd.property.*.
 */
int systemd_start(bool user_bus, const char *unit, const char *slice, pid_t pid,
		  const struct cgroup_settings *settings, const struct device_rules *devices,
		  const str_map *annotations, struct error *err);

/*
 * Moves a process of the caller's into the delegated unit @unit.  @below is the path of a cgroup in
 * the unit, which begins with '/', or empty.  systemd may move a process where the caller may not,
 * such as out of a login session, whose cgroup belongs to root.
 */
int systemd_attach(bool user_bus, const char *unit, const char *below, pid_t pid,
		   struct error *err);

/*
 * Finds a scope or service in the path @cgroup: the innermost where @outward is 0, the next one
 * outward where @outward is 1, and so on.  *ret_unit is its name, which the caller frees;
 * *ret_below the rest of @cgroup behind it; *ret_user is true where it belongs to a user's
 * systemd.  Returns false where there is no such unit.
 */
bool systemd_unit_of(const char *cgroup, size_t outward, char **ret_unit, const char **ret_below,
		     bool *ret_user);

/*
 * Tells systemd the new limits; otherwise systemd would restore the old ones some time.  @devices in
 * the same way; none: they stay as they are.
 */
int systemd_set(bool user_bus, const char *unit, const struct cgroup_settings *settings,
		const struct device_rules *devices, struct error *err);

/* Stops the scope.  It is no error that the scope doesn't exist. */
int systemd_stop(bool user_bus, const char *unit, struct error *err);

#endif
