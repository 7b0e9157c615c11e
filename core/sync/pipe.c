// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/sync/pipe.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "core/base/trace.h"

struct frame_header {
	uint32_t type;
	uint32_t size;
};

/* How large the payload of each type may be, and how many descriptors it may have. */
static const struct {
	const char *name;
	uint32_t size_min;
	uint32_t size_max;
	size_t fds_max;
} rules[] = {
	[MESSAGE_BOOTSTRAP] = { "bootstrap", 0, 0, 0 },
	[MESSAGE_CONFIG] = { "config", sizeof(struct message_order), 16u << 20, ORDER_FD_COUNT },
	[MESSAGE_NETWORK] = { "network", 0, 0, 3 },
	[MESSAGE_OVERLAY] = { "overlay", 0, 0, 1 },
	[MESSAGE_RESOLV] = { "resolv", 1, 2, 2 },
	[MESSAGE_HOOKS] = { "hooks", 0, 0, 0 },
	[MESSAGE_RESUME] = { "resume", 0, 0, 0 },
	[MESSAGE_READY] = { "ready", 0, 0, 1 },
	[MESSAGE_RUN] = { "run", 0, 0, 0 },
	[MESSAGE_LOG] = { "log", 1, 8192, 0 },
	[MESSAGE_ERROR] = { "error", sizeof(struct error_packet), sizeof(struct error_packet), 0 },
	[MESSAGE_JOIN] = { "join", sizeof(struct message_join), sizeof(struct message_join),
			   MESSAGE_FDS_MAX },
	[MESSAGE_JOINED] = { "joined", 0, 0, 0 },
	[MESSAGE_FORKED] = { "forked", 0, 0, 1 },
	[MESSAGE_ADOPTED] = { "adopted", sizeof(uint32_t), sizeof(uint32_t), 0 },
	[MESSAGE_TREE] = { "tree", sizeof(uint32_t), sizeof(uint32_t), 1 },
	[MESSAGE_TRACE] = { "trace", sizeof(struct trace_event),
			    TRACE_EVENTS_MAX * sizeof(struct trace_event), 0 },
};

int pipe_new(int *ret_parent, int *ret_child, struct error *err)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return error_set(err, errno, "make the sync pipe");
	*ret_parent = fds[0];
	*ret_child = fds[1];
	return 0;
}

int pipe_send(int fd, enum message_type type, const void *payload, size_t size, const int *fds,
	      size_t fd_count, struct error *err)
{
	struct frame_header frame = { .type = (uint32_t)type, .size = (uint32_t)size };
	struct iovec parts[] = {
		{ .iov_base = &frame, .iov_len = sizeof(frame) },
		{ .iov_base = (void *)(uintptr_t)payload, .iov_len = size },
	};
	size_t left = sizeof(frame) + size;

	if (size < rules[type].size_min || size > rules[type].size_max ||
	    fd_count > rules[type].fds_max)
		return error_set(err, EMSGSIZE, "sync pipe: send %s of %zu bytes", rules[type].name,
				 size);
	while (left > 0) {
		ssize_t sent = rights_send(fd, parts, ARRAY_SIZE(parts), fds, fd_count);

		if (sent < 0)
			return error_set(err, (int)-sent, "sync pipe: send %s", rules[type].name);
		left -= (size_t)sent;
		/* The descriptors were sent with the first byte. */
		fd_count = 0;
		for (int i = 0; i < 2; i++) {
			size_t done =
				(size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;

			/* Adding 0 to NULL is undefined in C. */
			if (done)
				parts[i].iov_base = (char *)parts[i].iov_base + done;
			parts[i].iov_len -= done;
			sent -= (ssize_t)done;
		}
	}
	return 0;
}

/*
 * Reads @size bytes.  Returns the number read: less than @size only at the end of the pipe; or a
 * negative errno.
 */
static ssize_t receive_exactly(int fd, void *bytes, size_t size, struct message *message)
{
	size_t got = 0;

	while (got < size) {
		struct iovec part = { .iov_base = (char *)bytes + got, .iov_len = size - got };
		size_t count;
		ssize_t n = rights_receive(fd, &part, 1, 0, message->fds + message->fd_count,
					   MESSAGE_FDS_MAX - message->fd_count, &count);

		/*
		 * Where the peer is killed before it has read all of our bytes, the connection is
		 * reset: the pipe has ended then, too.
		 */
		if (n < 0 && n != -ECONNRESET)
			return n;
		if (n <= 0)
			break;
		message->fd_count += count;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static int check_header(const struct frame_header *frame, const struct message *message,
			unsigned int expected, struct error *err)
{
	if (frame->type == 0 || frame->type >= ARRAY_SIZE(rules))
		return error_set(err, EPROTO, "sync pipe: message of unknown type %u", frame->type);
	if (!(expected & MESSAGE_BIT(frame->type)))
		return error_set(err, EPROTO, "sync pipe: %s out of turn", rules[frame->type].name);
	if (frame->size < rules[frame->type].size_min || frame->size > rules[frame->type].size_max)
		return error_set(err, EPROTO, "sync pipe: %s of %u bytes", rules[frame->type].name,
				 frame->size);
	if (message->fd_count > rules[frame->type].fds_max)
		return error_set(err, EPROTO, "sync pipe: %s with %zu descriptors",
				 rules[frame->type].name, message->fd_count);
	return 0;
}

int pipe_receive(int fd, unsigned int expected, struct message *ret_message, struct error *err)
{
	automessage struct message message = MESSAGE_NONE;
	struct frame_header frame = { 0 };
	ssize_t n = receive_exactly(fd, &frame, sizeof(frame), &message);

	if (n == 0)
		return 0;
	if (n < 0)
		return error_set(err, (int)-n, "sync pipe: receive");
	if ((size_t)n < sizeof(frame))
		return error_set(err, EPROTO, "sync pipe: ends in the middle of a message");
	if (check_header(&frame, &message, expected, err) < 0)
		return -1;
	message.type = frame.type;
	message.size = frame.size;
	message.payload = mem_alloc((size_t)frame.size + 1);
	n = receive_exactly(fd, message.payload, message.size, &message);
	if (n < 0)
		return error_set(err, (int)-n, "sync pipe: receive %s", rules[frame.type].name);
	if ((size_t)n < message.size)
		return error_set(err, EPROTO, "sync pipe: ends in the middle of %s",
				 rules[frame.type].name);
	if (check_header(&frame, &message, expected, err) < 0)
		return -1;
	*ret_message = message;
	message = MESSAGE_NONE;
	return 1;
}

enum pipe_step pipe_take(int fd, unsigned int expected, struct message *ret_message,
			 struct error *err)
{
	automessage struct message message = MESSAGE_NONE;
	struct error_packet sent;
	int got;

	expected |= MESSAGE_BIT(MESSAGE_LOG) | MESSAGE_BIT(MESSAGE_ERROR);
	expected |= trace_is_on() ? MESSAGE_BIT(MESSAGE_TRACE) : 0;
	got = pipe_receive(fd, expected, &message, err);
	if (got < 0 && err->code == EAGAIN) {
		error_take(err, &ERROR_NONE);
		return PIPE_EMPTY;
	}
	if (got <= 0)
		return got < 0 ? PIPE_FAILED : PIPE_END;
	log_debug("sync pipe: received %s", rules[message.type].name);
	if (message.type == MESSAGE_ERROR) {
		memcpy(&sent, message.payload, sizeof(sent));
		error_unpack(&sent, err);
		return PIPE_FAILED;
	}
	if (message.type == MESSAGE_LOG) {
		enum log_level level = (unsigned char)message.payload[0];

		if (level <= LOG_LEVEL_DEBUG)
			log_line(level, message.payload + 1);
		return PIPE_LOGGED;
	}
	if (message.type == MESSAGE_TRACE) {
		trace_add(message.payload, message.size / sizeof(struct trace_event));
		return PIPE_LOGGED;
	}
	*ret_message = message;
	message = MESSAGE_NONE;
	return PIPE_MESSAGE;
}

int pipe_await(int fd, unsigned int expected, struct message *ret_message, struct error *err)
{
	for (int lines = 0; lines < PIPE_LINES_MAX; lines++) {
		switch (pipe_take(fd, expected, ret_message, err)) {
		case PIPE_MESSAGE: return 1;
		case PIPE_END: return 0;
		case PIPE_FAILED: return -1;
		case PIPE_EMPTY: return error_set(err, EAGAIN, "sync pipe: receive");
		case PIPE_LOGGED: break;
		}
	}
	return error_set(err, EPROTO, "sync pipe: more than %d lines for the log", PIPE_LINES_MAX);
}

/*
 * Sends the error by write(2).  When execve failed, the process is under the container's seccomp
 * filter, which often refuses sendmsg(2), and nearly always allows write(2).
 */
static void write_error(int fd, const struct error_packet *sent)
{
	struct {
		struct frame_header frame;
		struct error_packet payload;
	} whole;

	memset(&whole, 0, sizeof(whole));
	whole.frame.type = MESSAGE_ERROR;
	whole.frame.size = sizeof(whole.payload);
	whole.payload = *sent;
	if (fd_write_all(fd, (const char *)&whole, sizeof(whole)) < 0)
		return; /* there is no other way left to tell it */
}

void pipe_send_error(int fd, const struct error *err)
{
	struct error ignored = ERROR_NONE;
	struct error_packet sent;

	error_pack(err, &sent);
	if (pipe_send(fd, MESSAGE_ERROR, &sent, sizeof(sent), NULL, 0, &ignored) < 0)
		write_error(fd, &sent);
}
