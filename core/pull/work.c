// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/pull/work.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/image/manifest.h"

/* A person who presses Ctrl-C waits so long at most. */
#define SAVE_TIMEOUT_MS 3000

int work_start_reader(struct work *work, char *const *words, int source, struct error *err)
{
	const struct reader_call call = {
		.userns = work->userns,
		.words = words,
		.store = work->store,
		.source = source >= 0 ? source : work->fetched.dir,
		.cover = source >= 0 || work->fetched.dir < 0 ? "" : work->fetched.name,
		.lock = work->pull.lock,
	};

	return reader_start(&call, &work->reader, err);
}

static bool has_single_id(const struct userns_plan *userns)
{
	return userns->mode != USERNS_INHERIT && userns->uids.count == 1 &&
	       userns->uids.ranges[0].count == 1;
}

uint64_t work_size_limit(const struct work *work)
{
	return work->request->size_limit ? work->request->size_limit : IMAGE_SIZE_LIMIT;
}

int work_start_unpack(struct work *work, enum image_source_kind kind, const char *reference,
		      int source, struct error *err)
{
	static const char *const kinds[] = IMAGE_SOURCE_WORDS;
	char number[24], limit[24], platform[PLATFORM_TEXT_SIZE];
	char *const words[] = {
		(char *)"unpack",
		work->pull.name,
		(char *)kinds[kind],
		(char *)(reference ? reference : ""),
		number,
		platform,
		work->reference->name,
		(char *)work->ids,
		(char *)(has_single_id(work->userns) ? "1" : "0"),
		limit,
		NULL,
	};

	platform_print(&work->platform, platform);
	snprintf(number, sizeof(number), "%" PRId64, work->reference->source_index);
	snprintf(limit, sizeof(limit), "%" PRIu64, work_size_limit(work));
	return work_start_reader(work, words, source, err);
}

/* ---- reports ---- */

static void add_layer(struct work *work, const struct image_report *report)
{
	struct work_layer layer = { .size = report->total, .is_there = report->value != 0 };

	if (work->layers_known || work->layer_count >= IMAGE_LAYERS_MAX)
		return;
	digest_from_hex(report->digest + strlen("sha256:"), &layer.digest);
	work->layers = mem_resize(work->layers, work->layer_count + 1, sizeof(*work->layers));
	work->layers[work->layer_count++] = layer;
	progress_add(&work->progress, &layer.digest, layer.size, layer.is_there);
}

/* Returns 0; 1 after a report of an error, which is in @err. */
static int take_report(struct work *work, const struct image_report *report, struct error *err)
{
	switch ((enum image_report_kind)report->kind) {
	case IMAGE_REPORT_LAYER: add_layer(work, report); return 0;
	case IMAGE_REPORT_LAYERS: work->layers_known = true; return 0;
	case IMAGE_REPORT_PROGRESS:
		progress_set(&work->progress, report->layer, PROGRESS_UNPACK, report->done);
		return 0;
	case IMAGE_REPORT_LAYER_END:
		progress_set(&work->progress, report->layer, PROGRESS_DONE, 0);
		return 0;
	case IMAGE_REPORT_CHOSEN:
		digest_from_hex(report->digest + strlen("sha256:"), &work->chosen);
		work->chosen_of_index = report->value != 0;
		return 0;
	case IMAGE_REPORT_LINE:
		progress_clear(&work->progress);
		log_line((enum log_level)report->value, report->error.text);
		return 0;
	case IMAGE_REPORT_ERROR:
		/* The first one counts: what follows is its consequence. */
		if (!err->text[0])
			error_unpack(&report->error, err);
		return 1;
	case IMAGE_REPORT_COUNT: break;
	}
	return 0;
}

/* ---- waiting ---- */

enum { POLL_SIGNALS, POLL_REPORTS, POLL_FETCH, POLL_MESSAGES, POLL_ARRIVALS, POLL_COUNT };

static void read_signal(struct work *work)
{
	struct signalfd_siginfo info;

	if (read(work->signals, &info, sizeof(info)) == sizeof(info))
		work->stopped_by = (int)info.ssi_signo;
}

/*
 * A download that is stopped: without orders urun-image gives the layers that are whole to the
 * store, for the next pull.  A second signal, or a disk that is too slow, ends the wait.
 */
static void save_whole_layers(struct work *work)
{
	const int64_t deadline = clock_ms() + SAVE_TIMEOUT_MS;
	struct error ignored = ERROR_NONE;
	struct image_report report;

	if (!work->fetch.brings_blobs || work->reader.pid == 0)
		return;
	fetch_end(&work->fetch);
	fd_close(&work->reader.orders);
	for (;;) {
		struct pollfd polled[] = {
			{ .fd = work->signals, .events = POLLIN },
			{ .fd = work->reader.reports, .events = POLLIN },
		};
		int ready = poll(polled, ARRAY_SIZE(polled), clock_until(deadline));

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0 || polled[0].revents ||
		    reader_read(&work->reader, &report, &ignored) <= 0)
			return;
	}
}

static bool is_reached(const struct work *work, enum work_until until)
{
	switch (until) {
	case WORK_UNTIL_LAYERS_KNOWN: return work->layers_known || work->reader.pid == 0;
	case WORK_UNTIL_READER_ENDS: return work->reader.pid == 0;
	case WORK_UNTIL_FETCH_ENDS: return work->fetch.pid == 0;
	}
	return true;
}

/*
 * The end of the fetch is the end of the orders: urun-image then fails if it still waits for a
 * layer, and the cause is what the fetch says.
 */
static int take_fetch_end(struct work *work, struct error *fetch_err, struct error *err)
{
	const struct image_order complete = { .kind = IMAGE_ORDER_COMPLETE };

	fetch_read(&work->fetch);
	fetch_notice_end(&work->fetch);
	if (work->fetch.pid != 0)
		return 0;
	if (fetch_judge(work, fetch_err) == 0 && work->reader.orders >= 0 &&
	    (fetch_announce(work, err) < 0 || reader_order(&work->reader, &complete, err) < 0))
		return -1;
	fd_close(&work->reader.orders);
	return 0;
}

/* What is open is polled; poll(2) passes over -1. */
static int poll_all(struct work *work, struct pollfd polled[POLL_COUNT], struct error *err)
{
	const int fds[POLL_COUNT] = {
		[POLL_SIGNALS] = work->signals,
		[POLL_REPORTS] = work->reader.reports,
		[POLL_FETCH] = work->fetch.pid ? work->fetch.pidfd : -1,
		[POLL_MESSAGES] = work->fetch.messages,
		[POLL_ARRIVALS] = work->fetch.arrivals,
	};
	bool must_look =
		work->progress.is_shown || (work->fetch.brings_blobs && work->fetch.arrivals < 0);
	int timeout = work->fetch.pid && must_look ? PROGRESS_INTERVAL : -1;

	for (int i = 0; i < POLL_COUNT; i++)
		polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	while (poll(polled, POLL_COUNT, timeout) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "wait for " IMAGE_PROGRAM);
	return 0;
}

/* Returns 1 where a report said that urun-image fails. */
static int take_reports(struct work *work, bool *told, struct error *err)
{
	struct image_report report;
	int got = reader_read(&work->reader, &report, err);

	if (got < 0)
		return -1;
	if (got > 0) {
		*told = take_report(work, &report, err) != 0 || *told;
		return 0;
	}
	return reader_wait(&work->reader, *told, err);
}

int work_wait(struct work *work, enum work_until until, struct error *err)
{
	struct error fetch_err = ERROR_NONE;
	bool told = false;

	while (!is_reached(work, until)) {
		struct pollfd polled[POLL_COUNT];
		int result = poll_all(work, polled, err);

		if (result == 0 && polled[POLL_SIGNALS].revents) {
			read_signal(work);
			if (work->stopped_by) {
				save_whole_layers(work);
				return error_set(err, EINTR, "the pull");
			}
		}
		if (result == 0 && polled[POLL_MESSAGES].revents)
			fetch_read(&work->fetch);
		if (result == 0 && work->fetch.pid && work->fetch.brings_blobs)
			result = fetch_announce(work, err);
		if (result == 0 && polled[POLL_FETCH].revents)
			result = take_fetch_end(work, &fetch_err, err);
		if (result == 0 && polled[POLL_REPORTS].revents)
			result = take_reports(work, &told, err);
		fetch_measure(work);
		progress_draw(&work->progress, false);
		if (result == 0 && fetch_err.text[0] && work->reader.pid == 0)
			result = -1;
		if (result < 0)
			return fetch_err.text[0] ? error_take(err, &fetch_err) : -1;
	}
	return fetch_err.text[0] ? error_take(err, &fetch_err) : 0;
}
