// SPDX-License-Identifier: Apache-2.0
#include "core/base/moment.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define NS_PER_S 1000000000u

/* Reads exactly @width digits off the front of *@text. */
static bool take_digits(const char **text, int width, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < width; i++, (*text)++) {
		if (!isdigit((unsigned char)**text))
			return false;
		value = value * 10 + (**text - '0');
	}
	*ret_value = value;
	return true;
}

static bool take_char(const char **text, char expected)
{
	if (**text != expected)
		return false;
	(*text)++;
	return true;
}

/* Reads ".5" as nanoseconds; digits beyond those are cut off.  No point: 0. */
static bool take_fraction(const char **text, uint64_t *ret_ns)
{
	uint64_t ns = 0, unit = NS_PER_S / 10;

	*ret_ns = 0;
	if (!take_char(text, '.'))
		return true;
	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text); (*text)++, unit /= 10)
		ns += (uint64_t)(**text - '0') * unit;
	*ret_ns = ns;
	return true;
}

/* ---- a date ---- */

/* Reads "Z", "+01:00", or nothing (the local zone).  *ret_local says which. */
static bool take_zone(const char **text, int *ret_offset_s, bool *ret_local)
{
	int hours = 0, minutes = 0, sign;

	*ret_offset_s = 0;
	*ret_local = **text == '\0';
	if (*ret_local || take_char(text, 'Z') || take_char(text, 'z'))
		return true;
	sign = **text == '-' ? -1 : 1;
	if ((!take_char(text, '+') && !take_char(text, '-')) || !take_digits(text, 2, &hours) ||
	    !take_char(text, ':') || !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* timegm(3) and mktime(3) accept the 31st of April, and make it the 1st of May. */
static bool is_real_date(const struct tm *date)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = date->tm_year + 1900;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return date->tm_mon >= 0 && date->tm_mon < 12 && date->tm_mday >= 1 &&
	       date->tm_mday <= days[date->tm_mon] &&
	       (date->tm_mon != 1 || date->tm_mday <= 28 + leap) && date->tm_hour < 24 &&
	       date->tm_min < 60 && date->tm_sec <= 60;
}

static bool take_time_of_day(const char **text, struct tm *date, uint64_t *ret_fraction_ns)
{
	if (!take_digits(text, 2, &date->tm_hour) || !take_char(text, ':') ||
	    !take_digits(text, 2, &date->tm_min))
		return false;
	return !take_char(text, ':') ||
	       (take_digits(text, 2, &date->tm_sec) && take_fraction(text, ret_fraction_ns));
}

static int parse_date(const char *text, uint64_t *ret_ns)
{
	struct tm date = { .tm_isdst = -1 };
	uint64_t fraction_ns = 0;
	bool local;
	int offset_s;
	time_t seconds;

	if (!take_digits(&text, 4, &date.tm_year) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &date.tm_mon) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &date.tm_mday))
		return -EINVAL;
	if ((take_char(&text, 'T') || take_char(&text, 't') || take_char(&text, ' ')) &&
	    !take_time_of_day(&text, &date, &fraction_ns))
		return -EINVAL;
	if (!take_zone(&text, &offset_s, &local) || *text)
		return -EINVAL;
	date.tm_year -= 1900;
	date.tm_mon--;
	if (!is_real_date(&date))
		return -EINVAL;
	seconds = local ? mktime(&date) : timegm(&date) - offset_s;
	if (seconds < 0 || (uint64_t)seconds > INT64_MAX / NS_PER_S)
		return -ERANGE;
	*ret_ns = (uint64_t)seconds * NS_PER_S + fraction_ns;
	return 0;
}

/* ---- a duration, or seconds since 1970 ---- */

/* Reads "12.5" as whole units and billionths of one. */
static int take_amount(const char **text, uint64_t *ret_whole, uint64_t *ret_billionths)
{
	uint64_t whole = 0;
	const char *begin = *text;

	for (; isdigit((unsigned char)**text); (*text)++) {
		whole = whole * 10 + (uint64_t)(**text - '0');
		if (whole > INT64_MAX / NS_PER_S)
			return -ERANGE;
	}
	if (*text == begin && **text != '.')
		return -EINVAL;
	*ret_whole = whole;
	return take_fraction(text, ret_billionths) ? 0 : -EINVAL;
}

struct unit {
	const char *name;
	uint64_t ns;
};

/* A longer name comes before the shorter one that it begins with. */
static const struct unit units[] = {
	{ "ms", 1000000u },
	{ "ns", 1u },
	{ "us", 1000u },
	{ "\xc2\xb5s", 1000u },
	{ "s", NS_PER_S },
	{ "m", (uint64_t)60 * NS_PER_S },
	{ "h", (uint64_t)3600 * NS_PER_S },
};

static const struct unit *take_unit(const char **text)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (str_starts_with(*text, units[i].name)) {
			*text += strlen(units[i].name);
			return &units[i];
		}
	return NULL;
}

int moment_parse(const char *text, uint64_t now_ns, uint64_t *ret_ns)
{
	uint64_t total_ns = 0, whole, billionths;
	const struct unit *unit;
	int failed;

	if (strlen(text) > 4 && text[4] == '-')
		return parse_date(text, ret_ns);
	failed = take_amount(&text, &whole, &billionths);
	if (failed < 0)
		return failed;
	if (!*text) {
		*ret_ns = whole * NS_PER_S + billionths;
		return 0;
	}
	for (;;) {
		unit = take_unit(&text);
		if (!unit)
			return -EINVAL;
		if (whole > (now_ns - total_ns) / unit->ns)
			return -ERANGE;
		total_ns += whole * unit->ns + (unit->ns >= NS_PER_S
							? billionths * (unit->ns / NS_PER_S)
							: billionths * unit->ns / NS_PER_S);
		if (total_ns > now_ns)
			return -ERANGE;
		if (!*text)
			break;
		failed = take_amount(&text, &whole, &billionths);
		if (failed < 0)
			return failed;
	}
	*ret_ns = now_ns - total_ns;
	return 0;
}

/* ---- printing ---- */

void moment_print(uint64_t ns, struct strbuf *out)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm parts = { 0 };
	char date[32];
	long offset_min;

	localtime_r(&seconds, &parts);
	offset_min = parts.tm_gmtoff / 60;
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
	strbuf_addf(out, "%s.%09u%c%02ld:%02ld", date, (unsigned int)(ns % NS_PER_S),
		    offset_min < 0 ? '-' : '+', labs(offset_min) / 60, labs(offset_min) % 60);
}
