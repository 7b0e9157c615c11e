/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_NAME_H
#define URUN_ROOTLESS_NAME_H

#include <sys/types.h>

/*
 * The name of a user or a group of the host at @root ("" for the host itself), or NULL.  The caller
 * frees it.  /etc/passwd or /etc/group is read first; an id that the file doesn't have is looked up
 * by getent(1), which asks the services of nsswitch.conf.  getpwuid(3) isn't used: it loads the
 * modules of these services, which a statically linked program can't do, and every start would be
 * slower.
 */
char *name_of_user(const char *root, uid_t uid);
char *name_of_group(const char *root, gid_t gid);

/* The user's home directory, found in the same way. */
char *home_of_user(const char *root, uid_t uid);

/*
 * The fields of the user's line of passwd(5), found in the same way; all NULL where no line is
 * found.  The caller frees each.
 */
struct passwd_line {
	char *name, *gecos, *home, *shell;
};
void name_passwd_line(const char *root, uid_t uid, struct passwd_line *ret_line);

#endif
