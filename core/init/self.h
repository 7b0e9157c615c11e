/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_SELF_H
#define URUN_INIT_SELF_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/config/mount_plan.h"
#include "core/init/label.h"
#include "core/init/program.h"
#include "core/rootfs/console.h"
#include "core/rootfs/user.h"
#include "core/sync/failure.h"
#include "core/sync/message.h"
#include "rootless/idmap.h"

/*
 * `urun init` itself.  What the container's first process and the process of `exec` have in common: they
 * receive orders from the parent, find the program, and become it.
 * Runs in: init, setns.
 */

/* Everything that lives until execve.  Nothing is released: execve and _exit do that. */
struct self {
	int sync_fd;
	struct message config_message;
	struct message_order order;
	const char *sections[ORDER_SECTION_COUNT];
	struct container_config config; /* without mounts: */
	struct mount_plan mounts;
	int console_master;
	/* Descriptors that were received with CONFIG, see enum order_fd; -1: not sent. */
	int start;
	int started;
	struct failure *failure; /* the mapped file of ORDER_FD_FAILED; NULL: not sent */
	int clocks;		 /* of join_open_clocks(), until the clocks are set; else -1 */
	int bypass;		 /* a connection to urun-bypass; -1: none */
	int seccomp_socket;
	bool filtered; /* the container's filter is loaded */
	int mount_namespace;
	int shm_namespace;
	int hold;
	/* for a process that joins by itself (core/init/join.h); for others zero and -1 */
	bool joins;
	struct message_join join;
	int joined[CONFIG_NS_COUNT];
	struct strbuf listener_state;
	struct label label;
	struct idmap *uids; /* of our user namespace, for --user NAME; NULL: not needed */
	struct idmap *gids;
	const char
		*shell; /* taken in place of the program where the container has it; NULL: none */
	struct program program;
};

/*
 * Takes over the sync pipe, the descriptor that @sync_number names; @mode is INIT_MODE_JOIN or NULL.  Fails
 * where that descriptor isn't a socket, with a line on stderr.
 */
int self_begin(const char *sync_number, const char *mode, struct self *ret_self);

/* Sends the error to the parent, and ends the process with status 1. */
_Noreturn void self_fail(struct self *self, const struct error *err);

/* Receives a message of @type.  Where the parent has gone, ends the process. */
int self_receive(struct self *self, enum message_type type, struct message *ret_message,
		 struct error *err);

/* Receives CONFIG.  From here on the lines of the log are sent to the parent. */
int self_receive_config(struct self *self, struct error *err);

/*
 * Joins the mount namespace that the parent has sent, if any.
 * ORDER: before a path of the container's is opened.
 */
int self_join_mount_namespace(struct self *self, struct error *err);

/*
 * The caller's ids in our user namespace; false where one of them has no mapping.
 * ORDER: before the sync pipe is closed.
 */
bool self_find_caller(const struct self *self, struct config_user *ret_caller);

/*
 * Reads the maps of our user namespace where a user is to be looked up.
 * ORDER: while /proc is the host's.
 */
void self_read_maps(struct self *self);

/*
 * Looks up in the container's files what the config leaves open: the user, the shell, the terminal's
 * type (core/init/account.h), with @told for groups that can't be set.  @root: the container's root, with all its mounts.  Fails where the user
 * isn't found, or where the ids have no mapping.
 */
int self_find_account(struct self *self, int root, enum log_level told, struct error *err);

/* In the container's root: changes to process.cwd and finds process.args[0], as the program's user. */
int self_find_program(struct self *self, struct error *err);

/* The reader of the program's terminal: urun, or an engine. */
enum console_reader self_console_reader(const struct self *self);

/* What happens to the supplementary groups. */
enum user_groups self_groups(const struct self *self);

/* Sends READY, with the master of the console if there is one. */
int self_send_ready(struct self *self, struct error *err);

/* Receives RUN: from here on the process is the caller's. */
int self_await_run(struct self *self, struct error *err);

/*
 * Sets limits, labels, user, capabilities and filter, which can't be taken back: every step that needs a
 * capability comes before.  execve of self->program comes next.
 */
int self_become_program(struct self *self, struct error *err);

#endif
