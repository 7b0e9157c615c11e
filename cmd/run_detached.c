// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "cmd/create_options.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/log_options.h"
#include "core/container/lifecycle.h"
#include "core/parent/detach.h"
#include "core/parent/streams.h"
#include "core/spec/spec_fields.h"

/* What `urun delete` needs of the environment: the buses of systemd, and programs. */
static const char *const kept_variables[] = { "DBUS_SESSION_BUS_ADDRESS", "HOME", "PATH",
					      "XDG_RUNTIME_DIR" };

static struct str_list kept_environment(void)
{
	struct str_list kept = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(kept_variables); i++) {
		const char *value = getenv(kept_variables[i]);

		if (value)
			str_list_add(&kept, str_format("%s=%s", kept_variables[i], value));
	}
	str_list_add(&kept, NULL);
	return kept;
}

/* The container runs, and nobody would attend to it. */
static void end_unattended(struct created *created)
{
	struct error err = ERROR_NONE;

	/* ORDER: the lock of the monitor that we didn't become is what the removal waits for. */
	detached_release(&created->detached);
	if (state_dir_relock(&created->dir, STATE_LOCK_MS, &err) < 0 ||
	    container_end(&created->dir, &created->state, &err) < 0)
		log_warning("%s", err.text);
}

/* In the creator: returns on failure alone. */
static int create_detached(struct create_request *request, const struct globals *globals,
			   struct detach *detach, struct error *err)
{
	struct log_options log_options;
	struct streams streams = STREAMS_NONE;
	struct created created;
	struct detach_order order = { .streams = &streams, .root = request->root };

	if (log_options_parse(config_annotation(request->config, CONFIG_ANNOTATION_LOG),
			      &log_options, err) < 0)
		return -1;
	order.removes =
		str_equal(config_annotation(request->config, CONFIG_ANNOTATION_REMOVE), "true");
	if ((request->again
		     ? streams_open_own(!log_options.none, &streams, err)
		     : streams_open(globals->journal_stream, !log_options.none, &streams, err)) < 0)
		return -1;
	request->child.streams = streams.program;
	request->child.keeps_console = true;
	request->monitored = true;
	/* The creator becomes the monitor, and keeps its pid. */
	request->attended = true;
	if (container_create(request, &created, err) < 0) {
		spec_fields_to_options(err);
		streams_close(&streams);
		return -1;
	}
	streams_close_program(&streams);
	order.environment = kept_environment();
	order.log_size = log_options.size;
	/* ORDER: before the lock is given back: from there on a command may find that the monitor was killed. */
	detach_record(&created, &order);
	/* ORDER: the container is handed over, as in run_request(). */
	state_dir_unlock(&created.dir);
	port_print_chosen(&created.published, stderr);
	notify_await_ready(&created.notify, &created.state, created.child.pidfd);
	detach_hand_over(detach, &created, &order, err);
	end_unattended(&created);
	streams_close(&streams);
	created_release(&created);
	return -1;
}

int run_detached(struct create_request *request, const struct globals *globals, int *ret_status,
		 struct error *err)
{
	struct detach detach = DETACH_NONE;
	enum detach_side side;
	int result = detach_fork(&detach, &side, err);

	if (result == 0)
		result = side == DETACH_CALLER ? detach_await(&detach, ret_status, err)
					       : create_detached(request, globals, &detach, err);
	detach_release(&detach);
	return result;
}
