/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_RESOLV_H
#define URUN_NETNS_RESOLV_H

#include "core/base/str.h"
#include "netns/options.h"

/*
 * The three files of /etc that belong to a container's network.  They are made in the state folder
 * and mounted over those of the rootfs.
 * Runs in: parent.
 * Source: resolv.conf(5), hosts(5), hostname(5).
 */

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
