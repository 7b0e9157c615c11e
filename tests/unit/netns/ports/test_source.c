// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/netns/ports/container.h"

#include "netns/ports/source.h"

/* What the container sees of a client that connects from @text. */
static union publish_address seen(const struct source *source, const char *text, uint16_t port)
{
	union publish_address client = address_of(text, port), address;
	int family = client.any.sa_family;
	autoclose int listener = container_socket(SOCK_STREAM, family);
	int fd = source_connect_stream(source, family, &client, CONTAINER_PORT);
	autoclose int server = -1;

	assert_true(fd >= 0);
	server = accepted(listener);
	address = peer_address(server);
	/* The two ends have the same connection. */
	assert_int_equal(send(server, "x", 1, 0), 1);
	assert_true(is_ready(fd, POLLIN, PATIENCE_MS));
	close(fd);
	return address;
}

static struct source prepared(void)
{
	struct source source;
	struct error err = ERROR_NONE;

	if (source_prepare(&network, &source, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(source.transparent4);
	assert_true(source.transparent6);
	return source;
}

static void the_container_sees_the_clients_own_address(void **state)
{
	struct source source = prepared();
	union publish_address address = seen(&source, "192.0.2.7", 5555);

	(void)state;
	assert_address(&address, "192.0.2.7:5555");
	address = seen(&source, "2001:db8::7", 5555);
	assert_address(&address, "[2001:db8::7]:5555");
}

static void a_client_on_loopback_has_the_gateways_address(void **state)
{
	struct source source = prepared();
	union publish_address address = seen(&source, "127.0.0.1", 5556);

	(void)state;
	publish_set_port(&address, 1);
	assert_address(&address, "10.0.2.2:1");
	address = seen(&source, "::1", 5556);
	publish_set_port(&address, 1);
	assert_address(&address, "[fd75:7275:6e00::2]:1");
}

/* An address of the container's network would be another host to the container. */
static void a_client_from_the_containers_range_has_the_gateways_address(void **state)
{
	struct source source = prepared();
	union publish_address address = seen(&source, "10.0.2.77", 5557);

	(void)state;
	publish_set_port(&address, 1);
	assert_address(&address, "10.0.2.2:1");
	address = seen(&source, "fe80::7", 5557);
	publish_set_port(&address, 1);
	assert_address(&address, "[fd75:7275:6e00::2]:1");
}

static void a_port_that_is_taken_is_replaced_and_the_address_stays(void **state)
{
	struct source source = prepared();
	union publish_address client = address_of("192.0.2.8", 5558), address;
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	autoclose int first = source_connect_stream(&source, AF_INET, &client, CONTAINER_PORT);
	autoclose int first_server = accepted(listener);
	autoclose int second = source_connect_stream(&source, AF_INET, &client, CONTAINER_PORT);
	autoclose int second_server = accepted(listener);

	(void)state;
	assert_true(first >= 0);
	assert_true(second >= 0);
	address = peer_address(first_server);
	assert_address(&address, "192.0.2.8:5558");
	address = peer_address(second_server);
	assert_int_not_equal(publish_port(&address), 5558);
	publish_set_port(&address, 5558);
	assert_address(&address, "192.0.2.8:5558");
}

static void a_source_that_is_prepared_twice_still_works(void **state)
{
	struct source source = prepared();
	union publish_address address;

	(void)state;
	source = prepared();
	address = seen(&source, "192.0.2.9", 5559);
	assert_address(&address, "192.0.2.9:5559");
}

static void without_routes_the_container_sees_its_own_address(void **state)
{
	const struct source source = { .options = &network };
	union publish_address address = seen(&source, "192.0.2.7", 5560);

	(void)state;
	publish_set_port(&address, 1);
	assert_address(&address, "10.0.2.100:1");
}

static void a_refused_connection_is_an_error_of_the_socket(void **state)
{
	struct source source = prepared();
	union publish_address client = address_of("192.0.2.7", 5561);
	autoclose int fd = source_connect_stream(&source, AF_INET, &client, 9);
	socklen_t size = sizeof(int);
	int failed = 0;

	(void)state;
	assert_true(fd >= 0);
	assert_true(is_ready(fd, POLLOUT, PATIENCE_MS));
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size), 0);
	assert_int_equal(failed, ECONNREFUSED);
}

static void a_datagram_socket_hears_its_port_only(void **state)
{
	const struct source source = { .options = &network };
	autoclose int server = container_socket(SOCK_DGRAM, AF_INET);
	autoclose int fd = source_connect_datagram(&source, AF_INET, CONTAINER_PORT);
	union publish_address own = own_address(fd), other = address_of("127.0.0.1", 0);
	autoclose int stranger = bound_socket(SOCK_DGRAM, &other);
	char byte = 0;

	(void)state;
	assert_address(&(union publish_address){ .v4 = { .sin_family = AF_INET,
							 .sin_addr = own.v4.sin_addr,
							 .sin_port = htons(1) } },
		       "10.0.2.100:1");
	assert_int_equal(sendto(stranger, "s", 1, 0, &own.any, sizeof(own.v4)), 1);
	assert_int_equal(sendto(server, "c", 1, 0, &own.any, sizeof(own.v4)), 1);
	assert_true(is_ready(fd, POLLIN, PATIENCE_MS));
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 1);
	assert_int_equal(byte, 'c');
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_routes_the_container_sees_its_own_address),
		cmocka_unit_test(the_container_sees_the_clients_own_address),
		cmocka_unit_test(a_client_on_loopback_has_the_gateways_address),
		cmocka_unit_test(a_client_from_the_containers_range_has_the_gateways_address),
		cmocka_unit_test(a_port_that_is_taken_is_replaced_and_the_address_stays),
		cmocka_unit_test(a_source_that_is_prepared_twice_still_works),
		cmocka_unit_test(a_refused_connection_is_an_error_of_the_socket),
		cmocka_unit_test(a_datagram_socket_hears_its_port_only),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, enter_container, NULL);
}
