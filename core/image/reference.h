/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_IMAGE_REFERENCE_H
#define URUN_IMAGE_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/image/digest.h"

/*
 * The name of an image as a person types it: where the image comes from, and under which name the
 * store keeps it.
 * Source: containers-transports(5); the grammar of distribution/reference, as docker(1) and
 * podman(1) use it: [DOMAIN[:PORT]/]PATH[:TAG][@DIGEST].
 */
enum image_transport {
	/* Read by urun-image, without another program. */
	IMAGE_OCI,	      /* oci:DIR[:TAG|:@INDEX] */
	IMAGE_OCI_ARCHIVE,    /* oci-archive:FILE[:TAG|:@INDEX] */
	IMAGE_DOCKER_ARCHIVE, /* docker-archive:FILE[:REF|:@INDEX] */
	/* Copied by skopeo. */
	IMAGE_DOCKER, /* docker://REF, and each name without a transport */
	IMAGE_SKOPEO, /* containers-storage:, docker-daemon:, dir:, …: passed on as it is */
	/* Only in the store: sha256:HEX, also cut short: a manifest or an image's config. */
	IMAGE_IN_STORE,
};

struct image_reference {
	enum image_transport transport;
	char *typed; /* for messages */
	/*
	 * The full name, under which the store keeps the image: docker.io/library/alpine:latest,
	 * oci:/home/ann/layout:v1, docker-archive:/home/ann/web.tar:docker.io/library/web:latest,
	 * containers-storage:web.  One printable line of UTF-8.  IMAGE_IN_STORE: "sha256:HEX".
	 */
	char *name;
	/* Was the name typed without a transport (alpine, alpine:3.19, localhost:5000/web)? */
	bool is_short;
	/* IMAGE_OCI, IMAGE_OCI_ARCHIVE, IMAGE_DOCKER_ARCHIVE: as typed, not empty; else NULL. */
	char *path;
	/*
	 * IMAGE_OCI, IMAGE_OCI_ARCHIVE: the tag, as the annotation
	 * org.opencontainers.image.ref.name has it.  IMAGE_DOCKER_ARCHIVE: the whole name,
	 * docker.io/library/web:latest, as a RepoTag is after image_name_normalize().  NULL: none
	 * was typed, and there must be a single image.
	 */
	char *tag;
	int64_t source_index; /* the @INDEX, counted from 0; -1: none was typed */
	/* IMAGE_DOCKER, else NULL: docker.io, library/alpine, latest. */
	char *domain;
	char *repository;
	char *label; /* the tag; NULL where there is a digest, which says more */
	/*
	 * IMAGE_DOCKER: the digest of a manifest, if one was typed.  IMAGE_IN_STORE: not set where
	 * the digest is cut short.
	 */
	struct digest digest;
	/*
	 * IMAGE_DOCKER, IMAGE_SKOPEO: what skopeo takes as its source, with paths absolute:
	 * docker://docker.io/library/alpine:latest.  Else NULL.
	 */
	char *source;
};

#define IMAGE_REFERENCE_NONE ((struct image_reference){ .source_index = -1 })
void image_reference_release(struct image_reference *reference);
#define autoreference __attribute__((cleanup(image_reference_release)))

/*
 * Reads @text.  @directory (absolute) is where relative paths begin: the current directory.  Makes
 * no system call; whether the image exists is found out later.
 * Fails, with the transports in the hint, for a transport that nobody has ("http://…").
 */
int image_reference_parse(const char *text, const char *directory,
			  struct image_reference *ret_reference, struct error *err);

/* Is @operand of `run` an image, and not the id of a container?  Then there is a ':' in it. */
bool image_reference_is_one(const char *operand);

/* Where skopeo finds the same repository's manifest @digest; the caller frees it.  IMAGE_DOCKER. */
char *image_reference_source_of(const struct image_reference *reference,
				const struct digest *digest);

/* Is the text one line of UTF-8 without control characters, as the name of each image is? */
bool image_name_is_printable(const char *text);

/*
 * The full form of a name of docker: web → docker.io/library/web:latest.  The caller frees it.
 * NULL: not such a name.  For the RepoTags of a docker-archive.
 */
char *image_name_normalize(const char *name);

#endif
