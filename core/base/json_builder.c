// SPDX-License-Identifier: Apache-2.0
#include "core/base/json_builder.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/utf8.h"

/* Bytes of a key that a path shows at most. */
#define KEY_SHOWN 64
/* Bytes of a path that an error shows at most. */
#define HEAD_SHOWN 140
#define TAIL_SHOWN 60
/* Up to this number of keys, each key is compared with each other; more are sorted. */
#define KEYS_COMPARED 12

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = { "null",	 "a boolean", "a number",
					     "a string", "an array",  "an object" };

	return names[type];
}

static bool is_plain_key(const char *key)
{
	size_t length = 0;

	while (isalnum((unsigned char)key[length]) || key[length] == '_')
		if (++length > KEY_SHOWN)
			return false;
	return length && key[length] == '\0';
}

static void add_step(const char *key, size_t index, struct strbuf *path)
{
	if (!key)
		strbuf_addf(path, "[%zu]", index);
	else if (is_plain_key(key))
		strbuf_addf(path, "%s%s", path->size ? "." : "", key);
	else
		strbuf_addf(path, "[\"%.*s\"]", KEY_SHOWN, key);
}

static bool is_inside_character(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Leaves out the middle of a long path: the reader looks for its beginning and its end. */
static const char *shorten(const struct strbuf *whole, char path[static JSON_PATH_SIZE])
{
	size_t head = HEAD_SHOWN, tail = whole->size - TAIL_SHOWN;

	if (whole->size <= HEAD_SHOWN + TAIL_SHOWN) {
		snprintf(path, JSON_PATH_SIZE, "%s", whole->size ? whole->bytes : "");
		return path;
	}
	while (head > 0 && is_inside_character(whole->bytes[head]))
		head--;
	while (is_inside_character(whole->bytes[tail]))
		tail++;
	snprintf(path, JSON_PATH_SIZE, "%.*s…%s", (int)head, whole->bytes, whole->bytes + tail);
	return path;
}

/* Recursive: a table has only a few levels, unlike a document. */
static void add_from_root(const struct json_place *place, struct strbuf *path)
{
	if (!place->up)
		return;
	add_from_root(place->up, path);
	add_step(place->key, place->index, path);
}

const char *json_place_format(const struct json_place *place, char path[static JSON_PATH_SIZE])
{
	autostrbuf struct strbuf whole = { 0 };

	add_from_root(place, &whole);
	return shorten(&whole, path);
}

/* The path of the next value; between two members of an object, the path of the object. */
static const char *builder_path(const struct json_builder *builder,
				char path[static JSON_PATH_SIZE])
{
	autostrbuf struct strbuf whole = { 0 };

	for (size_t i = 0; i < builder->depth; i++) {
		const struct json_level *level = &builder->levels[i];
		bool is_last = i + 1 == builder->depth;
		const char *key = is_last ? level->key : builder->levels[i + 1].node->key;
		/* A level below whose end has not been read has been counted already. */
		size_t index = level->node->count - (is_last ? 0 : 1);

		if (is_last && level->node->type == JSON_TYPE_OBJECT && !key)
			break;
		add_step(key, index, &whole);
	}
	return shorten(&whole, path);
}

int json_builder_refuse(struct json_builder *builder, const char *format, ...)
{
	char path[JSON_PATH_SIZE];
	char why[256];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	builder_path(builder, path);
	error_set(builder->err, 0, "%s%s%s", path, *path ? ": " : "", why);
	builder->refused = true;
	return 0;
}

/* Adds a value at the place where the document is; NULL where it is refused. */
static struct json_node *add_value(struct json_builder *builder, enum json_type type)
{
	struct json_level *level = builder->depth ? &builder->levels[builder->depth - 1] : NULL;
	struct json_node *node;

	if (!level && type != JSON_TYPE_OBJECT) {
		json_builder_refuse(builder, "must be an object, not %s", json_type_name(type));
		return NULL;
	}
	if (++builder->values > JSON_VALUES_MAX) {
		json_builder_refuse(builder, "more than %u values in one document",
				    JSON_VALUES_MAX);
		return NULL;
	}
	node = arena_alloc(builder->arena, sizeof(*node));
	node->type = type;
	if (!level) {
		builder->root = node;
		return node;
	}
	node->key = level->key;
	node->key_size = level->key_size;
	*(level->last ? &level->last->next : &level->node->first) = node;
	level->last = node;
	level->node->count++;
	level->key = NULL;
	return node;
}

int json_builder_null(void *context)
{
	return add_value(context, JSON_TYPE_NULL) != NULL;
}

int json_builder_boolean(void *context, int truth)
{
	struct json_node *node = add_value(context, JSON_TYPE_BOOL);

	if (!node)
		return 0;
	node->truth = truth;
	return 1;
}

static struct json_number parse_number(const char *text, size_t size)
{
	struct json_number number = { .negative = *text == '-', .integral = true, .fits = true };

	for (size_t i = number.negative; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			number.integral = false;
		else if (__builtin_mul_overflow(number.magnitude, 10, &number.magnitude) ||
			 __builtin_add_overflow(number.magnitude, (uint64_t)(text[i] - '0'),
						&number.magnitude))
			number.fits = false;
	}
	return number;
}

int json_builder_number(void *context, const char *text, size_t size)
{
	struct json_node *node = add_value(context, JSON_TYPE_NUMBER);

	if (!node)
		return 0;
	node->number = parse_number(text, size);
	return 1;
}

int json_builder_string(void *context, const unsigned char *text, size_t size)
{
	struct json_builder *builder = context;
	struct json_node *node;

	if (memchr(text, '\0', size))
		return json_builder_refuse(builder, "NUL in a string");
	if (builder->text == JSON_TEXT_UTF8 && !utf8_is_valid(text, size))
		return json_builder_refuse(builder, "invalid UTF-8");
	node = add_value(builder, JSON_TYPE_STRING);
	if (!node)
		return 0;
	node->text = arena_str_n(builder->arena, (const char *)text, size);
	return 1;
}

int json_builder_key(void *context, const unsigned char *text, size_t size)
{
	struct json_builder *builder = context;
	struct json_level *level = &builder->levels[builder->depth - 1];

	if (memchr(text, '\0', size))
		return json_builder_refuse(builder, "NUL in a key");
	if (builder->text == JSON_TEXT_UTF8 && !utf8_is_valid(text, size))
		return json_builder_refuse(builder, "invalid UTF-8 in a key");
	level->key = arena_str_n(builder->arena, (const char *)text, size);
	level->key_size = (uint32_t)size;
	return 1;
}

static int open_level(struct json_builder *builder, enum json_type type)
{
	struct json_node *node;

	if (builder->depth == JSON_DEPTH_MAX)
		return json_builder_refuse(builder, "nested deeper than %d levels", JSON_DEPTH_MAX);
	node = add_value(builder, type);
	if (!node)
		return 0;
	builder->levels[builder->depth++] = (struct json_level){ .node = node };
	return 1;
}

static int compare_keys(const struct json_node *a, const struct json_node *b)
{
	if (a->key_hash != b->key_hash)
		return a->key_hash < b->key_hash ? -1 : 1;
	return strcmp(a->key, b->key);
}

static int compare_entries(const void *a, const void *b)
{
	return compare_keys(*(struct json_node *const *)a, *(struct json_node *const *)b);
}

static const struct json_node *find_duplicate_by_pairs(const struct json_node *object)
{
	for (const struct json_node *a = object->first; a; a = a->next)
		for (const struct json_node *b = a->next; b; b = b->next)
			if (compare_keys(a, b) == 0)
				return b;
	return NULL;
}

static const struct json_node *find_duplicate_by_sorting(const struct json_node *object)
{
	autofree struct json_node **entries =
		mem_resize(NULL, object->count, sizeof(struct json_node *));
	size_t count = 0;

	for (struct json_node *node = object->first; node; node = node->next)
		entries[count++] = node;
	qsort(entries, count, sizeof(struct json_node *), compare_entries);
	for (size_t i = 1; i < count; i++)
		if (compare_keys(entries[i - 1], entries[i]) == 0)
			return entries[i];
	return NULL;
}

static int check_keys(struct json_builder *builder, const struct json_node *object)
{
	const struct json_node *twice;

	for (struct json_node *node = object->first; node; node = node->next)
		node->key_hash = (uint32_t)hash_bytes(node->key, node->key_size);
	if (object->count <= KEYS_COMPARED)
		twice = find_duplicate_by_pairs(object);
	else
		twice = find_duplicate_by_sorting(object);
	if (!twice)
		return 1;
	builder->levels[builder->depth - 1].key = twice->key;
	return json_builder_refuse(builder, "given twice in the same object");
}

int json_builder_start_object(void *context)
{
	return open_level(context, JSON_TYPE_OBJECT);
}

int json_builder_end_object(void *context)
{
	struct json_builder *builder = context;

	if (!check_keys(builder, builder->levels[builder->depth - 1].node))
		return 0;
	builder->depth--;
	return 1;
}

int json_builder_start_array(void *context)
{
	return open_level(context, JSON_TYPE_ARRAY);
}

int json_builder_end_array(void *context)
{
	struct json_builder *builder = context;

	builder->depth--;
	return 1;
}
