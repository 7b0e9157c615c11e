// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/parent/reach.h"

#define ALL_IDS                                                \
	{                                                      \
		.count = 1, .ranges = { { 0, 0, UINT32_MAX } } \
	}
#define OTHERS                                                 \
	{                                                      \
		.count = 1, .ranges = { { 0, 100000, 65536 } } \
	}

static char warnings[2048];

static void catch_warning(enum log_level level, const char *text, void *context)
{
	size_t used = strlen(warnings);

	(void)context;
	if (level == LOG_LEVEL_WARNING)
		snprintf(warnings + used, sizeof(warnings) - used, "%s\n", text);
}

static void warn(const char *root, uid_t uid, bool initial, const struct userns_plan *plan)
{
	autofree char *json = str_format(
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"%s\"},"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}",
		root);
	const struct userns_caller caller = { .uid = uid, .gid = getegid(), .initial = initial };
	struct container_config config = { 0 };
	struct error err = ERROR_NONE;

	assert_int_equal(config_parse(json, strlen(json), &config, &err), 0);
	warnings[0] = '\0';
	log_set_sink(catch_warning, NULL);
	reach_warn(&config, &caller, plan);
	log_set_sink(NULL, NULL);
	config_release(&config);
}

static void test_host_root_is_told(void **state)
{
	const struct userns_plan identity = {
		.mode = USERNS_DIRECT, .uids = ALL_IDS, .gids = ALL_IDS, .setgroups_allowed = true
	};

	(void)state;
	warn("/", 0, true, &identity);
	assert_non_null(strstr(warnings, "/etc/shadow"));
	/* The warning is one line. */
	assert_ptr_equal(strchr(warnings, '\n'), warnings + strlen(warnings) - 1);
	warn("/usr/..", 0, true, &identity);
	assert_non_null(strstr(warnings, "/etc/shadow"));
}

static void test_others_are_not_warned(void **state)
{
	const struct userns_plan identity = { .mode = USERNS_DIRECT,
					      .uids = ALL_IDS,
					      .setgroups_allowed = true };
	const struct userns_plan others = { .mode = USERNS_DIRECT,
					    .uids = OTHERS,
					    .setgroups_allowed = true };

	(void)state;
	warn("/usr", 0, true, &identity); /* another root file system */
	assert_string_equal(warnings, "");
	warn("/", 0, true, &others); /* root, with other ids inside */
	assert_string_equal(warnings, "");
	warn("/", 0, false, &identity); /* root of a user namespace */
	assert_string_equal(warnings, "");
	warn("/", 1000, true, &others);
	assert_string_equal(warnings, "");
	warn("/does/not/exist", 0, true, &identity);
	assert_string_equal(warnings, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_root_is_told),
		cmocka_unit_test(test_others_are_not_warned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
