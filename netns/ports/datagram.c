// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-port.
#include "netns/ports/datagram.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/ports/watch.h"

#define SIZE_MAX_BYTES 65536
/* Datagrams that one socket may send in a row, so that no socket keeps the others waiting. */
#define BATCH_MAX 64
/* The kernel's connection tracking keeps a stream of datagrams as long. */
#define IDLE_MS 120000
#define BUCKETS 1024

/* A control message, and room for no second one. */
struct packet_info {
	_Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct client {
	struct datagrams *datagrams;
	struct client *next_in_bucket;
	struct client *older, *newer; /* by when something last went through */
	struct client *next_ended;
	struct watch server; /* the container's socket */
	int family;	     /* of that */
	uint16_t port;
	int host; /* the host's, which answers go out by */
	union publish_address address;
	struct packet_info info; /* by which of the host's addresses it came in */
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
	const unsigned char *bytes = (const unsigned char *)address;
	uint32_t hash = 2166136261u ^ (uint32_t)host;

	for (socklen_t i = 0; i < publish_address_size(address->any.sa_family); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return &datagrams->buckets[hash % BUCKETS];
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

/* Its memory stays until all that was ready has been seen. */
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

/* NULL where the container can't be reached. */
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

	/* What can't be sent is lost, as on any way. */
	sendmsg(client->host, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void reply_ready(struct watch *watch, uint32_t events)
{
	struct client *client = watch_owner(watch, struct client, server);

	(void)events;
	for (int i = 0; i < BATCH_MAX; i++) {
		ssize_t got = recv(watch->fd, client->datagrams->bytes,
				   sizeof(client->datagrams->bytes), MSG_DONTWAIT);

		/* ECONNREFUSED: nobody listens there (yet): that is what the client notices, too. */
		if (got < 0)
			return;
		touch(client);
		answer_client(client, (size_t)got);
	}
}

/* ---- to the container ---- */

/* Keeps the address that the packet came to: the answer comes from there. */
static void keep_info(struct client *client, struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	struct cmsghdr *kept = (struct cmsghdr *)(void *)client->info.bytes;

	client->info_size = 0;
	if (!header || message->msg_controllen > sizeof(client->info))
		return;
	memcpy(client->info.bytes, header, message->msg_controllen);
	client->info_size = (socklen_t)message->msg_controllen;
	/* The way back is the routes' matter, unless the address is of one link alone. */
	if (header->cmsg_level == IPPROTO_IP) {
		struct in_pktinfo *info = (void *)CMSG_DATA(kept);

		/* Its ipi_spec_dst is ours, also of what was sent to a broadcast address. */
		info->ipi_ifindex = 0;
	} else if (header->cmsg_level == IPPROTO_IPV6) {
		struct in6_pktinfo *info = (void *)CMSG_DATA(kept);

		if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
			info->ipi6_ifindex = 0;
	}
}

/*
 * What listens in one family only is reached from the other too.  Not once and for all: who sends
 * before anybody listens must not be left in the wrong one.
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

/* A refusal comes back at once, as the way is short: by the next call on the socket. */
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
