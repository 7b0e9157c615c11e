/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_LOG_OPTIONS_H
#define URUN_CONFIG_LOG_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"

/* How the output of a detached container is kept, by the annotation CONFIG_ANNOTATION_LOG. */
struct log_options {
	bool none;    /* it isn't */
	int64_t size; /* the most bytes of the log */
};

/* The bounds of the size. */
#define LOG_SIZE_MIN	 ((int64_t)16 << 10)
#define LOG_SIZE_DEFAULT ((int64_t)10 << 20)

/*
 * Parses the value of the annotation: "none" or "max-size=SIZE" (size_parse()), or both with a comma
 * between them.  NULL: as by default.
 */
int log_options_parse(const char *text, struct log_options *ret_options, struct error *err);

#endif
