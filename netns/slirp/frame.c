// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/frame.h"

#include <linux/if_ether.h>
#include <string.h>

#include "netns/slirp/checksum.h"

/* More than libslirp ever sends as one segment. */
#define MSS_LARGE 65000

/* libslirp's own servers, which the container doesn't need: its addresses are set. */
#define PORT_BOOTP  67
#define PORT_TFTP   69
#define PORT_DHCPV6 547

/* ---- what may leave the container ---- */

/*
 * ORDER: before libslirp, which passes every address but the gateway's to connect(2): there
 * 127.0.0.1 and 0.0.0.0 are the host itself.
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
	/* No multicast and broadcast: libslirp would take the latter for the host's loopback. */
	return bytes[0] < 224;
}

/*
 * A link-local destination needs an interface, which a frame doesn't name; ICMPv6 stays on the
 * link.
 */
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

/* ---- from the container ---- */

/*
 * Fills in the checksum that the kernel left out: over the bytes from csum_start, to which the
 * kernel has added the pseudo header.  UDP over IPv4 needs no checksum (RFC 768): leaving it out
 * saves libslirp, where the packet ends, a pass over the data too.
 */
static bool fill_in_checksum(const struct virtio_net_hdr *header, const struct layout *layout,
			     uint8_t *frame)
{
	size_t start = header->csum_start, place = start + header->csum_offset;
	size_t size = layout->end;
	uint16_t sum;

	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return true;
	if (start < ETH_HLEN || place + 2 > size)
		return false;
	if (layout->family == AF_INET && layout->protocol == IPPROTO_UDP && !layout->fragment &&
	    start == layout->transport && header->csum_offset == UDP_CHECKSUM) {
		put16(frame + place, 0);
		return true;
	}
	sum = (uint16_t)~checksum_add(0, frame + start, size - start);
	/* In UDP zero would mean that there is no checksum. */
	put16(frame + place, sum ? sum : 0xffff);
	return true;
}

static size_t segment_size(const struct network_options *options, const struct layout *layout)
{
	return options->mtu - (layout->family == AF_INET ? IPV4_SIZE : IPV6_SIZE) - TCP_SIZE;
}

/*
 * A segment size below the MTU's is left: the sender has a reason, such as a narrower link behind
 * the container.  At an odd offset, the checksum covers the option's bytes in exchanged order.
 */
static void raise_mss(const struct network_options *options, const struct layout *layout,
		      uint8_t *frame)
{
	size_t at = layout_tcp_option(layout, frame, TCP_OPTION_MSS, 2);
	uint16_t old_value, new_value = MSS_LARGE;

	if (at == 0 || get16(frame + at) < segment_size(options, layout))
		return;
	old_value = get16(frame + at);
	put16(frame + at, new_value);
	if ((at - layout->transport) % 2 != 0) {
		old_value = (uint16_t)(old_value << 8 | old_value >> 8);
		new_value = (uint16_t)(new_value << 8 | new_value >> 8);
	}
	checksum_mend(frame + layout->transport + TCP_CHECKSUM, old_value, new_value);
}

enum frame_kind frame_from_container(const struct network_options *options,
				     const struct virtio_net_hdr *header, uint8_t *frame,
				     size_t size, struct layout *ret_layout)
{
	struct layout layout;
	uint8_t flags;

	if (!layout_find(frame, size, &layout))
		return FRAME_REFUSED;
	*ret_layout = layout;
	if (layout.family == 0)
		return FRAME_PLAIN;
	if (layout.family == AF_INET ? !may_reach4(options, frame + layout.ip + 16)
				     : !may_reach6(frame + layout.ip + 24, layout.protocol))
		return FRAME_REFUSED;
	if (is_own_server(&layout, frame) || !fill_in_checksum(header, &layout, frame))
		return FRAME_REFUSED;
	if (layout.fragment)
		return FRAME_FRAGMENT;
	if (layout.tcp_size == 0)
		return FRAME_COSTLY;
	flags = frame[layout.transport + TCP_FLAGS];
	if (flags & TCP_FLAG_SYN)
		raise_mss(options, &layout, frame);
	return (flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN ? FRAME_COSTLY : FRAME_PLAIN;
}

/* ---- to the container ---- */

void frame_to_container(const struct network_options *options, struct connections *connections,
			const uint8_t *frame, size_t size, struct frame_out *ret_out)
{
	struct layout layout;
	size_t segment;

	ret_out->header = (struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_NONE };
	ret_out->head_size = 0;
	ret_out->replaced = 0;
	if (!layout_find(frame, size, &layout) || layout.tcp_size == 0)
		return;
	ret_out->replaced = layout.transport + layout.tcp_size;
	memcpy(ret_out->head, frame, ret_out->replaced);
	if (connections)
		connections_to_container(connections, &layout, ret_out->head,
					 frame + ret_out->replaced);
	ret_out->head_size = layout.transport + layout.tcp_size;
	put16(ret_out->head + layout.transport + TCP_CHECKSUM, layout_pseudo_sum(&layout, frame));
	ret_out->header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	ret_out->header.csum_start = (uint16_t)layout.transport;
	ret_out->header.csum_offset = TCP_CHECKSUM;
	/*
	 * With hdr_len the kernel takes the data in pages, which is cheaper than 32 KiB in one
	 * piece.
	 */
	ret_out->header.hdr_len = (uint16_t)ret_out->head_size;
	segment = segment_size(options, &layout);
	if (layout.end - ret_out->head_size <= segment)
		return;
	ret_out->header.gso_type =
		layout.family == AF_INET ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	ret_out->header.gso_size = (uint16_t)segment;
}
