// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-bypass.
 *
 * Why a socket of the host may be given to a container that nobody trusts.
 *
 * What a container may do through urun-slirp is to connect to other machines.  It may not reach the
 * host's loopback, and not open a port of the host.  A descriptor of a socket of the host's network
 * namespace carries more than that: whoever has it can disconnect it, bind it, connect it again, and
 * listen on it, by system calls that no supervisor sees.
 *
 * A supervisor that looks at such calls can't refuse them.  What it reads from the memory of the
 * program (the address) and from its table of descriptors (which socket) can be changed by a second
 * thread after the look and before the kernel does the call.  That is the race of a seccomp notification
 * that is answered with SECCOMP_USER_NOTIF_FLAG_CONTINUE, and every program needs that answer for its
 * own sockets: a Unix socket is found by a path in the program's mount namespace, and its peer is told
 * the program's ids, so that nobody can connect it in the program's place.  While one thread waits in
 * such a call another one can put a socket of the host in the place of the descriptor.
 *
 * So nothing here depends on a look.  The socket is made harmless before it is handed over, by
 * properties that the kernel keeps and the container can't undo: they can be changed only with a
 * capability in the user namespace that the host's network namespace belongs to, where the container
 * has none (urun_bypass.c refuses to start where it could have).  With these properties we need not care
 * which system calls follow:
 *
 *   1. SO_BINDTOIFINDEX, the interface by which the host's own routing leads to the first destination.
 *      It is never the loopback device.  The kernel takes no route through another interface, for this
 *      connect(2) and for all later ones (after AF_UNSPEC, after a failure): 127.0.0.1 and ::1 are addresses
 *      of `lo`, so that a SYN to them goes out by the interface, or nowhere.  To unbind takes CAP_NET_RAW.
 *      There is one exception, connect(2) to 0.0.0.0, for which the kernel takes the source address as the
 *      destination, and `lo` as the way.  So
 *   1a. the source address is bound, too, and is never one of the loopback.  0.0.0.0 is the host's address
 *      on the outer interface then, as everywhere urun-slirp lets the container reach.  Without that, the
 *      kernel would choose 127.0.0.1 where the interface has no IPv4 address.
 *   1b. IPV6_V6ONLY for a destination of IPv6: else the IPv4-mapped 0.0.0.0 would be the same exception with
 *      a source address of IPv4 that nobody has bound.  Once bound, a socket can't change this option.
 *   2. A guard (guard.c): listen(2) fails with EADDRINUSE as long as urun-bypass lives.  No process of the
 *      container can end urun-bypass: it isn't in the container's pid namespace (core/parent/plan.c sees to
 *      that).
 *   3. A port that is bound by its number: the kernel keeps such a port until the end of the socket
 *      (SOCK_BINDPORT_LOCK), and bind(2) of a socket that has a port fails.  So the container can choose
 *      neither a port of the host nor a source address.
 *   4. TCP.  Its socket ignores the address of sendto(2) and sendmsg(2) once it is connected, and what they
 *      can begin (TCP fast open) goes by rule 1.  It can join no multicast group, and no message can be sent
 *      without a handshake.
 *
 * UDP has no property that corresponds to rule 1: the control message IP_PKTINFO of sendmsg(2) names
 * the outgoing interface of one datagram, and for IPv4 the kernel lets it override the interface that the
 * socket is bound to.  A datagram to 127.0.0.1 by `lo` leaves a socket that is bound to eth0.  Only a
 * supervisor that looks at each sendmsg(2) of the container, also of Unix sockets, could hinder that,
 * with the race above.  So UDP stays with urun-slirp.  (A datagram that a supervisor sends costs more
 * than one through urun-slirp, too.)
 *
 * Nor does anything depend on which socket of the container is replaced: a program that makes us
 * replace a wrong one of its own harms itself.
 *
 * What a container learns and didn't know before: the host's address that its connections come from, and
 * by ioctl(2) on the socket the names and addresses of the host's interfaces.  It can't change them, nor
 * open the host's network namespace (SIOCGSKNS): both take CAP_NET_ADMIN.
 *
 * A firewall of the container's own (nftables in its network namespace) doesn't see these connections,
 * and that of the host sees them as the user's, as those of urun-slirp.
 */
#include "netns/bypass/host_socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/bypass/socket_options.h"

/*
 * A second wall behind the guard, for the case that someone kills urun-bypass and its guards with it: the
 * socket drops every segment with SYN and without ACK, so that it sees no beginning of a connection.  Not
 * every host lets an ordinary user attach a filter, so nothing is built on it.  At the byte 13 of a TCP
 * header are the flags: SYN is 2, ACK 16.
 */
static void drop_beginnings(int fd)
{
	static struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog filter = { ARRAY_SIZE(program), program };
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0)
		setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on));
}

static bool is_outer4(struct in_addr address)
{
	uint32_t first = ntohl(address.s_addr) >> 24;

	return first != 0 && first != 127 && first < 224;
}

/* Is the address none of the loopback's, and not "any" either? */
static bool is_outer(const union guard_address *source)
{
	const struct in6_addr *address = &source->v6.sin6_addr;
	struct in_addr mapped;

	if (source->any.sa_family == AF_INET)
		return is_outer4(source->v4.sin_addr);
	memcpy(&mapped, address->s6_addr + 12, sizeof(mapped));
	if (IN6_IS_ADDR_V4MAPPED(address))
		return is_outer4(mapped);
	return source->any.sa_family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(address) &&
	       !IN6_IS_ADDR_LOOPBACK(address) && !IN6_IS_ADDR_MULTICAST(address);
}

int host_socket_new(struct guards *guards, unsigned int index, const union guard_address *source)
{
	const int interface = (int)index;
	autoclose int fd = -1;

	if (index == 0 || !is_outer(source))
		return -EINVAL;
	fd = guards_make_socket(guards, source);
	if (fd < 0)
		return take_fd(&fd);
	/* ORDER: before anybody else has the socket. */
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &interface, sizeof(interface)) < 0)
		return -errno;
	drop_beginnings(fd);
	return take_fd(&fd);
}

bool host_socket_is(int fd)
{
	int index = 0;
	socklen_t size = sizeof(index);

	return getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, &size) == 0 && index != 0;
}

/* The address that the connection comes from, in the socket's family: `outbound`, or the route's. */
static union guard_address choose_source(const struct network_options *options,
					 const struct destination *destination,
					 const struct route *route)
{
	int domain = destination->address.any.sa_family;
	union guard_address source;
	bool is4 = destination->family == AF_INET;
	struct in_addr v4 = options->has_outbound4 ? options->outbound4 : route->source.v4;

	/* All bytes: the kernel reads the scope and the port. */
	memset(&source, 0, sizeof(source));
	source.any.sa_family = (sa_family_t)domain;
	if (domain == AF_INET) {
		source.v4.sin_addr = v4;
	} else if (is4) {
		memset(source.v6.sin6_addr.s6_addr + 10, 0xff, 2);
		memcpy(source.v6.sin6_addr.s6_addr + 12, &v4, sizeof(v4));
	} else {
		source.v6.sin6_addr =
			options->has_outbound6 ? options->outbound6 : route->source.v6;
	}
	return source;
}

int host_socket_connect(struct host_sockets *host, int like, const struct route *route,
			const struct destination *destination, int *ret_fd, bool *ret_answered)
{
	const union guard_address source = choose_source(host->options, destination, route);
	autoclose int fd = host_socket_new(&host->guards, route->index, &source);
	int failed;

	*ret_answered = false;
	if (fd < 0)
		return take_fd(&fd);
	failed = socket_options_copy(&host->defaults, source.any.sa_family, like, fd);
	if (failed < 0)
		return failed;
	failed = connect(fd, &destination->address.any, destination->size) < 0 ? -errno : 0;
	/* EADDRNOTAVAIL: the port is of no use for this destination. */
	*ret_answered = failed != -EADDRNOTAVAIL;
	if (failed == 0 || failed == -EINPROGRESS)
		*ret_fd = take_fd(&fd);
	return failed;
}
