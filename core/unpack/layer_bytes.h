/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_LAYER_BYTES_H
#define URUN_UNPACK_LAYER_BYTES_H

#include "core/unpack/layer.h"

/* The bytes of a layer's tar: the blob, decompressed.  Both are hashed while they are read. */
struct layer_bytes;

/* @input stays the caller's, and is read until layer_bytes_free().  Returns NULL with @err. */
struct layer_bytes *layer_bytes_new(const struct layer_input *input, struct error *err);
void layer_bytes_free(struct layer_bytes *bytes);

/* The next bytes of the tar, valid until the next call; 0 at its end, or -1. */
ssize_t layer_bytes_read(struct layer_bytes *bytes, const void **ret_bytes, struct error *err);

/*
 * After the tar's end: verifies the digests and the size that the input has.  Writes the diff id.
 */
int layer_bytes_finish(struct layer_bytes *bytes, char ret_diff_id[static LAYER_DIGEST_SIZE],
		       struct error *err);

/* layer_stream_blame() for the blob. */
void layer_bytes_blame(struct layer_bytes *bytes, struct error *err);

#endif
