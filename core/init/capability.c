// SPDX-License-Identifier: Apache-2.0
// Runs in: init after pivot_root.
#include "core/init/capability.h"

#include "core/base/caps.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/shapes.h"

/* Takes out of @mask what is not in @allowed, with one warning that has the names and @reason. */
static uint64_t keep_allowed(const char *set, uint64_t mask, uint64_t allowed, const char *reason)
{
	autostrbuf struct strbuf names = { 0 };

	for (int c = 0; c < CONFIG_CAPABILITY_COUNT; c++)
		if (mask & ~allowed & CAPS_BIT(c))
			strbuf_addf(&names, "%s%s", names.size ? ", " : "",
				    config_capability_names[c]);
	if (names.size)
		log_warning("process.capabilities.%s: can't be granted, as not %s: %s", set, reason,
			    names.bytes);
	return mask & allowed;
}

static uint64_t own_permitted(void)
{
	struct caps own;

	return caps_read(&own) < 0 ? 0 : own.permitted;
}

/* One system call for each capability in @asked; most configs ask for few. */
static uint64_t own_bounding(uint64_t asked)
{
	uint64_t mask = 0;

	for (int c = 0; c < CAPS_MAX; c++)
		if (asked & CAPS_BIT(c) && caps_is_bounding(c) == 1)
			mask |= CAPS_BIT(c);
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
	int failed, result = caps_limit_bounding(sets->bounding, &failed);

	return result < 0
		       ? error_set(err, -result, "drop capability %d from the bounding set", failed)
		       : 0;
}

int capability_apply(const struct config_capabilities *sets, struct error *err)
{
	const struct caps caps = { .effective = sets->effective,
				   .permitted = sets->permitted,
				   .inheritable = sets->inheritable };
	/* Else the ambient capabilities of urun's caller would reach the program. */
	int result = caps_clear_ambient();

	if (result < 0)
		return error_set(err, -result, "clear the ambient capabilities");
	result = caps_set(&caps);
	if (result < 0)
		return error_set(err, -result, "set the process's capabilities");
	/* ORDER: after the permitted and the inheritable set, which must have what becomes ambient. */
	for (int c = 0; c < CAPS_MAX; c++) {
		result = sets->ambient & CAPS_BIT(c) ? caps_raise_ambient(c) : 0;
		if (result < 0)
			return error_set(err, -result, "raise ambient capability %d", c);
	}
	return 0;
}
