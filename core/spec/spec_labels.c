// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <string.h>

#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/config/change.h"
#include "core/spec/spec_steps.h"

/*
 * NAME=VALUE, or NAME for an empty value.  A label becomes an annotation.
 * Source: OCI image-spec, conversion.md "Config.Labels".
 */
static int add_user_label(const char *option, const char *text, struct container_config *config,
			  struct error *err)
{
	autofree char *copy = str_dup(text);
	char *value = copy, *name = strsep(&value, "=");

	if (!*name)
		return spec_refuse(option, text, "expected NAME=VALUE", err);
	if (!utf8_is_valid((const unsigned char *)text, strlen(text)))
		return spec_refuse(option, text, "not valid UTF-8", err);
	if (spec_is_order(name))
		return spec_refuse(option, text,
				   "the name tells the runtime what to do: use --annotation", err);
	config_set_annotation(config, name, value ? value : "");
	return 0;
}

static int add_label_line(const char *path, size_t number, const char *line,
			  struct container_config *config, struct error *err)
{
	(void)path;
	(void)number;
	return add_user_label("label-file", line, config, err);
}

int spec_apply_labels(const struct spec_options *options, struct container_config *config,
		      struct error *err)
{
	const struct str_list *files = &options->words.label_files;
	const struct str_list *labels = &options->words.labels;

	if (options->image)
		spec_image_add_labels(options->image->config, config);
	/* ORDER: files first, so that --label overrides a line of a file. */
	for (size_t i = 0; i < files->count; i++)
		if (spec_take_lines("label-file", files->items[i], add_label_line, config, err) < 0)
			return -1;
	for (size_t i = 0; i < labels->count; i++)
		if (add_user_label("label", labels->items[i], config, err) < 0)
			return -1;
	return 0;
}
