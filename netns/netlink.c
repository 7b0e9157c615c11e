// SPDX-License-Identifier: Apache-2.0
// Runs in: any; netlink_run() in init before pivot_root, and in urun-port.
#include "netns/netlink.h"

#include <assert.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/base/fd.h"

/* The kernel answers within the send: a longer wait means a bug. */
#define TIMEOUT_S 5

/*
 * Returns zeroed room for @size bytes, aligned.  The requests are known when they are written, so
 * they always fit.
 */
static void *add_room(struct netlink_batch *batch, size_t size)
{
	void *room = batch->bytes + batch->size;

	assert(batch->size + NLMSG_ALIGN(size) <= sizeof(batch->bytes));
	memset(room, 0, NLMSG_ALIGN(size));
	batch->size += NLMSG_ALIGN(size);
	return room;
}

void netlink_add(struct netlink_batch *batch, enum netlink_need need, const char *name,
		 uint16_t type, uint16_t flags, const void *body, size_t size)
{
	struct nlmsghdr *header;

	assert(batch->count < NETLINK_BATCH_MAX);
	batch->last = batch->size;
	batch->names[batch->count] = name;
	batch->optional[batch->count] = need == NETLINK_OPTIONAL;
	batch->count++;
	header = add_room(batch, NLMSG_LENGTH(size));
	header->nlmsg_type = type;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	header->nlmsg_seq = batch->count;
	memcpy(NLMSG_DATA(header), body, size);
	header->nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
}

void netlink_put(struct netlink_batch *batch, uint16_t type, const void *value, size_t size)
{
	struct nlmsghdr *header = (void *)(batch->bytes + batch->last);
	struct rtattr *attribute = add_room(batch, RTA_LENGTH(size));

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(size);
	if (size > 0)
		memcpy(RTA_DATA(attribute), value, size);
	header->nlmsg_len = (uint32_t)(batch->size - batch->last);
}

void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	netlink_put(batch, type, &value, sizeof(value));
}

struct netlink_nest netlink_nest(struct netlink_batch *batch, uint16_t type, const void *body,
				 size_t size)
{
	struct netlink_nest nest = { batch->size };

	netlink_put(batch, type, body, size);
	return nest;
}

void netlink_nest_end(struct netlink_batch *batch, struct netlink_nest nest)
{
	struct rtattr *attribute = (void *)(batch->bytes + nest.start);

	attribute->rta_len = (uint16_t)(batch->size - nest.start);
}

/* ---- answers ---- */

struct answers {
	const struct netlink_batch *batch;
	uint32_t seen;
	size_t refused;
	int first_refused;
};

static int take_answer(struct answers *answers, const struct nlmsghdr *header, struct error *err)
{
	const struct nlmsgerr *answer = NLMSG_DATA(header);
	uint32_t index = header->nlmsg_seq - 1;

	if (header->nlmsg_type != NLMSG_ERROR ||
	    header->nlmsg_len < NLMSG_LENGTH(sizeof(*answer)) || index >= answers->batch->count)
		return 0;
	answers->seen++;
	if (answer->error == 0)
		return 0;
	if (!answers->batch->optional[index])
		return error_set(err, -answer->error, "%s", answers->batch->names[index]);
	if (answers->refused++ == 0)
		answers->first_refused = -answer->error;
	return 0;
}

/* The kernel sends whole messages; a partial one ends the datagram. */
static int take_datagram(struct answers *answers, const char *bytes, size_t size, struct error *err)
{
	while (size >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)bytes;
		size_t step = NLMSG_ALIGN((size_t)header->nlmsg_len);

		if (header->nlmsg_len < sizeof(*header) || header->nlmsg_len > size)
			return 0;
		if (take_answer(answers, header, err) < 0)
			return -1;
		if (step >= size)
			return 0;
		bytes += step;
		size -= step;
	}
	return 0;
}

static int read_answers(int fd, struct answers *answers, struct error *err)
{
	_Alignas(struct nlmsghdr) char bytes[8192];

	while (answers->seen < answers->batch->count) {
		ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(err, errno, "read the kernel's answers (netlink)");
		if (take_datagram(answers, bytes, (size_t)got, err) < 0)
			return -1;
	}
	return 0;
}

int netlink_run(const struct netlink_batch *batch, size_t *ret_refused, int *ret_errnum,
		struct error *err)
{
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct timeval timeout = { .tv_sec = TIMEOUT_S };
	struct answers answers = { .batch = batch };

	if (fd < 0)
		return error_set(err, errno, "open a netlink socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    sendto(fd, batch->bytes, batch->size, 0, (struct sockaddr *)&kernel, sizeof(kernel)) <
		    0)
		return error_set(err, errno, "send to the kernel (netlink)");
	if (read_answers(fd, &answers, err) < 0)
		return -1;
	*ret_refused = answers.refused;
	*ret_errnum = answers.first_refused;
	return 0;
}
