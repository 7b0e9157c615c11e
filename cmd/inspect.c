// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/podman_words.h"
#include "core/base/json.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/container/ended.h"
#include "core/container/port.h"
#include "core/container/share.h"
#include "core/container/state.h"

/* ---- members beside those of `state` ---- */

static void begin_member(const char *name, struct strbuf *out)
{
	strbuf_addf(out, ",\"%s\":", name);
}

/* Left out where there is no text. */
static void add_text_member(const char *name, const char *text, struct strbuf *out)
{
	if (!text)
		return;
	begin_member(name, out);
	json_write_string(text, out);
}

static void add_number_member(const char *name, const struct opt_u64 *number, struct strbuf *out)
{
	if (number->set)
		strbuf_addf(out, ",\"%s\":%" PRIu64, name, number->value);
}

static void add_published_port(const struct port_entry *entry, struct strbuf *out)
{
	autostrbuf struct strbuf address = { 0 };

	publish_print_address(&entry->host, &address);
	strbuf_addf(out,
		    "{\"containerPort\":%u,\"protocol\":\"%s\",\"host\":", entry->container_port,
		    publish_protocol_name(entry->protocol));
	json_write_string(address.bytes, out);
	strbuf_add_str(out, "}");
}

/* The ports that are published at this moment. */
static int add_ports(const char *root, const struct container *container, bool running,
		     struct strbuf *out, struct error *err)
{
	autofree struct port_entry *entries = NULL;
	size_t count = 0;
	int found = running ? state_has_file(&container->dir, STATE_FILE_PORTS, err) : 0;

	if (found < 0 ||
	    (found > 0 && container_ports_list(root, container->dir.id, &entries, &count, err) < 0))
		return -1;
	begin_member("ports", out);
	strbuf_add_str(out, "[");
	for (size_t i = 0; i < count; i++) {
		strbuf_add_str(out, i ? "," : "");
		add_published_port(&entries[i], out);
	}
	strbuf_add_str(out, "]");
	return 0;
}

static void add_places(const struct container *container, struct strbuf *out)
{
	autofree char *log = path_join(container->dir.path, STATE_DIRECTORY_LOG);
	struct error ignored = ERROR_NONE;

	add_text_member("stateDirectory", container->dir.path, out);
	if (state_has_file(&container->dir, STATE_DIRECTORY_LOG, &ignored) > 0)
		add_text_member("logDirectory", log, out);
}

/* A container whose creation was cut short may have no config yet. */
static int add_config(const struct container *container, struct strbuf *out, struct error *err)
{
	struct container_config config = { 0 };

	if (state_read_config(&container->dir, &config, err) < 0)
		return err->code == ENOENT ? (*err = ERROR_NONE, 0) : -1;
	begin_member("config", out);
	config_print(&config, JSON_COMPACT, out);
	config_release(&config);
	return 0;
}

static int add_members(const char *root, const struct container *container,
		       enum container_status status, struct strbuf *out, struct error *err)
{
	const struct container_state *state = &container->state;
	bool lives = status != CONTAINER_STOPPED;

	add_text_member("began", state_began(state), out);
	strbuf_addf(out, ",\"byOptions\":%s", state->by_options ? "true" : "false");
	add_text_member("image", state_image(state), out);
	if (lives)
		add_number_member("monitorPid", &state->monitor_pid, out);
	add_text_member("network", state->network, out);
	if (lives)
		add_number_member("networkPid", &state->network_pid, out);
	if (add_ports(root, container, lives, out, err) < 0)
		return -1;
	add_text_member("cgroup", state->cgroup, out);
	add_text_member("cgroupUnit", state->cgroup_unit, out);
	add_places(container, out);
	return add_config(container, out, err);
}

static int print_container(const char *root, const char *id, struct strbuf *out, struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	enum container_status status;
	struct ended ended = { 0 };
	int found = 0, result;

	if (container_open(root, id, STATE_UNLOCKED, &container, err) != 0 ||
	    container_status(&container, &status, NULL, err) < 0)
		return -1;
	if (status == CONTAINER_STOPPED)
		found = share_read_ended(root, &container, &ended, err);
	if (found < 0)
		return -1;
	state_print_ended(&container.state, status, found ? &ended : NULL, JSON_COMPACT, out);
	/* Goes on behind the last member. */
	out->size -= strlen("}");
	result = add_members(root, &container, status, out, err);
	strbuf_add_str(out, "}");
	ended_release(&ended);
	return result;
}

/* ---- for people's eyes ---- */

static void begin_line(size_t depth, struct strbuf *out)
{
	strbuf_addf(out, "\n%*s", (int)(4 * depth), "");
}

/* Sets each member and element of a compact document on a line of its own. */
static void indent(const struct strbuf *compact, struct strbuf *out)
{
	bool in_string = false;
	size_t depth = 0;

	for (size_t i = 0; i < compact->size; i++) {
		char c = compact->bytes[i],
		     next = i + 1 < compact->size ? compact->bytes[i + 1] : 0;

		if (!in_string && (c == '}' || c == ']'))
			begin_line(--depth, out);
		strbuf_add(out, &c, 1);
		if (c == '"') {
			in_string = !in_string;
		} else if (in_string && c == '\\') {
			strbuf_add(out, &next, 1);
			i++;
		} else if (!in_string && ((c == '{' && next == '}') || (c == '[' && next == ']'))) {
			strbuf_add(out, &next, 1);
			i++;
		} else if (!in_string && (c == '{' || c == '[')) {
			begin_line(++depth, out);
		} else if (!in_string && c == ',') {
			begin_line(depth, out);
		} else if (!in_string && c == ':') {
			strbuf_add_str(out, " ");
		}
	}
	strbuf_add_str(out, "\n");
}

/* podman and docker inspect images too.  No id has a ':' or '/'. */
static void hint_at_images(const char *operand, struct error *err)
{
	if (strpbrk(operand, ":/") && !err->hint[0])
		error_hint(err, "of an image: `urun images --json %s`, or `skopeo inspect`",
			   operand);
}

static int cmd_inspect(struct call *call, struct error *err)
{
	autostrbuf struct strbuf compact = { 0 }, shown = { 0 };
	struct error unprinted = ERROR_NONE;
	bool first = true;
	int result = 0;

	strbuf_add_str(&compact, "[");
	for (size_t i = 0; i < call->operands.count; i++) {
		autostrbuf struct strbuf one = { 0 };
		struct error failure = ERROR_NONE;

		if (print_container(call->globals->root, call->operands.items[i], &one, &failure) <
		    0) {
			hint_at_images(call->operands.items[i], &failure);
			result = command_fail_also(&failure, err);
			continue;
		}
		strbuf_add_str(&compact, first ? "" : ",");
		strbuf_add(&compact, one.bytes, one.size);
		first = false;
	}
	strbuf_add_str(&compact, "]");
	indent(&compact, &shown);
	if (!first && command_print(shown.bytes, &unprinted) < 0)
		result = command_fail_also(&unprinted, err);
	return result;
}

static const struct command_usage usage_inspect = {
	.name = "inspect",
	.operands = "ID…",
	.summary = "Prints all that is known of containers, as JSON.",
	.others = podman_inspect_words,
	.operands_min = 1,
	.operands_max = -1,
};
const struct command command_inspect = { &usage_inspect, cmd_inspect, EXIT_STATUS_OTHER };
