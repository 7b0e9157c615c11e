/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_READY_H
#define URUN_NETNS_READY_H

/*
 * What urun-slirp and the parent that started it say to each other, on a SOCK_SEQPACKET socket: a
 * packet a message, whose first byte is the kind and whose rest is text.
 *
 *   parent: urun                                    urun-slirp
 *   ─────────────────────────────────────────────────────────────────────────────────────────
 *   executes it with this socket, while    ────▶ makes the process that stays
 *   there is no container yet
 *                                        ◀──── PROCESS  with the pidfd of that process; the first one ends
 *                                        ◀──── WARNING  goes on without something; any number
 *   the container has its device    GIVE ────▶ with the tap device and the life pidfd
 *                                        ◀──── ERROR    the last one: it has failed
 *                                        ◀──── READY    the last one: packets are taken
 * PROCESS and WARNING come in any order, before and after GIVE.  Where the socket ends without GIVE
 * urun-slirp ends too.
 */
enum ready_kind {
	READY_PROCESS = 'P',
	READY_WARNING = 'W',
	READY_GIVE = 'G',
	READY_ERROR = 'E',
	READY_READY = 'R',
};

#endif
