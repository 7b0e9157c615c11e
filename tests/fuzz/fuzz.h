/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_FUZZ_H
#define URUN_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"

/*
 * What the fuzzers share.  A fuzzer is a file with LLVMFuzzerTestOneInput(), linked with
 * -fsanitize=fuzzer.  With -DFUZZ_STANDALONE it is a program that replays the files of its
 * arguments, for hosts without libFuzzer.  See README.md.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Ends the run if a property of the code doesn't hold; libFuzzer then reports the input. */
static inline void fuzz_demand(bool fulfilled, const char *property)
{
	if (fulfilled)
		return;
	fprintf(stderr, "fuzz: not true: %s\n", property);
	abort();
}

/* The input, from which the fuzzer takes values.  After its end all values are 0. */
struct fuzz_input {
	const uint8_t *bytes;
	size_t size;
};

/* Takes a big-endian number of @count bytes. */
static inline uint32_t fuzz_number(struct fuzz_input *input, size_t count)
{
	uint32_t number = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t byte = input->size > 0 ? input->bytes[0] : 0;

		number = number << 8 | byte;
		if (input->size > 0) {
			input->bytes++;
			input->size--;
		}
	}
	return number;
}

/*
 * Takes up to @count bytes, in memory of exactly their size, so that a read beyond the end is
 * detected. The caller frees the bytes.
 */
static inline uint8_t *fuzz_bytes(struct fuzz_input *input, size_t count, size_t *ret_count)
{
	size_t taken = count < input->size ? count : input->size;
	uint8_t *bytes = mem_alloc(taken);

	if (taken > 0)
		memcpy(bytes, input->bytes, taken);
	input->bytes += taken;
	input->size -= taken;
	*ret_count = taken;
	return bytes;
}

/* Takes the text up to the next NUL or the input's end, in the same way. */
static inline char *fuzz_text(struct fuzz_input *input)
{
	size_t length = strnlen((const char *)input->bytes, input->size);
	char *text = str_dup_n((const char *)input->bytes, length);

	if (length < input->size)
		length++;
	input->bytes += length;
	input->size -= length;
	return text;
}

#ifdef FUZZ_STANDALONE
#include "core/base/fd.h"

/* More than any parser accepts, so that the parsers' own limits are reached. */
#define FUZZ_INPUT_MAX (32u << 20)

int __attribute__((weak)) LLVMFuzzerInitialize(int *argc, char ***argv);

int main(int argc, char **argv)
{
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		autofree char *bytes = NULL;
		size_t size;

		if (fd_read_file(argv[i], FUZZ_INPUT_MAX, &bytes, &size) < 0) {
			fprintf(stderr, "%s: can't be read\n", argv[i]);
			return 1;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
	}
	printf("%d inputs\n", argc - 1);
	return 0;
}
#endif

#endif
