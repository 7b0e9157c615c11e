// SPDX-License-Identifier: Apache-2.0
#include "core/base/json_tree.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/str.h"
#include "core/base/utf8.h"

/* Bytes of a key that a path shows at most. */
#define KEY_SHOWN 64
/* Bytes of a path that an error shows at most. */
#define HEAD_SHOWN 140
#define TAIL_SHOWN 60
/* Up to this number of keys, each key is compared with each other; more are sorted. */
#define KEYS_COMPARED 12

/* An array or object whose end has not been read yet. */
struct level {
	struct json_node *node;
	struct json_node *last; /* child */
	const char *key;	/* of the next child */
	uint32_t key_size;
};

/* State of yajl's callbacks. */
struct builder {
	struct arena *arena;
	struct json_node *root;
	struct level levels[JSON_DEPTH_MAX];
	size_t depth; /* of levels */
	size_t values;
	bool refused; /* @err says why */
	enum json_text text;
	struct error *err;
};

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
static const char *builder_path(const struct builder *builder, char path[static JSON_PATH_SIZE])
{
	autostrbuf struct strbuf whole = { 0 };

	for (size_t i = 0; i < builder->depth; i++) {
		const struct level *level = &builder->levels[i];
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

/* Returns 0, with which a callback ends the parse. */
static int __attribute__((format(printf, 2, 3)))
refuse_document(struct builder *builder, const char *format, ...)
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
static struct json_node *add_value(struct builder *builder, enum json_type type)
{
	struct level *level = builder->depth ? &builder->levels[builder->depth - 1] : NULL;
	struct json_node *node;

	if (!level && type != JSON_TYPE_OBJECT) {
		refuse_document(builder, "must be an object, not %s", json_type_name(type));
		return NULL;
	}
	if (++builder->values > JSON_VALUES_MAX) {
		refuse_document(builder, "more than %u values in one document", JSON_VALUES_MAX);
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

static int on_null(void *context)
{
	return add_value(context, JSON_TYPE_NULL) != NULL;
}

static int on_boolean(void *context, int truth)
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

static int on_number(void *context, const char *text, size_t size)
{
	struct json_node *node = add_value(context, JSON_TYPE_NUMBER);

	if (!node)
		return 0;
	node->number = parse_number(text, size);
	return 1;
}

static int on_string(void *context, const unsigned char *text, size_t size)
{
	struct builder *builder = context;
	struct json_node *node;

	if (memchr(text, '\0', size))
		return refuse_document(builder, "NUL in a string");
	if (builder->text == JSON_TEXT_UTF8 && !utf8_is_valid(text, size))
		return refuse_document(builder, "invalid UTF-8");
	node = add_value(builder, JSON_TYPE_STRING);
	if (!node)
		return 0;
	node->text = arena_str_n(builder->arena, (const char *)text, size);
	return 1;
}

static int on_key(void *context, const unsigned char *text, size_t size)
{
	struct builder *builder = context;
	struct level *level = &builder->levels[builder->depth - 1];

	if (memchr(text, '\0', size))
		return refuse_document(builder, "NUL in a key");
	if (builder->text == JSON_TEXT_UTF8 && !utf8_is_valid(text, size))
		return refuse_document(builder, "invalid UTF-8 in a key");
	level->key = arena_str_n(builder->arena, (const char *)text, size);
	level->key_size = (uint32_t)size;
	return 1;
}

static int open_level(struct builder *builder, enum json_type type)
{
	struct json_node *node;

	if (builder->depth == JSON_DEPTH_MAX)
		return refuse_document(builder, "nested deeper than %d levels", JSON_DEPTH_MAX);
	node = add_value(builder, type);
	if (!node)
		return 0;
	builder->levels[builder->depth++] = (struct level){ .node = node };
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

static int check_keys(struct builder *builder, const struct json_node *object)
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
	return refuse_document(builder, "given twice in the same object");
}

static int on_start_object(void *context)
{
	return open_level(context, JSON_TYPE_OBJECT);
}

static int on_end_object(void *context)
{
	struct builder *builder = context;

	if (!check_keys(builder, builder->levels[builder->depth - 1].node))
		return 0;
	builder->depth--;
	return 1;
}

static int on_start_array(void *context)
{
	return open_level(context, JSON_TYPE_ARRAY);
}

static int on_end_array(void *context)
{
	struct builder *builder = context;

	builder->depth--;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_object,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

/* yajl's one or two words for the kind of error and its text, as one line; freed by the caller. */
static char *grammar_text(yajl_handle handle)
{
	unsigned char *text = yajl_get_error(handle, 0, NULL, 0);
	char *line = str_dup((const char *)text);

	yajl_free_error(handle, text);
	line[strcspn(line, "\n")] = '\0';
	for (size_t length = strlen(line); length && line[length - 1] == '.'; length--)
		line[length - 1] = '\0';
	return line;
}

/* Lines and columns (of bytes) count from 1. */
static int error_at(struct error *err, const char *bytes, size_t offset, const char *what)
{
	const char *end = bytes + offset;
	const char *line_start = bytes;
	const char *newline;
	size_t line = 1;

	while ((newline = memchr(line_start, '\n', (size_t)(end - line_start)))) {
		line_start = newline + 1;
		line++;
	}
	return error_set(err, 0, "not JSON: line %zu, column %zu: %s", line,
			 (size_t)(end - line_start) + 1, what);
}

static int parse_hex4(const char *bytes, size_t size)
{
	int value = 0;

	if (size < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = bytes[i];

		if (!isxdigit((unsigned char)c))
			return -1;
		value = value * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

static bool is_high_surrogate(int code)
{
	return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low_surrogate(int code)
{
	return code >= 0xdc00 && code <= 0xdfff;
}

/*
 * yajl 2.1 silently turns half a surrogate pair into '?'; so these escapes are looked for before.
 * Returns the offset of the first one, or @size where there is none.  yajl refuses a backslash
 * outside of strings.
 */
static size_t find_lone_surrogate(const char *bytes, size_t size)
{
	const char *end = bytes + size;
	const char *escape = bytes;

	while ((escape = memchr(escape, '\\', (size_t)(end - escape)))) {
		size_t left = (size_t)(end - escape);
		int code = left > 2 && escape[1] == 'u' ? parse_hex4(escape + 2, left - 2) : -1;
		int low = -1;

		if (left <= 2)
			break;
		if (is_high_surrogate(code) && left > 8 && escape[6] == '\\' && escape[7] == 'u')
			low = parse_hex4(escape + 8, left - 8);
		if (is_low_surrogate(code) || (is_high_surrogate(code) && !is_low_surrogate(low)))
			return (size_t)(escape - bytes);
		escape += low >= 0 ? 12 : 2;
	}
	return size;
}

static int tree_parse_with(yajl_handle handle, struct builder *builder, const char *bytes,
			   size_t size)
{
	size_t sound = find_lone_surrogate(bytes, size);
	yajl_status status = yajl_parse(handle, (const unsigned char *)bytes, sound);
	size_t offset = yajl_get_bytes_consumed(handle);

	if (status == yajl_status_ok && sound < size) {
		refuse_document(builder, "half a surrogate pair in a string");
		return -1;
	}
	if (status == yajl_status_ok) {
		status = yajl_complete_parse(handle);
		offset = size;
	}
	if (builder->refused)
		return -1;
	if (status != yajl_status_ok) {
		autofree char *text = grammar_text(handle);

		return error_at(builder->err, bytes, offset < size ? offset : size, text);
	}
	return 0;
}

/* Goes by the size: there may be no NUL behind the bytes. */
static bool is_blank(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r' && bytes[i] != '\n')
			return false;
	return true;
}

int json_tree_parse(const char *bytes, size_t size, enum json_text text, struct arena *arena,
		    struct json_node **ret_root, struct error *err)
{
	struct builder builder = { .arena = arena, .err = err, .text = text };
	yajl_handle handle;
	int result;

	if (size > JSON_SIZE_MAX)
		return error_set(err, 0, "larger than %u bytes", JSON_SIZE_MAX);
	if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		return error_set(err, 0, "not JSON: begins with a byte order mark");
	if (is_blank(bytes, size))
		return error_set(err, 0, "not JSON: empty");
	handle = yajl_alloc(&callbacks, NULL, &builder);
	if (!handle)
		return error_set(err, ENOMEM, "make a JSON parser");
	yajl_config(handle, yajl_dont_validate_strings,
		    1); /* our callbacks validate them, and name the place */
	result = tree_parse_with(handle, &builder, bytes, size);
	yajl_free(handle);
	if (result == 0)
		*ret_root = builder.root;
	return result;
}
