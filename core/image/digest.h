/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_IMAGE_DIGEST_H
#define URUN_IMAGE_DIGEST_H

#include <stdbool.h>

#include "core/base/error.h"

/*
 * Digests of images: "sha256:" and 64 hexadecimal digits.  Only SHA-256 is known; nothing is hashed
 * here, since urun links no library for that: urun-image hashes.
 * A digest becomes a file name in the store, so a struct digest only ever comes from the functions
 * below, and holds 64 characters of 0-9a-f, or nothing.
 * Source: image-spec, descriptor.md "Digests".
 */
#define DIGEST_HEX_LENGTH 64
#define DIGEST_TEXT_SIZE  (sizeof("sha256:") + DIGEST_HEX_LENGTH)

struct digest {
	char hex[DIGEST_HEX_LENGTH + 1]; /* "": no digest */
};

/*
 * Reads "sha256:HEX".  Messages name the digest as @what ("layers[0].digest").  Another algorithm
 * is refused by its name, and upper case as image-spec does.
 */
int digest_parse(const char *what, const char *text, struct digest *ret_digest, struct error *err);

/* Reads the 64 digits alone, as a file in blobs/sha256 or layers is named; false for all else. */
bool digest_from_hex(const char *hex, struct digest *ret_digest);

/* Writes "sha256:HEX". */
void digest_print(const struct digest *digest, char ret_text[static DIGEST_TEXT_SIZE]);

bool digest_same(const struct digest *a, const struct digest *b);
static inline bool digest_is_set(const struct digest *digest)
{
	return digest->hex[0] != '\0';
}

#endif
