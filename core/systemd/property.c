// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-systemd.
#include "core/systemd/property.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>

#include "core/base/number.h"
#include "core/base/range_list.h"
#include "core/base/span.h"
#include "core/base/str.h"
#include "core/base/utf8.h"

/*
 * Above the highest CPU and memory node that a kernel can have (CONFIG_NR_CPUS,
 * CONFIG_NODES_SHIFT).
 */
#define SET_MAX 8191

enum form {
	FORM_TEXT,
	FORM_TRUTH,
	FORM_AMOUNT,  /* u64 or "infinity" */
	FORM_SET,     /* of CPUs or memory nodes */
	FORM_DEVICES, /* "DEVICE ACCESS,…" */
	FORM_ANNOTATION,
};

static const struct {
	const char *name;
	enum form form;
} known_properties[] = {
	{ "Description", FORM_TEXT },
	{ "Slice", FORM_TEXT },
	{ "Delegate", FORM_TRUTH },
	{ "DefaultDependencies", FORM_TRUTH },
	{ "CollectMode", FORM_TEXT },
	{ "MemoryMax", FORM_AMOUNT },
	{ "MemoryLow", FORM_AMOUNT },
	{ "MemoryHigh", FORM_AMOUNT },
	{ "MemorySwapMax", FORM_AMOUNT },
	{ "CPUWeight", FORM_AMOUNT },
	{ "CPUQuotaPerSecUSec", FORM_AMOUNT },
	{ "CPUQuotaPeriodUSec", FORM_AMOUNT },
	{ "TasksMax", FORM_AMOUNT },
	{ "IOWeight", FORM_AMOUNT },
	{ "AllowedCPUs", FORM_SET },
	{ "AllowedMemoryNodes", FORM_SET },
	{ "DevicePolicy", FORM_TEXT },
	{ "DeviceAllow", FORM_DEVICES },
};

/* How the error describes a value of the form. */
static const char *const form_names[] = {
	[FORM_TEXT] = "a text",
	[FORM_TRUTH] = "true or false",
	[FORM_AMOUNT] = "a number of 64 bits or infinity",
	[FORM_SET] = "a list such as 0-3,7",
	[FORM_DEVICES] = "a list such as /dev/char/1:3 rwm,char-136 rw",
	[FORM_ANNOTATION] = "true, false, a number, or texts in quotes, as GVariant writes it",
};

void property_release(struct property *property)
{
	if (!property)
		return;
	for (size_t i = 0; i < property->text_count; i++)
		free(property->texts[i]);
	free(property->texts);
	free(property->bytes);
	free(property->name);
	*property = PROPERTY_NONE;
}

static int property_add_text(struct property *property, const char *bytes, size_t size)
{
	if (!utf8_is_valid((const unsigned char *)bytes, size))
		return -EINVAL;
	property->texts =
		mem_resize(property->texts, property->text_count + 2, sizeof(*property->texts));
	property->texts[property->text_count++] = str_dup_n(bytes, size);
	property->texts[property->text_count] = NULL;
	return 0;
}

/* ---- values of annotations: the part of GVariant's text format that scopes need ---- */

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Adds the quoted text at the front of *@rest to the property, and moves *@rest behind it. */
static int parse_quoted(const char **rest, struct property *property)
{
	static const char escapes[] = "n\nt\t\\\\'\'\"\"";
	autostrbuf struct strbuf text = { 0 };
	const char *next = *rest;
	char quote = *next++;

	if (quote != '\'' && quote != '"')
		return -EINVAL;
	strbuf_add_str(&text, "");
	for (; *next && *next != quote; next++) {
		const char *meaning = next;

		if (*next == '\\') {
			size_t i = 0;

			next++;
			while (escapes[i] && escapes[i] != *next)
				i += 2;
			if (!escapes[i])
				return -EINVAL;
			meaning = &escapes[i + 1];
		}
		strbuf_add(&text, meaning, 1);
	}
	if (!*next)
		return -EINVAL;
	*rest = next + 1;
	return property_add_text(property, text.bytes, text.size);
}

static int parse_text(const char *value, struct property *property)
{
	property->signature = "s";
	if (parse_quoted(&value, property) < 0 || *value)
		return -EINVAL;
	return 0;
}

/* An empty list is refused, as in GVariant, since its type would be unknown. */
static int parse_texts(const char *value, struct property *property)
{
	property->signature = "as";
	if (*value != '[')
		return -EINVAL;
	do {
		value = skip_blanks(value + 1);
		if (parse_quoted(&value, property) < 0)
			return -EINVAL;
		value = skip_blanks(value);
	} while (*value == ',');
	return *value == ']' && !value[1] ? 0 : -EINVAL;
}

static int parse_truth(const char *value, struct property *property)
{
	property->signature = "b";
	property->number = strcmp(value, "true") == 0;
	return property->number || strcmp(value, "false") == 0 ? 0 : -EINVAL;
}

static int parse_integer(const char *value, struct property *property)
{
	static const struct {
		const char *type;
		const char *signature;
		int64_t min;
		uint64_t max;
	} types[] = {
		{ "int32 ", "i", INT32_MIN, INT32_MAX }, { "uint32 ", "u", 0, UINT32_MAX },
		{ "int64 ", "x", INT64_MIN, INT64_MAX }, { "uint64 ", "t", 0, UINT64_MAX },
		{ "", "i", INT32_MIN, INT32_MAX },
	};
	size_t i = 0;
	int64_t negative;

	while (!str_starts_with(value, types[i].type))
		i++;
	value = skip_blanks(value + strlen(types[i].type));
	property->signature = types[i].signature;
	if (*value != '-')
		return number_parse_u64(value, types[i].max, &property->number);
	if (number_parse_i64(value, types[i].min, 0, &negative) < 0)
		return -EINVAL;
	property->number = (uint64_t)negative;
	return 0;
}

static int parse_annotation(const char *value, struct property *property)
{
	switch (*value) {
	case '\'':
	case '"': return parse_text(value, property);
	case '[': return parse_texts(value, property);
	case 't':
	case 'f': return parse_truth(value, property);
	default: return parse_integer(value, property);
	}
}

/* ---- values of the properties that urun sets ---- */

static int parse_amount(const char *value, struct property *property)
{
	if (str_starts_with(value, "uint64 "))
		return parse_integer(value, property);
	property->signature = "t";
	if (strcmp(value, "infinity") == 0) {
		property->number = UINT64_MAX;
		return 0;
	}
	return number_parse_u64(value, UINT64_MAX, &property->number);
}

/* Bit N % 8 of byte N / 8 is CPU N.  Source: systemd's cpu_set_to_dbus(). */
static int parse_set(const char *value, struct property *property)
{
	struct arena arena = { 0 };
	range_list list = { 0 };
	int failed = range_list_parse(value, SET_MAX, &arena, &list);

	property->signature = "ay";
	property->bytes = mem_alloc(SET_MAX / 8 + 1);
	for (size_t i = 0; i < list.count; i++) {
		for (uint32_t n = list.items[i].first; n <= list.items[i].last; n++)
			property->bytes[n / 8] |= (uint8_t)(1u << n % 8);
		if (property->byte_count < list.items[i].last / 8 + 1)
			property->byte_count = list.items[i].last / 8 + 1;
	}
	arena_release(&arena);
	return failed;
}

/* Source: org.freedesktop.systemd1(5), DeviceAllow. */
static int parse_devices(const char *value, struct property *property)
{
	struct span rest = { value, strlen(value) }, entry, device;

	property->signature = "a(ss)";
	while (span_cut(&rest, ',', &entry)) {
		if (!span_cut(&entry, ' ', &device) || device.size == 0 || entry.size == 0 ||
		    property_add_text(property, device.bytes, device.size) < 0 ||
		    property_add_text(property, entry.bytes, entry.size) < 0)
			return -EINVAL;
	}
	return 0;
}

static int parse_value(enum form form, const char *value, struct property *property)
{
	switch (form) {
	case FORM_TEXT:
		if (*value == '\'' || *value == '"')
			return parse_text(value, property);
		property->signature = "s";
		return property_add_text(property, value, strlen(value));
	case FORM_TRUTH: return parse_truth(value, property);
	case FORM_AMOUNT: return parse_amount(value, property);
	case FORM_SET: return parse_set(value, property);
	case FORM_DEVICES: return parse_devices(value, property);
	default: return parse_annotation(value, property);
	}
}

/* ---- names ---- */

/* True for TimeoutStopSec, false for TimeoutStopUSec. */
static bool is_in_seconds(const char *name)
{
	size_t length = strlen(name);

	return length > 3 && strcmp(name + length - 3, "Sec") == 0 &&
	       islower((unsigned char)name[length - 4]);
}

static int seconds_to_microseconds(struct property *property, struct error *err)
{
	bool is_signed = strchr("ix", property->signature[0]);
	char *name;

	if (!strchr("iuxt", property->signature[0]) ||
	    (is_signed && (int64_t)property->number < 0) ||
	    __builtin_mul_overflow(property->number, 1000000, &property->number))
		return error_set(err, 0, "property %s: not a whole number of seconds",
				 property->name);
	name = str_format("%.*sUSec", (int)strlen(property->name) - 3, property->name);
	free(property->name);
	property->name = name;
	property->signature = "t";
	return 0;
}

int property_parse(const char *argument, struct property *ret_property, struct error *err)
{
	autoproperty struct property property = PROPERTY_NONE;
	autofree char *value = NULL;
	const char *equals = strchr(argument, '=');
	enum form form = FORM_ANNOTATION;
	struct span trimmed;
	size_t length = 0;

	if (!equals)
		return error_set(err, 0, "property '%s': not of the form NAME=VALUE", argument);
	property.name = str_dup_n(argument, (size_t)(equals - argument));
	while (isalnum((unsigned char)property.name[length]))
		length++;
	if (!isalpha((unsigned char)property.name[0]) || property.name[length])
		return error_set(err, 0, "property '%s': not a property's name", property.name);
	trimmed = span_trim((struct span){ .bytes = equals + 1, .size = strlen(equals + 1) });
	value = str_dup_n(trimmed.bytes, trimmed.size);
	for (size_t i = 0; i < ARRAY_SIZE(known_properties); i++)
		if (strcmp(known_properties[i].name, property.name) == 0)
			form = known_properties[i].form;
	if (parse_value(form, value, &property) < 0)
		return error_set(err, 0, "property %s: '%s' is not %s", property.name, value,
				 form_names[form]);
	if (form == FORM_ANNOTATION && is_in_seconds(property.name) &&
	    seconds_to_microseconds(&property, err) < 0)
		return -1;
	*ret_property = property;
	property = PROPERTY_NONE;
	return 0;
}
