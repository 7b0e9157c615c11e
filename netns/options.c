// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "netns/options.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/str.h"

#define CIDR_DEFAULT "10.0.2.0/24"
/*
 * The global id is "urun" in ASCII, so that no network uses it: an address in the container's range
 * can't be reached outside.
 */
#define CIDR6_DEFAULT "fd75:7275:6e00::/64"

/*
 * The addresses' offsets in the range, and the limits of the prefix, which leave room for the
 * largest offset.
 */
#define NUMBER_HOST   2
#define NUMBER_DNS    3
#define NUMBER_GUEST  100
#define NUMBER_GUEST6 0x100
#define PREFIX_MIN    8
#define PREFIX_MAX    25
#define PREFIX6_MIN   16
#define PREFIX6_MAX   112

/* Copies @value to a text that ends with NUL, which inet_pton(3) needs. */
static bool copy_text(struct span value, char *text, size_t size)
{
	if (value.size >= size || memchr(value.bytes, '\0', value.size))
		return false;
	memcpy(text, value.bytes, value.size);
	text[value.size] = '\0';
	return true;
}

static bool parse_ip(int family, struct span value, void *ret_address)
{
	char text[INET6_ADDRSTRLEN];

	return copy_text(value, text, sizeof(text)) && inet_pton(family, text, ret_address) == 1;
}

static bool parse_prefix(struct span value, uint32_t min, uint32_t max, uint32_t *ret_prefix)
{
	uint32_t prefix;

	if (!span_number(value, &prefix) || prefix < min || prefix > max)
		return false;
	*ret_prefix = prefix;
	return true;
}

/* ---- ranges ---- */

static struct in_addr number4(const struct network_range4 *range, uint32_t number)
{
	return (struct in_addr){ htonl(ntohl(range->base.s_addr) + number) };
}

static struct in6_addr number6(const struct network_range6 *range, uint16_t number)
{
	struct in6_addr address = range->base;

	address.s6_addr[14] = (uint8_t)(number >> 8);
	address.s6_addr[15] = (uint8_t)number;
	return address;
}

/* Refuses addresses that don't name a network: 0/8, 127/8, 224/4 and above. */
static bool is_usable4(struct in_addr address)
{
	uint32_t first = ntohl(address.s_addr) >> 24;

	return first != 0 && first != 127 && first < 224;
}

static bool is_usable6(const struct in6_addr *address)
{
	return !IN6_IS_ADDR_V4MAPPED(address) && !IN6_IS_ADDR_MULTICAST(address) &&
	       !IN6_IS_ADDR_LINKLOCAL(address) && !IN6_IS_ADDR_UNSPECIFIED(address) &&
	       !IN6_IS_ADDR_LOOPBACK(address);
}

static bool parse_range4(struct span value, struct network_range4 *ret_range)
{
	struct network_range4 range = { 0 };
	struct span address;
	uint32_t prefix;

	if (!span_cut(&value, '/', &address) || !parse_ip(AF_INET, address, &range.base) ||
	    !parse_prefix(value, PREFIX_MIN, PREFIX_MAX, &prefix))
		return false;
	range.prefix = prefix;
	range.mask.s_addr = htonl(UINT32_MAX << (32 - prefix));
	if ((range.base.s_addr & ~range.mask.s_addr) != 0 || !is_usable4(range.base))
		return false;
	range.host = number4(&range, NUMBER_HOST);
	range.dns = number4(&range, NUMBER_DNS);
	range.guest = number4(&range, NUMBER_GUEST);
	*ret_range = range;
	return true;
}

static bool has_host_bits6(const struct in6_addr *address, uint32_t prefix)
{
	for (uint32_t bit = prefix; bit < 128; bit++)
		if (address->s6_addr[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

static bool parse_range6(struct span value, struct network_range6 *ret_range)
{
	struct network_range6 range = { 0 };
	struct span address;
	uint32_t prefix;

	if (!span_cut(&value, '/', &address) || !parse_ip(AF_INET6, address, &range.base) ||
	    !parse_prefix(value, PREFIX6_MIN, PREFIX6_MAX, &prefix))
		return false;
	range.prefix = prefix;
	if (has_host_bits6(&range.base, prefix) || !is_usable6(&range.base))
		return false;
	range.host = number6(&range, NUMBER_HOST);
	range.dns = number6(&range, NUMBER_DNS);
	range.guest = number6(&range, NUMBER_GUEST6);
	*ret_range = range;
	return true;
}

/* ---- one function an option: whether @value is what it takes ---- */

static bool set_yes_no(struct span value, bool *ret_value)
{
	if (!span_is(value, "yes") && !span_is(value, "no"))
		return false;
	*ret_value = span_is(value, "yes");
	return true;
}

static bool set_mtu(struct span value, struct network_options *options)
{
	return parse_prefix(value, NETWORK_MTU_MIN, NETWORK_MTU_MAX, &options->mtu);
}

static bool set_cidr(struct span value, struct network_options *options)
{
	return parse_range4(value, &options->v4);
}

static bool set_cidr6(struct span value, struct network_options *options)
{
	return parse_range6(value, &options->v6);
}

static bool set_ipv6(struct span value, struct network_options *options)
{
	return set_yes_no(value, &options->ipv6);
}

static bool set_host_loopback(struct span value, struct network_options *options)
{
	return set_yes_no(value, &options->host_loopback);
}

/* The word alone means yes. */
static bool set_bypass(struct span value, struct network_options *options)
{
	options->bypass = value.size == 0;
	return options->bypass || set_yes_no(value, &options->bypass);
}

static bool set_dns(struct span value, struct network_options *options)
{
	struct network_dns *dns = &options->dns[options->dns_count];
	struct in6_addr room;

	if (options->dns_count == NETWORK_DNS_MAX ||
	    (!parse_ip(AF_INET, value, &room) && !parse_ip(AF_INET6, value, &room)))
		return false;
	options->dns_count++;
	return copy_text(value, dns->text, sizeof(dns->text));
}

static bool set_outbound(struct span value, struct network_options *options)
{
	if (!options->has_outbound4 && parse_ip(AF_INET, value, &options->outbound4)) {
		options->has_outbound4 = true;
		return true;
	}
	if (!options->has_outbound6 && parse_ip(AF_INET6, value, &options->outbound6)) {
		options->has_outbound6 = true;
		return true;
	}
	return false;
}

static const struct option {
	const char *name;
	bool (*set)(struct span value, struct network_options *options);
	const char *expected;
} options_known[] = {
	{ "mtu", set_mtu, "a number from 576 to 65520" },
	{ "cidr", set_cidr, "a network of 8 to 25 bits, such as 10.0.2.0/24" },
	{ "cidr6", set_cidr6, "a network of 16 to 112 bits, such as fd00::/64" },
	{ "ipv6", set_ipv6, "yes or no" },
	{ "host-loopback", set_host_loopback, "yes or no" },
	{ "bypass", set_bypass, "yes or no" },
	{ "dns", set_dns, "the address of a DNS server (three at most)" },
	{ "outbound", set_outbound, "an address of the host (one for each family)" },
};

static int parse_option(struct span part, struct network_options *options, struct error *err)
{
	struct span value = part, name;

	if (!span_cut(&value, '=', &name))
		return error_set(err, 0, "network: there is an empty option");
	for (size_t i = 0; i < ARRAY_SIZE(options_known); i++) {
		if (!span_is(name, options_known[i].name))
			continue;
		if (!options_known[i].set(value, options))
			return error_set(err, 0, "network option %.*s: '%.*s' is not %s",
					 (int)name.size, name.bytes, (int)value.size, value.bytes,
					 options_known[i].expected);
		return 0;
	}
	return error_set(err, 0,
			 "network option %.*s is unknown: known are mtu, cidr, cidr6, ipv6, "
			 "host-loopback, bypass, dns and outbound",
			 (int)name.size, name.bytes);
}

static int parse_kind(struct span kind, struct span rest, struct network_options *options,
		      struct error *err)
{
	static const char *const names[] = {
		[NETWORK_NONE] = "none",
		[NETWORK_HOST] = "host",
		[NETWORK_SLIRP] = "slirp",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (span_is(kind, names[i])) {
			options->kind = (enum network_kind)i;
			if (i != NETWORK_SLIRP && rest.size > 0)
				return error_set(err, 0, "network %s takes no options", names[i]);
			return 0;
		}
	if (span_is(kind, "bypass")) {
		options->kind = NETWORK_SLIRP;
		options->bypass = true;
		return 0;
	}
	error_set(err, 0,
		  "network '%.*s' is unknown: known are none, host, slirp, bypass and container:ID",
		  (int)kind.size, kind.bytes);
	return error_hint(err, "slirp, the default of a container without a bundle, reaches the "
			       "outside, as podman's pasta and bridge do; there are no networks by "
			       "name: container:ID joins the network of another container");
}

int network_options_parse(const char *text, struct network_options *ret_options, struct error *err)
{
	struct span rest = { text, strlen(text) }, part = { text, 0 };
	struct network_options options = { .mtu = NETWORK_MTU_DEFAULT, .ipv6 = true };

	if (rest.size > NETWORK_TEXT_MAX)
		return error_set(err, 0, "network: more than %d characters", NETWORK_TEXT_MAX);
	parse_range4((struct span){ CIDR_DEFAULT, strlen(CIDR_DEFAULT) }, &options.v4);
	parse_range6((struct span){ CIDR6_DEFAULT, strlen(CIDR6_DEFAULT) }, &options.v6);
	span_cut(&rest, ',', &part);
	if (parse_kind(part, rest, &options, err) < 0)
		return -1;
	while (span_cut(&rest, ',', &part))
		if (parse_option(part, &options, err) < 0)
			return -1;
	if (text[0] && text[strlen(text) - 1] == ',')
		return error_set(err, 0, "network: there is an empty option");
	if (options.ipv6 && options.mtu < NETWORK_MTU_MIN6)
		return error_set(err, 0,
				 "network option mtu: IPv6 needs at least %u; give ipv6=no too",
				 NETWORK_MTU_MIN6);
	*ret_options = options;
	return 0;
}
