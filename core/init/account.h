/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_ACCOUNT_H
#define URUN_INIT_ACCOUNT_H

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/config/config.h"
#include "core/rootfs/user.h"

/*
 * What the program's process takes from files of the container that only exist when everything is
 * mounted: the ids of a user that is given by a name (an overlay or a volume may have the line), the
 * user's shell, and whether the container knows the caller's terminal.
 * All run in: init and setns, with a descriptor of the container's root, whose files aren't trusted:
 * sizes are bounded, and links are followed inside the root alone (core/base/path.h).
 */

/*
 * With the annotation org.urun.user: sets the ids, the supplementary groups and HOME of
 * @config->process to those of that user, and gives a root that was found by its name the
 * capabilities of the bounding set.  Groups that the process has already come after the user's.
 * Does nothing without the annotation.
 * Groups that the user namespace can't set are told with the level @told.
 * Fails where the user or the group is not found.
 * Source: podman-run(1), --user.
 */
int account_find_user(int root, enum user_groups groups, enum log_level told,
		      struct container_config *config, struct error *err);

/* The same for the ids alone, for a root in which not everything is mounted yet: never fails. */
void account_find_ids(int root, struct container_config *config);

/*
 * Puts the groups that the annotation org.urun.groups names before the supplementary groups of
 * @config->process.  *ret_count is the number of the groups.  Does nothing where @groups isn't
 * USER_GROUPS_SET: the parent has refused the annotation then, or the caller's groups are kept.
 * Fails where a group is not found.
 * Source: podman-run(1), --group-add.
 */
int account_add_groups(int root, enum user_groups groups, struct container_config *config,
		       size_t *ret_count, struct error *err);

/*
 * With the annotation org.urun.shell, and where the program is the single word CONFIG_SHELL: the path
 * of the shell that passwd has for the process's user.  Otherwise NULL, and also for a shell that only
 * refuses logins, such as nologin(8).  The text is the arena's.  The caller looks whether the container has
 * the file.
 */
const char *account_shell(int root, struct container_config *config);

/*
 * With the annotation org.urun.term: sets TERM to its value where the container has no terminfo entry
 * for the TERM that process.env has.  Source: terminfo(5), "Fetching Compiled Descriptions".
 */
void account_fit_term(int root, struct container_config *config);

#endif
