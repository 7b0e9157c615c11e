// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "rootless/home.h"
#include "tests/unit/rootless/fake_host.h"

#define PASSWD                                                   \
	"root:x:0:0::/root:/bin/sh\n"                            \
	"daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"            \
	"jenkins:x:107:107::/var/lib/jenkins:/bin/sh\n"          \
	"postgres:x:108:108::/var/lib/postgresql:/bin/sh\n"      \
	"broken\n"                                               \
	"+::::::\n"                                              \
	"short:x:1003:1003\n"                                    \
	"relative:x:1004:1004::home/relative:/bin/sh\n"          \
	"none:x:1005:1005:::/bin/sh\n"                           \
	"eve:x:500:500::/data/eve:/bin/sh\n"                     \
	"ann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\n"             \
	"bob:x:1001:1001:Bob:/export/home/bob:/bin/sh\n"         \
	"nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n" \
	"last:x:70000:70000::/srv/last"

/* Returns the homes as one text, with blanks between. */
static char *homes_of(uid_t caller)
{
	struct arena arena = { 0 };
	struct strbuf text = { 0 };
	struct str_list list = { 0 };

	home_list(fake_root, caller, &arena, &list);
	for (size_t i = 0; i < list.count; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "", list.items[i]);
	free(list.items);
	arena_release(&arena);
	return text.bytes;
}

static void people_are_root_the_caller_and_users_from_1000_on(void **state)
{
	autofree char *homes = NULL;

	(void)state;
	fake_file("/etc/passwd", PASSWD);
	homes = homes_of(107);
	assert_string_equal(
		homes, "/root /var/lib/jenkins /home/ann /export/home/bob /nonexistent /srv/last");
}

static void uid_min_is_what_login_defs_says(void **state)
{
	autofree char *homes = NULL, *again = NULL;

	(void)state;
	fake_file("/etc/passwd", PASSWD);
	fake_file(
		"/etc/login.defs",
		"# UID_MIN 5\nUID_MIN_X 6\nSYS_UID_MIN 100\n  UID_MIN\t\t\t 500 \nUID_MAX 60000\n");
	homes = homes_of(1000);
	assert_string_equal(homes,
			    "/root /data/eve /home/ann /export/home/bob /nonexistent /srv/last");
	fake_file("/etc/login.defs", "UID_MIN many\n");
	again = homes_of(1000);
	assert_string_equal(again, "/root /home/ann /export/home/bob /nonexistent /srv/last");
}

/* The shadow suite's getdef reads numbers so: 01750 is 1000. */
static void uid_min_may_be_octal_hexadecimal_or_quoted(void **state)
{
	static const struct {
		const char *line, *homes;
	} cases[] = {
		{ "UID_MIN 01751\n", "/root /export/home/bob /nonexistent /srv/last" },
		{ "UID_MIN 01750\n", "/root /home/ann /export/home/bob /nonexistent /srv/last" },
		{ "UID_MIN 0x3E9\n", "/root /export/home/bob /nonexistent /srv/last" },
		{ "UID_MIN \"1001\"\n", "/root /export/home/bob /nonexistent /srv/last" },
		{ "UID_MIN 1001\nUID_MIN 08\n",
		  "/root /home/ann /export/home/bob /nonexistent /srv/last" },
		{ "UID_MIN -1\n", "/root /home/ann /export/home/bob /nonexistent /srv/last" },
	};

	(void)state;
	fake_file("/etc/passwd", PASSWD);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *homes = NULL;

		fake_file("/etc/login.defs", cases[i].line);
		homes = homes_of(0);
		assert_string_equal(homes, cases[i].homes);
	}
}

static void a_host_without_these_files_has_no_homes(void **state)
{
	autofree char *homes = NULL;

	(void)state;
	homes = homes_of(1000);
	assert_null(homes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(people_are_root_the_caller_and_users_from_1000_on,
						fake_host_setup, fake_host_teardown),
		cmocka_unit_test_setup_teardown(uid_min_is_what_login_defs_says, fake_host_setup,
						fake_host_teardown),
		cmocka_unit_test_setup_teardown(uid_min_may_be_octal_hexadecimal_or_quoted,
						fake_host_setup, fake_host_teardown),
		cmocka_unit_test_setup_teardown(a_host_without_these_files_has_no_homes,
						fake_host_setup, fake_host_teardown),
	};

	return cmocka_run_group_tests_name("home", tests, NULL, NULL);
}
