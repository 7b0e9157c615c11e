/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_ACCOUNT_H
#define URUN_SPEC_SPEC_ACCOUNT_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/spec/spec_options.h"

/*
 * Lines that the container's passwd and group files need beside their own ones: the caller's lines
 * with keep-id, and the lines of a user whom --user gives by a number that passwd doesn't have.
 * Without a line in passwd the programs whoami, ssh, git and ssh-keygen fail.  The caller keeps
 * name and shell of the host, and the home of the host if the container has that directory.
 * Runs in: parent.
 * Source: podman-run(1), --userns and --user; passwd(5), group(5).
 */
struct spec_account {
	bool keep_id; /* false: uid … shell have no meaning */
	/*
	 * The root file system is the host's own system, and the program's user is the caller: the
	 * program has the caller's environment, home and working directory as well.  keep_id is set too.
	 */
	bool is_sandbox;
	uint32_t uid, gid; /* the caller's ids in the container */
	/*
	 * The host's entries, in the config's arena.  If the host has no name, the number is the
	 * name.
	 */
	const char *name, *group, *gecos, *home, *shell;
	bool has_user;	     /* --user gave a number that needs a line in passwd */
	bool has_user_group; /* … and a gid that needs a line in group */
	uint32_t user_uid, user_gid;
};

/*
 * Fills *ret_account for keep-id, after spec_keep_id() made the caller the config's user.  The
 * account of a container without keep-id has .keep_id = false and needs no call.
 */
void spec_account_of_caller(const struct spec_caller *caller, struct container_config *config,
			    struct spec_account *ret_account);

/*
 * The same for the sandbox of the host's own system.  The home is $HOME; where that is a part of the
 * system, or no absolute path, the home of passwd, or else /tmp.
 */
void spec_account_of_sandbox(const struct spec_caller *caller, struct container_config *config,
			     struct spec_account *ret_account);

/* Does --user @text name the caller, by name or number, without a group? */
bool spec_account_is_caller(const char *text, const struct spec_caller *caller);

/*
 * Makes the user of --user @text the config's user.  Except for UID:GID in numbers, the annotation
 * org.urun.user is set, by which init looks the user up in the container itself.  Until then the ids are
 * what the root file system's passwd and group say and, with keep-id, the caller's own name; or
 * nobody's.
 */
void spec_account_find(const char *text, struct spec_account *account,
		       struct container_config *config);

/*
 * Sets the annotations org.urun.passwd and org.urun.group.
 * ORDER: after the mounts and the working directory were set, which decide on the home.
 */
void spec_account_apply(const struct spec_account *account, struct container_config *config);

#endif
