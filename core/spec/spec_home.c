// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_hidden.h"
#include "core/spec/spec_steps.h"
#include "core/spec/spec_volume.h"

int spec_apply_home(const struct spec_options *options, const struct spec_caller *caller,
		    struct container_config *config, struct error *err)
{
	const char *home = str_list_value(&caller->env, "HOME");
	const struct str_list words = { 0 };
	autofree char *clean = NULL;

	if (!options->words.home)
		return 0;
	if (!home || home[0] != '/')
		return error_set(err, 0, "--home: $HOME isn't an absolute path");
	clean = path_clean(home);
	/* "/" or /usr over the container's own would leave nothing of the container. */
	if (spec_hidden_is_system(clean))
		return error_set(err, 0, "--home: $HOME is %s, a part of the system", clean);
	return spec_add_bind("home", clean, clean, clean, &words, config, err);
}

void spec_add_home_env(const struct spec_options *options, const struct spec_caller *caller,
		       struct container_config *config)
{
	const char *home = str_list_value(&caller->env, "HOME");
	bool is_caller = !options->user && !options->uid_maps.count &&
			 !(options->image && options->image->config->user);

	if (options->words.home && home && is_caller)
		config_set_env(config, "HOME", home);
}
