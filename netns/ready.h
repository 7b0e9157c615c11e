/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_READY_H
#define URUN_NETNS_READY_H

#include <sys/types.h>

#include "core/base/error.h"
#include "netns/options.h"

/*
 * The messages between a network helper and the parent that started it, on a SOCK_SEQPACKET socket.
 * Each packet is a message: its first byte is the kind, the rest is text.
 *
 *   parent: urun                                  urun-slirp, urun-port
 *   ─────────────────────────────────────────────────────────────────────────────────────────
 *   executes the helper with this socket,  ────▶ the first process makes the second one,
 *   while there is no container yet              which stays
 *                                          ◀──── PROCESS  the second one's pidfd; the first waits
 *                                          ◀──── WARNING  goes on without something; any number
 *   the container exists             GIVE  ────▶ the life pidfd, and what the helper serves
 *                                          ◀──── ERROR    the last message: the helper has failed
 *                                          ◀──── READY    the last message: the helper serves
 *   closes the socket                      ────▶ the first process ends
 *
 * PROCESS and WARNING come in any order, before and after GIVE.  The helper's stderr is the same
 * socket until ready_main() has set up the descriptors: a packet without a known kind is a text of
 * the dynamic linker.  If the socket ends before GIVE, the helper ends too.
 */
enum ready_kind {
	READY_PROCESS = 'P',
	READY_WARNING = 'W',
	READY_GIVE = 'G',
	READY_ERROR = 'E',
	READY_READY = 'R',
};

/* ---- the helper's side: the socket has this number, and behind it there is nothing ---- */

#define READY_FD 3

/*
 * The main() of @helper, whose arguments are READYFD NETWORK.  Moves the socket to READY_FD, opens
 * /dev/null as stdio, and closes all other descriptors: an engine waits until every process has
 * closed its pipes.  Ignores SIGPIPE, so that a write to a peer that has gone fails with EPIPE.
 * Then calls @start, and sends its error.  Returns the exit status.
 */
int ready_main(int argc, char **argv, const char *helper,
	       int (*start)(const struct network_options *options, struct error *err));

/* Sends an ERROR or a WARNING.  A failure to send means that the parent has gone. */
void ready_say_failure(enum ready_kind kind, const struct error *err);

/* Sends READY.  If this fails the caller must end, as the parent would wait for it. */
int ready_say_ready(struct error *err);

/*
 * For the first process: sends @pidfd, the pidfd of the second process @pid, to the parent.  Then
 * waits until @pid serves (the parent closes the socket) or has ended.  Fails if a signal killed
 * @pid or @pid ran out of memory, since @pid can't say so itself, and if the parent can't be given
 * the pidfd.
 */
int ready_watch(pid_t pid, int pidfd, struct error *err);

/* The same where we have joined the container's user namespace: process_end_without_files(). */
_Noreturn void ready_watch_in_container(pid_t pid, int pidfd);

/*
 * Waits for GIVE with @size bytes behind the kind, which @payload gets (NULL: none), and with @least
 * to @most descriptors, which the caller owns; *ret_fds is -1 for those that weren't sent.  Returns
 * 1, 0 if the parent has gone, or -1.
 */
int ready_receive(void *payload, size_t size, int *ret_fds, size_t least, size_t most,
		  struct error *err);

#endif
