// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/ports/publish.h"

static struct publish parsed(const char *text)
{
	struct error err = ERROR_NONE;
	struct publish publish;

	if (publish_parse(text, &publish, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return publish;
}

static void expect(const char *text, int protocol, const char *address, int host, int container,
		   int count)
{
	struct publish publish = parsed(text);
	autostrbuf struct strbuf printed = { 0 };

	assert_int_equal(publish.protocol, protocol);
	assert_int_equal(publish.host_first, host);
	assert_int_equal(publish.container_first, container);
	assert_int_equal(publish.count, count);
	assert_int_equal(publish.has_address, address != NULL);
	if (!address)
		return;
	publish_print_address(&publish.address, &printed);
	assert_string_equal(printed.bytes, address);
}

static void refused(const char *text, const char *expected)
{
	struct publish publish;
	struct error err = ERROR_NONE;

	memset(&publish, 0x5a, sizeof(publish));
	assert_int_equal(publish_parse(text, &publish, &err), -1);
	if (!strstr(err.text, expected))
		fail_msg("'%s' says '%s' without '%s'", text, err.text, expected);
	assert_int_equal(publish.protocol, 0x5a5a5a5a);
}

static void every_part_has_its_place(void **state)
{
	(void)state;
	expect("80", IPPROTO_TCP, NULL, 0, 80, 1);
	expect("8080:80", IPPROTO_TCP, NULL, 8080, 80, 1);
	expect("0:80", IPPROTO_TCP, NULL, 0, 80, 1);
	expect(":80", IPPROTO_TCP, NULL, 0, 80, 1);
	expect("8080:80/tcp", IPPROTO_TCP, NULL, 8080, 80, 1);
	expect("53:53/udp", IPPROTO_UDP, NULL, 53, 53, 1);
	expect("127.0.0.1:8080:80", IPPROTO_TCP, "127.0.0.1:0", 8080, 80, 1);
	expect("127.0.0.1::80/udp", IPPROTO_UDP, "127.0.0.1:0", 0, 80, 1);
	expect("[::1]:8080:80", IPPROTO_TCP, "[::1]:0", 8080, 80, 1);
	expect("[2001:db8::1]:8080-8089:80-89", IPPROTO_TCP, "[2001:db8::1]:0", 8080, 80, 10);
	expect("80-89", IPPROTO_TCP, NULL, 0, 80, 10);
	expect("1:65535", IPPROTO_TCP, NULL, 1, 65535, 1);
}

static void what_is_wrong_is_told(void **state)
{
	(void)state;
	refused("", "--publish : the container's port");
	refused(":", "the container's port");
	refused("http", "the container's port");
	refused("80:", "the container's port");
	refused("80:0", "the container's port");
	refused("80:65536", "the container's port");
	refused("80:8 0", "the container's port");
	refused("80:90-80", "the container's port");
	refused("80:80-", "the container's port");
	refused("80:80-90-95", "the container's port");
	refused("-1:80", "the host's port");
	refused("0-9:80-89", "the host's port");
	refused("99999:80", "the host's port");
	refused("80-90:80-85", "don't have the same length");
	refused("80:80-85", "don't have the same length");
	refused("80:80/sctp", "neither tcp nor udp");
	refused("80:80/", "neither tcp nor udp");
	refused(":8080:80", "the address");
	refused("localhost:8080:80", "the address");
	refused("1.2.3:8080:80", "the address");
	refused("::1:8080:80", "the address");
	refused("[127.0.0.1]:8080:80", "the address");
	refused("[::1:8080:80", "the address");
	refused("[]:8080:80", "the address");
}

static void sockets_listen_where_they_were_asked_to(void **state)
{
	struct publish publish = parsed("127.0.0.1:0:80-81");
	struct published_list list = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(publish_open(&publish, &list, &err), 0);
	assert_int_equal(list.count, 2);
	for (size_t i = 0; i < list.count; i++) {
		int listens = 0;
		socklen_t size = sizeof(listens);

		assert_int_equal(list.items[i].container_port, 80 + i);
		assert_true(list.items[i].chosen);
		assert_true(publish_port(&list.items[i].host) > 0);
		assert_int_equal(
			getsockopt(list.items[i].fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size),
			0);
		assert_int_equal(listens, 1);
		assert_true(fcntl(list.items[i].fd, F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(list.items[i].fd, F_GETFL) & O_NONBLOCK);
	}
	published_list_release(&list);
	assert_int_equal(list.count, 0);
}

static void both_families_have_the_same_port(void **state)
{
	struct publish publish = parsed("80/udp");
	struct published_list list = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(publish_open(&publish, &list, &err), 0);
	assert_in_range(list.count, 1, 2);
	assert_int_equal(list.items[0].host.any.sa_family, AF_INET);
	if (list.count == 2) {
		assert_int_equal(list.items[1].host.any.sa_family, AF_INET6);
		assert_int_equal(publish_port(&list.items[0].host),
				 publish_port(&list.items[1].host));
		assert_true(list.items[1].chosen);
	}
	published_list_release(&list);
}

static void a_port_in_use_is_named(void **state)
{
	struct publish publish = parsed("127.0.0.1:0:80");
	struct published_list list = { 0 }, other = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(publish_open(&publish, &list, &err), 0);
	publish.host_first = publish_port(&list.items[0].host);
	assert_int_equal(publish_open(&publish, &other, &err), -1);
	assert_int_equal(err.code, EADDRINUSE);
	assert_non_null(strstr(err.text, "127.0.0.1:"));
	assert_int_equal(other.count, 0);
	/* The same port of the same container is the caller's own mistake. */
	assert_int_equal(publish_open(&publish, &list, &err), -1);
	assert_int_equal(err.code, 0);
	assert_non_null(strstr(err.text, "/tcp of the host is given twice"));
	assert_int_equal(list.count, 1);
	published_list_release(&other);
	published_list_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_has_its_place),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(sockets_listen_where_they_were_asked_to),
		cmocka_unit_test(both_families_have_the_same_port),
		cmocka_unit_test(a_port_in_use_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
