/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_CHILD_H
#define URUN_PARENT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/container/state.h"
#include "core/sync/message.h"

/*
 * The parent's handle of `urun init`: what `create`, `run` and `exec` do with a process that they have
 * cloned, until the program runs and the process is handed over.
 * Runs in: parent.
 */

/* What the caller asks of the new process.  All texts are the caller's; NULL: not given. */
struct child_request {
	const char *pid_file;
	const char *console_socket;
	const char *pidfd_socket;
	unsigned int
		preserve_fds; /* of the descriptors 3 … 2 + this, the inherited are the program's */
	unsigned int listen_fds;  /* the number of them that systemd has passed: LISTEN_FDS */
	const char *listen_names; /* LISTEN_FDNAMES */
	/*
	 * What the program has as descriptors 0, 1 and 2: numbers from 3 on, or -1 for our own.  NULL:
	 * our own three.
	 */
	const int *streams;
	bool foreground;    /* urun stays the parent and serves the terminal */
	bool keeps_console; /* in the background: child->console stays ours, for the log */
	bool dies_with_us;  /* the program is killed when urun ends; only in the foreground */
};

struct child {
	pid_t pid;
	int pidfd;
	int sync_fd;
	int console;	  /* the terminal's master, where urun serves it; else -1 */
	int console_peer; /* the connection to the console socket, until the master is sent */
};

#define CHILD_NONE ((struct child){ .pidfd = -1, .sync_fd = -1, .console = -1, .console_peer = -1 })

/* Closes the descriptors; the process stays. */
void child_close(struct child *child);

/* Refuses a terminal that @process (may be NULL) asks for and nobody would serve, and the reverse. */
int child_check_request(const struct child_request *request, const struct config_process *process,
			struct error *err);

/*
 * Socket activation: adds LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES to the program's environment, where
 * the config doesn't set them.
 */
void child_announce_listen_fds(const struct child_request *request,
			       struct container_config *config);

/*
 * Decides what the program finds of ignored signals.  Engines ignore SIGPIPE for their own sake, as
 * conmon does, and their containers expect the default: in the background it is the default.  A program
 * in the foreground gets what the shell would give it.  Called before clone_init().
 */
void child_plan_signals(const struct child_request *request);

/* Connects to the console socket early, so that a wrong one is an error before anything is made. */
int child_connect_console(const struct child_request *request, struct child *child,
			  struct error *err);

/*
 * Sends a message without payload.  Where the child has ended, the error is the one that the child sent,
 * or else how the process ended.
 */
int child_send(const struct child *child, enum message_type type, struct error *err);

/*
 * Sends CONFIG: @config without the mounts and the rules of linux.seccomp, which have sections of their own; the other @sections; and @fds.  Sets log_level and pid of @order, and @sections[ORDER_CONFIG].
 */
int child_send_config(const struct child *child, const struct container_config *config,
		      struct message_order *order,
		      struct strbuf sections[static ORDER_SECTION_COUNT], const int *fds,
		      size_t fd_count, struct error *err);

/* Notes the process as the container's first one, in memory. */
int child_record_pid(const struct child *child, struct container_state *state, struct error *err);

/*
 * Receives a message of the types in @expected (MESSAGE_BIT()).  Fails with the error that the child sent,
 * or else with how the process ended.
 */
int child_await(const struct child *child, unsigned int expected, struct message *ret_message,
		struct error *err);

/*
 * Answers MESSAGE_FORKED: the process that joined the namespaces has ended, and the sender takes its place.
 * *child has the pid and the pidfd of the sender from here on.  Refuses a process that isn't our child.
 */
int child_adopt(struct child *child, struct message *forked, struct error *err);

/* READY was received: its descriptor is the master of the console. */
void child_take_console(const struct child_request *request, struct child *child,
			struct message *ready);

/*
 * Sends the console's master and the pidfd to the sockets that the caller named.  @pidfd_receiver:
 * the socket for the pidfd where the request names none, or NULL.
 */
int child_send_descriptors(const struct child_request *request, const char *pidfd_receiver,
			   struct child *child, struct error *err);

/*
 * Lets the program run.  The child's end of the pipe is close-on-exec, so the end of the pipe says that
 * execve happened; or, of a child that waits for `start`, that the child waits.
 */
int child_release(const struct child *child, struct error *err);

/*
 * After child_release() of a child that executes the program at once: fails where the process ended before
 * its execve and sent no error.  The container's filter (@filtered: there is one) may refuse the calls that
 * both take.
 */
int child_check_executed(const struct child *child, bool filtered, struct error *err);

/* After child_release() of a child that waits for `start`: fails where the process has ended. */
int child_check_waiting(const struct child *child, bool filtered, struct error *err);

/* Writes the pid file, whole or not at all, where the request names one. */
int child_write_pid_file(const struct child_request *request, const struct child *child,
			 struct error *err);

/* Kills the process and waits for its end. */
void child_end(const struct child *child);

#endif
