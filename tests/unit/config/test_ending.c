// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/ending.h"

static int read_one(const char *name, const char *value, struct ending *ending, struct error *err)
{
	struct str_pair pair = { (char *)(uintptr_t)name, (char *)(uintptr_t)value };
	const str_map annotations = { &pair, 1 };

	return ending_read(&annotations, ending, err);
}

static void without_annotations_all_is_podmans_default(void **state)
{
	const str_map none = { 0 };
	struct error err = ERROR_NONE;
	struct ending ending;

	(void)state;
	assert_int_equal(ending_read(&none, &ending, &err), 0);
	assert_false(ending.init);
	assert_int_equal(ending.stop_signal, SIGTERM);
	assert_int_equal(ending.stop_seconds, 10);
	assert_int_equal(ending.lifetime_seconds, 0);
}

static void each_annotation_sets_its_member(void **state)
{
	struct error err = ERROR_NONE;
	struct ending ending;

	(void)state;
	assert_int_equal(read_one(CONFIG_ANNOTATION_INIT, "true", &ending, &err), 0);
	assert_true(ending.init);
	assert_int_equal(read_one(CONFIG_ANNOTATION_INIT, "false", &ending, &err), 0);
	assert_false(ending.init);
	assert_int_equal(read_one(CONFIG_ANNOTATION_STOP_SIGNAL, "SIGQUIT", &ending, &err), 0);
	assert_int_equal(ending.stop_signal, SIGQUIT);
	assert_int_equal(read_one(CONFIG_ANNOTATION_STOP_TIMEOUT, "0", &ending, &err), 0);
	assert_int_equal(ending.stop_seconds, 0);
	assert_int_equal(read_one(CONFIG_ANNOTATION_STOP_TIMEOUT, "-1", &ending, &err), 0);
	assert_true(ending.stop_seconds == ENDING_FOREVER);
	assert_int_equal(read_one(CONFIG_ANNOTATION_TIMEOUT, "90", &ending, &err), 0);
	assert_int_equal(ending.lifetime_seconds, 90);
}

static void a_wrong_value_is_refused_but_an_images_signal_is_not(void **state)
{
	struct error err = ERROR_NONE;
	struct ending ending;

	(void)state;
	assert_int_equal(read_one(CONFIG_ANNOTATION_INIT, "yes", &ending, &err), -1);
	assert_non_null(strstr(err.text, CONFIG_ANNOTATION_INIT));
	assert_int_equal(read_one(CONFIG_ANNOTATION_STOP_TIMEOUT, "-2", &ending, &err), -1);
	assert_int_equal(read_one(CONFIG_ANNOTATION_STOP_TIMEOUT, "1.5", &ending, &err), -1);
	assert_int_equal(read_one(CONFIG_ANNOTATION_TIMEOUT, "-1", &ending, &err), -1);
	assert_int_equal(read_one(CONFIG_ANNOTATION_TIMEOUT, "4294967296", &ending, &err), -1);
	assert_int_equal(read_one(CONFIG_ANNOTATION_STOP_SIGNAL, "SIGNONE", &ending, &err), 0);
	assert_int_equal(ending.stop_signal, SIGTERM);
	assert_true(ending.stop_signal_unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_annotations_all_is_podmans_default),
		cmocka_unit_test(each_annotation_sets_its_member),
		cmocka_unit_test(a_wrong_value_is_refused_but_an_images_signal_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
