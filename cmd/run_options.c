// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "cmd/create_options.h"
#include "core/base/str.h"

/*
 * Is it `run -- COMMAND`, without a config.json?  Then the host's own system is the root file
 * system.
 */
static bool means_host(const struct call *call)
{
	const struct create_options *options = call->options;

	/* The word before the operands is an option, "--", or the command's name. */
	return !options->container.rootfs && !options->bundle && !options->config &&
	       str_equal(call->operands.items[-1], "--") && access("config.json", F_OK) < 0;
}

/* Refuses options that write a config where there is a bundle: they would have no effect. */
static int refuse_container_options(const struct command_usage *command,
				    const struct create_options *options, struct error *err)
{
	const char *given = options_given(command, options, offsetof(struct create_options, name),
					  sizeof(*options) - offsetof(struct create_options, name));

	if (options->container.rootfs)
		return error_set(err, 0,
				 "%s: --rootfs is for a container without a bundle, and "
				 "stands before the command",
				 command->name);
	if (given)
		return error_set(err, 0,
				 "%s: option --%s is for a container without a bundle: "
				 "--rootfs DIR is missing",
				 command->name, given);
	return 0;
}

/* The operands are the id, and options of the bundle behind it. */
static int settle_bundle(struct call *call, struct error *err)
{
	const struct command_usage *command = call->usage;
	int count = (int)call->operands.count, parsed, rest;

	if (refuse_container_options(command, call->options, err) < 0)
		return -1;
	if (count == 0)
		return 0;
	parsed = options_parse(command, OPTIONS_ANYWHERE, count, call->operands.items,
			       call->options, &rest, err);
	if (parsed != 0)
		return parsed;
	if (rest < count)
		return error_set(err, 0,
				 "%s: unexpected operand '%s': a bundle's program is its "
				 "config's (see 'urun %s --help')",
				 command->name, call->operands.items[rest], command->name);
	return refuse_container_options(command, call->options, err);
}

static int settle_no_bundle(const struct command_usage *command, struct create_options *options,
			    struct error *err)
{
	if (options->bundle || options->config)
		return error_set(err, 0,
				 "%s: --rootfs is for a container without a bundle: --%s "
				 "can't be given too",
				 command->name, options->bundle ? "bundle" : "config");
	options->bundle = options->container.rootfs;
	/* The shell gets its terminal back as soon as urun returns. */
	if (options->detach && !options->console_socket && !options->container.tty)
		options->container.tty = "false";
	return 0;
}

int run_options_settle(struct call *call, struct error *err)
{
	struct create_options *options = call->options;
	int result;

	if (means_host(call))
		options->container.rootfs = "/";
	result = options->container.rootfs ? settle_no_bundle(call->usage, options, err)
					   : settle_bundle(call, err);
	if (result == 0 && options->detach && str_equal(options->die_with_parent, "true"))
		return error_set(err, 0,
				 "%s: --detach and --die-with-parent exclude each other: "
				 "urun ends at once where it detaches",
				 call->usage->name);
	return result;
}
