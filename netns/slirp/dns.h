/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_DNS_H
#define URUN_NETNS_SLIRP_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/options.h"
#include "netns/resolv.h"
#include "netns/slirp/layout.h"
#include "netns/slirp/pollset.h"

/*
 * The name server that the container has at its addresses for DNS (struct network_options).
 * Queries by UDP are passed on to the host's name servers in their order: to the next one if a
 * server doesn't answer within a second, can't be reached, or answers SERVFAIL, NOTIMP or REFUSED.
 * The first good answer goes to the container.  Without a good one the container gets the first
 * failed answer, or SERVFAIL if no server can be reached.  A server that was silent is asked last
 * for half a minute.
 *
 * Connections by TCP are left to libslirp, which reads one server of each family from a file: that
 * file gets the servers that answer.
 * Runs in: urun-slirp.
 */
struct dns;

/* Sends a frame to the container. */
typedef void dns_send(const uint8_t *frame, size_t size, void *context);

/* @options must outlive the forwarder. */
struct dns *dns_new(const struct network_options *options, dns_send *send, void *context);
void dns_free(struct dns *dns);

/*
 * libslirp reads @file, which is open for writing, as /etc/resolv.conf from now on; the caller
 * keeps it.  -1: libslirp reads the host's file.
 */
void dns_serve_stack(struct dns *dns, int file, int64_t now_ms);

/* Sets the host's name servers; open queries begin anew with them.  @servers is copied. */
void dns_set_servers(struct dns *dns, struct pollset *set, const struct resolv_servers *servers,
		     int64_t now_ms);

/*
 * Takes a whole frame from the container, which frame_from_container() has accepted, if it is for
 * the name server.  Returns false if the frame is for libslirp.
 */
bool dns_take(struct dns *dns, struct pollset *set, const struct layout *layout,
	      const uint8_t *frame, int64_t now_ms);

/*
 * The parts of one round of @set: dns_ask() adds the sockets, dns_timeout() is how long the round
 * may wait in ms (-1: for ever), and dns_run() serves the sockets that are ready.
 */
void dns_ask(struct dns *dns, struct pollset *set);
int dns_timeout(const struct dns *dns, int64_t now_ms);
void dns_run(struct dns *dns, struct pollset *set, int64_t now_ms);

#endif
