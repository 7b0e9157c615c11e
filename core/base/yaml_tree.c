// SPDX-License-Identifier: Apache-2.0
#include "core/base/yaml_tree.h"

#include <string.h>

#include "core/base/json.h"

#ifdef URUN_READS_YAML

#include <errno.h>
#include <stdbool.h>
#include <yaml.h>

#include "core/base/json_builder.h"
#include "core/base/str.h"

/* Source: YAML 1.2.2, 10.3.2 "Tag Resolution" of the core schema. */
static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
static const char *const truths[] = { "true", "True", "TRUE", NULL };
static const char *const lies[] = { "false", "False", "FALSE", NULL };

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/*
 * Is it a number of JSON?  What is a number of YAML alone (+1, 017, .5, .inf) stays a string: where a
 * number is expected, the reader refuses it, and so nobody reads 017 as 15 and another as 17.
 */
static bool is_json_number(const char *text)
{
	size_t digits;

	text += *text == '-';
	digits = count_digits(text);
	if (digits == 0 || (digits > 1 && *text == '0'))
		return false;
	text += digits;
	if (*text == '.') {
		digits = count_digits(++text);
		if (digits == 0)
			return false;
		text += digits;
	}
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		digits = count_digits(text);
		if (digits == 0)
			return false;
		text += digits;
	}
	return *text == '\0';
}

static int add_plain(struct json_builder *builder, const char *text, size_t size)
{
	if (strlen(text) != size)
		return json_builder_string(builder, (const unsigned char *)text, size);
	if (str_find(nulls, text) >= 0)
		return json_builder_null(builder);
	if (str_find(truths, text) >= 0 || str_find(lies, text) >= 0)
		return json_builder_boolean(builder, str_find(truths, text) >= 0);
	if (is_json_number(text))
		return json_builder_number(builder, text, size);
	return json_builder_string(builder, (const unsigned char *)text, size);
}

/* Is the next event the key of a mapping? */
static bool expects_key(const struct json_builder *builder)
{
	const struct json_level *level =
		builder->depth ? &builder->levels[builder->depth - 1] : NULL;

	return level && level->node->type == JSON_TYPE_OBJECT && !level->key;
}

static int add_scalar(struct json_builder *builder, const yaml_event_t *event)
{
	const unsigned char *text = event->data.scalar.value;
	size_t size = event->data.scalar.length;
	const char *tag = (const char *)event->data.scalar.tag;

	/* "!" says of a plain scalar that it is a string. */
	if (tag && !str_equal(tag, YAML_STR_TAG) && !str_equal(tag, "!"))
		return json_builder_refuse(builder, "tags are not taken");
	if (expects_key(builder))
		return json_builder_key(builder, text, size);
	if (event->data.scalar.plain_implicit && !tag)
		return add_plain(builder, (const char *)text, size);
	return json_builder_string(builder, text, size);
}

static int start_collection(struct json_builder *builder, const yaml_char_t *tag,
			    int (*start)(void *context))
{
	if (tag)
		return json_builder_refuse(builder, "tags are not taken");
	if (expects_key(builder))
		return json_builder_refuse(builder, "a key must be a scalar");
	return start(builder);
}

static int add_yaml_event(struct json_builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return builder->root ? json_builder_refuse(builder, "more than one document") : 1;
	case YAML_ALIAS_EVENT: return json_builder_refuse(builder, "aliases are not taken");
	case YAML_SCALAR_EVENT: return add_scalar(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return start_collection(builder, event->data.sequence_start.tag,
					json_builder_start_array);
	case YAML_SEQUENCE_END_EVENT: return json_builder_end_array(builder);
	case YAML_MAPPING_START_EVENT:
		return start_collection(builder, event->data.mapping_start.tag,
					json_builder_start_object);
	case YAML_MAPPING_END_EVENT: return json_builder_end_object(builder);
	default: return 1;
	}
}

/* Lines and columns count from 1. */
static int refuse_grammar(const yaml_parser_t *parser, struct error *err)
{
	return error_set(err, 0, "not YAML: line %zu, column %zu: %s",
			 parser->problem_mark.line + 1, parser->problem_mark.column + 1,
			 parser->problem ? parser->problem : "no memory");
}

static int parse_yaml_events(yaml_parser_t *parser, struct json_builder *builder)
{
	bool ended = false;

	while (!ended) {
		yaml_event_t event;
		int taken;

		if (!yaml_parser_parse(parser, &event))
			return refuse_grammar(parser, builder->err);
		ended = event.type == YAML_STREAM_END_EVENT;
		taken = add_yaml_event(builder, &event);
		yaml_event_delete(&event);
		if (!taken)
			return -1;
	}
	return builder->root ? 0 : error_set(builder->err, 0, "not YAML: empty");
}

int yaml_tree_parse(const char *bytes, size_t size, struct arena *arena,
		    struct json_node **ret_root, struct error *err)
{
	struct json_builder builder = { .arena = arena, .err = err, .text = JSON_TEXT_UTF8 };
	yaml_parser_t parser;
	int result;

	if (size > JSON_SIZE_MAX)
		return error_set(err, 0, "larger than %u bytes", JSON_SIZE_MAX);
	if (!yaml_parser_initialize(&parser))
		return error_set(err, ENOMEM, "make a YAML parser");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
	result = parse_yaml_events(&parser, &builder);
	yaml_parser_delete(&parser);
	if (result == 0)
		*ret_root = builder.root;
	return result;
}

#else

int yaml_tree_parse(const char *bytes, size_t size, struct arena *arena,
		    struct json_node **ret_root, struct error *err)
{
	(void)bytes, (void)size, (void)arena, (void)ret_root;
	return error_set(err, 0, "this urun was built without --with-yaml, and reads JSON alone");
}

#endif

/* Here, and not beside json_read(): programs that read JSON alone are linked without libyaml. */
int yaml_read(const char *bytes, size_t size, const struct json_shape *shape, void *object,
	      struct arena *arena, struct error *err)
{
	struct json_node *root = NULL;

	memset(object, 0, shape->size);
	if (yaml_tree_parse(bytes, size, arena, &root, err) < 0)
		return -1;
	return json_tree_read(root, shape, object, arena, err);
}
