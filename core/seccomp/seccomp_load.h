/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SECCOMP_SECCOMP_LOAD_H
#define URUN_SECCOMP_SECCOMP_LOAD_H

#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/str.h"

/*
 * Loads the filter into the calling process by seccomp(2), which needs no_new_privs or
 * CAP_SYS_ADMIN in the user namespace.  @flags are SECCOMP_FILTER_FLAG_….  With NEW_LISTENER
 * *ret_listener is a close-on-exec descriptor that the caller closes; without it -1.  If this
 * kernel doesn't know a flag, the error names the flag.
 * ORDER: last before execve(2).  The filter can refuse nearly every system call, so memory is
 * allocated and files are opened before.
 * Runs in: init after pivot_root.
 * Source: seccomp(2).
 */
int seccomp_load_program(const void *bpf, size_t size, unsigned int flags, int *ret_listener,
			 struct error *err);

/*
 * Writes the "container process state", which the agent receives with the listener, as JSON.  @pid
 * is init's pid as the parent sees it, @metadata may be NULL, @state_json is the state as `urun
 * state` prints it.
 * ORDER: before the filter is loaded, as this allocates memory.
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
