// SPDX-License-Identifier: Apache-2.0
#include "core/config/log_options.h"

#include "core/base/size.h"
#include "core/base/span.h"
#include "core/base/str.h"

static int parse_log_word(struct span word, struct log_options *options, struct error *err)
{
	autofree char *text = str_dup_n(word.bytes, word.size);

	if (str_equal(text, "none")) {
		options->none = true;
		return 0;
	}
	if (!str_starts_with(text, "max-size=") ||
	    size_parse(strchr(text, '=') + 1, &options->size) < 0)
		return error_set(err, 0,
				 "the log of a container has the options none and max-size=SIZE, "
				 "not '%s'",
				 text);
	if (options->size < LOG_SIZE_MIN)
		return error_set(err, 0, "%s: a log needs at least %dk", text,
				 (int)(LOG_SIZE_MIN / 1024));
	return 0;
}

int log_options_parse(const char *text, struct log_options *ret_options, struct error *err)
{
	struct log_options options = { .size = LOG_SIZE_DEFAULT };
	struct span rest = { text, text ? strlen(text) : 0 }, word;

	while (span_cut(&rest, ',', &word))
		if (parse_log_word(word, &options, err) < 0)
			return -1;
	*ret_options = options;
	return 0;
}
