// SPDX-License-Identifier: Apache-2.0
/*
 * For all bytes config_parse() returns a config or an error of one line.  A config is printed,
 * parsed again, and printed a second time as the same text.
 */
#include "core/base/str.h"
#include "core/config/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct container_config config, again;
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	autostrbuf struct strbuf first = { 0 };
	autostrbuf struct strbuf second = { 0 };

	if (config_parse((const char *)bytes, size, &config, &err) < 0) {
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
		fuzz_demand(!strchr(error_format(&err, line), '\n'), "an error is one line");
		return 0;
	}
	config_print(&config, JSON_INDENTED, &first);
	fuzz_demand(config_parse(first.bytes, first.size, &again, &err) == 0,
		    "what was printed is taken again");
	config_print(&again, JSON_INDENTED, &second);
	fuzz_demand(strcmp(first.bytes, second.bytes) == 0, "both prints are the same");
	config_release(&config);
	config_release(&again);
	return 0;
}
