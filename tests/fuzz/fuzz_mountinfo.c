// SPDX-License-Identifier: Apache-2.0
/* /proc/PID/mountinfo, in which any user who can make a mount point chooses its name. */
#include "core/base/mountinfo.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct mountinfo *mount, size_t line_size)
{
	fuzz_demand(strlen(mount->root) + strlen(mount->point) + strlen(mount->type) <= line_size,
		    "the fields are of the line");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	autofree char *text = fuzz_text(&input);
	autofree struct mountinfo *mount = mem_alloc(sizeof(*mount));
	const char *end = text + strlen(text);

	for (char *rest = text, *line = rest;; line = rest) {
		/* A member that isn't set keeps this value, and is detected. */
		memset(mount, 'x', sizeof(*mount));
		if (!mountinfo_next(&rest, mount))
			return 0;
		check(mount, (size_t)((rest ? rest : end) - line));
	}
}
