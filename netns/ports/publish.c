// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "netns/ports/publish.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/span.h"

#define PORT_MAX	   65535
#define BACKLOG		   4096 /* the kernel lowers it to net.core.somaxconn */
#define UNPRIVILEGED_START "/proc/sys/net/ipv4/ip_unprivileged_port_start"

/* How often a port of the kernel's choice for IPv4 may turn out to be taken for IPv6. */
#define CHOICES_MAX 16

/* ---- the text ---- */

static int refuse_publish(const char *text, const char *reason, struct error *err)
{
	return error_set(err, 0, "--publish %s: %s", text, reason);
}

/* Parses "80" or "80-89".  @min is 0 where the kernel may choose the port, else 1. */
static bool parse_ports(struct span text, uint32_t min, uint16_t *ret_first, uint16_t *ret_count)
{
	struct span rest = text, first_text, last_text;
	uint32_t first, last;

	if (!span_cut(&rest, '-', &first_text) || !span_number(first_text, &first))
		return false;
	last = first;
	last_text = rest;
	if (first_text.size < text.size && !span_number(last_text, &last))
		return false;
	if (first < min || last > PORT_MAX || last < first || (first == 0 && last > 0))
		return false;
	*ret_first = (uint16_t)first;
	*ret_count = (uint16_t)(last - first + 1);
	return true;
}

static bool parse_host_address(struct span text, union publish_address *ret_address)
{
	bool bracketed = text.size >= 2 && text.bytes[0] == '[' && text.bytes[text.size - 1] == ']';
	char copy[INET6_ADDRSTRLEN];

	if (bracketed)
		text = (struct span){ text.bytes + 1, text.size - 2 };
	if (text.size >= sizeof(copy))
		return false;
	memcpy(copy, text.bytes, text.size);
	copy[text.size] = '\0';
	*ret_address = (union publish_address){ 0 };
	ret_address->any.sa_family = bracketed ? AF_INET6 : AF_INET;
	return inet_pton(ret_address->any.sa_family, copy,
			 bracketed ? (void *)&ret_address->v6.sin6_addr
				   : (void *)&ret_address->v4.sin_addr) == 1;
}

/*
 * Cuts off the text behind the last @divider and returns it.  Without a divider returns the whole,
 * and @rest becomes empty.
 */
static struct span cut_last(struct span *rest, char divider, bool *ret_found)
{
	size_t i = rest->size;
	struct span part;

	while (i > 0 && rest->bytes[i - 1] != divider)
		i--;
	part = (struct span){ rest->bytes + i, rest->size - i };
	*ret_found = i > 0;
	rest->size = i > 0 ? i - 1 : 0;
	return part;
}

static bool parse_protocol(struct span *rest, int *ret_protocol)
{
	struct span whole = *rest, word;
	bool found;

	*ret_protocol = IPPROTO_TCP;
	word = cut_last(rest, '/', &found);
	if (!found) {
		*rest = whole;
		return true;
	}
	if (span_is(word, "udp"))
		*ret_protocol = IPPROTO_UDP;
	return span_is(word, "udp") || span_is(word, "tcp");
}

int publish_parse(const char *text, struct publish *ret_publish, struct error *err)
{
	struct publish publish = { 0 };
	struct span rest = { text, strlen(text) }, container, host = { "", 0 };
	bool has_host, has_address = false;
	uint16_t host_count = 0;

	if (!parse_protocol(&rest, &publish.protocol))
		return refuse_publish(text, "the protocol is neither tcp nor udp", err);
	container = cut_last(&rest, ':', &has_host);
	if (has_host)
		host = cut_last(&rest, ':', &has_address);
	if (!parse_ports(container, 1, &publish.container_first, &publish.count))
		return refuse_publish(
			text, "the container's port is neither one of 1 to 65535 nor a range", err);
	if (host.size && !parse_ports(host, 0, &publish.host_first, &host_count))
		return refuse_publish(
			text, "the host's port is neither one of 0 to 65535 nor a range", err);
	if (publish.host_first && host_count != publish.count)
		return refuse_publish(text, "the two ranges of ports don't have the same length",
				      err);
	if (has_address && !parse_host_address(rest, &publish.address))
		return refuse_publish(text, "the address is neither IPv4 nor IPv6 in brackets",
				      err);
	publish.has_address = has_address;
	*ret_publish = publish;
	return 0;
}

void publish_print_address(const union publish_address *address, struct strbuf *out)
{
	char text[INET6_ADDRSTRLEN];

	if (address->any.sa_family == AF_INET6)
		strbuf_addf(out, "[%s]:%u",
			    inet_ntop(AF_INET6, &address->v6.sin6_addr, text, sizeof(text)),
			    ntohs(address->v6.sin6_port));
	else
		strbuf_addf(out, "%s:%u",
			    inet_ntop(AF_INET, &address->v4.sin_addr, text, sizeof(text)),
			    ntohs(address->v4.sin_port));
}

uint16_t publish_port(const union publish_address *address)
{
	return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port
							: address->v4.sin_port);
}

void publish_set_port(union publish_address *address, uint16_t port)
{
	if (address->any.sa_family == AF_INET6)
		address->v6.sin6_port = htons(port);
	else
		address->v4.sin_port = htons(port);
}

bool publish_is_same_address(const union publish_address *a, const union publish_address *b)
{
	if (a->any.sa_family != b->any.sa_family || publish_port(a) != publish_port(b))
		return false;
	if (a->any.sa_family == AF_INET6)
		return a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
		       memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
	return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

const char *publish_protocol_name(int protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : "tcp";
}

/* ---- the sockets ---- */

void published_list_release(struct published_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		fd_close(&list->items[i].fd);
	free(list->items);
	*list = (struct published_list){ 0 };
}

socklen_t publish_address_size(int family)
{
	return family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* Returns a descriptor or a negative errno. */
static int open_host_socket(int protocol, const union publish_address *address)
{
	const int on = 1;
	bool udp = protocol == IPPROTO_UDP;
	autoclose int fd =
		socket(address->any.sa_family,
		       (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -errno;
	if (address->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -errno;
	/* Connections of an earlier container, in TIME_WAIT, must not keep the port. */
	if (!udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	/*
	 * Reports to which of the host's addresses a datagram was sent: the reply leaves from it.
	 */
	if (udp && address->any.sa_family == AF_INET &&
	    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0)
		return -errno;
	if (udp && address->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0)
		return -errno;
	if (bind(fd, &address->any, publish_address_size(address->any.sa_family)) < 0 ||
	    (!udp && listen(fd, BACKLOG) < 0))
		return -errno;
	return take_fd(&fd);
}

/* Is the port one of the first @count of @list, which were opened for other options? */
static bool is_given_twice(const union publish_address *address, int protocol,
			   const struct published_list *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list->items[i].protocol == protocol &&
		    publish_port(&list->items[i].host) == publish_port(address))
			return true;
	return false;
}

/* @earlier: how many sockets the list had before this option. */
static int open_error(const union publish_address *address, int protocol, int errnum,
		      const struct published_list *list, size_t earlier, struct error *err)
{
	autostrbuf struct strbuf text = { 0 };
	autofree char *start = NULL;
	size_t size;

	publish_print_address(address, &text);
	if (errnum == EADDRINUSE && is_given_twice(address, protocol, list, earlier))
		return error_set(err, 0, "--publish: port %u/%s of the host is given twice",
				 publish_port(address), publish_protocol_name(protocol));
	error_set(err, errnum, "--publish: listen on %s/%s", text.bytes,
		  publish_protocol_name(protocol));
	if (errnum != EACCES || fd_read_file(UNPRIVILEGED_START, 64, &start, &size) < 0)
		return -1;
	return error_hint(err,
			  "only root may listen on ports below %.*s: run `sysctl "
			  "net.ipv4.ip_unprivileged_port_start=%u` as root",
			  (int)strcspn(start, "\n"), start, publish_port(address));
}

/* Returns 0 or a negative errno. */
static int open_one(int protocol, const union publish_address *address, uint16_t container_port,
		    struct published_list *list)
{
	struct published item = { .fd = open_host_socket(protocol, address),
				  .protocol = protocol,
				  .container_port = container_port,
				  .chosen = publish_port(address) == 0,
				  .host = *address };
	socklen_t size = sizeof(item.host);

	if (item.fd < 0)
		return item.fd;
	/* Tells the port that the kernel has chosen. */
	getsockname(item.fd, &item.host.any, &size);
	list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = item;
	return 0;
}

/* Listens on all addresses of both families: the second family gets the first one's port. */
static int open_wildcards(int protocol, uint16_t host_port, uint16_t container_port,
			  struct published_list *list, struct error *err)
{
	union publish_address v4 = { .v4 = { .sin_family = AF_INET,
					     .sin_port = htons(host_port) } };
	union publish_address v6 = { .v6 = { .sin6_family = AF_INET6 } };
	size_t earlier = list->count;
	int failed;

	for (int choice = 0;; choice++) {
		failed = open_one(protocol, &v4, container_port, list);
		if (failed < 0)
			return open_error(&v4, protocol, -failed, list, earlier, err);
		publish_set_port(&v6, publish_port(&list->items[list->count - 1].host));
		failed = open_one(protocol, &v6, container_port, list);
		if (failed == 0)
			list->items[list->count - 1].chosen = host_port == 0;
		/* A host without IPv6 has no IPv6 addresses to listen on. */
		if (failed == 0 || failed == -EAFNOSUPPORT || failed == -EADDRNOTAVAIL ||
		    failed == -EPROTONOSUPPORT)
			return 0;
		if (host_port != 0 || failed != -EADDRINUSE || choice == CHOICES_MAX)
			return open_error(&v6, protocol, -failed, list, earlier, err);
		fd_close(&list->items[--list->count].fd);
	}
}

int publish_open(const struct publish *publish, struct published_list *list, struct error *err)
{
	for (unsigned int i = 0; i < publish->count; i++) {
		uint16_t host = publish->host_first ? (uint16_t)(publish->host_first + i) : 0;
		uint16_t container = (uint16_t)(publish->container_first + i);
		union publish_address address = publish->address;
		int failed;

		if (!publish->has_address) {
			if (open_wildcards(publish->protocol, host, container, list, err) < 0)
				return -1;
			continue;
		}
		publish_set_port(&address, host);
		failed = open_one(publish->protocol, &address, container, list);
		if (failed < 0)
			return open_error(&address, publish->protocol, -failed, list, list->count,
					  err);
	}
	return 0;
}
