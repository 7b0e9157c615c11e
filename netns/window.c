// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/window.h"

#include <string.h>
#include <sys/socket.h>

#include "netns/checksum.h"

/* Ours: enough for four times what 16 bits say. */
#define SCALE 2
/* Source: RFC 7323, section 2.3. */
#define SCALE_MAX 14

/* A NOP, then the option: its kind, size and value. */
#define OFFER_SIZE 4

/*
 * libslirp's buffer for what the container sends: this, rounded up to whole segments.  (Its
 * TCP_RCVSPACE, since 4.0.)
 */
#define ROOM	    131072u
#define SEGMENT_MIN 536
#define SEGMENT_MAX (65521 - IPV6_SIZE - TCP_SIZE)

/* As libslirp computes it. */
static uint32_t room_for(size_t segment)
{
	if (segment < SEGMENT_MIN)
		segment = SEGMENT_MIN;
	if (segment > SEGMENT_MAX)
		segment = SEGMENT_MAX;
	return (uint32_t)((ROOM + segment - 1) / segment * segment);
}

bool window_begin(const struct layout *layout, const uint8_t *syn, struct window *ret_window)
{
	size_t scale = layout_tcp_option(layout, syn, TCP_OPTION_SCALE, 1);
	size_t mss = layout_tcp_option(layout, syn, TCP_OPTION_MSS, 2);

	if (scale == 0)
		return false;
	*ret_window = (struct window){
		.scale = syn[scale] > SCALE_MAX ? SCALE_MAX : syn[scale],
		.room = room_for(mss ? get16(syn + mss) : SEGMENT_MIN),
	};
	return true;
}

/* Behind the other options; libslirp's has that of the segment size alone. */
void window_offer(struct window *window, struct layout *layout, uint8_t *head)
{
	static const uint8_t offer[OFFER_SIZE] = { TCP_OPTION_NONE, TCP_OPTION_SCALE, 3, SCALE };
	bool v4 = layout->family == AF_INET;
	uint8_t *ip = head + layout->ip, *tcp = head + layout->transport;
	uint16_t length = get16(ip + (v4 ? 2 : 4)), longer = (uint16_t)(length + OFFER_SIZE);

	/* Data behind the headers, or no room: libslirp has neither. */
	if (layout->tcp_size + OFFER_SIZE > 60 ||
	    layout->transport + layout->tcp_size != layout->end)
		return;
	memcpy(tcp + layout->tcp_size, offer, OFFER_SIZE);
	layout->tcp_size += OFFER_SIZE;
	layout->end += OFFER_SIZE;
	tcp[TCP_LENGTH] = (uint8_t)(layout->tcp_size / 4 << 4 | (tcp[TCP_LENGTH] & 15));
	put16(ip + (v4 ? 2 : 4), longer);
	if (v4)
		checksum_mend(ip + 10, length, longer);
	window->acknowledged = get32(tcp + TCP_ACK);
	window->is_scaled = true;
}

/* Its "header prediction" is for windows that stay the same, and leaves snd_wl1 and snd_wl2. */
uint16_t window_narrow(uint32_t width, uint32_t acknowledged, uint32_t sequence)
{
	uint32_t widest = UINT16_MAX - (acknowledged >> 30 & 1) - (sequence >> 30 & 1) * 2;

	return (uint16_t)(width < widest ? width : widest);
}

uint32_t window_from_container(const struct window *window, const struct layout *layout,
			       uint8_t *frame)
{
	uint8_t *tcp = frame + layout->transport;
	uint16_t old_value = get16(tcp + TCP_WINDOW), new_value;
	uint32_t width = (uint32_t)old_value << window->scale;

	new_value = window_narrow(width, get32(tcp + TCP_ACK), get32(tcp + TCP_SEQUENCE));
	put16(tcp + TCP_WINDOW, new_value);
	checksum_mend(tcp + TCP_CHECKSUM, old_value, new_value);
	return width;
}

/* It may end later than libslirp says, never sooner. */
void window_to_container(struct window *window, const struct layout *layout, uint8_t *head)
{
	uint8_t *tcp = head + layout->transport;
	uint32_t acknowledged = get32(tcp + TCP_ACK);
	uint32_t size = get16(tcp + TCP_WINDOW);
	uint32_t known = window->base + window->room - acknowledged;

	/* As numbers that turn around: one that lies behind is larger than any room. */
	if (window->has_base && known > size && known <= window->room)
		size = known;
	put16(tcp + TCP_WINDOW, (uint16_t)(size >> SCALE));
	window->acknowledged = acknowledged;
}

/* ORDER: what was acknowledged before this is written or in the buffer, and that is empty. */
void window_emptied(struct window *window)
{
	window->base = window->acknowledged;
	window->has_base = true;
}
