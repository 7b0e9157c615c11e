/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_RESOLV_H
#define URUN_NETNS_RESOLV_H

#include <net/if.h>
#include <netinet/in.h>

#include "core/base/str.h"
#include "netns/options.h"

/*
 * The three files of /etc that belong to a container's network.  They are made in the state folder
 * and mounted over those of the rootfs.
 * Runs in: parent; urun-slirp, which keeps resolv.conf up to date.
 * Source: resolv.conf(5), hosts(5), hostname(5).
 */

#define RESOLV_HOST_PATH "/etc/resolv.conf"
#define RESOLV_SIZE_MAX	 (64u << 10)

/* ---- the host's name servers ---- */

#define RESOLV_SERVERS_MAX 3 /* Source: resolv.conf(5): MAXNS */

union resolv_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct resolv_server {
	union resolv_address address;		    /* with the port 53, without a scope */
	char interface[IFNAMSIZ];		    /* of a link-local address; empty: none */
	char text[INET6_ADDRSTRLEN + 1 + IFNAMSIZ]; /* as in resolv.conf */
};

struct resolv_servers {
	struct resolv_server items[RESOLV_SERVERS_MAX];
	size_t count;
};

socklen_t resolv_address_size(const union resolv_address *address);

/*
 * The first name servers of a resolv.conf, of which the resolver uses no more; without any it is
 * 127.0.0.1, as for the resolver.  @host are @size bytes and may be anything.
 */
void resolv_parse_servers(const char *host, size_t size, struct resolv_servers *ret_servers);

/* ---- the container's files ---- */

/*
 * The host's /etc/resolv.conf, up to 64 KiB; a host without has an empty one.  Returns 0 or a
 * negative errno.
 */
int resolv_read_host(char **ret_text, size_t *ret_size);

/*
 * For NETWORK_SLIRP: the nameservers are those of dns=, else urun-slirp's forwarder, which follows
 * the host's; the search, domain and options lines are the host's.  @host are @size bytes and may
 * be anything.  For NETWORK_HOST it is the host's text, for NETWORK_NONE empty.
 */
void resolv_text(const struct network_options *options, const char *host, size_t size,
		 struct strbuf *out);

/*
 * localhost and the container's own name at its own address (of slirp, else 127.0.0.1); where the
 * host's loopback can be reached, its address as host.containers.internal.  @hostname: NULL or
 * empty for none.
 */
void resolv_hosts_text(const struct network_options *options, const char *hostname,
		       struct strbuf *out);

/* @hostname and a newline; empty without a name. */
void resolv_hostname_text(const char *hostname, struct strbuf *out);

#endif
