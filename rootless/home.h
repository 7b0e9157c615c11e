/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_HOME_H
#define URUN_ROOTLESS_HOME_H

#include <sys/types.h>

#include "core/base/arena.h"
#include "core/config/config.h"

/*
 * Adds to *list the home directories of people, as they stand in /etc/passwd: of root, of @caller,
 * and of all users from UID_MIN of /etc/login.defs on (1000 where the file has no UID_MIN).  A home
 * that isn't an absolute path is left out.  The texts are allocated in @arena; the caller frees
 * list->items.  @root is "" for the host itself, or a directory that stands for the host's root.  A
 * caller who isn't in /etc/passwd is looked up by getent(1).  Other users who are only in a network
 * directory (LDAP) aren't found.
 * Runs in: parent.
 * Source: passwd(5), login.defs(5).
 */
void home_list(const char *root, uid_t caller, struct arena *arena, struct str_list *list);

#endif
