/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_READY_H
#define URUN_NETNS_READY_H

/*
 * What urun-slirp says to the parent that started it, on a SOCK_SEQPACKET socket: a packet a
 * message, whose first byte is the kind and whose rest is text.
 *
 *   parent: urun                                    urun-slirp
 *   ─────────────────────────────────────────────────────────────────────────────────────────
 *   executes it with the tap device, the life ────▶ makes the process that stays
 *   pidfd and this socket
 *                                        ◀──── PROCESS  with the pidfd of that process; the first one ends
 *                                        ◀──── WARNING  goes on without something; any number
 *                                        ◀──── ERROR    the last one: it has failed
 *                                        ◀──── READY    the last one: packets are taken
 * PROCESS and the others come in any order.
 */
enum ready_kind {
	READY_PROCESS = 'P',
	READY_WARNING = 'W',
	READY_ERROR = 'E',
	READY_READY = 'R',
};

#endif
