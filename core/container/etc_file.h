/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_ETC_FILE_H
#define URUN_CONTAINER_ETC_FILE_H

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/container/state.h"

/*
 * Files of the container's /etc that urun writes.  A file that is mounted over another one can't be
 * replaced: useradd, vipw, dhclient and resolvconf write a new file and rename(2) it, which fails
 * with EBUSY there.  So init writes into the container's own files wherever the user loses nothing
 * by that (the mount options x-urun-file and x-urun-lines, core/rootfs/own_file.h), and mounts our
 * files over the container's only elsewhere:
 *
 *                          resolv.conf, hosts, hostname     passwd, group
 *   overlay                written                          lines are added
 *   a directory            mounted over                     lines are added
 *   a directory, read-only mounted over                     mounted over
 *
 * Runs in: parent.
 */

/*
 * Makes the file @name with @text in the state directory, and adds a mount of it to the config, for
 * the container's /etc/@name.  Where the config itself mounts something there, the config's mount
 * stays alone.
 */
int etc_file_add(const struct state_dir *dir, const char *name, const struct strbuf *text,
		 struct container_config *config, struct error *err);

/*
 * Adds the lines of the annotations org.urun.passwd and org.urun.group to the container's passwd
 * and group, as far as the files don't have them.  Does nothing without the annotations.
 */
int etc_file_add_accounts(const struct state_dir *dir, struct container_config *config,
			  struct error *err);

/*
 * For a container with root emulation: files of settings, each where the root file system has the
 * program's directory of such files.
 *   apt       downloads as its own user _apt, and ends where it sees that it is root still after
 *             the change of ids
 *   profile   a login shell of another user, as `su - USER` starts it, says that it is root's
 * Source: apt.conf(5), APT::Sandbox::User; dash(1) and bash(1), /etc/profile.
 */
int etc_file_add_emulation(const struct state_dir *dir, struct container_config *config,
			   struct error *err);

#endif
