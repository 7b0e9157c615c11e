/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_VETH_H
#define URUN_NETNS_VETH_H

#include "core/base/error.h"

/*
 * A network device for hosts on which /dev/net/tun is missing or closed: one end of a pair of virtual Ethernet
 * devices, whose other end a packet socket reads and writes.
 * Source: veth(4), packet(7).
 */

/*
 * Makes the device @name in the caller's network namespace.  *ret_fd, close-on-exec and non-blocking, is a packet
 * socket with the frames of a tap device: each begins with a struct virtio_net_hdr (PACKET_VNET_HDR), and may be a TCP
 * segment of up to 64 KiB without its checksum.  The devices are removed when the last descriptor is closed.  Unlike a
 * tap device, the socket doesn't keep the caller's network namespace.
 *
 * The caller needs CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_RAW in the user namespace that owns its network namespace,
 * and is in a network namespace of its own for a moment.
 * Runs in: init before pivot_root.
 */
int veth_create(const char *name, int *ret_fd, struct error *err);

/*
 * Checks in a child, with a user and a network namespace of the child's own, whether veth_create() works here.  Takes
 * some milliseconds.
 * Runs in: parent.
 */
int veth_check_host(struct error *err);

#endif
