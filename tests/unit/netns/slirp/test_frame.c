// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/str.h"
#include "netns/slirp/checksum.h"
#include "netns/slirp/frame.h"

#define SYN 0x02
#define ACK 0x10

static struct network_options network;

static int parse_network(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	return network_options_parse("slirp,mtu=1500", &network, &err);
}

/* ---- frames ---- */

struct packet {
	uint8_t bytes[FRAME_SIZE_MAX];
	size_t size;
};

/* Returns the sum of the pseudo header, which the kernel leaves as the checksum. */
static uint16_t pseudo_sum(const struct packet *packet, bool v4, uint8_t protocol, size_t size)
{
	uint8_t rest[4] = { 0, protocol };

	put16(rest + 2, (unsigned int)size);
	return checksum_add(checksum_add(0, packet->bytes + (v4 ? 26 : 22), v4 ? 8 : 32), rest, 4);
}

static struct packet ip_packet(const char *to, uint8_t protocol, const void *payload, size_t size)
{
	struct packet packet = { .size = 0 };
	bool v4 = !strchr(to, ':');
	uint8_t *ip = packet.bytes + ETH_HLEN;
	size_t header = v4 ? 20 : 40;

	put16(packet.bytes + 12, v4 ? ETH_P_IP : ETH_P_IPV6);
	if (v4) {
		ip[0] = 0x45;
		put16(ip + 2, (unsigned int)(header + size));
		ip[8] = 64;
		ip[9] = protocol;
		inet_pton(AF_INET, "10.0.2.100", ip + 12);
		assert_int_equal(inet_pton(AF_INET, to, ip + 16), 1);
	} else {
		ip[0] = 0x60;
		put16(ip + 4, (unsigned int)size);
		ip[6] = protocol;
		ip[7] = 64;
		inet_pton(AF_INET6, "fd75:7275:6e00::100", ip + 8);
		assert_int_equal(inet_pton(AF_INET6, to, ip + 24), 1);
	}
	memcpy(ip + header, payload, size);
	packet.size = ETH_HLEN + header + size;
	return packet;
}

/* @options: the TCP options, a multiple of four bytes. */
static struct packet tcp_packet(const char *to, uint8_t flags, const void *options,
				size_t option_size, size_t data_size)
{
	static uint8_t tcp[FRAME_SIZE_MAX];
	struct packet packet;
	bool v4 = !strchr(to, ':');
	size_t size = 20 + option_size + data_size;
	uint8_t *at;

	memset(tcp, 0, sizeof(tcp));
	put16(tcp, 40000);
	put16(tcp + 2, 80);
	tcp[12] = (uint8_t)((20 + option_size) / 4 << 4);
	tcp[13] = flags;
	memcpy(tcp + 20, options, option_size);
	for (size_t i = 0; i < data_size; i++)
		tcp[20 + option_size + i] = (uint8_t)(i * 7);
	packet = ip_packet(to, IPPROTO_TCP, tcp, size);
	at = packet.bytes + ETH_HLEN + (v4 ? 20 : 40);
	put16(at + 16,
	      (uint16_t)~checksum_add(pseudo_sum(&packet, v4, IPPROTO_TCP, size), at, size));
	return packet;
}

static bool checksum_is_right(const struct packet *packet)
{
	bool v4 = packet->bytes[12] == 8 && packet->bytes[13] == 0;
	size_t start = ETH_HLEN + (v4 ? 20 : 40), size = packet->size - start;
	uint8_t protocol = packet->bytes[ETH_HLEN + (v4 ? 9 : 6)];

	return checksum_add(pseudo_sum(packet, v4, protocol, size), packet->bytes + start, size) ==
	       0xffff;
}

static enum frame_kind sent(struct packet *packet)
{
	struct virtio_net_hdr header = { 0 };

	struct layout layout;

	return frame_from_container(&network, &header, packet->bytes, packet->size, &layout);
}

static enum frame_kind sent_to(const char *address, uint8_t protocol, uint16_t port)
{
	uint8_t payload[20] = { 0 };
	struct packet packet;

	put16(payload + 2, port);
	payload[12] = 0x50;
	packet = ip_packet(address, protocol, payload, sizeof(payload));
	return sent(&packet);
}

/* ---- tests ---- */

/* Source: RFC 1071, section 3, "Numerical Examples". */
static void the_sum_is_the_internets(void **state)
{
	static const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	uint8_t many[101];
	uint32_t expected = 0;

	(void)state;
	assert_int_equal(checksum_add(0, example, sizeof(example)), 0xddf2);
	assert_int_equal(checksum_add(0, example, 0), 0);
	assert_int_equal(checksum_add(0x1234, example, 1), 0x1234);
	for (size_t i = 0; i < sizeof(many); i++) {
		many[i] = (uint8_t)(255 - i * 3);
		expected += (uint32_t)many[i] << (i % 2 ? 0 : 8);
	}
	expected = (expected & 0xffff) + (expected >> 16);
	assert_int_equal(checksum_add(0, many, sizeof(many)),
			 (expected & 0xffff) + (expected >> 16));
}

static void the_hosts_loopback_is_out_of_reach(void **state)
{
	static const char *const forbidden[] = {
		"127.0.0.1",
		"127.255.255.254",
		"0.0.0.0",
		"0.1.2.3",
		"10.0.2.1",
		"10.0.2.255",
		"10.0.2.100",
		"255.255.255.255",
		"224.0.0.1",
		"240.0.0.1",
		"::1",
		"::",
		"ff02::1",
		"fe80::1",
		"::ffff:127.0.0.1",
		"::127.0.0.1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		if (sent_to(forbidden[i], IPPROTO_TCP, 80) != FRAME_REFUSED)
			fail_msg("%s by TCP", forbidden[i]);
		if (sent_to(forbidden[i], IPPROTO_UDP, 53) != FRAME_REFUSED)
			fail_msg("%s by UDP", forbidden[i]);
	}
}

static void the_world_and_the_gateway_are_reached(void **state)
{
	static const char *const allowed[] = {
		"10.0.2.2",  "10.0.2.3",    "10.0.3.1",		 "128.0.0.1",	      "1.1.1.1",
		"223.1.1.1", "2001:db8::1", "fd75:7275:6e00::3", "fd75:7275:6e00::2",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (sent_to(allowed[i], IPPROTO_UDP, 53) != FRAME_COSTLY ||
		    sent_to(allowed[i], IPPROTO_TCP, 80) != FRAME_PLAIN)
			fail_msg("%s", allowed[i]);
	assert_int_equal(sent_to("ff02::1:ff00:2", IPPROTO_ICMPV6, 0), FRAME_COSTLY);
}

static void libslirps_own_servers_are_not(void **state)
{
	(void)state;
	assert_int_equal(sent_to("10.0.2.2", IPPROTO_UDP, 67), FRAME_REFUSED);
	assert_int_equal(sent_to("10.0.2.2", IPPROTO_UDP, 69), FRAME_REFUSED);
	assert_int_equal(sent_to("fd75:7275:6e00::2", IPPROTO_UDP, 547), FRAME_REFUSED);
	assert_int_equal(sent_to("10.0.2.2", IPPROTO_TCP, 69), FRAME_PLAIN);
}

static void what_is_no_whole_packet_is_refused(void **state)
{
	struct packet packet = tcp_packet("1.1.1.1", ACK, "", 0, 10);
	struct packet broken;

	(void)state;
	for (size_t size = 0; size < packet.size; size++) {
		broken = packet;
		broken.size = size;
		assert_int_equal(sent(&broken), FRAME_REFUSED);
	}
	assert_int_equal(sent(&packet), FRAME_PLAIN);
	broken = packet;
	broken.bytes[ETH_HLEN] = 0x44; /* a header that is too short */
	assert_int_equal(sent(&broken), FRAME_REFUSED);
	broken = packet;
	put16(broken.bytes + 12, 0x88f8); /* NC-SI, which libslirp would answer */
	assert_int_equal(sent(&broken), FRAME_REFUSED);
	put16(broken.bytes + 12, ETH_P_ARP);
	assert_int_equal(sent(&broken), FRAME_PLAIN);
}

static void what_costs_memory_is_told_apart(void **state)
{
	struct packet packet = tcp_packet("1.1.1.1", SYN, "", 0, 0);

	(void)state;
	assert_int_equal(sent(&packet), FRAME_COSTLY);
	packet = tcp_packet("1.1.1.1", ACK, "", 0, 0);
	put16(packet.bytes + ETH_HLEN + 6, 0x2000);
	assert_int_equal(sent(&packet), FRAME_FRAGMENT);
	put16(packet.bytes + ETH_HLEN + 6, 0x0001);
	assert_int_equal(sent(&packet), FRAME_FRAGMENT);
	put16(packet.bytes + ETH_HLEN + 6, 0x4000); /* don't fragment */
	assert_int_equal(sent(&packet), FRAME_PLAIN);
}

static void a_checksum_that_was_left_out_is_filled_in(void **state)
{
	static const char *const addresses[] = { "1.1.1.1", "2001:db8::1" };
	static const size_t sizes[] = { 0, 1, 31, 1460, 60001 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
			struct packet packet = tcp_packet(addresses[i], ACK, "", 0, sizes[k]);
			size_t start = ETH_HLEN + (i == 0 ? 20 : 40);
			struct layout layout;
			struct virtio_net_hdr header = {
				.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				.csum_start = (uint16_t)start,
				.csum_offset = 16,
			};

			put16(packet.bytes + start + 16,
			      pseudo_sum(&packet, i == 0, IPPROTO_TCP, 20 + sizes[k]));
			assert_int_equal(frame_from_container(&network, &header, packet.bytes,
							      packet.size, &layout),
					 FRAME_PLAIN);
			assert_true(checksum_is_right(&packet));
		}
}

/* An IPv4 datagram may lack the checksum, and an IPv6 one may not (RFC 8200, section 8.1). */
static void a_datagram_needs_none_over_ipv4(void **state)
{
	static const uint8_t datagram[12] = { 0x9c, 0x40, 0, 53, 0, 12, 0xab, 0xcd, 't', 'e', 's' };
	struct packet packets[] = { ip_packet("1.1.1.1", IPPROTO_UDP, datagram, 12),
				    ip_packet("2001:db8::1", IPPROTO_UDP, datagram, 12) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
		bool v4 = i == 0;
		size_t start = ETH_HLEN + (v4 ? 20 : 40);
		struct layout layout;
		struct virtio_net_hdr header = {
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.csum_start = (uint16_t)start,
			.csum_offset = 6,
		};

		put16(packets[i].bytes + start + 6, pseudo_sum(&packets[i], v4, IPPROTO_UDP, 12));
		assert_int_equal(frame_from_container(&network, &header, packets[i].bytes,
						      packets[i].size, &layout),
				 FRAME_COSTLY);
		if (v4)
			assert_int_equal(get16(packets[i].bytes + start + 6), 0);
		else
			assert_true(checksum_is_right(&packets[i]));
	}
}

static void a_checksum_outside_of_the_packet_is_refused(void **state)
{
	struct packet packet = tcp_packet("1.1.1.1", ACK, "", 0, 10);
	struct virtio_net_hdr header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					 .csum_start = (uint16_t)(packet.size - 1) };
	struct layout layout;

	(void)state;
	assert_int_equal(
		frame_from_container(&network, &header, packet.bytes, packet.size, &layout),
		FRAME_REFUSED);
	header.csum_start = 0xffff;
	header.csum_offset = 0xffff;
	assert_int_equal(
		frame_from_container(&network, &header, packet.bytes, packet.size, &layout),
		FRAME_REFUSED);
	header.csum_start = 4;
	header.csum_offset = 2;
	assert_int_equal(
		frame_from_container(&network, &header, packet.bytes, packet.size, &layout),
		FRAME_REFUSED);
}

/* @@at: the place of the option's value.  Returns the value after the check of the frame. */
static unsigned int mss_after(const char *to, const char *options, size_t size, size_t at)
{
	struct packet packet = tcp_packet(to, SYN, options, size, 0);
	size_t place = ETH_HLEN + (strchr(to, ':') ? 40 : 20) + 20 + at;

	assert_int_equal(sent(&packet), FRAME_COSTLY);
	assert_true(checksum_is_right(&packet));
	return (unsigned int)packet.bytes[place] << 8 | packet.bytes[place + 1];
}

static void a_connection_of_the_mtu_takes_large_segments(void **state)
{
	(void)state;
	assert_int_equal(mss_after("1.1.1.1", "\x02\x04\x05\xb4", 4, 2), 65000);
	assert_int_equal(mss_after("2001:db8::1", "\x02\x04\x05\xa0", 4, 2), 65000);
	/* The option may be at an odd place, */
	assert_int_equal(mss_after("1.1.1.1", "\x01\x02\x04\x05\xb4\x00\x00\x00", 8, 3), 65000);
	/* and after others. */
	assert_int_equal(mss_after("1.1.1.1", "\x03\x03\x07\x01\x02\x04\x05\xb4", 8, 6), 65000);
}

static void one_that_wants_smaller_segments_has_a_reason(void **state)
{
	(void)state;
	assert_int_equal(mss_after("1.1.1.1", "\x02\x04\x05\xb3", 4, 2), 1459);
	assert_int_equal(mss_after("2001:db8::1", "\x02\x04\x05\x9f", 4, 2), 1439);
	/* Malformed options stay as they are. */
	assert_int_equal(mss_after("1.1.1.1", "\x02\x05\x05\xb4", 4, 2), 1460);
	assert_int_equal(mss_after("1.1.1.1", "\x03\x00\x02\x04\x05\xb4\x00\x00", 8, 4), 1460);
	assert_int_equal(mss_after("1.1.1.1", "\x00\x02\x04\x05\xb4\x00\x00\x00", 8, 3), 1460);
	assert_int_equal(mss_after("1.1.1.1", "\x03\x09\x00\x00\x00\x00\x00\x02", 8, 0), 0x0309);
}

static void large_segments_are_described_to_the_kernel(void **state)
{
	static const char *const addresses[] = { "10.0.2.100", "fd75:7275:6e00::100" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct packet packet = tcp_packet(addresses[i], ACK, "\x01\x01\x01\x01", 4, 30000);
		size_t start = ETH_HLEN + (i == 0 ? 20 : 40);
		struct frame_out out;

		frame_to_container(&network, NULL, packet.bytes, packet.size, &out);
		assert_int_equal(out.header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(out.header.gso_type,
				 i == 0 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6);
		assert_int_equal(out.header.gso_size, i == 0 ? 1460 : 1440);
		assert_int_equal(out.header.csum_start, start);
		assert_int_equal(out.header.csum_offset, 16);
		assert_int_equal(out.header.hdr_len, start + 24);
		assert_int_equal(out.head_size, start + 24);
		assert_int_equal(out.replaced, start + 24);
		/* The kernel fills the checksum in; until then it is the pseudo header's sum. */
		assert_int_equal(out.head[start + 16] << 8 | out.head[start + 17],
				 pseudo_sum(&packet, i == 0, IPPROTO_TCP, 30024));
		memcpy(out.head + start + 16, packet.bytes + start + 16, 2);
		assert_memory_equal(out.head, packet.bytes, out.head_size);
	}
}

static void small_ones_and_other_protocols_are_not_cut(void **state)
{
	struct packet packet = tcp_packet("10.0.2.100", ACK, "", 0, 1460);
	struct frame_out out;

	(void)state;
	frame_to_container(&network, NULL, packet.bytes, packet.size, &out);
	assert_int_equal(out.header.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(out.header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	packet.bytes[ETH_HLEN + 9] = IPPROTO_UDP;
	frame_to_container(&network, NULL, packet.bytes, packet.size, &out);
	assert_int_equal(out.header.flags, 0);
	assert_int_equal(out.head_size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sum_is_the_internets),
		cmocka_unit_test(the_hosts_loopback_is_out_of_reach),
		cmocka_unit_test(the_world_and_the_gateway_are_reached),
		cmocka_unit_test(libslirps_own_servers_are_not),
		cmocka_unit_test(what_is_no_whole_packet_is_refused),
		cmocka_unit_test(what_costs_memory_is_told_apart),
		cmocka_unit_test(a_checksum_that_was_left_out_is_filled_in),
		cmocka_unit_test(a_datagram_needs_none_over_ipv4),
		cmocka_unit_test(a_checksum_outside_of_the_packet_is_refused),
		cmocka_unit_test(a_connection_of_the_mtu_takes_large_segments),
		cmocka_unit_test(one_that_wants_smaller_segments_has_a_reason),
		cmocka_unit_test(large_segments_are_described_to_the_kernel),
		cmocka_unit_test(small_ones_and_other_protocols_are_not_cut),
	};

	return cmocka_run_group_tests(tests, parse_network, NULL);
}
