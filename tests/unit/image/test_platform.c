// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/image/platform.h"

struct word_case {
	const char *text;
	const char *platform;
};

static void uname_is_told_in_words_of_go(void **state)
{
	static const struct word_case cases[] = {
		{ "x86_64", "linux/amd64" },	    { "i686", "linux/386" },
		{ "aarch64", "linux/arm64" },	    { "armv7l", "linux/arm/v7" },
		{ "armv6l", "linux/arm/v6" },	    { "armv5tel", "linux/arm/v5" },
		{ "armv8l", "linux/arm/v8" },	    { "riscv64", "linux/riscv64" },
		{ "ppc64le", "linux/ppc64le" },	    { "s390x", "linux/s390x" },
		{ "loongarch64", "linux/loong64" }, { "unheard-of", "linux/unheard-of" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char shown[PLATFORM_TEXT_SIZE];
		struct platform platform;

		platform_of_machine(cases[i].text, &platform);
		platform_print(&platform, shown);
		assert_string_equal(shown, cases[i].platform);
	}
}

static void the_option_takes_words_of_others_too(void **state)
{
	static const struct word_case cases[] = {
		{ "linux/amd64", "linux/amd64" },
		{ "linux/arm/v7", "linux/arm/v7" },
		{ "arm64", "linux/arm64" },
		{ "linux/arm64/v8", "linux/arm64/v8" },
		{ "linux/x86_64", "linux/amd64" },
		{ "linux/aarch64", "linux/arm64" },
		{ "linux/armhf", "linux/arm/v7" },
		{ "linux/armhf/v6", "linux/arm/v6" },
		{ "Linux/AMD64", "linux/amd64" },
		{ "linux/riscv64", "linux/riscv64" },
		{ "linux/mips64le", "linux/mips64le" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char shown[PLATFORM_TEXT_SIZE];
		struct platform platform;
		struct error err = ERROR_NONE;

		if (platform_parse(cases[i].text, &platform, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		platform_print(&platform, shown);
		assert_string_equal(shown, cases[i].platform);
	}
}

static void the_option_refuses_the_rest(void **state)
{
	static const char *const cases[] = {
		"",
		"linux",
		"linux/",
		"/amd64",
		"linux//v7",
		"linux/arm/v7/x",
		"windows/amd64",
		"linux/amd64,linux/arm64",
		"linux/a b",
		"linux/..\n",
		"darwin/arm64/v8",
		"linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct platform platform;
		struct error err = ERROR_NONE;

		if (platform_parse(cases[i], &platform, &err) == 0)
			fail_msg("'%s' is accepted", cases[i]);
		assert_true(err.text[0] != '\0');
	}
}

static int rank(const char *wanted, const char *offered)
{
	struct platform a, b = { .os = "linux" };
	struct error err = ERROR_NONE;

	assert_int_equal(platform_parse(wanted, &a, &err), 0);
	assert_int_equal(platform_parse(offered, &b, &err), 0);
	return platform_rank(&a, &b);
}

/* The order of containers/image, pkg/platform. */
static void arm_takes_the_best_variant_that_it_runs(void **state)
{
	static const char *const order[] = { "linux/arm/v7", "linux/arm/v6", "linux/arm/v5",
					     "linux/arm" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_int_equal(rank("linux/arm/v7", order[i]), (int)i);
	assert_int_equal(rank("linux/arm/v7", "linux/arm/v8"), -1);
	assert_int_equal(rank("linux/arm/v6", "linux/arm/v7"), -1);
	assert_int_equal(rank("linux/arm/v6", "linux/arm/v5"), 1);
	assert_int_equal(rank("linux/arm", "linux/arm"), 0);
	assert_true(rank("linux/arm", "linux/arm/v8") < rank("linux/arm", "linux/arm/v6"));
	assert_true(rank("linux/arm", "linux/arm/v8") > 0);
}

static void other_architectures_need_the_same_variant_or_none(void **state)
{
	(void)state;
	assert_int_equal(rank("linux/arm64", "linux/arm64/v8"), 0);
	assert_int_equal(rank("linux/arm64/v8", "linux/arm64"), 0);
	assert_int_equal(rank("linux/amd64", "linux/amd64/v1"), 0);
	assert_int_equal(rank("linux/amd64", "linux/amd64/v3"), -1);
	assert_int_equal(rank("linux/amd64/v3", "linux/amd64/v3"), 0);
	assert_int_equal(rank("linux/amd64/v3", "linux/amd64"), 1);
	assert_int_equal(rank("linux/amd64", "linux/arm64"), -1);
	assert_int_equal(rank("linux/amd64", "linux/386"), -1);
}

static void another_system_never_suits(void **state)
{
	struct platform host, windows = { "windows", "amd64", "" },
			      none = { "unknown", "unknown", "" };

	(void)state;
	platform_of_machine("x86_64", &host);
	assert_int_equal(platform_rank(&host, &windows), -1);
	assert_int_equal(platform_rank(&host, &none), -1);
	platform_of_host(&host);
	assert_string_equal(host.os, "linux");
	assert_true(host.architecture[0] != '\0');
	assert_int_equal(platform_rank(&host, &host), 0);
}

static void a_word_that_is_no_platform_is_not_taken(void **state)
{
	static const char *const bad[] = { "\033]0;title\007",
					   "a b",
					   "v8\n",
					   "x/y",
					   "\303\244",
					   "more-than-the-31-bytes-of-a-word" };
	char word[PLATFORM_WORD_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(platform_take_word(bad[i], word));
		assert_string_equal(word, "");
	}
	assert_true(platform_take_word("v8.2-a_b", word));
	assert_string_equal(word, "v8.2-a_b");
	assert_true(platform_take_word(NULL, word));
	assert_string_equal(word, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uname_is_told_in_words_of_go),
		cmocka_unit_test(the_option_takes_words_of_others_too),
		cmocka_unit_test(the_option_refuses_the_rest),
		cmocka_unit_test(arm_takes_the_best_variant_that_it_runs),
		cmocka_unit_test(other_architectures_need_the_same_variant_or_none),
		cmocka_unit_test(another_system_never_suits),
		cmocka_unit_test(a_word_that_is_no_platform_is_not_taken),
	};

	return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
