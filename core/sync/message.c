// SPDX-License-Identifier: Apache-2.0
// Runs in: parent (pack), init (unpack).
#include "core/sync/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"

void message_release(struct message *message)
{
	free(message->payload);
	message->payload = NULL;
	for (size_t i = 0; i < message->fd_count; i++)
		fd_close(&message->fds[i]);
	message->fd_count = 0;
}

void message_order_pack(struct message_order *order,
			const struct strbuf sections[static ORDER_SECTION_COUNT],
			struct strbuf *ret_payload)
{
	for (int i = 0; i < ORDER_SECTION_COUNT; i++)
		order->section_sizes[i] = (uint32_t)sections[i].size;
	strbuf_add(ret_payload, order, sizeof(*order));
	for (int i = 0; i < ORDER_SECTION_COUNT; i++) {
		if (sections[i].size)
			strbuf_add(ret_payload, sections[i].bytes, sections[i].size);
		strbuf_add(ret_payload, "", 1);
	}
}

int message_order_unpack(const struct message *message, struct message_order *ret_order,
			 const char *ret_sections[static ORDER_SECTION_COUNT], struct error *err)
{
	struct message_order order;
	size_t at = sizeof(order);

	if (message->size < sizeof(order))
		return error_set(err, EPROTO, "sync pipe: config message of %zu bytes",
				 message->size);
	memcpy(&order, message->payload, sizeof(order));
	for (int i = 0; i < ORDER_SECTION_COUNT; i++) {
		size_t left = message->size - at;

		if (left < 1 || order.section_sizes[i] > left - 1 ||
		    message->payload[at + order.section_sizes[i]] != '\0')
			return error_set(err, EPROTO,
					 "sync pipe: config message: section %d is cut", i);
		ret_sections[i] = message->payload + at;
		at += order.section_sizes[i] + 1u;
	}
	if (at != message->size)
		return error_set(err, EPROTO,
				 "sync pipe: config message: bytes behind the last section");
	*ret_order = order;
	return 0;
}
