// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/cgroup/tree.h"
#include "core/container/lifecycle.h"
#include "core/container/processes.h"
#include "core/pid1/pid1.h"

/* A process that dies at once is gone by then; we don't wait for one in uninterruptible sleep. */
#define DEATH_WAIT_MS 1000

/*
 * SIGKILL can't be caught, so the caller who deletes the container right afterwards finds it
 * stopped.
 */
static void await_death(int pidfd)
{
	struct pollfd event = { .fd = pidfd, .events = POLLIN };
	int64_t deadline = clock_ms() + DEATH_WAIT_MS;
	int64_t left;

	while ((left = deadline - clock_ms()) > 0 && poll(&event, 1, (int)left) < 0 &&
	       errno == EINTR)
		;
}

/*
 * SIGSTOP stops the process that it is sent to, and can't be passed on: process 1 is asked to send
 * it to the program.
 */
static int signal_first(const struct container_state *state, int pidfd, int signal)
{
	return signal == SIGSTOP && process_pid1(state)
		       ? pidfd_queue_signal(pidfd, SIGRTMAX, PID1_REQUEST_SEND | SIGSTOP)
		       : pidfd_signal(pidfd, signal);
}

static int kill_init(const struct container *container, int signal, struct error *err)
{
	const char *id = container->dir.id;
	autoclose int pidfd = -1;
	enum container_status status;
	int failed;

	if (container_status(container, &status, &pidfd, err) < 0)
		return -1;
	/* Engines match "container not running". */
	if (status == CONTAINER_STOPPED)
		return error_set(err, 0, "container not running: %s is stopped", id);
	failed = signal_first(&container->state, pidfd, signal);
	if (failed == -ESRCH)
		return error_set(err, 0, "container not running: %s has just ended", id);
	if (failed < 0)
		return error_set(err, -failed, "send signal %d to container %s", signal, id);
	if (signal == SIGKILL)
		await_death(pidfd);
	return 0;
}

/* Descriptors that are held at the same time: a part of the usual limit of 1,024. */
#define HELD_MAX 512

static int compare_listed_pids(const void *a, const void *b)
{
	pid_t first = *(const pid_t *)a, second = *(const pid_t *)b;

	return first < second ? -1 : first > second;
}

/*
 * ORDER: list the processes, open a pidfd of each, list again, signal.  Between the list and the
 * signal a process can end and its pid can become another's.  But a process that has a pidfd, is in
 * the second list and can still be signalled was a process of the container at that time.  The path
 * in /proc/PID/cgroup would show the same, but the kernel shows no path of more than PATH_MAX
 * bytes.
 */
static int kill_some(const struct container_state *state, const pid_t *pids, size_t count,
		     int signal, struct error *err)
{
	pid_t spared = signal == SIGKILL ? 0 : process_pid1(state);
	autofree pid_t *now = NULL;
	int pidfds[HELD_MAX];
	size_t now_count = 0;
	int result;

	for (size_t i = 0; i < count; i++)
		pidfds[i] = pidfd_open_process(pids[i]);
	result = processes_list(state, &now, &now_count, err);
	for (size_t i = 0; i < count; i++) {
		if (pidfds[i] >= 0 && now_count > 0 && pids[i] != spared &&
		    bsearch(&pids[i], now, now_count, sizeof(*now), compare_listed_pids))
			pidfd_signal(pidfds[i], signal);
		fd_close(&pidfds[i]);
	}
	return result;
}

int container_signal_each(const struct container_state *state, int signal, struct error *err)
{
	autofree pid_t *pids = NULL;
	size_t count = 0, some;
	int result = processes_list(state, &pids, &count, err);

	for (size_t i = 0; result == 0 && i < count; i += some) {
		some = count - i < HELD_MAX ? count - i : HELD_MAX;
		result = kill_some(state, pids + i, some, signal, err);
	}
	return result;
}

/* A container without processes is success: nothing is left to be signalled. */
static int kill_all(const struct container *container, int signal, struct error *err)
{
	const struct container_state *state = &container->state;
	autoclose int pidfd = -1;
	enum container_status status;
	int result;

	if (container_status(container, &status, &pidfd, err) < 0)
		return -1;
	if (status == CONTAINER_STOPPED && !state->cgroup && !state->mount_namespace.set)
		return 0;
	result = state->cgroup && signal == SIGKILL ? cgroup_kill(state->cgroup, err)
						    : container_signal_each(state, signal, err);
	if (result == 0 && signal == SIGKILL && status != CONTAINER_STOPPED)
		await_death(pidfd);
	return result;
}

/*
 * The end of its process 1 ends all processes of a pid namespace.  In a pid namespace that is shared the
 * others go on, and an engine that sends SIGKILL means them too, also when the first has died.
 */
static bool means_all(const struct container_state *state, int signal)
{
	return signal == SIGKILL && !state->own_pid_namespace && state->cgroup &&
	       cgroup_has_processes(state->cgroup);
}

int container_kill(const char *root, const char *id, int signal, enum kill_scope scope,
		   struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;

	if (container_open(root, id, STATE_UNLOCKED, &container, err) != 0)
		return -1;
	return scope == KILL_ALL || means_all(&container.state, signal)
		       ? kill_all(&container, signal, err)
		       : kill_init(&container, signal, err);
}
