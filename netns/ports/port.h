/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_PORT_H
#define URUN_NETNS_PORTS_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "netns/ports/publish.h"

/*
 * What is asked of urun-port, on a SOCK_SEQPACKET connection to its control socket: a packet a
 * question, a packet the answer.  Both sides are of one installation, so that the packets are plain
 * structs.
 *
 *   urun (run, create, port, delete)                urun-port
 *   ──────────────────────────────────────────────────────────────────────────────
 *   ADD      a port, with its socket       ────▶ serves it from now on
 *   REMOVE   a port                        ────▶ its socket is closed, its connections go on
 *   LIST                                   ────▶
 *                                          ◀──── struct port_answer; LIST: and the ports
 *   END                                    ────▶ all sockets are closed; then the connection
 * Runs in: parent; urun-port.
 */
enum port_question_kind { PORT_ADD = 1, PORT_REMOVE, PORT_LIST, PORT_END };

struct port_entry {
	int32_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t container_port;
	union publish_address host;
};

struct port_question {
	uint32_t kind;
	struct port_entry entry; /* of REMOVE, container_port 0 is any */
};

struct port_answer {
	int32_t errnum; /* 0: done */
};

/* The most ports of one container: so many fit into one answer. */
#define PORT_COUNT_MAX 2048

/* ---- the asking side: @control is a connection ---- */

/* Hands the socket over; @published's stays the caller's to close. */
int port_add(int control, const struct published *published, struct error *err);

/*
 * Fails with ENOENT where there is no such port.
 */
int port_remove(int control, const struct port_entry *entry, struct error *err);

/* *ret_entries is the caller's to free. */
int port_list(int control, struct port_entry **ret_entries, size_t *ret_count, struct error *err);

/* Returns when the sockets are closed, and so their addresses free again, or after @timeout_ms. */
void port_end(int control, int timeout_ms);

#endif
