/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_HANDOVER_H
#define URUN_UNPACK_HANDOVER_H

#include <limits.h>
#include <stdint.h>

#include "core/base/error.h"

/*
 * What urun (core/pull/reader.c) gives to urun-image by execve(2), and what the two tell each
 * other.
 *
 *   urun-image LEVEL COVER unpack PULL SOURCE REFERENCE INDEX PLATFORM NAME IDS SINGLE LIMIT
 *   urun-image LEVEL COVER choose DIGEST PLATFORM
 *   urun-image LEVEL COVER sweep
 *
 * LEVEL is "debug" where debug lines are wanted, else "warning".  COVER is the name of a second
 * struct store_pull, into which skopeo writes as the caller, or "": its directory, tmp/COVER, is
 * IMAGE_FD_SOURCE, and urun-image can't write to it.  Otherwise a urun-image that a layer has taken
 * over could put links there, and the next file that skopeo writes would be one of the caller's.
 * PULL is the name of a struct store_pull: what isn't whole is made in tmp/PULL below the store,
 * called WORK here.
 *
 *   unpack  reads an image from SOURCE, which is a word of IMAGE_SOURCE_WORDS, verifies it, and
 *           adds to the store its manifest, its config, and those of its layers that the store
 *           doesn't have.  REFERENCE says which image of the source is meant ("": the only one); for
 *           "fetched" it is the manifest's digest.  INDEX is its number from 0 ("-1": not given).
 *           NAME is the image's full name, as the store keeps it.
 *           IDS is what layers of the present id mapping have as struct store_layer's ids; SINGLE
 *           is "1" where the user namespace has a single id, else "0".  LIMIT is the number of
 *           bytes that one layer may unpack to.
 *   choose  reads COVER/manifest, and tells by REPORT_CHOSEN which manifest is the platform's: its
 *           own digest, or one that an index names.  DIGEST is what the bytes must have ("": any).
 *   sweep   store_sweep(), for files of subids.
 *
 * PLATFORM is OS/ARCH[/VARIANT].
 *
 * urun-image begins in the user namespace that urun has made, as its root with all capabilities,
 * and otherwise in urun's namespaces; core/unpack/confine.h tells what it gives up before it reads
 * a byte.  The descriptors have fixed numbers; one that isn't needed is /dev/null, and so are 0 and
 * 1; 2 is urun's stderr until urun-image has confined itself.
 */
#define IMAGE_PROGRAM "urun-image"

enum image_fd {
	IMAGE_FD_DIRECTORY = 3, /* of the program itself (libexec_executable()) */
	IMAGE_FD_STORE,		/* the store's directory */
	IMAGE_FD_SOURCE, /* a directory (oci, COVER) or a file opened for reading (the archives) */
	IMAGE_FD_LOCK, /* struct store_pull's, held as long as urun-image or a worker of it lives */
	IMAGE_FD_ORDERS,  /* struct image_order, from urun; its end means that urun has ended */
	IMAGE_FD_REPORTS, /* struct image_report, to urun */
	IMAGE_FD_END,
};

/* The words of the command line. */
enum image_word {
	IMAGE_WORD_LEVEL = 1,
	IMAGE_WORD_COVER,
	IMAGE_WORD_ACTION,
	IMAGE_WORDS_SWEEP,
	IMAGE_WORD_PULL = IMAGE_WORDS_SWEEP,
	/* unpack */
	IMAGE_WORD_SOURCE,
	IMAGE_WORD_REFERENCE,
	IMAGE_WORD_INDEX,
	IMAGE_WORD_PLATFORM,
	IMAGE_WORD_NAME,
	IMAGE_WORD_IDS,
	IMAGE_WORD_SINGLE,
	IMAGE_WORD_LIMIT,
	IMAGE_WORDS_UNPACK,
	/* choose */
	IMAGE_WORD_CHOOSE_DIGEST = IMAGE_WORDS_SWEEP,
	IMAGE_WORD_CHOOSE_PLATFORM,
	IMAGE_WORDS_CHOOSE,
};

enum image_source_kind {
	IMAGE_SOURCE_OCI,
	IMAGE_SOURCE_OCI_ARCHIVE,
	IMAGE_SOURCE_DOCKER_ARCHIVE,
	/*
	 * COVER/manifest and COVER/config, as the registry has them, and the OCI layout
	 * COVER/layout, whose blobs arrive while they are read: each is announced by
	 * IMAGE_ORDER_ARRIVED.
	 */
	IMAGE_SOURCE_FETCHED,
	/* The OCI layout COVER/layout, which is complete, with a single image. */
	IMAGE_SOURCE_LAYOUT,
	IMAGE_SOURCE_COUNT,
};

#define IMAGE_SOURCE_WORDS                                                        \
	{                                                                         \
		"oci", "oci-archive", "docker-archive", "fetched", "layout", NULL \
	}

/* Names in COVER. */
#define IMAGE_FETCHED_MANIFEST "manifest"
#define IMAGE_FETCHED_CONFIG   "config"
#define IMAGE_FETCHED_LAYOUT   "layout"

/* Both are smaller than PIPE_BUF: one write is one message, also where several processes write. */
struct image_order {
	uint32_t kind;	/* enum image_order_kind */
	uint32_t layer; /* from 0, the lowest */
};

enum image_order_kind {
	IMAGE_ORDER_ARRIVED, /* the blob of this layer is in COVER/layout */
	/*
	 * Sent for IMAGE_SOURCE_FETCHED when skopeo has succeeded, so that the caller's
	 * containers-policy.json(5) accepts the image.  Before, the image gets no name in the store.
	 */
	IMAGE_ORDER_COMPLETE,
};

enum image_report_kind {
	/*
	 * Once for each layer, from the lowest, before any is unpacked: digest (of its blob), total
	 * (size of the blob), value 1 where the store has the layer.
	 */
	IMAGE_REPORT_LAYER,
	IMAGE_REPORT_LAYERS,	/* after the last of these: value is their number */
	IMAGE_REPORT_PROGRESS,	/* layer; done: bytes of the blob that are unpacked */
	IMAGE_REPORT_LAYER_END, /* layer: it is unpacked */
	IMAGE_REPORT_CHOSEN,	/* digest: the platform's manifest; value 1: of an index */
	IMAGE_REPORT_LINE,	/* value: enum log_level; error.text: a line for the log */
	IMAGE_REPORT_ERROR,	/* error: the command fails */
	IMAGE_REPORT_COUNT,
};

/* "sha256:", 64 digits, and room for the NUL */
#define IMAGE_REPORT_DIGEST_SIZE 72

struct image_report {
	uint32_t kind; /* enum image_report_kind */
	uint32_t layer;
	uint32_t value;
	uint32_t unused;
	uint64_t done;
	uint64_t total;
	char digest[IMAGE_REPORT_DIGEST_SIZE];
	struct error_packet error;
};
_Static_assert(sizeof(struct image_report) <= PIPE_BUF, "a report is written whole");

#endif
