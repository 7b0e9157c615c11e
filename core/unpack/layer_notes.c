// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image, in the user namespace.
#include "core/unpack/layer_notes.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"

#define FLUSH_AT 8192

/* A note has at most two paths. */
_Static_assert(sizeof(((struct notes_reader *)0)->buffer) >= 1 + 2 * PATH_MAX,
	       "a whole note fits into the buffer");

/* ---- writing ---- */

static void write_buffer(struct notes_writer *notes)
{
	if (notes->failed == 0)
		notes->failed = fd_write_all(notes->fd, notes->buffer.bytes, notes->buffer.size);
	notes->buffer.size = 0;
}

void notes_add(struct notes_writer *notes, enum layer_note note, const char *first,
	       const char *second)
{
	const char kind = (char)note;

	strbuf_add(&notes->buffer, &kind, 1);
	strbuf_add(&notes->buffer, first, strlen(first) + 1);
	if (second)
		strbuf_add(&notes->buffer, second, strlen(second) + 1);
	if (notes->buffer.size >= FLUSH_AT)
		write_buffer(notes);
}

int notes_flush(struct notes_writer *notes, struct error *err)
{
	if (notes->buffer.size > 0)
		write_buffer(notes);
	return notes->failed < 0 ? error_set(err, -notes->failed, "write the notes of a layer") : 0;
}

void notes_release(struct notes_writer *notes)
{
	strbuf_release(&notes->buffer);
}

/* ---- reading ---- */

static int notes_fill(struct notes_reader *notes)
{
	ssize_t got;

	memmove(notes->buffer, notes->buffer + notes->start, notes->end - notes->start);
	notes->end -= notes->start;
	notes->start = 0;
	while (notes->end < sizeof(notes->buffer)) {
		got = pread(notes->fd, notes->buffer + notes->end,
			    sizeof(notes->buffer) - notes->end, notes->offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		notes->end += (size_t)got;
		notes->offset += got;
	}
	return 0;
}

/* A text at the start of the unread bytes; NULL: it has no end there. */
static const char *notes_text(struct notes_reader *notes)
{
	char *text = notes->buffer + notes->start;
	char *nul = memchr(text, '\0', notes->end - notes->start);

	if (!nul)
		return NULL;
	notes->start = (size_t)(nul + 1 - notes->buffer);
	return text;
}

int notes_next(struct notes_reader *notes, enum layer_note *ret_note, const char **ret_first,
	       const char **ret_second, struct error *err)
{
	const char *first, *second = NULL;
	int failed;
	char kind;

	if (notes->end - notes->start < 1 + 2 * PATH_MAX) {
		failed = notes_fill(notes);
		if (failed < 0)
			return error_set(err, -failed, "read the notes of a layer");
	}
	if (notes->start == notes->end)
		return 0;
	kind = notes->buffer[notes->start++];
	first = notes_text(notes);
	if (kind == NOTE_LINK)
		second = notes_text(notes);
	if (!first || (kind == NOTE_LINK && !second))
		return error_set(err, 0, "the notes of a layer are cut");
	*ret_note = (enum layer_note)kind;
	*ret_first = first;
	*ret_second = second;
	return 1;
}
