/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_NOTIFY_H
#define URUN_NETNS_NOTIFY_H

#include <stdint.h>

#include "core/base/error.h"

/*
 * How a process of the container comes under the supervision of the container's urun-bypass: a filter
 * sends each connect(2) to a listener, and urun-bypass gets the listener.  The filter is beside that of
 * the profile, which may refuse what this one would send.
 *
 *   urun init (create, exec)                        urun-bypass
 *   ─────────────────────────────────────────────────────────────────────────────────
 *   on a SOCK_SEQPACKET connection to the control socket, which the parent has made:
 *   the filter is loaded; its listener,
 *   and a netlink socket of the container   ────▶ serves the listener from now on
 *                                           ◀──── struct notify_answer
 *   executes the program
 *
 * Both programs are of one installation, so the answer is a plain struct.
 */
enum notify_fd { NOTIFY_FD_LISTENER, NOTIFY_FD_ROUTES, NOTIFY_FD_COUNT };

struct notify_answer {
	int32_t errnum; /* 0: success */
};

/*
 * Loads the filter into the calling process, which is in the container's network namespace, and hands
 * the listener over by @connection.  Needs no_new_privs or CAP_SYS_ADMIN in the user namespace.
 * ORDER: before the profile's filter, which may refuse what this takes; connect(2) of this process
 * waits for urun-bypass from here on.
 * Runs in: init after pivot_root.
 * Source: seccomp(2), seccomp_unotify(2).
 */
int notify_begin(int connection, struct error *err);

/*
 * Fails where this kernel has not what urun-bypass needs: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (Linux
 * 5.19), without which a signal could interrupt a call whose socket was replaced already; or where Yama
 * forbids to look at processes at all.
 * Runs in: parent.
 */
int notify_check_host(struct error *err);

#endif
