/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_CLOCK_H
#define URUN_BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC (clock_gettime(2)): of use only as differences. */
int64_t clock_ns(void);
int64_t clock_ms(void);

#endif
