/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_LAYER_H
#define URUN_UNPACK_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/image/digest.h"

/*
 * A layer of an image becomes a directory that is one layer of an overlay, of the kernel's (with
 * "userxattr") and of fuse-overlayfs: a whiteout is a character device 0:0, an opaque directory has
 * the attribute user.overlay.opaque="y".  The layer is hostile input: nothing outside of the
 * directory is made, changed or removed.
 *
 * All functions run as root of a user namespace, with CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER,
 * CAP_FSETID and CAP_SETFCAP, and with one thread.  None needs /proc.  No other process may change
 * the directory meanwhile.
 * Source: image-spec 1.1, layer.md; the kernel's Documentation/filesystems/overlayfs.rst.
 */

/* Bytes of a SHA-256 as hexadecimal text, with the NUL. */
#define LAYER_DIGEST_SIZE (DIGEST_HEX_LENGTH + 1)

/* The blob of a layer, as its source delivers it. */
struct layer_input {
	/*
	 * Points *@ret_bytes to the next bytes of the blob, which stay valid until the next call.
	 * Returns their number, 0 at the end, or -1 with @err.
	 */
	ssize_t (*read)(void *of, const void **ret_bytes, struct error *err);
	void *of;
	uint64_t size;	     /* of the blob, by the manifest; UINT64_MAX: not known */
	const char *digest;  /* SHA-256 of the blob, by the manifest: 64 digits; NULL: not known */
	const char *diff_id; /* SHA-256 of the tar, by the config: 64 digits; NULL: not known */
	bool apart;	     /* decompressed in a process of its own: a processor is idle */
};

struct layer_limits {
	uint64_t size;	/* bytes of the uncompressed layer, at most */
	uint64_t files; /* entries of the layer, at most */
	/* directories that layer_settle() opens to find files of lower layers; 0: a hundred million */
	uint64_t lookups;
};

struct layer_result {
	char diff_id[LAYER_DIGEST_SIZE]; /* of the uncompressed tar */
	uint64_t size;			 /* bytes of file content that were written */
	uint64_t files;			 /* files, directories and links that were made */
	/*
	 * Entries whose owner or group isn't mapped and became the container's root.  With a single
	 * id: entries whose owner or group isn't 0.
	 */
	uint64_t outside_ids;
	uint64_t lost_capabilities; /* files whose security.capability couldn't be set */
	uint64_t devices;	    /* entries left out, as a user namespace makes no devices */
	/*
	 * The layer's content depends on the layers below, so layer_settle() has to complete it: the
	 * layer's key is the chain id.
	 */
	bool depends;
	/*
	 * The layer has an entry for its own top directory.  The mode, owner and times of the
	 * container's "/" are those of the topmost such layer; else 0755 and root.
	 */
	bool lists_top;
};

/*
 * Unpacks the tar that @input delivers (as it is, or compressed with gzip or zstd, which its content
 * tells) into the directory @root, which is empty.  @notes is an empty file open for reading and
 * writing: what layer_settle() has to do later is written to it.
 * @single_id: the user namespace has no id but 0, which becomes the owner of everything.
 * Verifies the digest and the size of the blob, and the diff id, as far as @input has them.  A blob
 * with more bytes than @input says is refused as soon as it delivers them, and so is a layer above
 * @limits.  Where it fails, the caller removes the directory.  syncfs(2) is the caller's, too.
 */
int layer_unpack(struct layer_input *input, int root, int notes, bool single_id,
		 const struct layer_limits *limits, struct layer_result *ret_result,
		 struct error *err);

/*
 * Completes a layer whose result says "depends", from @notes of layer_unpack() and the settled
 * layers below (@lower[0] is the nearest): a hard link's target is copied from the nearest layer
 * that has it; a directory that the layer didn't list takes mode, owner, times and attributes of
 * the nearest one; a layer whose top directory is opaque hides all names below.  Whiteouts and
 * opaque directories of the layers between count.
 * Adds what it makes to @result; the bytes of @limits hold for the sum.
 */
int layer_settle(int root, int notes, const int *lower, size_t lowers,
		 const struct layer_limits *limits, struct layer_result *result, struct error *err);

/*
 * Finds out whether the file system of @directory can hold what layers are made of, with an entry
 * that is removed again: a whiteout and an opaque mark.  The error names the mark and the mend.
 */
int layer_probe(int directory, struct error *err);

/*
 * Removes the tree @name in @directory, whatever its depth and modes; 0 also where nothing has that
 * name.  Symbolic links aren't followed.  What can't be removed stays, and the rest is removed
 * nevertheless.
 */
int layer_remove(int directory, const char *name, struct error *err);

#endif
