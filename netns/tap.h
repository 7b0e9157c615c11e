/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_TAP_H
#define URUN_NETNS_TAP_H

#include "core/base/error.h"
#include "netns/options.h"

/*
 * The container's network device: its frames are what urun-slirp reads and writes.
 * Runs in: init before pivot_root (the host's /dev/net/tun is opened).
 */
#define TAP_NAME "tap0"

/* Could a device be made?  Fails as tap_create() would.  Runs in: any. */
int tap_check_host(struct error *err);

/*
 * Makes the device in the network namespace of the caller, who needs CAP_NET_ADMIN in the user
 * namespace that owns it, and sets it up: MTU, addresses, default routes, up.  A host without IPv6
 * (or with it turned off) gives a device without, which is told as info.
 * *ret_fd is the caller's: close-on-exec, non-blocking, frames begin with a struct virtio_net_hdr
 * and may be as large as 64 KiB with their checksum left out (IFF_VNET_HDR, TUNSETOFFLOAD).
 * When its last descriptor is closed the device is gone.
 * Fails with a hint where /dev/net/tun is missing, forbidden, or has no driver behind it.
 * Source: Documentation/networking/tuntap.rst of Linux; rtnetlink(7).
 */
int tap_create(const struct network_options *options, int *ret_fd, struct error *err);

#endif
