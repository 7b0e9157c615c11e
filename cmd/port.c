// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/create_options.h"
#include "core/base/number.h"
#include "core/base/str.h"
#include "core/container/port.h"

struct port_options {
	struct str_list add;
	struct str_list remove;
	bool all;
};

static void print_line(FILE *stream, int protocol, uint16_t container_port,
		       const union publish_address *host)
{
	autostrbuf struct strbuf address = { 0 };

	publish_print_address(host, &address);
	fprintf(stream, "%u/%s -> %s\n", container_port, publish_protocol_name(protocol),
		address.bytes);
}

void port_print_chosen(const struct published_list *list, FILE *stream)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].chosen)
			print_line(stream, list->items[i].protocol, list->items[i].container_port,
				   &list->items[i].host);
}

static int list_ports(const char *root, const char *id, struct error *err)
{
	autofree struct port_entry *entries = NULL;
	size_t count;

	if (container_ports_list(root, id, &entries, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		print_line(stdout, entries[i].protocol, entries[i].container_port,
			   &entries[i].host);
	return 0;
}

/* A container that has ended meanwhile, or has no network of its own, has no ports to list. */
static int list_all_ports(const char *root, struct error *err)
{
	autotextlist struct str_list ids = { 0 };

	if (state_list(root, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++) {
		autofree struct port_entry *entries = NULL;
		struct error ignored = ERROR_NONE;
		size_t count = 0;

		if (container_ports_list(root, ids.items[i], &entries, &count, &ignored) < 0)
			continue;
		for (size_t j = 0; j < count; j++) {
			printf("%s\t", ids.items[i]);
			print_line(stdout, entries[j].protocol, entries[j].container_port,
				   &entries[j].host);
		}
	}
	return 0;
}

/* Parses CONTAINERPORT[/PROTO]; without PROTO it is tcp.  Source: podman-port(1). */
static int parse_container_port(const char *text, uint16_t *ret_port, int *ret_protocol,
				struct error *err)
{
	const char *slash = strchr(text, '/');
	autofree char *number = slash ? str_dup_n(text, (size_t)(slash - text)) : str_dup(text);
	uint32_t port;

	if (number_parse_u32(number, UINT16_MAX, &port) < 0 || port == 0 ||
	    (slash && !str_equal(slash + 1, "tcp") && !str_equal(slash + 1, "udp")))
		return error_set(err, 0,
				 "'%s' is not a port of the container: 80, 80/tcp or 53/udp", text);
	*ret_port = (uint16_t)port;
	*ret_protocol = slash && str_equal(slash + 1, "udp") ? IPPROTO_UDP : IPPROTO_TCP;
	return 0;
}

/* Prints where one port of the container is published, for scripts: the addresses alone. */
static int find_port(const char *root, const char *id, const char *text, struct error *err)
{
	autofree struct port_entry *entries = NULL;
	bool found = false;
	uint16_t port = 0;
	size_t count;
	int protocol = 0;

	if (parse_container_port(text, &port, &protocol, err) < 0 ||
	    container_ports_list(root, id, &entries, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		autostrbuf struct strbuf address = { 0 };

		if (entries[i].container_port != port || entries[i].protocol != protocol)
			continue;
		publish_print_address(&entries[i].host, &address);
		puts(address.bytes);
		found = true;
	}
	return found ? 0
		     : error_set(err, 0, "%s: port %u/%s is not published", id, port,
				 publish_protocol_name(protocol));
}

static int change_ports(const char *root, const char *id, const struct port_options *options,
			struct error *err)
{
	struct published_list added = { 0 };

	if (container_ports_change(root, id, &options->add, &options->remove, &added, err) < 0)
		return -1;
	port_print_chosen(&added, stdout);
	published_list_release(&added);
	return 0;
}

static int check_port_operands(const struct call *call, struct error *err)
{
	const struct port_options *options = call->options;
	bool changes = options->add.count || options->remove.count;

	if (options->all && (changes || call->operands.count > 0))
		return error_set(err, 0,
				 "option --all lists the ports of all containers, and "
				 "goes with no other option and no ID");
	if (!options->all && call->operands.count == 0)
		return error_set(err, 0, "port: ID is missing (see 'urun port --help')");
	if (changes && call->operands.count > 1)
		return error_set(err, 0,
				 "port: --add and --remove have the ports that change: '%s' can't "
				 "be given too",
				 call->operands.items[1]);
	return 0;
}

static int cmd_port(struct call *call, struct error *err)
{
	const struct port_options *options = call->options;
	const char *root = call->globals->root, *id;

	if (check_port_operands(call, err) < 0)
		return -1;
	if (options->all)
		return list_all_ports(root, err);
	id = call->operands.items[0];
	if (options->add.count || options->remove.count)
		return change_ports(root, id, options, err);
	return call->operands.count > 1 ? find_port(root, id, call->operands.items[1], err)
					: list_ports(root, id, err);
}

static const struct option_spec options_port[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct port_options, all), NULL,
	  "list the ports of all containers" },
	{ "add", 0, OPTION_LIST, offsetof(struct port_options, add), "PORTS",
	  "publish more: [[IP:]HOST:]CONTAINER[/udp]" },
	{ "remove", 0, OPTION_LIST, offsetof(struct port_options, remove), "PORTS",
	  "end these; open connections go on" },
};
static const struct command_usage usage_port = {
	.name = "port",
	.operands = "ID [PORT[/PROTO]]",
	.summary = "Lists a container's published ports, or changes them.",
	.options = options_port,
	.option_count = ARRAY_SIZE(options_port),
	.options_size = sizeof(struct port_options),
	.operands_max = 2,
};
const struct command command_port = { &usage_port, cmd_port, EXIT_STATUS_OTHER };
