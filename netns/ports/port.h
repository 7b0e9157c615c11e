/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_PORT_H
#define URUN_NETNS_PORTS_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "netns/ports/publish.h"

/*
 * The requests to urun-port, on a SOCK_SEQPACKET connection to its control socket.  Each request is
 * a packet, and so is each answer.  Both programs are of one installation, so the packets are plain
 * structs.
 *
 *   urun (run, create, port, delete)                urun-port
 *   ──────────────────────────────────────────────────────────────────────────────
 *   ADD      a port, with its socket       ────▶ serves the port from now on
 *   REMOVE   a port                        ────▶ closes its socket; its connections go on
 *   LIST                                   ────▶
 *                                          ◀──── struct port_answer; LIST: and the ports
 *   JOIN     a pidfd                       ────▶ serves until that process has ended, too
 *   END                                    ────▶ where no process is left for which it serves:
 *                                                closes all sockets; then the connection
 * Runs in: parent; urun-port.
 */
enum port_question_kind { PORT_ADD = 1, PORT_REMOVE, PORT_LIST, PORT_END, PORT_JOIN };

struct port_entry {
	int32_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t container_port;
	union publish_address host;
};

struct port_question {
	uint32_t kind;
	struct port_entry entry; /* for REMOVE, container_port 0 means any */
};

struct port_answer {
	int32_t errnum; /* 0: success */
};

/* The maximum of ports of one container: their list fits into one answer. */
#define PORT_COUNT_MAX 2048

/* ---- the asking side: @control is a connection ---- */

/* Hands a copy of @published's socket over; the caller still closes its own. */
int port_add(int control, const struct published *published, struct error *err);

/* Fails with ENOENT if there is no such port. */
int port_remove(int control, const struct port_entry *entry, struct error *err);

/* The caller frees *ret_entries. */
int port_list(int control, struct port_entry **ret_entries, size_t *ret_count, struct error *err);

/*
 * Makes urun-port serve as long as the process @pidfd lives, beside the others for which it serves:
 * the first process of a container that shares the network.
 */
int port_join(int control, int pidfd, struct error *err);

/*
 * A container has ended.  Where it was the last one, returns when the sockets are closed, so that
 * their addresses are free, or after @timeout_ms.
 */
void port_end(int control, int timeout_ms);

#endif
