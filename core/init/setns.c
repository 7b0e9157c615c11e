// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: setns.
 * We are root of the container's user namespace.  From child_join_mount_namespace() on we have its
 * root: what is opened by a path is the container's, and nothing of it is trusted.
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

static int prepare_session(struct child *child, struct error *err)
{
	if (setsid() < 0)
		return error_set(err, errno, "make a session");
	if (child->order.flags & ORDER_NEW_KEYRING)
		return join_session_keyring(child->sections[ORDER_ID], err);
	return 0;
}

/*
 * ORDER: in the container's mount namespace, and before child_find_program(), which looks for the
 * program with the user's groups.
 */
static int find_own_groups(struct child *child, struct error *err)
{
	struct config_user *user = child->config.process->user;
	autoclose int root = -1;

	if (!(child->order.flags & ORDER_OWN_GROUPS))
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_set(err, errno, "open the container's root");
	return user_find_groups(root, child_groups(child), &child->config.arena, user, err);
}

static int make_console(struct child *child, struct error *err)
{
	const struct config_process *process = child->config.process;
	autoclose int root = -1, slave = -1;

	if (!process->terminal)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_set(err, errno, "open the container's root");
	if (console_create(root, process->console_size, &child->console_master, &slave, err) < 0 ||
	    console_set_owner(slave, (uid_t)process->user->uid.value, err) < 0)
		return -1;
	return console_attach(slave, err);
}

/* The story of `exec`'s process. */
int setns_run(struct child *child, struct error *err)
{
	if (!child->config.process)
		return error_set(err, EPROTO, "sync pipe: config without a process");
	/* ORDER: the container's root first, then its pid namespace, in which the container sees us. */
	if (child_join_mount_namespace(child, err) < 0 || join_pid_namespace(child, err) < 0 ||
	    prepare_session(child, err) < 0 ||
	    limits_set_oom_score_adj(child->config.process, err) < 0 ||
	    find_own_groups(child, err) < 0 || make_console(child, err) < 0 ||
	    label_open(child->config.process, &child->label, err) < 0 ||
	    child_find_program(child, err) < 0 || child_send_ready(child, err) < 0 ||
	    child_await_run(child, err) < 0 || child_become_program(child, err) < 0)
		return -1;
	return program_exec(&child->program, err);
}
