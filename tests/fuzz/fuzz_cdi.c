// SPDX-License-Identifier: Apache-2.0
/*
 * A file of devices, in YAML and in JSON: for all bytes it is refused with an error of one line, or
 * it keeps the rules of such files.  What is JSON and is read is read as YAML with the same result,
 * except for what YAML doesn't allow in a text.
 */
#include "core/spec/cdi.h"
#include "tests/fuzz/fuzz.h"

static void check_edits(const struct cdi_edits *edits)
{
	for (size_t i = 0; edits && i < edits->env.count; i++)
		fuzz_demand(strchr(edits->env.items[i], '=') > edits->env.items[i],
			    "a variable has a name");
	for (size_t i = 0; edits && i < edits->nodes.count; i++)
		fuzz_demand(edits->nodes.items[i].path[0] == '/', "a path is absolute");
	for (size_t i = 0; edits && i < edits->hooks.count; i++)
		fuzz_demand(edits->hooks.items[i].kind >= 0 &&
				    edits->hooks.items[i].kind < HOOK_KINDS &&
				    edits->hooks.items[i].hook.path[0] == '/',
			    "a hook has a kind and a path");
}

static bool try_format(const uint8_t *bytes, size_t size, enum cdi_format format,
		       struct arena *arena, struct cdi_file *ret_file)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	if (cdi_parse((const char *)bytes, size, format, arena, ret_file, &err) < 0) {
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
		fuzz_demand(!strchr(error_format(&err, line), '\n'), "an error is one line");
		return false;
	}
	fuzz_demand(ret_file->devices.count > 0, "there is a device");
	check_edits(ret_file->edits);
	for (size_t i = 0; i < ret_file->devices.count; i++) {
		autofree char *name =
			str_format("%s=%s", ret_file->kind, ret_file->devices.items[i].name);

		fuzz_demand(cdi_is_name(name), "a device can be asked for");
		check_edits(ret_file->devices.items[i].edits);
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena arena = { 0 };
	struct cdi_file as_yaml, as_json;

	if (try_format(bytes, size, CDI_YAML, &arena, &as_yaml) &&
	    try_format(bytes, size, CDI_JSON, &arena, &as_json)) {
		fuzz_demand(str_equal(as_yaml.kind, as_json.kind), "both readers find the kind");
		fuzz_demand(as_yaml.devices.count == as_json.devices.count,
			    "both readers find the devices");
	}
	arena_release(&arena);
	return 0;
}
