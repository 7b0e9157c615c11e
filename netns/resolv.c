// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "netns/resolv.h"

#include <arpa/inet.h>
#include <errno.h>

#include "core/base/fd.h"
#include "core/base/span.h"

#define HOST_PATH     "/etc/resolv.conf"
#define HOST_SIZE_MAX (64u << 10)

int resolv_read_host(char **ret_text, size_t *ret_size)
{
	int result = fd_read_file(HOST_PATH, HOST_SIZE_MAX, ret_text, ret_size);

	if (result != -ENOENT)
		return result;
	*ret_text = str_dup("");
	*ret_size = 0;
	return 0;
}

/* The keyword must stand at the line's begin.  Source: resolv.conf(5). */
static bool is_kept(struct span line)
{
	static const char *const keywords[] = { "search", "domain", "options" };

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		size_t length = strlen(keywords[i]);

		if (line.size > length && memcmp(line.bytes, keywords[i], length) == 0 &&
		    (line.bytes[length] == ' ' || line.bytes[length] == '\t'))
			return !memchr(line.bytes, '\0', line.size);
	}
	return false;
}

static void add_forwarder(const struct network_options *options, struct strbuf *out)
{
	char text[INET6_ADDRSTRLEN];

	strbuf_addf(out, "nameserver %s\n",
		    inet_ntop(AF_INET, &options->v4.dns, text, sizeof(text)));
	/* It reaches the host's IPv6 nameservers, where the host has no others. */
	if (options->ipv6)
		strbuf_addf(out, "nameserver %s\n",
			    inet_ntop(AF_INET6, &options->v6.dns, text, sizeof(text)));
}

void resolv_text(const struct network_options *options, const char *host, size_t size,
		 struct strbuf *out)
{
	struct span rest = { host, size }, line;

	if (options->kind == NETWORK_NONE)
		return;
	if (options->kind == NETWORK_HOST) {
		strbuf_add(out, host, size);
		return;
	}
	while (span_cut(&rest, '\n', &line)) {
		line = span_trim(line);
		if (is_kept(line))
			strbuf_addf(out, "%.*s\n", (int)line.size, line.bytes);
	}
	for (size_t i = 0; i < options->dns_count; i++)
		strbuf_addf(out, "nameserver %s\n", options->dns[i].text);
	if (options->dns_count == 0)
		add_forwarder(options, out);
}

void resolv_hosts_text(const struct network_options *options, const char *hostname,
		       struct strbuf *out)
{
	bool slirp = options->kind == NETWORK_SLIRP;
	char text[INET6_ADDRSTRLEN];

	strbuf_add_str(out, "127.0.0.1\tlocalhost\n");
	strbuf_add_str(out, "::1\tlocalhost ip6-localhost ip6-loopback\n");
	if (hostname && *hostname)
		strbuf_addf(out, "%s\t%s\n",
			    slirp ? inet_ntop(AF_INET, &options->v4.guest, text, sizeof(text))
				  : "127.0.0.1",
			    hostname);
	if (hostname && *hostname && slirp && options->ipv6)
		strbuf_addf(out, "%s\t%s\n",
			    inet_ntop(AF_INET6, &options->v6.guest, text, sizeof(text)), hostname);
	if (slirp && options->host_loopback)
		strbuf_addf(out, "%s\thost.containers.internal\n",
			    inet_ntop(AF_INET, &options->v4.host, text, sizeof(text)));
}

void resolv_hostname_text(const char *hostname, struct strbuf *out)
{
	if (hostname && *hostname)
		strbuf_addf(out, "%s\n", hostname);
}
