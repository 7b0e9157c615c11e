// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <string.h>

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/cgroup/device_filter.h"
#include "core/cgroup/systemd.h"
#include "core/cgroup/tree.h"
#include "core/container/lifecycle.h"
#include "rootless/userns_caller.h"

static int no_cgroup(const char *what, const char *id, struct error *err)
{
	error_set(err, 0, "container %s can't be %s: it has no cgroup", id, what);
	if (!cgroup_is_unified())
		return error_hint(err, "that takes cgroup version 2 at " CGROUP_ROOT
				       ", which this host has not");
	return error_hint(err, "create it with --systemd-cgroup, or where a cgroup is delegated");
}

static int freeze_by_id(const char *root, const char *id, bool frozen, struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	enum container_status status;

	if (container_open(root, id, STATE_LOCKED, &container, err) != 0 ||
	    container_status(&container, &status, NULL, err) < 0)
		return -1;
	if (!container.state.cgroup)
		return no_cgroup(frozen ? "paused" : "resumed", id, err);
	if (status != CONTAINER_RUNNING && status != CONTAINER_PAUSED &&
	    status != CONTAINER_CREATED)
		return error_set(err, 0, "container not running: %s is %s", id,
				 container_status_name(status));
	if (!frozen && status != CONTAINER_PAUSED)
		return error_set(err, 0, "container %s is not paused: it is %s", id,
				 container_status_name(status));
	return cgroup_freeze(container.state.cgroup, frozen, err);
}

int container_pause(const char *root, const char *id, struct error *err)
{
	return freeze_by_id(root, id, true, err);
}

int container_resume(const char *root, const char *id, struct error *err)
{
	return freeze_by_id(root, id, false, err);
}

/* ---- update ---- */

/* No rules of devices: those that there are stay. */
static int apply_to(const char *cgroup, const struct cgroup_settings *settings,
		    const struct device_rules *devices, struct error *err)
{
	if (cgroup_apply(cgroup, settings, err) < 0)
		return -1;
	return devices->count ? device_filter_apply(cgroup, devices, err) : 0;
}

/*
 * Writes the limits to the cgroup that has the container's limits: above its subgroup, where
 * systemd made a scope.
 */
static int apply_limits(const struct container_state *state, const struct cgroup_settings *settings,
			const struct device_rules *devices, struct error *err)
{
	autofree char *scope = NULL;
	const char *unit_in_path =
		state->cgroup_unit ? strstr(state->cgroup, state->cgroup_unit) : NULL;

	if (!unit_in_path)
		return apply_to(state->cgroup, settings, devices, err);
	scope = str_dup_n(state->cgroup,
			  (size_t)(unit_in_path - state->cgroup) + strlen(state->cgroup_unit));
	/* ORDER: systemd first: it rounds to steps of its own, and the exact values are to stay. */
	if (systemd_set(state->cgroup_user_bus, state->cgroup_unit, settings, devices, err) < 0)
		return -1;
	return apply_to(scope, settings, devices, err);
}

/*
 * The new rules of devices.  They are root's; for all others they mean nothing, as when the container is
 * made.  None where the update has no rules: what a person has told systemd in the meantime stays.
 */
static int read_devices(const struct container_config *config, const void *rules_before,
			struct device_rules *ret_devices, struct error *err)
{
	const struct config_resources *resources = config->linux->resources;
	struct userns_caller caller;

	*ret_devices = (struct device_rules){ 0 };
	if (!resources || resources->devices.items == rules_before)
		return 0;
	if (userns_caller_read(&HOST_REAL, &caller, err) < 0)
		return -1;
	if (!userns_caller_is_host_root(&caller)) {
		log_debug("linux.resources.devices: skipped: only root of the host can set them");
		return 0;
	}
	device_rules_make(resources, ret_devices);
	return 0;
}

int container_update(const char *root, const char *id, const char *resources, size_t size,
		     struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	autosettings struct cgroup_settings settings = { 0 };
	autorules struct device_rules devices = { 0 };
	const void *rules = NULL;
	struct container_config config = { 0 };
	enum container_status status;
	int result = -1;

	if (container_open(root, id, STATE_LOCKED, &container, err) != 0 ||
	    container_status(&container, &status, NULL, err) < 0)
		return -1;
	if (status == CONTAINER_STOPPED)
		return error_set(err, 0, "container not running: %s is stopped", id);
	if (!container.state.cgroup)
		return no_cgroup("updated", id, err);
	if (state_read_config(&container.dir, &config, err) < 0)
		return -1;
	if (config.linux->resources)
		rules = config.linux->resources->devices.items;
	if (config_merge_resources(&config, resources, size, err) == 0 &&
	    cgroup_settings_make(config.linux->resources, CGROUP_FOR_UPDATE, &settings, err) == 0 &&
	    read_devices(&config, rules, &devices, err) == 0 &&
	    apply_limits(&container.state, &settings, &devices, err) == 0)
		result = state_write_config(&container.dir, &config, err);
	config_release(&config);
	return result;
}
