/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SANDBOX_H
#define URUN_NETNS_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"

/*
 * What is taken from urun-slirp before it reads the container's first packet.  It keeps the host's
 * network namespace, its sockets and the DNS settings, and nothing else.
 * Runs in: urun-slirp.
 */

/*
 * Like fork(2), with user, mount, pid and ipc namespaces of its own for the child; where the host
 * refuses these, without.  *ret_pidfd is the caller's.  *ret_isolated says in the child whether it
 * has the namespaces.  Returns the pid, 0 in the child, or -1.
 */
pid_t sandbox_fork(int *ret_pidfd, bool *ret_isolated, struct error *err);

/*
 * For a child with namespaces, which keeps the ids @uid and @gid: its root becomes an empty one in which /etc/resolv.conf is the
 * host's, read-only, followed as it changes.  Fails where the host forbids it: going on without is
 * the caller's choice, as all else that confines is independent of it.
 */
int sandbox_leave_root(uid_t uid, gid_t gid, struct error *err);

/*
 * No capability, no new privileges, as many descriptors as the host allows, and the system calls
 * of a program that has sockets: none that opens another program, process, or kind of socket.
 * ORDER: last; what opens a file for writing or makes a mount stands above it.
 * Source: seccomp(2), capabilities(7).
 */
int sandbox_drop_privileges(struct error *err);

#endif
