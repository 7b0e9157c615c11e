// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-port.
 *
 * How datagrams of a published UDP port find their way in and out.
 *
 *   client ──▶ host's socket ──recvmsg──▶ struct client ──send──▶ container's program
 *          ◀── host's socket ◀──sendmsg── (its socket)  ◀──recv── container's program
 *
 * The host's socket was bound by urun in the host's network namespace.  A client is the pair of
 * that socket and a source address.  Its own socket is in the container's network namespace,
 * connected to the container's address and port: so it receives replies of that port only, and
 * hears of an ICMP port unreachable as ECONNREFUSED.  The reply leaves from the host's address to
 * which the client has sent (IP_PKTINFO): a client drops replies from another address.
 *
 * A program that listens in one family only must be reached from the other family too.  A refusal
 * is reported by the next call on the socket, so a datagram that was refused is sent once more in
 * the other family.
 *
 * What anybody in the network can send: any number of datagrams from forged source addresses.  Each
 * takes a descriptor, up to the maximum of clients; from then on the client that was silent longest
 * is closed.  Memory is one struct client each, and one buffer for all.  What a hostile container
 * can send: replies only, to clients that have sent first, at BATCH_MAX a turn.
 *
 * What may block: nothing.  All sockets are non-blocking; a datagram that doesn't fit into a
 * socket's buffer is lost, as on any link.
 */
#include "netns/ports/datagram.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/hash.h"
#include "core/base/str.h"
#include "netns/ports/watch.h"

#define SIZE_MAX_BYTES 65536
/* Datagrams that one socket may pass on in a turn, so that no socket keeps the others waiting. */
#define BATCH_MAX 64
/* The kernel's connection tracking forgets a stream of datagrams after the same time. */
#define IDLE_MS 120000
#define BUCKETS 1024

/* Room for one control message, which is all that the socket asks for. */
struct packet_info {
	_Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct client {
	struct datagrams *datagrams;
	struct client *next_in_bucket;
	struct client *older, *newer; /* in the order of their last datagram */
	struct client *next_ended;
	struct watch server; /* the socket in the container */
	int family;	     /* of that socket */
	uint16_t port;
	int host; /* the host's socket, from which replies leave */
	union publish_address address;
	struct packet_info info; /* the host's address to which the client has sent */
	socklen_t info_size;
	int64_t used_ms;
};

struct datagrams {
	int epoll;
	const struct source *source;
	struct client *buckets[BUCKETS];
	struct client *oldest, *newest, *ended;
	size_t count, max;
	char bytes[SIZE_MAX_BYTES];
};

/* ---- the clients ---- */

static struct client **client_bucket(struct datagrams *datagrams, int host,
				     const union publish_address *address)
{
	uint64_t hash = hash_bytes(address, publish_address_size(address->any.sa_family));

	return &datagrams->buckets[(hash ^ (unsigned int)host) % BUCKETS];
}

static struct client *find_client(struct datagrams *datagrams, int host,
				  const union publish_address *address)
{
	struct client *client = *client_bucket(datagrams, host, address);

	while (client &&
	       (client->host != host || !publish_is_same_address(&client->address, address)))
		client = client->next_in_bucket;
	return client;
}

static void leave_order(struct client *client)
{
	struct datagrams *datagrams = client->datagrams;

	*(client->older ? &client->older->newer : &datagrams->oldest) = client->newer;
	*(client->newer ? &client->newer->older : &datagrams->newest) = client->older;
}

static void join_as_newest(struct client *client)
{
	struct datagrams *datagrams = client->datagrams;

	client->used_ms = clock_ms();
	client->newer = NULL;
	client->older = datagrams->newest;
	*(client->older ? &client->older->newer : &datagrams->oldest) = client;
	datagrams->newest = client;
}

static void touch(struct client *client)
{
	leave_order(client);
	join_as_newest(client);
}

/* The memory stays until all descriptors that were ready have been served. */
static void end_client(struct client *client)
{
	struct datagrams *datagrams = client->datagrams;
	struct client **link = client_bucket(datagrams, client->host, &client->address);

	while (*link != client)
		link = &(*link)->next_in_bucket;
	*link = client->next_in_bucket;
	leave_order(client);
	fd_close(&client->server.fd);
	client->server.ready = NULL;
	client->next_ended = datagrams->ended;
	datagrams->ended = client;
	datagrams->count--;
}

static void reply_ready(struct watch *watch, uint32_t events);

/* Returns NULL if the container can't be reached. */
static struct client *add_client(struct datagrams *datagrams, int host, int family, uint16_t port,
				 const union publish_address *address)
{
	struct client *client, **bucket;
	int fd;

	if (!datagrams->source->options->ipv6)
		family = AF_INET;
	fd = source_connect_datagram(datagrams->source, family, port);
	if (fd < 0)
		return NULL;
	if (datagrams->count >= datagrams->max)
		end_client(datagrams->oldest);
	client = mem_alloc(sizeof(*client));
	client->datagrams = datagrams;
	client->server = (struct watch){ .fd = fd, .ready = reply_ready };
	client->family = family;
	client->port = port;
	client->host = host;
	client->address = *address;
	bucket = client_bucket(datagrams, host, address);
	client->next_in_bucket = *bucket;
	*bucket = client;
	datagrams->count++;
	join_as_newest(client);
	if (watch_add(datagrams->epoll, &client->server, EPOLLIN) < 0) {
		end_client(client);
		return NULL;
	}
	return client;
}

/* ---- to the client ---- */

static void answer_client(struct client *client, size_t size)
{
	struct iovec part = { client->datagrams->bytes, size };
	struct msghdr message = {
		.msg_name = &client->address,
		.msg_namelen = publish_address_size(client->address.any.sa_family),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = client->info_size ? client->info.bytes : NULL,
		.msg_controllen = client->info_size,
	};

	/* A reply that can't be sent is lost, as on any link. */
	sendmsg(client->host, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void reply_ready(struct watch *watch, uint32_t events)
{
	struct client *client = watch_owner(watch, struct client, server);

	(void)events;
	for (int i = 0; i < BATCH_MAX; i++) {
		ssize_t got = recv(watch->fd, client->datagrams->bytes,
				   sizeof(client->datagrams->bytes), MSG_DONTWAIT);

		/*
		 * ECONNREFUSED: no program listens (yet).  The client sees the same as on the host:
		 * silence.
		 */
		if (got < 0)
			return;
		touch(client);
		answer_client(client, (size_t)got);
	}
}

/* ---- to the container ---- */

/* Keeps the address to which the datagram was sent: the reply leaves from it. */
static void keep_info(struct client *client, struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	struct cmsghdr *kept = (struct cmsghdr *)(void *)client->info.bytes;

	client->info_size = 0;
	if (!header || message->msg_controllen > sizeof(client->info))
		return;
	memcpy(client->info.bytes, header, message->msg_controllen);
	client->info_size = (socklen_t)message->msg_controllen;
	/* Routing chooses the interface of the reply, unless the address is link-local. */
	if (header->cmsg_level == IPPROTO_IP) {
		struct in_pktinfo *info = (void *)CMSG_DATA(kept);

		/*
		 * ipi_spec_dst is the host's own address, also for a datagram to a broadcast
		 * address.
		 */
		info->ipi_ifindex = 0;
	} else if (header->cmsg_level == IPPROTO_IPV6) {
		struct in6_pktinfo *info = (void *)CMSG_DATA(kept);

		if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
			info->ipi6_ifindex = 0;
	}
}

/*
 * Reaches a program that listens in the other family only.  Not decided once for all: a client that
 * sends before the program listens would keep the wrong family.
 */
static bool change_family(struct client *client)
{
	struct datagrams *datagrams = client->datagrams;
	int family = client->family == AF_INET ? AF_INET6 : AF_INET;
	int fd = -1;

	if (family == AF_INET6 && !datagrams->source->options->ipv6)
		return false;
	fd = source_connect_datagram(datagrams->source, family, client->port);
	if (fd < 0)
		return false;
	fd_close(&client->server.fd);
	client->server.fd = fd;
	client->family = family;
	return watch_add(datagrams->epoll, &client->server, EPOLLIN) == 0;
}

/*
 * Sends a datagram.  Returns whether it was refused: the container's kernel refuses within the
 * call, and the next call on the socket reports the refusal.  So the first send(2) may report that
 * an earlier datagram was refused.
 */
static bool is_refused(struct client *client, size_t size)
{
	socklen_t length = sizeof(int);
	int failed = 0;

	if (send(client->server.fd, client->datagrams->bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) <
		    0 &&
	    errno == ECONNREFUSED &&
	    send(client->server.fd, client->datagrams->bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) <
		    0)
		return errno == ECONNREFUSED;
	return getsockopt(client->server.fd, SOL_SOCKET, SO_ERROR, &failed, &length) == 0 &&
	       failed == ECONNREFUSED;
}

void datagrams_take(struct datagrams *datagrams, int host, int family, uint16_t port)
{
	for (int i = 0; i < BATCH_MAX; i++) {
		union publish_address address = { 0 };
		struct packet_info info;
		struct iovec part = { datagrams->bytes, sizeof(datagrams->bytes) };
		struct msghdr message = {
			.msg_name = &address,
			.msg_namelen = sizeof(address),
			.msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = info.bytes,
			.msg_controllen = sizeof(info),
		};
		ssize_t got = recvmsg(host, &message, MSG_DONTWAIT);
		struct client *client;

		if (got < 0)
			return;
		client = find_client(datagrams, host, &address);
		if (client)
			touch(client);
		else
			client = add_client(datagrams, host, family, port, &address);
		if (!client)
			continue;
		keep_info(client, &message);
		if (is_refused(client, (size_t)got) && change_family(client))
			is_refused(client, (size_t)got);
	}
}

/* ---- all of them ---- */

struct datagrams *datagrams_new(int epoll, const struct source *source, size_t max)
{
	struct datagrams *datagrams = mem_alloc(sizeof(*datagrams));

	datagrams->max = max;
	datagrams->epoll = epoll;
	datagrams->source = source;
	return datagrams;
}

static void free_ended_clients(struct datagrams *datagrams)
{
	while (datagrams->ended) {
		struct client *client = datagrams->ended;

		datagrams->ended = client->next_ended;
		free(client);
	}
}

void datagrams_free(struct datagrams *datagrams)
{
	if (!datagrams)
		return;
	while (datagrams->oldest)
		end_client(datagrams->oldest);
	free_ended_clients(datagrams);
	free(datagrams);
}

void datagrams_forget(struct datagrams *datagrams, int host)
{
	struct client *client = datagrams->oldest;

	while (client) {
		struct client *newer = client->newer;

		if (client->host == host)
			end_client(client);
		client = newer;
	}
}

int datagrams_timeout(const struct datagrams *datagrams)
{
	int64_t left;

	if (!datagrams->oldest)
		return -1;
	left = datagrams->oldest->used_ms + IDLE_MS - clock_ms();
	return left > 0 ? (int)left : 0;
}

void datagrams_run(struct datagrams *datagrams)
{
	int64_t now = datagrams->oldest ? clock_ms() : 0;

	while (datagrams->oldest && datagrams->oldest->used_ms + IDLE_MS <= now)
		end_client(datagrams->oldest);
	free_ended_clients(datagrams);
}
