/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_FRAGMENT_H
#define URUN_NETNS_SLIRP_FRAGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "netns/slirp/layout.h"

/*
 * Fragments of IPv4, put together before libslirp: it keeps what isn't whole for half a minute
 * without a limit, and a last fragment that comes alone makes some builds of 4.7 write over their
 * own memory.  Few datagrams at a time, each from its first byte on in order, as the container's
 * kernel sends them; all else is dropped, and what isn't finished goes when others need its place.
 * Runs in: urun-slirp.
 * Source: RFC 791, section 3.2, "Fragmentation and Reassembly".
 */
struct fragments;

struct fragments *fragments_new(void);
void fragments_free(struct fragments *fragments);

/*
 * Takes a frame that is a fragment.  Returns the whole frame where it was the last one, of
 * *ret_size bytes; it may be written to and is valid until the next call.  Else NULL.
 */
uint8_t *fragments_add(struct fragments *fragments, const struct layout *layout,
		       const uint8_t *frame, size_t *ret_size);

#endif
