// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/cgroup/tree.h"
#include "core/config/change.h"
#include "core/config/ending.h"
#include "core/container/lifecycle.h"
#include "core/container/state.h"
#include "core/pid1/pid1.h"

/* A killed process may need time to die: in uninterruptible sleep, or while it frees memory. */
#define DEATH_MS 10000
/* Process 1 keeps the time itself, and knows the program's status: it goes first. */
#define GRACE_MS 200
/* The program's parent writes how the program ended, mostly within a millisecond. */
#define RECORD_MS 1000
/* It may have a large directory of changes to remove. */
#define REMOVAL_MS 5000

enum stop_phase {
	STOP_ASKED,  /* the stop signal was sent */
	STOP_KILLED, /* SIGKILL was sent */
	STOP_REST, /* the first process has ended, others are in the cgroup still: SIGTERM was sent */
	STOP_REST_KILLED,
	STOP_DONE,
};

/* One container on its way. */
struct stop {
	const char *id; /* the caller's */
	enum stop_phase phase;
	struct container_state state;
	struct ending ending;
	int wait_fd;	  /* of the first process, a pidfd; then of the cgroup's events */
	int64_t deadline; /* of the phase, on clock_ms(); INT64_MAX: none */
};

/* ---- sending ---- */

static int64_t deadline_in(uint32_t seconds)
{
	return seconds == ENDING_FOREVER ? INT64_MAX : clock_ms() + (int64_t)seconds * 1000;
}

static int send_kill(struct stop *stop, struct error *err)
{
	int failed = pidfd_signal(stop->wait_fd, SIGKILL);

	if (failed < 0 && failed != -ESRCH)
		return error_set(err, -failed, "kill container %s", stop->id);
	stop->phase = STOP_KILLED;
	stop->deadline = clock_ms() + DEATH_MS;
	return 0;
}

#define LOOKS_MAX 5

/*
 * The kernel drops a signal that the first process of a pid namespace neither catches nor blocks:
 * waiting for its effect would be in vain.  Many programs block all signals for a moment around a
 * fork, so one look says nothing.
 * Source: pid_namespaces(7), "The namespace init process".
 */
static bool is_dropped(const struct stop *stop, int signal)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	const uint64_t bit = UINT64_C(1) << (signal - 1);

	if (stop->ending.init || !stop->state.own_pid_namespace)
		return false;
	for (int looks = 0; looks < LOOKS_MAX; looks++) {
		struct process_signals signals;

		if (process_read_signals((pid_t)stop->state.pid.value, &signals) < 0 ||
		    (signals.caught & bit))
			return false;
		if (!(signals.blocked & bit))
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

/* The time that process 1 keeps has fewer bits, and nobody waits for so long. */
static uint32_t stop_value(uint32_t seconds)
{
	return PID1_REQUEST_STOP |
	       (seconds < PID1_REQUEST_FOREVER ? seconds : (uint32_t)PID1_REQUEST_FOREVER);
}

/* A process that another signal has stopped takes the stop signal when it is continued. */
static void continue_stopped(const struct stop *stop)
{
	struct process_stat stat;

	if (process_read_stat((pid_t)stop->state.pid.value, &stat) == 0 && stat.state == 'T')
		pidfd_signal(stop->wait_fd, SIGCONT);
}

static int send_stop(struct stop *stop, int signal, uint32_t seconds, struct error *err)
{
	int failed;

	if (signal == SIGKILL || seconds == 0)
		return send_kill(stop, err);
	if (is_dropped(stop, signal)) {
		log_info(
			"container %s: its first process has no handler for signal %d: it is killed",
			stop->id, signal);
		return send_kill(stop, err);
	}
	failed = stop->ending.init ? pidfd_queue_signal(stop->wait_fd, signal, stop_value(seconds))
				   : pidfd_signal(stop->wait_fd, signal);
	if (failed < 0 && failed != -ESRCH)
		return error_set(err, -failed, "send signal %d to container %s", signal, stop->id);
	continue_stopped(stop);
	stop->phase = STOP_ASKED;
	stop->deadline = deadline_in(seconds);
	if (stop->ending.init && stop->deadline != INT64_MAX)
		stop->deadline += GRACE_MS;
	return 0;
}

/* ---- the beginning ---- */

static int begin_running(struct stop *stop, const struct stop_request *request,
			 enum container_status status, struct error *err)
{
	uint32_t seconds;

	if (ending_read(&stop->state.annotations, &stop->ending, err) < 0)
		return -1;
	if (stop->ending.stop_signal_unknown && !request->signal)
		log_warning(
			"container %s: the stop signal of its config is unknown: SIGTERM is sent",
			stop->id);
	seconds = request->has_seconds ? request->seconds : stop->ending.stop_seconds;
	/* The program of a created container doesn't run yet: nothing is to be asked. */
	if (status != CONTAINER_RUNNING && status != CONTAINER_PAUSED)
		return send_kill(stop, err);
	if (send_stop(stop, request->signal ? request->signal : stop->ending.stop_signal, seconds,
		      err) < 0)
		return -1;
	/* ORDER: after the signal, which is the first thing that the thawed program sees. */
	return status == CONTAINER_PAUSED ? cgroup_freeze(stop->state.cgroup, false, err) : 0;
}

/* Only a pidfd stays open of each container: there may be many.  Returns 1 where it doesn't exist. */
static int begin_stop(const char *root, const char *id, const struct stop_request *request,
		      struct stop *ret_stop, struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	enum container_status status;
	int opened;

	*ret_stop = (struct stop){ .id = id, .phase = STOP_DONE, .wait_fd = -1 };
	opened = container_open(root, id, STATE_UNLOCKED, &container, err);
	if (opened != 0)
		return opened;
	if (container_status(&container, &status, &ret_stop->wait_fd, err) < 0)
		return -1;
	ret_stop->state = container.state;
	container.state = (struct container_state){ 0 };
	if (status == CONTAINER_STOPPED)
		return 0;
	return begin_running(ret_stop, request, status, err);
}

/* ---- what the program has left behind ---- */

/*
 * In a pid namespace of the container's own, the kernel has killed all processes.  Otherwise they
 * are known by the container's cgroup, if it has one.
 */
static int begin_rest(struct stop *stop, struct error *err)
{
	const char *cgroup = stop->state.cgroup;
	autofree char *path = NULL;

	fd_close(&stop->wait_fd);
	if (stop->state.own_pid_namespace || !cgroup || !cgroup_has_processes(cgroup)) {
		stop->phase = STOP_DONE;
		return 0;
	}
	path = str_format(CGROUP_ROOT "%s/cgroup.events", cgroup);
	stop->wait_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (stop->phase == STOP_KILLED || stop->wait_fd < 0) {
		stop->phase = STOP_REST_KILLED;
		stop->deadline = clock_ms() + DEATH_MS;
		return cgroup_kill(cgroup, err);
	}
	stop->phase = STOP_REST;
	return container_signal_each(&stop->state, SIGTERM, err);
}

/* The file has to be read for the next event. */
static void see_cgroup(struct stop *stop)
{
	char text[256];

	if (lseek(stop->wait_fd, 0, SEEK_SET) == 0)
		(void)!read(stop->wait_fd, text, sizeof(text));
	if (!cgroup_has_processes(stop->state.cgroup))
		stop->phase = STOP_DONE;
}

/* ---- the way ---- */

static int see_deadline(struct stop *stop, struct error *err)
{
	switch (stop->phase) {
	case STOP_ASKED: return send_kill(stop, err);
	case STOP_REST:
		stop->phase = STOP_REST_KILLED;
		stop->deadline = clock_ms() + DEATH_MS;
		return cgroup_kill(stop->state.cgroup, err);
	default:
		return error_set(err, 0, "container %s was killed, and still lives after %d s",
				 stop->id, DEATH_MS / 1000);
	}
}

static int see_event(struct stop *stop, struct error *err)
{
	if (stop->phase == STOP_ASKED || stop->phase == STOP_KILLED)
		return begin_rest(stop, err);
	see_cgroup(stop);
	return 0;
}

static int poll_timeout(const struct stop *stops, size_t count)
{
	int64_t soonest = INT64_MAX;

	for (size_t i = 0; i < count; i++)
		if (stops[i].phase != STOP_DONE && stops[i].deadline < soonest)
			soonest = stops[i].deadline;
	return soonest == INT64_MAX ? -1 : clock_until(soonest);
}

/* A `run` that was stopped itself (Ctrl-Z) does nothing until it is continued. */
static bool is_suspended(pid_t parent)
{
	struct process_stat stat;

	return process_read_stat(parent, &stat) == 0 && stat.state == 'T';
}

/*
 * When `stop` has returned, `state` and `wait` know the status; a container of --rm, or of a `run` in the foreground,
 * has gone, and its name is free.
 */
static void await_parent(const struct stop *stop)
{
	const struct container_state *state = &stop->state;
	bool removes =
		state->foreground || str_map_value(&state->annotations, CONFIG_ANNOTATION_REMOVE);
	autoclose int parent = state_open_monitor(state);
	struct pollfd end = { .fd = parent, .events = POLLIN };

	if (parent >= 0 && !is_suspended((pid_t)state->monitor_pid.value))
		(void)poll(&end, 1, removes ? REMOVAL_MS : RECORD_MS);
}

static void finish_stop(struct stop *stop, int result, const struct error *err, stop_report *report,
			void *context)
{
	if (result == 0 && stop->phase != STOP_DONE)
		return;
	if (result == 0)
		await_parent(stop);
	stop->phase = STOP_DONE;
	report(stop->id, result < 0 ? err : NULL, context);
	fd_close(&stop->wait_fd);
	state_release(&stop->state);
}

/* One entry for each container that is waited for: poll(2) takes no more than there may be descriptors. */
static size_t fill_poll(const struct stop *stops, size_t count, struct pollfd *fds)
{
	size_t waiting = 0;

	for (size_t i = 0; i < count; i++) {
		bool for_cgroup = stops[i].phase == STOP_REST || stops[i].phase == STOP_REST_KILLED;

		if (stops[i].phase != STOP_DONE)
			fds[waiting++] = (struct pollfd){ .fd = stops[i].wait_fd,
							  .events = for_cgroup ? POLLPRI : POLLIN };
	}
	return waiting;
}

static void await_all(struct stop *stops, size_t count, stop_report *report, void *context)
{
	autofree struct pollfd *fds = mem_alloc(count * sizeof(*fds));
	size_t waiting;

	while ((waiting = fill_poll(stops, count, fds)) > 0) {
		int ready = poll(fds, waiting, poll_timeout(stops, count));
		const struct pollfd *polled = fds;
		int64_t now = clock_ms();

		if (ready < 0)
			continue;
		for (size_t i = 0; i < count; i++) {
			struct error err = ERROR_NONE;
			int result = 0;

			if (stops[i].phase == STOP_DONE)
				continue;
			if (polled++->revents)
				result = see_event(&stops[i], &err);
			else if (now >= stops[i].deadline)
				result = see_deadline(&stops[i], &err);
			finish_stop(&stops[i], result, &err, report, context);
		}
	}
}

void container_stop(const char *root, const struct str_list *ids,
		    const struct stop_request *request, stop_report *report, void *context)
{
	autofree struct stop *stops = mem_alloc((ids->count + 1) * sizeof(*stops));

	/* Each container takes a descriptor while it is waited for. */
	fd_raise_limit();
	for (size_t i = 0; i < ids->count; i++) {
		struct error err = ERROR_NONE;
		int result = begin_stop(root, ids->items[i], request, &stops[i], &err);

		if (result <= 0 || !request->ignores_unknown)
			finish_stop(&stops[i], -(result != 0), &err, report, context);
	}
	await_all(stops, ids->count, report, context);
}

int stop_request_set_time(struct stop_request *request, const char *text, struct error *err)
{
	if (!text)
		return 0;
	request->has_seconds = true;
	if (ending_parse_seconds(text, &request->seconds) == 0)
		return 0;
	return error_set(err, 0, "--time %s: expected a number of seconds; -1 means without end",
			 text);
}

static void keep_failure(const char *id, const struct error *failure, void *context)
{
	(void)id;
	if (failure)
		error_take(context, failure);
}

int container_stop_one(const char *root, const char *id, const struct stop_request *request,
		       struct error *err)
{
	const struct str_list ids = { (char *[]){ (char *)(uintptr_t)id }, 1 };
	struct error failure = ERROR_NONE;

	container_stop(root, &ids, request, keep_failure, &failure);
	return failure.text[0] ? error_take(err, &failure) : 0;
}
