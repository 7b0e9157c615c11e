// SPDX-License-Identifier: Apache-2.0
// Runs in: init after pivot_root.
#include "core/init/capability.h"

#include <errno.h>
#include <sys/capability.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/shapes.h"

/* The kernel's own two words have no more. */
#define CAPABILITY_MAX 64

static uint64_t capability_bit(cap_value_t capability)
{
	return UINT64_C(1) << capability;
}

/* Takes out of @mask what is not in @allowed, with one warning that has the names and @reason. */
static uint64_t keep_allowed(const char *set, uint64_t mask, uint64_t allowed, const char *reason)
{
	autostrbuf struct strbuf names = { 0 };

	for (cap_value_t c = 0; c < CONFIG_CAPABILITY_COUNT; c++)
		if (mask & ~allowed & capability_bit(c))
			strbuf_addf(&names, "%s%s", names.size ? ", " : "",
				    config_capability_names[c]);
	if (names.size)
		log_warning("process.capabilities.%s: can't be granted, as not %s: %s", set, reason,
			    names.bytes);
	return mask & allowed;
}

static uint64_t own_permitted(void)
{
	cap_t own = cap_get_proc();
	uint64_t mask = 0;

	for (cap_value_t c = 0; own && c < cap_max_bits(); c++) {
		cap_flag_value_t value;

		if (cap_get_flag(own, c, CAP_PERMITTED, &value) == 0 && value == CAP_SET)
			mask |= capability_bit(c);
	}
	cap_free(own);
	return mask;
}

/* One system call for each capability in @asked; most configs ask for few. */
static uint64_t own_bounding(uint64_t asked)
{
	uint64_t mask = 0;

	for (cap_value_t c = 0; c < CAPABILITY_MAX; c++)
		if (asked & capability_bit(c) && cap_get_bound(c) == 1)
			mask |= capability_bit(c);
	return mask;
}

/* Some engines (buildah) list ambient capabilities though none is inheritable: no warning for these. */
static uint64_t resolve_ambient(const struct config_capabilities *config,
				const struct config_capabilities *sets)
{
	if (config->inheritable == 0) {
		if (config->ambient)
			log_info("process.capabilities.ambient: none is granted, as none is "
				 "inheritable");
		return 0;
	}
	return keep_allowed("ambient", config->ambient, sets->permitted & sets->inheritable,
			    "in the permitted and the inheritable set");
}

void capability_resolve(const struct config_capabilities *config,
			struct config_capabilities *ret_sets)
{
	struct config_capabilities sets = { 0 };
	uint64_t permitted;

	if (!config) {
		*ret_sets = sets;
		return;
	}
	permitted = own_permitted();
	sets.bounding = keep_allowed("bounding", config->bounding, own_bounding(config->bounding),
				     "in urun's bounding set");
	sets.permitted =
		keep_allowed("permitted", config->permitted, permitted, "permitted to urun");
	sets.effective = keep_allowed("effective", config->effective, sets.permitted,
				      "in the permitted set");
	sets.inheritable =
		keep_allowed("inheritable", config->inheritable, sets.bounding & permitted,
			     "both in the bounding set and permitted to urun");
	sets.ambient = resolve_ambient(config, &sets);
	*ret_sets = sets;
}

int capability_drop_bounding(const struct config_capabilities *sets, struct error *err)
{
	for (cap_value_t c = 0; c < cap_max_bits(); c++)
		if (!(sets->bounding & capability_bit(c)) && cap_drop_bound(c) < 0)
			return error_set(err, errno, "drop capability %d from the bounding set", c);
	return 0;
}

static int set_capability_flag(cap_t target, cap_flag_t flag, uint64_t mask)
{
	cap_value_t list[CAPABILITY_MAX];
	int count = 0;

	for (cap_value_t c = 0; c < CAPABILITY_MAX; c++)
		if (mask & capability_bit(c))
			list[count++] = c;
	return count ? cap_set_flag(target, flag, count, list, CAP_SET) : 0;
}

static int set_process_capabilities(const struct config_capabilities *sets, struct error *err)
{
	cap_t target = cap_init();
	int r;

	if (!target)
		return error_set(err, errno, "prepare the capabilities");
	r = set_capability_flag(target, CAP_EFFECTIVE, sets->effective);
	if (r == 0)
		r = set_capability_flag(target, CAP_PERMITTED, sets->permitted);
	if (r == 0)
		r = set_capability_flag(target, CAP_INHERITABLE, sets->inheritable);
	if (r == 0)
		r = cap_set_proc(target);
	if (r < 0)
		error_set(err, errno, "set the process's capabilities");
	cap_free(target);
	return r;
}

int capability_apply(const struct config_capabilities *sets, struct error *err)
{
	/* Else the ambient capabilities of urun's caller would reach the program. */
	if (cap_reset_ambient() < 0)
		return error_set(err, errno, "clear the ambient capabilities");
	if (set_process_capabilities(sets, err) < 0)
		return -1;
	/* ORDER: after the permitted and the inheritable set, which must have what becomes ambient. */
	for (cap_value_t c = 0; c < CAPABILITY_MAX; c++)
		if (sets->ambient & capability_bit(c) && cap_set_ambient(c, CAP_SET) < 0)
			return error_set(err, errno, "raise ambient capability %d", c);
	return 0;
}
