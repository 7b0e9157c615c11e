// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-port.
#include "netns/ports/source.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "netns/netlink.h"

/* "ur" in ASCII: the mark of our packets, and the number of our routing table. */
#define MARK	 0x7572
#define TABLE	 0x7572
#define PRIORITY 0x75 /* behind the table of local addresses, before the others */

/* ---- routes ---- */

static int route_marked(unsigned char family, struct error *err)
{
	const struct fib_rule_hdr rule = { .family = family, .action = FR_ACT_TO_TBL };
	const struct rtmsg route = {
		.rtm_family = family,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL,
	};
	struct netlink_batch batch = NETLINK_BATCH_NONE;
	size_t refused;
	int errnum;

	netlink_add(&batch, NETLINK_NEEDED, "add a rule for marked packets", RTM_NEWRULE,
		    NLM_F_CREATE | NLM_F_EXCL, &rule, sizeof(rule));
	netlink_put_u32(&batch, FRA_PRIORITY, PRIORITY);
	netlink_put_u32(&batch, FRA_FWMARK, MARK);
	netlink_put_u32(&batch, FRA_TABLE, TABLE);
	netlink_add(&batch, NETLINK_NEEDED, "add a route for marked packets", RTM_NEWROUTE,
		    NLM_F_CREATE | NLM_F_EXCL, &route, sizeof(route));
	netlink_put_u32(&batch, RTA_TABLE, TABLE);
	netlink_put_u32(&batch, RTA_OIF, if_nametoindex("lo"));
	/* EEXIST: an earlier urun-port of this network namespace may have left its routes. */
	if (netlink_run(&batch, &refused, &errnum, err) < 0 && err->code != EEXIST)
		return -1;
	*err = ERROR_NONE;
	return 0;
}

/* Marks the kernel's replies as well: a refused connection must come back to us. */
static int reflect_marks(const char *path, struct error *err)
{
	int failed = fd_write_file(path, "1");

	return failed < 0 ? error_set(err, -failed,
				      "the container doesn't see the addresses of clients: set %s",
				      path)
			  : 0;
}

int source_prepare(const struct network_options *options, struct source *ret_source,
		   struct error *err)
{
	*ret_source = (struct source){ .options = options };
	if (reflect_marks("/proc/sys/net/ipv4/tcp_fwmark_accept", err) < 0 ||
	    reflect_marks("/proc/sys/net/ipv4/fwmark_reflect", err) < 0 ||
	    route_marked(AF_INET, err) < 0)
		return -1;
	ret_source->transparent4 = true;
	if (!options->ipv6)
		return 0;
	if (reflect_marks("/proc/sys/net/ipv6/fwmark_reflect", err) < 0 ||
	    route_marked(AF_INET6, err) < 0)
		return -1;
	ret_source->transparent6 = true;
	return 0;
}

/* ---- addresses ---- */

static union publish_address guest_address(const struct source *source, int family, uint16_t port)
{
	union publish_address address = { 0 };

	address.any.sa_family = (sa_family_t)family;
	if (family == AF_INET6) {
		address.v6.sin6_addr = source->options->v6.guest;
		address.v6.sin6_port = htons(port);
	} else {
		address.v4.sin_addr = source->options->v4.guest;
		address.v4.sin_port = htons(port);
	}
	return address;
}

static bool is_loopback_client(const union publish_address *address)
{
	if (address->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
	return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* Returns whether the address means another host in the container than it does here. */
static bool is_containers(const struct source *source, const union publish_address *address)
{
	const struct network_options *options = source->options;

	if (address->any.sa_family == AF_INET6)
		return memcmp(&address->v6.sin6_addr, &options->v6.guest,
			      sizeof(options->v6.guest)) == 0 ||
		       IN6_IS_ADDR_LINKLOCAL(&address->v6.sin6_addr);
	return (address->v4.sin_addr.s_addr & options->v4.mask.s_addr) ==
	       (options->v4.base.s_addr & options->v4.mask.s_addr);
}

/* Returns the client's address as the container is to see it; port 0: any. */
static union publish_address seen_address(const struct source *source, int family,
					  const union publish_address *client)
{
	union publish_address seen = *client;

	if (client->any.sa_family == family && !is_loopback_client(client) &&
	    !is_containers(source, client)) {
		if (family == AF_INET6)
			seen.v6.sin6_scope_id = 0;
		return seen;
	}
	seen = guest_address(source, family, 0);
	if (family == AF_INET6)
		seen.v6.sin6_addr = source->options->v6.host;
	else
		seen.v4.sin_addr = source->options->v4.host;
	return seen;
}

/* ---- sockets ---- */

/* Returns 0 or a negative errno. */
static int bind_to_foreign(int fd, int family, const union publish_address *address)
{
	const int on = 1, mark = MARK;
	int result;

	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	result = family == AF_INET6
			 ? setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &on, sizeof(on))
			 : setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on));
	if (result < 0)
		return -errno;
	return bind(fd, &address->any, publish_address_size(family)) < 0 ? -errno : 0;
}

/* @seen is the source address; NULL: the container's own. */
static int try_connect(const struct source *source, int family, const union publish_address *seen,
		       uint16_t port)
{
	union publish_address target = guest_address(source, family, port);
	const int on = 1;
	autoclose int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int failed = fd < 0 ? -errno : seen ? bind_to_foreign(fd, family, seen) : 0;

	if (failed < 0)
		return failed;
	/* The client sent these bytes at once: they must not wait for more. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* The pipe has no urgent mark: urgent bytes stay in their place among the others. */
	setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
	if (connect(fd, &target.any, publish_address_size(family)) < 0 && errno != EINPROGRESS)
		return -errno;
	return take_fd(&fd);
}

int source_connect_stream(const struct source *source, int family,
			  const union publish_address *client, uint16_t port)
{
	bool transparent = family == AF_INET6 ? source->transparent6 : source->transparent4;
	union publish_address seen = seen_address(source, family, client);
	int fd = try_connect(source, family, transparent ? &seen : NULL, port);

	/*
	 * The client's port may need root, or be in use: the same client may come from two of the
	 * host's addresses, or again while its last connection is in TIME_WAIT.
	 */
	if (transparent && (fd == -EACCES || fd == -EADDRINUSE || fd == -EADDRNOTAVAIL)) {
		publish_set_port(&seen, 0);
		fd = try_connect(source, family, &seen, port);
	}
	return fd;
}

int source_connect_datagram(const struct source *source, int family, uint16_t port)
{
	union publish_address target = guest_address(source, family, port);
	autoclose int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, &target.any, publish_address_size(family)) < 0)
		return -errno;
	return take_fd(&fd);
}
