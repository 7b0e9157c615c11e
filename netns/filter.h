/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_FILTER_H
#define URUN_NETNS_FILTER_H

#include "core/base/error.h"
#include "netns/sandbox.h"

/*
 * Restricts the process to the system calls that its loop makes: all others fail with ENOSYS.  Sets
 * no_new_privs, which the filter needs.  Files can be opened for reading only; sockets can be IPv4
 * and IPv6 only, so the host's abstract Unix sockets are out of reach; no memory can become
 * executable.
 * Runs in: urun-slirp, urun-port, before they serve.
 * Source: seccomp(2).
 */
int filter_system_calls(enum sandbox_kind kind, struct error *err);

#endif
