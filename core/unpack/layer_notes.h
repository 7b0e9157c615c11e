/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_LAYER_NOTES_H
#define URUN_UNPACK_LAYER_NOTES_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/base/str.h"

/*
 * What the unpacking of a layer leaves to layer_settle(), in a file: a layer can have 200,000 hard
 * links to lower layers, more than we keep in memory.  A note is a character, then texts with a NUL
 * behind each.  All paths are relative to the layer's directory and clean.
 */
enum layer_note {
	NOTE_LINK = 'L',       /* a hard link whose target wasn't there: its name, its target */
	NOTE_DIRECTORY = 'D',  /* a directory that wasn't listed: its name */
	NOTE_DEVICE = 'X',     /* a device that was left out: its name */
	NOTE_OPAQUE_TOP = 'O', /* the layer's top directory is opaque */
};

struct notes_writer {
	int fd; /* the caller's */
	struct strbuf buffer;
	int failed; /* the first negative errno */
};

/* @second NULL: the note has one text. */
void notes_add(struct notes_writer *notes, enum layer_note note, const char *first,
	       const char *second);
/* Writes what is buffered.  Returns 0, or -1 where any note couldn't be written. */
int notes_flush(struct notes_writer *notes, struct error *err);
void notes_release(struct notes_writer *notes);

struct notes_reader {
	int fd; /* the caller's; read from its beginning, and its offset isn't used */
	off_t offset;
	size_t start, end;
	char buffer[16384];
};

/* The next note: 1, or 0 at the end, or -1.  The texts stay valid until the next call. */
int notes_next(struct notes_reader *notes, enum layer_note *ret_note, const char **ret_first,
	       const char **ret_second, struct error *err);

#endif
