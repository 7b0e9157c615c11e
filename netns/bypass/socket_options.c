// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-bypass.
#include "netns/bypass/socket_options.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

/* <netinet/tcp.h> and <linux/in.h> conflict with the headers above.  Source: Linux, uapi. */
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

struct option {
	int level, name;
};

/*
 * The options of each socket; the values are up to 16 bytes.  SO_REUSEADDR and SO_REUSEPORT are about
 * ports, which the socket has already (host_socket.c), and so is IPV6_V6ONLY.
 */
static const struct option options_of_all[] = {
	{ SOL_SOCKET, SO_KEEPALIVE },
	{ SOL_SOCKET, SO_OOBINLINE },
	{ SOL_SOCKET, SO_LINGER },
	{ SOL_SOCKET, SO_DONTROUTE },
	{ SOL_SOCKET, SO_RCVTIMEO },
	{ SOL_SOCKET, SO_SNDTIMEO },
	{ SOL_SOCKET, SO_RCVLOWAT },
	{ SOL_SOCKET, SO_PRIORITY },
	{ SOL_SOCKET, SO_TIMESTAMP },
	{ SOL_SOCKET, SO_TIMESTAMPNS },
	{ SOL_SOCKET, SO_TIMESTAMPING },
	{ SOL_SOCKET, SO_MAX_PACING_RATE },
	{ SOL_SOCKET, SO_ZEROCOPY },
	{ SOL_SOCKET, SO_BUSY_POLL },
	{ IPPROTO_TCP, TCP_NODELAY },
	{ IPPROTO_TCP, TCP_MAXSEG },
	{ IPPROTO_TCP, TCP_CORK },
	{ IPPROTO_TCP, TCP_KEEPIDLE },
	{ IPPROTO_TCP, TCP_KEEPINTVL },
	{ IPPROTO_TCP, TCP_KEEPCNT },
	{ IPPROTO_TCP, TCP_SYNCNT },
	{ IPPROTO_TCP, TCP_LINGER2 },
	{ IPPROTO_TCP, TCP_WINDOW_CLAMP },
	{ IPPROTO_TCP, TCP_QUICKACK },
	{ IPPROTO_TCP, TCP_CONGESTION },
	{ IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT },
	{ IPPROTO_TCP, TCP_NOTSENT_LOWAT },
	{ IPPROTO_TCP, TCP_INQ },
	{ IPPROTO_TCP, TCP_TX_DELAY },
	{ IPPROTO_IP, IP_TOS },
	{ IPPROTO_IP, IP_TTL },
	{ IPPROTO_IP, IP_MTU_DISCOVER },
	{ IPPROTO_IP, IP_RECVERR },
	{ IPPROTO_IP, IP_RECVTOS },
	{ IPPROTO_IP, IP_RECVTTL },
	{ IPPROTO_IP, IP_PKTINFO },
};

static const struct option options_of_ipv6[] = {
	{ IPPROTO_IPV6, IPV6_TCLASS },	     { IPPROTO_IPV6, IPV6_UNICAST_HOPS },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER }, { IPPROTO_IPV6, IPV6_RECVERR },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO },  { IPPROTO_IPV6, IPV6_RECVHOPLIMIT },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS },   { IPPROTO_IPV6, IPV6_AUTOFLOWLABEL },
	{ IPPROTO_IPV6, IPV6_DONTFRAG },
};

#define OF_ALL	ARRAY_SIZE(options_of_all)
#define OF_IPV6 ARRAY_SIZE(options_of_ipv6)

static_assert(OF_ALL + OF_IPV6 <= SOCKET_OPTIONS_MAX, "each option has room for its default");

static size_t count_options(int domain)
{
	return domain == AF_INET6 ? OF_ALL + OF_IPV6 : OF_ALL;
}

static const struct option *option_at(size_t i)
{
	return i < OF_ALL ? &options_of_all[i] : &options_of_ipv6[i - OF_ALL];
}

static bool read_option(int fd, const struct option *option,
			char ret_value[static SOCKET_OPTION_SIZE], socklen_t *ret_size)
{
	memset(ret_value, 0, SOCKET_OPTION_SIZE);
	*ret_size = SOCKET_OPTION_SIZE;
	return getsockopt(fd, option->level, option->name, ret_value, ret_size) == 0;
}

int socket_defaults_read(struct socket_defaults *ret_defaults)
{
	static const int domains[] = { AF_INET, AF_INET6 };
	socklen_t size;

	for (size_t i = 0; i < ARRAY_SIZE(domains); i++) {
		autoclose int fd = socket(domains[i], SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

		/* A kernel without IPv6 has no socket to copy to, either. */
		if (fd < 0 && domains[i] == AF_INET)
			return -errno;
		for (size_t k = 0; k < count_options(domains[i]); k++)
			read_option(fd, option_at(k), ret_defaults->values[i][k], &size);
	}
	return 0;
}

static int copy_all(const struct socket_defaults *defaults, int domain, int from, int to)
{
	for (size_t i = 0; i < count_options(domain); i++) {
		const struct option *option = option_at(i);
		char value[SOCKET_OPTION_SIZE];
		socklen_t size;

		/* This kernel doesn't know the option, so it isn't set on either socket. */
		if (!read_option(from, option, value, &size))
			continue;
		if (memcmp(value, defaults->values[domain == AF_INET6][i], sizeof(value)) != 0 &&
		    setsockopt(to, option->level, option->name, value, size) < 0)
			return -errno;
	}
	return 0;
}

/*
 * The kernel doubles the size that is set.  A size that the program has not set follows the traffic,
 * which a set size would end.  Where the host's limit is lower than the container's, the program has
 * what a program of the host would have.
 */
static int copy_buffers(int from, int to)
{
	static const struct option buffers[] = { { SOL_SOCKET, SO_SNDBUF },
						 { SOL_SOCKET, SO_RCVBUF } };
	int locked = 0;
	socklen_t size = sizeof(locked);

	if (getsockopt(from, SOL_SOCKET, SO_BUF_LOCK, &locked, &size) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(buffers); i++) {
		int value = 0;

		size = sizeof(value);
		if (!(locked & (1 << i)))
			continue;
		if (getsockopt(from, SOL_SOCKET, buffers[i].name, &value, &size) < 0)
			return -errno;
		value /= 2;
		if (setsockopt(to, SOL_SOCKET, buffers[i].name, &value, sizeof(value)) < 0)
			return -errno;
	}
	return 0;
}

int socket_options_copy(const struct socket_defaults *defaults, int domain, int from, int to)
{
	int failed = copy_all(defaults, domain, from, to);

	return failed < 0 ? failed : copy_buffers(from, to);
}

/* Each of these is 0 where the program has set nothing. */
static const struct option ties[] = {
	{ SOL_SOCKET, SO_MARK },
	{ SOL_SOCKET, SO_BINDTOIFINDEX },
	{ SOL_SOCKET, SO_GET_FILTER },
	{ IPPROTO_TCP, TCP_FASTOPEN_CONNECT },
	{ IPPROTO_TCP, TCP_REPAIR },
	{ IPPROTO_TCP, TCP_SAVE_SYN },
	{ IPPROTO_IP, IP_TRANSPARENT },
	{ IPPROTO_IP, IP_FREEBIND },
	{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT },
	{ IPPROTO_IP, IP_LOCAL_PORT_RANGE },
	{ IPPROTO_IP, IP_UNICAST_IF },
	{ IPPROTO_IPV6, IPV6_UNICAST_IF },
};

/* With SO_GET_FILTER the size is the number of instructions, in and out; 0 asks for the number. */
static bool is_set(const struct option *option, int fd)
{
	int value = 0;
	socklen_t size =
		option->name == SO_GET_FILTER && option->level == SOL_SOCKET ? 0 : sizeof(value);

	if (getsockopt(fd, option->level, option->name, &value, &size) < 0)
		return false;
	return option->name == SO_GET_FILTER && option->level == SOL_SOCKET ? size > 0 : value != 0;
}

/* IP_OPTIONS, and the IPv6 options that are sent with each packet, have a length. */
static bool has_extensions(int domain, int fd)
{
	static const struct option extensions[] = {
		{ IPPROTO_IP, IP_OPTIONS },	     { IPPROTO_IPV6, IPV6_HOPOPTS },
		{ IPPROTO_IPV6, IPV6_RTHDR },	     { IPPROTO_IPV6, IPV6_DSTOPTS },
		{ IPPROTO_IPV6, IPV6_RTHDRDSTOPTS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(extensions); i++) {
		char value[256];
		socklen_t size = sizeof(value);

		if (domain == AF_INET && extensions[i].level == IPPROTO_IPV6)
			break;
		if (getsockopt(fd, extensions[i].level, extensions[i].name, value, &size) == 0 &&
		    size > 0)
			return true;
	}
	return false;
}

static bool is_bound(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} own = { 0 };
	socklen_t size = sizeof(own);

	if (getsockname(fd, &own.any, &size) < 0)
		return true;
	if (own.any.sa_family == AF_INET)
		return own.v4.sin_port != 0 || own.v4.sin_addr.s_addr != INADDR_ANY;
	return own.v6.sin6_port != 0 || !IN6_IS_ADDR_UNSPECIFIED(&own.v6.sin6_addr);
}

bool socket_options_tie(int domain, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct f_owner_ex owner = { 0 };

	if (flags < 0 || flags & O_ASYNC || is_bound(fd) || has_extensions(domain, fd))
		return true;
	if (fcntl(fd, F_GETOWN_EX, &owner) < 0 || owner.pid != 0 || fcntl(fd, F_GETSIG) != 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(ties); i++)
		if ((domain == AF_INET6 || ties[i].level != IPPROTO_IPV6) && is_set(&ties[i], fd))
			return true;
	return false;
}
