/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_FUZZ_MOUNT_STEP_H
#define URUN_FUZZ_MOUNT_STEP_H

#include "core/config/mount_plan.h"
#include "tests/fuzz/fuzz.h"

/* What the code that applies a mount plan relies on, wherever the plan is from. */
static inline void fuzz_mount_options(const struct mount_options *options)
{
	/* The atime mode is a number in three bits, of which clear has all. */
	const uint64_t atime = 0x70;

	fuzz_demand((options->traits & ~MOUNT_TRAITS_ALL) == 0, "each trait is known");
	fuzz_demand((options->top.set & options->top.clear & ~atime) == 0 &&
			    (options->tree.set & options->tree.clear & ~atime) == 0 &&
			    (options->super.set & options->super.clear) == 0,
		    "an attribute is set or cleared, not both");
	fuzz_demand(
		((options->top.set | options->top.clear | options->tree.set | options->tree.clear) &
		 ~(uint64_t)MOUNT_ATTRS_ALL) == 0,
		"each attribute is known");
	fuzz_demand(((options->super.set | options->super.clear) & ~(uint64_t)MOUNT_SUPER_ALL) == 0,
		    "each flag of a superblock is known");
	for (size_t i = 0; i < options->propagations.count; i++)
		fuzz_demand(options->propagations.items[i] > MOUNT_PROPAGATION_NONE &&
				    options->propagations.items[i] < MOUNT_PROPAGATION_COUNT,
			    "each propagation is known");
	for (size_t i = 0; i < options->data.count; i++)
		fuzz_demand(options->data.items[i].key != NULL, "data are texts");
}

static inline void fuzz_mount_step(const struct mount_step *step)
{
	const char *destination = step->destination;

	fuzz_demand(destination[0] == '/' && destination[1] != '\0' && !strstr(destination, "//"),
		    "a destination is absolute and not the root");
	fuzz_demand(!strstr(destination, "/../") && !strstr(destination, "/./"),
		    "a destination is clean");
	fuzz_demand(destination[strlen(destination) - 1] != '/', "a destination has no slash last");
	fuzz_demand(step->kind < MOUNT_KIND_COUNT, "the kind is known");
	fuzz_demand(step->kind != MOUNT_KIND_BIND || (step->source && step->source[0]),
		    "a bind has a source");
	fuzz_demand(!mount_kind_is_filesystem(step->kind) || (step->type && step->type[0]),
		    "a file system has a type");
	fuzz_demand(!step->uid_map == !step->gid_map, "both maps are there, or none");
	fuzz_mount_options(&step->options);
}

#endif
