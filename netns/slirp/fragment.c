// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/fragment.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/str.h"
#include "netns/slirp/checksum.h"

/* Offsets in the IPv4 header. */
#define IP_LENGTH   2
#define IP_ID	    4
#define IP_FRAGMENT 6
#define IP_CHECKSUM 10
#define IP_SOURCE   12

#define MORE	    0x2000
#define OFFSET_MASK 0x1fff /* in units of 8 bytes */

#define PACKET_SIZE_MAX 65535
#define LINK_SIZE	14
#define DATAGRAMS_MAX	16

/* The fields that all fragments of one datagram share. */
struct key {
	uint8_t addresses[8];
	uint8_t id[2];
	uint8_t protocol;
};

struct datagram {
	struct key key;
	bool used;
	uint64_t since; /* a number that grows: the smallest is the oldest datagram */
	size_t headers; /* size of the link and IP headers of the first fragment */
	size_t size;	/* received so far, with the headers */
	uint8_t bytes[LINK_SIZE + PACKET_SIZE_MAX];
};

struct fragments {
	uint64_t count;
	struct datagram datagrams[DATAGRAMS_MAX];
};

struct fragments *fragments_new(void)
{
	return mem_alloc(sizeof(struct fragments));
}

void fragments_free(struct fragments *fragments)
{
	free(fragments);
}

static struct datagram *find_datagram(struct fragments *fragments, const struct key *key)
{
	for (size_t i = 0; i < DATAGRAMS_MAX; i++) {
		struct datagram *datagram = &fragments->datagrams[i];

		if (datagram->used && memcmp(&datagram->key, key, sizeof(*key)) == 0)
			return datagram;
	}
	return NULL;
}

/* Returns a free place, or else the oldest datagram's. */
static struct datagram *choose_slot(struct fragments *fragments)
{
	struct datagram *chosen = &fragments->datagrams[0];

	for (size_t i = 0; i < DATAGRAMS_MAX; i++) {
		struct datagram *datagram = &fragments->datagrams[i];

		if (!datagram->used)
			return datagram;
		if (datagram->since < chosen->since)
			chosen = datagram;
	}
	return chosen;
}

/* Appends a fragment.  Returns false if it isn't the next one, or is too large. */
static bool append_fragment(struct datagram *datagram, const struct layout *layout,
			    const uint8_t *frame, size_t offset)
{
	size_t size = layout->end - layout->transport;

	if (datagram->headers + offset != datagram->size ||
	    datagram->size + size > sizeof(datagram->bytes))
		return false;
	memcpy(datagram->bytes + datagram->size, frame + layout->transport, size);
	datagram->size += size;
	return true;
}

static uint8_t *finish(struct datagram *datagram, const struct layout *layout, size_t *ret_size)
{
	uint8_t *ip = datagram->bytes + layout->ip;

	put16(ip + IP_LENGTH, (uint16_t)(datagram->size - layout->ip));
	put16(ip + IP_FRAGMENT, 0);
	put16(ip + IP_CHECKSUM, 0);
	put16(ip + IP_CHECKSUM, (uint16_t)~checksum_add(0, ip, datagram->headers - layout->ip));
	datagram->used = false;
	*ret_size = datagram->size;
	return datagram->bytes;
}

uint8_t *fragments_add(struct fragments *fragments, const struct layout *layout,
		       const uint8_t *frame, size_t *ret_size)
{
	const uint8_t *ip = frame + layout->ip;
	uint16_t word = get16(ip + IP_FRAGMENT);
	size_t offset = (size_t)(word & OFFSET_MASK) * 8;
	struct key key = { .protocol = layout->protocol };
	struct datagram *datagram;

	memcpy(key.addresses, ip + IP_SOURCE, sizeof(key.addresses));
	memcpy(key.id, ip + IP_ID, sizeof(key.id));
	datagram = find_datagram(fragments, &key);
	if (offset == 0) {
		if (!datagram)
			datagram = choose_slot(fragments);
		datagram->key = key;
		datagram->used = true;
		datagram->since = fragments->count++;
		datagram->headers = layout->transport;
		datagram->size = layout->end;
		memcpy(datagram->bytes, frame, layout->end);
		return NULL;
	}
	if (!datagram)
		return NULL;
	if (!append_fragment(datagram, layout, frame, offset)) {
		datagram->used = false;
		return NULL;
	}
	return word & MORE ? NULL : finish(datagram, layout, ret_size);
}
