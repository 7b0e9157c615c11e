/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_FUZZ_SEGMENT_H
#define URUN_FUZZ_SEGMENT_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "netns/options.h"
#include "netns/slirp/checksum.h"
#include "netns/slirp/layout.h"

/* TCP segments as frames, for the fuzzers with connections. */
#define SEGMENT_LINK_SIZE 14
#define SEGMENT_HEAD_MAX  (SEGMENT_LINK_SIZE + IPV6_SIZE + TCP_SIZE + 40)

struct segment {
	bool ipv6;
	bool to_container; /* or from the container */
	const struct network_options *network;
	struct in_addr peer4; /* the address that the container is connected to */
	struct in6_addr peer6;
	uint16_t container_port;
	uint16_t peer_port;
	uint32_t sequence;
	uint32_t ack;
	uint8_t flags;
	uint16_t window;
	const uint8_t *options; /* a multiple of 4 bytes, 40 at most */
	size_t options_size;
	size_t data_size; /* the caller puts the data after the headers */
};

static inline size_t segment_head_size(const struct segment *segment)
{
	return SEGMENT_LINK_SIZE + (segment->ipv6 ? IPV6_SIZE : IPV4_SIZE) + TCP_SIZE +
	       segment->options_size;
}

/* Writes the headers to @frame, which has room for them and is all zero. */
static inline void segment_write_head(const struct segment *segment, uint8_t *frame)
{
	uint8_t *ip = frame + SEGMENT_LINK_SIZE;
	size_t ip_size = segment->ipv6 ? IPV6_SIZE : IPV4_SIZE;
	uint8_t *tcp = ip + ip_size;
	size_t length = TCP_SIZE + segment->options_size + segment->data_size;
	const void *guest = segment->ipv6 ? (const void *)&segment->network->v6.guest
					  : (const void *)&segment->network->v4.guest;
	const void *peer =
		segment->ipv6 ? (const void *)&segment->peer6 : (const void *)&segment->peer4;
	size_t address_size = segment->ipv6 ? 16 : 4;
	uint8_t *addresses = ip + ip_size - 2 * address_size;

	put16(frame + 12, segment->ipv6 ? 0x86dd : 0x0800);
	if (segment->ipv6) {
		ip[0] = 0x60;
		put16(ip + 4, (uint16_t)length);
		ip[6] = IPPROTO_TCP;
		ip[7] = 64;
	} else {
		ip[0] = 0x45;
		put16(ip + 2, (uint16_t)(length + IPV4_SIZE));
		ip[8] = 64;
		ip[9] = IPPROTO_TCP;
	}
	memcpy(addresses, segment->to_container ? peer : guest, address_size);
	memcpy(addresses + address_size, segment->to_container ? guest : peer, address_size);
	if (!segment->ipv6)
		put16(ip + 10, (uint16_t)~checksum_add(0, ip, IPV4_SIZE));
	put16(tcp + TCP_SOURCE,
	      segment->to_container ? segment->peer_port : segment->container_port);
	put16(tcp + TCP_TARGET,
	      segment->to_container ? segment->container_port : segment->peer_port);
	put32(tcp + TCP_SEQUENCE, segment->sequence);
	put32(tcp + TCP_ACK, segment->ack);
	tcp[TCP_LENGTH] = (uint8_t)((TCP_SIZE + segment->options_size) / 4 << 4);
	tcp[TCP_FLAGS] = segment->flags;
	put16(tcp + TCP_WINDOW, segment->window);
	if (segment->options_size > 0)
		memcpy(tcp + TCP_SIZE, segment->options, segment->options_size);
}

#endif
