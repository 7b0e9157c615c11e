// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/image_store.h"
#include "cmd/list_table.h"
#include "cmd/podman_words.h"
#include "core/base/json.h"
#include "core/base/size.h"
#include "core/base/str.h"
#include "core/base/utf8.h"

struct images_options {
	const char *format;
	bool json;
	bool quiet;
	bool no_trunc;
};

/* The digits of an id that the table shows, as podman and docker do. */
#define ID_DIGITS 12

/* ---- the table ---- */

#define IMAGE_COLUMNS 5
#define COLUMN_GAP    2

struct image_row {
	char *cells[IMAGE_COLUMNS];
};

struct image_table {
	struct image_row *rows;
	size_t count;
};

static void add_image_row(int store, const struct store_image *image,
			  const struct images_options *options, struct image_table *table)
{
	struct strbuf name = { 0 }, size = { 0 }, age = { 0 };
	char platform[PLATFORM_TEXT_SIZE];
	const char *hex = image->config.hex;

	utf8_escape(image->name, &name);
	list_print_age(image->pulled, time(NULL), &age);
	size_print(store_image_size(store, image), SIZE_SHORT, &size);
	platform_print(&image->platform, platform);
	table->rows = mem_resize(table->rows, table->count + 1, sizeof(*table->rows));
	table->rows[table->count++] = (struct image_row){ {
		name.bytes,
		options->no_trunc ? str_format("sha256:%s", hex)
				  : str_format("%.*s", ID_DIGITS, hex),
		age.bytes,
		size.bytes,
		str_dup(platform),
	} };
}

static void print_image_table(const struct image_table *table, struct strbuf *out)
{
	static const char *const heads[IMAGE_COLUMNS] = { "IMAGE", "ID", "PULLED", "SIZE",
							  "PLATFORM" };
	size_t widths[IMAGE_COLUMNS];

	for (size_t column = 0; column < IMAGE_COLUMNS; column++) {
		widths[column] = strlen(heads[column]);
		for (size_t row = 0; row < table->count; row++) {
			const char *text = table->rows[row].cells[column];
			size_t width = utf8_columns(text, strlen(text));

			widths[column] = width > widths[column] ? width : widths[column];
		}
	}
	for (size_t row = 0; row <= table->count; row++)
		for (size_t column = 0; column < IMAGE_COLUMNS; column++) {
			const char *text = row ? table->rows[row - 1].cells[column] : heads[column];
			bool last = column + 1 == IMAGE_COLUMNS;
			size_t gap = widths[column] + COLUMN_GAP - utf8_columns(text, strlen(text));

			strbuf_addf(out, "%s%*s", text, last ? 0 : (int)gap, last ? "\n" : "");
		}
}

static void release_image_table(struct image_table *table)
{
	for (size_t row = 0; row < table->count; row++)
		for (size_t column = 0; column < IMAGE_COLUMNS; column++)
			free(table->rows[row].cells[column]);
	free(table->rows);
}

/* ---- JSON ---- */

static void add_image_member(const char *name, const char *text, struct strbuf *out)
{
	strbuf_addf(out, "%s\"%s\":", out->bytes[out->size - 1] == '{' ? "" : ",", name);
	json_write_string(text, out);
}

static void add_image_json(int store, const struct store_image *image,
			   const struct store_users *users, struct strbuf *out)
{
	char platform[PLATFORM_TEXT_SIZE], digest[DIGEST_TEXT_SIZE];
	bool some = false;

	strbuf_add_str(out, out->size > 1 ? ",{" : "{");
	add_image_member("name", image->name, out);
	digest_print(&image->config, digest);
	add_image_member("id", digest, out);
	digest_print(&image->manifest, digest);
	add_image_member("digest", digest, out);
	platform_print(&image->platform, platform);
	add_image_member("platform", platform, out);
	if (image->pulled)
		add_image_member("pulled", image->pulled, out);
	strbuf_addf(out, ",\"size\":%" PRIu64 ",\"layers\":%zu,\"containers\":[",
		    store_image_size(store, image), image->layer_count);
	for (size_t i = 0; i < users->count; i++)
		if (digest_same(&users->items[i].manifest, &image->manifest)) {
			strbuf_add_str(out, some ? "," : "");
			json_write_string(users->items[i].id, out);
			some = true;
		}
	strbuf_add_str(out, "]}");
}

/* ---- the command ---- */

enum images_format { IMAGES_TABLE, IMAGES_JSON, IMAGES_IDS };

static int read_images_format(const struct images_options *options, enum images_format *ret_format,
			      struct error *err)
{
	if (options->format && !str_equal(options->format, "table") &&
	    !str_equal(options->format, "json")) {
		error_set(err, 0, "images: option --format is table or json, not '%s'",
			  options->format);
		return error_hint(err, "urun has no templates: `urun images --json | jq -r "
				       ".[].name`");
	}
	*ret_format = options->json || str_equal(options->format, "json") ? IMAGES_JSON
		      : options->quiet					  ? IMAGES_IDS
									  : IMAGES_TABLE;
	return 0;
}

static int find_only(const struct store_index *index, const char *text,
		     const struct store_image **ret_image, struct error *err)
{
	autofree char *directory = getcwd(NULL, 0);
	int found = store_find_image(index, text, directory ? directory : "/", ret_image, err);

	return found < 0    ? -1
	       : found == 0 ? error_set(err, 0, "image %s is not in the store", text)
			    : 0;
}

static void print_images(int store, const struct store_index *index, const struct store_image *only,
			 const struct store_users *users, const struct images_options *options,
			 enum images_format format, struct strbuf *out)
{
	struct image_table table = { 0 };

	strbuf_add_str(out, format == IMAGES_JSON ? "[" : "");
	for (size_t i = 0; i < index->count; i++) {
		const struct store_image *image = &index->images[i];

		if (only && only != image)
			continue;
		if (format == IMAGES_TABLE)
			add_image_row(store, image, options, &table);
		else if (format == IMAGES_JSON)
			add_image_json(store, image, users, out);
		else
			strbuf_addf(out, "%s%.*s\n", options->no_trunc ? "sha256:" : "",
				    options->no_trunc ? DIGEST_HEX_LENGTH : ID_DIGITS,
				    image->config.hex);
	}
	if (format == IMAGES_TABLE)
		print_image_table(&table, out);
	strbuf_add_str(out, format == IMAGES_JSON ? "]\n" : "");
	release_image_table(&table);
}

static int cmd_images(struct call *call, struct error *err)
{
	const struct images_options *options = call->options;
	autoopenedstore struct opened_store store = OPENED_STORE_NONE;
	autostoreindex struct store_index index = { 0 };
	autostoreusers struct store_users users = { 0 };
	autostrbuf struct strbuf out = { 0 };
	const struct store_image *only = NULL;
	enum images_format format = IMAGES_TABLE;
	int opened;

	if (read_images_format(options, &format, err) < 0)
		return -1;
	opened = opened_store_open(call->globals, PLACE_MUST_EXIST, &store, err);
	if (opened < 0 || (opened == 0 && store_read_index(store.fd, &index, err) < 0) ||
	    (opened == 0 && format == IMAGES_JSON &&
	     opened_store_read_users(&store, &users, err) < 0))
		return -1;
	if (call->operands.count > 0 && find_only(&index, call->operands.items[0], &only, err) < 0)
		return -1;
	print_images(store.fd, &index, only, &users, options, format, &out);
	return command_print(out.bytes ? out.bytes : "", err);
}

static const struct option_spec options_images[] = {
	{ "format", 'f', OPTION_STRING, offsetof(struct images_options, format), "FORMAT",
	  "table (default) or json" },
	{ "json", 0, OPTION_FLAG, offsetof(struct images_options, json), NULL,
	  "the same as --format json" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct images_options, quiet), NULL,
	  "the ids alone" },
	{ "no-trunc", 0, OPTION_FLAG, offsetof(struct images_options, no_trunc), NULL,
	  "whole ids" },
};
static const struct command_usage usage_images = {
	.name = "images",
	.operands = "[IMAGE]",
	.summary = "Lists the images of the store.",
	.options = options_images,
	.option_count = ARRAY_SIZE(options_images),
	.options_size = sizeof(struct images_options),
	.others = podman_images_words,
	.operands_max = 1,
};
const struct command command_images = { &usage_images, cmd_images, EXIT_STATUS_OTHER };
