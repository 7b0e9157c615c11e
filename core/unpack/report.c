// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image.
#include "core/unpack/report.h"

#include <stdio.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"

static void send_report(const struct image_report *report)
{
	if (fd_write_all(IMAGE_FD_REPORTS, report, sizeof(*report)) < 0)
		_exit(1);
}

static void set_digest(struct image_report *report, const struct digest *digest)
{
	_Static_assert(sizeof(report->digest) >= DIGEST_TEXT_SIZE, "a digest has room");
	digest_print(digest, report->digest);
}

void report_layer(size_t layer, const struct digest *digest, uint64_t size, bool is_there)
{
	struct image_report report = {
		.kind = IMAGE_REPORT_LAYER,
		.layer = (uint32_t)layer,
		.value = is_there,
		.total = size,
	};

	set_digest(&report, digest);
	send_report(&report);
}

void report_layers(size_t count)
{
	send_report(&(struct image_report){
		.kind = IMAGE_REPORT_LAYERS,
		.value = (uint32_t)count,
	});
}

void report_progress(size_t layer, uint64_t done)
{
	send_report(&(struct image_report){
		.kind = IMAGE_REPORT_PROGRESS,
		.layer = (uint32_t)layer,
		.done = done,
	});
}

void report_layer_end(size_t layer)
{
	send_report(&(struct image_report){
		.kind = IMAGE_REPORT_LAYER_END,
		.layer = (uint32_t)layer,
	});
}

void report_chosen(const struct digest *digest, bool is_index)
{
	struct image_report report = { .kind = IMAGE_REPORT_CHOSEN, .value = is_index };

	set_digest(&report, digest);
	send_report(&report);
}

void report_error(const struct error *err)
{
	struct image_report report = { .kind = IMAGE_REPORT_ERROR };

	error_pack(err, &report.error);
	send_report(&report);
}

static void send_line(enum log_level level, const char *text, void *context)
{
	struct image_report report = { .kind = IMAGE_REPORT_LINE, .value = (uint32_t)level };

	(void)context;
	snprintf(report.error.text, sizeof(report.error.text), "%s", text);
	send_report(&report);
}

void report_log(void)
{
	log_set_sink(send_line, NULL);
}
