// SPDX-License-Identifier: Apache-2.0
// Runs in: init after pivot_root; capability_names(): any.
#include "core/init/capability.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>

#include "core/base/log.h"

/* struct capability_sets has one bit for each; the kernel's own two words have no more. */
#define CAPABILITY_MAX 64

static uint64_t capability_bit(cap_value_t capability)
{
	return UINT64_C(1) << capability;
}

/*
 * libcap also accepts numbers, names without CAP_, and the text before a comma; none of these is a name
 * of the spec.
 */
static int parse_capability(const char *name, cap_value_t *ret_capability)
{
	cap_value_t capability;

	if (strncasecmp(name, "CAP_", 4) != 0)
		return -EINVAL;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			return -EINVAL;
	if (cap_from_name(name, &capability) < 0 || capability < 0 || capability >= CAPABILITY_MAX)
		return -EINVAL;
	*ret_capability = capability;
	return 0;
}

void capability_names(struct arena *arena, str_list *ret_names)
{
	str_list names = { .items = arena_alloc(arena, CAPABILITY_MAX * sizeof(char *)) };

	for (cap_value_t c = 0; c < CAPABILITY_MAX; c++) {
		char *lower = cap_to_name(c);
		char *name = lower ? arena_str(arena, lower) : NULL;
		cap_value_t parsed;

		for (char *letter = name; letter && *letter; letter++)
			*letter = (char)toupper((unsigned char)*letter);
		cap_free(lower);
		/* The name of a capability that libcap doesn't know is its number. */
		if (name && parse_capability(name, &parsed) == 0 && parsed == c)
			names.items[names.count++] = name;
	}
	*ret_names = names;
}

static uint64_t parse_capabilities(const char *set, const str_list *names)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < names->count; i++) {
		cap_value_t capability;

		if (parse_capability(names->items[i], &capability) < 0)
			log_warning(
				"process.capabilities.%s[%zu]: unknown capability %s is ignored",
				set, i, names->items[i]);
		else
			mask |= capability_bit(capability);
	}
	return mask;
}

/* Takes out of @mask what is not in @allowed, with one warning that has the names and @reason. */
static uint64_t keep_allowed(const char *set, uint64_t mask, uint64_t allowed, const char *reason)
{
	autostrbuf struct strbuf names = { 0 };

	for (cap_value_t c = 0; c < CAPABILITY_MAX; c++) {
		char *name;

		if (!(mask & ~allowed & capability_bit(c)))
			continue;
		name = cap_to_name(c);
		strbuf_addf(&names, "%s%s", names.size ? ", " : "", name ? name : "?");
		cap_free(name);
	}
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
				const struct capability_sets *sets)
{
	if (config->inheritable.count == 0) {
		if (config->ambient.count)
			log_info("process.capabilities.ambient: none is granted, as none is "
				 "inheritable");
		return 0;
	}
	return keep_allowed("ambient", parse_capabilities("ambient", &config->ambient),
			    sets->permitted & sets->inheritable,
			    "in the permitted and the inheritable set");
}

void capability_resolve(const struct config_capabilities *config, struct capability_sets *ret_sets)
{
	struct capability_sets sets = { 0 };
	uint64_t permitted;

	if (!config) {
		*ret_sets = sets;
		return;
	}
	permitted = own_permitted();
	sets.bounding = parse_capabilities("bounding", &config->bounding);
	sets.bounding = keep_allowed("bounding", sets.bounding, own_bounding(sets.bounding),
				     "in urun's bounding set");
	sets.permitted =
		keep_allowed("permitted", parse_capabilities("permitted", &config->permitted),
			     permitted, "permitted to urun");
	sets.effective =
		keep_allowed("effective", parse_capabilities("effective", &config->effective),
			     sets.permitted, "in the permitted set");
	sets.inheritable = keep_allowed(
		"inheritable", parse_capabilities("inheritable", &config->inheritable),
		sets.bounding & permitted, "both in the bounding set and permitted to urun");
	sets.ambient = resolve_ambient(config, &sets);
	*ret_sets = sets;
}

int capability_drop_bounding(const struct capability_sets *sets, struct error *err)
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

static int set_process_capabilities(const struct capability_sets *sets, struct error *err)
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

int capability_apply(const struct capability_sets *sets, struct error *err)
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
