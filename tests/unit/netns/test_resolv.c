// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "netns/resolv.h"

static const char host_text[] = "# made by a program\n"
				"nameserver 127.0.0.53\n"
				"search corp.example lab.example\r\n"
				"  options edns0 trust-ad\n"
				"searching\n"
				"search\n"
				"sortlist 10.0.0.0/8\n"
				"domain\tcorp.example";

static struct network_options parsed(const char *text)
{
	struct error err = ERROR_NONE;
	struct network_options options;

	assert_int_equal(network_options_parse(text, &options, &err), 0);
	return options;
}

static void expect_resolv(const char *network, const char *expected)
{
	struct network_options options = parsed(network);
	autostrbuf struct strbuf out = { 0 };

	resolv_text(&options, host_text, sizeof(host_text) - 1, &out);
	assert_string_equal(out.bytes ? out.bytes : "", expected);
}

#define KEPT "search corp.example lab.example\noptions edns0 trust-ad\ndomain\tcorp.example\n"

static void the_forwarder_answers_and_the_hosts_domains_are_searched(void **state)
{
	(void)state;
	expect_resolv("slirp", KEPT "nameserver 10.0.2.3\nnameserver fd75:7275:6e00::3\n");
	expect_resolv("slirp,ipv6=no,cidr=10.1.0.0/16", KEPT "nameserver 10.1.0.3\n");
}

static void given_servers_replace_the_forwarder(void **state)
{
	(void)state;
	expect_resolv("slirp,dns=9.9.9.9,dns=2620:fe::fe",
		      KEPT "nameserver 9.9.9.9\nnameserver 2620:fe::fe\n");
}

static void the_hosts_network_has_the_hosts_file(void **state)
{
	(void)state;
	expect_resolv("host", host_text);
	expect_resolv("none", "");
}

static void a_host_without_settings_leaves_the_forwarder(void **state)
{
	struct network_options options = parsed("slirp,ipv6=no");
	autostrbuf struct strbuf out = { 0 };

	(void)state;
	resolv_text(&options, "search a\0b\n", 11, &out);
	assert_string_equal(out.bytes, "nameserver 10.0.2.3\n");
}

static void expect_hosts(const char *network, const char *hostname, const char *expected)
{
	struct network_options options = parsed(network);
	autostrbuf struct strbuf out = { 0 };

	resolv_hosts_text(&options, hostname, &out);
	assert_string_equal(out.bytes, expected);
}

#define LOCAL "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

static void the_container_finds_itself_by_name(void **state)
{
	(void)state;
	expect_hosts("slirp", "web", LOCAL "10.0.2.100\tweb\nfd75:7275:6e00::100\tweb\n");
	expect_hosts("slirp,ipv6=no", "web", LOCAL "10.0.2.100\tweb\n");
	expect_hosts("none", "web", LOCAL "127.0.0.1\tweb\n");
	expect_hosts("host", NULL, LOCAL);
	expect_hosts("slirp", "", LOCAL);
}

static void the_host_has_a_name_where_it_can_be_reached(void **state)
{
	(void)state;
	expect_hosts("slirp,host-loopback=yes,cidr=10.9.8.0/24,ipv6=no", NULL,
		     LOCAL "10.9.8.2\thost.containers.internal\n");
}

static void the_hostname_is_a_line(void **state)
{
	autostrbuf struct strbuf out = { 0 };

	(void)state;
	resolv_hostname_text(NULL, &out);
	resolv_hostname_text("web", &out);
	assert_string_equal(out.bytes, "web\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_forwarder_answers_and_the_hosts_domains_are_searched),
		cmocka_unit_test(given_servers_replace_the_forwarder),
		cmocka_unit_test(the_hosts_network_has_the_hosts_file),
		cmocka_unit_test(a_host_without_settings_leaves_the_forwarder),
		cmocka_unit_test(the_container_finds_itself_by_name),
		cmocka_unit_test(the_host_has_a_name_where_it_can_be_reached),
		cmocka_unit_test(the_hostname_is_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
