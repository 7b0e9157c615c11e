// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_steps.h"

/*
 * @text is NAME=VALUE, or NAME alone: then the caller's own variable is copied, and nothing is set
 * if the caller doesn't have the variable.
 */
static int add_variable(const char *option, const char *text, struct container_config *config,
			struct error *err)
{
	autofree char *name = str_dup(text);
	char *given = strchr(name, '=');
	const char *value;

	if (given)
		*given = '\0';
	if (!*name)
		return spec_refuse(option, text, "expected NAME=VALUE", err);
	value = given ? given + 1 : getenv(name);
	if (value)
		config_set_env(config, name, value);
	return 0;
}

/* A variable a line; empty lines and lines that begin with # are comments. */
static int add_env_file(const char *path, struct container_config *config, struct error *err)
{
	autofree char *text = NULL;
	size_t size;
	int failed = fd_read_file(path, SPEC_FILE_SIZE_MAX, &text, &size);

	if (failed < 0)
		return error_set(err, -failed, "--env-file %s", path);
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		while (isspace((unsigned char)*line))
			line++;
		if (*line && *line != '#' && add_variable("env-file", line, config, err) < 0)
			return -1;
	}
	return 0;
}

int spec_apply_env(const struct spec_options *options, struct container_config *config,
		   struct error *err)
{
	/* The terminal is the caller's terminal, so its type is the caller's TERM. */
	if (add_variable("env", "TERM", config, err) < 0)
		return -1;
	/* ORDER: files first, so that --env overrides a line of a file, as in podman. */
	for (size_t i = 0; i < options->env_files.count; i++)
		if (add_env_file(options->env_files.items[i], config, err) < 0)
			return -1;
	for (size_t i = 0; i < options->env.count; i++)
		if (add_variable("env", options->env.items[i], config, err) < 0)
			return -1;
	return 0;
}
