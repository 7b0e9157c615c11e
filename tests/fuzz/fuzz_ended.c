// SPDX-License-Identifier: Apache-2.0
/*
 * For all bytes the record of a program's end is refused with an error of one line, or is one that
 * can be printed and read again.
 */
#include "core/container/ended.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ended ended, again;
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	autostrbuf struct strbuf shown = { 0 };

	if (ended_parse((const char *)bytes, size, &ended, &err) < 0) {
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
		fuzz_demand(!strchr(error_format(&err, line), '\n'), "an error is one line");
		return 0;
	}
	fuzz_demand(ended.finished != NULL, "what is needed is there");
	fuzz_demand(ended.exit_status.value <= 255 && ended.signal.value <= 64, "bounds hold");
	ended_print(&ended, &shown);
	fuzz_demand(ended_parse(shown.bytes, shown.size, &again, &err) == 0, "it is read again");
	ended_release(&again);
	ended_release(&ended);
	return 0;
}
