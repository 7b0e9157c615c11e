// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <sched.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/parent/create.h"

void created_fill_state(const struct plan *plan, const char *image_use,
			struct container_state *state)
{
	const struct create_request *request = plan->request;
	const struct container_config *config = &plan->config;
	char now[CLOCK_TEXT_SIZE];

	clock_print_now(now);
	state->oci_version = arena_str(&state->arena, CONFIG_SPEC_VERSION);
	state->id = arena_str(&state->arena, request->id);
	state->bundle = arena_str(&state->arena, request->bundle);
	state->rootfs = arena_str(&state->arena, config->root->path);
	state->created =
		arena_str(&state->arena, request->again ? request->again->state.created : now);
	state->began = arena_str(&state->arena, now);
	state->command = state_command_text(config->process, &state->arena);
	state->uid = (struct opt_u64){ .set = true, .value = geteuid() };
	/* A holder that has ended is removed as the rests of a killed `run` are. */
	state->foreground = (request->child.dies_with_us && !request->keep) || request->holding;
	state->attached = request->child.foreground;
	state->by_options = request->config != NULL;
	state->placeholder = request->placeholder;
	state->image_use = image_use ? arena_str(&state->arena, image_use) : NULL;
	state->no_pivot = request->no_pivot;
	state->manager = (int)request->cgroup_manager;
	if (request->attended)
		state_record_monitor(state);
	state->network = plan->network.stated ? arena_str(&state->arena, plan->network.text) : NULL;
	state->new_keyring = !request->no_new_keyring;
	state->root_emulation = plan->emulated != NULL;
	state->shows_host = plan->overlay.is_view;
	share_record(&plan->share, state);
	state->own_pid_namespace = plan->namespaces.new_flags & CLONE_NEWPID;
	/* These point into the config, which lives as long as the state. */
	state->annotations = config->annotations;
	state->hooks = config->hooks;
}

void created_release(struct created *created)
{
	/* The state's annotations and hooks belong to the config, which frees them. */
	state_release(&created->state);
	config_release(&created->config);
	state_dir_close(&created->dir);
	child_close(&created->child);
	fd_close(&created->start);
	fd_close(&created->started);
	fd_close(&created->failed);
	fd_close(&created->held);
	fd_close(&created->network_pidfd);
	fd_close(&created->port_pidfd);
	detached_release(&created->detached);
	fd_close(&created->memory.own);
	fd_close(&created->memory.above);
	notify_close(&created->notify);
	published_list_release(&created->published);
}
