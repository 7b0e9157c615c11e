// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent, before any process of the container exists.
 *
 * plan_make() takes a request and a host, and gives a plan in types, in which nothing is left to be decided:
 *
 *   load_config         bytes → struct container_config, checked against the spec; absolute paths
 *   network_plan_make   the network and the ports to publish: they decide on the network namespace
 *   plan_userns         the maps; then everything in the config is fitted to them (rootless/scope.h)
 *   plan_cgroup         which manager, which path, which limits
 *   namespaces_open     descriptors of the namespaces to be joined
 *   mount_plan_make     the mounts, in types and in order
 *
 * `create` and `run` carry the plan out, `check` tries it (plan_try()), `check --explain` prints it
 * (plan_print.c).  They refuse the same configs with the same errors, since the plan is one.
 */
#include "core/parent/plan.h"

#include <string.h>

#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/state.h"
#include "core/parent/check.h"
#include "core/parent/filter.h"
#include "core/parent/reach.h"
#include "core/parent/try.h"
#include "rootless/scope.h"

/* ---- the config ---- */

/* Relative paths begin at the bundle.  Source: OCI runtime-spec 1.3, config.md "Mounts". */
static void make_paths_absolute(const char *bundle, struct container_config *config)
{
	autofree char *root = path_join(bundle, config->root->path);

	config->root->path = arena_str(&config->arena, root);
	for (size_t i = 0; i < config->mounts.count; i++) {
		struct config_mount *mount = &config->mounts.items[i];

		if (config_mount_is_bind(mount) && mount->source && *mount->source &&
		    mount->source[0] != '/')
			mount->source = arena_strf(&config->arena, "%s/%s", bundle, mount->source);
	}
}

static int load_config(struct plan *plan, struct error *err)
{
	const struct create_request *request = plan->request;
	struct container_config *config = &plan->config;

	if (request->config) {
		*config = *request->config;
		*request->config = (struct container_config){ 0 };
	}
	if (request->config ? config_complete(config, err)
			    : config_load(request->config_path, config, err))
		return -1;
	make_paths_absolute(request->bundle, config);
	if (request->mode != CREATE_ONLY && !config->process &&
	    error_gather(err, error_set(err, 0, "%s: process is missing: there is nothing to run",
					request->config_path)) < 0)
		return -1;
	child_announce_listen_fds(&request->child, config);
	return error_gather(err, child_check_request(&request->child, config->process, err));
}

/* ---- what the host gives ---- */

/* Plans the user namespace, and fits the rest of the config to it. */
static int plan_userns(struct plan *plan, struct error *err)
{
	struct container_config *config = &plan->config;

	if (userns_plan_make(config, &plan->caller, &plan->userns, err) < 0)
		return -1;
	if (plan->request->config)
		scope_drop_groups(config, &plan->userns);
	if (error_gather(err, scope_config(config, &plan->userns, &plan->caller, err)) < 0)
		return -1;
	reach_warn(config, &plan->caller, &plan->userns);
	if (error_gather(err, overlay_choose(config, &plan->userns, &plan->overlay, err)) < 0)
		return -1;
	/*
	 * Without pivot_root the host's tree stays in the container's mount namespace, below the root,
	 * where CAP_SYS_CHROOT, which is in the default set, is enough to reach it.
	 */
	if (plan->request->no_pivot && plan->overlay.hidden)
		return error_set(
			err, 0,
			"--no-pivot: what is to be hidden of the host's own system (homes, "
			"temporary files) would be in the container's reach");
	return 0;
}

static int plan_cgroup(struct plan *plan, struct error *err)
{
	const struct cgroup_request request = {
		.manager = plan->request->cgroup_manager,
		.id = plan->request->id,
		.host_root = plan->caller.initial && plan->caller.uid == 0,
		.ignore_refusal = plan->request->ignore_cgroup_refusal,
	};

	return cgroup_plan_make(&request, &plan->config, &plan->cgroup, err);
}

/* The state is JSON that other programs read, and JSON can't hold a path that isn't UTF-8. */
static int check_state_text(const struct plan *plan, struct error *err)
{
	const struct create_request *request = plan->request;
	const struct container_state state = {
		.id = (char *)(uintptr_t)request->id,
		.bundle = (char *)(uintptr_t)request->bundle,
		.rootfs = plan->config.root->path,
		.annotations = plan->config.annotations,
		.hooks = plan->config.hooks,
	};

	return plan_tells_state(plan) ? state_check_text(&state, err) : 0;
}

/* ---- all of it ---- */

bool plan_tells_state(const struct plan *plan)
{
	const struct config_seccomp *seccomp = plan->config.linux->seccomp;

	return plan->config.hooks || (seccomp && seccomp->listener_path);
}

/*
 * ORDER: the network comes first, since it decides on the network namespace, to which the config is
 * fitted; the mounts come last, since fitting changes them.
 */
int plan_make(struct plan *plan, struct error *err)
{
	const struct create_request *request = plan->request;
	struct container_config *config = &plan->config;

	if (load_config(plan, err) < 0 ||
	    error_gather(err, network_plan_make(request->network, &request->publish, config,
						&plan->network, err)) < 0 ||
	    userns_caller_read(&HOST_REAL, &plan->caller, err) < 0 ||
	    error_gather(err, plan_userns(plan, err)) < 0 ||
	    error_gather(err, plan_cgroup(plan, err)) < 0 ||
	    error_gather(err, namespaces_open(config, &plan->namespaces, err)) < 0 ||
	    error_gather(err, mount_plan_make(config, &plan->mounts, err)) < 0 ||
	    error_gather(err, check_state_text(plan, err)) < 0)
		return -1;
	mount_plan_warn(&plan->mounts);
	/* In a joined mount namespace the paths lead elsewhere. */
	return plan->namespaces.joined[CONFIG_NS_MOUNT] >= 0
		       ? 0
		       : check_files(config, &plan->mounts, err);
}

static int try_all(struct plan *plan, struct filter *filter, struct error *err)
{
	bool slirp = network_plan_has_slirp(&plan->network), tried = false;
	const struct config_hooks *hooks = plan->config.hooks;
	struct network network = NETWORK_UNMADE;
	int opened = network_open_ports(&plan->network, &network, err);
	/* In a joined mount namespace the paths lead elsewhere. */
	bool own_files = plan->namespaces.joined[CONFIG_NS_MOUNT] < 0;

	/* The sockets of the published ports are closed again. */
	network_undo(&network);
	if (error_gather(err, opened) < 0 ||
	    error_gather(err, filter_check(&plan->config, filter, err)) < 0 ||
	    (slirp && error_gather(err, slirp_check_host(err)) < 0) ||
	    (own_files && check_places(&plan->config, &plan->mounts, &plan->userns, err) < 0))
		return -1;
	/* A try can only repeat problems that were gathered before. */
	if (own_files && !(err->all && err->all->count) &&
	    error_gather(err, try_container(plan, filter, &tried, err)) < 0)
		return -1;
	if (!tried && error_gather(err, userns_try(&plan->userns, err)) < 0)
		return -1;
	if (!own_files)
		return 0;
	if (check_hook_programs(hooks, &plan->config, &plan->mounts, err) < 0)
		return -1;
	/* A hook may still make the program. */
	return tried || hooks ? 0 : check_program(&plan->config, &plan->mounts, err);
}

int plan_try(struct plan *plan, struct error *err)
{
	struct filter filter = FILTER_NONE;
	int result = try_all(plan, &filter, err);

	filter_release(&filter);
	return result;
}

void plan_init(struct plan *plan, const struct create_request *request)
{
	*plan = (struct plan){ .request = request, .cgroup = CGROUP_PLAN_NONE };
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		plan->namespaces.joined[i] = -1;
}

void plan_release(struct plan *plan)
{
	mount_plan_release(&plan->mounts);
	namespaces_release(&plan->namespaces);
	cgroup_plan_release(&plan->cgroup);
	overlay_release(&plan->overlay);
	network_plan_release(&plan->network);
	config_release(&plan->config);
}
