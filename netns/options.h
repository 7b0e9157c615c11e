/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_OPTIONS_H
#define URUN_NETNS_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/*
 * Which network a container has: the text of --network and of the annotation org.urun.network.  The
 * parent parses the text and sends the struct to init.  urun-slirp and urun-port receive the text
 * and parse it with the same function, so that all use the same addresses.
 * Runs in: any.
 */
enum network_kind {
	NETWORK_NONE, /* loopback only */
	NETWORK_HOST, /* the caller's network namespace */
	NETWORK_SLIRP,
};

#define NETWORK_MTU_DEFAULT 65520u
#define NETWORK_MTU_MIN	    576u
#define NETWORK_MTU_MIN6    1280u /* Source: RFC 8200, section 5 */
#define NETWORK_MTU_MAX	    65520u
#define NETWORK_DNS_MAX	    3 /* Source: resolv.conf(5): MAXNS */

/* The longest text that --network takes. */
#define NETWORK_TEXT_MAX 1024

/* The addresses of one family, in network byte order. */
struct network_range4 {
	struct in_addr base;
	struct in_addr mask;
	unsigned int prefix;  /* bits */
	struct in_addr host;  /* base + 2: the gateway, and the host if host_loopback is set */
	struct in_addr dns;   /* base + 3 */
	struct in_addr guest; /* base + 100: the container's own address */
};

struct network_range6 {
	struct in6_addr base;
	unsigned int prefix;   /* bits */
	struct in6_addr host;  /* base + 2 */
	struct in6_addr dns;   /* base + 3 */
	struct in6_addr guest; /* base + 0x100 */
};

/*
 * An address that was given as text, and is kept as text for the text files that it is written to.
 */
struct network_dns {
	char text[INET6_ADDRSTRLEN];
};

/* All members behind @kind are for NETWORK_SLIRP only. */
struct network_options {
	enum network_kind kind;
	uint32_t mtu; /* bytes of the largest IP packet */
	bool ipv6;
	bool host_loopback; /* the gateway's address reaches the host's 127.0.0.1 and ::1 */
	bool bypass;	    /* TCP to the outside goes over sockets of the host (netns/bypass) */
	struct network_range4 v4;
	struct network_range6 v6;
	struct network_dns dns[NETWORK_DNS_MAX]; /* in place of the DNS forwarder */
	size_t dns_count;			 /* 0: not given */
	bool has_outbound4, has_outbound6;
	struct in_addr outbound4; /* the host's address that connections come from */
	struct in6_addr outbound6;
};

/*
 * Parses "none", "host", "slirp[,option=value…]" or "bypass[,option=value…]" (slirp with bypass), with the
 * options
 *   mtu=576…65520                      of the tap device; with IPv6 at least 1280
 *   cidr=ADDRESS/8…25                  default 10.0.2.0/24
 *   cidr6=ADDRESS/16…112               default fd75:7275:6e00::/64
 *   ipv6=yes|no                        default yes
 *   host-loopback=yes|no               default no
 *   bypass, bypass=yes|no              default no
 *   dns=ADDRESS                        up to three times
 *   outbound=ADDRESS                   once a family
 * Fails with the option's name; *ret_options is untouched then.  Nothing is allocated.
 */
int network_options_parse(const char *text, struct network_options *ret_options, struct error *err);

#endif
