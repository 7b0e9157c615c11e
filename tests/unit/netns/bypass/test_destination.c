// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "core/base/str.h"
#include "netns/bypass/destination.h"

static struct network_options options;
static struct destination read_result;

static int parse_options(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	return network_options_parse("slirp,bypass", &options, &err);
}

/* Reads @text, with the port 80, for a socket of the domain @domain. */
static bool is_outside(int domain, const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(80) };

	if (strchr(text, ':')) {
		assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		return destination_read(&options, domain, &v6, sizeof(v6), &read_result);
	}
	assert_int_equal(inet_pton(AF_INET, text, &v4.sin_addr), 1);
	return destination_read(&options, domain, &v4, sizeof(v4), &read_result);
}

static void other_machines_are_outside(void **state)
{
	static const char *const four[] = { "1.1.1.1",	       "10.0.3.1",  "192.168.1.1",
					    "126.255.255.255", "128.0.0.1", "223.255.255.255",
					    "169.253.1.1" };
	static const char *const six[] = { "2001:db8::1", "fd00::1", "::ffff:1.1.1.1",
					   "64:ff9b::1.1.1.1", "fd75:7275:6e00:1::2" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(four); i++)
		if (!is_outside(AF_INET, four[i]))
			fail_msg("%s", four[i]);
	for (size_t i = 0; i < ARRAY_SIZE(six); i++)
		if (!is_outside(AF_INET6, six[i]))
			fail_msg("%s", six[i]);
}

static void no_name_of_the_loopback_is_outside(void **state)
{
	static const char *const four[] = { "127.0.0.1", "127.255.255.255", "127.1.2.3", "0.0.0.0",
					    "0.1.2.3" };
	static const char *const six[] = { "::1",
					   "::",
					   "::ffff:127.0.0.1",
					   "::ffff:127.9.9.9",
					   "::ffff:0.0.0.0",
					   "::127.0.0.1",
					   "::1.1.1.1",
					   "::2" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(four); i++)
		if (is_outside(AF_INET, four[i]))
			fail_msg("%s", four[i]);
	for (size_t i = 0; i < ARRAY_SIZE(six); i++)
		if (is_outside(AF_INET6, six[i]))
			fail_msg("%s", six[i]);
}

static void the_link_and_groups_are_not_outside(void **state)
{
	static const char *const four[] = { "169.254.169.254", "224.0.0.1", "239.255.255.250",
					    "240.0.0.1", "255.255.255.255" };
	static const char *const six[] = { "fe80::1", "febf::1", "ff02::1", "fec0::1",
					   "::ffff:224.0.0.1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(four); i++)
		if (is_outside(AF_INET, four[i]))
			fail_msg("%s", four[i]);
	for (size_t i = 0; i < ARRAY_SIZE(six); i++)
		if (is_outside(AF_INET6, six[i]))
			fail_msg("%s", six[i]);
}

static void the_network_of_slirp_is_not_outside(void **state)
{
	(void)state;
	assert_false(is_outside(AF_INET, "10.0.2.2"));
	assert_false(is_outside(AF_INET, "10.0.2.3"));
	assert_false(is_outside(AF_INET, "10.0.2.255"));
	assert_false(is_outside(AF_INET6, "::ffff:10.0.2.2"));
	assert_false(is_outside(AF_INET6, "fd75:7275:6e00::2"));
	assert_false(is_outside(AF_INET6, "fd75:7275:6e00::ffff:ffff"));
}

static void without_ipv6_only_mapped_addresses_are_outside(void **state)
{
	struct network_options old = options;

	(void)state;
	options.ipv6 = false;
	assert_false(is_outside(AF_INET6, "2001:db8::1"));
	assert_true(is_outside(AF_INET6, "::ffff:1.1.1.1"));
	options = old;
}

static void a_mapped_address_is_routed_as_ipv4_and_used_as_it_was_written(void **state)
{
	(void)state;
	assert_true(is_outside(AF_INET6, "::ffff:192.0.2.7"));
	assert_int_equal(read_result.family, AF_INET);
	assert_int_equal(read_result.host.v4.s_addr, inet_addr("192.0.2.7"));
	assert_int_equal(read_result.port, htons(80));
	assert_int_equal(read_result.address.any.sa_family, AF_INET6);
	assert_int_equal(read_result.size, sizeof(struct sockaddr_in6));
}

static void damaged_addresses_are_the_kernels_matter(void **state)
{
	char bytes[DESTINATION_SIZE_MAX + 1] = { 0 };
	const struct sockaddr_in v4 = { .sin_family = AF_INET,
					.sin_port = htons(80),
					.sin_addr.s_addr = htonl(0x01010101) };

	(void)state;
	memcpy(bytes, &v4, sizeof(v4));
	assert_true(destination_read(&options, AF_INET, bytes, sizeof(v4), &read_result));
	assert_true(destination_read(&options, AF_INET, bytes, DESTINATION_SIZE_MAX, &read_result));
	assert_false(destination_read(&options, AF_INET, bytes, sizeof(v4) - 1, &read_result));
	assert_false(
		destination_read(&options, AF_INET, bytes, DESTINATION_SIZE_MAX + 1, &read_result));
	assert_false(destination_read(&options, AF_INET, bytes, 0, &read_result));
	/* An address of another family than the socket's. */
	assert_false(destination_read(&options, AF_INET6, bytes, 28, &read_result));
	assert_false(destination_read(&options, AF_UNIX, bytes, sizeof(v4), &read_result));
	memset(bytes + 2, 0, 2);
	assert_false(destination_read(&options, AF_INET, bytes, sizeof(v4), &read_result));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_machines_are_outside),
		cmocka_unit_test(no_name_of_the_loopback_is_outside),
		cmocka_unit_test(the_link_and_groups_are_not_outside),
		cmocka_unit_test(the_network_of_slirp_is_not_outside),
		cmocka_unit_test(without_ipv6_only_mapped_addresses_are_outside),
		cmocka_unit_test(a_mapped_address_is_routed_as_ipv4_and_used_as_it_was_written),
		cmocka_unit_test(damaged_addresses_are_the_kernels_matter),
	};

	return cmocka_run_group_tests(tests, parse_options, NULL);
}
