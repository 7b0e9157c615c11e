/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_SPEC_USER_H
#define URUN_PARENT_SPEC_USER_H

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/config/config.h"

/*
 * The user that a text means in a root file system: "NAME", "UID", each with ":GROUP" or ":GID".
 * Names are looked up in its /etc/passwd and /etc/group, which no link leads out of.  Without a
 * group it is the user's own, and a user named has their supplementary groups too; a number that
 * passwd doesn't have is taken as it is, with group 0.
 * *ret_user keeps what the text doesn't say; lists are @arena's.
 * Fails with the text and what isn't there.
 * Runs in: parent.  Source: podman-run(1), --user; passwd(5), group(5).
 */
int spec_user_find(const char *text, const char *rootfs, struct arena *arena,
		   struct config_user *ret_user, struct error *err);

#endif
