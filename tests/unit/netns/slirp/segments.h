/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_TEST_SLIRP_SEGMENTS_H
#define URUN_TEST_SLIRP_SEGMENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/str.h"
#include "netns/slirp/checksum.h"
#include "netns/slirp/connection.h"
#include "netns/slirp/frame.h"

/* TCP segments between a container and libslirp, and connections of them, for the tests. */

#define SYN 0x02
#define ACK 0x10

/* The descriptor of libslirp's socket for the connection. */
#define FD 70

static const uint8_t container4[] = { 10, 0, 2, 100 }, world4[] = { 192, 0, 2, 1 };

/* ---- frames ---- */

struct segment {
	uint8_t bytes[HEADERS_SIZE_MAX];
	struct layout layout;
};

enum way {
	FROM_CONTAINER,
	TO_CONTAINER,
};

/* Makes a segment without data, and with its checksum. */
static inline struct segment segment(enum way way, bool v4, uint16_t port, uint8_t flags,
				     uint32_t ack, uint16_t window, const void *options,
				     size_t option_size)
{
	struct segment segment = { .bytes = { 0 } };
	uint8_t *ip = segment.bytes + ETH_HLEN, *tcp = ip + (v4 ? 20 : 40);
	bool out = way == FROM_CONTAINER;
	size_t size = 20 + option_size;

	put16(segment.bytes + 12, v4 ? ETH_P_IP : ETH_P_IPV6);
	if (v4) {
		ip[0] = 0x45;
		put16(ip + 2, (uint16_t)(20 + size));
		ip[9] = IPPROTO_TCP;
		memcpy(ip + 12, out ? container4 : world4, 4);
		memcpy(ip + 16, out ? world4 : container4, 4);
		put16(ip + 10, (uint16_t)~checksum_add(0, ip, 20));
	} else {
		ip[0] = 0x60;
		put16(ip + 4, (uint16_t)size);
		ip[6] = IPPROTO_TCP;
		memset(ip + (out ? 8 : 24), 0xfd, 16);
		memset(ip + (out ? 24 : 8), 0x20, 16);
	}
	put16(tcp, out ? port : 80);
	put16(tcp + 2, out ? 80 : port);
	put16(tcp + TCP_ACK, (uint16_t)(ack >> 16));
	put16(tcp + TCP_ACK + 2, (uint16_t)ack);
	tcp[TCP_LENGTH] = (uint8_t)(size / 4 << 4);
	tcp[TCP_FLAGS] = flags;
	put16(tcp + TCP_WINDOW, window);
	memcpy(tcp + 20, options, option_size);
	assert_true(layout_find(segment.bytes, sizeof(segment.bytes), &segment.layout));
	put16(tcp + TCP_CHECKSUM,
	      (uint16_t)~checksum_add(layout_pseudo_sum(&segment.layout, segment.bytes), tcp,
				      size));
	return segment;
}

static inline uint16_t window_of(const struct segment *segment)
{
	return get16(segment->bytes + segment->layout.transport + TCP_WINDOW);
}

/* The options of a SYN: a segment size of 1460, and a window scaling of 10. */
#define OPTIONS	    "\x02\x04\x05\xb4\x01\x03\x03\x0a"
#define OPTION_SIZE 8

static inline void syn(struct connections *connections, uint16_t port, const char *options,
		       size_t size)
{
	struct segment sent = segment(FROM_CONTAINER, true, port, SYN, 0, 64240, options, size);

	put32(sent.bytes + sent.layout.transport + TCP_SEQUENCE, 999);
	connections_from_container(connections, &sent.layout, sent.bytes);
	assert_int_equal(window_of(&sent), 64240);
}

static inline struct segment answered(struct connections *connections, uint16_t port, uint8_t flags,
				      uint32_t ack, uint16_t window)
{
	bool is_syn = flags & SYN;
	struct segment answer = segment(TO_CONTAINER, true, port, flags, ack, window,
					"\x02\x04\xff\xc9", is_syn ? 4 : 0);

	connections_to_container(connections, &answer.layout, answer.bytes, NULL);
	return answer;
}

static inline uint16_t heard(struct connections *connections, uint16_t port, uint16_t window)
{
	struct segment sent = segment(FROM_CONTAINER, true, port, ACK, 1, window, "", 0);

	connections_from_container(connections, &sent.layout, sent.bytes);
	assert_int_equal(checksum_add(layout_pseudo_sum(&sent.layout, sent.bytes),
				      sent.bytes + sent.layout.transport, 20),
			 0xffff);
	return window_of(&sent);
}

/* Makes a connection up to the answer to the SYN, which acknowledges 1000. */
static inline struct connections *connected(uint16_t port)
{
	struct connections *connections = connections_new();

	syn(connections, port, OPTIONS, OPTION_SIZE);
	connections_opened(connections, FD);
	connections_settle(connections);
	answered(connections, port, SYN | ACK, 1000, 65535);
	return connections;
}

#endif
