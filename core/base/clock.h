/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_CLOCK_H
#define URUN_BASE_CLOCK_H

#include <stdint.h>

/*
 * The time of CLOCK_MONOTONIC (clock_gettime(2)); only differences between two times mean anything.
 */
int64_t clock_ns(void);
int64_t clock_ms(void);

/* The sooner of two timeouts of poll(2) or epoll_wait(2), in ms; a negative timeout means none. */
static inline int clock_sooner(int first, int second)
{
	return first < 0 || (second >= 0 && second < first) ? second : first;
}

#endif
