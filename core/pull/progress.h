/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PULL_PROGRESS_H
#define URUN_PULL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"
#include "core/image/digest.h"

/*
 * The progress of a pull, for a person at a terminal: a line for each layer that is being
 * downloaded or unpacked, with a bar, on stderr.  A layer that is done leaves a line above.  Where
 * stderr is no terminal, nothing is written.
 * Runs in: parent.
 */
enum progress_step {
	PROGRESS_WAITS,
	PROGRESS_DOWNLOAD,
	PROGRESS_UNPACK,
	PROGRESS_DONE,
	PROGRESS_THERE, /* the store had it */
};

struct progress_bar {
	struct digest digest;
	enum progress_step step;
	uint64_t done, total; /* bytes of the blob */
	bool printed;	      /* its last line is above the bars */
};

struct progress {
	bool is_shown;
	bool only_news; /* layers that were there are shown only beside others */
	struct progress_bar *bars;
	size_t count;
	size_t drawn;	  /* lines that are drawn now, below the cursor's first line */
	int64_t drawn_at; /* clock_ms() */
};

/* Milliseconds between two drawings. */
#define PROGRESS_INTERVAL 100

void progress_init(struct progress *progress, bool quiet);
void progress_release(struct progress *progress);

/* Adds the next layer. */
void progress_add(struct progress *progress, const struct digest *digest, uint64_t total,
		  bool is_there);
void progress_set(struct progress *progress, size_t bar, enum progress_step step, uint64_t done);

/* Draws what has changed; not more often than each PROGRESS_INTERVAL, unless @now. */
void progress_draw(struct progress *progress, bool now);
/* Removes the bars, so that a line of the log or the prompt isn't among them. */
void progress_clear(struct progress *progress);

/*
 * Writes one bar as a line of at most @columns columns, without the newline:
 * "8d5e957f2978 [=====>    ]  12.3MB/40.1MB downloading".
 */
void progress_format(const struct progress_bar *bar, size_t columns, struct strbuf *out);

#endif
