/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_NAME_H
#define URUN_ROOTLESS_NAME_H

#include <sys/types.h>

/*
 * The name of a user or a group of the host at @root ("" for the host itself), or NULL.  The caller
 * frees it.  From /etc/passwd or /etc/group; where it isn't there, from getent(1), which asks the
 * services of nsswitch.conf.  Not by getpwuid(3): it loads their modules, which a program that is
 * linked statically can't, and costs every start what few hosts need.
 */
char *name_of_user(const char *root, uid_t uid);
char *name_of_group(const char *root, gid_t gid);

/* The user's home folder, likewise. */
char *home_of_user(const char *root, uid_t uid);

/* The user's line of passwd(5), likewise, in parts; all NULL where there is no line; the caller frees them. */
struct passwd_line {
	char *name, *gecos, *home, *shell;
};
void name_passwd_line(const char *root, uid_t uid, struct passwd_line *ret_line);

#endif
