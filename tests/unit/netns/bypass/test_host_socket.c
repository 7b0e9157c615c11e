// SPDX-License-Identifier: Apache-2.0
/*
 * A socket of the host in the hands of somebody who tries everything: no name of the host's own addresses
 * leads to a server of the host, and no option or call makes it another socket.  We are that somebody: in
 * a network namespace in which we have no capability any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/base/caps.h"
#include "netns/bypass/guard.h"
#include "netns/bypass/host_socket.h"
#include "netns/netlink.h"

/* Time for the loopback to lead a connection to a server. */
#define WAIT_MS 60

static unsigned int device, bare_device;
static struct guards guards;
static in_port_t server_port;
#define SERVERS 4
static int servers[SERVERS];

static void add_address(struct netlink_batch *batch, int family, const char *text,
			unsigned char bits)
{
	struct ifaddrmsg message = { .ifa_family = (unsigned char)family,
				     .ifa_prefixlen = bits,
				     .ifa_flags = IFA_F_NODAD,
				     .ifa_index = device };
	unsigned char address[16];
	size_t size = family == AF_INET ? 4 : 16;

	inet_pton(family, text, address);
	netlink_add(batch, NETLINK_NEEDED, "add an address", RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
		    &message, sizeof(message));
	netlink_put(batch, IFA_LOCAL, address, size);
	netlink_put(batch, IFA_ADDRESS, address, size);
}

static void add_up(struct netlink_batch *batch, const char *name)
{
	struct ifinfomsg up = { .ifi_flags = IFF_UP,
				.ifi_change = IFF_UP,
				.ifi_index = (int)if_nametoindex(name) };

	netlink_add(batch, NETLINK_NEEDED, name, RTM_NEWLINK, 0, &up, sizeof(up));
}

static int run_batch(const struct netlink_batch *batch)
{
	struct error err = ERROR_NONE;
	size_t refused;
	int errnum;

	if (netlink_run(batch, &refused, &errnum, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return -1;
}

/* A pair of devices "outer" and its peer, which has no address: what is sent out is lost. */
static int make_device(void)
{
	struct netlink_batch batch = NETLINK_BATCH_NONE, rest = NETLINK_BATCH_NONE;
	const struct ifinfomsg link = { 0 };
	const struct {
		struct rtattr header;
		char kind[8];
	} info = { { .rta_len = RTA_LENGTH(5), .rta_type = IFLA_INFO_KIND }, "veth" };
	const struct rtmsg route = { .rtm_family = AF_INET,
				     .rtm_table = RT_TABLE_MAIN,
				     .rtm_type = RTN_UNICAST,
				     .rtm_scope = RT_SCOPE_UNIVERSE };
	unsigned char gateway[4];

	netlink_add(&batch, NETLINK_NEEDED, "make outer", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
		    &link, sizeof(link));
	netlink_put(&batch, IFLA_IFNAME, "outer", 6);
	netlink_put(&batch, IFLA_LINKINFO, &info, sizeof(info));
	if (run_batch(&batch) < 0)
		return -1;
	device = if_nametoindex("outer");
	bare_device = if_nametoindex("veth0");
	add_up(&rest, "lo");
	add_up(&rest, "veth0");
	add_up(&rest, "outer");
	add_address(&rest, AF_INET, "198.51.100.1", 24);
	add_address(&rest, AF_INET6, "2001:db8:1::1", 64);
	inet_pton(AF_INET, "198.51.100.2", gateway);
	netlink_add(&rest, NETLINK_NEEDED, "add a route", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL,
		    &route, sizeof(route));
	netlink_put(&rest, RTA_GATEWAY, gateway, sizeof(gateway));
	return run_batch(&rest);
}

static int drop_capabilities(void)
{
	return caps_set(&(struct caps){ 0 });
}

static int listen_on(const union guard_address *address, socklen_t size, int *ret_fd)
{
	union guard_address own = *address;
	socklen_t own_size = sizeof(own);
	int on = 1;

	*ret_fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (setsockopt(*ret_fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0 &&
	    address->any.sa_family == AF_INET6)
		return -1;
	if (bind(*ret_fd, &address->any, size) < 0 || listen(*ret_fd, 16) < 0 ||
	    getsockname(*ret_fd, &own.any, &own_size) < 0)
		return -1;
	if (address->any.sa_family == AF_INET)
		server_port = own.v4.sin_port;
	return 0;
}

/* Servers of the host that are on the loopback alone: any of 127.0.0.0/8 is reached by one of them. */
static int listen_on_loopback(void)
{
	static const uint32_t places[] = { INADDR_LOOPBACK, 0x7f090807, 0x7f000006 };
	union guard_address v6 = { .v6 = { .sin6_family = AF_INET6,
					   .sin6_addr = IN6ADDR_LOOPBACK_INIT } };

	server_port = 0;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const union guard_address v4 = { .v4 = { .sin_family = AF_INET,
							 .sin_port = server_port,
							 .sin_addr.s_addr = htonl(places[i]) } };

		if (listen_on(&v4, sizeof(v4.v4), &servers[i]) < 0)
			return -1;
	}
	v6.v6.sin6_port = server_port;
	return listen_on(&v6, sizeof(v6.v6), &servers[SERVERS - 1]);
}

static int enter_world(void **state)
{
	(void)state;
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 || make_device() < 0 ||
			       drop_capabilities() < 0 || listen_on_loopback() < 0
		       ? -1
		       : 0;
}

static int connect_to(int fd, int domain, const char *text)
{
	union guard_address address = { .any.sa_family = (sa_family_t)domain };

	if (domain == AF_INET) {
		inet_pton(AF_INET, text, &address.v4.sin_addr);
		address.v4.sin_port = server_port;
		return connect(fd, &address.any, sizeof(address.v4));
	}
	inet_pton(AF_INET6, text, &address.v6.sin6_addr);
	address.v6.sin6_port = server_port;
	return connect(fd, &address.any, sizeof(address.v6));
}

/* Has a connection reached one of the servers? */
static bool server_was_reached(void)
{
	struct pollfd events[SERVERS];

	for (size_t i = 0; i < SERVERS; i++)
		events[i] = (struct pollfd){ .fd = servers[i], .events = POLLIN };
	if (poll(events, SERVERS, WAIT_MS) <= 0)
		return false;
	for (size_t i = 0; i < SERVERS; i++)
		if (events[i].revents)
			close(accept4(servers[i], NULL, NULL, SOCK_CLOEXEC));
	return true;
}

static int disconnect(int fd)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	return connect(fd, &nowhere, sizeof(nowhere));
}

static union guard_address source_of(const char *text)
{
	union guard_address source = { .any.sa_family = strchr(text, ':') ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(source.any.sa_family, text,
				   source.any.sa_family == AF_INET ? (void *)&source.v4.sin_addr
								   : (void *)&source.v6.sin6_addr),
			 1);
	return source;
}

/* Each kind of socket that urun-bypass makes. */
static const char *const sources[] = { "198.51.100.1", "2001:db8:1::1", "::ffff:198.51.100.1" };

static int new_host_socket(unsigned int index, const char *text)
{
	const union guard_address source = source_of(text);
	int fd = host_socket_new(&guards, index, &source);

	if (fd < 0)
		fail_msg("%s: %s", text, strerror(-fd));
	return fd;
}

static int domain_of(const char *text)
{
	return strchr(text, ':') ? AF_INET6 : AF_INET;
}

static const char *const own_names[] = {
	"127.0.0.1",
	"127.9.8.7",
	"0.0.0.0",
	"127.0.0.6",
	"::1",
	"::",
	"::ffff:127.0.0.1",
	"::ffff:0.0.0.0",
	"::ffff:127.0.0.6",
	"198.51.100.1",
	"::ffff:198.51.100.1",
	"2001:db8:1::1",
};
/* The last three are no names of the loopback. */
#define LOOPBACK_NAMES (ARRAY_SIZE(own_names) - 3)

static void an_ordinary_socket_reaches_a_server_by_every_name_of_the_loopback(void **state)
{
	(void)state;
	for (size_t i = 0; i < LOOPBACK_NAMES; i++) {
		int domain = domain_of(own_names[i]);
		autoclose int fd = socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		connect_to(fd, domain, own_names[i]);
		if (!server_was_reached())
			fail_msg("%s", own_names[i]);
	}
}

static void try_all_names(unsigned int index, const char *source)
{
	for (size_t i = 0; i < ARRAY_SIZE(own_names); i++) {
		int domain = domain_of(own_names[i]);
		autoclose int fd = -1;

		if (domain != domain_of(source))
			continue;
		fd = new_host_socket(index, source);
		connect_to(fd, domain, own_names[i]);
		if (server_was_reached())
			fail_msg("%s from %s", own_names[i], source);
		/* Once more, as a socket that was on its way to another machine. */
		disconnect(fd);
		connect_to(fd, domain, domain == AF_INET ? "198.51.100.2" : "2001:db8:1::2");
		assert_int_equal(disconnect(fd), 0);
		connect_to(fd, domain, own_names[i]);
		if (server_was_reached())
			fail_msg("%s from %s after AF_UNSPEC", own_names[i], source);
	}
}

static void a_host_socket_reaches_them_by_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		try_all_names(device, sources[i]);
}

/* The kernel would choose 127.0.0.1 as the source, and for 0.0.0.0 also as the destination. */
static void nor_does_one_whose_interface_has_no_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		try_all_names(bare_device, sources[i]);
}

static void an_address_of_the_loopback_is_no_source(void **state)
{
	static const char *const wrong[] = { "0.0.0.0",	 "127.0.0.1",	     "::",
					     "::1",	 "::ffff:127.0.0.1", "::ffff:0.0.0.0",
					     "224.0.0.1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const union guard_address source = source_of(wrong[i]);

		assert_int_equal(host_socket_new(&guards, device, &source), -EINVAL);
	}
}

static void the_interface_cannot_be_changed(void **state)
{
	autoclose int fd = new_host_socket(device, sources[0]);
	const int lo = (int)if_nametoindex("lo"), none = 0;
	const struct in_addr of_lo = { htonl((uint32_t)lo) };

	(void)state;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &lo, sizeof(lo)), -1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &none, sizeof(none)), -1);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_UNICAST_IF, &of_lo, sizeof(of_lo)), -1);
	assert_int_equal(disconnect(fd), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 1), -1);
	assert_true(host_socket_is(fd));
	assert_false(host_socket_is(servers[0]));
}

/* With every combination of the options that decide on sharing a port. */
static void assert_cannot_listen(int fd)
{
	for (int bits = 0; bits < 4; bits++) {
		int address = bits & 1, port = bits >> 1;

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &address, sizeof(address));
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &port, sizeof(port));
		assert_int_equal(listen(fd, 8), -1);
		assert_int_equal(errno, EADDRINUSE);
	}
}

static in_port_t own_port(int fd)
{
	union guard_address own = { 0 };
	socklen_t size = sizeof(own);

	assert_int_equal(getsockname(fd, &own.any, &size), 0);
	return own.any.sa_family == AF_INET ? own.v4.sin_port : own.v6.sin6_port;
}

static void a_host_socket_neither_listens_nor_takes_another_port(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		int domain = domain_of(sources[i]);
		union guard_address other = { .any.sa_family = (sa_family_t)domain };
		autoclose int fd = new_host_socket(device, sources[i]);
		in_port_t port = own_port(fd);
		socklen_t size = domain == AF_INET ? sizeof(other.v4) : sizeof(other.v6);

		assert_int_not_equal(port, 0);
		assert_cannot_listen(fd);
		assert_int_equal(bind(fd, &other.any, size), -1);
		assert_int_equal(errno, EINVAL);
		connect_to(fd, domain, domain == AF_INET ? "198.51.100.2" : "2001:db8:1::2");
		shutdown(fd, SHUT_RDWR);
		disconnect(fd);
		assert_int_equal(own_port(fd), port);
		assert_int_equal(bind(fd, &other.any, size), -1);
		assert_int_equal(errno, EINVAL);
		assert_cannot_listen(fd);
	}
}

static void a_socket_of_ipv6_stays_with_ipv6(void **state)
{
	autoclose int fd = new_host_socket(device, "2001:db8:1::1");
	int off = 0;

	(void)state;
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), -1);
	assert_int_equal(connect_to(fd, AF_INET6, "::ffff:198.51.100.2"), -1);
	assert_int_equal(errno, ENETUNREACH);
	assert_int_equal(disconnect(fd), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), -1);
}

static void a_guard_stays_as_long_as_its_socket(void **state)
{
	struct guards own = { 0 };
	const union guard_address any = source_of(sources[0]);
	int fds[3];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = guards_make_socket(&own, &any);
	assert_int_equal(own.count, 3);
	guards_sweep(&own);
	assert_int_equal(own.count, 3);
	close(fds[1]);
	guards_sweep(&own);
	assert_int_equal(own.count, 2);
	assert_cannot_listen(fds[0]);
	assert_cannot_listen(fds[2]);
	close(fds[0]);
	close(fds[2]);
	guards_sweep(&own);
	assert_int_equal(own.count, 0);
	guards_release(&own);
}

static void the_next_socket_is_made_ahead(void **state)
{
	const union guard_address first = source_of(sources[0]), other = source_of(sources[1]);
	struct guards own = { 0 };
	autoclose int one = guards_make_socket(&own, &first), two = -1, three = -1;
	int spare;

	(void)state;
	assert_true(one >= 0);
	guards_prepare(&own);
	assert_true(own.has_spare);
	assert_int_equal(own.count, 1);
	spare = own.spare;
	two = guards_make_socket(&own, &first);
	assert_int_equal(two, spare);
	assert_int_equal(own.count, 2);
	assert_cannot_listen(two);
	guards_prepare(&own);
	/* For another address of the host another socket is made. */
	three = guards_make_socket(&own, &other);
	assert_true(three >= 0);
	assert_false(own.has_spare);
	assert_int_equal(own.count, 3);
	assert_cannot_listen(three);
	guards_release(&own);
}

static void guards_of_sockets_that_are_gone_go_a_few_at_a_time(void **state)
{
	const union guard_address source = source_of(sources[0]);
	struct guards own = { 0 };
	autoclose int kept = -1;
	int fds[10];
	size_t count = 11;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = guards_make_socket(&own, &source);
	kept = guards_make_socket(&own, &source);
	assert_int_equal(own.count, count);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	while (own.count > 1) {
		guards_prepare(&own);
		assert_true(own.count < count && count - own.count <= 4);
		count = own.count;
	}
	assert_cannot_listen(kept);
	guards_release(&own);
}

static void where_ports_are_rare_no_socket_is_made_for_a_while(void **state)
{
	const union guard_address source = source_of(sources[0]);
	struct guards own = { .rest_until_ms = clock_ms() + 60000 };
	autoclose int fd = -1;

	(void)state;
	assert_false(guards_have_room(&own));
	assert_int_equal(guards_make_socket(&own, &source), -EMFILE);
	own.rest_until_ms = clock_ms();
	assert_true(guards_have_room(&own));
	fd = guards_make_socket(&own, &source);
	assert_true(fd >= 0);
	guards_release(&own);
}

static void without_its_guard_a_socket_listens(void **state)
{
	struct guards own = { 0 };
	const union guard_address any = source_of(sources[0]);
	autoclose int fd = guards_make_socket(&own, &any);

	(void)state;
	assert_true(fd >= 0);
	guards_release(&own);
	assert_int_equal(listen(fd, 1), 0);
}

static void this_kernel_is_good_enough(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	if (guards_check_kernel(&err) < 0)
		fail_msg("%s", err.text);
}

static void without_an_interface_there_is_no_socket(void **state)
{
	const union guard_address source = source_of(sources[0]);

	(void)state;
	assert_int_equal(host_socket_new(&guards, 0, &source), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordinary_socket_reaches_a_server_by_every_name_of_the_loopback),
		cmocka_unit_test(a_host_socket_reaches_them_by_none),
		cmocka_unit_test(nor_does_one_whose_interface_has_no_address),
		cmocka_unit_test(an_address_of_the_loopback_is_no_source),
		cmocka_unit_test(the_interface_cannot_be_changed),
		cmocka_unit_test(a_host_socket_neither_listens_nor_takes_another_port),
		cmocka_unit_test(a_socket_of_ipv6_stays_with_ipv6),
		cmocka_unit_test(a_guard_stays_as_long_as_its_socket),
		cmocka_unit_test(the_next_socket_is_made_ahead),
		cmocka_unit_test(guards_of_sockets_that_are_gone_go_a_few_at_a_time),
		cmocka_unit_test(where_ports_are_rare_no_socket_is_made_for_a_while),
		cmocka_unit_test(without_its_guard_a_socket_listens),
		cmocka_unit_test(this_kernel_is_good_enough),
		cmocka_unit_test(without_an_interface_there_is_no_socket),
	};

	return cmocka_run_group_tests(tests, enter_world, NULL);
}
