// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/segment.h"

#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>

#include "netns/slirp/checksum.h"

bool segment_keep(const struct layout *layout, const uint8_t *frame, struct segment_head *ret_head)
{
	size_t ip_size = layout->family == AF_INET ? IPV4_SIZE : IPV6_SIZE;

	if (layout->tcp_size == 0 || layout->ip != ETH_HLEN ||
	    layout->transport != ETH_HLEN + ip_size)
		return false;
	ret_head->layout = *layout;
	ret_head->layout.tcp_size = TCP_SIZE;
	memcpy(ret_head->bytes, frame, layout->transport + TCP_SIZE);
	return true;
}

static void put_length(const struct layout *layout, size_t size, uint8_t *frame)
{
	uint8_t *ip = frame + layout->ip;

	if (layout->family != AF_INET) {
		put16(ip + 4, (uint16_t)(TCP_SIZE + size));
		return;
	}
	put16(ip + 2, (uint16_t)(IPV4_SIZE + TCP_SIZE + size));
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~checksum_add(0, ip, IPV4_SIZE));
}

size_t segment_write(const struct segment_head *head, const struct segment_fields *fields,
		     size_t size, uint8_t *frame)
{
	uint8_t *tcp = frame + head->layout.transport;

	memcpy(frame, head->bytes, head->layout.transport + TCP_SIZE);
	put_length(&head->layout, size, frame);
	put32(tcp + TCP_SEQUENCE, fields->number);
	put32(tcp + TCP_ACK, fields->acknowledged);
	tcp[TCP_LENGTH] = TCP_SIZE / 4 << 4;
	tcp[TCP_FLAGS] = fields->flags;
	put16(tcp + TCP_WINDOW, fields->window);
	put16(tcp + TCP_URGENT, 0);
	return head->layout.transport + TCP_SIZE;
}

size_t segment_write_back(const struct segment_head *head, const struct segment_fields *fields,
			  uint8_t *frame)
{
	size_t size = segment_write(head, fields, 0, frame);
	bool v4 = head->layout.family == AF_INET;
	uint8_t *tcp = frame + head->layout.transport;
	struct layout layout = head->layout;

	layout.end = size;
	layout_swap(frame, ETH_ALEN);
	layout_swap(frame + layout.ip + (v4 ? 12 : 8), v4 ? 4 : 16);
	layout_swap(tcp + TCP_SOURCE, 2);
	put16(tcp + TCP_CHECKSUM, 0);
	put16(tcp + TCP_CHECKSUM,
	      (uint16_t)~checksum_add(layout_pseudo_sum(&layout, frame), tcp, TCP_SIZE));
	return size;
}
