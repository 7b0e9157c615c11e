// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/flight.h"

#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/str.h"
#include "netns/slirp/checksum.h"
#include "netns/slirp/window.h"

/*
 * Bytes that one copy holds.  A power of two, so that an offset survives the wrap-around of
 * sequence numbers.
 */
#define COPY_SIZE (512u * 1024)

/* A connection with smaller segments doesn't reach 64 KiB in flight. */
#define BULK_MIN 8192u

/* How many requests are refused after no copy was free. */
#define CROWDED_FOR 256

/*
 * The retransmission timer: its first value, which doubles each time, and its maximum, as in Linux
 * and libslirp.  It isn't derived from a measured round trip: that stays within this machine.
 */
#define WAIT_MS	    200
#define WAIT_MAX_MS 12000
/*
 * Unanswered retransmissions before the connection is reset: about a quarter of an hour.  A peer
 * that still answers, even with a zero window, is never given up: its count goes back to the second
 * number, at which the timer has reached its maximum.
 */
#define WAITS_MAX      80
#define WAITS_ANSWERED 6

/*
 * libslirp doesn't note the window of a segment that matches its header prediction.  If the last
 * noted segment is 2 GiB old, libslirp takes every window for an old one and ignores it.
 */
#define NOTED_FOR (256u << 20)

/*
 * RFC 5681 waits for three duplicates, since segments may overtake each other.  Here is one link,
 * and bulk data comes in so few segments that three seldom follow a lost one.
 */
#define REPEATS_OF_A_LOSS 1

struct flight_copy {
	struct flight *flight; /* NULL: free */
	uint32_t first;	       /* the sequence number of the byte at the beginning of @bytes */
	uint32_t next;	       /* the sequence number behind the last byte */
	uint32_t segment;      /* the largest segment that libslirp has sent, in bytes */
	bool is_ending;	       /* takes no more bytes */
	bool answer_due;
	bool told; /* libslirp was sent the acknowledgement and window that follow */
	uint32_t told_number;
	uint16_t told_window;
	bool resend_due;
	bool recovering; /* not all that was sent before the last loss is acknowledged */
	uint32_t recover;
	unsigned int repeats; /* duplicates of the container's last acknowledgement */
	unsigned int waits;   /* retransmissions that weren't answered */
	int64_t due_ms;	      /* 0: the timer starts with the next flight_timeout() */
	struct segment_head head;
	uint8_t bytes[COPY_SIZE];
};

/* ---- the copies ---- */

void flight_copies_release(struct flight_copies *copies)
{
	for (size_t i = 0; i < FLIGHT_COPIES_MAX; i++)
		free(take_ptr(copies->copies[i]));
}

/* Allocated once and kept, so that bursts don't allocate and free it over and over. */
static struct flight_copy *free_copy(struct flight_copies *copies)
{
	if (copies->crowded > 0) {
		copies->crowded--;
		return NULL;
	}
	for (size_t i = 0; i < FLIGHT_COPIES_MAX; i++) {
		if (!copies->copies[i])
			copies->copies[i] = mem_alloc(sizeof(struct flight_copy));
		if (!copies->copies[i]->flight)
			return copies->copies[i];
	}
	for (size_t i = 0; i < FLIGHT_COPIES_MAX; i++)
		copies->copies[i]->is_ending = true;
	copies->crowded = CROWDED_FOR;
	return NULL;
}

void flight_end(struct flight *flight)
{
	if (flight->copy)
		flight->copy->flight = NULL;
	flight->copy = NULL;
}

static uint32_t kept(const struct flight_copy *copy)
{
	return copy->next - copy->flight->acknowledged;
}

/* Returns how many of @size bytes fit before the ring wraps around; *ret_place: their offset. */
static size_t until_turn(const struct flight_copy *copy, uint32_t number, size_t size,
			 size_t *ret_place)
{
	size_t place = (number - copy->first) % COPY_SIZE;

	*ret_place = place;
	return size < COPY_SIZE - place ? size : COPY_SIZE - place;
}

static void put_bytes(struct flight_copy *copy, const uint8_t *data, size_t size)
{
	size_t place, before = until_turn(copy, copy->next, size, &place);

	memcpy(copy->bytes + place, data, before);
	memcpy(copy->bytes, data + before, size - before);
	copy->next += (uint32_t)size;
}

static void get_bytes(const struct flight_copy *copy, uint32_t number, uint8_t *data, size_t size)
{
	size_t place, before = until_turn(copy, number, size, &place);

	memcpy(data, copy->bytes + place, before);
	memcpy(data + before, copy->bytes, size - before);
}

/* ---- to the container ---- */

void flight_begin(struct flight *flight, const struct layout *layout, const uint8_t *head)
{
	flight_end(flight);
	*flight = (struct flight){ .sent = get32(head + layout->transport + TCP_SEQUENCE) + 1 };
}

static bool has_plain_headers(const struct layout *layout)
{
	size_t ip_size = layout->family == AF_INET ? IPV4_SIZE : IPV6_SIZE;

	return layout->ip == ETH_HLEN && layout->transport == layout->ip + ip_size &&
	       layout->tcp_size == TCP_SIZE;
}

/*
 * Returns whether the segment continues the copy, or, without a copy, begins where the container's
 * acknowledgement ends.
 */
static bool can_keep(const struct flight *flight, const struct layout *layout, uint8_t flags,
		     uint32_t number, uint32_t size)
{
	if (flight->has_no_copies || size == 0 || !flight->is_heard ||
	    sequence_is_after(number + size, flight->edge) ||
	    (flags & (TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_URG)) || !has_plain_headers(layout))
		return false;
	if (!flight->copy)
		return size >= BULK_MIN && number == flight->acknowledged;
	return !flight->copy->is_ending && number == flight->copy->next &&
	       size <= COPY_SIZE - kept(flight->copy);
}

static bool begin_copy(struct flight_copies *copies, struct flight *flight,
		       const struct layout *layout, const uint8_t *head, uint32_t number)
{
	struct segment_head kept_head;
	struct flight_copy *copy = NULL;

	if (segment_keep(layout, head, &kept_head))
		copy = free_copy(copies);
	if (!copy)
		return false;
	/* Clears everything but the bytes. */
	memset(copy, 0, offsetof(struct flight_copy, bytes));
	flight->copy = copy;
	copy->flight = flight;
	copy->first = copy->next = number;
	copy->head = kept_head;
	return true;
}

void flight_to_container(struct flight_copies *copies, struct flight *flight,
			 const struct layout *layout, const uint8_t *head, const uint8_t *data)
{
	const uint8_t *tcp = head + layout->transport;
	uint32_t size = (uint32_t)(layout->end - layout->transport - layout->tcp_size);
	uint32_t number = get32(tcp + TCP_SEQUENCE), end = number + size;
	uint8_t flags = tcp[TCP_FLAGS];

	flight->received = get32(tcp + TCP_ACK);
	flight->window = get16(tcp + TCP_WINDOW);
	if (flags & TCP_FLAG_RST) {
		flight_end(flight);
		return;
	}
	if (can_keep(flight, layout, flags, number, size) &&
	    (flight->copy || begin_copy(copies, flight, layout, head, number))) {
		put_bytes(flight->copy, data, size);
		flight->copy->answer_due = true;
		if (size > flight->copy->segment)
			flight->copy->segment = size;
	}
	if (flags & TCP_FLAG_FIN)
		end++;
	if (sequence_is_after(end, flight->sent))
		flight->sent = end;
}

/* ---- from the container ---- */

/* Handles what an acknowledgement says of losses.  Source: RFC 6582, section 3.2. */
static void note(struct flight_copy *copy, uint32_t number, bool is_new, bool is_repeat)
{
	if (is_new) {
		copy->repeats = copy->waits = 0;
		copy->due_ms = 0;
		/*
		 * Data behind the acknowledged part is lost too: otherwise it would be
		 * acknowledged.
		 */
		copy->recovering = copy->recovering && sequence_is_after(copy->recover, number);
		copy->resend_due = copy->recovering;
		return;
	}
	if (copy->waits > WAITS_ANSWERED)
		copy->waits = WAITS_ANSWERED;
	if (!is_repeat || ++copy->repeats != REPEATS_OF_A_LOSS || copy->recovering)
		return;
	copy->recovering = copy->resend_due = true;
	copy->recover = copy->next;
}

static void change_field(uint8_t *tcp, size_t at, uint16_t value)
{
	checksum_mend(tcp + TCP_CHECKSUM, get16(tcp + at), value);
	put16(tcp + at, value);
}

/* The container's window, as far as it lies behind @number. */
static uint16_t window_after(const struct flight *flight, uint32_t number)
{
	uint32_t left = sequence_is_after(flight->edge, number) ? flight->edge - number : 0;

	return window_narrow(left);
}

/* Remembers what libslirp is sent.  Returns whether libslirp was sent the same before. */
static bool tell(struct flight_copy *copy, uint32_t number, uint16_t window)
{
	bool known = copy->told && copy->told_number == number && copy->told_window == window;

	copy->told = true;
	copy->told_number = number;
	copy->told_window = window;
	return known;
}

bool flight_from_container(struct flight *flight, const struct layout *layout, uint8_t *frame,
			   uint32_t width)
{
	uint8_t *tcp = frame + layout->transport;
	uint32_t number = get32(tcp + TCP_ACK), edge = number + width;
	uint8_t flags = tcp[TCP_FLAGS];
	struct flight_copy *copy = flight->copy;
	/*
	 * A plain segment is an acknowledgement and nothing else.  An out-of-order segment (such as
	 * a keep-alive probe) wants a reply, so it isn't plain.
	 */
	bool is_plain = layout->transport + layout->tcp_size == layout->end &&
			!(flags & (TCP_FLAG_FIN | TCP_FLAG_RST | TCP_FLAG_URG)) &&
			get32(tcp + TCP_SEQUENCE) == flight->received;
	bool is_new, is_repeat, is_known;
	uint16_t window;

	/* Numbers that were never sent, or acknowledged long ago, are left to libslirp. */
	if (!(flags & TCP_FLAG_ACK) || sequence_is_after(number, flight->sent) ||
	    (flight->is_heard && sequence_is_after(flight->acknowledged, number)))
		return true;
	is_new = !flight->is_heard || number != flight->acknowledged;
	is_repeat = !is_new && is_plain && edge == flight->edge;
	if (!flight->is_heard) {
		flight->noted_number = get32(tcp + TCP_SEQUENCE);
		flight->noted_ack = number;
	}
	flight->is_heard = true;
	flight->acknowledged = number;
	flight->edge = edge;
	if (!copy)
		return true;
	note(copy, number, is_new, is_repeat);
	if (!sequence_is_after(copy->next, number)) {
		window = get16(tcp + TCP_WINDOW);
		is_known = tell(copy, number, window);
		flight_end(flight);
	} else {
		window = window_after(flight, copy->next);
		is_known = tell(copy, copy->next, window);
		change_field(tcp, TCP_ACK, (uint16_t)(copy->next >> 16));
		change_field(tcp, TCP_ACK + 2, (uint16_t)copy->next);
		change_field(tcp, TCP_WINDOW, window);
	}
	if (is_plain)
		return !is_known;
	/*
	 * libslirp may ignore the window of an out-of-order segment: the next segment repeats it.
	 */
	copy->told = false;
	return true;
}

/* ---- windows that libslirp notes ---- */

/*
 * Returns whether a segment must carry the flag URG, with an urgent pointer of 0.  That has no
 * meaning for libslirp, except that the segment doesn't match its header prediction.
 */
static bool is_to_be_noted(struct flight *flight, uint32_t number, uint32_t acknowledged)
{
	if (!flight->is_heard || (!sequence_is_after(number, flight->noted_number + NOTED_FOR) &&
				  !sequence_is_after(acknowledged, flight->noted_ack + NOTED_FOR)))
		return false;
	flight->noted_number = number;
	flight->noted_ack = acknowledged;
	return true;
}

void flight_note(struct flight *flight, const struct layout *layout, uint8_t *frame)
{
	uint8_t *tcp = frame + layout->transport;

	if (tcp[TCP_FLAGS] & TCP_FLAG_URG ||
	    !is_to_be_noted(flight, get32(tcp + TCP_SEQUENCE), get32(tcp + TCP_ACK)))
		return;
	change_field(tcp, TCP_LENGTH, (uint16_t)(get16(tcp + TCP_LENGTH) | TCP_FLAG_URG));
	change_field(tcp, TCP_URGENT, 0);
}

/* ---- our own segments ---- */

bool flight_last_word(const struct flight *flight, uint32_t sequence,
		      struct segment_fields *ret_fields)
{
	uint32_t number = flight->copy ? flight->copy->next : flight->acknowledged;

	if (!flight->is_heard)
		return false;
	*ret_fields = (struct segment_fields){ .number = sequence,
					       .acknowledged = number,
					       .flags = TCP_FLAG_ACK,
					       .window = window_after(flight, number) };
	return true;
}

uint32_t flight_next_number(const struct flight *flight)
{
	return flight->is_heard && sequence_is_after(flight->sent, flight->edge) ? flight->edge
										 : flight->sent;
}

/* Writes a segment in the container's name. */
static size_t put_answer(struct flight_copy *copy, uint8_t *frame, uint8_t flags, uint32_t number,
			 uint16_t window)
{
	if (is_to_be_noted(copy->flight, copy->flight->received, number))
		flags |= TCP_FLAG_URG;
	return segment_write_back(&copy->head,
				  &(struct segment_fields){ .number = copy->flight->received,
							    .acknowledged = number,
							    .flags = flags,
							    .window = window },
				  frame);
}

static size_t answer_copy(struct flight_copy *copy, uint8_t *frame)
{
	uint16_t window = window_after(copy->flight, copy->next);
	size_t size;

	copy->answer_due = false;
	if (copy->waits > WAITS_MAX) {
		size = put_answer(copy, frame, TCP_FLAG_RST | TCP_FLAG_ACK, copy->next, window);
		flight_end(copy->flight);
		return size;
	}
	tell(copy, copy->next, window);
	return put_answer(copy, frame, TCP_FLAG_ACK, copy->next, window);
}

size_t flight_answer(struct flight_copies *copies, uint8_t *frame)
{
	for (size_t i = 0; i < FLIGHT_COPIES_MAX; i++) {
		struct flight_copy *copy = copies->copies[i];

		if (copy && copy->flight && copy->answer_due)
			return answer_copy(copy, frame);
	}
	return 0;
}

/* Returns whether the retransmission timer has expired.  After WAITS_MAX a reset is due instead. */
static bool wait_is_over(struct flight_copy *copy, int64_t now_ms)
{
	if (copy->due_ms == 0 || copy->due_ms > now_ms)
		return false;
	copy->due_ms = 0;
	copy->waits++;
	copy->recovering = true;
	copy->recover = copy->next;
	if (copy->waits <= WAITS_MAX)
		return true;
	copy->answer_due = true;
	return false;
}

static size_t resend(struct flight_copy *copy, uint8_t *frame)
{
	uint32_t number = copy->flight->acknowledged;
	uint32_t size = kept(copy) < copy->segment ? kept(copy) : copy->segment;
	struct segment_fields fields = { .number = number,
					 .acknowledged = copy->flight->received,
					 .flags = TCP_FLAG_ACK,
					 .window = copy->flight->window };
	size_t head_size = segment_write(&copy->head, &fields, size, frame);

	copy->resend_due = false;
	get_bytes(copy, number, frame + head_size, size);
	return head_size + size;
}

size_t flight_resend(struct flight_copies *copies, int64_t now_ms, uint8_t *frame)
{
	for (size_t i = 0; i < FLIGHT_COPIES_MAX; i++) {
		struct flight_copy *copy = copies->copies[i];

		if (copy && copy->flight && (wait_is_over(copy, now_ms) || copy->resend_due))
			return resend(copy, frame);
	}
	return 0;
}

int flight_timeout(struct flight_copies *copies, int64_t now_ms)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < FLIGHT_COPIES_MAX; i++) {
		struct flight_copy *copy = copies->copies[i];

		if (!copy || !copy->flight)
			continue;
		if (copy->due_ms == 0) {
			unsigned int doublings =
				copy->waits < WAITS_ANSWERED ? copy->waits : WAITS_ANSWERED;
			int64_t wait = (int64_t)WAIT_MS << doublings;

			copy->due_ms = now_ms + (wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS);
		}
		if (copy->due_ms < due)
			due = copy->due_ms;
	}
	if (due == INT64_MAX)
		return -1;
	return due > now_ms ? (int)(due - now_ms) : 0;
}
