/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_LAYER_COPY_H
#define URUN_UNPACK_LAYER_COPY_H

#include "core/base/error.h"
#include "core/unpack/layer_merged.h"

/*
 * Copies @file under the new name @name into the directory @dir: content with its holes, owner,
 * mode, attributes and times.  Not for directories and devices.
 */
int layer_copy_file(const struct merged_file *file, int dir, const char *name, struct error *err);

/* Gives the directory @to the owner, mode, attributes and times of the directory @file. */
int layer_copy_directory(const struct merged_file *file, int to, struct error *err);

#endif
