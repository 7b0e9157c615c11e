// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/bypass/socket_options.h"

static struct socket_defaults defaults;

static int read_defaults(void **state)
{
	(void)state;
	return socket_defaults_read(&defaults);
}

static int stream(int domain)
{
	int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	assert_true(fd >= 0);
	return fd;
}

static void set_number(int fd, int level, int name, int value)
{
	assert_int_equal(setsockopt(fd, level, name, &value, sizeof(value)), 0);
}

static int number_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

static void what_a_program_sets_is_copied(void **state)
{
	static const struct {
		int domain, level, name, value;
	} set[] = {
		{ AF_INET, SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ AF_INET, SOL_SOCKET, SO_RCVLOWAT, 3 },
		{ AF_INET, SOL_SOCKET, SO_PRIORITY, 4 },
		{ AF_INET, SOL_SOCKET, SO_ZEROCOPY, 1 },
		{ AF_INET, IPPROTO_TCP, TCP_NODELAY, 1 },
		{ AF_INET, IPPROTO_TCP, TCP_KEEPIDLE, 77 },
		{ AF_INET, IPPROTO_TCP, TCP_KEEPINTVL, 7 },
		{ AF_INET, IPPROTO_TCP, TCP_KEEPCNT, 5 },
		{ AF_INET, IPPROTO_TCP, TCP_SYNCNT, 2 },
		{ AF_INET, IPPROTO_TCP, TCP_USER_TIMEOUT, 12345 },
		{ AF_INET, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384 },
		{ AF_INET, IPPROTO_IP, IP_TOS, 0x10 },
		{ AF_INET, IPPROTO_IP, IP_TTL, 9 },
		{ AF_INET6, IPPROTO_IPV6, IPV6_TCLASS, 0x20 },
		{ AF_INET6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 8 },
		{ AF_INET6, IPPROTO_TCP, TCP_NODELAY, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(set); i++) {
		autoclose int from = stream(set[i].domain), to = stream(set[i].domain);

		assert_int_not_equal(number_of(to, set[i].level, set[i].name), set[i].value);
		set_number(from, set[i].level, set[i].name, set[i].value);
		assert_int_equal(socket_options_copy(&defaults, set[i].domain, from, to), 0);
		assert_int_equal(number_of(to, set[i].level, set[i].name), set[i].value);
		assert_false(socket_options_tie(set[i].domain, from));
	}
}

static void structures_are_copied(void **state)
{
	const struct linger linger = { 1, 5 };
	const struct timeval time = { 3, 0 };
	struct linger got_linger = { 0 };
	struct timeval got_time = { 0 };
	socklen_t size = sizeof(got_linger);
	autoclose int from = stream(AF_INET), to = stream(AF_INET);

	(void)state;
	setsockopt(from, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	setsockopt(from, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
	assert_int_equal(socket_options_copy(&defaults, AF_INET, from, to), 0);
	assert_int_equal(getsockopt(to, SOL_SOCKET, SO_LINGER, &got_linger, &size), 0);
	assert_int_equal(got_linger.l_onoff, 1);
	assert_int_equal(got_linger.l_linger, 5);
	size = sizeof(got_time);
	assert_int_equal(getsockopt(to, SOL_SOCKET, SO_SNDTIMEO, &got_time, &size), 0);
	assert_int_equal(got_time.tv_sec, 3);
}

static void a_buffer_is_copied_only_where_the_program_has_set_it(void **state)
{
	autoclose int from = stream(AF_INET), to = stream(AF_INET);
	int before = number_of(to, SOL_SOCKET, SO_RCVBUF);

	(void)state;
	set_number(from, SOL_SOCKET, SO_SNDBUF, 30000);
	assert_int_equal(socket_options_copy(&defaults, AF_INET, from, to), 0);
	assert_int_equal(number_of(to, SOL_SOCKET, SO_SNDBUF), 60000);
	assert_int_equal(number_of(to, SOL_SOCKET, SO_RCVBUF), before);
}

static void a_bound_socket_stays(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	autoclose int by_port = stream(AF_INET), by_address = stream(AF_INET);

	(void)state;
	assert_false(socket_options_tie(AF_INET, by_port));
	assert_int_equal(bind(by_port, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_true(socket_options_tie(AF_INET, by_port));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(by_address, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_true(socket_options_tie(AF_INET, by_address));
}

static void what_cannot_be_copied_stays(void **state)
{
	const struct f_owner_ex owner = { F_OWNER_PID, getpid() };
	const char no_operation[4] = { 1, 1, 1, 0 };
	autoclose int owned = stream(AF_INET), signals = stream(AF_INET), options = stream(AF_INET);
	autoclose int fast = stream(AF_INET), freebind = stream(AF_INET6);

	(void)state;
	assert_int_equal(fcntl(owned, F_SETOWN_EX, &owner), 0);
	assert_true(socket_options_tie(AF_INET, owned));
	assert_int_equal(fcntl(signals, F_SETSIG, 10), 0);
	assert_true(socket_options_tie(AF_INET, signals));
	assert_int_equal(
		setsockopt(options, IPPROTO_IP, IP_OPTIONS, no_operation, sizeof(no_operation)), 0);
	assert_true(socket_options_tie(AF_INET, options));
	set_number(fast, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	assert_true(socket_options_tie(AF_INET, fast));
	set_number(freebind, IPPROTO_IP, IP_FREEBIND, 1);
	assert_true(socket_options_tie(AF_INET6, freebind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_program_sets_is_copied),
		cmocka_unit_test(structures_are_copied),
		cmocka_unit_test(a_buffer_is_copied_only_where_the_program_has_set_it),
		cmocka_unit_test(a_bound_socket_stays),
		cmocka_unit_test(what_cannot_be_copied_stays),
	};

	return cmocka_run_group_tests(tests, read_defaults, NULL);
}
