// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-image, in the user namespace.
 *
 * Two archives of libarchive, one behind the other, as the bytes between decompression and tar are
 * to be hashed: the first decompresses ("raw" is its only format), the second reads the tar.
 *	input → blob digest → @bytes → diff id → @tar → entries
 */
#include "core/unpack/layer_stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/unpack/layer_apart.h"
#include "core/unpack/layer_bytes.h"

/*
 * Bytes of one entry's headers and its map of holes: libarchive keeps the map in memory, in ten times
 * as many bytes, and a map compresses to a thousandth.
 */
#define HEADERS_MAX ((uint64_t)2 << 20)

enum stream_state {
	STREAM_GOOD,
	STREAM_CORRUPT, /* the blob can't be decompressed, or the tar can't be read */
	STREAM_REFUSED, /* a limit was reached */
};

struct layer_stream {
	struct layer_bytes *bytes; /* NULL: @apart has them */
	struct layer_apart *apart;
	uint64_t limit; /* of uncompressed bytes */
	struct archive *tar;
	uint64_t tar_size;
	uint64_t headers_left; /* bytes that the present reading of headers may take */
	uint64_t entries;
	uint64_t content_left; /* of the present entry, if that is a file without holes */
	bool tar_ended;	       /* all uncompressed bytes were given to libarchive */
	bool cut;	       /* the tar ended behind the content of an entry */
	enum stream_state state;
	struct error error; /* the cause, where the state isn't good */
};

/* ---- bytes ---- */

static ssize_t read_bytes(struct layer_stream *stream, const void **ret_bytes)
{
	return stream->apart ? layer_apart_read(stream->apart, ret_bytes, &stream->error)
			     : layer_bytes_read(stream->bytes, ret_bytes, &stream->error);
}

/* The next bytes of the tar, within the limits; 0 at its end. */
static ssize_t read_tar(struct layer_stream *stream, const void **ret_bytes)
{
	ssize_t got;

	if (stream->state != STREAM_GOOD)
		return -1;
	got = read_bytes(stream, ret_bytes);
	if (got < 0) {
		stream->state = STREAM_CORRUPT;
		return -1;
	}
	if ((uint64_t)got > stream->limit - stream->tar_size) {
		stream->state = STREAM_REFUSED;
		error_set(&stream->error, 0, "the layer has more than %" PRIu64 " bytes unpacked",
			  stream->limit);
		return error_hint(&stream->error,
				  "--image-size-limit sets how many a layer may have");
	}
	if ((uint64_t)got > stream->headers_left) {
		stream->state = STREAM_REFUSED;
		return error_set(&stream->error, 0,
				 "an entry of the layer has more than %" PRIu64 " bytes of headers",
				 HEADERS_MAX);
	}
	if (stream->headers_left != UINT64_MAX)
		stream->headers_left -= (uint64_t)got;
	stream->tar_size += (uint64_t)got;
	return got;
}

static la_ssize_t give_tar(struct archive *archive, void *of, const void **ret_bytes)
{
	struct layer_stream *stream = of;
	ssize_t got = read_tar(stream, ret_bytes);

	if (got < 0)
		archive_set_error(archive, EIO, "%s", stream->error.text);
	stream->tar_ended = got == 0;
	return got;
}

int layer_stream_finish(struct layer_stream *stream, char ret_diff_id[static LAYER_DIGEST_SIZE],
			struct error *err)
{
	const void *bytes;
	ssize_t got;

	do
		got = read_tar(stream, &bytes);
	while (got > 0);
	if (got < 0)
		return error_take(err, &stream->error);
	return stream->apart ? layer_apart_finish(stream->apart, ret_diff_id, err)
			     : layer_bytes_finish(stream->bytes, ret_diff_id, err);
}

void layer_stream_blame(struct layer_stream *stream, struct error *err)
{
	if (stream->state == STREAM_REFUSED)
		return;
	if (stream->apart)
		layer_apart_blame(stream->apart, err);
	else
		layer_bytes_blame(stream->bytes, err);
}

/* ---- entries ---- */

static int stream_failed(struct layer_stream *stream, struct error *err)
{
	const char *text = archive_error_string(stream->tar);

	if (stream->state != STREAM_GOOD)
		return error_take(err, &stream->error);
	stream->state = STREAM_CORRUPT;
	if (stream->entries == 0 && archive_errno(stream->tar) == EILSEQ)
		return error_set(err, 0,
				 "the layer is no tar, neither as it is nor in gzip or zstd");
	return error_set(err, 0, "read the layer's tar: %s", text ? text : "unknown error");
}

int layer_stream_next(struct layer_stream *stream, struct archive_entry **ret_entry,
		      struct error *err)
{
	int result;

	if (stream->cut)
		return 0;
	/* What is left of the entry before isn't part of the next one's headers. */
	if (stream->entries > 0 && archive_read_data_skip(stream->tar) < ARCHIVE_WARN)
		return stream_failed(stream, err);
	stream->headers_left = HEADERS_MAX;
	result = archive_read_next_header(stream->tar, ret_entry);
	stream->headers_left = UINT64_MAX;
	if (result == ARCHIVE_EOF)
		return 0;
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
		return stream_failed(stream, err);
	stream->entries++;
	stream->content_left = archive_entry_sparse_count(*ret_entry) > 0
				       ? UINT64_MAX
				       : (uint64_t)archive_entry_size(*ret_entry);
	/*
	 * A warning without effect for each name that isn't ASCII says that libarchive takes its
	 * bytes as they are; the others are of records that libarchive doesn't know.
	 */
	if (result == ARCHIVE_WARN && log_enabled(LOG_LEVEL_DEBUG))
		log_debug("layer: %s", archive_error_string(stream->tar));
	return 1;
}

int layer_stream_data(struct layer_stream *stream, const void **ret_bytes, size_t *ret_size,
		      uint64_t *ret_offset, struct error *err)
{
	la_int64_t offset;
	int result = archive_read_data_block(stream->tar, ret_bytes, ret_size, &offset);

	if (result == ARCHIVE_EOF)
		return 0;
	/* `umoci insert` ends a tar without the padding of the last file and without the mark of the end. */
	if (result == ARCHIVE_FATAL && stream->state == STREAM_GOOD && stream->tar_ended &&
	    stream->content_left == 0) {
		stream->cut = true;
		return 0;
	}
	if ((result != ARCHIVE_OK && result != ARCHIVE_WARN) || offset < 0)
		return stream_failed(stream, err);
	*ret_offset = (uint64_t)offset;
	stream->content_left -= *ret_size < stream->content_left ? *ret_size : stream->content_left;
	return 1;
}

/* ---- life ---- */

static int open_bytes(struct layer_stream *stream, const struct layer_input *input,
		      struct error *err)
{
	if (input->apart)
		stream->apart = layer_apart_new(input, err);
	else
		stream->bytes = layer_bytes_new(input, err);
	return stream->apart || stream->bytes ? 0 : -1;
}

static int open_tar(struct layer_stream *stream, struct error *err)
{
	stream->tar = archive_read_new();
	if (!stream->tar)
		return error_set(err, 0, "libarchive: out of memory");
	archive_read_support_format_tar(stream->tar);
	/* A layer of no bytes, whose digest is that of the empty text, has no entries. */
	archive_read_support_format_empty(stream->tar);
	if (archive_read_open(stream->tar, stream, NULL, give_tar, NULL) == ARCHIVE_OK)
		return 0;
	stream_failed(stream, err);
	layer_stream_blame(stream, err);
	return -1;
}

struct layer_stream *layer_stream_new(const struct layer_input *input, uint64_t size,
				      struct error *err)
{
	struct layer_stream *stream = mem_alloc(sizeof(*stream));

	stream->limit = size;
	stream->headers_left = UINT64_MAX;
	if (open_bytes(stream, input, err) == 0 && open_tar(stream, err) == 0)
		return stream;
	layer_stream_free(stream);
	return NULL;
}

void layer_stream_free(struct layer_stream *stream)
{
	if (!stream)
		return;
	/* The tar reads from the others. */
	archive_read_free(stream->tar);
	layer_apart_free(stream->apart);
	layer_bytes_free(stream->bytes);
	free(stream);
}
