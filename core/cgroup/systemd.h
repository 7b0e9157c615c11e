/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_SYSTEMD_H
#define URUN_CGROUP_SYSTEMD_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/cgroup/limits.h"
#include "core/config/config.h"

/*
 * systemd as the cgroup manager, by the program urun-systemd: it alone is linked with libsystemd,
 * so that no other start pays for it.
 * Source: systemd.resource-control(5), org.freedesktop.systemd1(5).
 */

/* Is there a user's bus that could be asked? */
bool systemd_has_user_bus(void);

/* The cgroup below which a user's systemd has its units.  The caller frees it. */
char *systemd_user_cgroup(void);

/* Makes the scope @unit of @pid, with the properties that @settings and the annotations say. */
int systemd_start(bool user_bus, const char *unit, const char *slice, pid_t pid,
		  const struct cgroup_settings *settings, const str_map *annotations,
		  struct error *err);

/*
 * Moves a process of the caller's into the unit, which is a delegated one; @below is the path of a
 * cgroup in it, with '/' at its front, or empty.  systemd may do that where the caller may not, as
 * from a login session, whose cgroup is root's.
 */
int systemd_attach(bool user_bus, const char *unit, const char *below, pid_t pid,
		   struct error *err);

/*
 * A unit that the cgroup lies in: the last name in the path of a scope or a service where @outward
 * is 0, the last but one where it is 1, and so on.  *ret_unit is the caller's to free, *ret_below
 * the rest of @cgroup behind it, *ret_user whether it is one of a user's systemd.  False: there is
 * none.
 */
bool systemd_unit_of(const char *cgroup, size_t outward, char **ret_unit, const char **ret_below,
		     bool *ret_user);

/* Tells systemd the limits, or it would put the old ones back. */
int systemd_set(bool user_bus, const char *unit, const struct cgroup_settings *settings,
		struct error *err);

/* Takes the scope away; one that isn't there is no error. */
int systemd_stop(bool user_bus, const char *unit, struct error *err);

#endif
