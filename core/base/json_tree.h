/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_JSON_TREE_H
#define URUN_BASE_JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/error.h"

/*
 * A JSON document as it was written, before a table says what it means; only json_read() uses this.
 * The rules for every document are checked here: grammar, UTF-8, NUL, duplicate keys, depth, number
 * of values.
 */
enum json_type {
	JSON_TYPE_NULL,
	JSON_TYPE_BOOL,
	JSON_TYPE_NUMBER,
	JSON_TYPE_STRING,
	JSON_TYPE_ARRAY,
	JSON_TYPE_OBJECT,
};

/*
 * An integer as sign and magnitude.  Another number, and an integer of more than 64 bits, is marked
 * here, and refused only where it is used.
 */
struct json_number {
	uint64_t magnitude;
	bool negative;
	bool integral;
	bool fits;
};

struct json_node {
	const char *key; /* in an object; else NULL */
	uint32_t key_size;
	uint32_t key_hash;
	enum json_type type;
	uint32_t count;		/* of the children */
	struct json_node *next; /* in the same array or object */
	union {
		bool truth;
		const char *text;
		struct json_number number;
		struct json_node *first;
	};
};

/* "a string", "an object" …, for errors. */
const char *json_type_name(enum json_type type);

/* What a string of a document may be. */
enum json_text {
	JSON_TEXT_UTF8,
	JSON_TEXT_BYTES, /* of json_read_own() */
};

/* Parses a document whose outermost value is an object.  The tree is @arena's. */
int json_tree_parse(const char *bytes, size_t size, enum json_text text, struct arena *arena,
		    struct json_node **ret_root, struct error *err);

struct json_shape;

/* Reads the tree of a document into *@object, as json_read() does; the texts are those of the tree. */
int json_tree_read(const struct json_node *root, const struct json_shape *shape, void *object,
		   struct arena *arena, struct error *err);

/* A place in a document: a chain from the place up to the outermost value. */
struct json_place {
	const struct json_place *up; /* NULL: the outermost value, which has no name */
	const char *key;	     /* NULL: an element, at @index */
	size_t index;
};

#define JSON_PATH_SIZE 256

/*
 * The place as errors name it: process.rlimits[2].type, annotations["a key"].  A place that is too
 * long for a line has … instead of its middle.
 */
const char *json_place_format(const struct json_place *place, char path[static JSON_PATH_SIZE]);

#endif
