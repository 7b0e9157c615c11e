/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_HOLDER_H
#define URUN_CONTAINER_HOLDER_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/container/state.h"

/*
 * The holder of namespaces that containers share by a key (`run --share KEY`).
 *
 * Containers that join one another end with the one whose process 1 is that of the pid namespace.
 * Tasks that begin and end in any order need a process 1 that is nobody's program: the holder, a container
 * of urun's own without a program, which has the user, pid and ipc namespaces and the /dev/shm.  Its state
 * is the directory ".share=KEY" below the state root, which no user's id can be, and which lists leave out.
 *
 * The first container of a key makes the holder; all, the first included, are its members and join the
 * namespaces as `--pid container:ID` does (core/container/share.h).  The lock of the state directory makes
 * that there is one holder, and the protocol of core/sync/hold.h that it lives as long as anybody needs it.
 * It ends by itself with the last member; whoever removes that member waits for this end and removes the
 * directory, and else the next command that lists the containers does.
 * Runs in: parent.
 */

/* Checks a key: the characters of an id, 200 bytes at most. */
int holder_check_key(const char *key, struct error *err);

/* The id of the key's holder, for the caller to free. */
char *holder_id(const char *key);
bool holder_is_id(const char *id);

/* The id of the holder whose namespace a state's shared_pid names; NULL: it is no holder's. */
char *holder_of_key(const char *shared_pid);

/*
 * For a new holder: makes its socket, and connects to the socket.  Both descriptors are the caller's: the
 * connection is the first member.
 */
int holder_listen(const struct state_dir *dir, int *ret_listener, int *ret_connection,
		  struct error *err);

/*
 * Connects to a holder, which then lives until the connection is closed.  Fails where the holder is ending.
 * *ret_members (may be NULL): how many others there are.
 */
int holder_connect(const struct container *holder, int *ret_connection, unsigned int *ret_members,
		   struct error *err);

/* The same for the first connection, of holder_listen(). */
int holder_await_hello(int connection, unsigned int *ret_members, struct error *err);

/* The process takes the connection's place as a member; *connection is closed. */
int holder_join(int *connection, int pidfd, struct error *err);

/* Waits up to @timeout_ms for the holder's end.  False: it still lives. */
bool holder_await_end(const struct container *holder, int timeout_ms);

/*
 * A member has ended, or was never made.  Where the holder has no other one, waits for its end and removes its
 * directory.
 */
void holder_clear(const char *root, const char *id);

/*
 * The container with this @shared_pid, in the state root of @dir, has ended: holder_clear(), if that
 * was a member of a holder.
 */
void holder_finish(const struct state_dir *dir, const char *shared_pid);

#endif
