/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_TEST_PORTS_CONTAINER_H
#define URUN_TEST_PORTS_CONTAINER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "netns/netlink.h"
#include "netns/options.h"
#include "netns/ports/publish.h"

/*
 * A network namespace that is the host and the container in one: it has lo alone, which has the
 * container's addresses too.  The clients are on 127.0.0.0/8 and ::1.
 */
#define CONTAINER_PORT 7777
/* No step of a test takes as long, however slow the machine is. */
#define PATIENCE_MS 10000

static struct network_options network;

static inline void add_to_lo(struct netlink_batch *batch, int family, const void *address,
			     size_t size)
{
	struct ifaddrmsg message = { .ifa_family = (unsigned char)family,
				     .ifa_prefixlen = (unsigned char)(8 * size),
				     .ifa_flags = IFA_F_NODAD,
				     .ifa_scope = RT_SCOPE_UNIVERSE,
				     .ifa_index = if_nametoindex("lo") };

	netlink_add(batch, NETLINK_NEEDED, "add an address to lo", RTM_NEWADDR,
		    NLM_F_CREATE | NLM_F_EXCL, &message, sizeof(message));
	netlink_put(batch, IFA_LOCAL, address, size);
	netlink_put(batch, IFA_ADDRESS, address, size);
}

/*
 * The kernel adds the route of a new IPv6 address some time after the address itself, and a socket
 * that was connected before keeps the wrong route.  Returns 0 when a new socket reaches itself.
 */
static inline int await_ipv6(void)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	bool arrived = false;

	while (!arrived && clock_ms() < deadline) {
		struct sockaddr_in6 address = { .sin6_family = AF_INET6,
						.sin6_addr = network.v6.guest };
		socklen_t size = sizeof(address);
		autoclose int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		struct pollfd event = { .fd = fd, .events = POLLIN };

		arrived = bind(fd, (struct sockaddr *)&address, size) == 0 &&
			  getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
			  connect(fd, (struct sockaddr *)&address, size) == 0 &&
			  send(fd, "x", 1, 0) == 1 && poll(&event, 1, 10) > 0;
	}
	return arrived ? 0 : -1;
}

/* A group setup. */
static inline int enter_container(void **state)
{
	struct netlink_batch batch = NETLINK_BATCH_NONE;
	struct error err = ERROR_NONE;
	struct ifinfomsg up = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	size_t refused;
	int errnum;

	(void)state;
	/* The signals of urun-port: a write to a peer that has gone is an error. */
	inherit_begin();
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 ||
	    network_options_parse("slirp", &network, &err) < 0)
		return -1;
	up.ifi_index = (int)if_nametoindex("lo");
	netlink_add(&batch, NETLINK_NEEDED, "bring up lo", RTM_NEWLINK, 0, &up, sizeof(up));
	add_to_lo(&batch, AF_INET, &network.v4.guest, sizeof(network.v4.guest));
	add_to_lo(&batch, AF_INET6, &network.v6.guest, sizeof(network.v6.guest));
	if (netlink_run(&batch, &refused, &errnum, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return await_ipv6();
}

static inline union publish_address address_of(const char *text, uint16_t port)
{
	union publish_address address = { 0 };

	address.any.sa_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(address.any.sa_family, text,
				   address.any.sa_family == AF_INET6
					   ? (void *)&address.v6.sin6_addr
					   : (void *)&address.v4.sin_addr),
			 1);
	publish_set_port(&address, port);
	return address;
}

static inline union publish_address container_address(int family)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family,
		  family == AF_INET6 ? (void *)&network.v6.guest : (void *)&network.v4.guest, text,
		  sizeof(text));
	return address_of(text, CONTAINER_PORT);
}

/* A socket of @type that is bound to @address, and listens if it is a stream. */
static inline int bound_socket(int type, const union publish_address *address)
{
	int family = address->any.sa_family, on = 1;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, &address->any, publish_address_size(family)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 128), 0);
	return fd;
}

/* The program in the container. */
static inline int container_socket(int type, int family)
{
	union publish_address address = container_address(family);

	return bound_socket(type, &address);
}

static inline union publish_address own_address(int fd)
{
	union publish_address address = { 0 };
	socklen_t size = sizeof(address);

	assert_int_equal(getsockname(fd, &address.any, &size), 0);
	return address;
}

static inline union publish_address peer_address(int fd)
{
	union publish_address address = { 0 };
	socklen_t size = sizeof(address);

	assert_int_equal(getpeername(fd, &address.any, &size), 0);
	return address;
}

static inline int connected_socket(int type, const union publish_address *address)
{
	int family = address->any.sa_family;
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &address->any, publish_address_size(family)), 0);
	return fd;
}

static inline bool is_ready(int fd, short events, int timeout_ms)
{
	struct pollfd event = { .fd = fd, .events = events };

	return poll(&event, 1, timeout_ms) > 0;
}

/* Accepts a connection that is on its way. */
static inline int accepted(int listener)
{
	int fd;

	assert_true(is_ready(listener, POLLIN, PATIENCE_MS));
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static inline void assert_address(const union publish_address *address, const char *text)
{
	autostrbuf struct strbuf printed = { 0 };

	publish_print_address(address, &printed);
	assert_string_equal(printed.bytes, text);
}

#endif
