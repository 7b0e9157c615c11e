// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/log_options.h"
#include "core/spec/spec_steps.h"

/* The drivers of podman and docker that keep a file for `logs`, as urun does. */
static const char *const file_drivers[] = { "k8s-file", "json-file", "local", NULL };

static int check_driver(const char *driver, struct error *err)
{
	if (str_equal(driver, "none") || str_find(file_drivers, driver) >= 0)
		return 0;
	if (str_equal(driver, "journald"))
		return spec_refuse(
			"log-driver", driver,
			"run the container in the foreground as a unit (systemd-run --user, "
			"or urun@.service): its output goes to the journal",
			err);
	if (str_starts_with(driver, "passthrough"))
		return spec_refuse("log-driver", driver,
				   "redirect stdout and stderr to a file: the container keeps them",
				   err);
	return spec_refuse("log-driver", driver, "expected none or k8s-file (urun's own log)", err);
}

/* Checks the option before it is part of a list. */
static int check_log_option(const char *text, struct error *err)
{
	struct error wrong = ERROR_NONE;
	struct log_options options;

	if (strchr(text, ',') || !str_starts_with(text, "max-size="))
		return spec_refuse(
			"log-opt", text,
			"expected max-size=SIZE: the log is in the state directory, and is "
			"rotated in four files",
			err);
	return log_options_parse(text, &options, &wrong) < 0
		       ? spec_refuse("log-opt", text, wrong.text, err)
		       : 0;
}

int spec_apply_log(const struct spec_options *options, struct container_config *config,
		   struct error *err)
{
	const struct str_list *words = &options->log_options;

	for (size_t i = 0; i < words->count; i++)
		if (check_log_option(words->items[i], err) < 0)
			return -1;
	if (options->log_driver && check_driver(options->log_driver, err) < 0)
		return -1;
	if (str_equal(options->log_driver, "none"))
		config_set_annotation(config, CONFIG_ANNOTATION_LOG, "none");
	else if (words->count)
		config_set_annotation(config, CONFIG_ANNOTATION_LOG,
				      words->items[words->count - 1]);
	return 0;
}
