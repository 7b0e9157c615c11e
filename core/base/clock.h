/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_CLOCK_H
#define URUN_BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC (clock_gettime(2)): of use only as differences. */
int64_t clock_ns(void);
int64_t clock_ms(void);

/* The sooner of two timeouts of poll(2) or epoll_wait(2), in ms: a negative one is no timeout. */
static inline int clock_sooner(int first, int second)
{
	return first < 0 || (second >= 0 && second < first) ? second : first;
}

#endif
