// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent, before any process of the container exists.
 *
 * plan_make() takes a request and a host, and gives a plan in types, in which nothing is left to be decided:
 *
 *   plan_load           bytes → struct container_config, checked against the spec; absolute paths
 *   share_find          the namespaces of other containers that are joined
 *   network_plan_make   the network and the ports to publish: they decide on the network namespace
 *   plan_userns         the maps; then everything in the config is fitted to them (rootless/scope.h)
 *   plan_cgroup         which manager, which path, which limits
 *   namespaces_open     descriptors of the namespaces to be joined
 *   ending_read         process 1, and how the container is stopped
 *   mount_plan_make     the mounts, in types and in order
 *
 * `create` and `run` carry the plan out, `check` tries it (plan_try()), `check --explain` prints it
 * (plan_print.c).  They refuse the same configs with the same errors, since the plan is one.
 */
#include "core/parent/plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mountinfo.h"
#include "core/base/path.h"
#include "core/base/proc_cgroup.h"
#include "core/base/str.h"
#include "core/cgroup/above.h"
#include "core/config/change.h"
#include "core/container/image_use.h"
#include "core/container/overlay_use.h"
#include "core/container/state.h"
#include "core/parent/annotation.h"
#include "core/parent/check.h"
#include "core/parent/emulation.h"
#include "core/parent/filter.h"
#include "core/parent/limit_fallback.h"
#include "core/parent/pid1.h"
#include "core/parent/reach.h"
#include "core/parent/try.h"
#include "core/parent/umoci.h"
#include "core/seccomp/seccomp.h"
#include "netns/notify.h"
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

/* Does the container stay when its program has ended? */
static bool plan_stays(const struct create_request *request)
{
	return request->keep || !request->child.foreground;
}

/* The key stays with the container, for later runs of it. */
static int settle_share(const struct create_request *request, struct container_config *config,
			struct error *err)
{
	if (request->share)
		config_set_annotation(config, CONFIG_ANNOTATION_SHARE, request->share);
	if (!request->holding && config_annotation(config, CONFIG_ANNOTATION_HOLDER))
		return error_set(err, 0,
				 "annotation " CONFIG_ANNOTATION_HOLDER " is for urun itself");
	return 0;
}

static int load_config(struct plan *plan, struct error *err)
{
	const struct create_request *request = plan->request;
	struct container_config *config = &plan->config;

	if (request->config) {
		*config = *request->config;
		*request->config = (struct container_config){ 0 };
	}
	if (request->config && settle_share(request, config, err) < 0)
		return -1;
	/* All that the options said, for later runs of the container. */
	if (request->config && !request->again && plan_stays(request))
		config_print(config, JSON_OWN, &plan->origin);
	if (request->placeholder && config->process)
		config->process->terminal = false;
	if (request->config ? config_complete(config, err)
			    : config_load(request->config_path, config, err))
		return -1;
	/* ORDER: before the options add annotations of their own. */
	if (!request->config && geteuid() == 0 && userns_is_initial() &&
	    annotation_check_origin(config, err) < 0)
		return -1;
	if (!request->config && settle_share(request, config, err) < 0)
		return -1;
	make_paths_absolute(request->bundle, config);
	if (annotation_check(config, err) < 0)
		return -1;
	if (request->mode != CREATE_ONLY && !config->process &&
	    error_gather(err, error_set(err, 0, "%s: process is missing: there is nothing to run",
					request->config_path)) < 0)
		return -1;
	child_announce_listen_fds(&request->child, config);
	return error_gather(err, child_check_request(&request->child, config->process, err));
}

int plan_load(struct plan *plan, struct error *err)
{
	if (plan->is_loaded)
		return 0;
	plan->is_loaded = true;
	return load_config(plan, err);
}

/* ---- what the host gives ---- */

static int choose_overlay(struct plan *plan, struct error *err)
{
	if (overlay_choose(&plan->config, &plan->userns, &plan->overlay, err) == 0)
		return 0;
	image_use_explain(&plan->config, err);
	return -1;
}

/*
 * Where the host's own system is the container's, the states of all containers would be in it, which are the caller's as
 * the program is: configs, logs, and the sockets by which networks and ports are changed.
 */
static void hide_state_root(struct plan *plan)
{
	struct container_config *config = &plan->config;
	const char *hidden = config_annotation(config, CONFIG_ANNOTATION_HIDDEN);
	autofree char *real = NULL, *path = NULL;
	autostrbuf struct strbuf text = { 0 };

	if (!hidden || !str_equal(config->root->path, "/"))
		return;
	real = realpath(plan->request->root, NULL);
	/* The creation makes the directory: links to it are followed then. */
	path = real ? take_ptr(real) : path_clean(plan->request->root);
	if (str_equal(path, "/") || config_hides(config, path))
		return;
	strbuf_addf(&text, "%s%s", hidden, *hidden ? "\n" : "");
	mountinfo_escape(path, &text);
	config_set_annotation(config, CONFIG_ANNOTATION_HIDDEN, text.bytes);
}

/* Plans the user namespace, and fits the rest of the config to it. */
static int plan_userns(struct plan *plan, struct error *err)
{
	struct container_config *config = &plan->config;
	bool emulated = false;

	if (userns_plan_make(config, &plan->caller, &plan->userns, err) < 0)
		return -1;
	if (error_gather(err, scope_config(config, &plan->userns, &plan->caller, err)) < 0)
		return -1;
	/* A holder has neither the root file system that its config names nor a way to open a file. */
	if (!plan->request->holding)
		reach_warn(config, &plan->caller, &plan->userns);
	/* A holder runs no program. */
	if (!plan->request->holding &&
	    error_gather(err, emulation_choose(config, &plan->userns, &emulated, err)) < 0)
		return -1;
	plan->emulated = emulated ? &plan->userns : NULL;
	hide_state_root(plan);
	if (error_gather(err, choose_overlay(plan, err)) < 0 ||
	    error_gather(err, overlay_use_check(config, &plan->userns.uids,
						plan->request->replace ? plan->request->id : NULL,
						err)) < 0)
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

/*
 * The kernel lets nobody but root of the host load a program that decides on devices, and make device
 * nodes.  A user namespace takes away the second, and its filter both from a holder.
 */
static enum cgroup_devices decide_devices(const struct plan *plan)
{
	if (!userns_caller_is_host_root(&plan->caller) || plan->request->holding)
		return CGROUP_DEVICES_IGNORED;
	return plan->userns.mode == USERNS_INHERIT ? CGROUP_DEVICES_ENFORCED
						   : CGROUP_DEVICES_IF_ASKED;
}

/*
 * The cgroup namespace of a container that stays in the caller's cgroup ends there: a limit above, as of a
 * batch job, holds and isn't seen, and programs that size themselves by it (the JVM, Go) would be killed.
 * The file of the cgroup that has the limit is bound over the container's own: read-only, and as it is
 * at each time.  Where the caller's cgroup has no such file, nothing can be bound.
 */
static void show_limits_above(struct container_config *config)
{
	static const char *const files[] = { "memory.max", "memory.swap.max", "cpu.max" };
	const struct config_namespace *ns = config_find_namespace(config, CONFIG_NS_CGROUP);
	autofree char *own = cgroup_of(0);
	const char *where = NULL;

	for (size_t i = 0; i < config->mounts.count && !where; i++)
		if (config->mounts.items[i].kind == MOUNT_KIND_CGROUP)
			where = config->mounts.items[i].destination;
	if (!ns || ns->path || !where || !own || !cgroup_is_unified())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autofree char *above = cgroup_tightest_above(own, files[i]);
		autofree char *source = NULL, *destination = NULL;
		struct config_mount *mount;

		if (!above)
			continue;
		source = str_format(CGROUP_ROOT "%s/%s", above, files[i]);
		/* The container's root can make the mount writable: never a file of the caller's own. */
		if (access(source, W_OK) == 0)
			continue;
		destination = str_format("%s/%s", where, files[i]);
		mount = config_add_mount(config, destination, "bind", source);
		mount->options.traits = MOUNT_TRAIT_BIND | MOUNT_TRAIT_NOFAIL;
		mount_change_set(&mount->options.top, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
							      MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
		mount_options_add_propagation(&mount->options, &config->arena, MOUNT_RPRIVATE);
		config_mount_set_kind(mount);
	}
}

/*
 * With the fallback a failure may be that no cgroup can have the limits: then the rest is planned
 * without them, and fails for all that has another cause.
 */
static int plan_without_limits(struct plan *plan, const struct cgroup_request *request,
			       struct error *err)
{
	struct error first = ERROR_NONE;

	if (cgroup_plan_make(request, &plan->config, &plan->cgroup, &first) == 0)
		return 0;
	log_debug("--limit-fallback: %s", first.text);
	limit_fallback_warn(&plan->config);
	limit_fallback_apply(&plan->config, &plan->fallback_cpus);
	return cgroup_plan_make(request, &plan->config, &plan->cgroup, err);
}

static int plan_cgroup(struct plan *plan, struct error *err)
{
	const struct cgroup_request request = {
		.manager = plan->request->cgroup_manager,
		.devices = decide_devices(plan),
		.id = plan->request->id,
		.host_root = plan->caller.initial && plan->caller.uid == 0,
		.ignore_refusal = plan->request->ignore_cgroup_refusal,
	};

	int fallback = limit_fallback_is_asked(&plan->config, err);

	if (fallback < 0)
		return -1;
	if ((fallback && limit_fallback_has_work(&plan->config)
		     ? plan_without_limits(plan, &request, err)
		     : cgroup_plan_make(&request, &plan->config, &plan->cgroup, err)) < 0)
		return -1;
	if (plan->cgroup.manager == CGROUP_DISABLED)
		show_limits_above(&plan->config);
	return 0;
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
 * Without bypass the container has the same network, with urun-slirp's speed: so what is in the way is a
 * warning.  The argument of netns/bypass/host_socket.c needs a user namespace.
 */
static void choose_bypass(struct plan *plan)
{
	const struct config_seccomp *seccomp = plan->config.linux->seccomp;
	const struct config_namespace *pids = config_find_namespace(&plan->config, CONFIG_NS_PID);
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	if (!plan->network.bypass)
		return;
	if (plan->userns.is_host || plan->userns.mode == USERNS_INHERIT)
		error_set(&err, 0, "the container has no user namespace of its own");
	else if (!pids || pids->path)
		error_set(&err, 0, "the container has no pid namespace of its own");
	else if (seccomp && seccomp_uses_notify(seccomp))
		error_set(&err, 0,
			  "linux.seccomp has a listener of its own, and the kernel allows one");
	else if (notify_check_host(&err) == 0) {
		log_debug("network bypass: on, for TCP");
		return;
	}
	plan->network.bypass = false;
	log_warning("network bypass is off: %s", error_format(&err, line));
}

/*
 * ORDER: namespaces of others and the network come first, since they decide on the network namespace, to which the config is
 * fitted; the mounts come last, since fitting changes them.
 */
int plan_make(struct plan *plan, struct error *err)
{
	const struct create_request *request = plan->request;
	struct container_config *config = &plan->config;

	if (plan_load(plan, err) < 0 ||
	    error_gather(err, share_find(request->root, request->id, request->network, plan->holder,
					 request->again ? &request->again->state : NULL, config,
					 &plan->share, err)) < 0 ||
	    error_gather(err, network_plan_make(request->network, &request->publish, &plan->share,
						config, &plan->network, err)) < 0 ||
	    userns_caller_read(&HOST_REAL, &plan->caller, err) < 0 ||
	    error_gather(err, plan_userns(plan, err)) < 0 ||
	    error_gather(err, plan_cgroup(plan, err)) < 0 ||
	    error_gather(err, namespaces_open(config, &plan->namespaces, err)) < 0 ||
	    error_gather(err, ending_read(&config->annotations, &plan->ending, err)) < 0 ||
	    error_gather(err, pid1_check(config, &plan->ending, err)) < 0 ||
	    error_gather(err, mount_plan_make(config, &plan->mounts, err)) < 0 ||
	    error_gather(err, check_state_text(plan, err)) < 0)
		return -1;
	mount_plan_warn(&plan->mounts);
	choose_bypass(plan);
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
	    error_gather(err, filter_check(&plan->config, plan->emulated, filter, err)) < 0 ||
	    (slirp && error_gather(err, slirp_check_host(NULL, err)) < 0) ||
	    (own_files && check_places(&plan->config, &plan->mounts, &plan->userns, err) < 0))
		return -1;
	/* ORDER: before the try, which puts an overlay into the plan. */
	if (own_files && error_gather(err, check_noexec(&plan->config, &plan->mounts, err)) < 0)
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
	/* A hook may still make the user and the program. */
	if (tried || hooks)
		return 0;
	return error_gather(err, check_user(&plan->config, &plan->mounts, err)) < 0
		       ? -1
		       : check_program(&plan->config, &plan->mounts, err);
}

int plan_try(struct plan *plan, struct error *err)
{
	struct filter filter = FILTER_NONE;
	int result;

	if (!plan->request->config)
		umoci_warn(plan->request->bundle, &plan->config);
	result = try_all(plan, &filter, err);

	filter_release(&filter);
	return result;
}

void plan_init(struct plan *plan, const struct create_request *request)
{
	*plan = (struct plan){ .request = request,
			       .share = SHARE_NONE,
			       .cgroup = CGROUP_PLAN_NONE };
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
	share_release(&plan->share);
	config_release(&plan->config);
	strbuf_release(&plan->origin);
	free(plan->holder);
}
