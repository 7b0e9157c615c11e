// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "netns/host_resolv.h"
#include "netns/resolv.h"
#include "netns/slirp/dns_message.h"

#define QUESTION "\4name\7example\0\0\1\0\1"

static const uint8_t query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION;
#define QUERY_SIZE (sizeof(query) - 1)

static void expect_kind(enum dns_answer expected, const char *answer, size_t size)
{
	assert_int_equal(dns_answer_kind(query, QUERY_SIZE, (const uint8_t *)answer, size),
			 expected);
}

#define EXPECT(kind, answer) expect_kind(kind, answer, sizeof(answer) - 1)

static void a_query_is_whole_and_not_too_large(void **context)
{
	uint8_t large[DNS_QUERY_MAX + 1] = { 0 };

	(void)context;
	assert_true(dns_is_query(query, QUERY_SIZE));
	assert_true(dns_is_query(large, DNS_QUERY_MAX));
	assert_false(dns_is_query(large, sizeof(large)));
	assert_false(dns_is_query(query, DNS_HEADER_SIZE - 1));
	large[2] = 0x80;
	assert_false(dns_is_query(large, DNS_HEADER_SIZE));
}

static void servers_that_fail_are_told_from_names_that_are_missing(void **context)
{
	(void)context;
	EXPECT(DNS_ANSWER_GOOD, "\x12\x34\x81\x80\0\1\0\0\0\0\0\0" QUESTION);
	EXPECT(DNS_ANSWER_GOOD, "\x12\x34\x81\x83\0\1\0\0\0\0\0\0" QUESTION);
	EXPECT(DNS_ANSWER_GOOD, "\x12\x34\x83\x80\0\1\0\0\0\0\0\0" QUESTION);
	EXPECT(DNS_ANSWER_FAILED, "\x12\x34\x81\x82\0\1\0\0\0\0\0\0" QUESTION);
	EXPECT(DNS_ANSWER_FAILED, "\x12\x34\x81\x84\0\1\0\0\0\0\0\0" QUESTION);
	EXPECT(DNS_ANSWER_FAILED, "\x12\x34\x81\x85\0\0\0\0\0\0\0\0");
}

static void what_belongs_to_another_query_is_no_answer(void **context)
{
	(void)context;
	EXPECT(DNS_ANSWER_FOREIGN, "");
	EXPECT(DNS_ANSWER_FOREIGN, "\x12\x34\x81\x80\0\1\0\0\0\0\0");
	EXPECT(DNS_ANSWER_FOREIGN, "\x12\x35\x81\x80\0\1\0\0\0\0\0\0" QUESTION);
	EXPECT(DNS_ANSWER_FOREIGN, "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION);
	EXPECT(DNS_ANSWER_FOREIGN, "\x12\x34\x81\x80\0\1\0\0\0\0\0\0\4nape\7example\0\0\1\0\1");
	EXPECT(DNS_ANSWER_FOREIGN, "\x12\x34\x81\x80\0\1\0\0\0\0\0\0\4name\7example\0\0\1\0");
	EXPECT(DNS_ANSWER_FOREIGN, "\x12\x34\x81\x80\0\1\0\0\0\0\0\0\x3fname");
	EXPECT(DNS_ANSWER_FOREIGN, "\x12\x34\x81\x80\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1");
	/* A server may change the case of letters. */
	EXPECT(DNS_ANSWER_GOOD, "\x12\x34\x81\x80\0\1\0\0\0\0\0\0\4NAme\7exAMPle\0\0\1\0\1");
}

static void a_failure_answers_its_query(void **context)
{
	uint8_t failure[DNS_HEADER_SIZE];

	(void)context;
	dns_make_failure(query, failure);
	assert_memory_equal(failure, "\x12\x34\x81\x82\0\0\0\0\0\0\0\0", sizeof(failure));
}

/* ---- the host's resolv.conf ---- */

static void expect_servers(const char *host, const char *expected)
{
	autostrbuf struct strbuf text = { 0 };
	struct resolv_servers servers;

	resolv_parse_servers(host, strlen(host), &servers);
	for (size_t i = 0; i < servers.count; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "", servers.items[i].text);
	assert_string_equal(text.bytes, expected);
}

static void name_servers_are_read_as_the_resolver_does(void **context)
{
	struct resolv_servers servers;
	static const char scoped[] = "nameserver fe80::1%eth0\n";

	(void)context;
	expect_servers(
		"nameserver 192.0.2.1\n# nameserver 192.0.2.9\nnameserver\t2001:db8::1 # x\r\n"
		"search a\nnameserver 192.0.2.3",
		"192.0.2.1 2001:db8::1 192.0.2.3");
	expect_servers("nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
		       "nameserver 192.0.2.4\n",
		       "192.0.2.1 192.0.2.2 192.0.2.3");
	expect_servers("", "127.0.0.1");
	expect_servers("nameserver\nnameserver nowhere\nnameservers 192.0.2.1\n", "127.0.0.1");
	expect_servers("nameserver fe80::1%an-interface-with-a-long-name\n", "127.0.0.1");
	resolv_parse_servers(scoped, sizeof(scoped) - 1, &servers);
	assert_int_equal(servers.count, 1);
	assert_string_equal(servers.items[0].interface, "eth0");
	assert_int_equal(servers.items[0].address.any.sa_family, AF_INET6);
}

static void make(const char *directory, const char *name)
{
	autofree char *path = str_format("%s/%s", directory, name);

	assert_int_equal(mkdir(path, 0700), 0);
}

static void link_to(const char *target, const char *directory, const char *name)
{
	autofree char *path = str_format("%s/%s", directory, name);

	assert_int_equal(symlink(target, path), 0);
}

/* Watched is every directory in which a name of the path, or of a link in it, is looked up. */
static void each_step_of_a_path_is_watched(void **context)
{
	char directory[] = "/tmp/urun-steps-XXXXXX";
	autofree char *path = NULL, *below = NULL;
	autostrbuf struct strbuf steps = { 0 }, text = { 0 };

	(void)context;
	assert_non_null(mkdtemp(directory));
	make(directory, "etc");
	make(directory, "run");
	make(directory, "run/a");
	link_to("../link", directory, "etc/resolv.conf");
	link_to("run/a/./missing", directory, "link");
	path = str_format("%s/etc/resolv.conf", directory);
	host_resolv_steps(path, &steps);
	for (size_t at = 0, number = 0; at < steps.size;
	     at += strlen(steps.bytes + at) + 1, number++)
		if (strncmp(steps.bytes + at, directory, strlen(directory)) == 0 || number % 2 == 1)
			strbuf_addf(&text, "%s ",
				    strncmp(steps.bytes + at, directory, strlen(directory))
					    ? steps.bytes + at
					    : steps.bytes + at + strlen(directory));
	below = str_format("tmp %s  etc /etc resolv.conf  link  run /run a /run/a missing ",
			   directory + strlen("/tmp/"));
	assert_string_equal(text.bytes, below);
	free(path);
	path = str_format("rm -r %s", directory);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_is_whole_and_not_too_large),
		cmocka_unit_test(servers_that_fail_are_told_from_names_that_are_missing),
		cmocka_unit_test(what_belongs_to_another_query_is_no_answer),
		cmocka_unit_test(a_failure_answers_its_query),
		cmocka_unit_test(name_servers_are_read_as_the_resolver_does),
		cmocka_unit_test(each_step_of_a_path_is_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
