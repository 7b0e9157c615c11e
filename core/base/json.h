/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_JSON_H
#define URUN_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/str.h"

/*
 * JSON documents and C structs: a table (struct json_shape) says which property is which member,
 * and the same table reads and writes.  yajl parses the grammar.
 *
 * Reading is strict: UTF-8, no duplicate keys, no NUL in a string, no more than JSON_DEPTH_MAX
 * levels, JSON_VALUES_MAX values and JSON_SIZE_MAX bytes, and the types and ranges of the table.
 * The values and the bytes are as many as the kernel's largest ARG_MAX (6 MiB, execve(2)) has room
 * for.  Unknown properties are skipped, null is "not given".  The bound of the levels is for
 * unknown properties, since no table has more than ten levels; no function is recursive over the
 * levels of a document.  Every error names the place by its path: process.rlimits[2].type.
 */
#define JSON_SIZE_MAX	(12u << 20)
#define JSON_DEPTH_MAX	1000
#define JSON_VALUES_MAX (1u << 20)

/* "Not given" is set == false. */
struct opt_bool {
	bool set;
	bool value;
};
struct opt_i64 {
	bool set;
	int64_t value;
};
struct opt_u64 {
	bool set;
	uint64_t value;
};

/* All lists have this layout; none: items NULL, count 0. */
#define LIST_OF(type)         \
	struct {              \
		type *items;  \
		size_t count; \
	}

struct str_pair {
	char *name;
	char *value;
};
typedef LIST_OF(struct str_pair) str_map;

/* The value of the first pair of this name; NULL: there is none. */
const char *str_map_value(const str_map *map, const char *name);

/* Numbers such as 0-3,7: core/base/range_list.h. */
struct number_range {
	uint32_t first;
	uint32_t last; /* not below first */
};
typedef LIST_OF(struct number_range) range_list;

enum json_kind {
	JSON_BOOL,     /* bool; not given: false */
	JSON_OPT_BOOL, /* struct opt_bool */
	JSON_STRING,   /* char *; not given: NULL */
	JSON_I64,      /* struct opt_i64, min..max */
	JSON_U64,      /* struct opt_u64, 0..max (as uint64_t) */
	JSON_ENUM,     /* int: index into names; not given: -1 */
	JSON_OBJECT,   /* struct of shape, by pointer; not given: NULL */
	JSON_LIST,     /* LIST_OF(struct of shape) */
	JSON_STRINGS,  /* struct str_list */
	JSON_U32_LIST, /* LIST_OF(uint32_t) */
	JSON_RANGES, /* range_list: a string such as "0-3,7"; not given: the empty list, as "" is */
	JSON_ENUM_LIST, /* LIST_OF(int): indexes into names */
	JSON_BITS,	/* uint64_t, of an array of names: bit N is names[N]; not given, or []: 0 */
	JSON_STRING_MAP, /* str_map, in the document's order */
	JSON_OBJECT_MAP, /* LIST_OF(struct of shape), whose first member is char *: the key */
	JSON_WORD,	 /* a string, which words makes a type of; not given: all zero */
	JSON_WORDS,	 /* strings, likewise */
};

/*
 * A type whose document is words.  The owner of the type gives both directions: the words are turned into
 * the type while a document is read, and back while one is written, so that nobody between handles words.
 */
struct json_words {
	/* 0, or -1: JSON_WORD doesn't know the word.  What is kept is copied into @arena or is of @words. */
	int (*read)(const struct str_list *words, struct arena *arena, void *member);
	/* No words: the member is "not given". */
	void (*write)(const void *member, struct arena *arena, struct str_list *ret_words);
};

struct json_shape;

struct json_field {
	const char *name;
	enum json_kind kind;
	bool required;
	size_t offset;
	int64_t min; /* JSON_I64 */
	/* JSON_I64, JSON_U64, JSON_U32_LIST, JSON_RANGES; 0 stands for the type's own maximum */
	uint64_t max;
	const struct json_shape *shape; /* JSON_OBJECT, JSON_LIST, JSON_OBJECT_MAP */
	union {
		const char *const
			*names; /* JSON_ENUM, JSON_ENUM_LIST, JSON_BITS: NULL at the end */
		const struct json_words *words; /* JSON_WORD, JSON_WORDS */
	};
	/*
	 * JSON_ENUM, JSON_ENUM_LIST, JSON_BITS, JSON_RANGES, JSON_WORD: what the error says about
	 * another text, behind the text in quotes.  NULL, not for JSON_WORD: the error says that the
	 * text is unknown, and lists the names.
	 */
	const char *refusal;
	/*
	 * JSON_BITS: what the names are ("capability"), where an unknown name is ignored with a
	 * warning, and upper and lower case make no difference.  NULL: an unknown name is refused.
	 */
	const char *tolerant;
};

struct json_shape {
	size_t size; /* of the struct */
	const struct json_field *fields;
	size_t count;
};

/* The shape of a struct, as an initializer; @fields_ is an array. */
#define JSON_SHAPE(struct_type, fields_)                                                       \
	{                                                                                      \
		.size = sizeof(struct_type), .fields = (fields_), .count = ARRAY_SIZE(fields_) \
	}

/*
 * Reads a document whose outermost value is an object of @shape into *@object (zeroed first).  Its
 * memory is @arena's.
 */
int json_read(const char *bytes, size_t size, const struct json_shape *shape, void *object,
	      struct arena *arena, struct error *err);

/* The same for a YAML document (core/base/yaml_tree.h): one table reads both. */
int yaml_read(const char *bytes, size_t size, const struct json_shape *shape, void *object,
	      struct arena *arena, struct error *err);

/*
 * The same for a document that was written with JSON_OWN: a string is any bytes but NUL.  Only for
 * documents that urun both writes and reads, such as the config on the sync pipe: paths, arguments
 * and variables of Linux are bytes, and JSON has no notion of bytes.
 */
int json_read_own(const char *bytes, size_t size, const struct json_shape *shape, void *object,
		  struct arena *arena, struct error *err);

enum json_style {
	JSON_COMPACT,
	JSON_OWN,      /* compact; bytes that aren't UTF-8 stay as they are: for json_read_own() */
	JSON_INDENTED, /* four spaces, a newline at the end */
};

/* Appends @object.  Members that are "not given" and empty lists are left out. */
void json_write(const struct json_shape *shape, const void *object, enum json_style style,
		struct strbuf *out);

/*
 * Is all text in @object UTF-8, as JSON for other programs must be?  Otherwise fails with an error
 * that names the place, and doesn't show the text.
 */
int json_check_text(const struct json_shape *shape, const void *object, struct error *err);

/* Appends @text as a JSON string with its quotes; bytes that aren't UTF-8 become U+FFFD. */
void json_write_string(const char *text, struct strbuf *out);

#endif
