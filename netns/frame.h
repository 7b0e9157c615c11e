/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_FRAME_H
#define URUN_NETNS_FRAME_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/options.h"

/*
 * Ethernet frames on their way between the tap device and libslirp.  All are functions of bytes:
 * what comes from the container is written by an adversary.
 * Runs in: urun-slirp.
 */

/* What the tap device can hand over at most: an IP packet of 64 KiB and the header of its link. */
#define FRAME_SIZE_MAX (14 + 65535)

/* The headers that a frame to the container begins with, at most: link, IPv4 or IPv6, TCP. */
#define FRAME_HEAD_MAX (14 + 60 + 60)

enum frame_kind {
	FRAME_REFUSED, /* libslirp mustn't see it */
	FRAME_PLAIN,
	FRAME_COSTLY, /* it makes libslirp keep memory: a fragment, or the start of a connection */
};

/*
 * Looks at a frame of the container's and makes it what libslirp expects:
 * - refused is all but ARP, IPv4 and IPv6; what is for addresses that would be the host's own
 *   loopback (127.0.0.0/8, 0.0.0.0/8, ::1, ::, IPv4-mapped ones) or are nobody's in the container's
 *   range; what is for libslirp's servers of DHCP and TFTP;
 * - the checksum that the kernel left out (@header) is filled in;
 * - a TCP connection that announces segments of the MTU is made to take large ones, which
 *   frame_to_container() marks for the kernel to count as many.
 */
enum frame_kind frame_from_container(const struct network_options *options,
				     const struct virtio_net_hdr *header, uint8_t *frame,
				     size_t size);

/*
 * Describes a frame of libslirp's to the kernel: TCP's checksum is marked as one that is filled in
 * when it must be, and what is larger than the MTU as segments of the MTU.  Of a frame that needs
 * such a description, the first *ret_head_size bytes go to @head, changed; else that is 0.
 */
void frame_to_container(const struct network_options *options, const uint8_t *frame, size_t size,
			struct virtio_net_hdr *ret_header, uint8_t head[static FRAME_HEAD_MAX],
			size_t *ret_head_size);

/*
 * The one's complement sum of @size bytes, not inverted, on top of @sum.  Source: RFC 1071.
 */
uint16_t frame_sum(uint16_t sum, const uint8_t *bytes, size_t size);

#endif
