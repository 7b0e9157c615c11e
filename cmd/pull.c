// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/image_store.h"
#include "cmd/podman_words.h"
#include "core/base/size.h"
#include "core/base/str.h"
#include "core/pull/pull.h"

struct pull_options {
	const char *platform;
	const char *policy;
	const char *size_limit;
	bool quiet;
};

static int read_size_limit(const char *text, uint64_t *ret_limit, struct error *err)
{
	int64_t limit;

	if (!text)
		return 0;
	if (size_parse(text, &limit) < 0 || limit == 0)
		return error_set(err, 0,
				 "option --image-size-limit is a size such as 20g, not '%s'", text);
	*ret_limit = (uint64_t)limit;
	return 0;
}

static int read_policy(const char *text, enum pull_policy *ret_policy, struct error *err)
{
	if (pull_policy_parse(text ? text : "always", ret_policy, err) == 0)
		return 0;
	/* The option of `run` is --pull. */
	return error_set(err, 0, "option --policy is always, missing, newer or never, not '%s'",
			 text);
}

static int pull_one(struct opened_store *store, const struct image_request *request,
		    struct error *err)
{
	autoimage struct image image = { 0 };

	if (image_get(store->fd, request, store->userns, &image, err) < 0)
		return -1;
	/* The id, as podman prints it. */
	return command_print_id(image.stored->config.hex, err);
}

static int cmd_pull(struct call *call, struct error *err)
{
	const struct pull_options *options = call->options;
	autoopenedstore struct opened_store store = OPENED_STORE_NONE;
	struct image_request request = {
		.short_name = true,
		.platform = options->platform,
		.quiet = options->quiet,
	};
	int result = 0;

	if (read_policy(options->policy, &request.policy, err) < 0 ||
	    read_size_limit(options->size_limit, &request.size_limit, err) < 0 ||
	    opened_store_open(call->globals, PLACE_MAKE, &store, err) < 0 ||
	    opened_store_plan_userns(&store, err) < 0)
		return -1;
	for (size_t i = 0; i < call->operands.count; i++) {
		struct error failed = ERROR_NONE;

		request.name = call->operands.items[i];
		if (pull_one(&store, &request, &failed) < 0)
			result = command_fail_also(&failed, err);
	}
	/* A name that has another image now, and containers that were killed, leave layers and changes. */
	return result == 0 ? opened_store_collect(&store, err) : result;
}

static const struct option_spec options_pull[] = {
	{ "platform", 0, OPTION_STRING, offsetof(struct pull_options, platform), "OS/ARCH",
	  "of an image that has several; this machine's by default" },
	{ "policy", 0, OPTION_STRING, offsetof(struct pull_options, policy), "POLICY",
	  "always (default), missing, newer or never" },
	{ "image-size-limit", 0, OPTION_STRING, offsetof(struct pull_options, size_limit), "SIZE",
	  "refuse a layer that unpacks to more (32g)" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct pull_options, quiet), NULL,
	  "show no progress" },
};
static const struct command_usage usage_pull = {
	.name = "pull",
	.operands = "IMAGE…",
	.summary = "Gets images into the store, and prints their ids.",
	.options = options_pull,
	.option_count = ARRAY_SIZE(options_pull),
	.options_size = sizeof(struct pull_options),
	.others = podman_pull_words,
	.operands_min = 1,
	.operands_max = -1,
	.hint = "an image is docker://NAME, oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE "
		"or a short name",
};
const struct command command_pull = { &usage_pull, cmd_pull, EXIT_STATUS_OTHER };
