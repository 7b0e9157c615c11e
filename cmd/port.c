// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "cmd/create_options.h"
#include "core/base/str.h"
#include "core/container/port.h"

struct port_options {
	struct str_list add;
	struct str_list remove;
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

static int cmd_port(struct call *call, struct error *err)
{
	const struct port_options *options = call->options;

	return options->add.count || options->remove.count
		       ? change_ports(call->globals->root, call->operands.items[0], options, err)
		       : list_ports(call->globals->root, call->operands.items[0], err);
}

static const struct option_spec options_port[] = {
	{ "add", 0, OPTION_LIST, offsetof(struct port_options, add), "PORTS",
	  "publish more: [[IP:]HOST:]CONTAINER[/udp]" },
	{ "remove", 0, OPTION_LIST, offsetof(struct port_options, remove), "PORTS",
	  "end these; open connections go on" },
};
static const struct command_usage usage_port = {
	.name = "port",
	.operands = "ID",
	.summary = "Lists a container's published ports, or changes them.",
	.options = options_port,
	.option_count = ARRAY_SIZE(options_port),
	.options_size = sizeof(struct port_options),
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_port = { &usage_port, cmd_port, EXIT_STATUS_OTHER };
