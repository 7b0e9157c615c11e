// SPDX-License-Identifier: Apache-2.0
#include "core/base/json_tree.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "core/base/json.h"
#include "core/base/json_builder.h"
#include "core/base/str.h"

static const yajl_callbacks callbacks = {
	.yajl_null = json_builder_null,
	.yajl_boolean = json_builder_boolean,
	.yajl_number = json_builder_number,
	.yajl_string = json_builder_string,
	.yajl_start_map = json_builder_start_object,
	.yajl_map_key = json_builder_key,
	.yajl_end_map = json_builder_end_object,
	.yajl_start_array = json_builder_start_array,
	.yajl_end_array = json_builder_end_array,
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

static int tree_parse_with(yajl_handle handle, struct json_builder *builder, const char *bytes,
			   size_t size)
{
	size_t sound = find_lone_surrogate(bytes, size);
	yajl_status status = yajl_parse(handle, (const unsigned char *)bytes, sound);
	size_t offset = yajl_get_bytes_consumed(handle);

	if (status == yajl_status_ok && sound < size) {
		json_builder_refuse(builder, "half a surrogate pair in a string");
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
	struct json_builder builder = { .arena = arena, .err = err, .text = text };
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
