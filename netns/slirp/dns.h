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
 * The name server that the container has at the addresses of network_options' dns: queries by UDP
 * are passed on to the host's name servers, in their order, to the next where one doesn't answer
 * within a second, can't be reached, or answers SERVFAIL, NOTIMP or REFUSED.  The first good answer
 * goes to the container; without any the last resort is a failed one, or SERVFAIL where none can be
 * reached.  A server that was silent is asked last for half a minute.
 * Connections by TCP are libslirp's, which reads one server a family from a file: it is given the
 * ones that answer.
 * Runs in: urun-slirp.
 */
struct dns;

/* Where the frames for the container go. */
typedef void dns_send(const uint8_t *frame, size_t size, void *context);

/* @options live as long as it does. */
struct dns *dns_new(const struct network_options *options, dns_send *send, void *context);
void dns_free(struct dns *dns);

/*
 * From now on @file is what libslirp reads as /etc/resolv.conf, open for writing; it stays the
 * caller's.  -1: libslirp reads the host's.
 */
void dns_serve_stack(struct dns *dns, int file, int64_t now_ms);

/* The host's name servers from now on; open queries begin anew with them.  Copies them. */
void dns_set_servers(struct dns *dns, struct pollset *set, const struct resolv_servers *servers,
		     int64_t now_ms);

/*
 * Takes a whole frame of the container's which frame_from_container() has let through, where it is
 * for the name server.  False: it is for libslirp.
 */
bool dns_take(struct dns *dns, struct pollset *set, const struct layout *layout,
	      const uint8_t *frame, int64_t now_ms);

/*
 * The parts of one round of @set: dns_ask() asks for the sockets, dns_timeout() is how long the round may
 * wait in ms (-1: for ever), and dns_run() serves what is ready.
 */
void dns_ask(struct dns *dns, struct pollset *set);
int dns_timeout(const struct dns *dns, int64_t now_ms);
void dns_run(struct dns *dns, struct pollset *set, int64_t now_ms);

#endif
