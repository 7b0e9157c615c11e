/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_FRAME_H
#define URUN_NETNS_SLIRP_FRAME_H

#include <linux/virtio_net.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/options.h"
#include "netns/slirp/connection.h"
#include "netns/slirp/layout.h"

/*
 * Ethernet frames on their way between the tap device and libslirp.  All are functions of bytes:
 * what comes from the container is written by an adversary.
 * Runs in: urun-slirp.
 */

/* What the tap device can hand over at most: an IP packet of 64 KiB and the header of its link. */
#define FRAME_SIZE_MAX (14 + 65535)

enum frame_kind {
	FRAME_REFUSED,	/* libslirp mustn't see it */
	FRAME_PLAIN,	/* ARP, or TCP within a connection */
	FRAME_COSTLY,	/* all else: libslirp may keep memory for it */
	FRAME_FRAGMENT, /* for fragments_add(); what that returns is to be looked at in its turn */
};

/*
 * Looks at a frame of the container's and makes it what libslirp expects:
 * - refused is all but ARP, IPv4 and IPv6; what is for addresses that would be the host's own
 *   loopback (127.0.0.0/8, 0.0.0.0/8, ::1, ::, IPv4-mapped ones) or are nobody's in the container's
 *   range; what is for libslirp's servers of DHCP and TFTP;
 * - the checksum that the kernel left out (@header) is filled in, where there must be one;
 * - a TCP connection that announces segments of the MTU is made to take large ones, which
 *   frame_to_container() marks for the kernel to count as many.
 * *ret_layout is set where it isn't refused.
 */
enum frame_kind frame_from_container(const struct network_options *options,
				     const struct virtio_net_hdr *header, uint8_t *frame,
				     size_t size, struct layout *ret_layout);

/* A frame as it goes to the tap device: @header, @head, and the frame without its first bytes. */
struct frame_out {
	struct virtio_net_hdr header;
	uint8_t head[HEADERS_SIZE_MAX];
	size_t head_size;
	size_t replaced; /* bytes of the frame in whose place the head goes */
};

/*
 * Describes a frame of libslirp's to the kernel: TCP's checksum is marked as one that is filled in
 * when it must be, and what is larger than the MTU as segments of the MTU; connections_to_container()
 * is done on the way.  @connections may be NULL.
 */
void frame_to_container(const struct network_options *options, struct connections *connections,
			const uint8_t *frame, size_t size, struct frame_out *ret_out);

#endif
