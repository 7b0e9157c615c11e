// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/window.h"

#include <string.h>
#include <sys/socket.h>

#include "netns/slirp/checksum.h"
#include "netns/slirp/segment.h"

/* Our scale: enough for four times what 16 bits can say. */
#define SCALE 2
/* Source: RFC 7323, section 2.3. */
#define SCALE_MAX 14

/* A NOP, then the option: its kind, size and value. */
#define OFFER_SIZE 4

/*
 * libslirp's buffer for what the container sends is this, rounded up to whole segments
 * (TCP_RCVSPACE, since 4.0).
 */
#define ROOM	    131072u
#define SEGMENT_MIN 536
#define SEGMENT_MAX (65521 - IPV6_SIZE - TCP_SIZE)

/* The container's largest segment: its MTU is at most 65520. */
#define SENT_MAX (65520 - IPV4_SIZE - TCP_SIZE)

static void advance(uint32_t *number, uint32_t to)
{
	if (sequence_is_after(to, *number))
		*number = to;
}

void window_begin(const struct layout *layout, const uint8_t *syn, struct window *ret_window)
{
	size_t scale = layout_tcp_option(layout, syn, TCP_OPTION_SCALE, 1);
	size_t mss = layout_tcp_option(layout, syn, TCP_OPTION_MSS, 2);
	size_t segment = mss ? get16(syn + mss) : SEGMENT_MIN;

	/* As libslirp computes the size of its buffer. */
	if (segment < SEGMENT_MIN)
		segment = SEGMENT_MIN;
	if (segment > SEGMENT_MAX)
		segment = SEGMENT_MAX;
	*ret_window = (struct window){
		.has_offer = scale != 0,
		.room = (uint32_t)((ROOM + segment - 1) / segment * segment),
		.sent = get32(syn + layout->transport + TCP_SEQUENCE) + 1,
	};
	if (scale != 0)
		ret_window->scale = syn[scale] > SCALE_MAX ? SCALE_MAX : syn[scale];
}

/* Appends our offer: libslirp's SYN,ACK has the option of the segment size only. */
static void add_offer(struct layout *layout, uint8_t *head)
{
	static const uint8_t offer[OFFER_SIZE] = { TCP_OPTION_NONE, TCP_OPTION_SCALE, 3, SCALE };
	bool v4 = layout->family == AF_INET;
	uint8_t *ip = head + layout->ip, *tcp = head + layout->transport;
	uint16_t length = get16(ip + (v4 ? 2 : 4)), longer = (uint16_t)(length + OFFER_SIZE);

	memcpy(tcp + layout->tcp_size, offer, OFFER_SIZE);
	layout->tcp_size += OFFER_SIZE;
	layout->end += OFFER_SIZE;
	tcp[TCP_LENGTH] = (uint8_t)(layout->tcp_size / 4 << 4 | (tcp[TCP_LENGTH] & 15));
	put16(ip + (v4 ? 2 : 4), longer);
	if (v4)
		checksum_mend(ip + 10, length, longer);
}

/* Scaling needs both sides' offers.  libslirp's SYN,ACK never has data, or headers without room. */
void window_offer(struct window *window, struct layout *layout, uint8_t *head)
{
	const uint8_t *tcp = head + layout->transport;
	bool is_scaled = window->has_offer && layout->tcp_size + OFFER_SIZE <= 60 &&
			 layout->transport + layout->tcp_size == layout->end;

	if (is_scaled)
		add_offer(layout, head);
	/* A retransmission of the SYN,ACK changes nothing. */
	if (window->is_open)
		return;
	if (!is_scaled)
		window->scale = 0;
	window->shift = is_scaled ? SCALE : 0;
	if (window->room > (uint32_t)UINT16_MAX << window->shift)
		window->room = (uint32_t)UINT16_MAX << window->shift;
	window->acknowledged = get32(tcp + TCP_ACK);
	window->told = window->acknowledged + get16(tcp + TCP_WINDOW);
	window->is_open = true;
}

uint16_t window_narrow(uint32_t width)
{
	return (uint16_t)(width < UINT16_MAX ? width : UINT16_MAX);
}

uint32_t window_from_container(struct window *window, const struct layout *layout, uint8_t *frame)
{
	uint8_t *tcp = frame + layout->transport;
	uint16_t old_value = get16(tcp + TCP_WINDOW), new_value;
	uint32_t width = (uint32_t)old_value << window->scale;
	uint32_t size = (uint32_t)(layout->end - layout->transport - layout->tcp_size);
	uint32_t end = get32(tcp + TCP_SEQUENCE) + size;

	/*
	 * Data behind the edge that the container knows is a window probe, or nonsense: libslirp
	 * drops it, so no acknowledgement is awaited.
	 */
	advance(&window->sent, sequence_is_after(end, window->told) ? window->told : end);
	new_value = window_narrow(width);
	put16(tcp + TCP_WINDOW, new_value);
	checksum_mend(tcp + TCP_CHECKSUM, old_value, new_value);
	return width;
}

void window_to_container(struct window *window, const struct layout *layout, uint8_t *head)
{
	uint8_t *tcp = head + layout->transport;
	uint32_t number = get32(tcp + TCP_ACK), width = get16(tcp + TCP_WINDOW);

	advance(&window->acknowledged, number);
	if (window->has_edge)
		width = sequence_is_after(window->edge, number) ? window->edge - number : 0;
	width >>= window->shift;
	put16(tcp + TCP_WINDOW, (uint16_t)width);
	advance(&window->told, number + (width << window->shift));
}

/*
 * ORDER: what was acknowledged before this call is written, since the buffer is empty: so all of
 * the buffer is free for what follows.
 */
void window_emptied(struct window *window)
{
	if (!window->has_edge)
		window->edge = window->acknowledged;
	window->has_edge = true;
	advance(&window->edge, window->acknowledged + window->room);
}

bool window_is_written(const struct window *window)
{
	return window->has_edge && window->edge == window->acknowledged + window->room;
}

/*
 * Half of the room, but at least one segment; and no more than a window can say before there is an
 * edge: otherwise every connection would begin with a low window.
 */
bool window_is_low(const struct window *window)
{
	uint32_t enough = window->room / 2;

	if (enough < SENT_MAX)
		enough = SENT_MAX;
	if (enough > UINT16_MAX)
		enough = UINT16_MAX;
	return window->is_open && (int32_t)(window->told - window->sent) < (int32_t)enough;
}

bool window_ask(struct window *window)
{
	if (!sequence_is_after(window->sent, window->acknowledged) ||
	    (window->has_asked && window->asked == window->sent))
		return false;
	window->has_asked = true;
	window->asked = window->sent;
	return true;
}

/* Less than the unit of the scale can't be told. */
bool window_is_untold(const struct window *window)
{
	return window->has_edge && sequence_is_after(window->edge, window->told) &&
	       window->edge - window->told >= 1u << window->shift;
}
