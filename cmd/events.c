// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include "cmd/command.h"
#include "core/base/fd.h"
#include "core/base/json.h"
#include "core/base/number.h"
#include "core/base/str.h"
#include "core/cgroup/stats.h"
#include "core/cgroup/tree.h"
#include "core/container/state.h"
#include "core/container/usage.h"

/* How often out-of-memory kills are looked for. */
#define LOOK_MS	    250
#define INTERVAL_MS 5000

struct events_options {
	unsigned int interval_ms;
	bool stats;
};

/* Prints one event on a line: {"type":…,"id":…[,"data":…]}. */
static int print_event(const char *type, const char *id, const char *data, struct error *err)
{
	autostrbuf struct strbuf line = { 0 };

	strbuf_addf(&line, "{\"type\":\"%s\",\"id\":", type);
	json_write_string(id, &line);
	if (data)
		strbuf_addf(&line, ",\"data\":%s", data);
	strbuf_add_str(&line, "}\n");
	return command_print(line.bytes, err);
}

static int print_stats(const struct container_state *state, struct error *err)
{
	autostrbuf struct strbuf data = { 0 };
	struct usage usage;

	if (state->cgroup) {
		cgroup_print_stats(state->cgroup, &data);
	} else {
		if (usage_read(state, NULL, &usage, err) < 0)
			return -1;
		usage_print(&usage, &data);
	}
	return print_event("stats", state->id, data.bytes, err);
}

/* Without a cgroup, nothing counts them. */
static unsigned long long oom_kills(const struct container_state *state)
{
	return state->cgroup ? cgroup_oom_kills(state->cgroup) : 0;
}

/* Prints events until the container's end. */
static int follow_events(const struct container_state *state, int pidfd, unsigned int interval_ms,
			 struct error *err)
{
	unsigned long long kills = oom_kills(state);
	unsigned int waited = 0;

	for (;;) {
		struct pollfd end = { .fd = pidfd, .events = POLLIN };
		int ready = poll(&end, 1, LOOK_MS);
		unsigned long long now = oom_kills(state);

		for (; kills < now; kills++)
			if (print_event("oom", state->id, NULL, err) < 0)
				return -1;
		if (ready > 0)
			return 0;
		waited += LOOK_MS;
		if (waited < interval_ms)
			continue;
		waited = 0;
		if (print_stats(state, err) < 0)
			return -1;
	}
}

static int cmd_events(struct call *call, struct error *err)
{
	const struct events_options *options = call->options;
	const char *id = call->operands.items[0];
	autocontainer struct container container = CONTAINER_NONE;
	autoclose int pidfd = -1;
	enum container_status status;

	if (container_open(call->globals->root, id, STATE_UNLOCKED, &container, err) != 0 ||
	    container_status(&container, &status, &pidfd, err) < 0)
		return -1;
	if (status == CONTAINER_STOPPED)
		return error_set(err, 0, "container not running: %s is stopped", id);
	return options->stats ? print_stats(&container.state, err)
			      : follow_events(&container.state, pidfd, options->interval_ms, err);
}

static const struct option_spec options_events[] = {
	{ "interval", 0, OPTION_TIME, offsetof(struct events_options, interval_ms), "TIME",
	  "print what is used so often (default: 5s)" },
	{ "stats", 0, OPTION_FLAG, offsetof(struct events_options, stats), NULL,
	  "print what is used once" },
};
static const struct command_usage usage_events = {
	.name = "events",
	.operands = "ID",
	.summary = "Prints as JSON what a container uses, and when memory runs out.",
	.options = options_events,
	.option_count = ARRAY_SIZE(options_events),
	.options_size = sizeof(struct events_options),
	.option_defaults = &(const struct events_options){ .interval_ms = INTERVAL_MS },
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_events = { &usage_events, cmd_events, EXIT_STATUS_OTHER };
