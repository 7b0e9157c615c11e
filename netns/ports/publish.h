/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_PUBLISH_H
#define URUN_NETNS_PORTS_PUBLISH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/str.h"

/*
 * The container's ports that are published on the host: the text of --publish, and the host's
 * sockets that the text asks for.
 * Runs in: parent, in the network namespace whose ports are published.
 */
union publish_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The size of an address of @family, as bind(2) and connect(2) take it. */
socklen_t publish_address_size(int family);

struct publish {
	int protocol;		       /* IPPROTO_TCP or IPPROTO_UDP */
	bool has_address;	       /* false: all addresses of the host, of both families */
	union publish_address address; /* its port is 0 */
	uint16_t host_first;	       /* 0: the kernel chooses a port */
	uint16_t container_first;
	uint16_t count; /* number of consecutive ports, the same in both ranges */
};

/*
 * Parses "[[IP:][HOST]:]CONTAINER[/tcp|udp]".  HOST and CONTAINER are a port or a range FIRST-LAST,
 * both of the same length.  Without HOST, or with 0, the kernel chooses the host's port.  An IPv6
 * address stands in brackets.
 * Fails with the text and what is wrong with it.
 */
int publish_parse(const char *text, struct publish *ret_publish, struct error *err);

/* Appends for instance "0.0.0.0:8080" or "[::1]:8080". */
void publish_print_address(const union publish_address *address, struct strbuf *out);

uint16_t publish_port(const union publish_address *address);
void publish_set_port(union publish_address *address, uint16_t port);
/*
 * Returns whether both have the same family, address and port, and for a link-local address the
 * same link.
 */
bool publish_is_same_address(const union publish_address *a, const union publish_address *b);

const char *publish_protocol_name(int protocol);

/*
 * A socket of the host's that listens (for UDP: that is bound), and the container's port that it
 * serves.
 */
struct published {
	int fd; /* close-on-exec, non-blocking */
	int protocol;
	uint16_t container_port;
	bool chosen; /* the kernel has chosen the port */
	union publish_address host;
};

struct published_list {
	struct published *items;
	size_t count;
};
void published_list_release(struct published_list *list);

/*
 * Opens the sockets of @publish and adds them to @list: one for each port, or two if no address was
 * given and the host has IPv6.  Fails with the address, and with a hint if the port is below
 * ip_unprivileged_port_start.  What was opened before the failure stays in @list.
 */
int publish_open(const struct publish *publish, struct published_list *list, struct error *err);

#endif
