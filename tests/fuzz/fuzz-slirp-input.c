// SPDX-License-Identifier: Apache-2.0
/*
 * What a container may do to urun-slirp: frames as they come from the tap device, each a length of
 * two bytes, a struct virtio_net_hdr and the frame.  The sockets that libslirp opens for them are in
 * a network namespace without any network.
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/connection.h"
#include "netns/fragment.h"
#include "netns/frame.h"
#include "netns/pollset.h"
#include "netns/stack.h"

#define FRAMES_MAX 64

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct network_options network;

struct other_end {
	struct connections *connections;
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error err = ERROR_NONE;

	(void)argc;
	(void)argv;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		perror("fuzz-slirp-input: a network namespace");
		exit(1);
	}
	return network_options_parse("slirp,mtu=1500,host-loopback=yes", &network, &err);
}

/* What the kernel gets is whole, and no more than it was. */
static void on_send(const uint8_t *frame, size_t size, void *context)
{
	const struct other_end *end = context;
	struct frame_out out;

	frame_to_container(&network, end->connections, frame, size, &out);
	if (out.replaced > size || out.head_size > sizeof(out.head) || out.head_size < out.replaced)
		abort();
	if (out.header.flags &&
	    (size_t)out.header.csum_start + out.header.csum_offset + 2 > out.head_size)
		abort();
}

/* As the loop does. */
static void take(struct stack *stack, struct connections *connections, struct fragments *fragments,
		 const struct virtio_net_hdr *header, uint8_t *frame, size_t size)
{
	const struct virtio_net_hdr none = { 0 };
	struct layout layout;
	enum frame_kind kind = frame_from_container(&network, header, frame, size, &layout);

	if (kind == FRAME_FRAGMENT) {
		frame = fragments_add(fragments, &layout, frame, &size);
		kind = frame ? frame_from_container(&network, &none, frame, size, &layout)
			     : FRAME_REFUSED;
		if (kind == FRAME_FRAGMENT)
			abort();
	}
	if (kind == FRAME_REFUSED)
		return;
	if (connections_from_container(connections, &layout, frame))
		stack_input(stack, frame, size);
}

static void input(struct stack *stack, struct connections *connections, struct fragments *fragments,
		  const uint8_t *bytes, size_t size)
{
	uint8_t *frame = mem_alloc(size);
	struct virtio_net_hdr header;

	memcpy(&header, bytes, sizeof(header));
	size -= sizeof(header);
	memcpy(frame, bytes + sizeof(header), size);
	take(stack, connections, fragments, &header, frame, size);
	free(frame);
}

static void turn(struct stack *stack, struct other_end *end, struct pollset *set)
{
	static uint8_t frame[FRAME_SIZE_MAX];
	size_t length;

	pollset_begin(set);
	stack_ask(stack);
	pollset_end(set);
	pollset_wait(set, 0);
	stack_run(stack);
	while ((length = connections_resend(end->connections, INT64_MAX, frame)) > 0)
		on_send(frame, length, end);
	while ((length = connections_answer(end->connections, frame)) > 0)
		stack_input(stack, frame, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct other_end end = { .connections = connections_new() };
	struct fragments *fragments = fragments_new();
	struct pollset set = POLLSET_NONE;
	struct error err = ERROR_NONE;
	struct stack *stack;

	if (pollset_open(&set, &err) < 0)
		abort();
	stack = stack_new(&network, &set, end.connections, on_send, &end, &err);
	if (!stack)
		abort();
	for (int i = 0; i < FRAMES_MAX && size >= 2 + sizeof(struct virtio_net_hdr); i++) {
		size_t length = (size_t)bytes[0] << 8 | bytes[1];

		bytes += 2;
		size -= 2;
		if (length < sizeof(struct virtio_net_hdr) || length > size)
			length = size;
		input(stack, end.connections, fragments, bytes, length);
		turn(stack, &end, &set);
		bytes += length;
		size -= length;
	}
	stack_free(stack);
	fragments_free(fragments);
	connections_free(end.connections);
	pollset_close(&set);
	return 0;
}

#ifdef FUZZ_STANDALONE
/* Replays files, for hosts without libFuzzer. */
int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		autofree char *bytes = NULL;
		size_t size;

		if (fd_read_file(argv[i], 16u << 20, &bytes, &size) < 0) {
			fprintf(stderr, "%s: can't be read\n", argv[i]);
			return 1;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
	}
	return 0;
}
#endif
