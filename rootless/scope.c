// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
/*
 * Scoping: the config, which follows the spec, becomes what this user can have on this host.
 *
 * Most bundles are made for root of the host, for whom few rules change anything
 * (userns_plan.is_host).  In a user namespace some of what they ask for is impossible.  The kernel
 * would refuse it late, in a container that is half made, with an EPERM or
 * EINVAL that names no field.  Scoping runs in the parent, after the ids are planned and before any
 * process exists.  It knows all that decides: the config, the plan of the ids, the caller, the
 * host.
 *
 * Each rule looks at one part of the config and has three answers:
 *   refuse     The container would lack an id, a group, a device, a limit or a protection that was
 *              asked for.  The error names the field, and the fix where there is one.  The spec
 *              demands this: a program that counts on the property would fail later, or run without
 *              the protection.
 *   replace    Other means give the program the same: a bind of the host's device node for
 *              mknod(2), a bind of the host's /proc for a mount of proc, setdomainname(2) for a
 *              sysctl.
 *   leave out  The program loses nothing that it can count on: gid=5 of devpts, device rules (the
 *              devices that are bound are the list), labels of a SELinux that is off.
 * A rule never gives the container more than the config did: the bind of /sys, for example, is
 * read-only.  Each replacement and omission writes one debug line, so that --debug shows the
 * difference between config.json and the container.
 *
 * The rules in their order, and what each may change:
 *   scope_user_namespace      linux.namespaces: adds the user namespace, or removes an
 *                             entry that names urun's own
 *   scope_process_user        nothing
 *   scope_additional_groups   process.user.additionalGids: emptied where the caller's groups are
 *                             kept
 *   scope_host_only           nothing
 *   scope_host_names          nothing
 *   scope_mount_types         nothing
 *   scope_mount_ids           mounts[].options: drops gid= of devpts
 *   scope_mount_kernel_views  mounts: proc, sysfs, mqueue and cgroup become binds; cgroup can go
 *   scope_devices             nothing (core/rootfs binds the nodes)
 *   scope_resources           nothing; only tells that device rules are skipped
 *   scope_rlimits             nothing
 *   scope_oom_score           process.oomScoreAdj: raised to the caller's own
 *   scope_sysctl              linux.sysctl: kernel.domainname moves to domainname
 *   scope_apparmor            process.apparmorProfile: "unconfined" goes where AppArmor is off
 *   scope_selinux             process.selinuxLabel, linux.mountLabel: go where SELinux is off
 *
 * Why in this order: sysctls below user. are allowed because the container has a user namespace, so
 * the namespace is added first.  The types of the mounts are checked before their options, whose
 * meaning depends on the type.  Errors name a mount by its index, so the rule that removes mounts
 * is the last one that looks at them.  The other rules don't depend on each other.
 *
 * When all failures are wanted (`urun check`), a rule that failed doesn't end the list: see
 * error_gather().
 */
#include "rootless/scope.h"

#include <ctype.h>
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
 * Does urun's user namespace own the namespace of @type that urun is in?  NS_GET_USERNS returns the
 * owner, and fails where the owner is an outer user namespace.
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

	/* The host's user namespace is above all others. */
	if ((namespace && !namespace->path) || scope->plan->is_host)
		return true;
	if (namespace)
		return scope->plan->mode == USERNS_INHERIT || scope->plan->mode == USERNS_JOIN;
	return scope->plan->mode == USERNS_INHERIT && own_userns_owns_current(type);
}

bool scope_shares_namespace(const struct scope *scope, enum config_namespace_type type)
{
	const struct config_namespace *namespace = config_find_namespace(scope->config, type);
	char path[64];

	if (!namespace || !namespace->path)
		return !namespace;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", config_namespace_file(type));
	return stat_same_paths(namespace->path, path);
}

/*
 * Suggests as many more subids as inner @id needs for a mapping: userns_plan_make() maps range
 * after range, so the ids inside have no gap.  At least as many as useradd gives.
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
	/* `exec` joins by a descriptor, and has no path. */
	if (scope->plan->mode == USERNS_JOIN && !scope->plan->join_path)
		return error_hint(err, "this is the map of the container's user namespace");
	if (scope->plan->mode == USERNS_JOIN)
		return error_hint(err, "this is the map of the user namespace that is joined, %s",
				  scope->plan->join_path);
	if (given->count > 0)
		return error_hint(err, "add the id to linux.%cidMappings", subid_letter(kind));
	if (scope->caller->uid != 0)
		hint_more_subids(scope, kind, id, map, err);
	return -1;
}

/*
 * Bundles made for root have no user namespace, and run unchanged: an ordinary user needs one, so
 * it is added.  Init reads the namespaces from the config.
 */
static int scope_user_namespace(const struct scope *scope, struct error *err)
{
	struct config_namespace *asked = config_find_namespace(scope->config, CONFIG_NS_USER);

	(void)err;
	if (asked && scope->plan->mode == USERNS_INHERIT) {
		/* The path leads to urun's own user namespace, which can't be joined again. */
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
 * An id without a mapping doesn't exist inside.  setresuid(2) would fail with a bare EINVAL.  A user that
 * is looked up in the container is checked there, when the ids are known; a uid that is given by its
 * number is known.
 */
static int scope_process_user(const struct scope *scope, struct error *err)
{
	const struct config_process *process = scope->config->process;
	const char *later = config_annotation(scope->config, CONFIG_ANNOTATION_USER);

	if (!process || !process->user || (later && !isdigit((unsigned char)later[0])))
		return 0;
	if (!idmap_maps_inner(&scope->plan->uids, (uint32_t)process->user->uid.value) &&
	    error_gather(err, scope_unmapped(scope, SUBID_UID, (uint32_t)process->user->uid.value,
					     "process.user.uid", err)) < 0)
		return -1;
	if (later)
		return 0;
	if (!idmap_maps_inner(&scope->plan->gids, (uint32_t)process->user->gid.value))
		return scope_unmapped(scope, SUBID_GID, (uint32_t)process->user->gid.value,
				      "process.user.gid", err);
	return 0;
}

/*
 * The spec demands an error where a property can't be applied.  A program that counts on the group
 * would fail later, and it could open a file that excludes the members of this group.
 */
static int refuse_groups(const struct scope *scope, const struct config_user *user,
			 struct error *err)
{
	const struct userns_plan *plan = scope->plan;
	uint32_t highest = 0;

	error_set(
		err, 0,
		"process.user.additionalGids: can't be set, as the user namespace denies setgroups(2)");
	if (!userns_caller_allows_setgroups(scope->caller))
		return error_hint(
			err, "the user namespace that urun was started in denies setgroups(2), "
			     "and so does each one that is made inside");
	if (plan->mode == USERNS_JOIN && !plan->join_path)
		return error_hint(err, "the container's user namespace denies setgroups(2)");
	if (plan->mode == USERNS_JOIN)
		return error_hint(err, "the user namespace that is joined, %s, denies setgroups(2)",
				  plan->join_path);
	/* newgidmap(1) allows setgroups(2) where the map has gids that root has given. */
	if (scope->config->linux->gid_mappings.count > 0)
		return error_hint(err, "setgroups(2) is allowed with more than the own gid in "
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
	bool named = config_annotation(scope->config, CONFIG_ANNOTATION_GROUPS);

	if (!process || !process->user || (process->user->additional_gids.count == 0 && !named))
		return 0;
	if (config_keeps_groups(scope->config)) {
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
 * Only root of the host can mount the resctrl file system, and move a network device of the host.
 * urun doesn't do either for root.
 */
static int scope_host_only(const struct scope *scope, struct error *err)
{
	const struct config_linux *linux = scope->config->linux;
	bool host = scope->plan->is_host;

	if (linux->intel_rdt &&
	    error_gather(err, error_set(err, 0, "linux.intelRdt: %s",
					host ? "urun doesn't support it"
					     : "only root of the host can set it")) < 0)
		return -1;
	if (linux->net_devices.count > 0)
		return error_set(err, 0, "linux.netDevices: %s",
				 host ? "urun doesn't support it"
				      : "not supported for rootless containers");
	return 0;
}

/* Root of the host could rename the host by a path to its uts namespace. */
static int scope_host_names(const struct scope *scope, struct error *err)
{
	const struct container_config *config = scope->config;

	if ((!config->hostname && !config->domainname) ||
	    !scope_shares_namespace(scope, CONFIG_NS_UTS))
		return 0;
	return error_set(err, 0,
			 "%s: the uts namespace is urun's own, and this would rename the host",
			 config->hostname ? "hostname" : "domainname");
}

/*
 * Where AppArmor is off no profile can be applied.  To go on without the profile would only pretend
 * protection.
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
 * Where SELinux is off, labels mean nothing to the kernel.  Bundles that were made on a host with
 * SELinux have them, and must run elsewhere too.
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
	/* ORDER: see the head of this file. */
	static scope_rule *const rules[] = {
		scope_user_namespace,
		scope_process_user,
		scope_additional_groups,
		scope_host_only,
		scope_host_names,
		scope_mount_types,
		scope_mount_ids,
		scope_mount_kernel_views,
		scope_devices,
		scope_resources,
		scope_rlimits,
		scope_oom_score,
		scope_sysctl,
		scope_apparmor,
		scope_selinux,
	};
	const struct scope scope = { config, plan, caller, .for_exec = false };

	return apply_rules(rules, ARRAY_SIZE(rules), &scope, err);
}

int scope_process(struct container_config *config, const struct userns_plan *plan,
		  const struct userns_caller *caller, struct error *err)
{
	static scope_rule *const rules[] = {
		scope_process_user, scope_additional_groups, scope_rlimits,
		scope_oom_score,    scope_apparmor,	     scope_selinux,
	};
	const struct scope scope = { config, plan, caller, .for_exec = true };

	return apply_rules(rules, ARRAY_SIZE(rules), &scope, err);
}
