/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PULL_WORK_H
#define URUN_PULL_WORK_H

#include "core/base/str.h"
#include "core/image/platform.h"
#include "core/image/reference.h"
#include "core/image/store.h"
#include "core/pull/reader.h"
#include "core/pull/progress.h"
#include "core/pull/pull.h"

/* One layer of the image that is being pulled, as urun-image tells. */
struct work_layer {
	struct digest digest; /* of the blob */
	uint64_t size;	      /* of the blob */
	bool is_there;	      /* the store has it, or its blob has arrived */
	ino_t partial;	      /* of a file that is probably its blob, while it arrives; 0: none */
};

/* A program of the host that a pull waits for: skopeo.  Start from FETCH_NONE. */
struct fetch {
	pid_t pid; /* 0: none */
	int pidfd;
	int messages;	    /* to be read: its stderr */
	bool brings_blobs;  /* of work.layers */
	uint64_t file_size; /* struct program_call's */
	int arrivals;	    /* inotify, of the blobs; -1: they are looked for again and again */
	struct strbuf said; /* the last of its messages */
	int status;	    /* of waitpid(2), once pid is 0 again */
};

#define FETCH_NONE ((struct fetch){ .pidfd = -1, .messages = -1, .arrivals = -1 })

/* One pull: what its steps share. */
struct work {
	const struct image_request *request;
	const struct image_reference *reference;
	const struct userns_plan *userns;
	struct platform platform;
	const char *ids; /* image_ids() */
	int store;
	struct store_pull pull;	   /* what urun-image makes */
	struct store_pull fetched; /* what skopeo writes, and urun-image can't write to */
	struct progress progress;
	struct work_layer *layers;
	size_t layer_count;
	bool layers_known;
	struct digest chosen; /* IMAGE_REPORT_CHOSEN */
	bool chosen_of_index;
	struct reader reader;
	struct fetch fetch;
	int signals;	/* signalfd of the signals that end a process */
	int stopped_by; /* such a signal; 0: none */
};

/* Bytes that one layer may unpack to. */
uint64_t work_size_limit(const struct work *work);

/* Starts urun-image with these words (see struct reader_call) as work->reader. */
int work_start_reader(struct work *work, char *const *words, int source, struct error *err);

/* The words of `unpack`; @source is a word of IMAGE_SOURCE_WORDS, @reference may be NULL. */
int work_start_unpack(struct work *work, enum image_source_kind kind, const char *reference,
		      int source, struct error *err);

/*
 * Waits until work->reader has ended, or @until, and meanwhile for what work->fetch says and
 * brings.  Fails with what failed first in one of the two, and where a signal is to end this
 * process.
 */
enum work_until {
	WORK_UNTIL_LAYERS_KNOWN, /* urun-image has told the layers */
	WORK_UNTIL_READER_ENDS,
	WORK_UNTIL_FETCH_ENDS,
};
int work_wait(struct work *work, enum work_until until, struct error *err);

/*
 * core/pull/fetch.c: what skopeo has to bring, for IMAGE_DOCKER and IMAGE_SKOPEO.  Brings nothing
 * where the registry's manifest is @stored (NULL: none).
 */
int fetch_image(struct work *work, const struct digest *stored, struct error *err);
/* The blobs that have arrived are announced to urun-image. */
int fetch_announce(struct work *work, struct error *err);
/* For the progress: how much of the blobs has arrived. */
void fetch_measure(struct work *work);
/* Reads what the program says, and notices its end. */
void fetch_read(struct fetch *fetch);
void fetch_notice_end(struct fetch *fetch);
/* The program's failure, in one line; 0 where it succeeded. */
int fetch_judge(const struct work *work, struct error *err);
/* Ends the program, if it runs. */
void fetch_end(struct fetch *fetch);

#endif
