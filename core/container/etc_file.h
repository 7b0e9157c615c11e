/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_ETC_FILE_H
#define URUN_CONTAINER_ETC_FILE_H

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/container/state.h"

/*
 * Files of the container's /etc that urun writes.  A file that is mounted over another can't be
 * replaced: useradd, vipw, dhclient and resolvconf write a new one and rename(2) it, which is EBUSY
 * there.  So init writes into the container's own files wherever nothing of the user's is lost by
 * it (the mount options x-urun-file and x-urun-lines, core/rootfs/own_file.h), and mounts ours over
 * the container's only elsewhere:
 *
 *                          resolv.conf, hosts, hostname     passwd, group
 *   overlay                written                          lines are added
 *   a directory            mounted over                     lines are added
 *   a directory, read-only mounted over                     mounted over
 *
 * Runs in: parent.
 */

/*
 * Makes @name in the state directory, with @text, and a mount of it for the container's /etc/@name
 * at the end of the config's mounts.  What the config mounts there itself is left to it.
 */
int etc_file_add(const struct state_dir *dir, const char *name, const struct strbuf *text,
		 struct container_config *config, struct error *err);

/*
 * passwd and group with the lines of the annotations org.urun.passwd and org.urun.group: what isn't
 * in the container's files is added to them.  Nothing to do without the annotations.
 */
int etc_file_add_accounts(const struct state_dir *dir, struct container_config *config,
			  struct error *err);

#endif
