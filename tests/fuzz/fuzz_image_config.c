// SPDX-License-Identifier: Apache-2.0
/*
 * The config of an image: for all bytes it is refused with an error of one line, or all that it says
 * is in its bounds.
 */
#include "core/base/log.h"
#include "core/image/image_config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* Variables that are left out are warnings. */
	log_set_level(LOG_LEVEL_ERROR);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	autoimageconfig struct image_config config = { 0 };
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	struct platform wanted;
	struct digest digest;

	if (image_config_read((const char *)bytes, size, &config, &err) < 0) {
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
		fuzz_demand(!strchr(error_format(&err, line), '\n'), "an error is one line");
		return 0;
	}
	fuzz_demand(config.diff_id_count <= IMAGE_LAYERS_MAX, "the layers are bounded");
	for (size_t i = 0; i < config.diff_id_count; i++)
		fuzz_demand(digest_from_hex(config.diff_ids[i].hex, &digest),
			    "a digest is 64 digits");
	for (size_t i = 0; i < config.env.count; i++)
		fuzz_demand(strchr(config.env.items[i], '=') > config.env.items[i],
			    "a variable has a name");
	fuzz_demand((!config.user || *config.user) &&
			    (!config.working_dir || *config.working_dir) &&
			    (!config.stop_signal || *config.stop_signal),
		    "what is empty isn't given");
	platform_of_machine("x86_64", &wanted);
	if (image_config_check_platform(&config, &wanted, &err) < 0)
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
	return 0;
}
