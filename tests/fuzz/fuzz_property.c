// SPDX-License-Identifier: Apache-2.0
/* NAME=VALUE of a systemd property, from a bundle's annotation. */
#include "core/systemd/property.h"
#include "core/base/utf8.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct property *property)
{
	static const char *const signatures[] = {
		"s", "b", "i", "u", "x", "t", "as", "ay", "a(ss)"
	};
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++)
		known = known || str_equal(property->signature, signatures[i]);
	fuzz_demand(known, "the type is D-Bus's");
	fuzz_demand(property->name && property->name[0] != '\0', "there is a name");
	if (property->signature[0] == 'b')
		fuzz_demand(property->number <= 1, "a truth is 0 or 1");
	if (str_equal(property->signature, "s"))
		fuzz_demand(property->text_count == 1, "a text is one");
	if (str_equal(property->signature, "a(ss)"))
		fuzz_demand(property->text_count % 2 == 0, "texts are in pairs");
	if (property->text_count > 0)
		fuzz_demand(!property->texts[property->text_count], "texts end with NULL");
	for (size_t i = 0; i < property->text_count; i++)
		fuzz_demand(utf8_is_valid((const unsigned char *)property->texts[i],
					  strlen(property->texts[i])),
			    "a text is UTF-8");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	autofree char *text = fuzz_text(&input);
	autoproperty struct property property = PROPERTY_NONE;
	struct error err = ERROR_NONE;

	if (property_parse(text, &property, &err) == 0)
		check(&property);
	else
		fuzz_demand(err.text[0] != '\0' && !property.name, "a failure has only a text");
	return 0;
}
