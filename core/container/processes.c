// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/processes.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/directory.h"
#include "core/base/number.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/cgroup/tree.h"
#include "core/sync/message.h"

/* About 200 ms in all; only a program that has our own name is waited for so long. */
#define EXEC_TRIES_MAX 2000

/* Returns 0 where there is no such process, or where we may not look. */
static ino_t pid_namespace_of(pid_t pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static int list_by_namespace(pid_t init, pid_t **ret_pids, size_t *ret_count, struct error *err)
{
	ino_t wanted = pid_namespace_of(init);
	autodir DIR *stream = opendir("/proc");
	autofree pid_t *pids = NULL;
	size_t count = 0;

	if (!stream)
		return error_set(err, errno, "read /proc");
	for (struct dirent *entry; wanted && (entry = readdir(stream));) {
		uint32_t pid;

		if (number_parse_u32(entry->d_name, INT32_MAX, &pid) < 0 ||
		    pid_namespace_of((pid_t)pid) != wanted)
			continue;
		pids = mem_resize(pids, count + 1, sizeof(*pids));
		pids[count++] = (pid_t)pid;
	}
	*ret_pids = take_ptr(pids);
	*ret_count = count;
	return 0;
}

int processes_list(const struct container_state *state, pid_t **ret_pids, size_t *ret_count,
		   struct error *err)
{
	*ret_pids = NULL;
	*ret_count = 0;
	if (state->cgroup)
		return cgroup_pids(state->cgroup, ret_pids, ret_count, err);
	if (state->own_pid_namespace)
		return list_by_namespace((pid_t)state->pid.value, ret_pids, ret_count, err);
	return error_set(err, 0,
			 "the processes of container %s can't be told from others: it has neither "
			 "a cgroup nor a pid namespace of its own",
			 state->id);
}

bool program_is_executed(pid_t pid)
{
	struct process_stat stat;

	return process_read_stat(pid, &stat) == 0 && !str_equal(stat.name, INIT_COMM);
}

/*
 * The pipe is closed by execve(2), or by the end of a process that could not even send an error,
 * since the container's filter may refuse that too.  A process that ends keeps the name that it
 * gave itself, and is a zombie until its parent reaps it.  The kernel closes the pipe a moment
 * before execve(2) changes the name.
 */
bool program_was_executed(pid_t pid)
{
	const struct timespec moment = { .tv_nsec = 100 * 1000 };
	struct process_stat stat;

	for (int tries = 0; tries < EXEC_TRIES_MAX; tries++) {
		if (process_read_stat(pid, &stat) < 0 || !str_equal(stat.name, INIT_COMM))
			return true;
		if (stat.state == 'Z' || stat.state == 'X')
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}
