// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/emulation.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/log.h"
#include "core/config/change.h"
#include "core/seccomp/root_emulation.h"

#define FIELD "annotations." CONFIG_ANNOTATION_ROOT_EMULATION

/* Programs that change ids and notice no failure would stay root: nobody gets that by itself with more ids. */
static bool is_root_alone(const struct container_config *config, const struct userns_plan *userns)
{
	const struct config_process *process = config->process;

	return idmap_total(&userns->uids) == 1 && idmap_total(&userns->gids) == 1 && process &&
	       process->user->uid.value == 0 && idmap_maps_inner(&userns->uids, 0);
}

static int compare_first(const void *a, const void *b)
{
	const struct id_range *one = a, *other = b;

	return one->inner < other->inner ? -1 : one->inner > other->inner;
}

/* Ranges that touch each other become one. */
static int list_inner_ids(const struct idmap *map, struct emulated_ids *ret_ids)
{
	struct idmap sorted = *map;

	*ret_ids = (struct emulated_ids){ 0 };
	qsort(sorted.ranges, sorted.count, sizeof(*sorted.ranges), compare_first);
	for (size_t i = 0; i < sorted.count; i++) {
		const struct id_range *range = &sorted.ranges[i];
		struct emulated_range *before =
			ret_ids->count ? &ret_ids->ranges[ret_ids->count - 1] : NULL;
		uint32_t last = range->inner + (range->count - 1);

		if (before && before->last + 1 == range->inner) {
			before->last = last;
			continue;
		}
		if (ret_ids->count == EMULATED_RANGES_MAX)
			return -E2BIG;
		ret_ids->ranges[ret_ids->count++] =
			(struct emulated_range){ .first = range->inner, .last = last };
	}
	return 0;
}

int emulation_make(const struct userns_plan *userns, struct strbuf *ret_bpf, struct error *err)
{
	struct emulated_root root = { .setgroups_denied = !userns->setgroups_allowed };

	if (list_inner_ids(&userns->uids, &root.uids) < 0 ||
	    list_inner_ids(&userns->gids, &root.gids) < 0)
		return error_set(err, 0, FIELD ": the map of ids has more than %d ranges",
				 EMULATED_RANGES_MAX);
	root_emulation_compile(&root, ret_bpf);
	return 0;
}

int emulation_choose(const struct container_config *config, const struct userns_plan *userns,
		     bool *ret_on, struct error *err)
{
	const char *text = config_annotation(config, CONFIG_ANNOTATION_ROOT_EMULATION);
	enum root_emulation mode = ROOT_EMULATION_OFF;

	if (root_emulation_parse(text, &mode) < 0)
		return error_set(err, 0, FIELD ": " ROOT_EMULATION_EXPECTED ", not '%s'", text);
	if (mode == ROOT_EMULATION_ON && userns->is_host)
		return error_set(err, 0,
				 FIELD ": the container has no user namespace, and so all ids");
	*ret_on = mode == ROOT_EMULATION_ON ||
		  (mode == ROOT_EMULATION_AUTO && is_root_alone(config, userns));
	if (*ret_on)
		log_debug("root emulation: on");
	return 0;
}
