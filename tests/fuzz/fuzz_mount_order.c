// SPDX-License-Identifier: Apache-2.0
/*
 * The mount plan as init receives it: whatever the bytes are, they are refused or are a plan that
 * can be applied, and that is packed to the same bytes again.
 */
#include <sys/mount.h>

#include "core/base/str.h"
#include "core/sync/mount_order.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mount_step.h"

static void check_plan(const struct mount_plan *plan)
{
	fuzz_demand(plan->context_type != NULL, "a context has a type");
	fuzz_demand(plan->root_propagation < MOUNT_PROPAGATION_COUNT, "the propagation is known");
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];

		fuzz_mount_step(step);
		fuzz_demand(step->source_fd == -1 && step->context_fd == -1,
			    "no descriptor is received");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	size_t taken;
	/* The copy has exactly the size: the section's NUL isn't the plan's. */
	autofree uint8_t *copy = fuzz_bytes(&input, size, &taken);
	automountplan struct mount_plan plan = { 0 };
	autostrbuf struct strbuf packed = { 0 };
	struct error err = ERROR_NONE;

	if (mount_order_unpack((const char *)copy, taken, &plan, &err) < 0) {
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
		return 0;
	}
	check_plan(&plan);
	mount_order_pack(&plan, &packed);
	fuzz_demand(packed.size == taken && memcmp(packed.bytes, copy, taken) == 0,
		    "packed again it is the same");
	return 0;
}
