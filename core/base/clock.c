// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_ms(void)
{
	return clock_ns() / 1000000;
}

int clock_until(int64_t deadline)
{
	int64_t left = deadline - clock_ms();

	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* gmtime_r(3) reads /etc/localtime first, which a time of day in UTC doesn't depend on. */
static void split_utc(time_t seconds, struct tm *ret_parts)
{
	/* Days since the first of March of the year 0: leap days are at the ends of years then. */
	int64_t days = seconds / 86400 + 719468;
	int64_t of_day = seconds % 86400;
	int64_t era = days / 146097; /* 400 years */
	int64_t of_era = days % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153; /* March is 0 */

	*ret_parts = (struct tm){
		.tm_year = (int)(era * 400 + year + (month >= 10) - 1900),
		.tm_mon = (int)(month < 10 ? month + 2 : month - 10),
		.tm_mday = (int)(of_year - (153 * month + 2) / 5 + 1),
		.tm_hour = (int)(of_day / 3600),
		.tm_min = (int)(of_day / 60 % 60),
		.tm_sec = (int)(of_day % 60),
	};
}

void clock_print_utc(struct timespec time, char ret_text[static CLOCK_TEXT_SIZE])
{
	struct tm parts;
	size_t length;

	split_utc(time.tv_sec, &parts);
	length = strftime(ret_text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(ret_text + length, CLOCK_TEXT_SIZE - length, ".%09ldZ", time.tv_nsec);
}

void clock_print_now(char ret_text[static CLOCK_TEXT_SIZE])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_print_utc(now, ret_text);
}
