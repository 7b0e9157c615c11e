// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/command.h"
#include "core/base/inherit.h"
#include "core/base/mountinfo.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/init/program.h"
#include "rootless/userns_enter.h"

/* The user's shell; a login without one has sh. */
static char *shell_of_caller(void)
{
	const char *shell = getenv("SHELL");

	return str_dup(shell && shell[0] ? shell : "/bin/sh");
}

/* Process boundary: from here on the process is the user's command. */
static int execute(char *const *argv, struct error *err)
{
	int failed;

	inherit_restore_signals();
	execvp(argv[0], argv);
	failed = errno;
	/* execvp(3) says EACCES also where no directory has the file, and one may not be searched. */
	if (failed == EACCES && !strchr(argv[0], '/') && !path_list_has(getenv("PATH"), argv[0]))
		failed = ENOENT;
	error_set(err, failed, "execute %s", argv[0]);
	err->status =
		err->code == ENOENT ? PROGRAM_STATUS_NOT_FOUND : PROGRAM_STATUS_CANNOT_EXECUTE;
	return -1;
}

static int cmd_unshare(struct call *call, struct error *err)
{
	autofree struct userns_caller *caller = mem_alloc(sizeof(*caller));
	autofree struct userns_plan *plan = mem_alloc(sizeof(*plan));
	autofree char *shell = shell_of_caller();
	char *const alone[] = { shell, NULL };

	/* A file system that is mounted in the new namespace, too, can be unmounted on the host. */
	if (userns_caller_read(&HOST_REAL, caller, err) < 0 ||
	    userns_plan_default(caller, plan, err) < 0 || userns_enter(plan, err) < 0 ||
	    mount_make_namespace(err) < 0)
		return -1;
	return execute(call->operands.count > 0 ? call->operands.items : alone, err);
}

static const struct command_usage usage_unshare = {
	.name = "unshare",
	.operands = "[PROGRAM [ARG…]]",
	.summary = "Runs a program as root of your own ids and subids, for files that containers "
		   "have made.",
	.order = OPTIONS_FIRST, /* the words behind the program are its own */
	.operands_max = -1,
};
const struct command command_unshare = { &usage_unshare, cmd_unshare, EXIT_STATUS_RUN };
