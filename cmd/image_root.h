/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CMD_IMAGE_ROOT_H
#define URUN_CMD_IMAGE_ROOT_H

#include "cmd/container_options.h"
#include "cmd/image_store.h"
#include "core/image/image_config.h"
#include "core/pull/pull.h"
#include "core/spec/spec_image.h"

/* An image that the store has, as the root file system of a container.  Start from IMAGE_ROOT_NONE. */
struct image_root {
	struct opened_store store;
	struct image image;
	struct image_config config;
	char *name;    /* the full name and the manifest's digest */
	char *changes; /* the path of containers/ID-RANDOM; NULL: image_root_begin() wasn't called */
	struct store_use use;
	struct spec_image spec; /* points to the members above */
};

#define IMAGE_ROOT_NONE ((struct image_root){ .store = OPENED_STORE_NONE, .use = STORE_USE_NONE })
void image_root_release(struct image_root *root);
#define autoimageroot __attribute__((cleanup(image_root_release)))

/*
 * Makes sure that the store has the image of @options->image, which comes by the policy of --pull; @policy
 * where that isn't given.  Reads the image's config.
 */
int image_root_get(const struct globals *globals, const struct container_options *options,
		   enum pull_policy policy, struct image_root *ret_root, struct error *err);

/*
 * The same, for the container @id: records that it uses the layers, and makes the directory for its
 * changes.
 * ORDER: before the container's config is made, which names the directory.
 */
int image_root_begin(const struct globals *globals, const struct container_options *options,
		     const char *id, struct image_root *ret_root, struct error *err);

/* Undoes image_root_begin() where the container couldn't be made.  Safe also without it. */
void image_root_abandon(struct image_root *root);

/* An error about a --user that nobody typed: the hint says that the image has it. */
void image_root_explain(const struct container_options *options, struct error *err);

/*
 * Makes the config as container_options_config() does, with the image of @root where @options name one.
 * With --publish-all, @publish gets the ports of the image for which the list has none; the texts are
 * @root's.
 */
int image_root_config(const struct image_root *root, const struct container_options *options,
		      const char *network, struct str_list *publish, const struct str_list *command,
		      struct container_config *ret_config, struct error *err);

/*
 * Takes an operand that is an image (it has a ':') as --image, and takes it off the operands, unless
 * another option says what the root file system is.  Refuses options that exclude each other, and
 * options of images where there is none.  @no_bundle: neither --bundle nor --config was given.
 */
int image_root_settle(struct call *call, struct container_options *options, bool no_bundle,
		      struct error *err);

#endif
