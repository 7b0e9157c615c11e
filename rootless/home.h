/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_HOME_H
#define URUN_ROOTLESS_HOME_H

#include <sys/types.h>

#include "core/base/arena.h"
#include "core/config/config.h"

/*
 * Adds to *list the home folders of people, as passwd writes them: of root, of @caller, and of all
 * users from UID_MIN of /etc/login.defs (1000 where the file doesn't say) on.  Those that aren't
 * absolute paths are left out.  The texts are the arena's, list->items is the caller's to free.  @root is "" for the host itself, else a folder that stands for its
 * root.  A caller whom /etc/passwd doesn't have is asked for by getent(1); other users of network
 * directories aren't found.
 * Runs in: parent.
 * Source: passwd(5), login.defs(5).
 */
void home_list(const char *root, uid_t caller, struct arena *arena, struct str_list *list);

#endif
