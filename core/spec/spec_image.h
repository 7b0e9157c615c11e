/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_IMAGE_H
#define URUN_SPEC_SPEC_IMAGE_H

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/image/image_config.h"

/*
 * An image as the root file system.  What the image's config says has effect where no option says
 * something else.
 * Runs in: parent.
 * Source: OCI image-spec 1.1, conversion.md; podman-run(1) for the options.
 */
struct spec_image {
	const char *name; /* for people and for lists: the full name, with the manifest's digest */
	const struct image_config *config;
	struct str_list layers; /* absolute paths of directories, from the top to the bottom */
	/* The directory that takes the changes where --overlay isn't given; NULL: in memory. */
	const char *changes;
};

/*
 * The families of annotations that change what a runtime does: crun's (run.oci.…, org.criu.…), those
 * that systemd gets, and urun's.  The list, with NULL at its end, has whole families, since an annotation
 * that urun honours later must not be a surprise for an engine that lets its users set annotations.
 */
extern const char *const spec_order_prefixes[];

/* Is an annotation of this name in one of these families, so that no label may set it? */
bool spec_is_order(const char *annotation);

/* ---- the parts of the steps in spec_steps.h that an image takes part in ---- */

/* root.path, the annotations of layers, image and, from conversion.md, of its description. */
void spec_image_set_root(const struct spec_image *image, struct container_config *config);

/* The directory where the program begins. */
void spec_image_set_cwd(const struct image_config *image, struct container_config *config);

/* The image's variables, which replace those that are set. */
void spec_image_add_env(const struct image_config *image, struct container_config *config);

/*
 * The image's volumes, as mounts before those that begin with @first: a mount of the caller's covers
 * them, and one on the same place takes their place.  @how is the text of --image-volume: bind (NULL
 * too), anonymous, tmpfs or ignore.
 */
int spec_image_add_volumes(const struct image_config *image, const char *how, size_t first,
			   struct container_config *config, struct error *err);

/* The image's labels, as annotations; those that would be orders are left out with a warning. */
void spec_image_add_labels(const struct image_config *image, struct container_config *config);

#endif
