// SPDX-License-Identifier: Apache-2.0
#include "core/base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/*
 * Runs in any process, so it touches neither atexit handlers nor stdio buffers, which may be
 * another process's.
 */
static void __attribute__((noreturn)) mem_end(void)
{
	static const char line[] = "urun: out of memory\n";

	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		_exit(MEM_EXIT_STATUS);
	_exit(MEM_EXIT_STATUS);
}

void *mem_alloc(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		mem_end();
	return memory;
}

void *mem_resize(void *old, size_t count, size_t size)
{
	size_t total;
	void *memory;

	if (__builtin_mul_overflow(count, size, &total))
		mem_end();
	memory = realloc(old, total ? total : 1);
	if (!memory)
		mem_end();
	return memory;
}

char *str_dup(const char *text)
{
	return str_dup_n(text, strlen(text));
}

char *str_dup_n(const char *text, size_t length)
{
	char *copy = mem_resize(NULL, length + 1, 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

int str_find(const char *const *names, const char *text)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return -1;
}

int str_find_any_case(const char *const *names, const char *text)
{
	for (int i = 0; names[i]; i++)
		if (strcasecmp(names[i], text) == 0)
			return i;
	return -1;
}

char *str_format(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		mem_end();
	return text;
}

/* Makes room for @size more bytes and the NUL.  The room doubles, so that adding stays cheap. */
static void strbuf_reserve(struct strbuf *buf, size_t size)
{
	size_t need;
	size_t room = buf->room ? buf->room : 64;

	if (__builtin_add_overflow(buf->size, size, &need) || ++need == 0)
		mem_end();
	if (need <= buf->room)
		return;
	while (room < need)
		room = room > SIZE_MAX / 2 ? need : room * 2;
	buf->bytes = mem_resize(buf->bytes, room, 1);
	buf->room = room;
}

void strbuf_add(struct strbuf *buf, const void *bytes, size_t size)
{
	strbuf_reserve(buf, size);
	if (size)
		memcpy(buf->bytes + buf->size, bytes, size);
	buf->size += size;
	buf->bytes[buf->size] = '\0';
}

void strbuf_add_str(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void strbuf_addf(struct strbuf *buf, const char *format, ...)
{
	autofree char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		mem_end();
	strbuf_add(buf, text, (size_t)length);
}

void strbuf_release(struct strbuf *buf)
{
	if (!buf)
		return;
	free(buf->bytes);
	*buf = (struct strbuf){ 0 };
}

void str_list_add(struct str_list *list, const char *text)
{
	list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (char *)(uintptr_t)text;
}

const char *str_list_value(const struct str_list *list, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = list->count; i > 0; i--)
		if (strncmp(list->items[i - 1], name, length) == 0 &&
		    list->items[i - 1][length] == '=')
			return list->items[i - 1] + length + 1;
	return NULL;
}

void str_list_release(struct str_list *list)
{
	free(list->items);
	*list = (struct str_list){ 0 };
}

void str_list_release_texts(struct str_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	str_list_release(list);
}

/* Bytes above ASCII are parts of words, in whatever encoding. */
bool str_is_word(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == '\x7f')
			return false;
	return *text != '\0';
}
