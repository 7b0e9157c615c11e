// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/list_table.h"

/* 2026-11-28T12:00:00Z */
#define NOON 1795867200

static void has_age(const char *created, const char *expected)
{
	autostrbuf struct strbuf out = { 0 };

	list_print_age(created, NOON, &out);
	assert_string_equal(out.bytes, expected);
}

static void an_age_is_at_least_two_of_its_unit(void **state)
{
	(void)state;
	has_age("2026-11-28T12:00:00.999999999Z", "now");
	has_age("2026-11-28T11:59:59.5Z", "1 second ago");
	has_age("2026-11-28T11:58:01Z", "119 seconds ago");
	has_age("2026-11-28T11:58:00Z", "2 minutes ago");
	has_age("2026-11-28T10:01:00Z", "119 minutes ago");
	has_age("2026-11-26T13:00:00Z", "47 hours ago");
	has_age("2026-11-21T12:00:00Z", "7 days ago");
	has_age("2026-11-14T12:00:00Z", "2 weeks ago");
	has_age("2024-11-28T12:00:00Z", "2 years ago");
	/* The clock was set back; and a state that says nonsense. */
	has_age("2026-11-28T12:00:01Z", "-");
	has_age("yesterday", "-");
	has_age(NULL, "-");
}

static void becomes_table(char *command, char *ports, size_t columns, const char *expected)
{
	struct list_row rows[] = {
		{ "web", command, "2 hours ago", "running", ports, NULL },
		{ "a-longer-id", (char *)"sh", (char *)"now", (char *)"stopped (137)", (char *)"",
		  NULL },
	};
	const struct list_table table = { rows, 2 };
	autostrbuf struct strbuf out = { 0 };

	list_table_print(&table, columns, &out);
	assert_string_equal(out.bytes, expected);
}

static void a_table_is_as_wide_as_its_cells(void **state)
{
	(void)state;
	becomes_table((char *)"httpd", (char *)"8080->80", 80,
		      "ID           COMMAND  CREATED      STATUS         PORTS\n"
		      "web          httpd    2 hours ago  running        8080->80\n"
		      "a-longer-id  sh       now          stopped (137)\n");
}

static void the_command_is_cut_first_and_then_the_ports(void **state)
{
	(void)state;
	becomes_table((char *)"python3 -m http.server 8000", (char *)"8080->80", 64,
		      "ID           COMMAND        CREATED      STATUS         PORTS\n"
		      "web          python3 -m h…  2 hours ago  running        8080->80\n"
		      "a-longer-id  sh             now          stopped (137)\n");
	becomes_table((char *)"python3 -m http.server 8000",
		      (char *)"8080->80, 8443->443, 53->53/udp", 65,
		      "ID           COMMAND     CREATED      STATUS         PORTS\n"
		      "web          python3 -…  2 hours ago  running        8080->80, 8…\n"
		      "a-longer-id  sh          now          stopped (137)\n");
	/* Narrower than it can be: nothing else is cut. */
	becomes_table((char *)"python3 -m http.server 8000", (char *)"8080->80, 8443->443", 20,
		      "ID           COMMAND     CREATED      STATUS         PORTS\n"
		      "web          python3 -…  2 hours ago  running        8080->80,…\n"
		      "a-longer-id  sh          now          stopped (137)\n");
	becomes_table(
		(char *)"python3 -m http.server 8000", (char *)"8080->80, 8443->443",
		LIST_TABLE_WIDE,
		"ID           COMMAND                      CREATED      STATUS         PORTS\n"
		"web          python3 -m http.server 8000  2 hours ago  running        8080->80, 8443->443\n"
		"a-longer-id  sh                           now          stopped (137)\n");
}

static void a_letter_of_several_bytes_is_one_column(void **state)
{
	(void)state;
	becomes_table((char *)"größer", (char *)"1->1", 80,
		      "ID           COMMAND  CREATED      STATUS         PORTS\n"
		      "web          größer   2 hours ago  running        1->1\n"
		      "a-longer-id  sh       now          stopped (137)\n");
	becomes_table((char *)"ßßßßßßßßßßßßßßß", (char *)"1->1", 10,
		      "ID           COMMAND     CREATED      STATUS         PORTS\n"
		      "web          ßßßßßßßßß…  2 hours ago  running        1->1\n"
		      "a-longer-id  sh          now          stopped (137)\n");
}

static void the_image_is_shown_where_a_container_has_one(void **state)
{
	struct list_row rows[] = {
		{ "web", "httpd", "now", "running", "", (char *)"docker.io/library/httpd:2" },
		{ "other", (char *)"sh", (char *)"now", (char *)"running", (char *)"", NULL },
	};
	const struct list_table table = { rows, 2 };
	autostrbuf struct strbuf out = { 0 }, narrow = { 0 };

	(void)state;
	list_table_print(&table, 80, &out);
	assert_string_equal(out.bytes,
			    "ID     IMAGE                      COMMAND  CREATED  STATUS   PORTS\n"
			    "web    docker.io/library/httpd:2  httpd    now      running\n"
			    "other                             sh       now      running\n");
	list_table_print(&table, 55, &narrow);
	assert_string_equal(narrow.bytes,
			    "ID     IMAGE           COMMAND  CREATED  STATUS   PORTS\n"
			    "web    docker.io/lib…  httpd    now      running\n"
			    "other                  sh       now      running\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_age_is_at_least_two_of_its_unit),
		cmocka_unit_test(a_table_is_as_wide_as_its_cells),
		cmocka_unit_test(the_command_is_cut_first_and_then_the_ports),
		cmocka_unit_test(a_letter_of_several_bytes_is_one_column),
		cmocka_unit_test(the_image_is_shown_where_a_container_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
