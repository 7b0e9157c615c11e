// SPDX-License-Identifier: Apache-2.0
// Runs in: parent, urun-slirp, urun-resolv.
#include "netns/resolv.h"

#include <arpa/inet.h>
#include <errno.h>

#include "core/base/fd.h"
#include "core/base/span.h"

#define PORT 53

/* ---- the host's ---- */

int resolv_read_host(char **ret_text, size_t *ret_size)
{
	int result = fd_read_file(RESOLV_HOST_PATH, RESOLV_SIZE_MAX, ret_text, ret_size);

	if (result != -ENOENT)
		return result;
	*ret_text = str_dup("");
	*ret_size = 0;
	return 0;
}

socklen_t resolv_address_size(const union resolv_address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

/* Parses an address.  Behind a link-local IPv6 address there may be "%INTERFACE". */
static bool parse_server(struct span text, struct resolv_server *ret_server)
{
	struct resolv_server server = { .interface = "" };
	char *scope;

	if (text.size >= sizeof(server.text) || memchr(text.bytes, '\0', text.size))
		return false;
	memcpy(server.text, text.bytes, text.size);
	server.address.v4.sin_port = htons(PORT);
	server.address.any.sa_family = AF_INET;
	if (inet_pton(AF_INET, server.text, &server.address.v4.sin_addr) == 1) {
		*ret_server = server;
		return true;
	}
	scope = strchr(server.text, '%');
	if (scope) {
		if (strlen(scope + 1) >= sizeof(server.interface))
			return false;
		memcpy(server.interface, scope + 1, strlen(scope + 1));
		*scope = '\0';
	}
	server.address = (union resolv_address){ .v6.sin6_port = htons(PORT) };
	server.address.any.sa_family = AF_INET6;
	if (inet_pton(AF_INET6, server.text, &server.address.v6.sin6_addr) != 1)
		return false;
	if (scope)
		*scope = '%';
	*ret_server = server;
	return true;
}

/* Cuts the text at its first blank or comment. */
static struct span first_word(struct span text)
{
	size_t size = 0;

	while (size < text.size && !strchr(" \t;#", text.bytes[size]))
		size++;
	return (struct span){ text.bytes, size };
}

void resolv_parse_servers(const char *host, size_t size, struct resolv_servers *ret_servers)
{
	static const char keyword[] = "nameserver", local[] = "127.0.0.1";
	struct resolv_servers servers = { .count = 0 };
	struct span rest = { host, size }, line;

	while (servers.count < RESOLV_SERVERS_MAX && span_cut(&rest, '\n', &line)) {
		line = span_trim(line);
		if (line.size < sizeof(keyword) ||
		    memcmp(line.bytes, keyword, sizeof(keyword) - 1) != 0 ||
		    (line.bytes[sizeof(keyword) - 1] != ' ' &&
		     line.bytes[sizeof(keyword) - 1] != '\t'))
			continue;
		line.bytes += sizeof(keyword) - 1;
		line.size -= sizeof(keyword) - 1;
		if (parse_server(first_word(span_trim(line)), &servers.items[servers.count]))
			servers.count++;
	}
	if (servers.count == 0 &&
	    parse_server((struct span){ local, sizeof(local) - 1 }, &servers.items[0]))
		servers.count = 1;
	*ret_servers = servers;
}

/* ---- the container's ---- */

/* The keyword must stand at the beginning of the line.  Source: resolv.conf(5). */
static bool is_kept_line(struct span line)
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
	/*
	 * A query to this address reaches the host's IPv6 name servers, if the host has no others.
	 */
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
		if (is_kept_line(line))
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
