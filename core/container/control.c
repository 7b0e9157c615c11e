// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <string.h>

#include "core/base/arena.h"
#include "core/cgroup/systemd.h"
#include "core/cgroup/tree.h"
#include "core/container/lifecycle.h"

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

/*
 * Writes the limits to the cgroup that has the container's limits: above its subgroup, where
 * systemd made a scope.
 */
static int apply_limits(const struct container_state *state, const struct cgroup_settings *settings,
			struct error *err)
{
	autofree char *scope = NULL;
	const char *unit_in_path =
		state->cgroup_unit ? strstr(state->cgroup, state->cgroup_unit) : NULL;

	if (!unit_in_path)
		return cgroup_apply(state->cgroup, settings, err);
	scope = str_dup_n(state->cgroup,
			  (size_t)(unit_in_path - state->cgroup) + strlen(state->cgroup_unit));
	/* ORDER: systemd first: it rounds to steps of its own, and the exact values are to stay. */
	if (systemd_set(state->cgroup_user_bus, state->cgroup_unit, settings, err) < 0)
		return -1;
	return cgroup_apply(scope, settings, err);
}

int container_update(const char *root, const char *id, const char *resources, size_t size,
		     struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	autosettings struct cgroup_settings settings = { 0 };
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
	if (config_merge_resources(&config, resources, size, err) == 0 &&
	    cgroup_settings_make(config.linux->resources, CGROUP_FOR_UPDATE, &settings, err) == 0 &&
	    apply_limits(&container.state, &settings, err) == 0)
		result = state_write_config(&container.dir, &config, err);
	config_release(&config);
	return result;
}
