// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "core/base/str.h"
#include "netns/options.h"

static void expect4(struct in_addr address, const char *expected)
{
	char text[INET6_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET, &address, text, sizeof(text)), expected);
}

static void expect6(struct in6_addr address, const char *expected)
{
	char text[INET6_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET6, &address, text, sizeof(text)), expected);
}

static struct network_options parsed(const char *text)
{
	struct error err = ERROR_NONE;
	struct network_options options;

	if (network_options_parse(text, &options, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return options;
}

static void refused(const char *text, const char *expected)
{
	struct network_options options;
	struct error err = ERROR_NONE;

	memset(&options, 0x5a, sizeof(options));
	assert_int_equal(network_options_parse(text, &options, &err), -1);
	if (!strstr(err.text, expected))
		fail_msg("'%s' says '%s' without '%s'", text, err.text, expected);
	assert_int_equal(options.mtu, 0x5a5a5a5a);
}

static void the_kinds_are_four_words(void **state)
{
	(void)state;
	assert_int_equal(parsed("none").kind, NETWORK_NONE);
	assert_int_equal(parsed("host").kind, NETWORK_HOST);
	assert_int_equal(parsed("slirp").kind, NETWORK_SLIRP);
	assert_false(parsed("slirp").bypass);
	assert_int_equal(parsed("bypass,mtu=1500").kind, NETWORK_SLIRP);
	assert_true(parsed("bypass,mtu=1500").bypass);
	assert_false(parsed("bypass,bypass=no").bypass);
	refused("", "unknown");
	refused("bridge", "network 'bridge' is unknown: known are none, host, slirp, bypass and "
			  "container:ID");
	refused("Slirp", "unknown");
	refused("slirp4", "unknown");
	refused("none,mtu=1500", "takes no options");
	refused("host,", "empty option");
}

static void slirp_alone_has_the_addresses_that_users_know(void **state)
{
	struct network_options options = parsed("slirp");

	(void)state;
	assert_int_equal(options.mtu, 65520);
	assert_true(options.ipv6);
	assert_false(options.host_loopback);
	assert_int_equal(options.dns_count, 0);
	assert_false(options.has_outbound4);
	assert_int_equal(options.v4.prefix, 24);
	expect4(options.v4.base, "10.0.2.0");
	expect4(options.v4.mask, "255.255.255.0");
	expect4(options.v4.host, "10.0.2.2");
	expect4(options.v4.dns, "10.0.2.3");
	expect4(options.v4.guest, "10.0.2.100");
	assert_int_equal(options.v6.prefix, 64);
	expect6(options.v6.host, "fd75:7275:6e00::2");
	expect6(options.v6.dns, "fd75:7275:6e00::3");
	expect6(options.v6.guest, "fd75:7275:6e00::100");
}

static void every_option_has_its_effect(void **state)
{
	struct network_options options =
		parsed("slirp,mtu=1500,cidr=192.168.128.0/25,cidr6=2001:db8:1::/48,"
		       "host-loopback=yes,dns=9.9.9.9,dns=2620:fe::fe,outbound=198.51.100.7,"
		       "outbound=2001:db8::7");

	(void)state;
	assert_int_equal(options.mtu, 1500);
	expect4(options.v4.mask, "255.255.255.128");
	expect4(options.v4.host, "192.168.128.2");
	expect4(options.v4.guest, "192.168.128.100");
	assert_int_equal(options.v6.prefix, 48);
	expect6(options.v6.guest, "2001:db8:1::100");
	assert_true(options.host_loopback);
	assert_int_equal(options.dns_count, 2);
	assert_string_equal(options.dns[0].text, "9.9.9.9");
	assert_string_equal(options.dns[1].text, "2620:fe::fe");
	expect4(options.outbound4, "198.51.100.7");
	expect6(options.outbound6, "2001:db8::7");
	assert_false(parsed("slirp,ipv6=no,mtu=576").ipv6);
	assert_true(parsed("slirp,ipv6=no,ipv6=yes").ipv6);
}

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	refused("slirp,", "empty option");
	refused("slirp,,mtu=1500", "empty option");
	refused("slirp,mut=1500", "network option mut is unknown");
	refused("slirp,mtu", "network option mtu: ''");
	refused("slirp,mtu=575", "576 to 65520");
	refused("slirp,mtu=65521", "576 to 65520");
	refused("slirp,mtu=+1500", "'+1500' is not");
	refused("slirp,mtu=1279", "IPv6 needs at least 1280");
	refused("slirp,ipv6=maybe", "yes or no");
	refused("slirp,host-loopback=", "yes or no");
	refused("slirp,dns=localhost", "network option dns: 'localhost'");
	refused("slirp,dns=1.1.1.1,dns=1.1.1.2,dns=1.1.1.3,dns=1.1.1.4", "three at most");
	refused("slirp,outbound=eth0", "network option outbound: 'eth0'");
	refused("slirp,outbound=192.0.2.1,outbound=192.0.2.2", "one for each family");
}

static void a_range_is_a_network_of_its_own(void **state)
{
	(void)state;
	refused("slirp,cidr=10.0.2.0", "network option cidr: '10.0.2.0'");
	refused("slirp,cidr=10.0.2.1/24", "network option cidr");
	refused("slirp,cidr=10.0.2.0/26", "8 to 25 bits");
	refused("slirp,cidr=10.0.0.0/7", "8 to 25 bits");
	refused("slirp,cidr=127.0.0.0/8", "network option cidr");
	refused("slirp,cidr=0.0.0.0/8", "network option cidr");
	refused("slirp,cidr=224.0.0.0/8", "network option cidr");
	refused("slirp,cidr=10.0.2.0/24/24", "network option cidr");
	refused("slirp,cidr=010.0.2.0/24", "network option cidr");
	refused("slirp,cidr6=fd00::1/64", "network option cidr6");
	refused("slirp,cidr6=fd00::/113", "16 to 112 bits");
	refused("slirp,cidr6=fe80::/64", "network option cidr6");
	refused("slirp,cidr6=ff02::/64", "network option cidr6");
	refused("slirp,cidr6=::ffff:0:0/96", "network option cidr6");
	refused("slirp,cidr6=::/64", "network option cidr6");
}

static void a_text_without_end_is_refused(void **state)
{
	autofree char *text = mem_alloc(70000);

	(void)state;
	memset(text, 'a', 69999);
	refused(text, "more than");
	memcpy(text, "slirp,dns=", 10);
	text[900] = '\0';
	refused(text, "network option dns");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kinds_are_four_words),
		cmocka_unit_test(slirp_alone_has_the_addresses_that_users_know),
		cmocka_unit_test(every_option_has_its_effect),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_range_is_a_network_of_its_own),
		cmocka_unit_test(a_text_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
