/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_LAYERS_H
#define URUN_CONFIG_LAYERS_H

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"

/*
 * A root file system of several layers, as images have it: root.path is the top layer, and the
 * annotation org.urun.layers has the absolute paths of those below, one on each line, from the top
 * to the bottom; it is empty where the top layer is the only one.  A backslash and three octal digits
 * are a byte (mountinfo_unescape()).  The container sees the layers as one tree and never writes to a
 * layer: the annotation needs org.urun.overlay.
 *
 * The owners of the files are those that a container with the caller's default mapping has
 * (userns_plan_default()): the caller's own id is the layers' root.
 */
#define CONFIG_ANNOTATION_LAYERS "org.urun.layers"

/* The kernel makes no overlay of more layers (OVL_MAX_STACK of fs/overlayfs). */
#define CONFIG_LAYERS_MAX 500

/* Is root.path a layer: has the config the annotation, with or without layers below? */
bool config_has_layers(const struct container_config *config);

/*
 * Lists the layers, from the top to the bottom; root.path is the first, and without the annotation the
 * only one.  The texts are allocated: release by str_list_release_texts().  Fails with the annotation's
 * name if a line is no absolute path, if there are too many, or if there is no overlay.
 */
int config_layers(const struct container_config *config, struct str_list *ret_layers,
		  struct error *err);

/* Appends @path to the text of the annotation. */
void config_layers_add(struct strbuf *text, const char *path);

/*
 * An attribute of the directory of an image's layer that has no entry for its own top directory:
 * the mode and the owner of the container's "/" are those of the nearest layer below that has one.
 */
#define LAYER_ROOT_IS_IMPLIED "user.urun.implied"

#endif
