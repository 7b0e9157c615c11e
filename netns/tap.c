// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init before pivot_root.
 *
 * The container's end of its link.
 *
 *   programs ── sockets ── the kernel ── tap0 ──── a descriptor ──── urun-slirp ── sockets
 *   └─── the container's network namespace ───┘                     └─ the host's namespace ─┘
 *
 * init makes the device, since only a process inside can: it needs CAP_NET_ADMIN over the network
 * namespace, and the host's /dev/net/tun, which disappears with pivot_root.  The descriptor goes to
 * the parent over the sync pipe, and from there to urun-slirp.  The device lives as long as the
 * descriptor is open.  Where /dev/net/tun is missing or closed, tap0 is one end of a pair (veth.c).
 *
 * All settings are requests of netlink, in two batches: the device with IPv4, which must succeed,
 * and IPv6, which a host may lack.  The container's root may change the settings later, or remove
 * the device: urun-slirp then reads other frames, or none, and the host is not affected.
 *
 * The link carries segments that are larger than the MTU (GSO), without checksums: container and
 * urun-slirp are one machine, so cutting and checking would be work for nothing.
 *
 * What may block: nothing.  The kernel answers netlink requests at once.
 */
#include "netns/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "netns/netlink.h"
#include "netns/veth.h"

#define TUN_PATH "/dev/net/tun"

/*
 * The largest segment that the kernel hands over as one frame.  libslirp refuses IPv6 packets above
 * 65521 bytes.  And its windows are 64 KiB, as it has no window scaling: with two segments in a
 * window, the sender and urun-slirp work at the same time.
 */
#define GSO_SIZE_MAX 32768

/*
 * Packets that may wait for urun-slirp.  The kernel's default of 500 is less than the SYNs of a
 * thousand connections, and a lost SYN is sent again only after a second.
 */
#define QUEUE_LENGTH 4096

/* Neither kind of device can be made.  The hint is for the better one. */
static int fail_open(int errnum, const struct error *no_pair, struct error *err)
{
	error_set(err, errnum, "%s: %s; open %s", no_pair->text, error_errno_text(no_pair->code),
		  TUN_PATH);
	switch (errnum) {
	case ENOENT:
		return error_hint(err,
				  "this host has no such device: run `modprobe tun`; in a "
				  "container, start the outer container with --device %s",
				  TUN_PATH);
	case EACCES:
	case EPERM:
		return error_hint(err,
				  "this user may not open the device: run `chmod 666 %s` as root",
				  TUN_PATH);
	case ENODEV:
	case ENXIO:
		return error_hint(err,
				  "the kernel's driver isn't loaded: run `modprobe tun` as root");
	}
	return -1;
}

int tap_check_host(const char **ret_way, struct error *err)
{
	autoclose int fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct error no_pair = ERROR_NONE;
	int failed = errno;

	if (ret_way)
		*ret_way = fd >= 0 ? "by " TUN_PATH
				   : "by a pair of veth devices, as " TUN_PATH " can't be opened";
	if (fd >= 0 || veth_check_host(&no_pair) == 0)
		return 0;
	return fail_open(failed, &no_pair, err);
}

/* @errnum is why /dev/net/tun can't be opened. */
static int open_pair(int errnum, int *ret_fd, struct error *err)
{
	struct error no_pair = ERROR_NONE;

	if (veth_create(TAP_NAME, ret_fd, &no_pair) < 0)
		return fail_open(errnum, &no_pair, err);
	log_info("open %s: %s: %s is one of a pair of veth devices", TUN_PATH,
		 error_errno_text(errnum), TAP_NAME);
	return 0;
}

/*
 * Opens the device, with the kernel's offloads: TCP hands down segments of up to 64 KiB whatever
 * the MTU is, and needn't fill in checksums.
 */
static int open_device(int *ret_fd, struct error *err)
{
	autoclose int fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct ifreq request = { .ifr_name = TAP_NAME,
				 .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };

	if (fd < 0)
		return open_pair(errno, ret_fd, err);
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return error_set(err, errno, "make the network device %s", TAP_NAME);
	if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) < 0)
		return error_set(err, errno, "let %s take large segments", TAP_NAME);
	*ret_fd = take_fd(&fd);
	return 0;
}

static void add_device(struct netlink_batch *batch, int index, uint32_t mtu)
{
	struct ifinfomsg up = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct ifinfomsg settings = { .ifi_index = index };

	/* Older kernels refuse this: then segments are up to 64 KiB. */
	netlink_add(batch, NETLINK_OPTIONAL, "limit segments on " TAP_NAME, RTM_NEWLINK, 0,
		    &settings, sizeof(settings));
	netlink_put_u32(batch, IFLA_GSO_MAX_SIZE, GSO_SIZE_MAX);
	netlink_add(batch, NETLINK_OPTIONAL, "lengthen the queue of " TAP_NAME, RTM_NEWLINK, 0,
		    &settings, sizeof(settings));
	netlink_put_u32(batch, IFLA_TXQLEN, QUEUE_LENGTH);
	netlink_add(batch, NETLINK_NEEDED, "set the MTU of " TAP_NAME, RTM_NEWLINK, 0, &settings,
		    sizeof(settings));
	netlink_put_u32(batch, IFLA_MTU, mtu);
	netlink_add(batch, NETLINK_NEEDED, "bring up " TAP_NAME, RTM_NEWLINK, 0, &up, sizeof(up));
}

static void add_address(struct netlink_batch *batch, enum netlink_need need, const char *name,
			const struct ifaddrmsg *message, const void *address, size_t size)
{
	netlink_add(batch, need, name, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, message,
		    sizeof(*message));
	netlink_put(batch, IFA_LOCAL, address, size);
	netlink_put(batch, IFA_ADDRESS, address, size);
}

static void add_default_route(struct netlink_batch *batch, enum netlink_need need, const char *name,
			      int index, unsigned char family, const void *gateway, size_t size)
{
	struct rtmsg message = {
		.rtm_family = family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};

	netlink_add(batch, need, name, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &message,
		    sizeof(message));
	netlink_put(batch, RTA_GATEWAY, gateway, size);
	netlink_put_u32(batch, RTA_OIF, (uint32_t)index);
}

static void add_ipv4(struct netlink_batch *batch, int index, const struct network_range4 *range)
{
	struct ifaddrmsg message = {
		.ifa_family = AF_INET,
		.ifa_prefixlen = (unsigned char)range->prefix,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = (unsigned int)index,
	};
	struct in_addr broadcast = { range->base.s_addr | ~range->mask.s_addr };

	add_address(batch, NETLINK_NEEDED, "give " TAP_NAME " its IPv4 address", &message,
		    &range->guest, sizeof(range->guest));
	netlink_put(batch, IFA_BROADCAST, &broadcast, sizeof(broadcast));
	add_default_route(batch, NETLINK_NEEDED, "set the default route", index, AF_INET,
			  &range->host, sizeof(range->host));
}

/*
 * IFA_F_NODAD: no other host is on this link, and duplicate address detection takes a second in
 * which the address can't be used.
 */
static void add_ipv6(struct netlink_batch *batch, int index, const struct network_range6 *range)
{
	struct ifaddrmsg message = {
		.ifa_family = AF_INET6,
		.ifa_prefixlen = (unsigned char)range->prefix,
		.ifa_flags = IFA_F_NODAD,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = (unsigned int)index,
	};

	add_address(batch, NETLINK_OPTIONAL, "give " TAP_NAME " its IPv6 address", &message,
		    &range->guest, sizeof(range->guest));
	add_default_route(batch, NETLINK_OPTIONAL, "set the IPv6 default route", index, AF_INET6,
			  &range->host, sizeof(range->host));
}

/* The addresses are static: what a router advertisement announces would be added to them. */
static void refuse_announcements(void)
{
	static const char *const files[] = {
		"/proc/sys/net/ipv6/conf/" TAP_NAME "/accept_ra",
		"/proc/sys/net/ipv6/conf/" TAP_NAME "/accept_dad",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int result = fd_write_file(files[i], "0");

		if (result < 0)
			log_debug("write 0 to %s: %s", files[i], error_errno_text(-result));
	}
}

int tap_create(const struct network_options *options, int *ret_fd, struct error *err)
{
	struct netlink_batch batch = NETLINK_BATCH_NONE, batch6 = NETLINK_BATCH_NONE;
	autoclose int fd = -1;
	size_t refused;
	int errnum, index;

	if (open_device(&fd, err) < 0)
		return -1;
	index = (int)if_nametoindex(TAP_NAME);
	if (index == 0)
		return error_set(err, errno, "find the network device %s", TAP_NAME);
	/* ORDER: before the device comes up, since the kernel then starts to use these settings. */
	if (options->ipv6)
		refuse_announcements();
	add_device(&batch, index, options->mtu);
	add_ipv4(&batch, index, &options->v4);
	if (netlink_run(&batch, &refused, &errnum, err) < 0)
		return -1;
	if (options->ipv6) {
		add_ipv6(&batch6, index, &options->v6);
		if (netlink_run(&batch6, &refused, &errnum, err) < 0)
			return -1;
		if (refused > 0)
			log_info("the container has no IPv6: %s", error_errno_text(errnum));
	}
	*ret_fd = take_fd(&fd);
	return 0;
}
