// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/place.h"
#include "core/base/str.h"

static enum { TRACE_OFF, TRACE_TO_FILE, TRACE_KEPT } mode;
static int file = -1;
static pid_t opener, child;
static int64_t origin; /* the time that is 0 in the file */
static const char *running;
static int64_t begun;
static struct trace_event *kept;
static size_t kept_count;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Microseconds, as the format has them. */
static void write_event(pid_t pid, const struct trace_event *event)
{
	char line[256], name[TRACE_NAME_SIZE];
	int64_t at = event->begun_ns - origin, took = event->ended_ns - event->begun_ns;
	size_t size = 0;
	int length;

	/* The name of another process's step may have any bytes. */
	for (; size < sizeof(name) - 1 && event->name[size]; size++)
		name[size] = event->name[size];
	name[size] = '\0';
	for (size_t i = 0; i < size; i++)
		if (name[i] < ' ' || name[i] > '~' || name[i] == '"' || name[i] == '\\')
			name[i] = '?';
	length = snprintf(line, sizeof(line),
			  ",\n{\"name\":\"%s\",\"ph\":\"X\",\"ts\":%.3f,\"dur\":%.3f,\"pid\":%d,"
			  "\"tid\":%d}",
			  name, (double)at / 1000, (double)took / 1000, (int)pid, (int)pid);
	(void)fd_write_all(file, line, (size_t)length);
}

static void write_process_name(pid_t pid, const char *name, const char *before)
{
	char line[160];
	int length = snprintf(line, sizeof(line),
			      "%s\n{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":%d,\"tid\":%d,"
			      "\"args\":{\"name\":\"%s\"}}",
			      before, (int)pid, (int)pid, name);

	(void)fd_write_all(file, line, (size_t)length);
}

/* A process that was forked meanwhile has the file too, and isn't the one that ends the document. */
static void end_file(void)
{
	trace_step(NULL);
	if (getpid() == opener)
		(void)fd_write_all(file, "\n]\n", 3);
}

int trace_open(const char *path, struct error *err)
{
	if (place_open_append("trace", path, 0600, &file, err) < 0)
		return -1;
	/* A terminal or a pipe can't be emptied, and needn't. */
	if (ftruncate(file, 0) < 0 && errno != EINVAL)
		return error_set(err, errno, "option --trace %s: empty the file", path);
	mode = TRACE_TO_FILE;
	opener = getpid();
	origin = now_ns();
	write_process_name(opener, "urun", "[");
	atexit(end_file);
	return 0;
}

void trace_keep(void)
{
	kept = mem_resize(NULL, TRACE_EVENTS_MAX, sizeof(*kept));
	mode = TRACE_KEPT;
}

bool trace_is_on(void)
{
	return mode != TRACE_OFF;
}

static void end_step(int64_t now)
{
	struct trace_event event = { .begun_ns = begun, .ended_ns = now };

	if (!running)
		return;
	snprintf(event.name, sizeof(event.name), "%s", running);
	if (mode == TRACE_TO_FILE)
		write_event(getpid(), &event);
	else if (kept_count < TRACE_EVENTS_MAX)
		kept[kept_count++] = event;
}

int trace_step(const char *name)
{
	int64_t now;

	if (mode == TRACE_OFF)
		return 0;
	now = now_ns();
	end_step(now);
	running = name;
	/* The time that writing takes is nobody's. */
	begun = mode == TRACE_TO_FILE ? now_ns() : now;
	return 0;
}

size_t trace_take(struct trace_event ret_events[static TRACE_EVENTS_MAX])
{
	size_t count;

	if (mode != TRACE_KEPT)
		return 0;
	trace_step(NULL);
	count = kept_count;
	memcpy(ret_events, kept, count * sizeof(*kept));
	kept_count = 0;
	return count;
}

void trace_set_child(pid_t pid)
{
	if (mode != TRACE_TO_FILE || pid == child)
		return;
	child = pid;
	write_process_name(pid, "urun init", ",");
}

void trace_add(const void *events, size_t count)
{
	struct trace_event event;

	for (size_t i = 0; i < count && mode == TRACE_TO_FILE; i++) {
		memcpy(&event, (const char *)events + i * sizeof(event), sizeof(event));
		write_event(child, &event);
	}
}
