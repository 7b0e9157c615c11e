// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/window.h"

#include <netinet/in.h>
#include <string.h>

#include "core/base/str.h"
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

#define BUCKETS 4096 /* a power of two */

/* Both ends: addresses as they stand in the IP header, the container's first; then ports. */
struct ends {
	uint8_t addresses[32];
	uint8_t ports[4];
	uint32_t family;
};

struct window {
	struct ends ends;
	struct window *next; /* in the bucket */
	int fd;
	uint8_t scale;	/* the container's */
	bool is_scaled; /* the container has our offer */
	bool has_base;
	uint32_t room;	       /* of libslirp's buffer */
	uint32_t acknowledged; /* what libslirp has acknowledged last */
	uint32_t base;	       /* the same when its buffer was last seen empty */
};

struct windows {
	struct window *buckets[BUCKETS];
	struct window **by_fd;
	size_t by_fd_count;
	struct window *last;  /* that was found; frames come in rows */
	struct window *begun; /* no socket yet */
};

/* ---- the table ---- */

static void swap_bytes(uint8_t *first, uint8_t *second, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = first[i];

		first[i] = second[i];
		second[i] = byte;
	}
}

enum direction {
	FROM_CONTAINER,
	TO_CONTAINER,
};

static struct ends ends_of(const struct layout *layout, const uint8_t *frame,
			   enum direction direction)
{
	struct ends ends = { .family = layout->family };
	bool v4 = layout->family == AF_INET;
	size_t size = v4 ? 4 : 16;

	memcpy(ends.addresses, frame + layout->ip + (v4 ? 12 : 8), 2 * size);
	memcpy(ends.ports, frame + layout->transport, sizeof(ends.ports));
	if (direction == TO_CONTAINER) {
		swap_bytes(ends.addresses, ends.addresses + size, size);
		swap_bytes(ends.ports, ends.ports + 2, 2);
	}
	return ends;
}

/* FNV-1a.  A container that makes its own connections collide slows down its own network. */
static size_t bucket_of(const struct ends *ends)
{
	const uint8_t *bytes = (const uint8_t *)ends;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(*ends); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return (hash ^ hash >> 16) % BUCKETS;
}

static struct window *find(struct windows *windows, const struct ends *ends)
{
	struct window *window = windows->last;

	if (window && memcmp(&window->ends, ends, sizeof(*ends)) == 0)
		return window;
	for (window = windows->buckets[bucket_of(ends)]; window; window = window->next)
		if (memcmp(&window->ends, ends, sizeof(*ends)) == 0) {
			windows->last = window;
			return window;
		}
	return NULL;
}

static struct window *find_by_fd(const struct windows *windows, int fd)
{
	return fd >= 0 && (size_t)fd < windows->by_fd_count ? windows->by_fd[fd] : NULL;
}

static void add(struct windows *windows, struct window *window, int fd)
{
	struct window **bucket = &windows->buckets[bucket_of(&window->ends)];
	size_t count = windows->by_fd_count ? windows->by_fd_count : 64;

	while (count <= (size_t)fd)
		count *= 2;
	if (count > windows->by_fd_count) {
		windows->by_fd = mem_resize(windows->by_fd, count, sizeof(struct window *));
		memset(windows->by_fd + windows->by_fd_count, 0,
		       (count - windows->by_fd_count) * sizeof(struct window *));
		windows->by_fd_count = count;
	}
	windows->by_fd[fd] = window;
	window->fd = fd;
	window->next = *bucket;
	*bucket = window;
}

struct windows *windows_new(void)
{
	return mem_alloc(sizeof(struct windows));
}

void windows_free(struct windows *windows)
{
	if (!windows)
		return;
	for (size_t fd = 0; fd < windows->by_fd_count; fd++)
		free(windows->by_fd[fd]);
	free(windows->by_fd);
	free(windows->begun);
	free(windows);
}

/* ---- the life of a connection ---- */

/* As libslirp computes it. */
static uint32_t room_for(size_t segment)
{
	if (segment < SEGMENT_MIN)
		segment = SEGMENT_MIN;
	if (segment > SEGMENT_MAX)
		segment = SEGMENT_MAX;
	return (uint32_t)((ROOM + segment - 1) / segment * segment);
}

static void begin(struct windows *windows, const struct layout *layout, const uint8_t *frame)
{
	size_t scale = layout_tcp_option(layout, frame, TCP_OPTION_SCALE, 1);
	size_t mss = layout_tcp_option(layout, frame, TCP_OPTION_MSS, 2);
	struct ends ends = ends_of(layout, frame, FROM_CONTAINER);

	if (scale == 0 || find(windows, &ends))
		return;
	windows->begun = mem_alloc(sizeof(struct window));
	windows->begun->ends = ends;
	windows->begun->scale = frame[scale] > SCALE_MAX ? SCALE_MAX : frame[scale];
	windows->begun->room = room_for(mss ? get16(frame + mss) : SEGMENT_MIN);
}

void windows_opened(struct windows *windows, int fd)
{
	if (fd < 0 || !windows->begun)
		return;
	windows_closed(windows, fd);
	add(windows, take_ptr(windows->begun), fd);
}

void windows_settle(struct windows *windows)
{
	free(take_ptr(windows->begun));
}

void windows_closed(struct windows *windows, int fd)
{
	struct window *window = find_by_fd(windows, fd), **link;

	if (!window)
		return;
	link = &windows->buckets[bucket_of(&window->ends)];
	while (*link != window)
		link = &(*link)->next;
	*link = window->next;
	windows->by_fd[fd] = NULL;
	if (windows->last == window)
		windows->last = NULL;
	free(window);
}

/* ORDER: what was acknowledged before this is written or in the buffer, and that is empty. */
void windows_waits(struct windows *windows, int fd, bool to_write)
{
	struct window *window = find_by_fd(windows, fd);

	if (!window || to_write || !window->is_scaled)
		return;
	window->base = window->acknowledged;
	window->has_base = true;
}

/* ---- frames ---- */

void windows_from_container(struct windows *windows, const struct layout *layout, uint8_t *frame)
{
	uint8_t *tcp = frame + layout->transport;
	const struct window *window;
	struct ends ends;
	uint16_t old_value, new_value;
	uint32_t wide;

	if (layout->tcp_size == 0)
		return;
	/* The window of a SYN is never scaled. */
	if (tcp[TCP_FLAGS] & TCP_FLAG_SYN) {
		if (!(tcp[TCP_FLAGS] & TCP_FLAG_ACK))
			begin(windows, layout, frame);
		return;
	}
	ends = ends_of(layout, frame, FROM_CONTAINER);
	window = find(windows, &ends);
	if (!window || !window->is_scaled)
		return;
	old_value = get16(tcp + TCP_WINDOW);
	wide = (uint32_t)old_value << window->scale;
	new_value = wide > UINT16_MAX ? UINT16_MAX : (uint16_t)wide;
	put16(tcp + TCP_WINDOW, new_value);
	checksum_mend(tcp + TCP_CHECKSUM, old_value, new_value);
}

static uint32_t acknowledged_by(const uint8_t *tcp)
{
	return (uint32_t)get16(tcp + TCP_ACK) << 16 | get16(tcp + TCP_ACK + 2);
}

/* Behind the other options; libslirp's has that of the segment size alone. */
static void add_offer(struct window *window, struct layout *layout, uint8_t *head)
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
	window->acknowledged = acknowledged_by(tcp);
	window->is_scaled = true;
}

/* The window of a segment, which may end later than libslirp says, never sooner. */
static void widen(struct window *window, uint8_t *tcp)
{
	uint32_t acknowledged = acknowledged_by(tcp);
	uint32_t size = get16(tcp + TCP_WINDOW);
	uint32_t known = window->base + window->room - acknowledged;

	/* As numbers that turn around: one that lies behind is larger than any room. */
	if (window->has_base && known > size && known <= window->room)
		size = known;
	put16(tcp + TCP_WINDOW, (uint16_t)(size >> SCALE));
	window->acknowledged = acknowledged;
}

void windows_to_container(struct windows *windows, struct layout *layout, uint8_t *head)
{
	struct ends ends = ends_of(layout, head, TO_CONTAINER);
	struct window *window = find(windows, &ends);
	uint8_t *tcp = head + layout->transport;

	if (!window || !(tcp[TCP_FLAGS] & TCP_FLAG_ACK))
		return;
	if (tcp[TCP_FLAGS] & TCP_FLAG_SYN)
		add_offer(window, layout, head);
	else if (window->is_scaled)
		widen(window, tcp);
}
