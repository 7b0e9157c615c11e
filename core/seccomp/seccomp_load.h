/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SECCOMP_SECCOMP_LOAD_H
#define URUN_SECCOMP_SECCOMP_LOAD_H

#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/str.h"

/*
 * Puts the filter on the calling process, by seccomp(2).  It needs no_new_privs or CAP_SYS_ADMIN in
 * the user namespace. @flags are SECCOMP_FILTER_FLAG_…; with NEW_LISTENER *ret_listener is the
 * caller's descriptor (close-on-exec), else -1. A flag that this kernel doesn't know is an error
 * that names it.
 * ORDER: nothing may be needed afterwards that an ordinary filter refuses: allocate and open
 * before.
 * Runs in: init after pivot_root, last before execve(2).
 * Source: seccomp(2).
 */
int seccomp_load_program(const void *bpf, size_t size, unsigned int flags, int *ret_listener,
			 struct error *err);

/*
 * The "container process state" for the agent, as JSON.  @pid is init's as the parent sees it,
 * @metadata may be NULL, @state_json is the state as `urun state` prints it.  Made before the
 * filter is loaded.
 * Source: OCI runtime-spec 1.3, config-linux.md "The Container Process State".
 */
void seccomp_listener_state(pid_t pid, const char *metadata, const char *state_json,
			    struct strbuf *ret_state);

/*
 * Sends the state with the listener over the connected stream socket.  Both descriptors stay the
 * caller's to close.
 */
int seccomp_send_listener(int socket, int listener, const struct strbuf *state, struct error *err);

#endif
