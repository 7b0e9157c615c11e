// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-image, in the user namespace; core/unpack/layer_apart.c runs it in a process of its
 * own.
 *
 * The filters of libarchive alone: "raw" is the only format.
 */
#include "core/unpack/layer_bytes.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/str.h"
#include "core/unpack/blob_hash.h"

struct layer_bytes {
	const struct layer_input *input;
	struct archive *filter;
	struct sha256_ctx blob_hash;
	struct sha256_ctx tar_hash;
	uint64_t blob_size;
	bool empty;	 /* the blob has no bytes */
	bool compressed; /* else the blob is the tar, and one hash is enough */
	bool refused;	 /* the blob can't be read, or has too many bytes: @error */
	struct error error;
};

/* The next bytes of the blob; 0 at its end. */
static ssize_t read_blob(struct layer_bytes *bytes, const void **ret_bytes)
{
	const struct layer_input *input = bytes->input;
	ssize_t got;

	if (bytes->refused)
		return -1;
	got = input->read(input->of, ret_bytes, &bytes->error);
	if (got < 0) {
		bytes->refused = true;
		return -1;
	}
	if ((uint64_t)got > input->size - bytes->blob_size) {
		bytes->refused = true;
		return error_set(&bytes->error, 0,
				 "the layer has more than the %" PRIu64
				 " bytes that the manifest says",
				 input->size);
	}
	bytes->blob_size += (uint64_t)got;
	sha256_update(&bytes->blob_hash, (size_t)got, *ret_bytes);
	return got;
}

static la_ssize_t give_blob(struct archive *archive, void *of, const void **ret_bytes)
{
	struct layer_bytes *bytes = of;
	ssize_t got = read_blob(bytes, ret_bytes);

	if (got < 0)
		archive_set_error(archive, EIO, "%s", bytes->error.text);
	return got;
}

static int decompress_failed(struct layer_bytes *bytes, struct error *err)
{
	if (bytes->refused)
		return error_take(err, &bytes->error);
	return error_set(err, 0, "decompress the layer: %s", archive_error_string(bytes->filter));
}

ssize_t layer_bytes_read(struct layer_bytes *bytes, const void **ret_bytes, struct error *err)
{
	size_t size = 0;
	la_int64_t offset;
	int result;

	if (bytes->empty)
		return 0;
	do
		result = archive_read_data_block(bytes->filter, ret_bytes, &size, &offset);
	while ((result == ARCHIVE_OK || result == ARCHIVE_WARN) && size == 0);
	if (result == ARCHIVE_EOF)
		return 0;
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
		return decompress_failed(bytes, err);
	if (bytes->compressed)
		sha256_update(&bytes->tar_hash, size, *ret_bytes);
	return (ssize_t)size;
}

/* ---- digests ---- */

/* Reads the blob to its end, as there may be bytes behind the compressed tar. */
static int check_blob(struct layer_bytes *bytes, char ret_digest[static LAYER_DIGEST_SIZE],
		      struct error *err)
{
	const struct layer_input *input = bytes->input;
	const void *rest;
	ssize_t got;

	do
		got = read_blob(bytes, &rest);
	while (got > 0);
	if (got < 0)
		return error_take(err, &bytes->error);
	if (input->size != UINT64_MAX && bytes->blob_size < input->size)
		return error_set(err, 0,
				 "the layer ends after %" PRIu64 " of the %" PRIu64
				 " bytes that the manifest says",
				 bytes->blob_size, input->size);
	blob_hash_print(&bytes->blob_hash, ret_digest);
	if (input->digest && !str_equal(ret_digest, input->digest))
		return error_set(err, 0,
				 "the layer's digest is sha256:%s, and the manifest says sha256:%s",
				 ret_digest, input->digest);
	return 0;
}

int layer_bytes_finish(struct layer_bytes *bytes, char ret_diff_id[static LAYER_DIGEST_SIZE],
		       struct error *err)
{
	char diff_id[LAYER_DIGEST_SIZE];

	if (check_blob(bytes, diff_id, err) < 0)
		return -1;
	if (bytes->compressed)
		blob_hash_print(&bytes->tar_hash, diff_id);
	if (bytes->input->diff_id && !str_equal(diff_id, bytes->input->diff_id))
		return error_set(err, 0,
				 "the unpacked layer's digest is sha256:%s, and the image's config "
				 "says sha256:%s",
				 diff_id, bytes->input->diff_id);
	memcpy(ret_diff_id, diff_id, LAYER_DIGEST_SIZE);
	return 0;
}

void layer_bytes_blame(struct layer_bytes *bytes, struct error *err)
{
	struct error cause = ERROR_NONE;
	char digest[LAYER_DIGEST_SIZE];

	if (!bytes->refused && check_blob(bytes, digest, &cause) < 0)
		error_take(err, &cause);
}

/* ---- life ---- */

/* libarchive runs another program where it is built without a format's library: we can't. */
static int open_filter(struct layer_bytes *bytes, struct error *err)
{
	struct archive_entry *entry;
	int result;

	if (!bytes->filter)
		return error_set(err, 0, "libarchive: out of memory");
	if (archive_read_support_filter_gzip(bytes->filter) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(bytes->filter) != ARCHIVE_OK)
		return error_set(err, 0, "libarchive is built without gzip or zstd");
	archive_read_support_format_raw(bytes->filter);
	archive_read_support_format_empty(bytes->filter);
	result = archive_read_open(bytes->filter, bytes, NULL, give_blob, NULL);
	if (result == ARCHIVE_OK)
		result = archive_read_next_header(bytes->filter, &entry);
	if (result < ARCHIVE_WARN)
		return decompress_failed(bytes, err);
	bytes->empty = result == ARCHIVE_EOF;
	/* One filter, and the one that stands for the input itself. */
	if (archive_filter_count(bytes->filter) > 2)
		return error_set(err, 0, "the layer is compressed twice");
	bytes->compressed = archive_filter_count(bytes->filter) > 1;
	return 0;
}

struct layer_bytes *layer_bytes_new(const struct layer_input *input, struct error *err)
{
	struct layer_bytes *bytes = mem_alloc(sizeof(*bytes));

	bytes->input = input;
	sha256_init(&bytes->blob_hash);
	sha256_init(&bytes->tar_hash);
	bytes->filter = archive_read_new();
	if (open_filter(bytes, err) == 0)
		return bytes;
	layer_bytes_blame(bytes, err);
	layer_bytes_free(bytes);
	return NULL;
}

void layer_bytes_free(struct layer_bytes *bytes)
{
	if (!bytes)
		return;
	archive_read_free(bytes->filter);
	free(bytes);
}
