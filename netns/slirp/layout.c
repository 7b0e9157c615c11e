// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/layout.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "netns/slirp/checksum.h"

#define FRAGMENT_MORE 0x2000
#define FRAGMENT_PART 0x1fff
#define OPTION_END    0

static bool find_ipv4(const uint8_t *frame, size_t size, struct layout *layout)
{
	const uint8_t *ip = frame + ETH_HLEN;
	size_t header, length;
	uint16_t fragment;

	if (size < ETH_HLEN + IPV4_SIZE || ip[0] >> 4 != 4)
		return false;
	header = (size_t)(ip[0] & 15) * 4;
	length = get16(ip + 2);
	fragment = get16(ip + 6);
	if (header < IPV4_SIZE || length < header || ETH_HLEN + length > size)
		return false;
	layout->family = AF_INET;
	layout->protocol = ip[9];
	layout->transport = ETH_HLEN + header;
	layout->end = ETH_HLEN + length;
	layout->fragment = fragment & (FRAGMENT_MORE | FRAGMENT_PART);
	layout->later_fragment = fragment & FRAGMENT_PART;
	return true;
}

/* Doesn't look behind extension headers: libslirp supports none. */
static bool find_ipv6(const uint8_t *frame, size_t size, struct layout *layout)
{
	const uint8_t *ip = frame + ETH_HLEN;

	if (size < ETH_HLEN + IPV6_SIZE || ip[0] >> 4 != 6 ||
	    ETH_HLEN + IPV6_SIZE + (size_t)get16(ip + 4) > size)
		return false;
	layout->family = AF_INET6;
	layout->protocol = ip[6];
	layout->transport = ETH_HLEN + IPV6_SIZE;
	layout->end = layout->transport + get16(ip + 4);
	return true;
}

bool layout_find(const uint8_t *frame, size_t size, struct layout *ret_layout)
{
	struct layout layout = { .ip = ETH_HLEN };
	bool found = false;
	size_t room;

	if (size < ETH_HLEN)
		return false;
	switch (get16(frame + 12)) {
	case ETH_P_ARP: *ret_layout = layout; return true;
	case ETH_P_IP: found = find_ipv4(frame, size, &layout); break;
	case ETH_P_IPV6: found = find_ipv6(frame, size, &layout); break;
	}
	if (!found)
		return false;
	room = layout.end - layout.transport;
	if (layout.protocol == IPPROTO_TCP && !layout.fragment && room >= TCP_SIZE) {
		size_t tcp_size = (size_t)(frame[layout.transport + TCP_LENGTH] >> 4) * 4;

		if (tcp_size >= TCP_SIZE && tcp_size <= room)
			layout.tcp_size = tcp_size;
	}
	*ret_layout = layout;
	return true;
}

uint16_t layout_pseudo_sum(const struct layout *layout, const uint8_t *frame)
{
	bool v4 = layout->family == AF_INET;
	const uint8_t *addresses = frame + layout->ip + (v4 ? 12 : 8);
	uint16_t sum = checksum_add(0, addresses, v4 ? 8 : 32);
	uint8_t rest[4] = { 0, layout->protocol };

	put16(rest + 2, (uint16_t)(layout->end - layout->transport));
	return checksum_add(sum, rest, sizeof(rest));
}

size_t layout_tcp_option(const struct layout *layout, const uint8_t *frame, uint8_t kind,
			 size_t size)
{
	size_t at = layout->transport + TCP_SIZE, end = layout->transport + layout->tcp_size;

	while (at < end && frame[at] != OPTION_END) {
		if (frame[at] == TCP_OPTION_NONE) {
			at++;
			continue;
		}
		if (at + 1 >= end || frame[at + 1] < 2 || at + frame[at + 1] > end)
			return 0;
		if (frame[at] == kind)
			return frame[at + 1] == 2 + size ? at + 2 : 0;
		at += frame[at + 1];
	}
	return 0;
}

void layout_swap(uint8_t *both, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = both[i];

		both[i] = both[size + i];
		both[size + i] = byte;
	}
}
