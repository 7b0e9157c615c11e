/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_TAP_H
#define URUN_NETNS_TAP_H

#include "core/base/error.h"
#include "netns/options.h"

/*
 * The container's network device, whose frames urun-slirp reads and writes.
 * Runs in: init before pivot_root, since the host's /dev/net/tun is opened.
 */
#define TAP_NAME "tap0"

/*
 * Checks whether a device can be made.  *@ret_way, if @ret_way isn't NULL, becomes a text that says how.  Fails as
 * tap_create() would.
 * Runs in: parent.
 */
int tap_check_host(const char **ret_way, struct error *err);

/*
 * Makes the device in the caller's network namespace and sets it up: MTU, addresses, default
 * routes, up.  The caller needs CAP_NET_ADMIN in the user namespace that owns the network
 * namespace.  On a host without IPv6 the device has no IPv6, which is logged as info.
 *
 * *ret_fd is owned by the caller, close-on-exec and non-blocking.  Each frame begins with a struct
 * virtio_net_hdr, may be up to 64 KiB large, and may lack its checksum (IFF_VNET_HDR,
 * TUNSETOFFLOAD).  When the last descriptor of the device is closed, the device is removed.  Where /dev/net/tun
 * can't be opened, the device and the descriptor are those of netns/veth.h.
 *
 * Fails with a hint if /dev/net/tun doesn't exist, is forbidden, or has no driver behind it, and the kernel has no
 * veth either.
 * Source: Documentation/networking/tuntap.rst of Linux; rtnetlink(7).
 */
int tap_create(const struct network_options *options, int *ret_fd, struct error *err);

#endif
