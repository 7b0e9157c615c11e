/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_NEAREST_H
#define URUN_BASE_NEAREST_H

#include <stddef.h>

/*
 * Finds the known name that a person probably meant by an unknown word, for the "did you mean" of an
 * error.  A name counts where it differs from the word by few edits: a letter more, a letter less,
 * another letter, or two neighbours that changed places (the distance of Damerau and Levenshtein,
 * where no letter is edited twice).  Few is a third of the word's length, and one at least.
 */
struct nearest {
	const char *word;
	const char *name; /* the nearest so far, of those that were tried; NULL: none is near */
	size_t distance;  /* only a name with less than that is nearer */
};

/* Begins the search.  @word is borrowed. */
struct nearest nearest_begin(const char *word);

/*
 * Tries one name, which is borrowed.  Where names have the same distance, the name that begins with
 * the word is kept, else the first.
 */
void nearest_try(struct nearest *nearest, const char *name);

#endif
