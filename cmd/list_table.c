// SPDX-License-Identifier: Apache-2.0
#include "cmd/list_table.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "core/base/moment.h"
#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/config/change.h"
#include "core/container/port.h"
#include "core/container/state_socket.h"

#define COLUMNS	    6
#define GAP	    2
#define WIDTH_LEAST 10 /* of a column that is cut */

static const char *const heads[COLUMNS] = {
	"ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS"
};

enum { COLUMN_IMAGE = 1, COLUMN_COMMAND = 2, COLUMN_PORTS = 5 };

/* ---- cells ---- */

void list_print_age(const char *created, int64_t now, struct strbuf *out)
{
	static const struct {
		int64_t seconds;
		const char *one, *many;
	} units[] = {
		{ 365 * 86400, "year", "years" }, { 30 * 86400, "month", "months" },
		{ 7 * 86400, "week", "weeks" },	  { 86400, "day", "days" },
		{ 3600, "hour", "hours" },	  { 60, "minute", "minutes" },
		{ 1, "second", "seconds" },
	};
	uint64_t created_ns;
	int64_t age;

	if (!created || moment_parse(created, 0, &created_ns) < 0) {
		strbuf_add_str(out, "-");
		return;
	}
	age = now - (int64_t)(created_ns / 1000000000);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		/* At least two of a unit: "90 minutes ago" tells more than "1 hour ago". */
		int64_t count = age / units[i].seconds;

		if (count >= 2 || (count == 1 && i + 1 == ARRAY_SIZE(units))) {
			strbuf_addf(out, "%" PRId64 " %s ago", count,
				    count == 1 ? units[i].one : units[i].many);
			return;
		}
	}
	strbuf_add_str(out, age < 0 ? "-" : "now");
}

/* Would the container be gone (--rm), were the process that was to remove it not killed, or hindered? */
static bool is_left_over(const struct container *container, enum container_status status)
{
	autoclose int monitor = -1;

	if (status != CONTAINER_STOPPED ||
	    !str_equal(str_map_value(&container->state.annotations, CONFIG_ANNOTATION_REMOVE),
		       "true"))
		return false;
	monitor = state_open_monitor(&container->state);
	return monitor < 0;
}

static char *status_text(const struct container *container, enum container_status status,
			 const struct ended *ended)
{
	autostrbuf struct strbuf text = { 0 };

	strbuf_add_str(&text, container_status_name(status));
	if (ended && ended->ended_with)
		strbuf_addf(&text, " with %s", ended->ended_with);
	else if (ended && ended->exit_status.set)
		strbuf_addf(&text, " (%" PRIu64 "%s)", ended->exit_status.value,
			    ended->oom_killed.set && ended->oom_killed.value ? ", oom" : "");
	else if (ended)
		strbuf_add_str(&text, " (unknown)");
	if (is_left_over(container, status))
		strbuf_add_str(&text, ", not removed");
	return str_dup(text.bytes);
}

/* "8080->80", with the host's address where it isn't any, and "/udp" where it isn't TCP. */
static void add_port_text(const struct port_entry *entry, struct strbuf *out)
{
	autostrbuf struct strbuf address = { 0 }, text = { 0 };
	const char *shown;

	publish_print_address(&entry->host, &address);
	shown = address.bytes;
	if (str_starts_with(shown, "0.0.0.0:") || str_starts_with(shown, "[::]:"))
		shown = strrchr(shown, ':') + 1;
	strbuf_addf(&text, "%s->%u%s", shown, entry->container_port,
		    entry->protocol == IPPROTO_UDP ? "/udp" : "");
	/* A port on all addresses has an entry for IPv4 and one for IPv6. */
	if (out->size && strstr(out->bytes, text.bytes))
		return;
	strbuf_addf(out, "%s%s", out->size ? ", " : "", text.bytes);
}

/* The list is for looking: it takes no lock, and a urun-port that doesn't answer has no ports. */
static char *ports_text(const struct container *container, enum container_status status)
{
	autofree struct port_entry *entries = NULL;
	autostrbuf struct strbuf text = { 0 };
	struct error ignored = ERROR_NONE;
	autoclose int control = -1;
	size_t count = 0;

	if (status != CONTAINER_STOPPED &&
	    state_has_file(&container->dir, STATE_FILE_PORTS, &ignored) > 0 &&
	    state_socket_connect(&container->dir, STATE_FILE_PORTS, SOCK_SEQPACKET, &control,
				 &ignored) == 0 &&
	    port_list(control, &entries, &count, &ignored) == 0)
		for (size_t i = 0; i < count; i++)
			add_port_text(&entries[i], &text);
	return str_dup(text.size ? text.bytes : "");
}

/* The name without the digest. */
static char *image_text(const struct container_state *state)
{
	const char *image = state_image(state), *digest = image ? strrchr(image, '@') : NULL;
	autostrbuf struct strbuf shown = { 0 };

	if (!image)
		return NULL;
	utf8_escape(image, &shown);
	if (digest && str_starts_with(digest, "@sha256:") && strrchr(shown.bytes, '@'))
		*strrchr(shown.bytes, '@') = '\0';
	return str_dup(shown.bytes);
}

void list_table_add(struct list_table *table, const struct container *container,
		    enum container_status status, const struct ended *ended, int64_t now)
{
	const struct container_state *state = &container->state;
	autostrbuf struct strbuf command = { 0 }, created = { 0 };
	struct list_row *row;

	/* Escaped in the state already, which is a file of ours. */
	utf8_escape(state->command ? state->command : "-", &command);
	list_print_age(state->created, now, &created);
	table->rows = mem_resize(table->rows, table->count + 1, sizeof(*table->rows));
	row = &table->rows[table->count++];
	*row = (struct list_row){
		.id = str_dup(state->id),
		.command = str_dup(command.bytes ? command.bytes : ""),
		.created = str_dup(created.bytes),
		.status = status_text(container, status, ended),
		.ports = ports_text(container, status),
		.image = image_text(state),
	};
}

void list_table_release(struct list_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct list_row *row = &table->rows[i];

		free(row->id);
		free(row->command);
		free(row->created);
		free(row->status);
		free(row->ports);
		free(row->image);
	}
	free(table->rows);
	*table = (struct list_table){ 0 };
}

/* ---- the table ---- */

static const char *cell(const struct list_row *row, size_t column)
{
	const char *const cells[COLUMNS] = { row->id,	   row->image ? row->image : "",
					     row->command, row->created,
					     row->status,  row->ports };

	return cells[column];
}

static size_t width_of(const char *text)
{
	return utf8_columns(text, strlen(text));
}

/* Appends @text, cut to @width columns with a sign that something is left out. */
static void add_cell(const char *text, size_t width, bool last, struct strbuf *out)
{
	size_t shown = width_of(text);
	const char *end = text + strlen(text);

	if (shown > width) {
		for (shown = 0, end = text; shown + 1 < width; shown++)
			do
				end++;
			while (((unsigned char)*end & 0xc0) == 0x80);
		strbuf_add(out, text, (size_t)(end - text));
		strbuf_add_str(out, "…");
		shown++;
	} else
		strbuf_add(out, text, (size_t)(end - text));
	if (!last)
		strbuf_addf(out, "%*s", (int)(width + GAP - shown), "");
}

/* Cuts the column by what the line is too wide, as far as the column's least width allows. */
static void narrow(size_t *width, size_t *excess)
{
	size_t cut = *width > WIDTH_LEAST ? *width - WIDTH_LEAST : 0;

	if (cut > *excess)
		cut = *excess;
	*width -= cut;
	*excess -= cut;
}

static void add_table_line(const struct list_row *row, const size_t *widths, size_t columns,
			   struct strbuf *out)
{
	for (size_t i = 0; i < columns; i++)
		if (widths[i])
			add_cell(row ? cell(row, i) : heads[i], widths[i], i + 1 == columns, out);
	while (out->bytes[out->size - 1] == ' ')
		out->bytes[--out->size] = '\0';
	strbuf_add_str(out, "\n");
}

static bool has_images(const struct list_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].image)
			return true;
	return false;
}

void list_table_print(const struct list_table *table, size_t columns, struct strbuf *out)
{
	size_t widths[COLUMNS], total = (COLUMNS - 1) * GAP, excess;

	for (size_t i = 0; i < COLUMNS; i++) {
		widths[i] = 0;
		if (i == COLUMN_IMAGE && !has_images(table)) {
			total -= GAP;
			continue;
		}
		widths[i] = width_of(heads[i]);
		for (size_t j = 0; j < table->count; j++) {
			size_t width = width_of(cell(&table->rows[j], i));

			widths[i] = width > widths[i] ? width : widths[i];
		}
		total += widths[i];
	}
	excess = total > columns ? total - columns : 0;
	narrow(&widths[COLUMN_COMMAND], &excess);
	narrow(&widths[COLUMN_IMAGE], &excess);
	narrow(&widths[COLUMN_PORTS], &excess);
	add_table_line(NULL, widths, COLUMNS, out);
	for (size_t i = 0; i < table->count; i++)
		add_table_line(&table->rows[i], widths, COLUMNS, out);
}
