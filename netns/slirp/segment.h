/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_SEGMENT_H
#define URUN_NETNS_SLIRP_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/slirp/layout.h"

/*
 * Returns whether the sequence number @number comes after @other.  Sequence numbers wrap around: a
 * number is after another if it is less than 2 GiB ahead.
 */
static inline bool sequence_is_after(uint32_t number, uint32_t other)
{
	return (int32_t)(number - other) > 0;
}

/* The size of the headers of a segment without options: link, IPv4 or IPv6, TCP. */
#define SEGMENT_HEAD_MAX (14 + IPV6_SIZE + TCP_SIZE)

/*
 * TCP segments that we write ourselves, in a connection between libslirp and the container.  Their
 * addresses and ports come from a segment that libslirp has sent to the container.
 * Runs in: urun-slirp.
 * Source: RFC 9293, section 3.1.
 */
struct segment_head {
	struct layout layout;
	uint8_t bytes[SEGMENT_HEAD_MAX];
};

/* The fields that differ between two segments of one connection. */
struct segment_fields {
	uint32_t number; /* sequence number */
	uint32_t acknowledged;
	uint8_t flags;
	uint16_t window;
};

/*
 * Keeps the headers of libslirp's segment in @frame, without its TCP options.  Returns false,
 * without setting @ret_head, if the headers are ones that we don't write (IP options).
 */
bool segment_keep(const struct layout *layout, const uint8_t *frame, struct segment_head *ret_head);

/*
 * Writes the headers of a segment from libslirp to the container, which the caller follows by @size
 * bytes of data.  Returns the size of the headers.  @frame has room for HEADERS_SIZE_MAX bytes.
 * The TCP checksum isn't set: frame_to_container() leaves it to the kernel.
 */
size_t segment_write(const struct segment_head *head, const struct segment_fields *fields,
		     size_t size, uint8_t *frame);

/*
 * Writes a segment without data from the container to libslirp, with its checksum.  Returns its
 * size.  @frame has room for HEADERS_SIZE_MAX bytes.
 */
size_t segment_write_back(const struct segment_head *head, const struct segment_fields *fields,
			  uint8_t *frame);

#endif
