// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdlib.h>

#include "cmd/command.h"
#include "cmd/podman_words.h"
#include "core/base/str.h"
#include "core/container/wait.h"

struct wait_options {
	bool ignore;
};

static bool container_is_there(const char *root, const char *id)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	struct error ignored = ERROR_NONE;

	return state_dir_open(root, id, STATE_UNLOCKED, &dir, &ignored) <= 0;
}

static int print_status(struct waiting *waiting, struct error *err)
{
	struct ended ended = { 0 };
	autofree char *line = NULL;
	int result;

	/* --ignore, and there is no such container. */
	if (waiting->container.dir.fd < 0 && !waiting->ended.id)
		return command_print("-1\n", err);
	result = waiting_end(waiting, &ended, err);
	if (result == 0)
		line = str_format("%" PRIu64 "\n", ended.exit_status.value);
	ended_release(&ended);
	return result < 0 ? -1 : command_print(line, err);
}

/* All are waited for, also after a failure. */
static int print_all(struct waiting *waitings, size_t count, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		struct error failed = ERROR_NONE;

		if (print_status(&waitings[i], &failed) < 0)
			result = command_fail_also(&failed, err);
	}
	return result;
}

static int begin(const char *root, const char *id, bool ignore, struct waiting *ret_waiting,
		 struct error *err)
{
	if (waiting_begin(root, id, ret_waiting, err) == 0)
		return 0;
	if (!ignore || container_is_there(root, id))
		return -1;
	*err = ERROR_NONE;
	*ret_waiting = WAITING_NONE;
	return 0;
}

/* ORDER: all are found before the first is waited for: an id can be used again meanwhile. */
static int cmd_wait(struct call *call, struct error *err)
{
	const struct wait_options *options = call->options;
	size_t count = call->operands.count, begun = 0;
	struct waiting *waitings = mem_alloc(count * sizeof(*waitings));
	int result = 0;

	while (begun < count && result == 0) {
		result = begin(call->globals->root, call->operands.items[begun], options->ignore,
			       &waitings[begun], err);
		begun += result == 0;
	}
	if (result == 0)
		result = print_all(waitings, count, err);
	while (begun > 0)
		waiting_release(&waitings[--begun]);
	free(waitings);
	return result;
}

static const struct option_spec options_wait[] = {
	{ "ignore", 0, OPTION_FLAG, offsetof(struct wait_options, ignore), NULL,
	  "print -1 for a container that doesn't exist" },
};
static const struct command_usage usage_wait = {
	.name = "wait",
	.operands = "ID…",
	.summary = "Waits until containers have ended, and prints their exit statuses.",
	.options = options_wait,
	.option_count = ARRAY_SIZE(options_wait),
	.others = podman_wait_words,
	.options_size = sizeof(struct wait_options),
	.operands_min = 1,
	.operands_max = -1,
};
const struct command command_wait = { &usage_wait, cmd_wait, EXIT_STATUS_OTHER };
