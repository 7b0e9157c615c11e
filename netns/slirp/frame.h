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
 * Ethernet frames on their way between the tap device and libslirp.  All functions depend on bytes
 * only: the container's frames are written by an adversary.
 * Runs in: urun-slirp.
 */

/* The largest frame of the tap device: an IP packet of 64 KiB and the link header. */
#define FRAME_SIZE_MAX (14 + 65535)

enum frame_kind {
	FRAME_REFUSED,	/* libslirp must not see it */
	FRAME_PLAIN,	/* ARP, or TCP within a connection */
	FRAME_COSTLY,	/* all others: libslirp may allocate memory for it */
	FRAME_FRAGMENT, /* for fragments_add(), whose result is a frame to be examined again */
};

/*
 * Examines a frame from the container and changes it to what libslirp expects.
 * - Refused are: everything but ARP, IPv4 and IPv6; addresses that would be the host's loopback
 *   (127.0.0.0/8, 0.0.0.0/8, ::1, ::, IPv4-mapped ones), or that nobody has in the container's
 *   range; datagrams to libslirp's servers of DHCP and TFTP.
 * - A checksum that the kernel left out (@header) is filled in, if the protocol needs one.
 * - A SYN that announces segments of the MTU is changed to announce large ones, which
 *   frame_to_container() marks, so that the kernel counts each of them as several.
 * *ret_layout is set unless the frame is refused.
 */
enum frame_kind frame_from_container(const struct network_options *options,
				     const struct virtio_net_hdr *header, uint8_t *frame,
				     size_t size, struct layout *ret_layout);

/* A frame for the tap device: @header, @head, and the frame without its first @replaced bytes. */
struct frame_out {
	struct virtio_net_hdr header;
	uint8_t head[HEADERS_SIZE_MAX];
	size_t head_size;
	size_t replaced; /* bytes of the frame that @head replaces */
};

/*
 * Describes a frame from libslirp to the kernel: that the kernel may fill in TCP's checksum, and
 * that data beyond the MTU is several segments.  Calls connections_to_container() on the way.
 * @connections may be NULL.
 */
void frame_to_container(const struct network_options *options, struct connections *connections,
			const uint8_t *frame, size_t size, struct frame_out *ret_out);

#endif
