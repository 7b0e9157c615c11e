// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init before pivot_root; veth_check_host() in the parent.
 *
 * The container's end of its link, without /dev/net/tun.
 *
 *   programs ── sockets ── the kernel ── tap0 ══ outer ── a packet socket ──── urun-slirp ── sockets
 *   └─── the container's network namespace ───┘ └─ a namespace of no process ─┘  └─ the host's namespace ─┘
 *
 * Both devices need CAP_NET_ADMIN in the container's user namespace alone.  The outer one is in a network namespace
 * that no process is in: no program of the container meets it, and its IP stack has no address, so that nobody but
 * urun-slirp answers.  A container with CAP_NET_ADMIN reaches that namespace nevertheless, by netlink requests with the
 * number that tap0 tells of its peer's namespace (IFLA_TARGET_NETNSID), and can bring the outer device down.  That ends
 * urun-slirp, as to remove tap0 does, and nothing of the host is in there.  The packet socket alone keeps that
 * namespace; with the socket's end the kernel removes the namespace, the outer device, and its peer.
 *
 * A packet socket loses a frame where its buffer is full, while a tap device lets the sender wait.  TCP sends such a
 * frame again, so that many connections at a time are slower than by a tap device.
 *
 * What may block: nothing but the first use of the driver, which the kernel may have to load.
 */
#include "netns/veth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/process.h"
#include "core/base/str.h"
#include "netns/netlink.h"

#define OUTER_NAME "outer"

/* The most that the kernel lets a device take, so that the MTU is a matter of the container's end. */
#define OUTER_MTU 65535

/* What the kernel cuts it to is net.core.rmem_max. */
#define BUFFER_SIZE (4 << 20)

/* Linux 4.20 */
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/* ---- the pair ---- */

static void add_veth_pair(struct netlink_batch *batch, const char *name, int ns)
{
	const struct ifinfomsg outer = { 0 }, peer = { 0 };
	struct netlink_nest info, data, end;

	netlink_add(batch, NETLINK_NEEDED, "make a pair of network devices (veth)", RTM_NEWLINK,
		    NLM_F_CREATE | NLM_F_EXCL, &outer, sizeof(outer));
	netlink_put(batch, IFLA_IFNAME, OUTER_NAME, sizeof(OUTER_NAME));
	netlink_put_u32(batch, IFLA_MTU, OUTER_MTU);
	info = netlink_nest(batch, IFLA_LINKINFO, NULL, 0);
	netlink_put(batch, IFLA_INFO_KIND, "veth", sizeof("veth"));
	data = netlink_nest(batch, IFLA_INFO_DATA, NULL, 0);
	end = netlink_nest(batch, VETH_INFO_PEER, &peer, sizeof(peer));
	netlink_put(batch, IFLA_IFNAME, name, strlen(name) + 1);
	netlink_put_u32(batch, IFLA_NET_NS_FD, (uint32_t)ns);
	netlink_nest_end(batch, end);
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, info);
}

/* Without an address of IPv6: the outer device would announce itself to the container. */
static void add_outer_settings(struct netlink_batch *batch)
{
	const struct ifinfomsg outer = { 0 };
	const struct ifinfomsg up = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	const uint8_t mode = IN6_ADDR_GEN_MODE_NONE;
	struct netlink_nest families, ipv6;

	netlink_add(batch, NETLINK_OPTIONAL, "leave " OUTER_NAME " without addresses", RTM_NEWLINK,
		    0, &outer, sizeof(outer));
	netlink_put(batch, IFLA_IFNAME, OUTER_NAME, sizeof(OUTER_NAME));
	families = netlink_nest(batch, IFLA_AF_SPEC, NULL, 0);
	ipv6 = netlink_nest(batch, AF_INET6, NULL, 0);
	netlink_put(batch, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	netlink_nest_end(batch, ipv6);
	netlink_nest_end(batch, families);
	netlink_add(batch, NETLINK_NEEDED, "bring up " OUTER_NAME, RTM_NEWLINK, 0, &up, sizeof(up));
	netlink_put(batch, IFLA_IFNAME, OUTER_NAME, sizeof(OUTER_NAME));
}

/* The socket is the outer device's, in the calling process's network namespace. */
static int open_packet_socket(int *ret_fd, struct error *err)
{
	autoclose int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_ALL),
				       .sll_ifindex = (int)if_nametoindex(OUTER_NAME) };
	const int on = 1, size = BUFFER_SIZE;

	if (fd < 0)
		return error_set(err, errno, "open a packet socket");
	/* ORDER: before the socket is bound, which begins to receive. */
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0)
		return error_set(err, errno, "set up a packet socket");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set(err, errno, "bind a packet socket to a network device");
	*ret_fd = take_fd(&fd);
	return 0;
}

/* In a network namespace of our own.  @ns is where the device @name goes. */
static int make_veth_pair(const char *name, int ns, int *ret_fd, struct error *err)
{
	struct netlink_batch batch = NETLINK_BATCH_NONE;
	size_t refused;
	int errnum;

	add_veth_pair(&batch, name, ns);
	add_outer_settings(&batch);
	if (netlink_run(&batch, &refused, &errnum, err) < 0)
		return -1;
	return open_packet_socket(ret_fd, err);
}

/* ---- offloads ---- */

/*
 * What a tap device of ours lets the kernel leave to urun-slirp.  What else a veth device offers (segments of UDP and
 * SCTP, tunnels, VLANs) would arrive in a form that urun-slirp doesn't know.
 */
static bool is_wanted_feature(const char *feature)
{
	static const char *const wanted[] = { "tx-checksum-ip-generic", "tx-scatter-gather",
					      "tx-generic-segmentation", "tx-tcp-segmentation",
					      "tx-tcp6-segmentation" };

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (str_equal(feature, wanted[i]))
			return true;
	return false;
}

/* One request of ethtool about @name; @data begins with its command. */
static int ask_ethtool(int fd, const char *name, void *data)
{
	struct ifreq request = { .ifr_data = data };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(fd, SIOCETHTOOL, &request) < 0 ? -errno : 0;
}

static int count_features(int fd, const char *name, uint32_t *ret_count)
{
	autofree struct ethtool_sset_info *info = mem_alloc(sizeof(*info) + sizeof(info->data[0]));
	int failed;

	*info = (struct ethtool_sset_info){ .cmd = ETHTOOL_GSSET_INFO,
					    .sset_mask = 1u << ETH_SS_FEATURES };
	failed = ask_ethtool(fd, name, info);
	*ret_count = info->data[0];
	return failed;
}

/* Switches everything off that begins with "tx-" and isn't wanted. */
static int limit_features(int fd, const char *name, uint32_t count)
{
	size_t blocks = (count + 31) / 32;
	autofree struct ethtool_gstrings *names =
		mem_alloc(sizeof(*names) + (size_t)count * ETH_GSTRING_LEN);
	autofree struct ethtool_sfeatures *order =
		mem_alloc(sizeof(*order) + blocks * sizeof(order->features[0]));
	int failed;

	*names = (struct ethtool_gstrings){ .cmd = ETHTOOL_GSTRINGS,
					    .string_set = ETH_SS_FEATURES,
					    .len = count };
	failed = ask_ethtool(fd, name, names);
	if (failed < 0)
		return failed;
	*order = (struct ethtool_sfeatures){ .cmd = ETHTOOL_SFEATURES, .size = (uint32_t)blocks };
	for (uint32_t i = 0; i < count; i++) {
		char feature[ETH_GSTRING_LEN + 1] = "";

		memcpy(feature, names->data + (size_t)i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		if (str_starts_with(feature, "tx-") && !is_wanted_feature(feature))
			order->features[i / 32].valid |= 1u << i % 32;
	}
	return ask_ethtool(fd, name, order);
}

static int limit_offloads(const char *name, struct error *err)
{
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t count = 0;
	int failed = fd < 0 ? -errno : count_features(fd, name, &count);

	if (failed == 0)
		failed = limit_features(fd, name, count);
	return failed < 0 ? error_set(err, -failed, "limit the offloads of %s", name) : 0;
}

/* ---- both ---- */

int veth_create(const char *name, int *ret_fd, struct error *err)
{
	autoclose int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd = -1;
	int made;

	if (own < 0)
		return error_set(err, errno, "open /proc/self/ns/net");
	if (unshare(CLONE_NEWNET) < 0)
		return error_set(err, errno, "make a network namespace for the outer device");
	made = make_veth_pair(name, own, &fd, err);
	/* ORDER: also after a failure: what follows must not happen in the other namespace. */
	if (setns(own, CLONE_NEWNET) < 0)
		return error_set(err, errno, "return to the container's network namespace");
	if (made < 0 || limit_offloads(name, err) < 0)
		return -1;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* ---- the host ---- */

static int child_try_veth(void)
{
	struct error err = ERROR_NONE;
	int fd;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return errno;
	if (veth_create("inner", &fd, &err) == 0)
		return 0;
	return err.code ? err.code : EIO;
}

int veth_check_host(struct error *err)
{
	int failed = process_try(child_try_veth);

	return failed ? error_set(err, failed, "make a pair of network devices (veth)") : 0;
}
