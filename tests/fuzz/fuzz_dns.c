// SPDX-License-Identifier: Apache-2.0
/*
 * DNS as urun-slirp forwards it: a frame of the container with a query, and an answer from the
 * network.  The host has no name server here, so no socket is opened, and each query is answered
 * immediately by a failure.
 */
#include <net/ethernet.h>

#include "netns/slirp/checksum.h"
#include "netns/slirp/dns.h"
#include "netns/slirp/dns_message.h"
#include "netns/slirp/frame.h"
#include "tests/fuzz/fuzz.h"

static struct network_options network;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error err = ERROR_NONE;

	(void)argc;
	(void)argv;
	return network_options_parse("slirp", &network, &err);
}

static void on_send(const uint8_t *frame, size_t size, void *context)
{
	size_t *count = context;
	struct layout layout;

	fuzz_demand(layout_find(frame, size, &layout), "an answer is a whole frame");
	fuzz_demand(layout.protocol == IPPROTO_UDP && layout.end == size, "an answer is UDP");
	fuzz_demand(checksum_add(layout_pseudo_sum(&layout, frame), frame + layout.transport,
				 layout.end - layout.transport) == 0xffff,
		    "an answer's checksum is right");
	(*count)++;
}

/* Makes the container's frame with the query; some frames have another address, or are cut off. */
static size_t make_frame(struct fuzz_input *input, const uint8_t *query, size_t size,
			 uint8_t *frame)
{
	uint8_t kind = (uint8_t)fuzz_number(input, 1);
	bool v4 = kind & 1;
	size_t ip = v4 ? IPV4_SIZE + (size_t)(kind >> 4) % 11 * 4 : IPV6_SIZE;
	uint8_t *udp = frame + ETH_HLEN + ip;

	put16(frame + 12, v4 ? ETH_P_IP : ETH_P_IPV6);
	if (v4) {
		frame[ETH_HLEN] = (uint8_t)(0x40 | ip / 4);
		put16(frame + ETH_HLEN + 2, (uint16_t)(ip + UDP_SIZE + size));
		frame[ETH_HLEN + 9] = IPPROTO_UDP;
		memcpy(frame + ETH_HLEN + 12, &network.v4.guest, 4);
		memcpy(frame + ETH_HLEN + 16, &network.v4.dns, 4);
	} else {
		frame[ETH_HLEN] = 0x60;
		put16(frame + ETH_HLEN + 4, (uint16_t)(UDP_SIZE + size));
		frame[ETH_HLEN + 6] = IPPROTO_UDP;
		memcpy(frame + ETH_HLEN + 8, &network.v6.guest, 16);
		memcpy(frame + ETH_HLEN + 24, &network.v6.dns, 16);
	}
	put16(udp, 4000);
	put16(udp + 2, 53);
	put16(udp + 4, kind & 2 ? (uint16_t)fuzz_number(input, 2) : (uint16_t)(UDP_SIZE + size));
	if (size > 0)
		memcpy(udp + UDP_SIZE, query, size);
	return ETH_HLEN + ip + UDP_SIZE + size;
}

static void take(struct fuzz_input *input, const uint8_t *query, size_t size)
{
	size_t room = ETH_HLEN + 60 + UDP_SIZE + size, answers = 0;
	autofree uint8_t *buffer = mem_alloc(room);
	autofree uint8_t *frame = NULL;
	struct dns *dns = dns_new(&network, on_send, &answers);
	struct pollset set = POLLSET_NONE;
	struct layout layout;
	size_t whole = make_frame(input, query, size, buffer);

	/* The frame is in memory of exactly its size, so that a read beyond the end is detected. */
	frame = mem_alloc(whole);
	memcpy(frame, buffer, whole);
	if (layout_find(frame, whole, &layout) && dns_take(dns, &set, &layout, frame, 1000))
		fuzz_demand(answers <= 1, "a query has one answer at most");
	fuzz_demand(dns_timeout(dns, 1000) == -1, "no query is left without a server");
	dns_free(dns);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	size_t query_size, answer_size;
	autofree uint8_t *query =
		fuzz_bytes(&input, fuzz_number(&input, 2) % (DNS_QUERY_MAX + 2), &query_size);
	autofree uint8_t *answer = fuzz_bytes(&input, fuzz_number(&input, 2), &answer_size);
	uint8_t failure[DNS_HEADER_SIZE];

	take(&input, query, query_size);
	if (!dns_is_query(query, query_size))
		return 0;
	if (dns_answer_kind(query, query_size, answer, answer_size) != DNS_ANSWER_FOREIGN)
		fuzz_demand(memcmp(query, answer, 2) == 0, "an answer has its query's number");
	dns_make_failure(query, failure);
	fuzz_demand(dns_answer_kind(query, query_size, failure, sizeof(failure)) ==
			    DNS_ANSWER_FAILED,
		    "a failure of ours is one");
	fuzz_demand(!dns_is_query(failure, sizeof(failure)), "an answer is no query");
	return 0;
}
