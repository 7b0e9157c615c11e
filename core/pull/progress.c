// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/pull/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/size.h"
#include "core/base/str.h"

#define COLUMNS_STANDARD 80
#define ROWS_STANDARD	 24
#define BAR_WIDTH_MAX	 30
/* The digits of a digest that are shown, as podman and docker do. */
#define DIGITS 12

void progress_init(struct progress *progress, bool quiet)
{
	*progress = (struct progress){ .is_shown = !quiet && isatty(STDERR_FILENO) };
}

void progress_release(struct progress *progress)
{
	free(progress->bars);
	progress->bars = NULL;
}

void progress_add(struct progress *progress, const struct digest *digest, uint64_t total,
		  bool is_there)
{
	progress->bars = mem_resize(progress->bars, progress->count + 1, sizeof(*progress->bars));
	progress->bars[progress->count++] = (struct progress_bar){
		.digest = *digest,
		.step = is_there ? PROGRESS_THERE : PROGRESS_WAITS,
		.total = total,
	};
}

void progress_set(struct progress *progress, size_t bar, enum progress_step step, uint64_t done)
{
	if (bar >= progress->count || step < progress->bars[bar].step)
		return;
	progress->bars[bar].step = step;
	progress->bars[bar].done =
		done < progress->bars[bar].total ? done : progress->bars[bar].total;
}

/* ---- text ---- */

static const char *step_word(enum progress_step step)
{
	switch (step) {
	case PROGRESS_WAITS: return "waiting";
	case PROGRESS_DOWNLOAD: return "downloading";
	case PROGRESS_UNPACK: return "unpacking";
	case PROGRESS_DONE: return "done";
	case PROGRESS_THERE: return "already there";
	}
	return "";
}

static void add_bar(const struct progress_bar *bar, size_t width, struct strbuf *out)
{
	size_t filled =
		bar->total ? (size_t)((double)bar->done / (double)bar->total * (double)width) : 0;

	strbuf_add_str(out, "[");
	for (size_t i = 0; i < width; i++)
		strbuf_add_str(out, i < filled ? "=" : i == filled ? ">" : " ");
	strbuf_add_str(out, "] ");
}

void progress_format(const struct progress_bar *bar, size_t columns, struct strbuf *out)
{
	autostrbuf struct strbuf line = { 0 }, sizes = { 0 };
	bool moves = bar->step == PROGRESS_DOWNLOAD || bar->step == PROGRESS_UNPACK;
	size_t rest;

	if (moves) {
		size_print(bar->done, SIZE_DECIMAL, &sizes);
		strbuf_add_str(&sizes, "/");
	}
	size_print(bar->total, SIZE_DECIMAL, &sizes);
	strbuf_addf(&line, "%.*s ", DIGITS, bar->digest.hex);
	rest = line.size + strlen("[] ") + sizes.size + 1 + strlen("downloading");
	if (moves && columns > rest + 4)
		add_bar(bar,
			columns - rest - 1 < BAR_WIDTH_MAX ? columns - rest - 1 : BAR_WIDTH_MAX,
			&line);
	strbuf_addf(&line, "%s %s", sizes.bytes, step_word(bar->step));
	strbuf_add(out, line.bytes, line.size < columns ? line.size : columns);
}

/* ---- the terminal ---- */

static void terminal_size(size_t *ret_columns, size_t *ret_rows)
{
	struct winsize size;

	*ret_columns = COLUMNS_STANDARD;
	*ret_rows = ROWS_STANDARD;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
		*ret_columns = size.ws_col;
		*ret_rows = size.ws_row;
	}
}

/* Goes up to the first bar, and clears all that follows.  Source: console_codes(4), CSI A and J. */
static void add_clear(struct progress *progress, struct strbuf *out)
{
	if (progress->drawn > 0)
		strbuf_addf(out, "\r\033[%zuA\033[J", progress->drawn);
	progress->drawn = 0;
}

void progress_clear(struct progress *progress)
{
	autostrbuf struct strbuf out = { 0 };

	if (!progress->is_shown)
		return;
	add_clear(progress, &out);
	if (out.size)
		(void)fd_write_all(STDERR_FILENO, out.bytes, out.size);
}

static bool bar_is_over(const struct progress_bar *bar)
{
	return bar->step >= PROGRESS_DONE;
}

static bool has_news(const struct progress *progress)
{
	for (size_t i = 0; i < progress->count; i++)
		if (progress->bars[i].step != PROGRESS_THERE)
			return true;
	return false;
}

/* The last column stays free: some terminals begin a new line there. */
static void add_bar_line(const struct progress_bar *bar, size_t columns, struct strbuf *out)
{
	progress_format(bar, columns - 1, out);
	strbuf_add_str(out, "\n");
}

void progress_draw(struct progress *progress, bool now)
{
	autostrbuf struct strbuf out = { 0 };
	int64_t time = clock_ms();
	size_t columns, rows;

	if (!progress->is_shown || (!now && time - progress->drawn_at < PROGRESS_INTERVAL) ||
	    (progress->only_news && !has_news(progress)))
		return;
	progress->drawn_at = time;
	terminal_size(&columns, &rows);
	add_clear(progress, &out);
	for (size_t i = 0; i < progress->count; i++) {
		struct progress_bar *bar = &progress->bars[i];

		if (bar_is_over(bar) && !bar->printed)
			add_bar_line(bar, columns, &out);
		bar->printed = bar->printed || bar_is_over(bar);
	}
	for (size_t i = 0; i < progress->count && progress->drawn + 1 < rows; i++)
		if (!bar_is_over(&progress->bars[i]) && progress->bars[i].step != PROGRESS_WAITS) {
			add_bar_line(&progress->bars[i], columns, &out);
			progress->drawn++;
		}
	if (out.size)
		(void)fd_write_all(STDERR_FILENO, out.bytes, out.size);
}
