// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/base/json.h"
#include "core/base/json_tree.h"
#include "core/base/log.h"
#include "core/base/range_list.h"

/* Bytes of a value, or of a list of names, that an error shows at most. */
#define TEXT_SHOWN  64
#define NAMES_SHOWN 512

struct reader {
	struct arena *arena;
	struct error *err;
};

/* LIST_OF(anything) as memory. */
struct any_list {
	void *items;
	size_t count;
};

static int read_object(struct reader *reader, const struct json_place *place,
		       const struct json_node *node, const struct json_shape *shape, void *object);

static int __attribute__((format(printf, 3, 4)))
refuse_member(struct reader *reader, const struct json_place *place, const char *format, ...)
{
	char path[JSON_PATH_SIZE];
	char why[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	json_place_format(place, path);
	return error_set(reader->err, 0, "%s%s%s", path, *path ? ": " : "", why);
}

static int expect(struct reader *reader, const struct json_place *place,
		  const struct json_node *node, enum json_type type)
{
	if (node->type == type)
		return 0;
	return refuse_member(reader, place, "must be %s, not %s", json_type_name(type),
			     json_type_name(node->type));
}

static int expect_integer(struct reader *reader, const struct json_place *place,
			  const struct json_node *node)
{
	if (expect(reader, place, node, JSON_TYPE_NUMBER) < 0)
		return -1;
	if (!node->number.integral)
		return refuse_member(reader, place,
				     "must be an integer, without fraction or exponent");
	return 0;
}

static int read_i64(struct reader *reader, const struct json_place *place,
		    const struct json_node *node, const struct json_field *field,
		    int64_t *ret_value)
{
	int64_t max = field->max ? (int64_t)field->max : INT64_MAX;
	const struct json_number *number = &node->number;
	int64_t value;

	if (expect_integer(reader, place, node) < 0)
		return -1;
	/* In unsigned arithmetic, as -INT64_MIN doesn't fit. */
	value = (int64_t)(number->negative ? -number->magnitude : number->magnitude);
	if (!number->fits || number->magnitude > (uint64_t)INT64_MAX + number->negative ||
	    value < field->min || value > max)
		return refuse_member(reader, place,
				     "out of range: must be from %" PRId64 " to %" PRId64,
				     field->min, max);
	*ret_value = value;
	return 0;
}

static int read_u64(struct reader *reader, const struct json_place *place,
		    const struct json_node *node, uint64_t max, uint64_t *ret_value)
{
	const struct json_number *number = &node->number;

	if (expect_integer(reader, place, node) < 0)
		return -1;
	if (!number->fits || (number->negative && number->magnitude) || number->magnitude > max)
		return refuse_member(reader, place, "out of range: must be from 0 to %" PRIu64,
				     max);
	*ret_value = number->magnitude;
	return 0;
}

static int read_string(struct reader *reader, const struct json_place *place,
		       const struct json_node *node, char **ret_text)
{
	if (expect(reader, place, node, JSON_TYPE_STRING) < 0)
		return -1;
	*ret_text = (char *)node->text; /* the arena's, as the object is */
	return 0;
}

static int read_enum(struct reader *reader, const struct json_place *place,
		     const struct json_node *node, const struct json_field *field, int *ret_index)
{
	const char *const *names = field->names;
	char list[NAMES_SHOWN] = "";
	size_t used = 0;
	int index;

	if (expect(reader, place, node, JSON_TYPE_STRING) < 0)
		return -1;
	index = str_find(names, node->text);
	if (index >= 0) {
		*ret_index = index;
		return 0;
	}
	if (field->refusal)
		return refuse_member(reader, place, "\"%.*s\" %s", TEXT_SHOWN, node->text,
				     field->refusal);
	for (int i = 0; names[i] && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 names[i]);
	return refuse_member(reader, place, "\"%.*s\" is unknown: must be one of %s", TEXT_SHOWN,
			     node->text, list);
}

static int read_ranges(struct reader *reader, const struct json_place *place,
		       const struct json_node *node, const struct json_field *field,
		       range_list *ret_ranges)
{
	uint32_t max = field->max ? (uint32_t)field->max : UINT32_MAX;

	if (expect(reader, place, node, JSON_TYPE_STRING) < 0)
		return -1;
	if (range_list_parse(node->text, max, reader->arena, ret_ranges) < 0)
		return refuse_member(reader, place, "\"%.*s\" %s", TEXT_SHOWN, node->text,
				     field->refusal ? field->refusal
						    : "isn't a list such as 0-3,7");
	return 0;
}

static int read_string_map(struct reader *reader, const struct json_place *place,
			   const struct json_node *node, str_map *map)
{
	if (expect(reader, place, node, JSON_TYPE_OBJECT) < 0)
		return -1;
	if (node->count)
		map->items = arena_alloc(reader->arena, node->count * sizeof(*map->items));
	for (const struct json_node *member = node->first; member; member = member->next) {
		struct json_place at = { .up = place, .key = member->key };
		struct str_pair *pair = &map->items[map->count];

		if (member->type == JSON_TYPE_NULL)
			continue;
		if (error_gather(reader->err, read_string(reader, &at, member, &pair->value)) < 0)
			return -1;
		pair->name = (char *)member->key;
		map->count++;
	}
	return 0;
}

static int read_object_map(struct reader *reader, const struct json_place *place,
			   const struct json_node *node, const struct json_shape *shape,
			   struct any_list *list)
{
	if (expect(reader, place, node, JSON_TYPE_OBJECT) < 0)
		return -1;
	if (node->count)
		list->items = arena_alloc(reader->arena, node->count * shape->size);
	for (const struct json_node *member = node->first; member; member = member->next) {
		struct json_place at = { .up = place, .key = member->key };
		char *item = (char *)list->items + list->count * shape->size;

		if (member->type == JSON_TYPE_NULL)
			continue;
		if (error_gather(reader->err, read_object(reader, &at, member, shape, item)) < 0)
			return -1;
		memcpy(item, &member->key,
		       sizeof(member->key)); /* the first member, by the table's rule */
		list->count++;
	}
	return 0;
}

static size_t element_size(const struct json_field *field)
{
	switch (field->kind) {
	case JSON_LIST: return field->shape->size;
	case JSON_STRINGS: return sizeof(char *);
	case JSON_U32_LIST: return sizeof(uint32_t);
	default: return sizeof(int);
	}
}

static int read_element(struct reader *reader, const struct json_place *place,
			const struct json_node *node, const struct json_field *field, void *element)
{
	uint64_t number = 0;

	switch (field->kind) {
	case JSON_LIST: return read_object(reader, place, node, field->shape, element);
	case JSON_STRINGS: return read_string(reader, place, node, element);
	case JSON_U32_LIST:
		if (read_u64(reader, place, node, field->max ? field->max : UINT32_MAX, &number) <
		    0)
			return -1;
		*(uint32_t *)element = (uint32_t)number;
		return 0;
	default: return read_enum(reader, place, node, field, element);
	}
}

static int read_list(struct reader *reader, const struct json_place *place,
		     const struct json_node *node, const struct json_field *field,
		     struct any_list *list)
{
	size_t size = element_size(field);

	if (expect(reader, place, node, JSON_TYPE_ARRAY) < 0)
		return -1;
	if (node->count)
		list->items = arena_alloc(reader->arena, node->count * size);
	for (const struct json_node *child = node->first; child; child = child->next) {
		struct json_place at = { .up = place, .index = list->count };

		if (error_gather(reader->err,
				 read_element(reader, &at, child, field,
					      (char *)list->items + list->count * size)) < 0)
			return -1;
		list->count++;
	}
	return 0;
}

/* One name of an array of JSON_BITS. */
static int read_bit(struct reader *reader, const struct json_place *place,
		    const struct json_node *node, const struct json_field *field, uint64_t *bits)
{
	char path[JSON_PATH_SIZE];
	int bit = -1;

	if (!field->tolerant) {
		if (read_enum(reader, place, node, field, &bit) < 0)
			return -1;
	} else if (expect(reader, place, node, JSON_TYPE_STRING) < 0) {
		return -1;
	} else {
		bit = str_find_any_case(field->names, node->text);
	}
	if (bit >= 0) {
		*bits |= UINT64_C(1) << bit;
		return 0;
	}
	json_place_format(place, path);
	log_warning("%s: unknown %s %.*s is ignored", path, field->tolerant, TEXT_SHOWN,
		    node->text);
	return 0;
}

static int read_bits(struct reader *reader, const struct json_place *place,
		     const struct json_node *node, const struct json_field *field,
		     uint64_t *ret_bits)
{
	struct json_place at = { .up = place };

	if (expect(reader, place, node, JSON_TYPE_ARRAY) < 0)
		return -1;
	for (const struct json_node *child = node->first; child; child = child->next, at.index++)
		if (error_gather(reader->err, read_bit(reader, &at, child, field, ret_bits)) < 0)
			return -1;
	return 0;
}

static int read_word(struct reader *reader, const struct json_place *place,
		     const struct json_node *node, const struct json_field *field, void *member)
{
	char *text;

	if (read_string(reader, place, node, &text) < 0)
		return -1;
	if (field->words->read(&(struct str_list){ &text, 1 }, reader->arena, member) == 0)
		return 0;
	return refuse_member(reader, place, "\"%.*s\" %s", TEXT_SHOWN, text, field->refusal);
}

static size_t gathered_count(const struct error *err)
{
	return err->all ? err->all->count : 0;
}

static int read_words(struct reader *reader, const struct json_place *place,
		      const struct json_node *node, const struct json_field *field, void *member)
{
	static const struct json_field strings = { .kind = JSON_STRINGS };
	size_t gathered = gathered_count(reader->err);
	struct any_list list = { 0 };
	struct str_list words;

	if (read_list(reader, place, node, &strings, &list) < 0)
		return -1;
	/* The place of one that is no string is empty. */
	if (gathered_count(reader->err) > gathered)
		return 0;
	words = (struct str_list){ list.items, list.count };
	return field->words->read(&words, reader->arena, member);
}

static int read_pointed(struct reader *reader, const struct json_place *place,
			const struct json_node *node, const struct json_shape *shape, void **member)
{
	*member = arena_alloc(reader->arena, shape->size);
	return read_object(reader, place, node, shape, *member);
}

static int read_bool(struct reader *reader, const struct json_place *place,
		     const struct json_node *node, bool *ret_value)
{
	if (expect(reader, place, node, JSON_TYPE_BOOL) < 0)
		return -1;
	*ret_value = node->truth;
	return 0;
}

static int read_member(struct reader *reader, const struct json_place *place,
		       const struct json_node *node, const struct json_field *field, void *member)
{
	struct opt_bool *opt_bool = member;
	struct opt_i64 *opt_i64 = member;
	struct opt_u64 *opt_u64 = member;

	switch (field->kind) {
	case JSON_BOOL: return read_bool(reader, place, node, member);
	case JSON_OPT_BOOL:
		opt_bool->set = true;
		return read_bool(reader, place, node, &opt_bool->value);
	case JSON_STRING: return read_string(reader, place, node, member);
	case JSON_I64:
		opt_i64->set = true;
		return read_i64(reader, place, node, field, &opt_i64->value);
	case JSON_U64:
		opt_u64->set = true;
		return read_u64(reader, place, node, field->max ? field->max : UINT64_MAX,
				&opt_u64->value);
	case JSON_ENUM: return read_enum(reader, place, node, field, member);
	case JSON_RANGES: return read_ranges(reader, place, node, field, member);
	case JSON_OBJECT: return read_pointed(reader, place, node, field->shape, member);
	case JSON_LIST:
	case JSON_STRINGS:
	case JSON_U32_LIST:
	case JSON_ENUM_LIST: return read_list(reader, place, node, field, member);
	case JSON_BITS: return read_bits(reader, place, node, field, member);
	case JSON_WORD: return read_word(reader, place, node, field, member);
	case JSON_WORDS: return read_words(reader, place, node, field, member);
	case JSON_STRING_MAP: return read_string_map(reader, place, node, member);
	case JSON_OBJECT_MAP: return read_object_map(reader, place, node, field->shape, member);
	}
	return refuse_member(reader, place, "of no kind that can be read");
}

static const struct json_node *find_member(const struct json_node *object, const char *name)
{
	size_t size = strlen(name);

	for (const struct json_node *node = object->first; node; node = node->next)
		if (node->key_size == size && memcmp(node->key, name, size) == 0)
			return node->type == JSON_TYPE_NULL ? NULL : node;
	return NULL;
}

static int read_object(struct reader *reader, const struct json_place *place,
		       const struct json_node *node, const struct json_shape *shape, void *object)
{
	if (expect(reader, place, node, JSON_TYPE_OBJECT) < 0)
		return -1;
	for (size_t i = 0; i < shape->count; i++) {
		const struct json_field *field = &shape->fields[i];
		const struct json_node *found = find_member(node, field->name);
		struct json_place at = { .up = place, .key = field->name };
		void *member = (char *)object + field->offset;

		if (field->kind == JSON_ENUM)
			*(int *)member = -1;
		if (!found && field->required &&
		    error_gather(reader->err, refuse_member(reader, &at, "missing")) < 0)
			return -1;
		if (found &&
		    error_gather(reader->err, read_member(reader, &at, found, field, member)) < 0)
			return -1;
	}
	return 0;
}

int json_tree_read(const struct json_node *root, const struct json_shape *shape, void *object,
		   struct arena *arena, struct error *err)
{
	struct reader reader = { .arena = arena, .err = err };
	struct json_place outermost = { 0 };
	size_t gathered = gathered_count(err);

	memset(object, 0, shape->size);
	if (read_object(&reader, &outermost, root, shape, object) < 0)
		return -1;
	/* An object with gathered errors is incomplete and must not be used. */
	return gathered_count(err) > gathered ? -1 : 0;
}

static int read_document(const char *bytes, size_t size, enum json_text text,
			 const struct json_shape *shape, void *object, struct arena *arena,
			 struct error *err)
{
	struct json_node *root;

	memset(object, 0, shape->size);
	if (json_tree_parse(bytes, size, text, arena, &root, err) < 0)
		return -1;
	return json_tree_read(root, shape, object, arena, err);
}

const char *str_map_value(const str_map *map, const char *name)
{
	for (size_t i = 0; i < map->count; i++)
		if (str_equal(map->items[i].name, name))
			return map->items[i].value;
	return NULL;
}

int json_read(const char *bytes, size_t size, const struct json_shape *shape, void *object,
	      struct arena *arena, struct error *err)
{
	return read_document(bytes, size, JSON_TEXT_UTF8, shape, object, arena, err);
}

int json_read_own(const char *bytes, size_t size, const struct json_shape *shape, void *object,
		  struct arena *arena, struct error *err)
{
	return read_document(bytes, size, JSON_TEXT_BYTES, shape, object, arena, err);
}

/* Writes the object and parses it again: the parser knows the places. */
int json_check_text(const struct json_shape *shape, const void *object, struct error *err)
{
	autostrbuf struct strbuf text = { 0 };
	struct arena arena = { 0 };
	struct json_node *root;
	int result;

	json_write(shape, object, JSON_OWN, &text);
	result = json_tree_parse(text.bytes, text.size, JSON_TEXT_UTF8, &arena, &root, err);
	arena_release(&arena);
	return result;
}
