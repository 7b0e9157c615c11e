/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_ARENA_H
#define URUN_BASE_ARENA_H

#include <stddef.h>

/*
 * Memory with one owner and one end: what is read from a document (config.json, state.json) lives
 * as long as the document, so nothing in it is freed by itself.  Start from all zero.
 */
struct arena {
	struct arena_block *blocks;
};

void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for any type */
char *arena_str(struct arena *arena, const char *text);
char *arena_str_n(struct arena *arena, const char *text, size_t length);
char *arena_strf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A copy of @items with room for one more (zeroed) at the end. */
void *arena_grow(struct arena *arena, const void *items, size_t count, size_t item_size);

void arena_release(struct arena *arena);

#endif
