/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SANDBOX_H
#define URUN_NETNS_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"

/*
 * The confinement of the helpers, before they serve.
 *   urun-slirp  keeps the host's network namespace and its sockets, and nothing else
 *   urun-resolv keeps its root directory, to watch the host's DNS settings there
 *   urun-port   is in the container's user and network namespaces, and keeps CAP_NET_ADMIN there
 *   urun-bypass is in the container's user namespace and the host's network namespace, and keeps
 *               CAP_SYS_PTRACE there, by which it reads the address of a call
 * Runs in: urun-slirp, urun-port, urun-resolv, urun-bypass.
 */
enum sandbox_kind { SANDBOX_SLIRP, SANDBOX_PORT, SANDBOX_RESOLV, SANDBOX_BYPASS };

/*
 * Like fork(2), but the child has mount, pid and ipc namespaces of its own, and for urun-slirp a
 * user namespace too.  The child for urun-resolv has none of them, since it reads the host's
 * mounts, and the one for urun-bypass no pid namespace, since the kernel tells it pids of the
 * container's processes.  If the host refuses the namespaces, the child is made without.  The caller owns
 * *ret_pidfd.  *ret_isolated tells the child whether it has the namespaces.  Returns the pid, 0 in
 * the child, or -1.
 */
pid_t sandbox_fork(enum sandbox_kind kind, int *ret_pidfd, bool *ret_isolated, struct error *err);

/*
 * For urun-slirp's child that has namespaces: maps @uid and @gid to themselves in its user
 * namespace.
 */
int sandbox_keep_ids(uid_t uid, gid_t gid, struct error *err);

/*
 * For a child that has namespaces: replaces its root directory by an empty one.  For urun-slirp
 * that has an empty /etc/resolv.conf, which stays open for writing as *ret_resolv_fd; for the
 * others @ret_resolv_fd may be NULL.  Fails if the host forbids it.  The caller may go on then:
 * every other confinement is independent of this one.
 */
int sandbox_leave_root(enum sandbox_kind kind, int *ret_resolv_fd, struct error *err);

/*
 * Drops all capabilities except those that @kind keeps, sets no_new_privs, raises the limit of
 * descriptors as far as the host allows, and loads the filter of system calls (netns/filter.h),
 * with which the process can't start a program or a process, nor open other kinds of sockets.
 * ORDER: last.  Opening a file for writing, and mounting, must come before.
 * Source: seccomp(2), capabilities(7).
 */
int sandbox_drop_privileges(enum sandbox_kind kind, struct error *err);

#endif
