// SPDX-License-Identifier: Apache-2.0
/*
 * For all bytes a container's state.json is refused with an error of one line, or can be printed.
 */
#include "core/base/json.h"
#include "core/container/state.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct container_state state = { 0 };
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	autostrbuf struct strbuf shown = { 0 };

	if (state_parse((const char *)bytes, size, &state, &err) < 0) {
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
		fuzz_demand(!strchr(error_format(&err, line), '\n'), "an error is one line");
		return 0;
	}
	fuzz_demand(state.id && state.bundle && state.pid.set, "what is needed is there");
	state_print(&state, CONTAINER_STOPPED, JSON_INDENTED, &shown);
	state_release(&state);
	return 0;
}
