// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <inttypes.h>

#include "core/base/log.h"
#include "core/base/number.h"
#include "rootless/scope_rule.h"

/*
 * The settings that belong to a namespace.  All others belong to the host.
 * Source: namespaces(7), and the man page of each namespace.
 */
static const struct {
	const char *name; /* with '.' at the end: all settings that begin with the name */
	enum config_namespace_type type;
} namespaced[] = {
	{ "net.", CONFIG_NS_NETWORK },
	{ "fs.mqueue.", CONFIG_NS_IPC },
	{ "kernel.auto_msgmni", CONFIG_NS_IPC },
	{ "kernel.msgmax", CONFIG_NS_IPC },
	{ "kernel.msgmnb", CONFIG_NS_IPC },
	{ "kernel.msgmni", CONFIG_NS_IPC },
	{ "kernel.msg_next_id", CONFIG_NS_IPC },
	{ "kernel.sem", CONFIG_NS_IPC },
	{ "kernel.sem_next_id", CONFIG_NS_IPC },
	{ "kernel.shm_next_id", CONFIG_NS_IPC },
	{ "kernel.shm_rmid_forced", CONFIG_NS_IPC },
	{ "kernel.shmall", CONFIG_NS_IPC },
	{ "kernel.shmmax", CONFIG_NS_IPC },
	{ "kernel.shmmni", CONFIG_NS_IPC },
	{ "user.", CONFIG_NS_USER },
};

static bool find_type(const char *name, enum config_namespace_type *ret_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(namespaced); i++) {
		const char *known = namespaced[i].name;
		bool is_prefix = known[strlen(known) - 1] == '.';

		if (is_prefix ? str_starts_with(name, known) : strcmp(name, known) == 0) {
			*ret_type = namespaced[i].type;
			return true;
		}
	}
	return false;
}

/* Refuses a setting of a namespace that the container shares with urun. */
static int refuse_shared(const struct scope *scope, const char *name,
			 enum config_namespace_type type, struct error *err)
{
	if (!scope_shares_namespace(scope, type))
		return 0;
	return error_set(
		err, 0,
		"linux.sysctl.%s: the container has no %s namespace of its own, and this would change the host's",
		name, config_namespace_name(type));
}

/*
 * The value is "LOW HIGH".  The kernel looks up both gids in the map of the writer, and returns
 * EINVAL where one has no mapping.
 */
static int check_ping_group_range(const struct scope *scope, const char *name, const char *value,
				  struct error *err)
{
	autofree char *copy = str_dup(value);
	autofree char *field = str_format("linux.sysctl.%s", name);
	char *save = NULL;
	char *words[3];
	size_t count = 0;

	for (char *word = strtok_r(copy, " \t\n", &save); word && count < ARRAY_SIZE(words);
	     word = strtok_r(NULL, " \t\n", &save))
		words[count++] = word;
	if (count != 2)
		return error_set(err, 0, "%s: not two gids: '%s'", field, value);
	for (size_t i = 0; i < 2; i++) {
		uint32_t gid;

		if (number_parse_u32(words[i], UINT32_MAX, &gid) < 0)
			return error_set(err, 0, "%s: not a gid: '%s'", field, words[i]);
		if (!idmap_maps_inner(&scope->plan->gids, gid))
			return scope_unmapped(scope, SUBID_GID, gid, field, err);
	}
	return 0;
}

static int scope_one_sysctl(const struct scope *scope, const struct str_pair *setting,
			    struct error *err)
{
	const char *name = setting->name;
	enum config_namespace_type type;

	if (str_equal(name, "kernel.hostname") || str_equal(name, "kernel.domainname"))
		return error_set(err, 0, "linux.sysctl.%s: set by the field %s of the config",
				 setting->name, name + strlen("kernel."));
	if (!find_type(name, &type))
		return error_set(
			err, 0,
			"linux.sysctl.%s: belongs to no namespace, so it would change the host",
			setting->name);
	if (refuse_shared(scope, setting->name, type, err) < 0)
		return -1;
	if (str_equal(name, "net.ipv4.ping_group_range"))
		return check_ping_group_range(scope, setting->name, setting->value, err);
	return 0;
}

/*
 * Engines still send the sysctl kernel.domainname, which is older than the field domainname.  The
 * file can't be written in a user namespace, but setdomainname(2), which init calls for the field,
 * does the same.
 */
static void scope_domainname(const struct scope *scope)
{
	struct container_config *config = scope->config;
	str_map *sysctl = &config->linux->sysctl;

	if (config->domainname || !scope_owns_namespace(scope, CONFIG_NS_UTS))
		return;
	for (size_t i = 0; i < sysctl->count; i++) {
		if (!str_equal(sysctl->items[i].name, "kernel.domainname"))
			continue;
		config->domainname = sysctl->items[i].value;
		log_debug("linux.sysctl.kernel.domainname is set as the field domainname");
		memmove(&sysctl->items[i], &sysctl->items[i + 1],
			(sysctl->count - i - 1) * sizeof(*sysctl->items));
		sysctl->count--;
		return;
	}
}

int scope_sysctl(const struct scope *scope, struct error *err)
{
	scope_domainname(scope);
	for (size_t i = 0; i < scope->config->linux->sysctl.count; i++)
		if (error_gather(err,
				 scope_one_sysctl(scope, &scope->config->linux->sysctl.items[i],
						  err)) < 0)
			return -1;
	return 0;
}
