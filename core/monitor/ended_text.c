// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/monitor/ended_text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/pid1/pid1.h"

/* Texts are put together by hand, since urun-monitor has no printf(3). */
struct text {
	char *bytes;
	size_t size;
};

static void text_add(struct text *text, const char *more)
{
	while (*more)
		text->bytes[text->size++] = *more++;
}

static void text_add_digits(struct text *text, uint64_t number, int width)
{
	char digits[20];
	int count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number || count < width);
	while (count)
		text->bytes[text->size++] = digits[--count];
}

struct date {
	int64_t year;
	int month, day; /* from 1 */
};

/*
 * The date of a day since 1970-01-01, in the Gregorian calendar.  Years begin in March here, so that
 * the day that some years have more is the last of its year.
 */
static struct date date_of_day(int64_t day)
{
	/* Days from 0000-03-01 to 1970-01-01; days of 400, 100, 4 years and of one. */
	int64_t left = day + 719468, era = left / 146097, year, of_year;
	struct date date;
	int month;

	left -= era * 146097;
	year = (left - left / 1460 + left / 36524 - left / 146096) / 365;
	of_year = left - (365 * year + year / 4 - year / 100);
	/* From March on, five months have 153 days. */
	month = (int)((5 * of_year + 2) / 153);
	date.day = (int)(of_year - (153 * month + 2) / 5) + 1;
	date.month = month < 10 ? month + 3 : month - 9;
	date.year = era * 400 + year + (date.month <= 2);
	return date;
}

static void text_add_time(struct text *text, int64_t seconds, uint32_t nanoseconds)
{
	int64_t in_day = seconds % 86400;
	struct date date = date_of_day(seconds / 86400);

	text_add_digits(text, (uint64_t)date.year, 4);
	text_add(text, "-");
	text_add_digits(text, (uint64_t)date.month, 2);
	text_add(text, "-");
	text_add_digits(text, (uint64_t)date.day, 2);
	text_add(text, "T");
	text_add_digits(text, (uint64_t)(in_day / 3600), 2);
	text_add(text, ":");
	text_add_digits(text, (uint64_t)(in_day / 60 % 60), 2);
	text_add(text, ":");
	text_add_digits(text, (uint64_t)(in_day % 60), 2);
	text_add(text, ".");
	text_add_digits(text, nanoseconds, 9);
	text_add(text, "Z");
}

size_t ended_text_print(const struct ended_text *ended, char ret_text[static ENDED_TEXT_SIZE])
{
	struct text text = { .bytes = ret_text };

	text_add(&text, "{");
	if (ended->status >= 0) {
		text_add(&text, "\"exitStatus\":");
		text_add_digits(&text, (uint64_t)ended->status, 1);
		text_add(&text, ",");
	}
	if (ended->signal) {
		text_add(&text, "\"signal\":");
		text_add_digits(&text, (uint64_t)ended->signal, 1);
		text_add(&text, ",");
	}
	text_add(&text, "\"oomKilled\":");
	text_add(&text, ended->oom_killed ? "true" : "false");
	text_add(&text, ",\"finished\":\"");
	text_add_time(&text, ended->seconds < 0 ? 0 : ended->seconds, ended->nanoseconds);
	text_add(&text, "\"}\n");
	text.bytes[text.size] = '\0';
	return text.size;
}

/* The name is as long as the kernel lets one be, so the line has two digits and its end. */
int ended_signal_in_name(const char *text, size_t size, int status)
{
	static const char name[] = PID1_NAME_SIGNALED;
	const char *digits = text + sizeof(name) - 1;
	int signal;

	if (size != sizeof(name) - 1 + sizeof("00\n") - 1 ||
	    memcmp(text, name, sizeof(name) - 1) != 0 || digits[0] < '0' || digits[0] > '9' ||
	    digits[1] < '0' || digits[1] > '9' || digits[2] != '\n')
		return 0;
	signal = (digits[0] - '0') * 10 + digits[1] - '0';
	return signal >= 1 && signal <= 64 && status == 128 + signal ? signal : 0;
}

int ended_signal_told(pid_t pid, int status)
{
	char bytes[64], line[32];
	struct text path = { .bytes = bytes };
	ssize_t got;
	int fd;

	if (pid <= 0 || status <= 128)
		return 0;
	text_add(&path, "/proc/");
	text_add_digits(&path, (uint64_t)pid, 1);
	text_add(&path, "/comm");
	bytes[path.size] = '\0';
	fd = openat(AT_FDCWD, bytes, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = read(fd, line, sizeof(line));
	close(fd);
	return got > 0 ? ended_signal_in_name(line, (size_t)got, status) : 0;
}

void ended_set(struct ended_text *ended, int wait_status)
{
	ended->signal = wait_status & 0x7f;
	ended->status = ended->signal ? 128 + ended->signal : (wait_status >> 8) & 0xff;
}

/* Fields of /proc/PID/stat are counted from 1. */
#define STAT_FIELD_STATE  3
#define STAT_FIELD_STATUS 52

/* The name between the brackets, with a line end, as /proc/PID/comm has it. */
static int signal_in_stat(const char *text, const char *name_end, int status)
{
	char line[32];
	size_t size = 0;

	while (text < name_end && *text != '(')
		text++;
	for (text++; text < name_end && size < sizeof(line) - 1; text++)
		line[size++] = *text;
	line[size++] = '\n';
	return ended_signal_in_name(line, size, status);
}

bool ended_in_stat(const char *text, size_t size, int *ret_wait_status, int *ret_signal)
{
	const char *end = text + size, *name_end = end, *at;
	struct ended_text ended = { 0 };
	int status = 0, field = STAT_FIELD_STATE - 1;

	/* The process chooses its name, which may have brackets and blanks: the last bracket ends it. */
	while (name_end > text && *--name_end != ')')
		;
	if (end - name_end < 3 || *name_end != ')' || (name_end[2] != 'Z' && name_end[2] != 'X'))
		return false;
	for (at = name_end; at < end && field < STAT_FIELD_STATUS; at++)
		field += *at == ' ';
	if (field != STAT_FIELD_STATUS || at == end || *at < '0' || *at > '9')
		return false;
	/* A later kernel may have more fields behind it. */
	for (; at < end && *at >= '0' && *at <= '9' && status <= 0xffff; at++)
		status = status * 10 + *at - '0';
	if (status > 0xffff)
		return false;
	ended_set(&ended, status);
	*ret_wait_status = status;
	*ret_signal = ended.signal ? 0 : signal_in_stat(text, name_end, ended.status);
	return true;
}
