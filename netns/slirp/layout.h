/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_LAYOUT_H
#define URUN_NETNS_SLIRP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Offsets of the headers in an Ethernet frame.
 * Runs in: urun-slirp.
 * Source: RFC 791, RFC 8200, RFC 9293.
 */
#define IPV4_SIZE 20
#define IPV6_SIZE 40
#define UDP_SIZE  8
#define TCP_SIZE  20

/* Offsets in the UDP header. */
#define UDP_CHECKSUM 6

/* Offsets in the TCP header. */
#define TCP_SOURCE   0
#define TCP_TARGET   2
#define TCP_SEQUENCE 4
#define TCP_ACK	     8
#define TCP_LENGTH   12 /* four bits, in words of 32 bits */
#define TCP_FLAGS    13
#define TCP_WINDOW   14
#define TCP_CHECKSUM 16
#define TCP_URGENT   18

#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_ACK 0x10
#define TCP_FLAG_URG 0x20

#define TCP_OPTION_NONE	 1
#define TCP_OPTION_MSS	 2
#define TCP_OPTION_SCALE 3

/* The largest headers at the beginning of a frame: link, IPv4 or IPv6, TCP. */
#define HEADERS_SIZE_MAX (14 + 60 + 60)

/* All offsets count from the frame's first byte. */
struct layout {
	unsigned int family; /* AF_INET, AF_INET6; 0: ARP */
	uint8_t protocol;    /* the protocol that the IP header names */
	size_t ip;
	size_t transport;
	size_t end; /* of the IP packet; padding may follow */
	bool fragment;
	bool later_fragment; /* a fragment without the transport header */
	size_t tcp_size;     /* size of the TCP header with its options; 0: no whole one */
};

/* Returns false unless the frame holds a whole packet of ARP, IPv4 or IPv6. */
bool layout_find(const uint8_t *frame, size_t size, struct layout *ret_layout);

/*
 * The sum of the pseudo header: addresses, protocol and length.  TCP's and UDP's checksums include
 * it.
 */
uint16_t layout_pseudo_sum(const struct layout *layout, const uint8_t *frame);

/* Exchanges two neighbouring fields of @size bytes, such as source and destination. */
void layout_swap(uint8_t *both, size_t size);

/*
 * Returns the offset of the value, of @size bytes, of the TCP option @kind.  0: there is no such
 * option, or an option before it isn't whole.
 */
size_t layout_tcp_option(const struct layout *layout, const uint8_t *frame, uint8_t kind,
			 size_t size);

#endif
