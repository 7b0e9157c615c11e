// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/passwd.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_steps.h"
#include "core/spec/spec_volume.h"
#include "rootless/name.h"

#define DNS_MAX	  3 /* Source: resolv.conf(5): MAXNS */
#define ZONES	  "/usr/share/zoneinfo"
#define LOCALTIME "/etc/localtime"

/* ---- --dns, --dns-search, --dns-option ---- */

static bool is_address(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* A word of a line: nothing that would begin another line. */
static bool is_word(const char *text)
{
	if (!*text || strlen(text) > 255)
		return false;
	for (; *text; text++)
		if (!isgraph((unsigned char)*text))
			return false;
	return true;
}

/* @words behind "@keyword ", on one line. */
static int add_resolv_line(const char *option, const char *keyword, const struct str_list *words,
			   struct strbuf *lines, struct error *err)
{
	if (words->count)
		strbuf_add_str(lines, keyword);
	for (size_t i = 0; i < words->count; i++) {
		if (!is_word(words->items[i]))
			return spec_refuse(option, words->items[i], "expected one word", err);
		strbuf_addf(lines, " %s", words->items[i]);
	}
	if (words->count)
		strbuf_add_str(lines, "\n");
	return 0;
}

static int add_servers(const struct str_list *servers, struct strbuf *lines, struct error *err)
{
	for (size_t i = 0; i < servers->count; i++) {
		if (!is_address(servers->items[i]))
			return spec_refuse("dns", servers->items[i],
					   "expected an address, or none alone", err);
		if (i == DNS_MAX)
			return spec_refuse("dns", servers->items[i],
					   "the C library uses no more than three", err);
		strbuf_addf(lines, "nameserver %s\n", servers->items[i]);
	}
	return 0;
}

/* Adds @name to the files of /etc that stay those of the root file system. */
static void keep_file(const char *name, struct container_config *config)
{
	const char *kept = config_annotation(config, CONFIG_ANNOTATION_KEEP_ETC);
	autofree char *names = str_format("%s%s%s", kept ? kept : "", kept ? " " : "", name);

	config_set_annotation(config, CONFIG_ANNOTATION_KEEP_ETC, names);
}

/* A container in another's network has that container's files. */
static int check_network(const struct spec_options *options, const char *option,
			 const struct str_list *values, struct error *err)
{
	if (values->count && config_shared_with(options->network))
		return spec_refuse_shared(option, values->items[0], "network", options->network,
					  err);
	return 0;
}

static int check_resolver(const struct spec_options *options, const char *option,
			  const struct str_list *values, struct error *err)
{
	if (values->count && str_equal(options->network, "none"))
		return spec_refuse(option, values->items[0], "--network none has no name servers",
				   err);
	return check_network(options, option, values, err);
}

static int apply_dns(const struct spec_options *options, struct container_config *config,
		     struct error *err)
{
	const struct spec_words *words = &options->words;
	autostrbuf struct strbuf lines = { 0 };

	if (check_resolver(options, "dns", &words->dns, err) < 0 ||
	    check_resolver(options, "dns-search", &words->dns_search, err) < 0 ||
	    check_resolver(options, "dns-option", &words->dns_options, err) < 0)
		return -1;
	if (words->dns.count == 1 && str_equal(words->dns.items[0], "none")) {
		if (words->dns_search.count || words->dns_options.count)
			return spec_refuse("dns", "none",
					   words->dns_search.count
						   ? "--dns-search can't be given too"
						   : "--dns-option can't be given too",
					   err);
		keep_file("resolv.conf", config);
		return 0;
	}
	if (add_servers(&words->dns, &lines, err) < 0 ||
	    add_resolv_line("dns-search", "search", &words->dns_search, &lines, err) < 0 ||
	    add_resolv_line("dns-option", "options", &words->dns_options, &lines, err) < 0)
		return -1;
	if (lines.size)
		config_set_annotation(config, CONFIG_ANNOTATION_RESOLV, lines.bytes);
	return 0;
}

/* ---- --add-host, --no-hosts, --no-hostname ---- */

/* NAME[;NAME…]:ADDRESS; docker takes '=' in place of the colon, and brackets around the address. */
static int add_host(const char *text, struct strbuf *lines, struct error *err)
{
	autofree char *copy = str_dup(text);
	char *address = strpbrk(copy, ":="), *names = copy, *end;

	if (address)
		*address++ = '\0';
	if (address && *address == '[' && (end = strchr(address, ']')) && !end[1]) {
		*end = '\0';
		address++;
	}
	if (!address || (!is_address(address) && !str_equal(address, "host-gateway")))
		return spec_refuse("add-host", text, "expected NAME:ADDRESS, or NAME:host-gateway",
				   err);
	strbuf_add_str(lines, address);
	for (char *name; (name = strsep(&names, ";"));) {
		if (!is_word(name) || strchr(name, '#'))
			return spec_refuse("add-host", text, "expected NAME:ADDRESS", err);
		strbuf_addf(lines, "%c%s", name == copy ? '\t' : ' ', name);
	}
	strbuf_add_str(lines, "\n");
	return 0;
}

static int apply_hosts(const struct spec_options *options, struct container_config *config,
		       struct error *err)
{
	const struct spec_words *words = &options->words;
	autostrbuf struct strbuf lines = { 0 };

	if (check_network(options, "add-host", &words->add_hosts, err) < 0)
		return -1;
	for (size_t i = 0; i < words->add_hosts.count; i++) {
		if (words->no_hosts)
			return spec_refuse("add-host", words->add_hosts.items[i],
					   "--no-hosts can't be given too", err);
		if (add_host(words->add_hosts.items[i], &lines, err) < 0)
			return -1;
	}
	if (lines.size)
		config_set_annotation(config, CONFIG_ANNOTATION_HOSTS, lines.bytes);
	if (words->no_hosts)
		keep_file("hosts", config);
	if (words->no_hostname)
		keep_file("hostname", config);
	return 0;
}

/* ---- --tz ---- */

/* The host's file of the zone is mounted; "local" is the host's own zone. */
static int apply_zone(const char *zone, struct container_config *config, struct error *err)
{
	autofree char *below = str_format("/%s", zone), *clean = path_clean(below);
	autofree char *path = str_equal(zone, "local") ? realpath(LOCALTIME, NULL)
						       : str_format(ZONES "%s", clean);
	struct stat st;

	if (!*zone || !path || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return spec_refuse("tz", zone, "the host has no such time zone in " ZONES, err);
	spec_add_private_bind(path, LOCALTIME, 0,
			      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				      MOUNT_ATTR_NOEXEC,
			      config);
	return 0;
}

/* ---- --hostuser, --passwd ---- */

/* The line of the host's user with this name or number, with a password that no one can type. */
static char *host_user_line(const char *text)
{
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *file = passwd_read(root, "/etc/passwd");
	struct span rest = { file, strlen(file) };
	struct passwd_entry entry;
	uint32_t id;
	bool by_id = number_parse_u32(text, UINT32_MAX - 1, &id) == 0;

	while (passwd_next(&rest, &entry)) {
		const struct span *fields = entry.fields;

		if (by_id ? entry.id != id : !span_is(fields[PASSWD_NAME], text))
			continue;
#define FIELD(which) (int)fields[which].size, fields[which].bytes
		return str_format("%.*s:*:%" PRIu32 ":%.*s:%.*s:%.*s:%.*s\n", FIELD(PASSWD_NAME),
				  entry.id, FIELD(PASSWD_GID), FIELD(PASSWD_COMMENT),
				  FIELD(PASSWD_HOME), FIELD(PASSWD_SHELL));
#undef FIELD
	}
	return NULL;
}

/*
 * ORDER: after spec_account_apply(), which sets the annotations anew.
 */
int spec_apply_accounts(const struct spec_options *options, struct container_config *config,
			struct error *err)
{
	const struct spec_words *words = &options->words;

	if (str_equal(words->passwd, "false")) {
		config_set_annotation(config, CONFIG_ANNOTATION_PASSWD, "");
		config_set_annotation(config, CONFIG_ANNOTATION_GROUP, "");
	}
	for (size_t i = 0; i < words->host_users.count; i++) {
		const char *lines = config_annotation(config, CONFIG_ANNOTATION_PASSWD);
		autofree char *line = host_user_line(words->host_users.items[i]);
		autofree char *all = str_format("%s%s", lines ? lines : "", line ? line : "");

		if (!line)
			return spec_refuse("hostuser", words->host_users.items[i],
					   "the host's /etc/passwd has no such user", err);
		config_set_annotation(config, CONFIG_ANNOTATION_PASSWD, all);
	}
	return 0;
}

/* ---- the step ---- */

int spec_apply_etc(const struct spec_options *options, struct container_config *config,
		   struct error *err)
{
	const struct spec_words *words = &options->words;

	if (error_gather(err, apply_dns(options, config, err)) < 0 ||
	    error_gather(err, apply_hosts(options, config, err)) < 0)
		return -1;
	return words->tz ? apply_zone(words->tz, config, err) : 0;
}
