/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_FILTER_H
#define URUN_NETNS_FILTER_H

#include "core/base/error.h"
#include "netns/sandbox.h"

/*
 * Leaves the process only the system calls that its loop makes; all others fail with ENOSYS.
 * It needs no_new_privs.  Files are opened for reading only, sockets are of IPv4 and IPv6 (none of
 * the host's abstract Unix sockets is in reach), no memory becomes executable.
 * Runs in: urun-slirp, urun-port, before they serve.
 * Source: seccomp(2).
 */
int filter_system_calls(enum sandbox_kind kind, struct error *err);

#endif
