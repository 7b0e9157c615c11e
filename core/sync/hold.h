/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_HOLD_H
#define URUN_SYNC_HOLD_H

#include <stdint.h>

/*
 * What the holder of shared namespaces (core/container/holder.h) and the containers in them say to each
 * other, on a SOCK_SEQPACKET connection to the holder's socket:
 *
 *   urun (run, create)                            the holder: urun init
 *   ──────────────────────────────────────────────────────────────────────────────────────────
 *   connects                                 ────▶ counts the connection as a member
 *                                            ◀──── struct hold_hello
 *   makes the container in the namespaces
 *   a byte, with its first process's pidfd   ────▶ counts the process in place of the connection
 *                                            ◀──── a byte
 *
 * The holder ends with its last member: a connection that was closed, or a process that has ended, is
 * none.  So who has received the hello can be sure of the namespaces until the connection is closed, and
 * who receives none finds another holder.
 *
 * Only the caller's own processes reach the socket, which is in a directory of mode 0700.  The root of a
 * container in the namespaces can take the holder over, and then knows the pidfds of processes that it
 * can signal anyway; all that it can make others do is wait, up to HOLD_ANSWER_S.
 */
struct hold_hello {
	uint32_t members; /* without this connection */
};

/* How long urun waits for an answer. */
#define HOLD_ANSWER_S 5

#endif
