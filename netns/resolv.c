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

/* Marks our own lines, so that they are found again among those of others.  Source: hosts(5). */
#define NAME_MARK "\t# container\n"

static bool line_ends_with(const char *line, size_t size, const char *end)
{
	size_t length = strlen(end);

	return size >= length && memcmp(line + size - length, end, length) == 0;
}

static bool is_localhost(const char *line, size_t size)
{
	return memmem(line, size, "localhost", strlen("localhost")) != NULL;
}

void resolv_hosts_names(const char *text, size_t size, const struct str_list *names,
			struct strbuf *out)
{
	bool added = false;

	for (const char *line = text, *end = text + size;;) {
		const char *newline = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
		size_t length = newline ? (size_t)(newline + 1 - line) : (size_t)(end - line);

		if (!added && (line == end || !is_localhost(line, length))) {
			for (size_t i = 0; i < names->count; i++)
				strbuf_addf(out, "127.0.0.1\t%s" NAME_MARK, names->items[i]);
			added = true;
		}
		if (line == end)
			return;
		if (!line_ends_with(line, length, NAME_MARK))
			strbuf_add(out, line, length);
		/* The next line begins on a line of its own. */
		if (!newline)
			strbuf_add(out, "\n", 1);
		line += length;
	}
}

bool resolv_hosts_has_names(const char *text, size_t size)
{
	return memmem(text, size, NAME_MARK, strlen(NAME_MARK)) != NULL;
}

ssize_t resolv_file_read(int fd, char **ret_bytes)
{
	autofree char *bytes = mem_alloc(RESOLV_SIZE_MAX);
	size_t size = 0;
	ssize_t got = 0;

	while (size < RESOLV_SIZE_MAX &&
	       (got = pread(fd, bytes + size, RESOLV_SIZE_MAX - size, (off_t)size)) > 0)
		size += (size_t)got;
	if (got != 0)
		return -1;
	*ret_bytes = take_ptr(bytes);
	return (ssize_t)size;
}

bool resolv_file_replace(int fd, struct strbuf *text, size_t old_size)
{
	size_t size = text->size;

	while (text->size < old_size)
		strbuf_add(text, "\n", 1);
	if (pwrite(fd, text->bytes, text->size, 0) != (ssize_t)text->size)
		return false;
	if (size < text->size && ftruncate(fd, (off_t)size) == 0)
		text->size = size;
	return true;
}

void resolv_hosts_update(int fd, const struct str_list *names)
{
	autofree char *bytes = NULL;
	autostrbuf struct strbuf text = { 0 };
	ssize_t size = resolv_file_read(fd, &bytes);

	if (size < 0)
		return;
	resolv_hosts_names(bytes, (size_t)size, names, &text);
	if (text.size != (size_t)size || (size > 0 && memcmp(text.bytes, bytes, text.size) != 0))
		(void)resolv_file_replace(fd, &text, (size_t)size);
}

void resolv_hosts_text(const struct network_options *options, const char *hostname,
		       struct strbuf *out)
{
	bool slirp = options->kind == NETWORK_SLIRP;
	bool named = hostname && str_is_word(hostname);
	char text[INET6_ADDRSTRLEN];

	strbuf_add_str(out, "127.0.0.1\tlocalhost\n");
	strbuf_add_str(out, "::1\tlocalhost ip6-localhost ip6-loopback\n");
	if (named)
		strbuf_addf(out, "%s\t%s\n",
			    slirp ? inet_ntop(AF_INET, &options->v4.guest, text, sizeof(text))
				  : "127.0.0.1",
			    hostname);
	if (named && slirp && options->ipv6)
		strbuf_addf(out, "%s\t%s\n",
			    inet_ntop(AF_INET6, &options->v6.guest, text, sizeof(text)), hostname);
	if (slirp && options->host_loopback)
		strbuf_addf(out, "%s\thost.containers.internal\n",
			    inet_ntop(AF_INET, &options->v4.host, text, sizeof(text)));
}

/* ---- lines of the config ---- */

enum resolv_keyword { RESOLV_NAMESERVER, RESOLV_SEARCH, RESOLV_OPTIONS, RESOLV_OTHER };

static enum resolv_keyword keyword_of(struct span line)
{
	static const struct {
		const char *name;
		enum resolv_keyword keyword;
	} keywords[] = { { "nameserver", RESOLV_NAMESERVER },
			 { "search", RESOLV_SEARCH },
			 { "domain", RESOLV_SEARCH },
			 { "options", RESOLV_OPTIONS } };

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		size_t length = strlen(keywords[i].name);

		if (line.size > length && memcmp(line.bytes, keywords[i].name, length) == 0 &&
		    (line.bytes[length] == ' ' || line.bytes[length] == '\t'))
			return keywords[i].keyword;
	}
	return RESOLV_OTHER;
}

static bool has_keyword(const char *lines, enum resolv_keyword keyword)
{
	struct span rest = { lines, strlen(lines) }, line;

	while (span_cut(&rest, '\n', &line))
		if (keyword_of(span_trim(line)) == keyword)
			return true;
	return false;
}

void resolv_replace_lines(const char *lines, struct strbuf *text)
{
	autostrbuf struct strbuf kept = { 0 };
	struct span rest = { text->bytes, text->size }, line;

	if (!lines)
		return;
	while (span_cut(&rest, '\n', &line)) {
		enum resolv_keyword keyword = keyword_of(span_trim(line));

		if (line.size && (keyword == RESOLV_OTHER || !has_keyword(lines, keyword)))
			strbuf_addf(&kept, "%.*s\n", (int)line.size, line.bytes);
	}
	rest = (struct span){ lines, strlen(lines) };
	while (span_cut(&rest, '\n', &line)) {
		line = span_trim(line);
		if (line.size && !span_is(line, "search ."))
			strbuf_addf(&kept, "%.*s\n", (int)line.size, line.bytes);
	}
	strbuf_release(text);
	*text = kept;
	kept = (struct strbuf){ 0 };
}

/* The container's name of the host; NULL: it has none. */
static const char *gateway_text(const struct network_options *options, char text[INET_ADDRSTRLEN])
{
	if (options->kind == NETWORK_HOST)
		return "127.0.0.1";
	if (options->kind == NETWORK_SLIRP && options->host_loopback)
		return inet_ntop(AF_INET, &options->v4.host, text, INET_ADDRSTRLEN);
	return NULL;
}

int resolv_add_hosts(const struct network_options *options, const char *lines, struct strbuf *out,
		     struct error *err)
{
	static const char gateway[] = "host-gateway";
	struct span rest = { lines, lines ? strlen(lines) : 0 }, line;
	char text[INET_ADDRSTRLEN];
	const char *address = gateway_text(options, text);

	while (span_cut(&rest, '\n', &line)) {
		bool is_gateway = line.size >= sizeof(gateway) &&
				  memcmp(line.bytes, gateway, sizeof(gateway) - 1) == 0;

		if (is_gateway && !address)
			return error_set(err, 0,
					 "--add-host: host-gateway is an address of --network "
					 "slirp,host-loopback=yes, or of --network host");
		if (is_gateway)
			strbuf_addf(out, "%s%.*s\n", address,
				    (int)(line.size - (sizeof(gateway) - 1)),
				    line.bytes + sizeof(gateway) - 1);
		else if (line.size)
			strbuf_addf(out, "%.*s\n", (int)line.size, line.bytes);
	}
	return 0;
}

void resolv_hostname_text(const char *hostname, struct strbuf *out)
{
	if (hostname && *hostname)
		strbuf_addf(out, "%s\n", hostname);
}
