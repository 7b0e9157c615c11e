/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_IMAGE_MANIFEST_H
#define URUN_IMAGE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/image/digest.h"
#include "core/image/platform.h"

/*
 * Manifests and indexes, of OCI and of docker's schema 2.  They come from outside: all that is
 * below is bounded and checked, and no member is a path.
 * Runs in: urun-image for what is being pulled; any for what the store has.
 * Source: image-spec 1.1, manifest.md, image-index.md, descriptor.md; distribution's
 * manifest-v2-2.md.
 */

/* Bytes of a manifest, an index or an image's config, as registries bound them. */
#define IMAGE_DOCUMENT_MAX (4u << 20)
/* The layers that the kernel's overlay takes (OVL_MAX_STACK). */
#define IMAGE_LAYERS_MAX  500
#define IMAGE_ENTRIES_MAX 10000
/* Bytes of a layer: 2^53 - 1, the largest number that all programs read from JSON alike. */
#define IMAGE_BLOB_MAX ((UINT64_C(1) << 53) - 1)

/* The media types of manifests and indexes. */
#define MEDIA_OCI_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_INDEX	      "application/vnd.oci.image.index.v1+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"

#define IMAGE_REF_NAME "org.opencontainers.image.ref.name"
/* The name that containerd and docker write beside the tag: docker.io/library/web:latest. */
#define IMAGE_CONTAINERD_NAME "io.containerd.image.name"

/* A reference to a blob: a layer, a config, or a manifest of an index. */
struct image_descriptor {
	struct digest digest;	/* an entry of an index: not set where it isn't SHA-256 */
	uint64_t size;		/* bytes of the blob */
	const char *media_type; /* "": none was written */
	/* Entries of an index alone: */
	bool has_platform;
	struct platform platform;
	str_map annotations;
};

/* What a document of a manifest's kind is. */
enum manifest_kind {
	MANIFEST_IMAGE,
	MANIFEST_INDEX,
};

struct image_manifest {
	enum manifest_kind kind;
	const char *media_type; /* as written, or what was told; "": neither */
	/* MANIFEST_IMAGE: */
	struct image_descriptor config;
	struct image_descriptor *layers; /* the lowest first */
	size_t layer_count;
	/* MANIFEST_INDEX: */
	struct image_descriptor *entries;
	size_t entry_count;
	str_map annotations;
	struct arena arena; /* owns all of it */
};

void image_manifest_release(struct image_manifest *manifest);
#define automanifest __attribute__((cleanup(image_manifest_release)))

/*
 * Reads a manifest or an index.  @media_type is what the descriptor that led here says (NULL or
 * "": nothing); a document that says something else of itself is refused, and so is one that is
 * both an image and an index.  Refused by name: docker's schema 1; artifacts that are no images;
 * layers that are encrypted, or foreign (not distributable), or no tar.  Embedded data is ignored.
 * Nothing is hashed: the caller has compared size and digest before.
 */
int image_manifest_read(const char *bytes, size_t size, const char *media_type,
			struct image_manifest *ret_manifest, struct error *err);

/*
 * The entry of an index for @wanted: the best by platform_rank(), the first of equals; else the
 * first without a platform that may be an image.  An entry of another index is taken too, and the
 * caller reads on (twice at most).  Attestations (platform unknown/unknown) are no images.
 * Fails with the platforms that there are.  @what names the image in the message.
 */
int image_manifest_choose(const struct image_manifest *index, const struct platform *wanted,
			  const char *what, const struct image_descriptor **ret_entry,
			  struct error *err);

/*
 * The entry of a layout's index.json (or an archive's) with the tag @tag, or the one at
 * @source_index where that isn't negative, or the only one where @tag is NULL.  Entries with the
 * same tag count as an index of them, from which @wanted chooses.  Fails with the tags that there
 * are.
 */
int image_manifest_find(const struct image_manifest *index, const char *tag, int64_t source_index,
			const struct platform *wanted, const char *what,
			const struct image_descriptor **ret_entry, struct error *err);

#endif
