/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_INSTALL_H
#define URUN_UNPACK_INSTALL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/unpack/source.h"

/* What `urun-image unpack` was asked for. */
struct install_request {
	struct source_request source;
	int store;	  /* IMAGE_FD_STORE */
	const char *pull; /* name of the struct store_pull, whose directory is source.work */
	const char *name; /* full, under which the store keeps the image */
	const char *ids;  /* of struct store_layer */
	bool single_id;
	uint64_t limit; /* bytes of one layer */
};

/*
 * Reads the image, unpacks the layers that the store doesn't have, each in a process of its own and
 * as many at a time as there are processors, and adds them and the image to the store.
 *
 *   every layer   → work/layer-N/root, in parallel, as its blob arrives
 *   all unpacked  → those that depend on lower layers are settled, the lowest first
 *   all settled   → syncfs(2), then each is moved to layers/KEY
 *   all moved     → manifest and config become blobs, and the image gets its name
 *
 * Tells urun by reports how it goes.  Where it fails, the layers that are complete and depend on no
 * other are moved nevertheless, so that a second attempt needs less.
 * Runs in: urun-image, confined.
 */
int install_image(const struct install_request *request, struct error *err);

#endif
