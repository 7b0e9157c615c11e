/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_LAYER_APART_H
#define URUN_UNPACK_LAYER_APART_H

#include "core/unpack/layer.h"

/*
 * core/unpack/layer_bytes.h in a process of its own, for which a processor is idle: one decompresses
 * and hashes, the other makes files.  The functions are those of layer_bytes, with the same errors.
 */
struct layer_apart;

struct layer_apart *layer_apart_new(const struct layer_input *input, struct error *err);

/* Waits for the end of the process. */
void layer_apart_free(struct layer_apart *apart);

ssize_t layer_apart_read(struct layer_apart *apart, const void **ret_bytes, struct error *err);
int layer_apart_finish(struct layer_apart *apart, char ret_diff_id[static LAYER_DIGEST_SIZE],
		       struct error *err);
void layer_apart_blame(struct layer_apart *apart, struct error *err);

#endif
