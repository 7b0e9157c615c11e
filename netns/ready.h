/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_READY_H
#define URUN_NETNS_READY_H

#include <sys/types.h>

#include "core/base/error.h"
#include "netns/options.h"

/*
 * What a helper of the network and the parent that started it say to each other, on a SOCK_SEQPACKET socket: a
 * packet a message, whose first byte is the kind and whose rest is text.
 *
 *   parent: urun                                    urun-slirp, urun-port
 *   ─────────────────────────────────────────────────────────────────────────────────────────
 *   executes it with this socket, while    ────▶ makes the process that stays
 *   there is no container yet
 *                                        ◀──── PROCESS  with the pidfd of that process; the first one waits
 *                                        ◀──── WARNING  goes on without something; any number
 *   the container is there          GIVE ────▶ with the life pidfd, and what the helper serves
 *                                        ◀──── ERROR    the last one: it has failed
 *                                        ◀──── READY    the last one: it serves
 *   closes the socket                    ────▶ the first one ends
 * PROCESS and WARNING come in any order, before and after GIVE.  The helper's stderr is the same socket
 * until it has begun: a packet that no kind begins is what the dynamic linker says.  Where the socket ends without GIVE
 * the helper ends too.
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
 * The main() of @helper, whose arguments are READYFD NETWORK.  Makes it so: the socket is READYFD,
 * stdio becomes /dev/null, and all other descriptors are closed, as an engine waits until its pipes
 * are closed by all that has them.  A write to a peer that has gone fails with EPIPE.  Then calls
 * @start, and says its failure.  Returns the exit status.
 */
int ready_main(int argc, char **argv, const char *helper,
	       int (*start)(const struct network_options *options, struct error *err));

/* An ERROR or a WARNING.  Where this fails nobody is there to hear of it. */
void ready_say_failure(enum ready_kind kind, const struct error *err);

/* Says READY.  The process that fails to say so ends, as the parent would wait for it. */
int ready_say_ready(struct error *err);

/*
 * For the process that was executed: gives the parent @pidfd, of the process @pid that it has made; then
 * waits until @pid serves (the parent closes the socket then) or has ended.  Fails where @pid was killed by
 * a signal or ran out of memory, as @pid says nothing then, and where the parent can't be given the pidfd.
 */
int ready_watch(pid_t pid, int pidfd, struct error *err);

/*
 * Waits for GIVE with @least to @most descriptors, which are the caller's; the others are -1.
 * Returns 1, 0 where the parent has gone, or -1.
 */
int ready_receive(int *ret_fds, size_t least, size_t most, struct error *err);

#endif
