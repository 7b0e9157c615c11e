// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/cgroup/plan.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/cgroup/device_filter.h"
#include "core/cgroup/systemd.h"
#include "core/cgroup/tree.h"
#include "core/config/change.h"

int cgroup_manager_parse(const char *text, enum cgroup_manager *ret_manager, struct error *err)
{
	static const struct {
		const char *name;
		enum cgroup_manager manager;
	} managers[] = {
		{ "cgroupfs", CGROUP_CGROUPFS },
		{ "systemd", CGROUP_SYSTEMD },
		{ "disabled", CGROUP_DISABLED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(managers); i++)
		if (str_equal(text, managers[i].name)) {
			*ret_manager = managers[i].manager;
			return 0;
		}
	return error_set(
		err, 0, "option --cgroup-manager is cgroupfs, systemd or disabled, not '%s'", text);
}

void cgroup_plan_release(struct cgroup_plan *plan)
{
	free(plan->path);
	free(plan->made);
	free(plan->slice);
	free(plan->unit);
	free(plan->subgroup);
	fd_close(&plan->fd);
	cgroup_settings_release(&plan->settings);
	device_rules_release(&plan->devices);
	*plan = CGROUP_PLAN_NONE;
}

static bool ends_with(const char *text, size_t length, const char *end)
{
	size_t end_length = strlen(end);

	return length >= end_length && memcmp(text + length - end_length, end, end_length) == 0;
}

static bool ends_as_unit(const char *path, size_t length)
{
	return ends_with(path, length, ".service") || ends_with(path, length, ".scope") ||
	       ends_with(path, length, ".slice");
}

/*
 * The cgroup below which containers' cgroups are made: mostly that of urun itself.  But urun's own
 * cgroup has processes (urun), so no controller can be enabled for cgroups below it.  Where the
 * caller has moved itself into a cgroup below its delegated unit (podman does so), the cgroup of
 * the unit has no processes, and is taken.  All above the unit belongs to systemd.
 */
static char *find_base(void)
{
	autofree char *own = cgroup_of(0);
	char *slash = own ? strrchr(own, '/') : NULL;
	autofree char *unit = NULL;

	if (!own)
		return NULL;
	if (slash && !ends_as_unit(own, strlen(own)) && ends_as_unit(own, (size_t)(slash - own))) {
		unit = str_dup_n(own, (size_t)(slash - own));
		if (cgroup_is_ours(unit))
			return take_ptr(unit);
	}
	return take_ptr(own);
}

/* ---- without a cgroup ---- */

/*
 * A root file system may have device nodes, and CAP_MKNOD makes any: such a container could open all
 * of the host's devices.
 */
static int refuse_without_devices(struct error *err)
{
	error_set(err, 0,
		  "linux.resources.devices: needs cgroup version 2 at " CGROUP_ROOT
		  ", and this host has none there");
	return error_hint(err, "with --cgroup-manager disabled the container runs all the same, "
			       "and can open every device of the host that it makes a node of");
}

/* Says that the container has no device rules. */
static void tell_without_devices(struct cgroup_plan *plan, const char *why)
{
	if (plan->needs_devices)
		log_warning("linux.resources.devices: not enforced, as %s: the container can open "
			    "every device of the host that it makes a node of",
			    why);
	else if (plan->devices.count > 0 && !device_rules_allow_all(&plan->devices))
		log_debug("linux.resources.devices: not enforced, as %s; the user namespace "
			  "forbids to make device nodes",
			  why);
	device_rules_release(&plan->devices);
	plan->needs_devices = false;
}

/* The limits that --limit-fallback has something for, by the names of core/cgroup/limits.c. */
static bool have_fallback(const struct cgroup_settings *settings)
{
	static const char *const fields[] = { "memory.limit", "memory.swap", "cpu.quota",
					      "cpu.period",   "pids.limit",  NULL };

	for (size_t i = 0; i < settings->count; i++)
		if (str_find(fields, settings->items[i].field) < 0)
			return false;
	return settings->count > 0;
}

/* Refuses each limit: this host has no tree of version 2. */
static int refuse_without_version_2(const struct cgroup_settings *settings, struct error *err)
{
	for (size_t i = 0; i < settings->count; i++) {
		error_set(err, 0,
			  "linux.resources.%s: needs cgroup version 2 at " CGROUP_ROOT
			  ", and this host has none there",
			  settings->items[i].field);
		if (have_fallback(settings))
			error_hint(err, "weaker limits need none: --limit-fallback=rlimit");
		if (error_gather(err, -1) < 0)
			return -1;
	}
	return 0;
}

/* ---- a cgroup that urun makes ---- */

/*
 * With room for the longest name of a cgroup's file: otherwise half of the cgroups on the way are
 * made before one fails.
 */
static int check_length(const struct cgroup_plan *plan, struct error *err)
{
	if (strlen(CGROUP_ROOT) + strlen(plan->path) + 1 + NAME_MAX < PATH_MAX)
		return 0;
	return error_set(err, ENAMETOOLONG,
			 "linux.cgroupsPath: makes a path of %zu bytes with the cgroup above",
			 strlen(plan->path));
}

static int plan_cgroupfs(const struct cgroup_request *request, const char *asked,
			 const char *parent, struct cgroup_plan *plan, struct error *err)
{
	autofree char *base = NULL, *joined = NULL;

	plan->manager = CGROUP_CGROUPFS;
	if (asked && asked[0] == '/') {
		plan->path = path_clean(asked);
		return check_length(plan, err);
	}
	base = parent && parent[0] == '/' ? str_dup("") : find_base();
	if (!base)
		return error_set(err, 0, "linux.cgroupsPath: can't find the cgroup of urun itself");
	if (parent && !asked) {
		autofree char *above = take_ptr(base);

		base = str_format("%s/%s", above, parent);
	}
	joined = asked ? str_format("%s/%s", base, asked)
		       : str_format("%s/urun-%s", base, request->id);
	plan->path = path_clean(joined);
	plan->is_named_by_id = !asked;
	return check_length(plan, err);
}

/* ---- a scope of systemd's ---- */

/* SLICE:PREFIX:NAME, as engines write it; a text without a colon is the name of the unit. */
static int parse_systemd_path(const struct cgroup_request *request, const char *asked,
			      const char *parent, struct cgroup_plan *plan, struct error *err)
{
	const char *first = asked ? strchr(asked, ':') : NULL;
	const char *second = first ? strchr(first + 1, ':') : NULL;
	const char *slice_default = parent && !asked ? parent
				    : plan->user_bus ? "user.slice"
						     : "system.slice";

	if (first && (!second || strchr(second + 1, ':') || second[1] == '\0'))
		return error_set(
			err, 0, "linux.cgroupsPath: with systemd it is SLICE:PREFIX:NAME, not '%s'",
			asked);
	plan->slice = first && first > asked ? str_dup_n(asked, (size_t)(first - asked))
					     : str_dup(slice_default);
	if (first && second == first + 1)
		plan->unit = str_format("%s.scope", second + 1);
	else if (first)
		plan->unit = str_format("%.*s-%s.scope", (int)(second - first - 1), first + 1,
					second + 1);
	else if (asked && strchr(asked, '/'))
		return error_set(
			err, 0, "linux.cgroupsPath: with systemd it is SLICE:PREFIX:NAME, not '%s'",
			asked);
	else
		plan->unit = asked ? str_format("%s.scope", asked)
				   : str_format("urun-%s.scope", request->id);
	if (strlen(plan->unit) > NAME_MAX || strlen(plan->slice) > NAME_MAX)
		return error_set(err, ENAMETOOLONG,
				 "linux.cgroupsPath: systemd takes names of %d bytes", NAME_MAX);
	return 0;
}

#ifdef URUN_SYSTEMD_IS_BUILT
#define SYSTEMD_IS_BUILT true
#else
#define SYSTEMD_IS_BUILT false
#endif

static int refuse_systemd(struct error *err)
{
	error_set(err, 0, "--systemd-cgroup: this urun is built without systemd");
	return error_hint(err, "use --cgroup-manager cgroupfs, or build urun with libsystemd");
}

static int plan_systemd(const struct cgroup_request *request, const struct container_config *config,
			struct cgroup_plan *plan, struct error *err)
{
	const char *subgroup = config_annotation(config, "run.oci.systemd.subgroup");
	const char *parent = config_annotation(config, CONFIG_ANNOTATION_CGROUP_PARENT);

	plan->manager = CGROUP_SYSTEMD;
	if (parent && !ends_with(parent, strlen(parent), ".slice"))
		return error_set(err, 0,
				 "--cgroup-parent %s: with systemd it is a slice: NAME.slice",
				 parent);
	plan->user_bus = !request->host_root;
	plan->optional = request->ignore_refusal;
	if (subgroup && (strchr(subgroup, '/') || subgroup[0] == '.'))
		return error_set(err, 0, "annotation run.oci.systemd.subgroup: '%s' is no name",
				 subgroup);
	if (subgroup && subgroup[0])
		plan->subgroup = str_dup(subgroup);
	return parse_systemd_path(request, config->linux->cgroups_path, parent, plan, err);
}

/* ---- the decision ---- */

/*
 * Can the planned cgroup have limits?  The cgroup above must be delegated, and must not be urun's
 * own, for which no controller can be enabled.
 */
static bool can_limit(const struct cgroup_plan *plan)
{
	autofree char *above =
		str_dup_n(plan->path, (size_t)(strrchr(plan->path, '/') - plan->path));
	autofree char *own = cgroup_of(0);

	return cgroup_is_ours(above) && !str_equal(above, own);
}

/*
 * Is urun in a cgroup of the user's own slice?  Only from there the user's systemd is asked without being
 * named: a scope of it would take the container out of the cgroup of a batch job (Slurm, PBS) or of a
 * system service, whose limits and accounting hold for all that the job starts.
 */
static bool is_in_users_slice(void)
{
	autofree char *own = cgroup_of(0);
	autofree char *manager = systemd_user_cgroup();
	size_t slice = (size_t)(strrchr(manager, '/') - manager) + 1;

	return own && strncmp(own, manager, slice) == 0;
}

static int choose_manager(const struct cgroup_request *request,
			  const struct container_config *config, struct cgroup_plan *plan,
			  struct error *err)
{
	const char *asked = config->linux->cgroups_path;
	const char *parent = config_annotation(config, CONFIG_ANNOTATION_CGROUP_PARENT);
	bool is_slice =
		!parent || (ends_with(parent, strlen(parent), ".slice") && !strchr(parent, '/'));
	bool limited = plan->settings.count > 0;

	if (request->manager == CGROUP_SYSTEMD && !SYSTEMD_IS_BUILT)
		return refuse_systemd(err);
	if (request->manager == CGROUP_DISABLED) {
		if (limited)
			return error_set(err, 0,
					 "linux.resources.%s: can't be enforced with "
					 "--cgroup-manager disabled",
					 plan->settings.items[0].field);
		tell_without_devices(plan, "there is no cgroup (--cgroup-manager disabled)");
		return 0;
	}
	if (!cgroup_is_unified()) {
		if (limited && refuse_without_version_2(&plan->settings, err) < 0)
			return -1;
		if (plan->needs_devices)
			return refuse_without_devices(err);
		tell_without_devices(plan, CGROUP_ROOT " is not cgroup version 2");
		log_debug("no cgroup: " CGROUP_ROOT " is not version 2");
		return 0;
	}
	if (request->manager == CGROUP_SYSTEMD) {
		if (!request->host_root && !systemd_has_user_bus() && !limited) {
			log_warning(
				"the container has no cgroup of its own: there is no systemd user "
				"session (hint: log in with ssh or machinectl, or have one always "
				"by `loginctl enable-linger`)");
			return 0;
		}
		return plan_systemd(request, config, plan, err);
	}
	if (plan_cgroupfs(request, asked, parent, plan, err) < 0)
		return -1;
	if (limited && !asked && is_slice && request->manager == CGROUP_AUTO && SYSTEMD_IS_BUILT &&
	    !can_limit(plan) && !request->host_root && is_in_users_slice() &&
	    systemd_has_user_bus()) {
		log_debug("there are limits and no cgroup is delegated here: systemd makes one");
		free(take_ptr(plan->path));
		return plan_systemd(request, config, plan, err);
	}
	return 0;
}

/*
 * Does the user's systemd have the controllers for its units?  Where its cgroup isn't where it
 * usually is, the answer of systemd itself will tell.
 */
static int check_user_manager(const struct cgroup_plan *plan, struct error *err)
{
	autofree char *manager = systemd_user_cgroup();
	autoclose int fd = plan->user_bus ? cgroup_open(manager) : -1;

	return fd < 0 ? 0 : cgroup_check_controllers(manager, &plan->settings, err);
}

static int hint_at_delegation(const struct cgroup_request *request,
			      const struct cgroup_settings *settings, struct error *err)
{
	if (request->host_root)
		return error_hint(err, CGROUP_ROOT " can't be written by root here: mount it "
						   "read-write, or do without limits and device "
						   "rules by --cgroup-manager disabled");
	return error_hint(err,
			  "no cgroup there is delegated to this user: use --systemd-cgroup, or "
			  "start urun by systemd-run --user -p Delegate=yes%s",
			  have_fallback(settings)
				  ? "; or have weaker limits by --limit-fallback=rlimit"
				  : "");
}

static int check_delegation(const struct cgroup_request *request,
			    const struct container_config *config, struct cgroup_plan *plan,
			    struct error *err)
{
	autofree char *existing = NULL;
	char *slash;

	if (plan->manager == CGROUP_SYSTEMD)
		return check_user_manager(plan, err);
	if (plan->manager != CGROUP_CGROUPFS)
		return 0;
	existing = str_dup(plan->path);
	while ((slash = strrchr(existing, '/'))) {
		autoclose int fd = -1;

		*slash = '\0';
		fd = cgroup_open(existing);
		if (fd >= 0)
			break;
	}
	/* Where neither a limit nor a path was asked for, the container does without a cgroup. */
	plan->optional = plan->settings.count == 0 && !plan->needs_devices &&
			 ((!config->linux->cgroups_path &&
			   !config_annotation(config, CONFIG_ANNOTATION_CGROUP_PARENT)) ||
			  request->ignore_refusal);
	if (cgroup_is_ours(existing))
		return cgroup_check_controllers(existing, &plan->settings, err);
	if (!plan->optional) {
		error_set(err, EACCES, "linux.%s%s: make cgroup " CGROUP_ROOT "%s",
			  plan->settings.count || plan->needs_devices ? "resources."
								      : "cgroupsPath",
			  plan->settings.count	? plan->settings.items[0].field
			  : plan->needs_devices ? "devices"
						: "",
			  plan->path);
		return hint_at_delegation(request, &plan->settings, err);
	}
	log_debug("no cgroup: " CGROUP_ROOT "%s is not delegated to us", existing);
	plan->manager = CGROUP_DISABLED;
	tell_without_devices(plan, "no cgroup is delegated here");
	return 0;
}

static void plan_devices(const struct cgroup_request *request,
			 const struct config_resources *resources, struct cgroup_plan *plan)
{
	bool asked = resources && resources->devices.count > 0;

	if (request->devices == CGROUP_DEVICES_IGNORED ||
	    (request->devices == CGROUP_DEVICES_IF_ASKED && !asked))
		return;
	device_rules_make(resources, &plan->devices);
	plan->needs_devices = request->devices == CGROUP_DEVICES_ENFORCED &&
			      !device_rules_allow_all(&plan->devices);
}

int cgroup_plan_make(const struct cgroup_request *request, const struct container_config *config,
		     struct cgroup_plan *ret_plan, struct error *err)
{
	struct cgroup_plan plan = CGROUP_PLAN_NONE;

	plan_devices(request, config->linux->resources, &plan);
	if (cgroup_settings_make(config->linux->resources, CGROUP_FOR_CREATE, &plan.settings, err) <
		    0 ||
	    choose_manager(request, config, &plan, err) < 0 ||
	    check_delegation(request, config, &plan, err) < 0) {
		cgroup_plan_release(&plan);
		return -1;
	}
	*ret_plan = plan;
	return 0;
}

/* How many containers of the same id may be below one cgroup, each with another --root. */
#define SAME_ID_MAX 1000

/*
 * Makes a cgroup that no other container has.  An empty one that exists may belong to a container
 * that has stopped: then its next `delete` would kill our processes.
 */
static int make_by_id(struct cgroup_plan *plan, struct error *err)
{
	autofree char *first = str_dup(plan->path);

	for (int number = 2; number <= SAME_ID_MAX; number++) {
		if (cgroup_make(plan->path, &plan->settings, &plan->made, err) < 0)
			return -1;
		if (plan->made)
			return 0;
		free(take_ptr(plan->path));
		plan->path = str_format("%s.%d", first, number);
	}
	return error_set(err, 0, "cgroup " CGROUP_ROOT "%s is in use by another container", first);
}

static int make_at_path(struct cgroup_plan *plan, struct error *err)
{
	if (cgroup_make(plan->path, &plan->settings, &plan->made, err) < 0)
		return -1;
	if (plan->made || !cgroup_has_processes(plan->path))
		return 0;
	error_set(err, 0, "linux.cgroupsPath: cgroup " CGROUP_ROOT "%s is in use: it has processes",
		  plan->path);
	return error_hint(err, "each container needs a cgroup of its own");
}

/* ORDER: before a process of the container is in the cgroup. */
static int apply_plan(const char *path, const struct cgroup_plan *plan, struct error *err)
{
	if (cgroup_apply(path, &plan->settings, err) < 0)
		return -1;
	return plan->devices.count ? device_filter_apply(path, &plan->devices, err) : 0;
}

int cgroup_plan_create(struct cgroup_plan *plan, struct error *err)
{
	int result;

	if (plan->manager != CGROUP_CGROUPFS)
		return 0;
	result = plan->is_named_by_id ? make_by_id(plan, err) : make_at_path(plan, err);
	if (result < 0) {
		/* ORDER: before the caller undoes the creation, which kills what is in plan->path. */
		free(take_ptr(plan->path));
		if (!plan->optional)
			return -1;
		log_debug("no cgroup: %s", err->text);
		*err = ERROR_NONE;
		plan->manager = CGROUP_DISABLED;
		tell_without_devices(plan, "there is no cgroup");
		return 0;
	}
	if (apply_plan(plan->path, plan, err) < 0)
		return -1;
	plan->fd = cgroup_open(plan->path);
	return plan->fd < 0 ? error_set(err, -plan->fd, "open cgroup %s", plan->path) : 0;
}

/* Makes the scope.  Its cgroup is the one into which systemd has moved the process. */
static int enter_scope(struct cgroup_plan *plan, pid_t pid, const struct container_config *config,
		       struct error *err)
{
	if (systemd_start(plan->user_bus, plan->unit, plan->slice, pid, &plan->settings,
			  &plan->devices, &config->annotations, err) < 0)
		return -1;
	plan->started = true;
	plan->path = cgroup_of(pid);
	if (!plan->path || !strstr(plan->path, plan->unit))
		return error_set(err, 0, "systemd has not moved process %d into %s", pid,
				 plan->unit);
	if (plan->subgroup) {
		char *scope = take_ptr(plan->path);
		autofree char *made = NULL;

		plan->path = str_format("%s/%s", scope, plan->subgroup);
		free(scope);
		if (cgroup_make(plan->path, &(struct cgroup_settings){ 0 }, &made, err) < 0 ||
		    cgroup_enter(plan->path, pid, err) < 0)
			return -1;
		scope = str_dup_n(plan->path, (size_t)(strrchr(plan->path, '/') - plan->path));
		if (apply_plan(scope, plan, err) < 0) {
			free(scope);
			return -1;
		}
		free(scope);
		return 0;
	}
	return apply_plan(plan->path, plan, err);
}

/* Where there is no session, nobody has refused anything.  The words are core/systemd/bus.c's. */
static bool is_without_session(const struct error *err)
{
	return strstr(err->text, "no systemd user session");
}

/*
 * A scope is made only where the caller or a limit asks for one, so that systemd's refusal is an error:
 * without a cgroup `pause` and `stats` would fail later.  A container without limits does without where the
 * user has no session, and where --rootless=true says so.
 */
static int try_to_enter_scope(struct cgroup_plan *plan, pid_t pid,
			      const struct container_config *config, struct error *err)
{
	char line[ERROR_LINE_SIZE];

	if (enter_scope(plan, pid, config, err) == 0)
		return 0;
	if (plan->started || plan->settings.count > 0 || plan->needs_devices ||
	    !(plan->optional || is_without_session(err)))
		return -1;
	log_warning("the container has no cgroup of its own: %s", error_format(err, line));
	*err = ERROR_NONE;
	plan->manager = CGROUP_DISABLED;
	tell_without_devices(plan, "there is no cgroup");
	return 0;
}

int cgroup_plan_enter(struct cgroup_plan *plan, pid_t pid, const struct container_config *config,
		      struct error *err)
{
	struct error ignored = ERROR_NONE;
	autofree char *now = NULL;

	if (plan->manager == CGROUP_SYSTEMD)
		return try_to_enter_scope(plan, pid, config, err);
	if (plan->manager != CGROUP_CGROUPFS)
		return 0;
	now = cgroup_of(pid);
	if (str_equal(now, plan->path) || cgroup_enter(plan->path, pid, err) == 0)
		return 0;
	if (!plan->optional)
		return -1;
	log_debug("no cgroup: %s", err->text);
	*err = ERROR_NONE;
	cgroup_remove(plan->path, &ignored);
	plan->manager = CGROUP_DISABLED;
	return 0;
}

/* Removes the cgroups above, up to @made, while they are empty: one may have other containers. */
static void remove_above(const char *path, const char *made)
{
	autofree char *above = str_dup(path);
	char *slash;

	while (made && strlen(above) > strlen(made) && (slash = strrchr(above, '/'))) {
		autofree char *directory = NULL;

		*slash = '\0';
		directory = str_format(CGROUP_ROOT "%s", above);
		if (rmdir(directory) < 0)
			return;
	}
}

/*
 * systemd removes the cgroup of a scope when no process is left in it, and forgets the scope.  In a cgroup
 * namespace that doesn't show the slice, nothing can be told.
 */
static bool scope_has_ended(const struct cgroup_left *left)
{
	const char *name = left->unit && left->path ? strstr(left->path, left->unit) : NULL;
	autofree char *scope = NULL, *slice = NULL;

	if (!name)
		return false;
	slice = str_format(CGROUP_ROOT "%.*s", (int)(name - left->path), left->path);
	scope = str_format("%s%s", slice, left->unit);
	return access(slice, F_OK) == 0 && access(scope, F_OK) < 0 && errno == ENOENT;
}

int cgroup_destroy(const struct cgroup_left *left, struct error *err)
{
	int result = 0;

	/* ORDER: before the cgroup is removed here, of which systemd would learn later. */
	if (scope_has_ended(left))
		return 0;

	if (left->path && (cgroup_kill(left->path, err) < 0 || cgroup_remove(left->path, err) < 0))
		result = -1;
	if (left->path && left->made)
		remove_above(left->path, left->made);
	if (left->unit && result == 0)
		result = systemd_stop(left->user_bus, left->unit, err);
	return result;
}
