/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SANDBOX_H
#define URUN_NETNS_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"

/*
 * What is taken from the helpers before they serve.
 *   urun-slirp  keeps the host's network namespace and its sockets, and nothing else
 *   urun-resolv watches the host's DNS settings: it keeps its root, to read there
 *   urun-port   is in the container's user and network namespaces, and keeps CAP_NET_ADMIN there
 * Runs in: urun-slirp, urun-port.
 */
enum sandbox_kind { SANDBOX_SLIRP, SANDBOX_PORT, SANDBOX_RESOLV };

/*
 * Like fork(2), with mount, pid and ipc namespaces of its own for the child (not of urun-resolv, which
 * sees the host's mounts), of urun-slirp also a user namespace; where the host refuses these, without.  *ret_pidfd is the caller's.  *ret_isolated
 * says in the child whether it has the namespaces.  Returns the pid, 0 in the child, or -1.
 */
pid_t sandbox_fork(enum sandbox_kind kind, int *ret_pidfd, bool *ret_isolated, struct error *err);

/*
 * For a child of urun-slirp's with namespaces: keeps the ids @uid and @gid in its user namespace.
 */
int sandbox_keep_ids(uid_t uid, gid_t gid, struct error *err);

/*
 * For a child with namespaces: its root becomes an empty one, in which for urun-slirp there is an
 * empty /etc/resolv.conf, open for writing as *ret_resolv_fd (may be NULL for others).  Fails where
 * the host forbids it: going on without is the caller's choice, as all else that confines is
 * independent of it.
 */
int sandbox_leave_root(enum sandbox_kind kind, int *ret_resolv_fd, struct error *err);

/*
 * No capability (but what the kind keeps), no new privileges, as many descriptors as the host
 * allows, and the system calls of a program that has sockets: none that opens another program,
 * process, or kind of socket.
 * ORDER: last; what opens a file for writing or makes a mount stands above it.
 * Source: seccomp(2), capabilities(7).
 */
int sandbox_drop_privileges(enum sandbox_kind kind, struct error *err);

#endif
