// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_caller_env.h"
#include "core/spec/spec_steps.h"

/*
 * The fault of a name; NULL: it has none.  Programs read odd names such as a.b, which podman takes
 * too.  But a blank is never meant: it comes from "export NAME=VALUE" of a shell's file, or from
 * blanks around the "=".
 */
static const char *fault_of_name(const char *name)
{
	if (!*name)
		return "expected NAME=VALUE";
	if (str_starts_with(name, "export") && isspace((unsigned char)name[strlen("export")]))
		return "expected NAME=VALUE, without a shell's word `export`";
	for (const char *c = name; *c; c++)
		if (isspace((unsigned char)*c))
			return "a name has no blanks: expected NAME=VALUE";
	return NULL;
}

/*
 * @text is NAME=VALUE, or NAME alone: then the caller's own variable is copied, and nothing is set
 * if the caller doesn't have the variable.  Returns the text's fault; NULL: it has none.
 */
static const char *add_variable(const char *text, struct container_config *config)
{
	autofree char *name = str_dup(text);
	char *given = strchr(name, '=');
	const char *value, *fault;

	if (given)
		*given = '\0';
	fault = fault_of_name(name);
	value = given ? given + 1 : getenv(name);
	if (fault || !value)
		return fault;
	config_set_env(config, name, value);
	/* A TERM that is asked for by name is kept, whatever the container knows. */
	if (str_equal(name, "TERM"))
		config_remove_annotation(config, CONFIG_ANNOTATION_TERM);
	return NULL;
}

/* Editors on Windows begin a file with it. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static int read_lines(const char *option, const char *path, char **ret_text, struct error *err)
{
	autofree char *text = NULL;
	size_t size;
	int failed = fd_read_file(path, SPEC_FILE_SIZE_MAX, &text, &size);

	if (failed < 0)
		return error_set(err, -failed, "--%s %s", option, path);
	if (strlen(text) != size)
		return error_set(err, 0, "--%s %s: it has a NUL byte: this is no text", option,
				 path);
	if (str_starts_with(text, BYTE_ORDER_MARK))
		memmove(text, text + strlen(BYTE_ORDER_MARK), size - strlen(BYTE_ORDER_MARK) + 1);
	*ret_text = take_ptr(text);
	return 0;
}

/* Cuts the next line off the front of *@rest; NULL at the end. */
static char *cut_option_line(char **rest, size_t *number)
{
	for (char *line; (line = strsep(rest, "\n"));) {
		size_t length = strlen(line);

		++*number;
		if (length && line[length - 1] == '\r')
			line[length - 1] = '\0';
		while (isspace((unsigned char)*line))
			line++;
		if (*line && *line != '#')
			return line;
	}
	return NULL;
}

int spec_take_lines(const char *option, const char *path, spec_take_line *take,
		    struct container_config *config, struct error *err)
{
	autofree char *text = NULL;
	size_t number = 0;
	char *rest;

	if (read_lines(option, path, &text, err) < 0)
		return -1;
	rest = text;
	for (char *line; (line = cut_option_line(&rest, &number));)
		if (take(path, number, line, config, err) < 0)
			return -1;
	return 0;
}

static int add_env_line(const char *path, size_t number, const char *line,
			struct container_config *config, struct error *err)
{
	const char *fault = add_variable(line, config);

	/* The value may be a secret. */
	return fault ? error_set(err, 0, "--env-file %s:%zu: %.*s: %s", path, number,
				 (int)strcspn(line, "="), line, fault)
		     : 0;
}

int spec_add_variables(const struct str_list *files, const struct str_list *variables,
		       struct container_config *config, struct error *err)
{
	/* ORDER: files first, so that --env overrides a line of a file, as in podman. */
	for (size_t i = 0; i < files->count; i++)
		if (spec_take_lines("env-file", files->items[i], add_env_line, config, err) < 0)
			return -1;
	for (size_t i = 0; i < variables->count; i++) {
		const char *fault = add_variable(variables->items[i], config);

		if (fault)
			return spec_refuse("env", variables->items[i], fault, err);
	}
	return 0;
}

/* Takes default variables away; --env and --env-file can set them again. */
static void unset_defaults(const struct spec_words *words, struct container_config *config)
{
	struct str_list *env = &config->process->env;
	size_t kept = 0;

	for (size_t i = 0; i < env->count; i++) {
		bool unset = words->unset_env_all;

		for (size_t j = 0; !unset && j < words->unset_env.count; j++) {
			size_t length = strlen(words->unset_env.items[j]);

			unset = strncmp(env->items[i], words->unset_env.items[j], length) == 0 &&
				env->items[i][length] == '=';
		}
		if (!unset)
			env->items[kept++] = env->items[i];
	}
	env->count = kept;
	if (!config_env(config->process, "TERM"))
		config_remove_annotation(config, CONFIG_ANNOTATION_TERM);
}

/* ORDER: as in podman-run(1), "Environment": a later source replaces an earlier one. */
int spec_apply_env(const struct spec_options *options, const struct spec_caller *caller,
		   const struct spec_account *account, const struct spec_cdi *cdi,
		   struct container_config *config, struct error *err)
{
	bool has_host_env =
		options->env_host ? str_equal(options->env_host, "true") : account->is_sandbox;

	if (has_host_env)
		spec_env_add_caller(&caller->env, account->is_sandbox ? account->home : NULL,
				    config);
	spec_env_add_locale(&caller->env, config);
	/* The terminal is the caller's terminal, so its type is the caller's TERM. */
	spec_env_add_term(&caller->env, config);
	if (!str_equal(options->http_proxy, "false"))
		spec_env_add_proxies(&caller->env, config);
	if (options->image)
		spec_image_add_env(options->image->config, config);
	unset_defaults(&options->words, config);
	spec_add_cdi_env(cdi, config);
	spec_add_home_env(options, caller, config);
	return spec_add_variables(&options->env_files, &options->env, config, err);
}
