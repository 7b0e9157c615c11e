/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_ARENA_H
#define URUN_BASE_ARENA_H

#include <stddef.h>

/*
 * Memory with one owner and one end: everything that is read from a document (config.json,
 * state.json) lives as long as the document, so nothing in it is freed alone.  Start from all zero.
 */
struct arena {
	struct arena_block *blocks;
	/*
	 * The array that arena_grow() returned last, the number of its items, and how many items it
	 * has room for.
	 */
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
 * Returns @items with room for one more item (zeroed) at the end: a copy, or the same memory for
 * the array that was grown last.  So adding many items one by one takes at most twice their memory.
 */
void *arena_grow(struct arena *arena, const void *items, size_t count, size_t item_size);

void arena_release(struct arena *arena);

#endif
