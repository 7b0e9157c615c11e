// SPDX-License-Identifier: Apache-2.0
#include "cmd/container_options.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/spec/spec.h"

struct spec_request {
	const char *bundle;
	bool rootless;
	const char *network;
	struct container_options container;
};

static int make_plain(bool rootless, struct strbuf *ret_text, struct error *err)
{
	struct arena arena = { 0 };
	struct container_config config = { 0 };
	struct spec_input input;
	int result = spec_input_of_host(rootless, &arena, &input, err);

	if (result == 0) {
		input.network = rootless ? NULL : spec_network_of_host();
		result = spec_config(&input, &config, err);
	}
	if (result == 0)
		config_print(&config, JSON_INDENTED, ret_text);
	config_release(&config);
	arena_release(&arena);
	return result;
}

/*
 * Makes the config that `run` with the same options runs; without options a config for a bundle, to
 * be edited.
 */
static int make_text(const struct call *call, struct strbuf *ret_text, struct error *err)
{
	const struct spec_request *options = call->options;
	const char *given =
		options_given(call->usage, options, offsetof(struct spec_request, network),
			      sizeof(*options) - offsetof(struct spec_request, network));
	struct container_config config;
	int result;

	if (options->container.rootfs && options->rootless)
		return error_set(err, 0, "spec: --rootless and --rootfs exclude each other");
	if (options->container.rootfs) {
		if (container_options_config(&options->container, options->network, &call->operands,
					     &config, err) < 0)
			return -1;
		result = container_config_print(&config, ret_text, err);
		config_release(&config);
		return result;
	}
	if (given || call->operands.count)
		return error_set(err, 0,
				 "spec: %s%s is for a container without a bundle: --rootfs "
				 "DIR is missing",
				 given ? "option --" : "", given ? given : call->operands.items[0]);
	return make_plain(options->rootless, ret_text, err);
}

static int cmd_spec(struct call *call, struct error *err)
{
	const struct spec_request *options = call->options;
	autostrbuf struct strbuf text = { 0 };
	autofree char *path = path_join(options->bundle, "config.json");

	return make_text(call, &text, err) < 0 ? -1 : container_config_save(path, &text, err);
}

static const struct option_spec options_spec[] = {
	{ "bundle", 'b', OPTION_STRING, offsetof(struct spec_request, bundle), "DIR",
	  "the bundle's directory (default: this one)" },
	{ "rootless", 0, OPTION_FLAG, offsetof(struct spec_request, rootless), NULL,
	  "as `runc spec --rootless`: the own id, the host's network and /sys" },
	{ "network", 0, OPTION_STRING, offsetof(struct spec_request, network), "NETWORK",
	  "none, host, or slirp with options" },
	CONTAINER_OPTION_SPECS(struct spec_request),
};
static const struct command_usage usage_spec = {
	.name = "spec",
	.operands = "[--rootfs DIR [COMMAND…]]",
	.summary = "Writes a config.json that runs as it stands, for its caller.",
	.options = options_spec,
	.option_count = ARRAY_SIZE(options_spec),
	.options_size = sizeof(struct spec_request),
	.option_defaults = &(const struct spec_request){ .bundle = "." },
	.order = OPTIONS_FIRST,
	.operands_max = -1,
};
const struct command command_spec = { &usage_spec, cmd_spec, EXIT_STATUS_OTHER };
