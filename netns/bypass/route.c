// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-bypass.
#include "netns/bypass/route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The answer to one question has some hundred bytes. */
#define ANSWER_SIZE_MAX 4096

int route_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

struct question {
	struct nlmsghdr header;
	struct rtmsg message;
	char attributes[64];
};

static void put_attribute(struct question *question, unsigned short type, const void *value,
			  size_t size)
{
	char *place = (char *)question + NLMSG_ALIGN(question->header.nlmsg_len);
	struct rtattr attribute = { .rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(size) };

	memcpy(place, &attribute, sizeof(attribute));
	memcpy(place + RTA_LENGTH(0), value, size);
	question->header.nlmsg_len =
		NLMSG_ALIGN(question->header.nlmsg_len) + (uint32_t)RTA_LENGTH(size);
}

/* The protocol and the port, as a host's policy may depend on them. */
static void fill_question(const struct destination *destination, uint32_t sequence,
			  struct question *ret_question)
{
	bool is4 = destination->family == AF_INET;
	size_t size = is4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	const unsigned char protocol = IPPROTO_TCP;
	const in_port_t port = destination->port;

	*ret_question = (struct question){
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
			    .nlmsg_type = RTM_GETROUTE,
			    .nlmsg_flags = NLM_F_REQUEST,
			    .nlmsg_seq = sequence },
		.message = { .rtm_family = (unsigned char)destination->family,
			     .rtm_dst_len = (unsigned char)(8 * size) },
	};
	put_attribute(ret_question, RTA_DST, &destination->host, size);
	put_attribute(ret_question, RTA_IP_PROTO, &protocol, sizeof(protocol));
	put_attribute(ret_question, RTA_DPORT, &port, sizeof(port));
}

static void take_attribute(const struct rtattr *attribute, struct route *route)
{
	size_t size = RTA_PAYLOAD(attribute);
	const void *value = RTA_DATA(attribute);

	switch (attribute->rta_type) {
	case RTA_OIF:
		if (size == sizeof(route->index))
			memcpy(&route->index, value, size);
		break;
	case RTA_GATEWAY:
		if (size == sizeof(route->gateway.v4) || size == sizeof(route->gateway.v6)) {
			memcpy(&route->gateway, value, size);
			route->family = size == sizeof(route->gateway.v4) ? AF_INET : AF_INET6;
		}
		break;
	case RTA_PREFSRC:
		if (size == sizeof(route->source.v4) || size == sizeof(route->source.v6)) {
			memcpy(&route->source, value, size);
			route->has_source = true;
		}
		break;
	default: break;
	}
}

/* Returns 0, a negative errno, or -EAGAIN where the message answers another question. */
static int take_route(const char *bytes, size_t size, uint32_t sequence, struct route *ret_route)
{
	struct route route = { .family = AF_UNSPEC };
	struct nlmsghdr header;
	struct rtmsg message;
	size_t at = NLMSG_LENGTH(sizeof(message));
	int errnum;

	if (size < sizeof(header))
		return -EPROTO;
	memcpy(&header, bytes, sizeof(header));
	if (header.nlmsg_seq != sequence)
		return -EAGAIN;
	if (header.nlmsg_type == NLMSG_ERROR && size >= NLMSG_LENGTH(sizeof(errnum))) {
		memcpy(&errnum, bytes + NLMSG_HDRLEN, sizeof(errnum));
		return errnum < 0 ? errnum : -EPROTO;
	}
	if (header.nlmsg_type != RTM_NEWROUTE || header.nlmsg_len > size || header.nlmsg_len < at)
		return -EPROTO;
	memcpy(&message, bytes + NLMSG_HDRLEN, sizeof(message));
	route.type = message.rtm_type;
	for (size_t left = header.nlmsg_len - at; left >= sizeof(struct rtattr);) {
		struct rtattr attribute;
		size_t step;

		memcpy(&attribute, bytes + at, sizeof(attribute));
		step = RTA_ALIGN(attribute.rta_len);
		if (attribute.rta_len < RTA_LENGTH(0) || attribute.rta_len > left)
			return -EPROTO;
		take_attribute((const struct rtattr *)(const void *)(bytes + at), &route);
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
	*ret_route = route;
	return 0;
}

/*
 * The kernel answers before sendto(2) returns.  Messages of other senders (the container's root can
 * send to a socket of its own namespace) and late answers are skipped.
 */
int route_ask(int netlink, const struct destination *destination, struct route *ret_route)
{
	static uint32_t sequence;
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	_Alignas(struct nlmsghdr) char answer[ANSWER_SIZE_MAX];
	struct question question;

	fill_question(destination, ++sequence, &question);
	if (sendto(netlink, &question, question.header.nlmsg_len, 0, (struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(netlink, answer, sizeof(answer), MSG_DONTWAIT,
				       (struct sockaddr *)&from, &size);
		int taken;

		if (got < 0)
			return -errno;
		if (from.nl_pid != 0)
			continue;
		taken = take_route(answer, (size_t)got, sequence, ret_route);
		if (taken != -EAGAIN)
			return taken;
	}
}

bool route_is_slirp(const struct network_options *options, const struct route *route)
{
	if (route->type != RTN_UNICAST)
		return false;
	if (route->family == AF_INET)
		return route->gateway.v4.s_addr == options->v4.host.s_addr;
	return route->family == AF_INET6 &&
	       IN6_ARE_ADDR_EQUAL(&route->gateway.v6, &options->v6.host);
}
