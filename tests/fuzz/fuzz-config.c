// SPDX-License-Identifier: Apache-2.0
/*
 * Whatever the bytes are: config_parse() ends with a config or with one line of text.  A config
 * that was taken is printed, and what was printed is taken again and printed the same.
 *
 * With clang -fsanitize=fuzzer this is libFuzzer's target; with -DFUZZ_STANDALONE it replays the
 * files named as arguments.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void demand(int fulfilled, const char *what, const char *text)
{
	if (fulfilled)
		return;
	fprintf(stderr, "fuzz-config: %s: %s\n", what, text);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct container_config config, again;
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	autostrbuf struct strbuf first = { 0 };
	autostrbuf struct strbuf second = { 0 };

	if (config_parse((const char *)bytes, size, &config, &err) < 0) {
		demand(err.text[0] != '\0', "a failure without a text", "");
		demand(!strchr(error_format(&err, line), '\n'), "more than one line", line);
		return 0;
	}
	config_print(&config, JSON_INDENTED, &first);
	demand(config_parse(first.bytes, first.size, &again, &err) == 0,
	       "what was printed is refused", err.text);
	config_print(&again, JSON_INDENTED, &second);
	demand(strcmp(first.bytes, second.bytes) == 0, "the second print differs", second.bytes);
	config_release(&config);
	config_release(&again);
	return 0;
}

#ifdef FUZZ_STANDALONE
/* More than the parser takes, so that its own bound is met too. */
#define INPUT_MAX (16u << 20)

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		autofree char *bytes = NULL;
		size_t size;

		if (fd_read_file(argv[i], INPUT_MAX, &bytes, &size) < 0) {
			fprintf(stderr, "fuzz-config: can't read %s\n", argv[i]);
			return 1;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
	}
	printf("%d inputs\n", argc - 1);
	return 0;
}
#endif
