/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_STR_H
#define URUN_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/*
 * Memory that its scope owns: freed at the end of the scope, unless take_ptr() passed it on.  Start
 * from NULL.
 */
#define autofree __attribute__((cleanup(str_cleanup)))

static inline void str_cleanup(void *pointer)
{
	free(*(void **)pointer);
}

/* Passes the pointer on: the variable owns nothing afterwards. */
#define take_ptr(p)                         \
	({                                  \
		__typeof__(p) _taken = (p); \
		(p) = NULL;                 \
		_taken;                     \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Memory: the amount that config.json or the command line can make us ask for is bounded, so
 * running out of memory is not a case to handle but an end.  These print one line and exit with
 * MEM_EXIT_STATUS, the status of a failing `run` and the only one that means the same in every
 * command.
 */
#define MEM_EXIT_STATUS 125
void *mem_alloc(size_t size); /* zeroed */
void *mem_resize(void *old, size_t count,
		 size_t size); /* count * size, checked; the new part isn't zeroed */
char *str_dup(const char *text);
char *str_dup_n(const char *text, size_t length);
char *str_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The index of @text in @names, which end with NULL; -1: @text is none of them. */
int str_find(const char *const *names, const char *text);
/* The same where upper and lower case make no difference. */
int str_find_any_case(const char *const *names, const char *text);

/*
 * A list of texts.  Empty: all zero.  Each declaration says who owns the texts and the array; a
 * list that grows by str_list_add() owns its array, and borrows the texts.
 */
struct str_list {
	char **items;
	size_t count;
};

void str_list_add(struct str_list *list, const char *text);
/* The rest of the last text that begins with "@name=", as in an environment; NULL: there is none. */
const char *str_list_value(const struct str_list *list, const char *name);
void str_list_release(struct str_list *list);
#define autostrlist __attribute__((cleanup(str_list_release)))
/* The same for a list that owns its texts, as state_list() makes one. */
void str_list_release_texts(struct str_list *list);
#define autotextlist __attribute__((cleanup(str_list_release_texts)))

static inline bool str_equal(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static inline bool str_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Is it one word in a line of a file: at least one byte, and neither a blank nor a control character? */
bool str_is_word(const char *text);

/* A text that grows; there is always a NUL behind the last byte.  Start from all zero. */
struct strbuf {
	char *bytes;
	size_t size; /* without the NUL */
	size_t room;
};

void strbuf_add(struct strbuf *buf, const void *bytes, size_t size);
void strbuf_add_str(struct strbuf *buf, const char *text);
void strbuf_addf(struct strbuf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strbuf_release(struct strbuf *buf);

#define autostrbuf __attribute__((cleanup(strbuf_release)))

#endif
