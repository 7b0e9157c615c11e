/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_SOURCE_H
#define URUN_UNPACK_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/image/image_config.h"
#include "core/image/manifest.h"
#include "core/image/platform.h"
#include "core/unpack/archive_index.h"
#include "core/unpack/handover.h"

/*
 * The source of an image: a layout or an archive, and which image of it is meant.  What
 * source_open() has read is verified: the manifest and the config have the digests and sizes by
 * which they were found, and agree about the layers.
 * Runs in: urun-image.
 * Source: image-spec 1.1, image-layout.md; the formats of docker-save(1), as containers/image and
 * docker read and write them.
 */
struct source_request {
	enum image_source_kind kind;
	int source;	       /* IMAGE_FD_SOURCE */
	int work;	       /* the pull's directory */
	const char *reference; /* see core/unpack/handover.h; NULL: none */
	int64_t number;	       /* -1: none */
	struct platform platform;
	uint64_t limit; /* bytes of an archive, decompressed */
};

struct source {
	const struct source_request *request;
	/*
	 * A layout's directory, or an archive; the latter by index, whose descriptor is @archive.
	 */
	int layout;
	int archive;
	struct archive_index index;
	/* IMAGE_SOURCE_DOCKER_ARCHIVE: the names of the layers in the archive. */
	struct str_list names;
	/* What was read; the bytes become blobs of the store. */
	char *manifest_bytes;
	size_t manifest_size;
	struct digest manifest_digest;
	struct image_manifest manifest;
	char *config_bytes;
	size_t config_size;
	struct image_config config;
};

#define SOURCE_NONE ((struct source){ .layout = -1, .archive = -1 })
void source_release(struct source *source);
#define autosource __attribute__((cleanup(source_release)))

int source_open(const struct source_request *request, struct source *ret_source, struct error *err);

/*
 * The blob of a layer.  ret_part->fd is the caller's.  With IMAGE_SOURCE_FETCHED, after the blob
 * has arrived.  A size that isn't the manifest's is refused here.
 */
int source_open_layer(const struct source *source, size_t layer, struct file_part *ret_part,
		      struct error *err);

/*
 * Reads the file "manifest" in @fetched, and chooses: *ret_digest is the manifest for @platform,
 * which the bytes are themselves, or which they name; *ret_is_index tells which.  @wanted NULL: any
 * digest.
 */
int source_choose(int fetched, const struct digest *wanted, const struct platform *platform,
		  struct digest *ret_digest, bool *ret_is_index, struct error *err);

/* The SHA-256 of bytes. */
void source_hash(const void *bytes, size_t size, struct digest *ret_digest);

/* ---- between source.c and source_docker.c ---- */

/* Reads a part of at most IMAGE_DOCUMENT_MAX bytes; @what names it in messages. */
int source_read_part(const struct file_part *part, const char *what, char **ret_bytes,
		     size_t *ret_size, struct error *err);

/*
 * Finds the image of a docker-archive, and fills in a manifest for it, since such an archive has
 * none: names, manifest_bytes, config_bytes, config.
 */
int source_read_docker(struct source *source, struct error *err);

/*
 * Reads source->config from the bytes.  Warnings of it are left to urun, which reads the config again for
 * each container, and so prints them once.
 */
int source_read_config(struct source *source, struct error *err);

#endif
