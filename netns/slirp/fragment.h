/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_FRAGMENT_H
#define URUN_NETNS_SLIRP_FRAGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "netns/slirp/layout.h"

/*
 * Reassembles IPv4 fragments before libslirp sees them.  libslirp keeps incomplete datagrams for
 * half a minute without a limit, and some builds of 4.7 write beyond their memory when a last
 * fragment comes alone.  A few datagrams are kept at a time, and only fragments in order from the
 * first byte on, as the container's kernel sends them, are accepted.  All others are dropped, and
 * an incomplete datagram is dropped when its place is needed.
 * Runs in: urun-slirp.
 * Source: RFC 791, section 3.2, "Fragmentation and Reassembly".
 */
struct fragments;

struct fragments *fragments_new(void);
void fragments_free(struct fragments *fragments);

/*
 * Takes a frame that is a fragment.  If it was the last one, returns the whole frame, of *ret_size
 * bytes, which may be written to and is valid until the next call.  Otherwise returns NULL.
 */
uint8_t *fragments_add(struct fragments *fragments, const struct layout *layout,
		       const uint8_t *frame, size_t *ret_size);

#endif
