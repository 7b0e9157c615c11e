// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/cgroup/above.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/span.h"
#include "core/base/str.h"
#include "core/cgroup/tree.h"

/* "QUOTA PERIOD" of cpu.max becomes µs of a processor in each second. */
uint64_t cgroup_limit_of(const char *text)
{
	struct span rest = { text, text ? strcspn(text, "\n") : 0 }, first;
	autofree char *number = NULL;
	uint64_t value;
	uint32_t period;

	if (!span_cut(&rest, ' ', &first))
		return UINT64_MAX;
	number = str_dup_n(first.bytes, first.size);
	if (number_parse_u64(number, UINT64_MAX, &value) < 0)
		return UINT64_MAX;
	if (rest.size == 0)
		return value;
	if (!span_number(rest, &period) || period == 0 || value > UINT32_MAX)
		return UINT64_MAX;
	return value * 1000000 / period;
}

static uint64_t limit_in(const char *path, const char *file)
{
	autofree char *text = cgroup_read(path, file);

	return cgroup_limit_of(text);
}

char *cgroup_tightest_above(const char *path, const char *file)
{
	autofree char *above = str_dup(path);
	autofree char *own = cgroup_read(path, file);
	char *tightest = NULL, *slash;
	uint64_t lowest = cgroup_limit_of(own);

	if (!own)
		return NULL;
	while ((slash = strrchr(above, '/'))) {
		uint64_t limit;

		*slash = '\0';
		limit = *above ? limit_in(above, file) : UINT64_MAX;
		if (limit >= lowest)
			continue;
		lowest = limit;
		free(tightest);
		tightest = str_dup(above);
	}
	return tightest;
}
