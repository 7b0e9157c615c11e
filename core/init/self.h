/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_SELF_H
#define URUN_INIT_SELF_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/init/label.h"
#include "core/init/program.h"
#include "core/rootfs/user.h"
#include "core/sync/failure.h"
#include "core/sync/message.h"

/*
 * What the container's first process and one that `exec` puts beside it do alike: they hear from
 * the parent, find the program, and become it.
 */

/*
 * What lives from the config's arrival to execve.  Nothing of it is released: execve and _exit do
 * that.
 */
struct self {
	int sync_fd;
	struct message config_message;
	struct message_order order;
	const char *sections[ORDER_SECTION_COUNT];
	struct container_config config;
	int console_master;
	/* What came with CONFIG, see enum order_fd; -1: it didn't. */
	int start;
	int started;
	struct failure *failure; /* of ORDER_FD_FAILED; NULL: it didn't come */
	int clocks;		 /* of join_open_clocks(), until the clocks are set */
	int seccomp_socket;
	int mount_namespace;
	/* What a process knows that joins by itself (core/init/join.h); all zero and -1 for others. */
	bool joins;
	struct message_join join;
	int joined[CONFIG_NS_COUNT];
	struct strbuf listener_state;
	struct label label;
	struct program program;
};

/*
 * The pipe is the descriptor of that number; @mode is INIT_MODE_JOIN or NULL.  Fails, after a line
 * on stderr, where the number is of no socket.
 */
int self_begin(const char *sync_number, const char *mode, struct self *ret_self);

/* Tells the parent what went wrong, and ends. */
_Noreturn void self_fail(struct self *self, const struct error *err);

/*
 * Waits for the message.  Where the parent has gone it ends: what we would make is nobody's any
 * more, and there is nobody to tell.
 */
int self_receive(struct self *self, enum message_type type, struct message *ret_message,
		 struct error *err);

/* From here on, what is logged goes to the parent. */
int self_receive_config(struct self *self, struct error *err);

/*
 * Joins the mount namespace that the parent has given; nothing to do where it gave none.
 * ORDER: before anything is opened by a path of the container's.
 */
int self_join_mount_namespace(struct self *self, struct error *err);

/* In the container's root: goes to process.cwd and finds process.args[0], as its user. */
int self_find_program(struct self *self, struct error *err);

/* What happens to the supplementary groups. */
enum user_groups self_groups(const struct self *self);

/* READY, with the console where there is one. */
int self_send_ready(struct self *self, struct error *err);

int self_await_run(struct self *self, struct error *err);

/*
 * Limits, user, capabilities, seccomp.  Nothing comes back: what still needs a capability stands
 * above it; execve of self->program is next.
 */
int self_become_program(struct self *self, struct error *err);

#endif
