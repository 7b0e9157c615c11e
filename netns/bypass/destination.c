// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-bypass.
#include "netns/bypass/destination.h"

#include <string.h>

/* The oldest struct sockaddr_in6, without the scope, which the kernel takes too (RFC 2133). */
#define IPV6_ADDRESS_SIZE_MIN 24

static bool is_outside4(const struct network_options *options, struct in_addr address)
{
	uint32_t number = ntohl(address.s_addr);
	uint32_t first = number >> 24;

	/* 224/4 is multicast, 240/4 reserved, with the broadcast address at its end. */
	if (first == 0 || first == 127 || first >= 224 || number >> 16 == 0xa9fe)
		return false;
	return (address.s_addr & options->v4.mask.s_addr) != options->v4.base.s_addr;
}

static bool is_in_range6(const struct network_range6 *range, const struct in6_addr *address)
{
	for (unsigned int bit = 0; bit < range->prefix; bit++) {
		unsigned int mask = 0x80u >> bit % 8;

		if ((range->base.s6_addr[bit / 8] ^ address->s6_addr[bit / 8]) & mask)
			return false;
	}
	return true;
}

/* ::/96 has ::, ::1 and the IPv4-compatible addresses, which nobody uses any more (RFC 4291). */
static bool is_outside6(const struct network_options *options, const struct in6_addr *address)
{
	static const uint8_t zeros[12] = { 0 };

	if (memcmp(address->s6_addr, zeros, sizeof(zeros)) == 0 || IN6_IS_ADDR_MULTICAST(address) ||
	    IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_SITELOCAL(address))
		return false;
	return options->ipv6 && !is_in_range6(&options->v6, address);
}

static bool read_ipv6(const struct network_options *options, struct destination *destination)
{
	const struct in6_addr *address = &destination->address.v6.sin6_addr;

	destination->port = destination->address.v6.sin6_port;
	if (!IN6_IS_ADDR_V4MAPPED(address)) {
		destination->family = AF_INET6;
		destination->host.v6 = *address;
		return is_outside6(options, address);
	}
	destination->family = AF_INET;
	memcpy(&destination->host.v4, address->s6_addr + 12, sizeof(destination->host.v4));
	return is_outside4(options, destination->host.v4);
}

bool destination_read(const struct network_options *options, int domain, const void *bytes,
		      size_t size, struct destination *ret_destination)
{
	struct destination destination = { 0 };
	size_t least = domain == AF_INET ? sizeof(struct sockaddr_in) : IPV6_ADDRESS_SIZE_MIN;
	size_t most = sizeof(destination.address);
	bool outside;

	if (size < least || size > DESTINATION_SIZE_MAX)
		return false;
	/* The kernel ignores what is behind the address. */
	destination.size = (socklen_t)(size < most ? size : most);
	memcpy(&destination.address, bytes, destination.size);
	if (destination.address.any.sa_family != domain)
		return false;
	if (domain == AF_INET6) {
		outside = read_ipv6(options, &destination);
	} else {
		destination.family = AF_INET;
		destination.host.v4 = destination.address.v4.sin_addr;
		destination.port = destination.address.v4.sin_port;
		outside = domain == AF_INET && is_outside4(options, destination.host.v4);
	}
	if (!outside || destination.port == 0)
		return false;
	*ret_destination = destination;
	return true;
}
