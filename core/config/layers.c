// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/config/layers.h"

#include "core/base/mountinfo.h"
#include "core/config/change.h"

bool config_has_layers(const struct container_config *config)
{
	return config_annotation(config, CONFIG_ANNOTATION_LAYERS) != NULL;
}

/* Cuts the lines off @text, which it changes. */
static int add_layer_lines(char *text, struct str_list *layers, struct error *err)
{
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		if (line[0] != '/')
			return error_set(err, 0,
					 "annotation " CONFIG_ANNOTATION_LAYERS
					 ": each line must be an absolute path");
		if (layers->count == CONFIG_LAYERS_MAX)
			return error_set(err, 0,
					 "annotation " CONFIG_ANNOTATION_LAYERS
					 ": more than %d layers",
					 CONFIG_LAYERS_MAX);
		mountinfo_unescape(line);
		str_list_add(layers, str_dup(line));
	}
	return 0;
}

int config_layers(const struct container_config *config, struct str_list *ret_layers,
		  struct error *err)
{
	const char *annotation = config_annotation(config, CONFIG_ANNOTATION_LAYERS);
	autofree char *text = str_dup(annotation ? annotation : "");
	struct str_list layers = { 0 };

	/* Without an overlay the container would write to the top layer. */
	if (annotation && !config_annotation(config, CONFIG_ANNOTATION_OVERLAY))
		return error_set(err, 0,
				 "annotation " CONFIG_ANNOTATION_LAYERS
				 ": layers need " CONFIG_ANNOTATION_OVERLAY
				 ", which takes the changes");
	str_list_add(&layers, str_dup(config->root->path));
	if (annotation && *annotation && add_layer_lines(text, &layers, err) < 0) {
		str_list_release_texts(&layers);
		return -1;
	}
	*ret_layers = layers;
	return 0;
}

void config_layers_add(struct strbuf *text, const char *path)
{
	if (text->size)
		strbuf_add_str(text, "\n");
	mountinfo_escape(path, text);
}
