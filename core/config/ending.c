// SPDX-License-Identifier: Apache-2.0
#include "core/config/ending.h"

#include <signal.h>

#include "core/base/number.h"
#include "core/base/signal.h"
#include "core/base/str.h"
#include "core/config/change.h"

/* About 68 years: with milliseconds in 64 bits nothing overflows. */
#define SECONDS_MAX INT32_MAX

int ending_parse_seconds(const char *text, uint32_t *ret_seconds)
{
	if (!str_equal(text, "-1"))
		return number_parse_u32(text, SECONDS_MAX, ret_seconds);
	*ret_seconds = ENDING_FOREVER;
	return 0;
}

static int refuse(const char *name, const char *value, const char *expected, struct error *err)
{
	return error_set(err, 0, "annotations: %s: '%s' is not %s", name, value, expected);
}

static int read_annotation(const char *name, const char *value, struct ending *ending,
			   struct error *err)
{
	struct error ignored = ERROR_NONE;

	if (str_equal(name, CONFIG_ANNOTATION_INIT)) {
		ending->init = str_equal(value, "true");
		if (!ending->init && !str_equal(value, "false"))
			return refuse(name, value, "true or false", err);
	} else if (str_equal(name, CONFIG_ANNOTATION_STOP_SIGNAL)) {
		ending->stop_signal_unknown =
			signal_parse(value, &ending->stop_signal, &ignored) < 0;
	} else if (str_equal(name, CONFIG_ANNOTATION_STOP_TIMEOUT)) {
		if (ending_parse_seconds(value, &ending->stop_seconds) < 0)
			return refuse(name, value, "a number of seconds", err);
	} else if (str_equal(name, CONFIG_ANNOTATION_TIMEOUT)) {
		if (number_parse_u32(value, SECONDS_MAX, &ending->lifetime_seconds) < 0)
			return refuse(name, value, "a number of seconds", err);
	}
	return 0;
}

int ending_read(const str_map *annotations, struct ending *ret_ending, struct error *err)
{
	struct ending ending = { .stop_signal = SIGTERM, .stop_seconds = ENDING_STOP_SECONDS };

	for (size_t i = 0; i < annotations->count; i++)
		if (read_annotation(annotations->items[i].name, annotations->items[i].value,
				    &ending, err) < 0)
			return -1;
	*ret_ending = ending;
	return 0;
}
