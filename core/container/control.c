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

static int freeze(const struct state_dir *dir, const struct container_state *state, bool frozen,
		  struct error *err)
{
	enum container_status status;

	if (state_status(dir, state, &status, NULL, err) < 0)
		return -1;
	if (!state->cgroup)
		return no_cgroup(frozen ? "paused" : "resumed", dir->id, err);
	if (status != CONTAINER_RUNNING && status != CONTAINER_PAUSED &&
	    status != CONTAINER_CREATED)
		return error_set(err, 0, "container not running: %s is %s", dir->id,
				 container_status_name(status));
	if (!frozen && status != CONTAINER_PAUSED)
		return error_set(err, 0, "container %s is not paused: it is %s", dir->id,
				 container_status_name(status));
	return cgroup_freeze(state->cgroup, frozen, err);
}

static int freeze_by_id(const char *root, const char *id, bool frozen, struct error *err)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	struct container_state state = { 0 };
	int result;

	if (state_open(root, id, STATE_LOCKED, &dir, &state, err) != 0)
		return -1;
	result = freeze(&dir, &state, frozen, err);
	state_release(&state);
	return result;
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

/* Writes the limits where the container's are: above its subgroup, where systemd made a scope. */
static int apply(const struct container_state *state, const struct cgroup_settings *settings,
		 struct error *err)
{
	autofree char *scope = NULL;
	const char *unit_in_path =
		state->cgroup_unit ? strstr(state->cgroup, state->cgroup_unit) : NULL;

	if (!unit_in_path)
		return cgroup_apply(state->cgroup, settings, err);
	scope = str_dup_n(state->cgroup,
			  (size_t)(unit_in_path - state->cgroup) + strlen(state->cgroup_unit));
	/* ORDER: systemd first: it writes in steps of its own, and the exact values are to stay. */
	if (systemd_set(state->cgroup_user_bus, state->cgroup_unit, settings, err) < 0)
		return -1;
	return cgroup_apply(scope, settings, err);
}

static int update(const struct state_dir *dir, const struct container_state *state,
		  const char *resources, size_t size, struct error *err)
{
	autosettings struct cgroup_settings settings = { 0 };
	struct container_config config = { 0 };
	enum container_status status;
	int result = -1;

	if (state_status(dir, state, &status, NULL, err) < 0)
		return -1;
	if (status == CONTAINER_STOPPED)
		return error_set(err, 0, "container not running: %s is stopped", dir->id);
	if (!state->cgroup)
		return no_cgroup("updated", dir->id, err);
	if (state_read_config(dir, &config, err) < 0)
		return -1;
	if (config_merge_resources(&config, resources, size, err) == 0 &&
	    cgroup_settings_make(config.linux->resources, CGROUP_FOR_UPDATE, &settings, err) == 0 &&
	    apply(state, &settings, err) == 0)
		result = state_write_config(dir, &config, err);
	config_release(&config);
	return result;
}

int container_update(const char *root, const char *id, const char *resources, size_t size,
		     struct error *err)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	struct container_state state = { 0 };
	int result;

	if (state_open(root, id, STATE_LOCKED, &dir, &state, err) != 0)
		return -1;
	result = update(&dir, &state, resources, size, err);
	state_release(&state);
	return result;
}
