// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <stdio.h>

#include "cmd/command.h"
#include "core/base/signal.h"
#include "core/base/str.h"
#include "core/container/state.h"
#include "core/container/stop.h"

struct stop_options {
	const char *time;
	const char *signal;
	bool all;
	bool ignore;
};

static int make_request(const struct stop_options *options, struct stop_request *request,
			struct error *err)
{
	if (stop_request_set_time(request, options->time, err) < 0)
		return error_prefix(err, "stop");
	if (!options->signal)
		return 0;
	if (signal_parse(options->signal, &request->signal, err) < 0)
		return error_prefix(err, "stop");
	if (request->signal == 0 || request->signal == SIGSTOP || request->signal == SIGCONT)
		return error_set(err, 0, "stop: signal %s ends no program", options->signal);
	return 0;
}

struct reporter {
	struct error *err;
	int result;
};

static void report_stopped(const char *id, const struct error *failure, void *context)
{
	struct reporter *reporter = context;
	struct error unprinted = ERROR_NONE;

	if (!failure && command_print_id(id, &unprinted) < 0)
		failure = &unprinted;
	if (failure)
		reporter->result = command_fail_also(failure, reporter->err);
}

static int cmd_stop(struct call *call, struct error *err)
{
	const struct stop_options *options = call->options;
	struct reporter reporter = { .err = err };
	const struct str_list *ids = &call->operands;
	autotextlist struct str_list all = { 0 };
	struct stop_request request = { .ignores_unknown = options->ignore };

	if (options->all ? ids->count > 0 : ids->count == 0)
		return error_set(err, 0, "stop: expected %s (see 'urun stop --help')",
				 options->all ? "no ID with --all" : "ID…, or --all");
	if (make_request(options, &request, err) < 0)
		return -1;
	if (options->all && state_list(call->globals->root, &all, err) < 0)
		return -1;
	if (options->all)
		ids = &all;
	container_stop(call->globals->root, ids, &request, report_stopped, &reporter);
	return reporter.result;
}

static const struct option_spec options_stop[] = {
	{ "time", 't', OPTION_STRING, offsetof(struct stop_options, time), "SECONDS",
	  "how long to wait before the container is killed (default: 10); -1: without end" },
	{ "timeout", 0, OPTION_STRING, offsetof(struct stop_options, time), "SECONDS",
	  "the same as --time" },
	{ "signal", 's', OPTION_STRING, offsetof(struct stop_options, signal), "SIGNAL",
	  "what to send in place of the container's stop signal" },
	{ "ignore", 'i', OPTION_FLAG, offsetof(struct stop_options, ignore), NULL,
	  "no error where a container doesn't exist" },
	{ "all", 'a', OPTION_FLAG, offsetof(struct stop_options, all), NULL, "all containers" },
};
static const struct command_usage usage_stop = {
	.name = "stop",
	.operands = "ID…",
	.summary = "Ends containers: by their stop signal, then by force.",
	.options = options_stop,
	.option_count = ARRAY_SIZE(options_stop),
	.options_size = sizeof(struct stop_options),
	.operands_max = -1,
};
const struct command command_stop = { &usage_stop, cmd_stop, EXIT_STATUS_OTHER };
