/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_IMAGE_PLATFORM_H
#define URUN_IMAGE_PLATFORM_H

#include <stdbool.h>

#include "core/base/error.h"

/*
 * Platforms in the words of Go (GOOS, GOARCH): linux/amd64, linux/arm/v7.
 * Source: image-spec, image-index.md "platform"; the order of variants is that of containers/image,
 * so that podman and urun take the same image of an index.
 */
#define PLATFORM_WORD_SIZE 32
#define PLATFORM_TEXT_SIZE (3 * PLATFORM_WORD_SIZE)

struct platform {
	char os[PLATFORM_WORD_SIZE];
	char architecture[PLATFORM_WORD_SIZE];
	char variant[PLATFORM_WORD_SIZE]; /* "": none */
};

/* The platform of the host's kernel and processor.  Source: uname(2). */
void platform_of_host(struct platform *ret_platform);
/* The same from a word of `uname -m`, so that tests can ask. */
void platform_of_machine(const char *machine, struct platform *ret_platform);

/*
 * Reads OS/ARCH[/VARIANT] of --platform, or ARCH alone.  The words of uname and of Debian
 * (x86_64, aarch64, armhf) are taken for Go's.  Refuses another system than linux, and a list.
 */
int platform_parse(const char *text, struct platform *ret_platform, struct error *err);

/*
 * Takes @word of a document as a part of a platform; NULL and "" say nothing.  False, and ret_word
 * is "", where it is longer than any, or has another character than letters, digits and "._-": a
 * platform is shown on terminals.
 */
bool platform_take_word(const char *word, char ret_word[static PLATFORM_WORD_SIZE]);

/* Writes linux/arm/v7. */
void platform_print(const struct platform *platform, char ret_text[static PLATFORM_TEXT_SIZE]);

/*
 * How well programs of @offered suit who wants @wanted: 0 is best, and more is worse; -1: not at
 * all.  arm runs lower variants: v7 takes v7, v6, v5, then none.
 */
int platform_rank(const struct platform *wanted, const struct platform *offered);

#endif
