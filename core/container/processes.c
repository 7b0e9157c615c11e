// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/cgroup/tree.h"
#include "core/config/ending.h"
#include "core/sync/message.h"

/* About 200 ms in all; only a program that has our own name is waited for so long. */
#define EXEC_TRIES_MAX 2000

/* A killed process ends at once, unless it is in uninterruptible sleep. */
#define END_WAIT_MS 1000

/* Returns 0 where there is no such process, or where we may not look. */
static ino_t pid_namespace_of(pid_t pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

void process_table_release(struct process_table *table)
{
	free(table->rows);
	*table = (struct process_table){ 0 };
}

static int compare_rows(const void *a, const void *b)
{
	const struct process_table_row *one = a, *other = b;

	if (one->pid_namespace != other->pid_namespace)
		return one->pid_namespace < other->pid_namespace ? -1 : 1;
	return one->pid < other->pid ? -1 : one->pid > other->pid;
}

/* The next process in /proc; 0 at the end. */
static pid_t next_process(DIR *proc)
{
	uint32_t pid;

	for (struct dirent *entry; (entry = readdir(proc));)
		if (number_parse_u32(entry->d_name, INT32_MAX, &pid) == 0)
			return (pid_t)pid;
	return 0;
}

static int read_table(struct process_table *table, struct error *err)
{
	autodir DIR *stream = opendir("/proc");
	size_t room = 256;

	if (!stream)
		return error_set(err, errno, "read /proc");
	table->rows = mem_resize(NULL, room, sizeof(*table->rows));
	for (pid_t pid; (pid = next_process(stream));) {
		ino_t namespace = pid_namespace_of(pid);

		if (!namespace)
			continue;
		if (table->count == room) {
			room *= 2;
			table->rows = mem_resize(table->rows, room, sizeof(*table->rows));
		}
		table->rows[table->count++] = (struct process_table_row){ namespace, pid };
	}
	qsort(table->rows, table->count, sizeof(*table->rows), compare_rows);
	return 0;
}

/* The first row of the namespace, or of the next one. */
static size_t first_row(const struct process_table *table, uint64_t pid_namespace)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->rows[middle].pid_namespace < pid_namespace)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int list_by_namespace(struct process_table *table, pid_t init, pid_t **ret_pids,
			     size_t *ret_count, struct error *err)
{
	ino_t wanted = pid_namespace_of(init);
	size_t first, count = 0;

	if (!wanted)
		return 0;
	if (!table->rows && read_table(table, err) < 0)
		return -1;
	first = first_row(table, wanted);
	while (first + count < table->count && table->rows[first + count].pid_namespace == wanted)
		count++;
	*ret_pids = mem_resize(NULL, count ? count : 1, sizeof(**ret_pids));
	for (size_t i = 0; i < count; i++)
		(*ret_pids)[i] = table->rows[first + i].pid;
	*ret_count = count;
	return 0;
}

/* Since Linux 6.11; older headers don't have it.  Source: ioctl_nsfs(2). */
#ifndef NS_GET_MNTNS_ID
#define NS_GET_MNTNS_ID _IOR(NSIO, 0x5, uint64_t)
#endif

/*
 * The number of a mount namespace is never given to another one, unlike the number of its file in
 * /proc.
 */
uint64_t process_mount_namespace(pid_t pid)
{
	autofree char *path = str_format("/proc/%d/ns/mnt", (int)pid);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t number = 0;

	return fd >= 0 && ioctl(fd, NS_GET_MNTNS_ID, &number) == 0 ? number : 0;
}

static int list_by_mounts(uint64_t wanted, pid_t **ret_pids, size_t *ret_count, struct error *err)
{
	autodir DIR *stream = opendir("/proc");
	pid_t *pids = NULL;
	size_t count = 0;

	if (!stream)
		return error_set(err, errno, "read /proc");
	for (pid_t pid; (pid = next_process(stream));) {
		if (process_mount_namespace(pid) != wanted)
			continue;
		pids = mem_resize(pids, count + 1, sizeof(*pids));
		pids[count++] = pid;
	}
	*ret_pids = pids;
	*ret_count = count;
	return 0;
}

/* How often the list is made anew: a process may fork while it is made. */
#define END_ROUNDS_MAX 1000

int processes_end_rest(const struct container_state *state, struct error *err)
{
	for (int round = 0; state->mount_namespace.set && round < END_ROUNDS_MAX; round++) {
		autofree pid_t *pids = NULL;
		size_t count;

		if (list_by_mounts(state->mount_namespace.value, &pids, &count, err) < 0)
			return -1;
		if (count == 0)
			return 0;
		for (size_t i = 0; i < count; i++) {
			autoclose int pidfd = pidfd_open_process(pids[i]);
			struct pollfd end = { .fd = pidfd, .events = POLLIN };

			/* ORDER: with the pidfd open: the pid may be another process's by now. */
			if (pidfd < 0 ||
			    process_mount_namespace(pids[i]) != state->mount_namespace.value)
				continue;
			pidfd_signal(pidfd, SIGKILL);
			(void)poll(&end, 1, END_WAIT_MS);
		}
	}
	return 0;
}

int processes_list(const struct container_state *state, pid_t **ret_pids, size_t *ret_count,
		   struct error *err)
{
	autoprocesstable struct process_table table = { 0 };

	return processes_list_from(&table, state, ret_pids, ret_count, err);
}

int processes_list_from(struct process_table *table, const struct container_state *state,
			pid_t **ret_pids, size_t *ret_count, struct error *err)
{
	*ret_pids = NULL;
	*ret_count = 0;
	if (state->cgroup)
		return cgroup_pids(state->cgroup, ret_pids, ret_count, err);
	if (state->own_pid_namespace)
		return list_by_namespace(table, (pid_t)state->pid.value, ret_pids, ret_count, err);
	if (state->mount_namespace.set)
		return list_by_mounts(state->mount_namespace.value, ret_pids, ret_count, err);
	return error_set(err, 0,
			 "the processes of container %s can't be told from others: it has neither "
			 "a cgroup nor a pid namespace of its own",
			 state->id);
}

#define CHILDREN_SIZE_MAX (1 << 20)

pid_t process_pid1(const struct container_state *state)
{
	struct error ignored = ERROR_NONE;
	struct ending ending;

	return ending_read(&state->annotations, &ending, &ignored) == 0 && ending.init
		       ? (pid_t)state->pid.value
		       : 0;
}

pid_t process_of_program(const struct container_state *state)
{
	pid_t first = (pid_t)state->pid.value;
	autofree char *text = NULL;
	char path[64];
	size_t size;
	int child;

	if (!process_pid1(state))
		return first;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", first, first);
	return fd_read_file(path, CHILDREN_SIZE_MAX, &text, &size) == 0 &&
			       sscanf(text, "%d", &child) == 1 && child > 0
		       ? child
		       : first;
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
