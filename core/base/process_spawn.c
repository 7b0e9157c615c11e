// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <spawn.h>

#include "core/base/process.h"

static int set_process_attributes(posix_spawnattr_t *attributes, enum process_group group)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	if (group == PROCESS_GROUP_NEW)
		flags |= POSIX_SPAWN_SETPGROUP;
	else if (group == PROCESS_SESSION_NEW)
		flags |= POSIX_SPAWN_SETSID;
	return posix_spawnattr_setsigmask(attributes, &none) ?:
	       posix_spawnattr_setsigdefault(attributes, &all) ?:
	       posix_spawnattr_setpgroup(attributes, 0) ?:
	       posix_spawnattr_setflags(attributes, flags);
}

static int set_process_descriptors(posix_spawn_file_actions_t *actions,
				   const struct process *process)
{
	int result = 0;

	for (size_t i = 0; i < process->fd_count && !result; i++)
		result = posix_spawn_file_actions_adddup2(actions, process->fds[i].ours,
							  process->fds[i].number);
	if (!result && process->close_from)
		result = posix_spawn_file_actions_addclosefrom_np(actions, process->close_from);
	return result;
}

/*
 * posix_spawn() shares our memory until execve (CLONE_VM | CLONE_VFORK), so no page table is
 * copied, and returns execve's errno.
 */
int process_spawn(const struct process *process, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int result = posix_spawnattr_init(&attributes);

	if (result)
		return -result;
	result = posix_spawn_file_actions_init(&actions);
	if (!result) {
		result = set_process_attributes(&attributes, process->group)
				 ?: set_process_descriptors(&actions, process);
		if (!result)
			result = posix_spawn(ret_pid, process->path, &actions, &attributes,
					     process->argv, process->envp);
		posix_spawn_file_actions_destroy(&actions);
	}
	posix_spawnattr_destroy(&attributes);
	return -result;
}
