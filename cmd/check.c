// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <unistd.h>

#include "cmd/create_options.h"
#include "cmd/podman_words.h"
#include "core/base/str.h"
#include "core/spec/spec_fields.h"

/* Any id will do: the id isn't checked. */
#define CHECK_ID "check"

static int check_request(const struct globals *globals, struct create_options *options,
			 struct container_config *config, struct strbuf *explanation,
			 struct error *err)
{
	struct create_paths paths = { 0 };
	struct create_request request;
	int result = create_request_make(globals, options, CHECK_ID, &paths, &request, err);

	if (result == 0) {
		request.mode = CREATE_RUN;
		request.config = config;
		request.child.foreground = !options->detach;
		/* As run_detached() has it. */
		request.child.keeps_console =
			options->detach && container_is_by_options(&options->container);
		result = container_check(&request, options->explain ? explanation : NULL, err);
	}
	create_paths_release(&paths);
	return result;
}

/* Makes the config that the container would have.  An image that the store doesn't have isn't pulled. */
static int check_config(const struct call *call, struct image_root *root,
			struct container_config *ret_config, struct error *problems)
{
	struct create_options *options = call->options;
	const struct container_options *container = &options->container;

	if (container->image) {
		if (image_root_get(call->globals, container, PULL_NEVER, root, problems) < 0)
			return problems->code == ENOENT && !container->pull
				       ? error_hint(problems,
						    "check pulls nothing: `urun pull %s` gets it",
						    container->image)
				       : -1;
		options->bundle = root->spec.layers.items[0];
	}
	return image_root_config(root, container, options->network, &options->publish,
				 &call->operands, ret_config, problems);
}

/* @problems is an error that gathers all failures. */
static int check_settled(const struct call *call, struct strbuf *explanation,
			 struct error *problems)
{
	struct create_options *options = call->options;
	autoimageroot struct image_root root = IMAGE_ROOT_NONE;
	struct container_config config;
	int result;

	if (options->save_config && access(options->save_config, F_OK) == 0)
		error_gather(problems,
			     error_set(problems, 0, "--save-config: %s is not overwritten",
				       options->save_config));
	if (!container_is_by_options(&options->container))
		return check_request(call->globals, options, NULL, explanation, problems);
	/* Without a config there is nothing more to check. */
	if (check_config(call, &root, &config, problems) < 0) {
		error_gather(problems, -1);
		return 0;
	}
	result = check_request(call->globals, options, &config, explanation, problems);
	config_release(&config);
	return result;
}

static int print_problems(const struct error_list *problems, struct strbuf *text, struct error *err)
{
	char line[ERROR_LINE_SIZE];

	for (size_t i = 0; i < problems->count; i++)
		strbuf_addf(text, "%s\n", error_format(&problems->items[i], line));
	if (problems->count == 0)
		strbuf_add_str(text, "no problem found\n");
	return command_print(text->bytes, err);
}

static int cmd_check(struct call *call, struct error *err)
{
	struct create_options *options = call->options;
	struct error_list problems = { 0 };
	struct error gathering = { .all = &problems };
	autostrbuf struct strbuf text = { 0 };
	int result = run_options_settle(call, err);

	if (result != 0)
		return result;
	if (!container_is_by_options(&options->container) && call->operands.count > 0) {
		if (options->bundle)
			return error_set(err, 0, "check: BUNDLE and --bundle exclude each other");
		options->bundle = call->operands.items[0];
	}
	error_gather(&gathering, check_settled(call, &text, &gathering));
	for (size_t i = 0; container_is_by_options(&options->container) && i < problems.count; i++)
		spec_fields_to_options(&problems.items[i]);
	result = print_problems(&problems, &text, err);
	call->status = problems.count ? EXIT_STATUS_OTHER : 0;
	error_list_release(&problems);
	return result;
}

static const struct option_spec options_check[] = {
	RUN_OPTION_SPECS,
	{ "explain", 0, OPTION_FLAG, CREATE_OPTION(explain), NULL,
	  "print the container that it would be, and what was fitted" },
};
static const struct command_usage usage_check = {
	.name = "check",
	.operands = "IMAGE [COMMAND…], -- [COMMAND…], or [BUNDLE]",
	.summary = "Tells every problem that a bundle or options have on this host.",
	.options = options_check,
	.option_count = ARRAY_SIZE(options_check),
	.others = podman_run_words,
	.options_size = sizeof(struct create_options),
	.order = OPTIONS_FIRST,
	.operands_max = -1,
};
const struct command command_check = { &usage_check, cmd_check, EXIT_STATUS_OTHER };
