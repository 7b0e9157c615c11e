// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/holder.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "core/container/state_socket.h"
#include "core/sync/hold.h"

#define PREFIX	     ".share="
#define KEY_SIZE_MAX 200

/* The holder notices at once that its last member has ended. */
#define END_MS 2000

int holder_check_key(const char *key, struct error *err)
{
	struct error fault = ERROR_NONE;

	if (strlen(key) > KEY_SIZE_MAX)
		return error_set(err, 0, "--share: the key has more than %d bytes", KEY_SIZE_MAX);
	if (state_check_id(key, &fault) == 0)
		return 0;
	return error_set(err, 0,
			 "--share %s: a key has letters, digits, '_', '+', '-' and '.', and "
			 "doesn't begin with '.'",
			 key);
}

char *holder_id(const char *key)
{
	return str_format(PREFIX "%s", key);
}

bool holder_is_id(const char *id)
{
	struct error ignored = ERROR_NONE;

	return str_starts_with(id, PREFIX) && state_check_id(id + strlen(PREFIX), &ignored) == 0;
}

char *holder_of_key(const char *shared_pid)
{
	return shared_pid && str_starts_with(shared_pid, PREFIX)
		       ? str_dup_n(shared_pid, strcspn(shared_pid, " "))
		       : NULL;
}

int holder_listen(const struct state_dir *dir, int *ret_listener, int *ret_connection,
		  struct error *err)
{
	autoclose int listener = -1;

	if (state_socket_listen(dir, STATE_FILE_HOLD, SOCK_SEQPACKET, &listener, err) < 0 ||
	    state_socket_connect(dir, STATE_FILE_HOLD, SOCK_SEQPACKET, ret_connection, err) < 0)
		return -1;
	*ret_listener = take_fd(&listener);
	return 0;
}

static int receive_answer(int connection, void *bytes, size_t size)
{
	const struct timeval limit = { .tv_sec = HOLD_ANSWER_S };
	const struct iovec part = { bytes, size };
	size_t count = 0;
	ssize_t got;

	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	got = rights_receive(connection, &part, 1, 0, NULL, 0, &count);
	if (got == (ssize_t)size)
		return 0;
	/* EAGAIN is the end of the time. */
	return got == -EAGAIN ? -ETIMEDOUT : got < 0 ? (int)got : -ECONNRESET;
}

int holder_await_hello(int connection, unsigned int *ret_members, struct error *err)
{
	struct hold_hello hello;
	int failed = receive_answer(connection, &hello, sizeof(hello));

	if (failed < 0)
		return error_set(err, -failed, "connect to the holder of the shared namespaces");
	if (ret_members)
		*ret_members = hello.members;
	return 0;
}

int holder_connect(const struct container *holder, int *ret_connection, unsigned int *ret_members,
		   struct error *err)
{
	autoclose int connection = -1;

	if (state_socket_connect(&holder->dir, STATE_FILE_HOLD, SOCK_SEQPACKET, &connection, err) <
		    0 ||
	    holder_await_hello(connection, ret_members, err) < 0)
		return -1;
	*ret_connection = take_fd(&connection);
	return 0;
}

int holder_join(int *connection, int pidfd, struct error *err)
{
	char byte = 0;
	const struct iovec part = { &byte, 1 };
	ssize_t sent = rights_send(*connection, &part, 1, &pidfd, 1);
	int failed = sent < 0 ? (int)sent : receive_answer(*connection, &byte, 1);

	fd_close(connection);
	return failed < 0 ? error_set(err, -failed, "become a member of the shared namespaces") : 0;
}

bool holder_await_end(const struct container *holder, int timeout_ms)
{
	struct error ignored = ERROR_NONE;
	enum container_status status;
	autoclose int pidfd = -1;
	struct pollfd end;

	if (container_status(holder, &status, &pidfd, &ignored) < 0 || pidfd < 0)
		return true;
	end = (struct pollfd){ .fd = pidfd, .events = POLLIN };
	return poll(&end, 1, timeout_ms) != 0;
}

void holder_clear(const char *root, const char *id)
{
	autocontainer struct container holder = CONTAINER_NONE, again = CONTAINER_NONE;
	autoclose int connection = -1;
	struct error ignored = ERROR_NONE;
	unsigned int members = 0;

	/* Opening the directory of a holder that has ended removes it. */
	if (container_open(root, id, STATE_UNLOCKED, &holder, &ignored) != 0)
		return;
	if (holder_connect(&holder, &connection, &members, &ignored) == 0 && members > 0)
		return;
	fd_close(&connection);
	holder_await_end(&holder, END_MS);
	(void)container_open(root, id, STATE_UNLOCKED, &again, &ignored);
}

void holder_finish(const struct state_dir *dir, const char *shared_pid)
{
	autofree char *id = holder_of_key(shared_pid);
	autofree char *root = str_dup_n(dir->path, (size_t)(strrchr(dir->path, '/') - dir->path));

	if (id)
		holder_clear(root, id);
}
