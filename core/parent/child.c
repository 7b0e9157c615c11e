// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/inherit.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/base/place.h"
#include "core/base/trace.h"
#include "core/config/change.h"
#include "core/container/processes.h"
#include "core/container/state_socket.h"
#include "core/container/terminal.h"
#include "core/sync/pipe.h"

void child_close(struct child *child)
{
	fd_close(&child->pidfd);
	fd_close(&child->sync_fd);
	fd_close(&child->console);
	fd_close(&child->console_peer);
}

/* ---- before any process exists ---- */

int child_check_request(const struct child_request *request, const struct config_process *process,
			struct error *err)
{
	bool terminal = process && process->terminal;

	if (terminal && !request->console_socket && !request->foreground && !request->keeps_console)
		return error_set(
			err, 0,
			"process.terminal is true: use --console-socket, or let urun stay in "
			"the foreground");
	if (!terminal && request->console_socket)
		return error_set(err, 0,
				 "--console-socket is given, but process.terminal is not true");
	return 0;
}

/* A variable that the config already sets is what the user of the engine wants: it stays. */
static void set_missing_env(struct container_config *config, const char *name, const char *value)
{
	if (value && !config_env(config->process, name))
		config_set_env(config, name, value);
}

/* LISTEN_PID is the pid that the program has in its pid namespace.  Source: sd_listen_fds(3). */
void child_announce_listen_fds(const struct child_request *request, struct container_config *config)
{
	char number[16];

	if (!request->listen_fds || !config->process)
		return;
	snprintf(number, sizeof(number), "%u", request->listen_fds);
	set_missing_env(config, "LISTEN_FDS", number);
	set_missing_env(config, "LISTEN_PID", "1");
	set_missing_env(config, "LISTEN_FDNAMES", request->listen_names);
}

void child_plan_signals(const struct child_request *request)
{
	if (!request->foreground)
		inherit_forget_ignored(SIGPIPE);
}

int child_connect_console(const struct child_request *request, struct child *child,
			  struct error *err)
{
	if (!request->console_socket)
		return 0;
	return socket_connect_path(request->console_socket, "console socket", &child->console_peer,
				   err);
}

/* ---- until READY ---- */

/*
 * Leaves out the mounts, which are sent as a plan, and the rules of linux.seccomp, which are compiled into
 * the filter; init needs the rest of that section to send the listener of notifications.
 */
static void print_config_for_init(const struct container_config *config, struct strbuf *out)
{
	struct container_config sent = *config;
	struct config_linux linux = *config->linux;
	struct config_seccomp seccomp;

	if (linux.seccomp) {
		seccomp = *linux.seccomp;
		seccomp.syscalls.count = 0;
		linux.seccomp = &seccomp;
	}
	linux.rootfs_propagation = MOUNT_PROPAGATION_NONE;
	sent.linux = &linux;
	sent.mounts.count = 0;
	config_print(&sent, JSON_OWN, out);
}

/* The error for a child that ended without sending one: how the process ended. */
static int child_lost(const struct child *child, struct error *err)
{
	siginfo_t info = { 0 };

	if (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOWAIT) == 0 &&
	    info.si_code != CLD_EXITED)
		return error_set_killed(err, "the container's first process", info.si_status,
					"before the program ran");
	/* Status 0: the process has joined the namespaces and forked, and its child was killed there. */
	if (info.si_status == 0)
		return error_set(err, 0,
				 "the process was killed in the container before the program ran");
	return error_set(
		err, 0, "the container's first process ended with status %d before the program ran",
		info.si_status);
}

int child_record_pid(const struct child *child, struct container_state *state, struct error *err)
{
	int failed = state_record_pid(state, child->pid, child->pidfd);

	return failed < 0 ? error_set(err, -failed, "read the start time of process %d", child->pid)
			  : 0;
}

int child_await(const struct child *child, unsigned int expected, struct message *ret_message,
		struct error *err)
{
	int got;

	trace_set_child(child->pid);
	got = pipe_await(child->sync_fd, expected, ret_message, err);
	if (got == 0)
		return child_lost(child, err);
	return got < 0 ? -1 : 0;
}

/* If the child has exited, the error that it sent is reported, rather than EPIPE. */
static int child_send_with(const struct child *child, enum message_type type,
			   const struct strbuf *payload, const int *fds, size_t fd_count,
			   struct error *err)
{
	struct message none = MESSAGE_NONE;

	if (pipe_send(child->sync_fd, type, payload ? payload->bytes : NULL,
		      payload ? payload->size : 0, fds, fd_count, err) == 0)
		return 0;
	return err->code == EPIPE ? child_await(child, 0, &none, err) : -1;
}

int child_send(const struct child *child, enum message_type type, struct error *err)
{
	return child_send_with(child, type, NULL, NULL, 0, err);
}

int child_send_config(const struct child *child, const struct container_config *config,
		      struct message_order *order,
		      struct strbuf sections[static ORDER_SECTION_COUNT], const int *fds,
		      size_t fd_count, struct error *err)
{
	autostrbuf struct strbuf payload = { 0 };

	order->log_level = log_current_level();
	order->pid = (uint32_t)child->pid;
	print_config_for_init(config, &sections[ORDER_CONFIG]);
	message_order_pack(order, sections, &payload);
	return child_send_with(child, MESSAGE_CONFIG, &payload, fds, fd_count, err);
}

/*
 * The pidfd comes from a process that the container may have taken over.  It is accepted only where the
 * kernel says that it names a child of ours, which can be no other process than the sender.
 */
int child_adopt(struct child *child, struct message *forked, struct error *err)
{
	siginfo_t info;
	pid_t pid = forked->fd_count == 1 ? pidfd_pid(forked->fds[0]) : -1;
	uint32_t number = (uint32_t)pid;
	pid_t first;
	int sent;

	if (forked->fd_count == 1 && pid < 0 && pid != -ESRCH)
		return error_set(err, -pid, "look at the container's process");
	if (pid > 0 &&
	    waitid(P_PIDFD, (id_t)forked->fds[0], &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return error_set(err, errno, "sync pipe: forked without a child of ours");
	if (pid <= 0 || pid == child->pid)
		return error_set(err, EPROTO, "sync pipe: forked without a child of ours");
	first = child->pid;
	fd_close(&child->pidfd);
	child->pidfd = take_fd(&forked->fds[0]);
	child->pid = pid;
	sent = child_send_with(child, MESSAGE_ADOPTED,
			       &(struct strbuf){ .bytes = (char *)&number, .size = sizeof(number) },
			       NULL, 0, err);
	/* The first process ends while its child goes on: it takes its time to give up the host's files. */
	while (waitpid(first, NULL, 0) < 0 && errno == EINTR)
		;
	return sent;
}

void child_take_console(const struct child_request *request, struct child *child,
			struct message *ready)
{
	if (ready->fd_count != 1)
		return;
	child->console = take_fd(&ready->fds[0]);
	/* ORDER: before the program runs, which may ask for the size of the window at once. */
	if ((request->foreground || request->keeps_console) && !request->console_socket)
		terminal_copy_window(child->console);
}

/* ---- handing over ---- */

static int send_console(struct child *child, struct error *err)
{
	if (child->console_peer < 0)
		return 0;
	if (child->console < 0)
		return error_set(err, 0, "console socket: the container has made no console");
	if (socket_send_fd(child->console_peer, child->console, "/dev/ptmx", "the console socket",
			   err) < 0)
		return -1;
	fd_close(&child->console);
	fd_close(&child->console_peer);
	return 0;
}

int child_send_descriptors(const struct child_request *request, const char *pidfd_receiver,
			   struct child *child, struct error *err)
{
	const char *path = request->pidfd_socket ? request->pidfd_socket : pidfd_receiver;
	autoclose int peer = -1;

	if (send_console(child, err) < 0)
		return -1;
	if (!path)
		return 0;
	if (socket_connect_path(path, "pidfd socket", &peer, err) < 0)
		return -1;
	return socket_send_fd(peer, child->pidfd, "pidfd", "the pidfd socket", err);
}

int child_release(const struct child *child, struct error *err)
{
	struct message none = MESSAGE_NONE;

	if (child_send(child, MESSAGE_RUN, err) < 0)
		return -1;
	return pipe_await(child->sync_fd, 0, &none, err) < 0 ? -1 : 0;
}

/* The child has ended, or is ending, without an error: the container's filter may be the cause. */
static int lost_under_filter(const struct child *child, bool filtered, struct error *err)
{
	siginfo_t info;

	/* How a process ended is known only when it is a zombie. */
	while (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	child_lost(child, err);
	return filtered ? error_hint(err, PROGRAM_FILTER_HINT) : -1;
}

int child_check_executed(const struct child *child, bool filtered, struct error *err)
{
	return program_was_executed(child->pid) ? 0 : lost_under_filter(child, filtered, err);
}

/* The kernel marks a process as ending before it closes the descriptors of the process. */
int child_check_waiting(const struct child *child, bool filtered, struct error *err)
{
	struct process_stat stat;

	if (process_read_stat(child->pid, &stat) < 0 || (stat.state != 'Z' && stat.state != 'X'))
		return 0;
	return lost_under_filter(child, filtered, err);
}

int child_write_pid_file(const struct child_request *request, const struct child *child,
			 struct error *err)
{
	const char *path = request->pid_file;
	autoplace struct place place = PLACE_NONE;
	char number[16];
	int length, failed;

	if (!path)
		return 0;
	if (place_find("pid file", path, &place, err) < 0)
		return -1;
	/* Renamed into place: a reader finds the whole number, or no file. */
	length = snprintf(number, sizeof(number), "%d", child->pid);
	failed = file_replace(place.dir, place.name, 0644, number, (size_t)length);
	return failed < 0 ? error_set(err, -failed, "write pid file %s", path) : 0;
}

void child_end(const struct child *child)
{
	pidfd_signal(child->pidfd, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
