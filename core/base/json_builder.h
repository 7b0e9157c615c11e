/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_JSON_BUILDER_H
#define URUN_BASE_JSON_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/json_tree.h"

/*
 * Builds the tree of a document from the events of a parser: yajl's (json_tree.c) or libyaml's
 * (yaml_tree.c).  The rules that don't depend on the grammar are checked here, the same for both.
 */

/* An array or object whose end has not been read yet. */
struct json_level {
	struct json_node *node;
	struct json_node *last; /* child */
	const char *key;	/* of the next child; NULL: the next event is a key, or the end */
	uint32_t key_size;
};

/* Start from zero, with arena, text and err set. */
struct json_builder {
	struct arena *arena;
	struct json_node *root;
	struct json_level levels[JSON_DEPTH_MAX];
	size_t depth; /* of levels */
	size_t values;
	bool refused; /* @err says why */
	enum json_text text;
	struct error *err;
};

/*
 * Sets the error "PATH: …" for the next value, and returns 0.  Returns 0 like the functions below,
 * with which a callback ends yajl's parse.
 */
int json_builder_refuse(struct json_builder *builder, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The events.  @context is a struct json_builder, as yajl's callbacks have it.  1; 0: refused. */
int json_builder_null(void *context);
int json_builder_boolean(void *context, int truth);
/* @text is a number of JSON. */
int json_builder_number(void *context, const char *text, size_t size);
int json_builder_string(void *context, const unsigned char *text, size_t size);
int json_builder_key(void *context, const unsigned char *text, size_t size);
int json_builder_start_object(void *context);
int json_builder_end_object(void *context);
int json_builder_start_array(void *context);
int json_builder_end_array(void *context);

#endif
