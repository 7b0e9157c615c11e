// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "netns/ports/port.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "core/base/rights.h"
#include "core/base/str.h"

static int ask_urun_port(int control, const struct port_question *question, int fd,
			 struct error *err)
{
	struct iovec part = { (void *)(uintptr_t)question, sizeof(*question) };
	ssize_t sent = rights_send(control, &part, 1, &fd, fd >= 0 ? 1 : 0);

	return sent < 0 ? error_set(err, sent == -EAGAIN ? ETIMEDOUT : (int)-sent,
				    "send to urun-port")
			: 0;
}

/* urun-port answers at once, unless it has no descriptor left for the connection. */
#define ANSWER_TIMEOUT_S 5

/* Receives an answer.  Behind the answer there may be entries, of *ret_size bytes, in @rest. */
static int hear_answer(int control, void *rest, size_t room, size_t *ret_size, struct error *err)
{
	struct port_answer answer;
	struct iovec parts[] = { { &answer, sizeof(answer) }, { rest, room } };
	const struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	size_t none;
	ssize_t got;

	setsockopt(control, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	got = rights_receive(control, parts, ARRAY_SIZE(parts), 0, NULL, 0, &none);
	if (got < 0)
		return error_set(err, got == -EAGAIN ? ETIMEDOUT : (int)-got,
				 "receive from urun-port");
	if ((size_t)got < sizeof(answer))
		return error_set(err, got == 0 ? ECONNRESET : EPROTO, "receive from urun-port");
	*ret_size = (size_t)got - sizeof(answer);
	return answer.errnum ? error_set(err, answer.errnum, "urun-port") : 0;
}

int port_add(int control, const struct published *published, struct error *err)
{
	const struct port_question question = {
		.kind = PORT_ADD,
		.entry = { published->protocol, published->container_port, published->host }
	};
	size_t none;

	return ask_urun_port(control, &question, published->fd, err) < 0
		       ? -1
		       : hear_answer(control, NULL, 0, &none, err);
}

int port_remove(int control, const struct port_entry *entry, struct error *err)
{
	const struct port_question question = { .kind = PORT_REMOVE, .entry = *entry };
	size_t none;

	return ask_urun_port(control, &question, -1, err) < 0
		       ? -1
		       : hear_answer(control, NULL, 0, &none, err);
}

int port_list(int control, struct port_entry **ret_entries, size_t *ret_count, struct error *err)
{
	const struct port_question question = { .kind = PORT_LIST };
	struct port_entry *entries = mem_alloc(PORT_COUNT_MAX * sizeof(*entries));
	size_t size = 0;

	if (ask_urun_port(control, &question, -1, err) < 0 ||
	    hear_answer(control, entries, PORT_COUNT_MAX * sizeof(*entries), &size, err) < 0) {
		free(entries);
		return -1;
	}
	*ret_entries = entries;
	*ret_count = size / sizeof(*entries);
	return 0;
}

int port_join(int control, int pidfd, struct error *err)
{
	const struct port_question question = { .kind = PORT_JOIN };
	size_t none;

	return ask_urun_port(control, &question, pidfd, err) < 0
		       ? -1
		       : hear_answer(control, NULL, 0, &none, err);
}

void port_end(int control, int timeout_ms)
{
	const struct port_question question = { .kind = PORT_END };
	struct pollfd end = { .fd = control, .events = POLLIN };
	struct error ignored = ERROR_NONE;

	if (ask_urun_port(control, &question, -1, &ignored) == 0)
		while (poll(&end, 1, timeout_ms) < 0 && errno == EINTR)
			;
}
