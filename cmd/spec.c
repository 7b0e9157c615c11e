// SPDX-License-Identifier: Apache-2.0
#include "cmd/container_options.h"
#include "cmd/image_root.h"
#include "cmd/podman_words.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/spec/spec.h"

struct spec_request {
	const char *bundle;
	bool rootless;
	const char *network;
	struct str_list publish;
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
 * An image's config has its changes in memory, unless --overlay says otherwise: nothing tells when such a
 * config is thrown away.
 */
static int make_by_options(const struct call *call, struct strbuf *ret_text, struct error *err)
{
	struct spec_request *options = call->options;
	const struct container_options *container = &options->container;
	autoimageroot struct image_root root = IMAGE_ROOT_NONE;
	struct container_config config;
	int result;

	if (container->image &&
	    image_root_get(call->globals, container, PULL_MISSING, &root, err) < 0)
		return -1;
	if (image_root_config(&root, container, options->network, &options->publish,
			      &call->operands, &config, err) < 0)
		return -1;
	result = container_config_print(&config, ret_text, err);
	config_release(&config);
	return result;
}

/*
 * Makes the config that `run` with the same options runs; without options a config for a bundle, to
 * be edited.
 */
static int make_text(const struct call *call, struct strbuf *ret_text, struct error *err)
{
	const struct spec_request *options = call->options;
	bool by_options = container_is_by_options(&options->container);
	const char *given =
		options_given(call->usage, options, offsetof(struct spec_request, network),
			      sizeof(*options) - offsetof(struct spec_request, network));

	if (by_options && options->rootless)
		return error_set(err, 0, "spec: --rootless and %s exclude each other",
				 options->container.image ? "an image"
				 : call->marked		  ? "--"
							  : "--rootfs");
	if (by_options)
		return make_by_options(call, ret_text, err);
	if (given || call->operands.count)
		return error_set(err, 0,
				 "spec: %s%s is for a container without a bundle: --rootfs "
				 "DIR, --image NAME, or -- before the command, asks for one",
				 given ? "option --" : "", given ? given : call->operands.items[0]);
	return make_plain(options->rootless, ret_text, err);
}

static int cmd_spec(struct call *call, struct error *err)
{
	struct spec_request *options = call->options;
	autostrbuf struct strbuf text = { 0 };
	autofree char *path = path_join(options->bundle, "config.json");

	/* As in `run`: the host's own system is the root file system. */
	if (call->marked && !container_is_by_options(&options->container))
		options->container.rootfs = "/";
	if (image_root_settle(call, &options->container, true, err) < 0)
		return -1;
	return make_text(call, &text, err) < 0 ? -1 : container_config_save(path, &text, err);
}

static const struct option_spec options_spec[] = {
	{ "bundle", 'b', OPTION_STRING, offsetof(struct spec_request, bundle), "DIR",
	  "the bundle's directory (default: this one)" },
	{ "rootless", 0, OPTION_FLAG, offsetof(struct spec_request, rootless), NULL,
	  "as `runc spec --rootless`: the own id, the host's network and /sys" },
	{ "network", 0, OPTION_STRING, offsetof(struct spec_request, network), "NETWORK",
	  "none, host, slirp with options, or container:ID" },
	{ "publish", 'p', OPTION_LIST, offsetof(struct spec_request, publish), "PORTS",
	  "publish ports: [[IP:]HOST:]CONTAINER[/udp]" },
	CONTAINER_OPTION_SPECS(struct spec_request),
};
static const struct command_usage usage_spec = {
	.name = "spec",
	.operands = "[IMAGE [COMMAND…]], or [--rootfs DIR] -- [COMMAND…]",
	.summary = "Writes a config.json that runs as it stands, for its caller.",
	.options = options_spec,
	.option_count = ARRAY_SIZE(options_spec),
	.others = podman_run_words,
	.options_size = sizeof(struct spec_request),
	.option_defaults = &(const struct spec_request){ .bundle = "." },
	.order = OPTIONS_FIRST,
	.operands_max = -1,
};
const struct command command_spec = { &usage_spec, cmd_spec, EXIT_STATUS_OTHER };
