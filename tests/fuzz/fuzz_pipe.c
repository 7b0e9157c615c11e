// SPDX-License-Identifier: Apache-2.0
/*
 * The sync pipe with a hostile other end: as seen by the parent, which waits for the container's
 * process, and as seen by that process, which waits for its order.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "core/sync/pipe.h"
#include "tests/fuzz/fuzz.h"

#define MESSAGES_MAX 64

static void on_line(enum log_level level, const char *text, void *context)
{
	(void)context;
	fuzz_demand(level >= LOG_LEVEL_ERROR && level <= LOG_LEVEL_DEBUG, "a line has a level");
	fuzz_demand(strlen(text) <= 8192, "a line is a bounded text");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_set_level(LOG_LEVEL_DEBUG);
	log_set_sink(on_line, NULL);
	return 0;
}

/* Sends the bytes, with as many descriptors as the first byte says, and ends the stream. */
static void say(int fd, struct fuzz_input *input)
{
	size_t fd_count = fuzz_number(input, 1) % (RIGHTS_MAX + 1);
	int fds[RIGHTS_MAX];
	struct iovec part = { (void *)(uintptr_t)input->bytes, input->size };

	for (size_t i = 0; i < RIGHTS_MAX; i++)
		fds[i] = fd;
	/* Bytes that don't fit into the socket's buffer are cut off, as if the peer was killed. */
	if (input->size > 0)
		rights_send(fd, &part, 1, fds, fd_count);
	shutdown(fd, SHUT_WR);
}

static void check_message(const struct message *message)
{
	fuzz_demand(message->fd_count <= MESSAGE_FDS_MAX, "descriptors are bounded");
	fuzz_demand(message->payload && message->payload[message->size] == '\0',
		    "a payload ends with a NUL");
}

static void parent_hears(int fd, unsigned int expected)
{
	for (int i = 0; i < MESSAGES_MAX; i++) {
		automessage struct message message = MESSAGE_NONE;
		struct error err = ERROR_NONE;
		char line[ERROR_LINE_SIZE];
		int got = pipe_await(fd, expected, &message, &err);

		if (got < 0) {
			fuzz_demand(!err.all, "no pointer is the sender's");
			fuzz_demand(err.code >= 0 && err.status >= 0 && err.status <= 255,
				    "code and status are such");
			fuzz_demand(!strchr(error_format(&err, line), '\n'),
				    "an error is one line");
			return;
		}
		if (got == 0)
			return;
		check_message(&message);
		fuzz_demand(expected & MESSAGE_BIT(message.type), "a message is in its turn");
	}
}

/* An unpacked order must be packed to the same bytes. */
static void check_order(const struct message *message)
{
	const char *sections[ORDER_SECTION_COUNT];
	struct strbuf copies[ORDER_SECTION_COUNT] = { 0 };
	autostrbuf struct strbuf packed = { 0 };
	struct error err = ERROR_NONE;
	struct message_order order;

	if (message_order_unpack(message, &order, sections, &err) < 0)
		return;
	for (int i = 0; i < ORDER_SECTION_COUNT; i++) {
		const char *end = sections[i] + order.section_sizes[i];

		fuzz_demand(sections[i] >= message->payload &&
				    end < message->payload + message->size && *end == '\0',
			    "a section is in the message");
		strbuf_add(&copies[i], sections[i], order.section_sizes[i]);
	}
	message_order_pack(&order, copies, &packed);
	fuzz_demand(packed.size == message->size &&
			    memcmp(packed.bytes, message->payload, packed.size) == 0,
		    "packed again it is the same");
	for (int i = 0; i < ORDER_SECTION_COUNT; i++)
		strbuf_release(&copies[i]);
}

static void child_hears(int fd, unsigned int expected)
{
	for (int i = 0; i < MESSAGES_MAX; i++) {
		automessage struct message message = MESSAGE_NONE;
		struct error err = ERROR_NONE;

		if (pipe_receive(fd, expected, &message, &err) <= 0)
			return;
		check_message(&message);
		if (message.type == MESSAGE_CONFIG)
			check_order(&message);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	bool to_parent = fuzz_number(&input, 1) & 1;
	unsigned int expected = fuzz_number(&input, 2);
	struct error err = ERROR_NONE;
	int parent, child;

	if (pipe_new(&parent, &child, &err) < 0)
		abort();
	say(to_parent ? child : parent, &input);
	if (to_parent)
		parent_hears(parent, expected);
	else
		child_hears(child, expected);
	close(parent);
	close(child);
	return 0;
}
