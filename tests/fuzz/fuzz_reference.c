// SPDX-License-Identifier: Apache-2.0
/*
 * Names of images: for all texts the name is refused with an error of one line, or the full name is
 * one printable line, and the full name of itself.
 */
#include "core/base/utf8.h"
#include "core/image/reference.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct image_reference *reference)
{
	autoreference struct image_reference again = IMAGE_REFERENCE_NONE;
	struct error err = ERROR_NONE;

	fuzz_demand(image_reference_parse(reference->name, "/elsewhere", &again, &err) == 0,
		    "the full name is a name");
	fuzz_demand(str_equal(again.name, reference->name), "the full name is that of itself");
	fuzz_demand(again.transport == reference->transport, "the transport is the same");
	fuzz_demand(str_equal(again.source, reference->source) ||
			    (!again.source && !reference->source),
		    "the source is the same");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	autofree char *text = fuzz_text(&input);
	autofree char *normal = image_name_normalize(text);
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
	autostrbuf struct strbuf escaped = { 0 };
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	if (image_reference_parse(text, "/home/ann", &reference, &err) < 0) {
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
		fuzz_demand(!strchr(error_format(&err, line), '\n'), "an error is one line");
		return 0;
	}
	utf8_escape(reference.name, &escaped);
	fuzz_demand(str_equal(escaped.bytes, reference.name), "the name is printable");
	fuzz_demand(reference.transport != IMAGE_DOCKER ||
			    (reference.domain && reference.repository && reference.source),
		    "the parts are there");
	fuzz_demand(reference.transport > IMAGE_DOCKER_ARCHIVE ||
			    (reference.path && *reference.path),
		    "there is a path");
	fuzz_demand(!reference.is_short || str_equal(normal, reference.name),
		    "a short name is normalised in one way");
	check_again(&reference);
	return 0;
}
