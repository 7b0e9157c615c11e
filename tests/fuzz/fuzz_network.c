// SPDX-License-Identifier: Apache-2.0
/* The texts of --publish and --network, and the host's resolv.conf. */
#include <arpa/inet.h>

#include "netns/options.h"
#include "netns/ports/publish.h"
#include "netns/resolv.h"
#include "tests/fuzz/fuzz.h"

static void check_publish(const char *text)
{
	autostrbuf struct strbuf printed = { 0 };
	struct error err = ERROR_NONE;
	struct publish publish;

	if (publish_parse(text, &publish, &err) < 0) {
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
		return;
	}
	fuzz_demand(publish.protocol == IPPROTO_TCP || publish.protocol == IPPROTO_UDP,
		    "the protocol is known");
	fuzz_demand(publish.count > 0 && publish.container_first > 0, "there is a port");
	fuzz_demand(publish.container_first + publish.count - 1 <= UINT16_MAX &&
			    publish.host_first + publish.count - 1 <= UINT16_MAX,
		    "all ports are such");
	if (publish.has_address)
		publish_print_address(&publish.address, &printed);
}

static bool is_in(struct in_addr address, const struct network_range4 *range)
{
	return (address.s_addr & range->mask.s_addr) == range->base.s_addr;
}

static void check_options(const char *text, const char *host, size_t size)
{
	autostrbuf struct strbuf resolv = { 0 }, hosts = { 0 };
	struct network_options options;
	struct error err = ERROR_NONE;

	if (network_options_parse(text, &options, &err) < 0) {
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
		return;
	}
	fuzz_demand(options.dns_count <= NETWORK_DNS_MAX, "nameservers are bounded");
	if (options.kind == NETWORK_SLIRP) {
		fuzz_demand(options.mtu >= NETWORK_MTU_MIN && options.mtu <= NETWORK_MTU_MAX,
			    "the MTU is in its bounds");
		fuzz_demand(is_in(options.v4.host, &options.v4) &&
				    is_in(options.v4.dns, &options.v4) &&
				    is_in(options.v4.guest, &options.v4),
			    "all addresses are in the range");
	}
	resolv_text(&options, host, size, &resolv);
	resolv_hosts_text(&options, "name", &hosts);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	bool publish = fuzz_number(&input, 1) & 1;
	autofree char *text = fuzz_text(&input);
	size_t rest;
	autofree uint8_t *host = fuzz_bytes(&input, input.size, &rest);

	if (publish)
		check_publish(text);
	else
		check_options(text, (const char *)host, rest);
	return 0;
}
