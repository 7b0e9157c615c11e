// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/signal.h"
#include "core/base/str.h"

static void signals_have_numbers_and_names(void **state)
{
	static const struct {
		const char *text;
		int signal;
	} good[] = { { "9", 9 },	{ "KILL", 9 },	      { "SIGKILL", 9 },
		     { "sigterm", 15 }, { "hup", 1 },	      { "RTMIN", 34 },
		     { "RTMIN+3", 37 }, { "SIGRTMAX-1", 63 }, { "64", 64 } };
	static const char *const bad[] = { "",	  "65",	      "-1",	 "9x",	   "FOO",
					   "SIG", "RTMIN+31", "RTMIN-1", "RTMAX+1" };
	struct error err = ERROR_NONE;
	int signal;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(signal_parse(good[i].text, &signal, &err), 0);
		assert_int_equal(signal, good[i].signal);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(signal_parse(bad[i], &signal, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_have_numbers_and_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
