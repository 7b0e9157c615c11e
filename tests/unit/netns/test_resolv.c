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
	expect_hosts("none", "w\xff", LOCAL "127.0.0.1\tw\xff\n");
	/* A config can have any bytes. */
	expect_hosts("slirp", "web\n192.0.2.1 other", LOCAL);
	expect_hosts("slirp", "web other", LOCAL);
	expect_hosts("none", "web\tother", LOCAL);
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

static void expect_names(const char *text, char *const *names, size_t count, const char *expected)
{
	const struct str_list list = { (char **)(uintptr_t)names, count };
	autostrbuf struct strbuf out = { 0 };

	resolv_hosts_names(text, strlen(text), &list, &out);
	assert_string_equal(out.bytes ? out.bytes : "", expected);
}

static void the_names_of_containers_stand_behind_localhost(void **state)
{
	char *const names[] = { (char *)"db", (char *)"app" };

	(void)state;
	expect_names(LOCAL "10.0.2.100\tweb\n", names, 2,
		     LOCAL "127.0.0.1\tdb\t# container\n127.0.0.1\tapp\t# container\n"
			   "10.0.2.100\tweb\n");
	expect_names("", names, 1, "127.0.0.1\tdb\t# container\n");
	expect_names("192.0.2.1 x", names, 1, "127.0.0.1\tdb\t# container\n192.0.2.1 x\n");
}

static void names_replace_those_of_before_and_no_other_line(void **state)
{
	char *const names[] = { (char *)"app" };

	(void)state;
	expect_names(LOCAL "127.0.0.1\tdb\t# container\n127.0.0.1\tmine\t# a container\n", names, 1,
		     LOCAL "127.0.0.1\tapp\t# container\n127.0.0.1\tmine\t# a container\n");
	expect_names("x\n127.0.0.1\tdb\t# container\n", names, 0, "x\n");
}

static void lines_of_the_config_replace_those_with_the_same_keyword(void **state)
{
	static const struct {
		const char *lines, *expected;
	} cases[] = {
		{ NULL, "nameserver 1.1.1.1\nsearch a\noptions b" },
		{ "nameserver 2.2.2.2\n", "search a\noptions b\nnameserver 2.2.2.2\n" },
		{ "domain c\noptions d\n", "nameserver 1.1.1.1\ndomain c\noptions d\n" },
		{ "search .\n", "nameserver 1.1.1.1\noptions b\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autostrbuf struct strbuf text = { 0 };

		strbuf_add_str(&text, "nameserver 1.1.1.1\nsearch a\noptions b");
		resolv_replace_lines(cases[i].lines, &text);
		assert_string_equal(text.bytes, cases[i].expected);
	}
}

static void expect_lines(const char *network, const char *lines, const char *expected)
{
	struct network_options options = parsed(network);
	struct error err = ERROR_NONE;
	autostrbuf struct strbuf out = { 0 };

	assert_int_equal(resolv_add_hosts(&options, lines, &out, &err), expected ? 0 : -1);
	if (expected)
		assert_string_equal(out.bytes ? out.bytes : "", expected);
}

static void host_gateway_is_the_address_of_the_host(void **state)
{
	(void)state;
	expect_lines("slirp", NULL, "");
	expect_lines("slirp", "1.1.1.1\ta b\n", "1.1.1.1\ta b\n");
	expect_lines("slirp,host-loopback=yes", "host-gateway\ta\n1.1.1.1\tb\n",
		     "10.0.2.2\ta\n1.1.1.1\tb\n");
	expect_lines("host", "host-gateway\ta\n", "127.0.0.1\ta\n");
	expect_lines("slirp", "host-gateway\ta\n", NULL);
	expect_lines("none", "host-gateway\ta\n", NULL);
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
		cmocka_unit_test(the_names_of_containers_stand_behind_localhost),
		cmocka_unit_test(names_replace_those_of_before_and_no_other_line),
		cmocka_unit_test(lines_of_the_config_replace_those_with_the_same_keyword),
		cmocka_unit_test(host_gateway_is_the_address_of_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
