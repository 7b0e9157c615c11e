// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/command.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/size.h"
#include "core/base/str.h"
#include "core/container/processes.h"
#include "core/container/usage.h"

#define INTERVAL_MS 1000
/*
 * Time between the two looks for the first table; over a shorter time, the ticks of the clock would
 * be measured.
 */
#define FIRST_MS 500

/* Moves the cursor home and clears the screen behind it.  Source: console_codes(4). */
#define CLEAR_SCREEN "\033[H\033[J"

struct stats_options {
	unsigned int interval_ms;
	bool no_stream;
};

/* A container at one look. */
struct sample {
	char *id;
	int64_t at_ns;
	struct usage usage;
};

struct samples {
	struct sample *items;
	size_t count;
};

static void samples_release(struct samples *samples)
{
	for (size_t i = 0; i < samples->count; i++)
		free(samples->items[i].id);
	free(samples->items);
	*samples = (struct samples){ 0 };
}

static const struct sample *find_sample(const struct samples *samples, const char *id)
{
	for (size_t i = 0; i < samples->count; i++)
		if (str_equal(samples->items[i].id, id))
			return &samples->items[i];
	return NULL;
}

/* Returned by add_sample() for a container that is removed meanwhile; the error is set. */
#define SAMPLE_GONE (-2)

/*
 * Returns 1 where the container was added, 0 where it doesn't run, SAMPLE_GONE, or -1 with an
 * error.
 */
static int add_sample(const char *root, const char *id, struct process_table *table,
		      struct samples *samples, struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct sample sample = { .at_ns = clock_ns() };
	enum container_status status;
	int result;

	result = container_open(root, id, STATE_UNLOCKED, &container, err);
	if (result != 0)
		return result < 0 ? -1 : SAMPLE_GONE;
	if (container_status(&container, &status, NULL, err) < 0)
		return -1;
	if (status != CONTAINER_RUNNING && status != CONTAINER_PAUSED)
		return 0;
	if (usage_read(&container.state, table, &sample.usage, err) < 0)
		return -1;
	sample.id = str_dup(id);
	samples->items = mem_resize(samples->items, samples->count + 1, sizeof(sample));
	samples->items[samples->count++] = sample;
	return 1;
}

/* A fault of the state root stays the same at each look: it is reported at the first. */
enum look_number { LOOK_FIRST, LOOK_AGAIN };

/* Looks at all running containers, and leaves out those that are removed meanwhile. */
static int look_at_all(const char *root, enum look_number number, struct samples *samples,
		       struct error *err)
{
	autoprocesstable struct process_table table = { 0 };
	autotextlist struct str_list ids = { 0 };

	if (state_list(root, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++) {
		struct error one = ERROR_NONE;
		char line[ERROR_LINE_SIZE];

		if (add_sample(root, ids.items[i], &table, samples, &one) == -1 && one.code == 0 &&
		    number == LOOK_FIRST)
			log_warning("stats: %s", error_format(&one, line));
	}
	return 0;
}

static int look(const char *root, const struct str_list *ids, enum look_number number,
		struct samples *ret_samples, struct error *err)
{
	autoprocesstable struct process_table table = { 0 };

	*ret_samples = (struct samples){ 0 };
	if (ids->count == 0)
		return look_at_all(root, number, ret_samples, err);
	for (size_t i = 0; i < ids->count; i++) {
		int added = add_sample(root, ids->items[i], &table, ret_samples, err);

		if (added == 0)
			error_set(err, 0, "container not running: %s", ids->items[i]);
		if (added != 1) {
			samples_release(ret_samples);
			return -1;
		}
	}
	return 0;
}

/* Appends a size, or a dash where it isn't known. */
static void add_size(uint64_t bytes, struct strbuf *out)
{
	autostrbuf struct strbuf text = { 0 };

	if (bytes == UINT64_MAX)
		strbuf_add_str(&text, "-");
	else
		size_print(bytes, SIZE_BINARY, &text);
	strbuf_addf(out, " %10s", text.bytes);
}

static void add_row(const struct sample *now, const struct sample *before, struct strbuf *out)
{
	double elapsed = before ? (double)(now->at_ns - before->at_ns) / 1000 : 0;
	/* Without a cgroup, the time of a process is lost when the process ends. */
	double used = before && now->usage.cpu_us > before->usage.cpu_us
			      ? (double)(now->usage.cpu_us - before->usage.cpu_us)
			      : 0;

	strbuf_addf(out, "%-20s %6.1f%%", now->id, elapsed > 0 ? 100 * used / elapsed : 0);
	add_size(now->usage.memory, out);
	add_size(now->usage.memory_limit, out);
	strbuf_addf(out, " %6" PRIu64 " %11.1fs\n", now->usage.processes,
		    (double)now->usage.cpu_us / 1e6);
}

static int print_usage_table(const struct samples *now, const struct samples *before, bool clear,
			     struct error *err)
{
	autostrbuf struct strbuf out = { 0 };

	strbuf_add_str(&out, clear ? CLEAR_SCREEN : "");
	strbuf_addf(&out, "%-20s %7s %10s %10s %6s %12s\n", "ID", "CPU", "MEMORY", "LIMIT", "PIDS",
		    "CPU TIME");
	for (size_t i = 0; i < now->count; i++)
		add_row(&now->items[i], find_sample(before, now->items[i].id), &out);
	return command_print(out.bytes, err);
}

static void wait_ms(unsigned int ms)
{
	const struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&time, NULL);
}

/*
 * Prints tables until the caller ends it (SIGINT), or a container that was named by its id has
 * ended.
 */
static int follow_stats(const char *root, const struct str_list *ids, unsigned int interval_ms,
			bool once, struct error *err)
{
	bool clear = !once && isatty(STDOUT_FILENO);
	unsigned int first_ms = interval_ms < FIRST_MS ? interval_ms : FIRST_MS;
	int64_t begun = clock_ns();
	struct samples before, now;
	int result = look(root, ids, LOOK_FIRST, &before, err);
	int64_t looked_ms = (clock_ns() - begun) / 1000000;

	if (result < 0)
		return -1;
	/* The look at many containers is a part of the time between their two samples. */
	if (looked_ms < first_ms)
		wait_ms(first_ms - (unsigned int)looked_ms);
	for (bool first = true;; first = false) {
		result = look(root, ids, LOOK_AGAIN, &now, err);
		/* The container existed before: its end ends the table. */
		if (result < 0 && !once && !first)
			result = 1;
		if (result == 0)
			result = print_usage_table(&now, &before, clear, err);
		samples_release(&before);
		if (result != 0)
			break;
		before = now;
		if (once)
			break;
		wait_ms(interval_ms);
	}
	samples_release(&before);
	return result < 0 ? -1 : 0;
}

static int cmd_stats(struct call *call, struct error *err)
{
	const struct stats_options *options = call->options;

	return follow_stats(call->globals->root, &call->operands, options->interval_ms,
			    options->no_stream, err);
}

static const struct option_spec options_stats[] = {
	{ "interval", 'i', OPTION_TIME, offsetof(struct stats_options, interval_ms), "TIME",
	  "look so often (default: 1s)" },
	{ "no-stream", 0, OPTION_FLAG, offsetof(struct stats_options, no_stream), NULL,
	  "print one table and end" },
};
static const struct command_usage usage_stats = {
	.name = "stats",
	.operands = "[ID…]",
	.summary = "Shows what the running containers use, as a live table.",
	.options = options_stats,
	.option_count = ARRAY_SIZE(options_stats),
	.options_size = sizeof(struct stats_options),
	.option_defaults = &(const struct stats_options){ .interval_ms = INTERVAL_MS },
	.operands_max = -1,
};
const struct command command_stats = { &usage_stats, cmd_stats, EXIT_STATUS_OTHER };
