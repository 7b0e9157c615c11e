// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>

#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/parent/lifecycle.h"

/* RTMIN, RTMIN+n, RTMAX-n. */
static int parse_realtime(const char *name, int *ret_signal)
{
	uint32_t n = 0;

	if (strncasecmp(name, "RTMIN", 5) == 0) {
		if (name[5] != '\0' && (name[5] != '+' || number_parse_u32(name + 6, 64, &n) < 0))
			return -EINVAL;
		*ret_signal = SIGRTMIN + (int)n;
	} else if (strncasecmp(name, "RTMAX", 5) == 0) {
		if (name[5] != '\0' && (name[5] != '-' || number_parse_u32(name + 6, 64, &n) < 0))
			return -EINVAL;
		*ret_signal = SIGRTMAX - (int)n;
	} else {
		return -EINVAL;
	}
	return *ret_signal >= SIGRTMIN && *ret_signal <= SIGRTMAX ? 0 : -EINVAL;
}

static int parse_name(const char *name, int *ret_signal)
{
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (int signal = 1; signal < SIGRTMIN; signal++) {
		const char *abbreviation = sigabbrev_np(signal);

		if (abbreviation && strcasecmp(name, abbreviation) == 0) {
			*ret_signal = signal;
			return 0;
		}
	}
	return parse_realtime(name, ret_signal);
}

int signal_parse(const char *text, int *ret_signal, struct error *err)
{
	uint32_t number;
	int signal;

	if (isdigit((unsigned char)text[0])) {
		if (number_parse_u32(text, (uint32_t)SIGRTMAX, &number) < 0)
			return error_set(err, 0, "'%s' is no signal: numbers go from 1 to %d", text,
					 SIGRTMAX);
		signal = (int)number;
	} else if (parse_name(text, &signal) < 0) {
		return error_set(err, 0, "'%s' is no signal", text);
	}
	*ret_signal = signal;
	return 0;
}

/*
 * Without a cgroup only a pid namespace of the container's own ties its processes together: the
 * kernel kills them all with its first.
 */
static int check_scope(const struct container_state *state, int signal, enum kill_scope scope,
		       struct error *err)
{
	if (scope == KILL_INIT || (state->own_pid_namespace && signal == SIGKILL))
		return 0;
	if (state->own_pid_namespace)
		return error_set(
			err, 0,
			"kill --all of container %s: without a cgroup only KILL reaches all processes",
			state->id);
	return error_set(
		err, 0,
		"kill --all of container %s: it has neither a cgroup nor a pid namespace of its own",
		state->id);
}

int container_kill(const char *root, const char *id, int signal, enum kill_scope scope,
		   struct error *err)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	struct container_state state = { 0 };
	autoclose int pidfd = -1;
	int result = 0;

	if (state_dir_open(root, id, STATE_UNLOCKED, &dir, err) < 0 ||
	    state_read(&dir, &state, err) < 0)
		return -1;
	if (state_status(&dir, &state, &pidfd) == CONTAINER_STOPPED) {
		/*
		 * Engines match "container not running"; with --all there is nobody left to reach,
		 * which is success.
		 */
		if (scope == KILL_INIT)
			result = error_set(err, 0, "container not running: %s is stopped", id);
	} else if (check_scope(&state, signal, scope, err) < 0) {
		result = -1;
	} else {
		int failed = pidfd_signal(pidfd, signal);

		if (failed == -ESRCH)
			result = error_set(err, 0, "container not running: %s has just ended", id);
		else if (failed < 0)
			result = error_set(err, -failed, "send signal %d to container %s", signal,
					   id);
	}
	state_release(&state);
	return result;
}
