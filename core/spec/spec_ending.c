// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <signal.h>
#include <string.h>

#include "core/base/number.h"
#include "core/base/signal.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/ending.h"
#include "core/spec/spec_steps.h"

/*
 * Programs that are made to be the first process of their pid namespace, by the last part of their
 * path.  Some refuse to be anything else, others warn.
 */
static const char *const first_processes[] = {
	"catatonit", "docker-init", "dumb-init", "init",	"openrc-init", "runit-init",
	"s6-svscan", "systemd",	    "tini",	 "tini-static", NULL,
};

static bool is_first_process(const struct config_process *process)
{
	const char *path = process->args.count ? process->args.items[0] : "";
	const char *name = strrchr(path, '/');

	return str_find(first_processes, name ? name + 1 : path) >= 0;
}

/* What is wrong with a stop signal; NULL: nothing.  The text can be @wrong's. */
static const char *fault_of_stop_signal(const char *text, struct error *wrong)
{
	int signal;

	if (signal_parse(text, &signal, wrong) < 0)
		return wrong->text;
	return signal == 0 || signal == SIGSTOP || signal == SIGCONT
		       ? "a signal that ends no program"
		       : NULL;
}

static int set_stop_signal(const struct spec_options *options, struct container_config *config,
			   struct error *err)
{
	const char *of_image = options->image ? options->image->config->stop_signal : NULL;
	const char *text = options->stop_signal ? options->stop_signal : of_image;
	struct error wrong = ERROR_NONE;
	const char *fault = text ? fault_of_stop_signal(text, &wrong) : NULL;

	if (fault && options->stop_signal)
		return spec_refuse("stop-signal", text, fault, err);
	if (fault) {
		error_set(err, 0, "the image's StopSignal %s: %s", text, fault);
		return error_hint(err, "--stop-signal gives another");
	}
	if (text)
		config_set_annotation(config, CONFIG_ANNOTATION_STOP_SIGNAL, text);
	return 0;
}

static int set_stop_timeout(const char *text, struct container_config *config, struct error *err)
{
	uint32_t seconds;

	if (ending_parse_seconds(text, &seconds) < 0)
		return spec_refuse("stop-timeout", text,
				   "expected a number of seconds; -1 means without end", err);
	config_set_annotation(config, CONFIG_ANNOTATION_STOP_TIMEOUT, text);
	return 0;
}

static int set_timeout(const char *text, struct container_config *config, struct error *err)
{
	uint32_t seconds;

	if (number_parse_u32(text, INT32_MAX, &seconds) < 0)
		return spec_refuse("timeout", text,
				   "expected a number of seconds; 0 means without end", err);
	config_set_annotation(config, CONFIG_ANNOTATION_TIMEOUT, text);
	return 0;
}

int spec_apply_ending(const struct spec_options *options, struct container_config *config,
		      struct error *err)
{
	bool init = options->init ? str_equal(options->init, "true")
				  : !is_first_process(config->process);

	config_set_annotation(config, CONFIG_ANNOTATION_INIT, init ? "true" : "false");
	if (set_stop_signal(options, config, err) < 0)
		return -1;
	if (options->stop_timeout && set_stop_timeout(options->stop_timeout, config, err) < 0)
		return -1;
	return options->timeout ? set_timeout(options->timeout, config, err) : 0;
}
