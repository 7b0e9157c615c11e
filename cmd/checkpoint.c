// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"

/*
 * Engines find out whether a runtime has these commands by `checkpoint --help` and `restore
 * --lsm-mount-context`: success, or a complaint about a missing argument, means yes to them.  So no
 * option is parsed here, not even --help, and the answer is always no.
 */
static int cmd_not_supported(struct call *call, struct error *err)
{
	return error_set(
		err, 0,
		"%s is not supported: CRIU needs CAP_CHECKPOINT_RESTORE in the host's user "
		"namespace, and urun is rootless",
		call->usage->name);
}

static const struct command_usage usage_checkpoint = { .name = "checkpoint",
						       .order = OPTIONS_UNPARSED };
static const struct command_usage usage_restore = { .name = "restore", .order = OPTIONS_UNPARSED };

const struct command command_checkpoint = { &usage_checkpoint, cmd_not_supported,
					    EXIT_STATUS_OTHER };
const struct command command_restore = { &usage_restore, cmd_not_supported, EXIT_STATUS_OTHER };
