// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "rootless/scope.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/stat.h"
#include "core/config/change.h"
#include "rootless/name.h"
#include "rootless/scope_rule.h"

/*
 * NS_GET_USERNS tells the user namespace that owns another one; it refuses where that is outside of
 * ours.
 * Source: ioctl_ns(2).
 */
static bool own_userns_owns_current(enum config_namespace_type type)
{
	autoclose int namespace = -1, owner = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", config_namespace_file(type));
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return false;
	owner = ioctl(namespace, NS_GET_USERNS);
	return stat_same_as_path(owner, "/proc/self/ns/user");
}

bool scope_owns_namespace(const struct scope *scope, enum config_namespace_type type)
{
	const struct config_namespace *namespace = config_find_namespace(scope->config, type);

	if (namespace && !namespace->path)
		return true;
	if (namespace)
		return scope->plan->mode == USERNS_INHERIT || scope->plan->mode == USERNS_JOIN;
	return scope->plan->mode == USERNS_INHERIT && own_userns_owns_current(type);
}

/*
 * How many more subids would give inner @id a mapping, in the order in which userns_plan_make()
 * maps them.
 */
static void hint_more_subids(const struct scope *scope, enum subid_kind kind, uint32_t id,
			     const struct idmap *map, struct error *err)
{
	const char *root = scope->caller->host.root;
	autofree char *name = name_of_user(root, scope->caller->uid);
	uint64_t count = (uint64_t)id + 1 - idmap_total(map);
	uint64_t first = subid_first_free_on(kind, root);
	char letter = subid_letter(kind);

	if (count < 65536)
		count = 65536;
	if (name && first + count <= IDMAP_ID_END)
		error_hint(err, "run as root usermod --add-sub%cids %" PRIu64 "-%" PRIu64 " %s",
			   letter, first, first + count - 1, name);
}

/* `exec` joins by a descriptor: there is no path to name. */
static int hint_joined_map(const struct userns_plan *plan, struct error *err)
{
	if (!plan->join_path)
		return error_hint(err, "this is the map of the container's user namespace");
	return error_hint(err, "this is the map of the user namespace that is joined, %s",
			  plan->join_path);
}

static int hint_joined_denies(const struct userns_plan *plan, struct error *err)
{
	if (!plan->join_path)
		return error_hint(err, "the container's user namespace denies it");
	return error_hint(err, "the user namespace that is joined, %s, denies it", plan->join_path);
}

int scope_unmapped(const struct scope *scope, enum subid_kind kind, uint32_t id, const char *field,
		   struct error *err)
{
	const struct config_linux *linux = scope->config->linux;
	const config_id_mappings *given =
		kind == SUBID_UID ? &linux->uid_mappings : &linux->gid_mappings;
	const struct idmap *map = kind == SUBID_UID ? &scope->plan->uids : &scope->plan->gids;
	autostrbuf struct strbuf text = { 0 };

	idmap_print(map, &text);
	error_set(err, 0, "%s: %cid %" PRIu32 " is not mapped; the map is %s", field,
		  subid_letter(kind), id, text.bytes);
	if (scope->plan->mode == USERNS_INHERIT)
		return error_hint(
			err,
			"urun stays in the user namespace that it was started in, which has this map");
	if (scope->plan->mode == USERNS_JOIN)
		return hint_joined_map(scope->plan, err);
	if (given->count > 0)
		return error_hint(err, "add the id to linux.%cidMappings", subid_letter(kind));
	if (scope->caller->uid != 0)
		hint_more_subids(scope, kind, id, map, err);
	return -1;
}

/*
 * Bundles made for root run unchanged: what they have for the user namespace is nothing, and an
 * ordinary user needs one. The config sent to init must say so, too.
 */
static int scope_user_namespace(const struct scope *scope, struct error *err)
{
	struct config_namespace *asked = config_find_namespace(scope->config, CONFIG_NS_USER);

	(void)err;
	if (asked && scope->plan->mode == USERNS_INHERIT) {
		/* The path is that of our own, which can't be joined. */
		config_remove_namespace(scope->config, asked);
		log_debug(
			"linux.namespaces: the user namespace is the one that urun runs in: not joined again");
	}
	if (asked || scope->plan->mode == USERNS_INHERIT)
		return 0;
	config_add_namespace(scope->config, CONFIG_NS_USER);
	log_debug("linux.namespaces: a user namespace is added");
	return 0;
}

/*
 * An id that isn't mapped doesn't exist inside: setresuid(2) would fail with EINVAL, which tells
 * nobody why.
 */
static int scope_process_user(const struct scope *scope, struct error *err)
{
	const struct config_process *process = scope->config->process;

	if (!process || !process->user)
		return 0;
	if (!idmap_maps_inner(&scope->plan->uids, (uint32_t)process->user->uid.value) &&
	    error_gather(err, scope_unmapped(scope, SUBID_UID, (uint32_t)process->user->uid.value,
					     "process.user.uid", err)) < 0)
		return -1;
	if (!idmap_maps_inner(&scope->plan->gids, (uint32_t)process->user->gid.value))
		return scope_unmapped(scope, SUBID_GID, (uint32_t)process->user->gid.value,
				      "process.user.gid", err);
	return 0;
}

/* The mark is inherited by the user namespaces made inside.  Source: user_namespaces(7). */
static bool denies_groups(const struct userns_caller *caller)
{
	char line[16];

	return !caller->initial &&
	       host_read_line(&caller->host, "/proc/self/setgroups", line, sizeof(line)) == 0 &&
	       str_equal(line, "deny");
}

/*
 * The spec wants an error where a property can't be applied: a program that counts on a group would
 * fail later, and where a file excludes the members of a group it would be let in.
 */
static int refuse_groups(const struct scope *scope, const struct config_user *user,
			 struct error *err)
{
	const struct userns_plan *plan = scope->plan;
	uint32_t highest = 0;

	error_set(
		err, 0,
		"process.user.additionalGids: can't be set, as the user namespace denies setgroups(2)");
	if (denies_groups(scope->caller))
		return error_hint(err, "the user namespace that urun was started in denies it, and "
				       "with it all that are made inside");
	if (plan->mode == USERNS_JOIN)
		return hint_joined_denies(plan, err);
	/* A gid that root has given is what makes newgidmap(1) allow it. */
	if (scope->config->linux->gid_mappings.count > 0)
		return error_hint(err, "it is allowed with more than the own gid in "
				       "linux.gidMappings");
	for (size_t i = 0; i < user->additional_gids.count; i++)
		if (user->additional_gids.items[i] > highest)
			highest = user->additional_gids.items[i];
	if (scope->caller->uid != 0 && scope->caller->initial)
		hint_more_subids(scope, SUBID_GID, highest, &plan->gids, err);
	return -1;
}

static int scope_additional_groups(const struct scope *scope, struct error *err)
{
	struct config_process *process = scope->config->process;

	if (!process || !process->user || process->user->additional_gids.count == 0)
		return 0;
	if (config_annotation(scope->config, CONFIG_ANNOTATION_KEEP_GROUPS)) {
		log_debug(
			"process.user.additionalGids: not set, as the annotation " CONFIG_ANNOTATION_KEEP_GROUPS
			" keeps the caller's groups");
		process->user->additional_gids.count = 0;
		return 0;
	}
	if (!scope->plan->setgroups_allowed)
		return refuse_groups(scope, process->user, err);
	for (size_t i = 0; i < process->user->additional_gids.count; i++) {
		uint32_t gid = process->user->additional_gids.items[i];
		char field[64];

		snprintf(field, sizeof(field), "process.user.additionalGids[%zu]", i);
		if (!idmap_maps_inner(&scope->plan->gids, gid) &&
		    error_gather(err, scope_unmapped(scope, SUBID_GID, gid, field, err)) < 0)
			return -1;
	}
	return 0;
}

/*
 * Both belong to root of the host: the resctrl file system can be mounted by it alone, and a host's
 * device be moved.
 */
static int scope_host_only(const struct scope *scope, struct error *err)
{
	const struct config_linux *linux = scope->config->linux;

	if (linux->intel_rdt &&
	    error_gather(err,
			 error_set(err, 0, "linux.intelRdt: only root of the host can set it")) < 0)
		return -1;
	if (linux->net_devices.count > 0)
		return error_set(err, 0, "linux.netDevices: not supported for rootless containers");
	return 0;
}

/*
 * A profile can be applied only where it is loaded; one that isn't applied would be protection that
 * only seems to be there.
 */
static int scope_apparmor(const struct scope *scope, struct error *err)
{
	struct config_process *process = scope->config->process;
	char enabled[8];

	if (!process || !process->apparmor_profile || process->apparmor_profile[0] == '\0')
		return 0;
	if (host_read_line(&scope->caller->host, "/sys/module/apparmor/parameters/enabled", enabled,
			   sizeof(enabled)) == 0 &&
	    enabled[0] == 'Y')
		return 0;
	if (!str_equal(process->apparmor_profile, "unconfined"))
		return error_set(
			err, 0,
			"process.apparmorProfile: %s can't be applied, as AppArmor is off on this host",
			process->apparmor_profile);
	process->apparmor_profile = NULL;
	log_debug(
		"process.apparmorProfile: unconfined needs nothing, as AppArmor is off on this host");
	return 0;
}

/*
 * Where SELinux is off labels mean nothing to the kernel, and bundles carry them from host to host.
 * /
 */
static int scope_selinux(const struct scope *scope, struct error *err)
{
	struct config_process *process = scope->config->process;
	char enforce[8];

	(void)err;
	if (!(process && process->selinux_label) && !scope->config->linux->mount_label)
		return 0;
	if (host_read_line(&scope->caller->host, "/sys/fs/selinux/enforce", enforce,
			   sizeof(enforce)) == 0)
		return 0;
	if (process)
		process->selinux_label = NULL;
	scope->config->linux->mount_label = NULL;
	log_debug(
		"process.selinuxLabel, linux.mountLabel: not used, as SELinux is off on this host");
	return 0;
}

static int apply_rules(scope_rule *const *rules, size_t count, const struct scope *scope,
		       struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (error_gather(err, rules[i](scope, err)) < 0)
			return -1;
	return 0;
}

int scope_config(struct container_config *config, const struct userns_plan *plan,
		 const struct userns_caller *caller, struct error *err)
{
	/* ORDER: the types before what depends on them; else the rules are independent. */
	static scope_rule *const rules[] = {
		scope_user_namespace, scope_process_user, scope_additional_groups,  scope_host_only,
		scope_mount_types,    scope_mount_ids,	  scope_mount_kernel_views, scope_devices,
		scope_resources,      scope_rlimits,	  scope_oom_score,	    scope_sysctl,
		scope_apparmor,	      scope_selinux,
	};
	const struct scope scope = { config, plan, caller };

	return apply_rules(rules, ARRAY_SIZE(rules), &scope, err);
}

int scope_process(struct container_config *config, const struct userns_plan *plan,
		  const struct userns_caller *caller, struct error *err)
{
	static scope_rule *const rules[] = {
		scope_process_user, scope_additional_groups, scope_rlimits,
		scope_oom_score,    scope_apparmor,	     scope_selinux,
	};
	const struct scope scope = { config, plan, caller };

	return apply_rules(rules, ARRAY_SIZE(rules), &scope, err);
}

void scope_drop_groups(struct container_config *config, const struct userns_plan *plan)
{
	struct config_process *process = config->process;

	if (plan->setgroups_allowed || !process || !process->user ||
	    process->user->additional_gids.count == 0 ||
	    config_annotation(config, CONFIG_ANNOTATION_KEEP_GROUPS))
		return;
	log_warning("the groups that the root file system's /etc/group gives the user aren't set, "
		    "as the user namespace denies setgroups(2)");
	process->user->additional_gids.count = 0;
}
