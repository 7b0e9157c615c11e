// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-slirp.
 *
 * A DNS forwarder between the container's resolver and the host's name servers.
 *
 *   container ── UDP query, in a frame ──▶ struct query ─┬─▶ server 1 ┐
 *                                                        ├─▶ server 2 ├─ a socket for each attempt
 *                                                        └─▶ server 3 ┘
 *   container ◀── frame made by reply() ── the first good answer
 *
 * A query is sent to the first server.  After PATIENCE_MS without an answer, or at once after a
 * failure, it is sent to the next server as well; every attempt stays open until an answer is good
 * or QUERY_MS are over.  What the forwarder learns of a server (it answers, it is silent) orders
 * the servers for the next queries.
 *
 * libslirp forwards DNS by TCP itself, to one server that it reads from a file.  This file chooses
 * that server (tell_stack()).  While no server is known to answer, a connection's SYN is held back
 * and the servers are asked for the root's name servers: the container sends the SYN again within a
 * second.
 *
 * What a hostile container can send: any bytes as a query.  A query is copied as it is, at most
 * DNS_QUERY_MAX bytes, and only its header and its question are looked at.  At most QUERIES_MAX
 * queries exist, with one socket for each server: a further query ends the oldest one.  What a
 * hostile network can send: forged answers.  Each attempt has a socket of its own, connected to the
 * server, so a forgery has to guess the socket's port and the query's number; and the question must
 * be the same.  An answer goes to the container as it is.
 *
 * What may block: nothing.  Sockets are non-blocking, and a datagram to a full buffer counts as a
 * failure of the server.
 */
#include "netns/slirp/dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/slirp/checksum.h"
#include "netns/slirp/dns_message.h"

#define PORT 53

/* Queries at a time: a further one ends the oldest. */
#define QUERIES_MAX 128
/*
 * How long a server may take before the next one is asked too; and a server that was silent before.
 */
#define PATIENCE_MS	  1000
#define SHORT_PATIENCE_MS 250
/* The container's resolver asks again after five seconds: two such periods. */
#define QUERY_MS 10000
/* How long a silent server is asked last, and how long an answer counts as proof of life. */
#define MEMORY_MS 30000

#define ANSWER_MAX 65000
#define NEVER	   INT64_MAX

/* One query to one server. */
struct attempt {
	int fd; /* -1: the attempt is over */
	size_t server;
	int64_t sent_ms;
};

struct query {
	bool used;
	bool is_probe; /* the container doesn't wait for the answer */
	struct layout layout;
	uint8_t head[HEADERS_SIZE_MAX]; /* link, IP and UDP headers, as the container sent them */
	uint8_t *bytes;
	size_t size;
	struct attempt attempts[RESOLV_SERVERS_MAX];
	size_t order[RESOLV_SERVERS_MAX]; /* the order in which the servers are asked */
	size_t tried;
	uint8_t *failed; /* the first answer that said failure */
	size_t failed_size;
	int64_t next_ms; /* when the next server is asked */
	int64_t end_ms;
};

struct dns {
	const struct network_options *options;
	int stack_file;
	dns_send *send;
	void *context;
	struct resolv_servers servers;
	int64_t silent_until_ms[RESOLV_SERVERS_MAX]; /* 0: the server wasn't silent */
	size_t answering;			     /* the server that answered last */
	int64_t known_until_ms;			     /* until then @answering counts as alive */
	size_t told[2]; /* the servers in libslirp's file: IPv4, IPv6 */
	uint16_t probe_id;
	struct query queries[QUERIES_MAX];
	uint8_t answer[ANSWER_MAX];
	uint8_t frame[ETH_HLEN + IPV6_SIZE + UDP_SIZE + ANSWER_MAX];
};

/* ---- the servers ---- */

static int family_of(const struct dns *dns, size_t server)
{
	return dns->servers.items[server].address.any.sa_family;
}

/* Returns the server of @family that libslirp is to use; RESOLV_SERVERS_MAX: there is none. */
static size_t choose_server(const struct dns *dns, int family, int64_t now_ms)
{
	size_t first = RESOLV_SERVERS_MAX;

	if (dns->known_until_ms > now_ms && family_of(dns, dns->answering) == family)
		return dns->answering;
	for (size_t i = 0; i < dns->servers.count; i++) {
		if (family_of(dns, i) != family)
			continue;
		if (dns->silent_until_ms[i] <= now_ms)
			return i;
		if (first == RESOLV_SERVERS_MAX)
			first = i;
	}
	return first;
}

static void tell_stack(struct dns *dns, int64_t now_ms)
{
	size_t v4 = choose_server(dns, AF_INET, now_ms), v6 = choose_server(dns, AF_INET6, now_ms);
	autostrbuf struct strbuf text = { 0 };

	if (dns->stack_file < 0 || (v4 == dns->told[0] && v6 == dns->told[1]))
		return;
	dns->told[0] = v4;
	dns->told[1] = v6;
	if (v4 < dns->servers.count)
		strbuf_addf(&text, "nameserver %s\n", dns->servers.items[v4].text);
	if (v6 < dns->servers.count)
		strbuf_addf(&text, "nameserver %s\n", dns->servers.items[v6].text);
	if (ftruncate(dns->stack_file, 0) == 0 && text.size > 0 &&
	    pwrite(dns->stack_file, text.bytes, text.size, 0) < 0)
		dns->told[0] = dns->told[1] = SIZE_MAX;
}

/* Binds the socket to the address of outbound=, if there is one for the family. */
static int bind_outbound(const struct dns *dns, int fd, const union resolv_address *server)
{
	const struct network_options *options = dns->options;
	union resolv_address own = { .any.sa_family = server->any.sa_family };

	if (server->any.sa_family == AF_INET6
		    ? IN6_IS_ADDR_LOOPBACK(&server->v6.sin6_addr)
		    : ntohl(server->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
		return 0;
	if (own.any.sa_family == AF_INET && options->has_outbound4)
		own.v4.sin_addr = options->outbound4;
	else if (own.any.sa_family == AF_INET6 && options->has_outbound6)
		own.v6.sin6_addr = options->outbound6;
	else
		return 0;
	return bind(fd, &own.any, resolv_address_size(&own));
}

/* Returns a socket on which the query was sent, or -1. */
static int send_query(const struct dns *dns, size_t index, const struct query *query)
{
	const struct resolv_server *server = &dns->servers.items[index];
	union resolv_address address = server->address;
	autoclose int fd =
		socket(address.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind_outbound(dns, fd, &address) < 0)
		return -1;
	if (address.any.sa_family == AF_INET6 && server->interface[0]) {
		struct ifreq request = { .ifr_ifindex = 0 };

		memcpy(request.ifr_name, server->interface, sizeof(request.ifr_name));
		if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
			return -1;
		address.v6.sin6_scope_id = (uint32_t)request.ifr_ifindex;
	}
	/* A connected socket reports a refusal, and receives datagrams from the server only. */
	if (connect(fd, &address.any, resolv_address_size(&address)) < 0 ||
	    send(fd, query->bytes, query->size, MSG_NOSIGNAL) < 0)
		return -1;
	return take_fd(&fd);
}

/* ---- to the container ---- */

static size_t put_ipv4(const struct query *query, uint8_t *ip, size_t payload)
{
	const uint8_t *asked = query->head + query->layout.ip;

	memset(ip, 0, IPV4_SIZE);
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(IPV4_SIZE + UDP_SIZE + payload));
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, asked + 16, 4);
	memcpy(ip + 16, asked + 12, 4);
	put16(ip + 10, (uint16_t)~checksum_add(0, ip, IPV4_SIZE));
	return IPV4_SIZE;
}

static size_t put_ipv6(const struct query *query, uint8_t *ip, size_t payload)
{
	const uint8_t *asked = query->head + query->layout.ip;

	memset(ip, 0, IPV6_SIZE);
	ip[0] = 0x60;
	put16(ip + 4, (uint16_t)(UDP_SIZE + payload));
	ip[6] = IPPROTO_UDP;
	ip[7] = 64;
	memcpy(ip + 8, asked + 24, 16);
	memcpy(ip + 24, asked + 8, 16);
	return IPV6_SIZE;
}

static void reply(struct dns *dns, const struct query *query, const uint8_t *answer, size_t size)
{
	bool v4 = query->layout.family == AF_INET;
	uint8_t *frame = dns->frame, *udp;
	struct layout layout = { .family = query->layout.family,
				 .protocol = IPPROTO_UDP,
				 .ip = ETH_HLEN };
	uint16_t sum;

	memcpy(frame, query->head + ETH_ALEN, ETH_ALEN);
	memcpy(frame + ETH_ALEN, query->head, ETH_ALEN);
	put16(frame + 12, v4 ? ETH_P_IP : ETH_P_IPV6);
	layout.transport = ETH_HLEN + (v4 ? put_ipv4(query, frame + ETH_HLEN, size)
					  : put_ipv6(query, frame + ETH_HLEN, size));
	layout.end = layout.transport + UDP_SIZE + size;
	udp = frame + layout.transport;
	put16(udp, PORT);
	put16(udp + 2, get16(query->head + query->layout.transport));
	put16(udp + 4, (uint16_t)(UDP_SIZE + size));
	put16(udp + UDP_CHECKSUM, 0);
	memcpy(udp + UDP_SIZE, answer, size);
	sum = (uint16_t)~checksum_add(layout_pseudo_sum(&layout, frame), udp, UDP_SIZE + size);
	put16(udp + UDP_CHECKSUM, sum ? sum : 0xffff);
	dns->send(frame, layout.end, dns->context);
}

/* ---- queries ---- */

static void end_attempt(struct pollset *set, struct attempt *attempt)
{
	if (attempt->fd >= 0)
		pollset_forget(set, attempt->fd);
	fd_close(&attempt->fd);
}

static void end_query(struct pollset *set, struct query *query)
{
	for (size_t i = 0; i < query->tried; i++)
		end_attempt(set, &query->attempts[i]);
	free(query->bytes);
	free(query->failed);
	*query = (struct query){ .used = false };
}

static bool has_pending_attempt(const struct query *query)
{
	for (size_t i = 0; i < query->tried; i++)
		if (query->attempts[i].fd >= 0)
			return true;
	return false;
}

static void order_servers(const struct dns *dns, struct query *query, int64_t now_ms)
{
	size_t count = 0;

	for (int silent = 0; silent < 2; silent++)
		for (size_t i = 0; i < dns->servers.count; i++)
			if ((dns->silent_until_ms[i] > now_ms) == silent)
				query->order[count++] = i;
}

/* No server has a good answer: ends the query with the best that there is. */
static void conclude(struct dns *dns, struct pollset *set, struct query *query, int64_t now_ms)
{
	uint8_t failure[DNS_HEADER_SIZE];

	if (query->is_probe) {
		dns->known_until_ms = now_ms + PATIENCE_MS;
		dns->answering = 0;
	} else if (query->failed) {
		reply(dns, query, query->failed, query->failed_size);
	} else {
		dns_make_failure(query->bytes, failure);
		reply(dns, query, failure, sizeof(failure));
	}
	end_query(set, query);
}

/*
 * Asks the next server that can be asked.  If there is none, and no attempt is open, ends the
 * query.
 */
static void ask_next(struct dns *dns, struct pollset *set, struct query *query, int64_t now_ms)
{
	query->next_ms = NEVER;
	while (query->tried < dns->servers.count) {
		size_t server = query->order[query->tried];
		struct attempt *attempt = &query->attempts[query->tried++];

		*attempt = (struct attempt){ send_query(dns, server, query), server, now_ms };
		if (attempt->fd >= 0) {
			if (query->tried < dns->servers.count)
				query->next_ms =
					now_ms + (dns->silent_until_ms[server] ? SHORT_PATIENCE_MS
									       : PATIENCE_MS);
			return;
		}
		dns->silent_until_ms[server] = now_ms + MEMORY_MS;
	}
	if (!has_pending_attempt(query))
		conclude(dns, set, query, now_ms);
}

static struct query *free_query(struct dns *dns, struct pollset *set)
{
	struct query *oldest = &dns->queries[0];

	for (size_t i = 0; i < QUERIES_MAX; i++) {
		struct query *query = &dns->queries[i];

		if (!query->used)
			return query;
		if (query->end_ms < oldest->end_ms)
			oldest = query;
	}
	end_query(set, oldest);
	return oldest;
}

static struct query *begin_query(struct dns *dns, struct pollset *set, const uint8_t *bytes,
				 size_t size, int64_t now_ms)
{
	struct query *query = free_query(dns, set);

	query->used = true;
	query->bytes = mem_alloc(size);
	memcpy(query->bytes, bytes, size);
	query->size = size;
	query->end_ms = now_ms + QUERY_MS;
	order_servers(dns, query, now_ms);
	return query;
}

/*
 * A connection begins while no server is known to answer.  The servers are asked for the root's
 * name servers; until one answers, the SYN is dropped.  The container sends it again within a
 * second.
 */
static bool holds_connection(struct dns *dns, struct pollset *set, const struct layout *layout,
			     const uint8_t *frame, int64_t now_ms)
{
	uint8_t flags = frame[layout->transport + TCP_FLAGS], probe[DNS_PROBE_SIZE];
	struct query *query;

	if ((flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN || dns->servers.count < 2 ||
	    dns->known_until_ms > now_ms)
		return false;
	for (size_t i = 0; i < QUERIES_MAX; i++)
		if (dns->queries[i].used && dns->queries[i].is_probe)
			return true;
	query = begin_query(dns, set, probe, dns_make_probe(++dns->probe_id, probe), now_ms);
	query->is_probe = true;
	ask_next(dns, set, query, now_ms);
	return true;
}

static bool is_for_us(const struct dns *dns, const struct layout *layout, const uint8_t *frame)
{
	const struct network_options *options = dns->options;

	switch (layout->family) {
	case AF_INET:
		return memcmp(frame + layout->ip + 16, &options->v4.dns, sizeof(options->v4.dns)) ==
		       0;
	case AF_INET6:
		return options->ipv6 && memcmp(frame + layout->ip + 24, &options->v6.dns,
					       sizeof(options->v6.dns)) == 0;
	default: return false;
	}
}

bool dns_take(struct dns *dns, struct pollset *set, const struct layout *layout,
	      const uint8_t *frame, int64_t now_ms)
{
	const uint8_t *transport = frame + layout->transport;
	size_t room = layout->end - layout->transport, size;
	struct query *query;

	if (!is_for_us(dns, layout, frame) || layout->fragment)
		return false;
	if (layout->tcp_size > 0 && get16(transport + TCP_TARGET) == PORT)
		return holds_connection(dns, set, layout, frame, now_ms);
	if (layout->protocol != IPPROTO_UDP || room < UDP_SIZE || get16(transport + 2) != PORT)
		return false;
	size = get16(transport + 4);
	if (size < UDP_SIZE || size > room || layout->transport + UDP_SIZE > sizeof(query->head) ||
	    !dns_is_query(transport + UDP_SIZE, size - UDP_SIZE))
		return true;
	query = begin_query(dns, set, transport + UDP_SIZE, size - UDP_SIZE, now_ms);
	query->layout = *layout;
	memcpy(query->head, frame, layout->transport + UDP_SIZE);
	ask_next(dns, set, query, now_ms);
	return true;
}

/* ---- answers ---- */

/* Marks servers as silent that had their time when another server answered. */
static void learn(struct dns *dns, const struct query *query, const struct attempt *answered,
		  int64_t now_ms)
{
	dns->silent_until_ms[answered->server] = 0;
	dns->answering = answered->server;
	dns->known_until_ms = now_ms + MEMORY_MS;
	for (size_t i = 0; i < query->tried; i++) {
		const struct attempt *attempt = &query->attempts[i];

		if (attempt != answered && attempt->fd >= 0 &&
		    now_ms - attempt->sent_ms >= SHORT_PATIENCE_MS)
			dns->silent_until_ms[attempt->server] = now_ms + MEMORY_MS;
	}
	tell_stack(dns, now_ms);
}

/* Returns false if the query has ended. */
static bool hear_server(struct dns *dns, struct pollset *set, struct query *query,
			struct attempt *attempt, int64_t now_ms)
{
	ssize_t got = recv(attempt->fd, dns->answer, sizeof(dns->answer), MSG_DONTWAIT);
	enum dns_answer kind;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	kind = got < 0 ? DNS_ANSWER_FAILED
		       : dns_answer_kind(query->bytes, query->size, dns->answer, (size_t)got);
	if (kind == DNS_ANSWER_FOREIGN)
		return true;
	if (kind == DNS_ANSWER_GOOD) {
		learn(dns, query, attempt, now_ms);
		if (!query->is_probe)
			reply(dns, query, dns->answer, (size_t)got);
		end_query(set, query);
		return false;
	}
	if (got < 0) {
		dns->silent_until_ms[attempt->server] = now_ms + MEMORY_MS;
	} else if (!query->failed) {
		query->failed = mem_alloc((size_t)got);
		memcpy(query->failed, dns->answer, (size_t)got);
		query->failed_size = (size_t)got;
	}
	end_attempt(set, attempt);
	if (query->tried < dns->servers.count || !has_pending_attempt(query))
		ask_next(dns, set, query, now_ms);
	return query->used;
}

static void run_query(struct dns *dns, struct pollset *set, struct query *query, int64_t now_ms)
{
	size_t sent = query->tried;

	for (size_t i = 0; i < sent; i++) {
		struct attempt *attempt = &query->attempts[i];

		if (attempt->fd >= 0 && pollset_returned(set, attempt->fd) &&
		    !hear_server(dns, set, query, attempt, now_ms))
			return;
	}
	if (query->next_ms <= now_ms)
		ask_next(dns, set, query, now_ms);
	/* No server answers, and the container's resolver has given up by now. */
	if (query->used && query->end_ms <= now_ms)
		end_query(set, query);
}

/* ---- the whole ---- */

struct dns *dns_new(const struct network_options *options, dns_send *send, void *context)
{
	struct dns *dns = mem_alloc(sizeof(*dns));

	dns->options = options;
	dns->stack_file = -1;
	dns->send = send;
	dns->context = context;
	return dns;
}

void dns_free(struct dns *dns)
{
	if (!dns)
		return;
	for (size_t i = 0; i < QUERIES_MAX; i++) {
		struct query *query = &dns->queries[i];

		for (size_t j = 0; j < query->tried; j++)
			fd_close(&query->attempts[j].fd);
		free(query->bytes);
		free(query->failed);
	}
	free(dns);
}

void dns_serve_stack(struct dns *dns, int file, int64_t now_ms)
{
	dns->stack_file = file;
	dns->told[0] = dns->told[1] = SIZE_MAX;
	tell_stack(dns, now_ms);
}

void dns_set_servers(struct dns *dns, struct pollset *set, const struct resolv_servers *servers,
		     int64_t now_ms)
{
	dns->servers = *servers;
	memset(dns->silent_until_ms, 0, sizeof(dns->silent_until_ms));
	dns->answering = 0;
	dns->known_until_ms = 0;
	dns->told[0] = dns->told[1] = SIZE_MAX;
	tell_stack(dns, now_ms);
	for (size_t i = 0; i < QUERIES_MAX; i++) {
		struct query *query = &dns->queries[i];

		if (!query->used)
			continue;
		for (size_t j = 0; j < query->tried; j++)
			end_attempt(set, &query->attempts[j]);
		query->tried = 0;
		order_servers(dns, query, now_ms);
		ask_next(dns, set, query, now_ms);
	}
}

void dns_ask(struct dns *dns, struct pollset *set)
{
	for (size_t i = 0; i < QUERIES_MAX; i++)
		for (size_t j = 0; j < dns->queries[i].tried; j++)
			if (dns->queries[i].attempts[j].fd >= 0)
				pollset_ask(set, dns->queries[i].attempts[j].fd, EPOLLIN);
}

int dns_timeout(const struct dns *dns, int64_t now_ms)
{
	int64_t due = NEVER;

	for (size_t i = 0; i < QUERIES_MAX; i++) {
		const struct query *query = &dns->queries[i];

		if (!query->used)
			continue;
		due = query->next_ms < due ? query->next_ms : due;
		due = query->end_ms < due ? query->end_ms : due;
	}
	if (due == NEVER)
		return -1;
	return due > now_ms ? (int)(due - now_ms) : 0;
}

void dns_run(struct dns *dns, struct pollset *set, int64_t now_ms)
{
	for (size_t i = 0; i < QUERIES_MAX; i++)
		if (dns->queries[i].used)
			run_query(dns, set, &dns->queries[i], now_ms);
}
