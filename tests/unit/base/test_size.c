// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/size.h"
#include "core/base/str.h"

struct size_case {
	const char *text;
	int64_t bytes;
};

static void sizes_are_read_as_docker_reads_them(void **state)
{
	static const struct size_case cases[] = {
		{ "0", 0 },
		{ "32", 32 },
		{ "32b", 32 },
		{ "32B", 32 },
		{ "32k", 32 << 10 },
		{ "32K", 32 << 10 },
		{ "32kb", 32 << 10 },
		{ "32Kb", 32 << 10 },
		{ "32KiB", 32 << 10 },
		{ "64m", 64 << 20 },
		{ "64mb", 64 << 20 },
		{ "64MiB", 64 << 20 },
		{ "64 MiB", 64 << 20 },
		{ "64 m", 64 << 20 },
		{ "1.5g", INT64_C(3) << 29 },
		{ "1.5 GB", INT64_C(3) << 29 },
		{ "2t", INT64_C(2) << 40 },
		{ "1p", INT64_C(1) << 50 },
		{ "1PiB", INT64_C(1) << 50 },
		{ ".5k", 512 },
		{ "0.5m", 512 << 10 },
		{ "5.k", 5 << 10 },
		{ "1.5", 1 },
		{ "0.9", 0 },
		{ "1.1k", 1126 },
		{ "0.3m", 314572 },
		{ "007k", 7 << 10 },
		{ "0.00000000000000000000000001p", 0 },
		{ "0.9999999999999999999999999999k", 1023 },
		{ "32 ", 32 },
		{ "8191.999p", INT64_C(9223370910954868965) },
		{ "9223372036854775807", INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t bytes = -1;

		if (size_parse(cases[i].text, &bytes) < 0 || bytes != cases[i].bytes)
			fail_msg("%s: %lld", cases[i].text, (long long)bytes);
	}
}

static void other_texts_and_larger_sizes_are_refused(void **state)
{
	static const char *const wrong[] = {
		"",	 "lots", "m",	 "b",	     "-1",  "-64m", "+1",   "1e3",
		"0x10",	 "1x",	 "1bb",	 "1bi",	     "1kk", "1mi",  "1mbb", "1mib ",
		"1  m",	 " 1m",	 "1,5g", "1.2.3",    ".",   ".k",   "1 .5", "64mm",
		"1kib2", "nan",	 "inf",	 "infinity", "1\n", "1\tk",
	};
	static const char *const large[] = {
		"9223372036854775808",	   "18446744073709551616", "8192p", "8388608t",
		"9999999999999999999999g",
	};
	int64_t bytes = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (size_parse(wrong[i], &bytes) != -EINVAL)
			fail_msg("\"%s\" is taken", wrong[i]);
	for (size_t i = 0; i < ARRAY_SIZE(large); i++)
		if (size_parse(large[i], &bytes) != -ERANGE)
			fail_msg("\"%s\" is taken", large[i]);
	assert_int_equal(bytes, 7);
}

static void sizes_are_printed_in_three_ways(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *looks[3];
	} cases[] = {
		{ 0, { "0B", "0B", "0 B" } },
		{ 999, { "999B", "999B", "999 B" } },
		{ 1000, { "1000B", "1.0kB", "1 kB" } },
		{ 1024, { "1.0KiB", "1.0kB", "1.02 kB" } },
		{ 163577856, { "156.0MiB", "163.6MB", "164 MB" } },
		{ 999499, { "976.1KiB", "999.5kB", "999 kB" } },
		{ 999500, { "976.1KiB", "999.5kB", "1 MB" } },
		{ 999949, { "976.5KiB", "999.9kB", "1 MB" } },
		{ 999950, { "976.5KiB", "1.0MB", "1 MB" } },
		{ 1048575, { "1.0MiB", "1.0MB", "1.05 MB" } },
		{ 999999999999, { "931.3GiB", "1.0TB", "1 TB" } },
		{ UINT64_C(5) << 40, { "5.0TiB", "5.5TB", "5.5 TB" } },
		{ UINT64_C(5) << 50, { "5.0PiB", "5.6PB", "5.63 PB" } },
		{ UINT64_MAX, { "16.0EiB", "18.4EB", "18.4 EB" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (enum size_look look = SIZE_BINARY; look <= SIZE_SHORT; look++) {
			autostrbuf struct strbuf text = { 0 };

			size_print(cases[i].bytes, look, &text);
			assert_string_equal(text.bytes, cases[i].looks[look]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read_as_docker_reads_them),
		cmocka_unit_test(other_texts_and_larger_sizes_are_refused),
		cmocka_unit_test(sizes_are_printed_in_three_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
