// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/syn_queue.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/str.h"

#define ROOM_MIN 64

void syn_queue_release(struct syn_queue *queue)
{
	free(queue->syns);
	*queue = (struct syn_queue){ .syns = NULL };
}

static struct syn *syn_at(const struct syn_queue *queue, size_t place)
{
	return &queue->syns[(queue->first + place) & (queue->room - 1)];
}

bool syn_can_wait(const struct layout *layout, const uint8_t *frame)
{
	return layout->tcp_size > 0 && layout->end <= HEADERS_SIZE_MAX &&
	       layout->end == layout->transport + layout->tcp_size &&
	       (frame[layout->transport + TCP_FLAGS] & (TCP_FLAG_SYN | TCP_FLAG_ACK)) ==
		       TCP_FLAG_SYN;
}

static bool has_same_ends(const struct syn *syn, const struct layout *layout, const uint8_t *frame)
{
	size_t addresses = layout->family == AF_INET ? 12 : 8;
	size_t size = layout->family == AF_INET ? 8 : 32;

	return syn->layout.family == layout->family &&
	       memcmp(syn->frame + syn->layout.transport, frame + layout->transport, 4) == 0 &&
	       memcmp(syn->frame + syn->layout.ip + addresses, frame + layout->ip + addresses,
		      size) == 0;
}

static void grow(struct syn_queue *queue)
{
	size_t room = queue->room ? queue->room * 2 : ROOM_MIN;
	struct syn *syns = mem_resize(NULL, room, sizeof(*syns));

	for (size_t i = 0; i < queue->count; i++)
		syns[i] = *syn_at(queue, i);
	free(queue->syns);
	queue->syns = syns;
	queue->room = room;
	queue->first = 0;
}

bool syn_queue_add(struct syn_queue *queue, const struct layout *layout, const uint8_t *frame)
{
	struct syn *syn = NULL;

	for (size_t i = 0; i < queue->count && !syn; i++)
		if (has_same_ends(syn_at(queue, i), layout, frame))
			syn = syn_at(queue, i);
	if (!syn) {
		if (queue->count == SYN_QUEUE_MAX)
			return false;
		if (queue->count == queue->room)
			grow(queue);
		syn = syn_at(queue, queue->count++);
	}
	syn->layout = *layout;
	syn->size = layout->end;
	memcpy(syn->frame, frame, layout->end);
	return true;
}

bool syn_queue_take(struct syn_queue *queue, struct syn *ret_syn)
{
	if (queue->count == 0)
		return false;
	*ret_syn = *syn_at(queue, 0);
	queue->first = (queue->first + 1) & (queue->room - 1);
	queue->count--;
	/* The memory that a burst needed is freed after the burst. */
	if (queue->count == 0 && queue->room > ROOM_MIN)
		syn_queue_release(queue);
	return true;
}
