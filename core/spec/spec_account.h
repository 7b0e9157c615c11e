/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_ACCOUNT_H
#define URUN_SPEC_SPEC_ACCOUNT_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/spec/spec_options.h"

/*
 * The container's users beside those of its own passwd and group: with keep-id the caller,
 * with the name, shell and (where the container has it) home of the host; and a user whom --user gives
 * by a number that passwd doesn't have.  Without a line in passwd whoami, ssh, git and ssh-keygen fail.
 * Runs in: parent.  Source: podman-run(1), --userns and --user; passwd(5), group(5).
 */
struct spec_account {
	bool keep_id;
	uint32_t uid, gid; /* of the caller in the container */
	/* The host's entries, in the arena.  A name that the host doesn't have is the number. */
	const char *name, *group, *gecos, *home, *shell;
	/* What --user adds; "": nothing.  Without their home, which is known later. */
	bool has_user;
	uint32_t user_uid, user_gid;
	bool has_user_group;
};

/*
 * The caller of keep-id, who is the config's user now.  Others: .keep_id = false is all.
 */
void spec_account_of_caller(const struct spec_caller *caller, struct container_config *config,
			    struct spec_account *ret_account);

/*
 * Makes the user that @text (of --user) means the config's: of the root file system's passwd and group
 * and, with keep-id, of the caller's name and number too.  Fails with the text and what isn't there.
 */
int spec_account_find(const char *text, struct spec_account *account,
		      struct container_config *config, struct error *err);

/*
 * Sets the annotations org.urun.passwd and org.urun.group.
 * ORDER: after the mounts and the working folder, by which the home is chosen.
 */
void spec_account_apply(const struct spec_account *account, struct container_config *config);

#endif
