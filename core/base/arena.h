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
	/* What arena_grow() gave last, the items that are in it, and those that it has room for. */
	void *grown;
	size_t grown_count;
	size_t grown_room;
};

void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for any type */
char *arena_str(struct arena *arena, const char *text);
char *arena_str_n(struct arena *arena, const char *text, size_t length);
char *arena_strf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * @items with room for one more (zeroed) at the end: a copy, or, for the array that was grown last, the
 * same memory, so that to add many items one by one takes no more than twice their memory.
 */
void *arena_grow(struct arena *arena, const void *items, size_t count, size_t item_size);

void arena_release(struct arena *arena);

#endif
