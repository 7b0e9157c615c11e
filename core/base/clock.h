/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_CLOCK_H
#define URUN_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/*
 * The time of CLOCK_MONOTONIC (clock_gettime(2)); only differences between two times mean anything.
 */
int64_t clock_ns(void);
int64_t clock_ms(void);

/*
 * A time since 1970, and the time of day, in UTC, by RFC 3339 with nanoseconds: 2026-11-28T18:23:07.123456789Z.  Such texts
 * sort as the times do.
 */
#define CLOCK_TEXT_SIZE 40
void clock_print_utc(struct timespec time, char ret_text[static CLOCK_TEXT_SIZE]);
void clock_print_now(char ret_text[static CLOCK_TEXT_SIZE]);

/* The timeout of poll(2), in ms, that ends when clock_ms() is @deadline. */
int clock_until(int64_t deadline);

/* The sooner of two timeouts of poll(2) or epoll_wait(2), in ms; a negative timeout means none. */
static inline int clock_sooner(int first, int second)
{
	return first < 0 || (second >= 0 && second < first) ? second : first;
}

#endif
