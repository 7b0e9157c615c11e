/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_LAYER_STREAM_H
#define URUN_UNPACK_LAYER_STREAM_H

#include "core/unpack/layer.h"

struct archive_entry;
struct layer_stream;

/*
 * The entries of the tar that @input delivers, compressed or not.  Both are hashed while they are
 * read.  @size is the limit of the uncompressed bytes.  Returns NULL with @err.
 * The process's locale is "C": in other locales libarchive rewrites names of UTF-8 (NFC).
 */
struct layer_stream *layer_stream_new(const struct layer_input *input, uint64_t size,
				      struct error *err);
void layer_stream_free(struct layer_stream *stream);

static inline void layer_stream_cleanup(struct layer_stream **stream)
{
	layer_stream_free(*stream);
}

/* The next entry, valid until the next call: 1, or 0 at the end of the tar, or -1. */
int layer_stream_next(struct layer_stream *stream, struct archive_entry **ret_entry,
		      struct error *err);

/*
 * The next bytes of the present entry's content, and their offset in the file, whose other bytes
 * are a hole.  Returns 1, or 0 at the end of the content, or -1.  The bytes stay valid until the
 * next call.
 */
int layer_stream_data(struct layer_stream *stream, const void **ret_bytes, size_t *ret_size,
		      uint64_t *ret_offset, struct error *err);

/*
 * Reads what follows the tar's end, and verifies the digests and the size that the input has.
 * Writes the diff id.
 */
int layer_stream_finish(struct layer_stream *stream, char ret_diff_id[static LAYER_DIGEST_SIZE],
			struct error *err);

/*
 * After a call that failed: where the whole blob isn't the one that the manifest names, @err says
 * so instead, since that is the cause.
 */
void layer_stream_blame(struct layer_stream *stream, struct error *err);

#endif
