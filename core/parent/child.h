/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_CHILD_H
#define URUN_PARENT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/sync/message.h"

/*
 * The parent's half of the life of `urun init`: what `create`, `run` and `exec` do alike with a
 * process that they have cloned, until its program runs and it is handed over.
 * All run in the parent.
 */

/* What the caller wants of the new process.  All texts are the caller's; NULL: not given. */
struct child_request {
	const char *pid_file;
	const char *console_socket;
	const char *pidfd_socket;
	unsigned int preserve_fds; /* those of 3 … 2 + this that are inherited go to the program */
	unsigned int listen_fds;   /* so many of them are socket-activated: LISTEN_FDS */
	const char *listen_names;  /* LISTEN_FDNAMES */
	unsigned int null_streams; /* STREAM_BIT()s of those that are /dev/null to the program */
	bool foreground;	   /* we stay its parent and serve its terminal */
	bool dies_with_us;	   /* whoever kills us kills it; only in the foreground */
};

struct child {
	pid_t pid;
	int pidfd;
	int sync_fd;
	int console;	  /* the master, where the terminal is ours to serve; else -1 */
	int console_peer; /* the connection to the console socket, until the console is sent */
};

#define CHILD_NONE ((struct child){ .pidfd = -1, .sync_fd = -1, .console = -1, .console_peer = -1 })

/* Closes the descriptors; the process stays. */
void child_close(struct child *child);

/*
 * Before any process exists: can a terminal that @process (may be NULL) wants be served?
 */
int child_check_request(const struct child_request *request, const struct config_process *process,
			struct error *err);

/*
 * Socket activation: puts the number of descriptors and their names into the program's environment,
 * where it doesn't have them already.
 */
void child_announce_listen_fds(const struct child_request *request,
			       struct container_config *config);

/*
 * An engine that creates a container or executes in the background ignores SIGPIPE for its own sake
 * (conmon does), and its containers expect the default; a person's foreground program gets what the
 * shell would give it.  Before clone_init().
 */
void child_plan_signals(const struct child_request *request);

/* Connects to the console socket, so that a wrong one is told before anything is made. */
int child_connect_console(const struct child_request *request, struct child *child,
			  struct error *err);

/*
 * Sends a message without payload.  Where the child has ended, its own error, or how it ended, is
 * the error here.
 */
int child_send(const struct child *child, enum message_type type, struct error *err);

/*
 * Sends CONFIG: @config (its seccomp rules are in the section of the filter, compiled), @sections
 * without ORDER_CONFIG, and descriptors.  @order's log_level and pid are set here.
 */
int child_send_config(const struct child *child, struct container_config *config,
		      struct message_order *order,
		      struct strbuf sections[static ORDER_SECTION_COUNT], const int *fds,
		      size_t fd_count, struct error *err);

/*
 * Waits for one of @expected (MESSAGE_BIT()).  The child's own error, or how it ended, is the error
 * here.
 */
int child_await(const struct child *child, unsigned int expected, struct message *ret_message,
		struct error *err);

/*
 * MESSAGE_FORKED: the process that joined the namespaces has ended, and the sender takes its place:
 * *child's pid and pidfd are its from here on.  Refused is a process that isn't our child.
 */
int child_adopt(struct child *child, struct message *forked, struct error *err);

/* READY has come: its descriptor is the console. */
void child_take_console(const struct child_request *request, struct child *child,
			struct message *ready);

/*
 * Hands console and pidfd to the sockets that were asked for.
 */
int child_send_descriptors(const struct child_request *request, struct child *child,
			   struct error *err);

/*
 * Lets the program run.  The end of the pipe says that execve happened: it is close-on-exec; for a
 * child that waits for `start` it says no more than that it waits now.
 */
int child_release(const struct child *child, struct error *err);

/*
 * After child_release() of a child that executes the program at once: an error where it ended before that
 * without a word, as the filter of the container (@filtered: it has one) may refuse what that takes.
 */
int child_check_executed(const struct child *child, bool filtered, struct error *err);

/*
 * After child_release() of a child that waits for `start`: the same error where it ended before it waited.
 */
int child_check_waiting(const struct child *child, bool filtered, struct error *err);

/* Written whole or not at all; nothing to do where none was asked for. */
int child_write_pid_file(const struct child_request *request, const struct child *child,
			 struct error *err);

/* Kills it and waits for its end. */
void child_end(const struct child *child);

#endif
