/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CMD_LIST_TABLE_H
#define URUN_CMD_LIST_TABLE_H

#include <stdint.h>

#include "core/base/str.h"
#include "core/container/ended.h"
#include "core/container/state.h"

/*
 * The table of `urun list`: ID, IMAGE, COMMAND, CREATED, STATUS, PORTS; IMAGE where a container has one.
 * Every cell is printable text, since commands come from configs.  Ids are never cut, as they are copied.
 * Start from all zero.
 */
struct list_table {
	struct list_row {
		char *id, *command, *created, *status, *ports; /* allocated */
		char *image;				       /* NULL: none */
	} * rows;
	size_t count;
};

/*
 * Adds a row.  @ended is how the program ended; NULL: it runs, or that isn't known.  @now is the time of
 * day in seconds.
 */
void list_table_add(struct list_table *table, const struct container *container,
		    enum container_status status, const struct ended *ended, int64_t now);

/* No limit: for --no-trunc, and where the output is no terminal. */
#define LIST_TABLE_WIDE SIZE_MAX

/* Appends the table.  Commands, then images and ports, are cut so that no line is wider than @columns. */
void list_table_print(const struct list_table *table, size_t columns, struct strbuf *out);

void list_table_release(struct list_table *table);

/* Appends the age of a time: "3 hours ago"; "-" where @created isn't RFC 3339 or is in the future. */
void list_print_age(const char *created, int64_t now, struct strbuf *out);

#endif
