// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "core/base/json.h"
#include "core/base/range_list.h"
#include "core/base/utf8.h"

#define INDENT "    "

struct writer {
	struct strbuf *out;
	enum json_style style;
	unsigned int depth;
	bool empty; /* the array or object that is open has no child yet */
};

/* LIST_OF(anything) as memory. */
struct any_list {
	void *items;
	size_t count;
};

static void write_members(struct writer *writer, const struct json_shape *shape,
			  const void *object);

static void write_text(const char *text, enum json_style style, struct strbuf *out);

static void add_string(struct writer *writer, const char *text)
{
	write_text(text, writer->style, writer->out);
}

static void new_line(struct writer *writer)
{
	if (writer->style != JSON_INDENTED)
		return;
	strbuf_add_str(writer->out, "\n");
	for (unsigned int i = 0; i < writer->depth; i++)
		strbuf_add_str(writer->out, INDENT);
}

static void json_begin(struct writer *writer, const char *bracket)
{
	strbuf_add_str(writer->out, bracket);
	writer->depth++;
	writer->empty = true;
}

static void end(struct writer *writer, const char *bracket)
{
	writer->depth--;
	if (!writer->empty)
		new_line(writer);
	strbuf_add_str(writer->out, bracket);
	writer->empty = false; /* the array or object around has this child */
}

/* Called before each element and each member. */
static void next(struct writer *writer)
{
	if (!writer->empty)
		strbuf_add_str(writer->out, ",");
	writer->empty = false;
	new_line(writer);
}

static void next_key(struct writer *writer, const char *key)
{
	next(writer);
	add_string(writer, key);
	strbuf_add_str(writer->out, writer->style == JSON_INDENTED ? ": " : ":");
}

static void write_bool(struct writer *writer, bool value)
{
	strbuf_add_str(writer->out, value ? "true" : "false");
}

static void write_object(struct writer *writer, const struct json_shape *shape, const void *object)
{
	json_begin(writer, "{");
	write_members(writer, shape, object);
	end(writer, "}");
}

static void write_element(struct writer *writer, const struct json_field *field,
			  const struct any_list *list, size_t i)
{
	switch (field->kind) {
	case JSON_LIST:
		write_object(writer, field->shape,
			     (const char *)list->items + i * field->shape->size);
		break;
	case JSON_STRINGS: add_string(writer, ((char *const *)list->items)[i]); break;
	case JSON_U32_LIST:
		strbuf_addf(writer->out, "%" PRIu32, ((const uint32_t *)list->items)[i]);
		break;
	default: add_string(writer, field->names[((const int *)list->items)[i]]); break;
	}
}

static void write_list(struct writer *writer, const struct json_field *field,
		       const struct any_list *list)
{
	json_begin(writer, "[");
	for (size_t i = 0; i < list->count; i++) {
		next(writer);
		write_element(writer, field, list, i);
	}
	end(writer, "]");
}

static void write_bits(struct writer *writer, const struct json_field *field, uint64_t bits)
{
	json_begin(writer, "[");
	for (int bit = 0; field->names[bit]; bit++)
		if (bits & UINT64_C(1) << bit) {
			next(writer);
			add_string(writer, field->names[bit]);
		}
	end(writer, "]");
}

static void write_string_map(struct writer *writer, const str_map *map)
{
	json_begin(writer, "{");
	for (size_t i = 0; i < map->count; i++) {
		next_key(writer, map->items[i].name);
		add_string(writer, map->items[i].value);
	}
	end(writer, "}");
}

static void write_object_map(struct writer *writer, const struct json_shape *shape,
			     const struct any_list *list)
{
	json_begin(writer, "{");
	for (size_t i = 0; i < list->count; i++) {
		const void *item = (const char *)list->items + i * shape->size;

		next_key(writer, *(char *const *)item); /* the first member, by the table's rule */
		write_object(writer, shape, item);
	}
	end(writer, "}");
}

static bool member_is_given(const struct json_field *field, const void *member)
{
	switch (field->kind) {
	case JSON_BOOL: return field->required || *(const bool *)member;
	case JSON_OPT_BOOL: return ((const struct opt_bool *)member)->set;
	case JSON_I64: return ((const struct opt_i64 *)member)->set;
	case JSON_U64: return ((const struct opt_u64 *)member)->set;
	case JSON_ENUM: return *(const int *)member >= 0;
	case JSON_BITS: return *(const uint64_t *)member != 0;
	case JSON_STRING:
	case JSON_OBJECT: return *(void *const *)member != NULL;
	default: return ((const struct any_list *)member)->count > 0;
	}
}

static void write_value(struct writer *writer, const struct json_field *field, const void *member)
{
	switch (field->kind) {
	case JSON_BOOL: write_bool(writer, *(const bool *)member); break;
	case JSON_OPT_BOOL: write_bool(writer, ((const struct opt_bool *)member)->value); break;
	case JSON_STRING: add_string(writer, *(char *const *)member); break;
	case JSON_I64:
		strbuf_addf(writer->out, "%" PRId64, ((const struct opt_i64 *)member)->value);
		break;
	case JSON_U64:
		strbuf_addf(writer->out, "%" PRIu64, ((const struct opt_u64 *)member)->value);
		break;
	case JSON_ENUM: add_string(writer, field->names[*(const int *)member]); break;
	case JSON_RANGES:
		strbuf_add_str(writer->out, "\"");
		range_list_print(member, writer->out);
		strbuf_add_str(writer->out, "\"");
		break;
	case JSON_OBJECT: write_object(writer, field->shape, *(void *const *)member); break;
	case JSON_LIST:
	case JSON_STRINGS:
	case JSON_U32_LIST:
	case JSON_ENUM_LIST: write_list(writer, field, member); break;
	case JSON_BITS: write_bits(writer, field, *(const uint64_t *)member); break;
	case JSON_STRING_MAP: write_string_map(writer, member); break;
	case JSON_OBJECT_MAP: write_object_map(writer, field->shape, member); break;
	case JSON_WORD:
	case JSON_WORDS: break; /* write_words() */
	}
}

/* With its key, as only the words tell whether the member is given. */
static void write_words(struct writer *writer, const struct json_field *field, const void *member)
{
	static const struct json_field strings = { .kind = JSON_STRINGS };
	struct arena arena = { 0 };
	struct str_list words = { 0 };

	field->words->write(member, &arena, &words);
	if (words.count) {
		next_key(writer, field->name);
		if (field->kind == JSON_WORD)
			add_string(writer, words.items[0]);
		else
			write_list(writer, &strings,
				   &(struct any_list){ words.items, words.count });
	}
	arena_release(&arena);
}

static void write_members(struct writer *writer, const struct json_shape *shape, const void *object)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct json_field *field = &shape->fields[i];
		const void *member = (const char *)object + field->offset;

		if (field->kind == JSON_WORD || field->kind == JSON_WORDS) {
			write_words(writer, field, member);
			continue;
		}
		if (!member_is_given(field, member))
			continue;
		next_key(writer, field->name);
		write_value(writer, field, member);
	}
}

void json_write(const struct json_shape *shape, const void *object, enum json_style style,
		struct strbuf *out)
{
	struct writer writer = { .out = out, .style = style, .empty = true };

	write_object(&writer, shape, object);
	if (style == JSON_INDENTED)
		strbuf_add_str(out, "\n");
}

/* The two-character escape of a byte, or 0. */
static char short_escape(unsigned char byte)
{
	switch (byte) {
	case '"':
	case '\\': return (char)byte;
	case '\b': return 'b';
	case '\f': return 'f';
	case '\n': return 'n';
	case '\r': return 'r';
	case '\t': return 't';
	default: return 0;
	}
}

static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

/* \u and four digits; beyond U+FFFF a pair of surrogates.  Source: RFC 8259, section 7. */
static void write_escaped_number(uint32_t code, struct strbuf *out)
{
	if (code > 0xffff) {
		strbuf_addf(out, "\\u%04x", 0xd800 + ((code - 0x10000) >> 10));
		code = 0xdc00 + ((code - 0x10000) & 0x3ff);
	}
	strbuf_addf(out, "\\u%04x", code);
}

/*
 * Writes one character that needs an escape; returns its length in @text.  A character that isn't
 * printable is written as its number, since a bundle's annotations are printed on terminals.
 */
static size_t write_special(const unsigned char *text, size_t left, enum json_style style,
			    struct strbuf *out)
{
	size_t length = utf8_length(text, left);
	char escape = short_escape(text[0]);

	if (length == 0 && style == JSON_OWN)
		strbuf_add(out, text, 1);
	else if (length == 0)
		strbuf_add_str(out, "\xef\xbf\xbd");
	else if (escape)
		strbuf_add(out, (char[]){ '\\', escape }, 2);
	else if (!utf8_is_printable(utf8_decode(text, length)))
		write_escaped_number(utf8_decode(text, length), out);
	else
		strbuf_add(out, text, length);
	return length ? length : 1;
}

static void write_text(const char *text, enum json_style style, struct strbuf *out)
{
	const unsigned char *rest = (const unsigned char *)text;
	size_t left = strlen(text);

	strbuf_add_str(out, "\"");
	while (left) {
		size_t run = 0;

		while (run < left && is_plain(rest[run]))
			run++;
		strbuf_add(out, rest, run);
		if (run < left)
			run += write_special(rest + run, left - run, style, out);
		rest += run;
		left -= run;
	}
	strbuf_add_str(out, "\"");
}

void json_write_string(const char *text, struct strbuf *out)
{
	write_text(text, JSON_COMPACT, out);
}
