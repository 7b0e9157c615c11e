// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: setns, the process of `exec`.
 *
 * We are root of the container's user namespace.  From self_join_mount_namespace() on our root is the
 * container's: every file that a path leads to is the container's, and isn't trusted.
 */
#include "core/init/setns.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/init/join.h"
#include "core/init/limits.h"
#include "core/init/namespace.h"
#include "core/rootfs/console.h"
#include "core/rootfs/user.h"

/*
 * ORDER: in the container's mount namespace, and before self_find_program(), which looks for the
 * program with the user's ids and groups.
 */
static int find_exec_account(struct self *self, struct error *err)
{
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return error_set(err, errno, "open the container's root");
	/* The container's first process has told already what can't be done for its user. */
	return self_find_account(self, root, LOG_LEVEL_DEBUG, err);
}

static int make_exec_console(struct self *self, struct error *err)
{
	const struct config_process *process = self->config.process;
	autoclose int root = -1, slave = -1;

	if (!process->terminal)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_set(err, errno, "open the container's root");
	if (console_create(root, process->console_size, self_console_reader(self),
			   &self->console_master, &slave, err) < 0 ||
	    console_set_owner(slave, (uid_t)process->user->uid.value, err) < 0)
		return -1;
	return console_attach(slave, err);
}

/*
 * The story of the process of `exec`.
 * ORDER: the container's root comes first, then the pid namespace, in which the container sees us.
 */
int setns_run(struct self *self, struct error *err)
{
	const struct config_process *process = self->config.process;

	if (!process)
		return error_set(err, EPROTO, "sync pipe: config without a process");
	self_read_maps(self);
	if (self_join_mount_namespace(self, err) < 0 || join_pid_namespace(self, err) < 0)
		return -1;
	if (setsid() < 0)
		return error_set(err, errno, "make a session");
	if ((self->order.flags & ORDER_NEW_KEYRING) &&
	    join_session_keyring(self->sections[ORDER_ID], err) < 0)
		return -1;
	/* clang-format off */
	if (limits_set_oom_score_adj(process, err) < 0 ||
	    find_exec_account(self, err) < 0 ||
	    make_exec_console(self, err) < 0 ||
	    label_open(process, &self->label, err) < 0 ||
	    self_find_program(self, err) < 0 ||
	    self_send_ready(self, err) < 0 ||
	    self_await_run(self, err) < 0 ||
	    self_become_program(self, err) < 0)
		return -1;
	/* clang-format on */
	return program_exec(&self->program, err);
}
