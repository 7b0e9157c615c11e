// SPDX-License-Identifier: Apache-2.0
#include "core/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/str.h"

#define BLOCK_SIZE_FIRST ((size_t)16 << 10)
#define BLOCK_SIZE_MAX	 ((size_t)256 << 10)

/* The newest block comes first; only that block has room. */
struct arena_block {
	struct arena_block *older;
	size_t size; /* of bytes */
	size_t used;
	_Alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *arena_add_block(struct arena *arena, size_t need)
{
	size_t size = BLOCK_SIZE_FIRST;
	struct arena_block *block;

	if (arena->blocks)
		size = arena->blocks->size < BLOCK_SIZE_MAX / 2 ? arena->blocks->size * 2
								: BLOCK_SIZE_MAX;
	if (size < need)
		size = need;
	if (size > SIZE_MAX - sizeof(*block))
		size = SIZE_MAX - sizeof(*block); /* mem_alloc() ends the process */
	block = mem_alloc(sizeof(*block) + size);
	block->size = size;
	block->older = arena->blocks;
	arena->blocks = block;
	return block;
}

/* @align is a power of two. */
static void *arena_take(struct arena *arena, size_t size, size_t align)
{
	struct arena_block *block = arena->blocks;
	size_t start = block ? (block->used + align - 1) & ~(align - 1) : 0;

	if (!block || start > block->size || size > block->size - start) {
		block = arena_add_block(arena, size);
		start = 0;
	}
	block->used = start + size;
	return block->bytes + start;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return arena_take(arena, size, _Alignof(max_align_t));
}

char *arena_str(struct arena *arena, const char *text)
{
	return arena_str_n(arena, text, strlen(text));
}

char *arena_str_n(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_take(arena, length + 1, 1);

	memcpy(copy, text, length);
	return copy; /* the NUL is there: blocks are zeroed */
}

char *arena_strf(struct arena *arena, const char *format, ...)
{
	autofree char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		text = NULL;
		return arena_str(arena, "");
	}
	return arena_str_n(arena, text, (size_t)length);
}

void *arena_grow(struct arena *arena, const void *items, size_t count, size_t item_size)
{
	size_t room = count < 8 ? count + 1 : 2 * count;
	size_t total;
	void *copy;

	/* With another count, @items is a second list that began as the same memory. */
	if (count && items == arena->grown && count == arena->grown_count &&
	    count < arena->grown_room) {
		arena->grown_count++;
		memset((char *)arena->grown + count * item_size, 0, item_size);
		return arena->grown;
	}
	if (__builtin_mul_overflow(room, item_size, &total))
		total = SIZE_MAX;
	copy = arena_alloc(arena, total);
	if (count)
		memcpy(copy, items, count * item_size);
	arena->grown = copy;
	arena->grown_count = count + 1;
	arena->grown_room = room;
	return copy;
}

void arena_release(struct arena *arena)
{
	struct arena_block *older;

	if (!arena)
		return;
	for (struct arena_block *block = arena->blocks; block; block = older) {
		older = block->older;
		free(block);
	}
	*arena = (struct arena){ 0 };
}
