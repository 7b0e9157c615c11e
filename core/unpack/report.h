/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_REPORT_H
#define URUN_UNPACK_REPORT_H

#include "core/base/error.h"
#include "core/image/digest.h"
#include "core/unpack/handover.h"

/*
 * Reports to urun (core/unpack/handover.h).  Each process of urun-image may send them; where urun
 * has ended, nobody reads them, and this process ends too.
 * Runs in: urun-image.
 */
void report_layer(size_t layer, const struct digest *digest, uint64_t size, bool is_there);
void report_layers(size_t count);
void report_progress(size_t layer, uint64_t done);
void report_layer_end(size_t layer);
void report_chosen(const struct digest *digest, bool is_index);
void report_error(const struct error *err);

/* The sink of the log: each line becomes a report. */
void report_log(void);

#endif
