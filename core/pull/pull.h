/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PULL_PULL_H
#define URUN_PULL_PULL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/image/store.h"
#include "rootless/userns.h"

/*
 * From the name of an image to layers in the store (core/image/store.h): which source is read by
 * which program.
 *
 *   oci: oci-archive: docker-archive:   urun opens the source, urun-image reads it
 *   docker:// and skopeo's others       skopeo, as the caller, copies into an OCI layout below the
 *                                       store's tmp/, and urun-image reads that layout
 *
 * urun itself reads no byte of an image before urun-image has verified and stored it.
 */

/* --pull.  Source: podman-run(1). */
enum pull_policy {
	PULL_MISSING, /* the source is read only where the store doesn't have the image */
	PULL_ALWAYS,
	PULL_NEWER, /* the source is read where it has another image than the store; a source that
		       can't be reached is no error where the store has the image */
	PULL_NEVER,
};

/* Turns the word of --pull into a policy; NULL is PULL_MISSING.  The error names the words. */
int pull_policy_parse(const char *text, enum pull_policy *ret_policy, struct error *err);

struct image_request {
	const char *name; /* as it was typed */
	/*
	 * A name without a transport is an image's short name (--image alpine, `urun pull alpine`).
	 * False: such a name is refused.
	 */
	bool short_name;
	const char *platform; /* OS[/ARCH[/VARIANT]]; NULL: this machine's */
	enum pull_policy policy;
	uint64_t size_limit; /* bytes that one layer may unpack to; 0: IMAGE_SIZE_LIMIT */
	bool quiet;	     /* no progress, also where stderr is a terminal */
	bool only_news;	     /* none either where the store has all layers already */
};

/* What one layer may unpack to where --image-size-limit doesn't say. */
#define IMAGE_SIZE_LIMIT (UINT64_C(32) << 30)

/* An image that the store has, with all its layers.  Release with image_release(). */
struct image {
	struct store_index index;	  /* owns *stored */
	const struct store_image *stored; /* for store_use_begin() */
	char *ids;			  /* of its layers: what store_use_begin() takes as @ids */
};

#define autoimage __attribute__((cleanup(image_release)))
void image_release(struct image *image);

/*
 * Makes sure that @store (a descriptor, see store_open() with PLACE_MAKE) has the image that
 * @request names, with its layers unpacked for the ids that @userns gives, and returns the image.
 * Where the source must be read, progress goes to stderr if that is a terminal.
 * No lock is held afterwards: store_use_begin() asks again whether the image is there.  Where it
 * fails with ENOENT, the image was removed in between: call image_get() again.
 * Where @request has no platform, an image of another architecture that the store has under this
 * name is taken.
 * Fails with ENOENT where the policy forbids reading the source, and the store has no such image.
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT during the work end this process by the signal; what was
 * being made is removed first.
 * Runs in: parent.  @userns: userns_plan_own(), as containers have it that ask for nothing else.
 */
int image_get(int store, const struct image_request *request, const struct userns_plan *userns,
	      struct image *ret_image, struct error *err);

/*
 * The ids that layers are unpacked with, as a text for the store: another first subid, or a single
 * id, makes another text.  The caller frees it.
 */
char *image_ids(const struct userns_plan *userns);

/*
 * Removes what store_sweep() leaves, since it belongs to subids: by urun-image in the user
 * namespace.  Call it where store_sweep(), store_pull_end() or store_use_end() says that files
 * stayed.
 * Runs in: parent.
 */
int image_sweep(int store, const struct userns_plan *userns, struct error *err);

#endif
