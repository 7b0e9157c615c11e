// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <string.h>

#define IPV4_SIZE     20
#define IPV6_SIZE     40
#define TCP_SIZE      20
#define UDP_SIZE      8
#define TCP_CHECKSUM  16
#define TCP_FLAG_SYN  0x02
#define TCP_FLAG_ACK  0x10
#define OPTION_END    0
#define OPTION_NONE   1
#define OPTION_MSS    2
#define FRAGMENT_MORE 0x2000
#define FRAGMENT_PART 0x1fff

/* More than libslirp ever sends as one segment. */
#define MSS_LARGE 65000

/* Servers of libslirp's own, which no container needs: its address is set. */
#define PORT_BOOTP  67
#define PORT_TFTP   69
#define PORT_DHCPV6 547

/* Where things are in a frame; offsets from its first byte. */
struct layout {
	unsigned int family; /* AF_INET, AF_INET6; 0: ARP */
	uint8_t protocol;    /* of what the IP header carries */
	size_t ip;
	size_t transport;
	size_t end; /* of the IP packet; what follows is padding */
	bool fragment;
	bool later_fragment; /* which has no transport header */
};

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void put16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* ---- checksums ---- */

/* The sum is of 16 bits in the machine's own order, and of any width until it is folded. */
static uint64_t sum_words(const uint8_t *bytes, size_t size)
{
	uint64_t sum[4] = { 0 };
	uint64_t rest = 0;

	for (; size >= 32; size -= 32, bytes += 32) {
		uint64_t part[4];

		memcpy(part, bytes, sizeof(part));
		for (int i = 0; i < 4; i++)
			sum[i] += (part[i] & UINT32_MAX) + (part[i] >> 32);
	}
	for (; size >= 2; size -= 2, bytes += 2) {
		uint16_t word;

		memcpy(&word, bytes, sizeof(word));
		rest += word;
	}
	if (size > 0) {
		uint8_t last[2] = { *bytes, 0 };
		uint16_t word;

		memcpy(&word, last, sizeof(word));
		rest += word;
	}
	return sum[0] + sum[1] + sum[2] + sum[3] + rest;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t frame_sum(uint16_t sum, const uint8_t *bytes, size_t size)
{
	return ntohs(fold((uint64_t)htons(sum) + sum_words(bytes, size)));
}

/* Addresses, protocol and length, as if they stood before the transport header. */
static uint16_t sum_pseudo_header(const struct layout *layout, const uint8_t *frame)
{
	bool v4 = layout->family == AF_INET;
	const uint8_t *addresses = frame + layout->ip + (v4 ? 12 : 8);
	uint16_t sum = frame_sum(0, addresses, v4 ? 8 : 32);
	uint8_t rest[4] = { 0, layout->protocol };

	put16(rest + 2, (uint16_t)(layout->end - layout->transport));
	return frame_sum(sum, rest, sizeof(rest));
}

/* What the kernel left out: the sum from csum_start on, over the pseudo header's, which is there. */
static bool fill_in_checksum(const struct virtio_net_hdr *header, uint8_t *frame, size_t size)
{
	size_t start = header->csum_start, place = start + header->csum_offset;
	uint16_t sum;

	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return true;
	if (start < ETH_HLEN || place + 2 > size)
		return false;
	sum = (uint16_t)~frame_sum(0, frame + start, size - start);
	/* Zero would mean that there is none (UDP). */
	put16(frame + place, sum ? sum : 0xffff);
	return true;
}

/* The checksum at @place after a word that it covers has changed.  Source: RFC 1624. */
static void mend_checksum(uint8_t *place, uint16_t old_word, uint16_t new_word)
{
	uint32_t sum = (uint16_t)~get16(place);

	sum += (uint16_t)~old_word;
	sum += new_word;
	put16(place, (uint16_t)~fold(sum));
}

/* ---- layout ---- */

static bool find_layout4(const uint8_t *frame, size_t size, struct layout *layout)
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

/* Extension headers aren't looked behind: libslirp knows none. */
static bool find_layout6(const uint8_t *frame, size_t size, struct layout *layout)
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

static bool find_layout(const uint8_t *frame, size_t size, struct layout *layout)
{
	*layout = (struct layout){ .ip = ETH_HLEN };
	if (size < ETH_HLEN)
		return false;
	switch (get16(frame + 12)) {
	case ETH_P_ARP: return true;
	case ETH_P_IP: return find_layout4(frame, size, layout);
	case ETH_P_IPV6: return find_layout6(frame, size, layout);
	}
	return false;
}

/* ---- what may leave the container ---- */

/*
 * ORDER: before libslirp, which hands any address but the gateway's to connect(2) as it is: there
 * 127.0.0.1 and 0.0.0.0 are the host's own.
 */
static bool may_reach4(const struct network_options *options, const uint8_t *bytes)
{
	const struct network_range4 *range = &options->v4;
	struct in_addr address;

	memcpy(&address, bytes, sizeof(address));
	if (bytes[0] == 0 || bytes[0] == 127)
		return false;
	if ((address.s_addr & range->mask.s_addr) == range->base.s_addr)
		return address.s_addr == range->host.s_addr || address.s_addr == range->dns.s_addr;
	/* Multicast and broadcast go nowhere; the latter would be the host's loopback. */
	return bytes[0] < 224;
}

/* Without an interface there is no link-local destination; on the link itself is ICMPv6 alone. */
static bool may_reach6(const uint8_t *bytes, uint8_t protocol)
{
	struct in6_addr address;

	memcpy(&address, bytes, sizeof(address));
	if (IN6_IS_ADDR_MULTICAST(&address) || IN6_IS_ADDR_LINKLOCAL(&address))
		return protocol == IPPROTO_ICMPV6;
	return !IN6_IS_ADDR_UNSPECIFIED(&address) && !IN6_IS_ADDR_LOOPBACK(&address) &&
	       !IN6_IS_ADDR_V4MAPPED(&address) && !IN6_IS_ADDR_V4COMPAT(&address);
}

static bool is_own_server(const struct layout *layout, const uint8_t *frame)
{
	uint16_t port;

	if (layout->protocol != IPPROTO_UDP || layout->later_fragment ||
	    layout->end - layout->transport < UDP_SIZE)
		return false;
	port = get16(frame + layout->transport + 2);
	return port == PORT_BOOTP || port == PORT_TFTP || port == PORT_DHCPV6;
}

/* ---- large segments ---- */

static size_t segment_size(const struct network_options *options, const struct layout *layout)
{
	return options->mtu - (layout->family == AF_INET ? IPV4_SIZE : IPV6_SIZE) - TCP_SIZE;
}

/* The option, or NULL.  @options are @size bytes. */
static uint8_t *find_mss(uint8_t *options, size_t size)
{
	for (size_t i = 0; i < size && options[i] != OPTION_END;) {
		if (options[i] == OPTION_NONE) {
			i++;
			continue;
		}
		if (i + 1 >= size || options[i + 1] < 2 || i + options[i + 1] > size)
			return NULL;
		if (options[i] == OPTION_MSS)
			return options[i + 1] == 4 ? options + i + 2 : NULL;
		i += options[i + 1];
	}
	return NULL;
}

/*
 * A smaller one than the MTU's is left: who announces that has a reason, like a narrower link
 * behind the container.  The option may stand at an odd place: then the checksum sees its bytes
 * exchanged.
 */
static void raise_mss(const struct network_options *options, const struct layout *layout,
		      uint8_t *tcp, size_t header)
{
	uint8_t *mss = find_mss(tcp + TCP_SIZE, header - TCP_SIZE);
	uint16_t old_value, new_value = MSS_LARGE;

	if (!mss || get16(mss) < segment_size(options, layout))
		return;
	old_value = get16(mss);
	put16(mss, new_value);
	if ((mss - tcp) % 2 != 0) {
		old_value = (uint16_t)(old_value << 8 | old_value >> 8);
		new_value = (uint16_t)(new_value << 8 | new_value >> 8);
	}
	mend_checksum(tcp + TCP_CHECKSUM, old_value, new_value);
}

static bool is_connection_start(const struct network_options *options, const struct layout *layout,
				uint8_t *frame)
{
	uint8_t *tcp = frame + layout->transport;
	size_t header;

	if (layout->protocol != IPPROTO_TCP || layout->fragment ||
	    layout->end - layout->transport < TCP_SIZE)
		return false;
	header = (size_t)(tcp[12] >> 4) * 4;
	if (!(tcp[13] & TCP_FLAG_SYN) || header < TCP_SIZE ||
	    layout->transport + header > layout->end)
		return false;
	raise_mss(options, layout, tcp, header);
	return !(tcp[13] & TCP_FLAG_ACK);
}

enum frame_kind frame_from_container(const struct network_options *options,
				     const struct virtio_net_hdr *header, uint8_t *frame,
				     size_t size)
{
	struct layout layout;

	if (!find_layout(frame, size, &layout))
		return FRAME_REFUSED;
	if (layout.family == 0)
		return FRAME_PLAIN;
	if (layout.family == AF_INET ? !may_reach4(options, frame + layout.ip + 16)
				     : !may_reach6(frame + layout.ip + 24, layout.protocol))
		return FRAME_REFUSED;
	if (is_own_server(&layout, frame) || !fill_in_checksum(header, frame, layout.end))
		return FRAME_REFUSED;
	if (is_connection_start(options, &layout, frame) || layout.fragment)
		return FRAME_COSTLY;
	return FRAME_PLAIN;
}

/* ---- to the container ---- */

void frame_to_container(const struct network_options *options, const uint8_t *frame, size_t size,
			struct virtio_net_hdr *ret_header, uint8_t head[static FRAME_HEAD_MAX],
			size_t *ret_head_size)
{
	struct layout layout;
	size_t header, segment;

	*ret_header = (struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_NONE };
	*ret_head_size = 0;
	if (!find_layout(frame, size, &layout) || layout.protocol != IPPROTO_TCP ||
	    layout.fragment || layout.end - layout.transport < TCP_SIZE)
		return;
	header = (size_t)(frame[layout.transport + 12] >> 4) * 4;
	if (header < TCP_SIZE || layout.transport + header > layout.end)
		return;
	*ret_head_size = layout.transport + header;
	memcpy(head, frame, *ret_head_size);
	put16(head + layout.transport + TCP_CHECKSUM, sum_pseudo_header(&layout, frame));
	ret_header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	ret_header->csum_start = (uint16_t)layout.transport;
	ret_header->csum_offset = TCP_CHECKSUM;
	segment = segment_size(options, &layout);
	if (layout.end - *ret_head_size <= segment)
		return;
	ret_header->gso_type =
		layout.family == AF_INET ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	ret_header->gso_size = (uint16_t)segment;
	ret_header->hdr_len = (uint16_t)*ret_head_size;
}
