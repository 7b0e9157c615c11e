// SPDX-License-Identifier: Apache-2.0
#include "cmd/container_options.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/place.h"
#include "core/container/port.h"
#include "core/spec/spec.h"
#include "core/spec/spec_caller_env.h"
#include "core/spec/spec_options.h"
#include "netns/launch.h"
#include "rootless/userns.h"

/* ---- the caller ---- */

static config_id_mappings mappings_of(const struct idmap *map, struct arena *arena)
{
	config_id_mappings mappings = { 0 };

	mappings.items = arena_alloc(arena, map->count * sizeof(*mappings.items));
	mappings.count = map->count;
	for (size_t i = 0; i < map->count; i++) {
		mappings.items[i].inner = (struct opt_u64){ true, map->ranges[i].inner };
		mappings.items[i].outer = (struct opt_u64){ true, map->ranges[i].outer };
		mappings.items[i].count = (struct opt_u64){ true, map->ranges[i].count };
	}
	return mappings;
}

static config_id_mappings own_id_alone(uint32_t id, struct arena *arena)
{
	struct idmap map = { 0 };

	idmap_add(&map, 0, id, 1);
	return mappings_of(&map, arena);
}

/* Where slirp isn't available, the config runs too, with loopback only. */
const char *spec_network_of_host(void)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	if (slirp_check_host(NULL, &err) == 0)
		return "slirp";
	log_warning("the container will have no network but lo: %s", error_format(&err, line));
	return "none";
}

/* Finds the mappings that `run` would choose for a config without any. */
int spec_input_of_host(bool rootless, struct arena *arena, struct spec_input *ret_input,
		       struct error *err)
{
	struct userns_caller caller;
	struct userns_plan plan;

	if (userns_caller_read(&HOST_REAL, &caller, err) < 0)
		return -1;
	if (rootless) {
		*ret_input = (struct spec_input){
			.uid_mappings = own_id_alone(caller.uid, arena),
			.gid_mappings = own_id_alone(caller.gid, arena),
			.like_rootless_runc = true,
		};
		return 0;
	}
	if (userns_plan_default(&caller, &plan, err) < 0)
		return -1;
	*ret_input = (struct spec_input){
		.uid_mappings = mappings_of(&plan.uids, arena),
		.gid_mappings = mappings_of(&plan.gids, arena),
	};
	return 0;
}

/* ---- the config ---- */

/*
 * By the XDG base directory specification, these directories have data and secrets of a user, as
 * $HOME has.
 */
static const char *const private_variables[] = {
	"HOME",		 "TMPDIR",	   "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME",
	"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
};

static struct str_list read_private_paths(void)
{
	struct str_list paths = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(private_variables); i++) {
		const char *value = getenv(private_variables[i]);

		if (value && *value)
			str_list_add(&paths, value);
	}
	return paths;
}

static struct str_list list_environment(void)
{
	struct str_list env = { 0 };

	for (char **variable = environ; *variable; variable++)
		str_list_add(&env, *variable);
	return env;
}

int container_options_config(const struct container_options *options,
			     const struct spec_image *image, const char *network,
			     const struct str_list *publish, const struct str_list *command,
			     struct container_config *ret_config, struct error *err)
{
	const struct spec_options spec = {
		.rootfs = options->rootfs,
		.image = image,
		.overlay = options->overlay,
		.volumes = options->volumes,
		.tmpfs = options->tmpfs,
		.env = options->env,
		.env_files = options->env_files,
		.cap_add = options->cap_add,
		.cap_drop = options->cap_drop,
		.security = options->security,
		.ulimits = options->ulimits,
		.annotations = options->annotations,
		.uid_maps = options->uid_maps,
		.gid_maps = options->gid_maps,
		.workdir = options->workdir,
		.user = options->user,
		.hostname = options->hostname,
		.network = network,
		.publish = *publish,
		.pid = options->pid,
		.ipc = options->ipc,
		.uts = options->uts,
		.memory = options->memory,
		.cpus = options->cpus,
		.pids_limit = options->pids_limit,
		.userns = options->userns,
		.root_emulation = options->root_emulation,
		.init = options->init,
		.log_driver = options->log_driver,
		.log_options = options->log_options,
		.stop_signal = options->stop_signal,
		.stop_timeout = options->stop_timeout,
		.timeout = options->timeout,
		.env_host = options->env_host,
		.http_proxy = options->http_proxy,
		.read_only = options->read_only,
		.keep_groups = options->keep_groups,
		.terminal = options->tty ? str_equal(options->tty, "true")
					 : isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
		.words = options->words,
		.command = *command,
	};
	autofree char *cwd = getcwd(NULL, 0);
	struct spec_caller caller = {
		.uid = geteuid(),
		.gid = getegid(),
		.private_paths = read_private_paths(),
		.env = list_environment(),
		.cwd = cwd,
	};
	struct arena arena = { 0 };
	struct spec_input input;
	struct container_config config = { 0 };
	autopublishlist struct publish_list checked = { 0 };
	int result = publish_list_parse(publish, &checked, err);

	if (result == 0)
		result = spec_input_of_host(false, &arena, &input, err);
	if (result == 0) {
		/* A network that was asked for is among the options. */
		input.network = network ? NULL : spec_network_of_host();
		result = spec_config(&input, &config, err);
	}
	if (result == 0)
		result = spec_apply(&spec, &caller, &config, err);
	arena_release(&arena);
	str_list_release(&caller.private_paths);
	str_list_release(&caller.env);
	if (result < 0) {
		config_release(&config);
		config = (struct container_config){ 0 };
	}
	*ret_config = config;
	return result;
}

int container_config_print(const struct container_config *config, struct strbuf *out,
			   struct error *err)
{
	const char *proxy = spec_env_proxy_with_password(config);

	if (config_check_text(config, err) < 0)
		return error_prefix(err, "a config.json can't say it");
	if (proxy)
		log_warning(
			"the config has the password in your %s, and only you can read the file (hint: "
			"--http-proxy=false leaves the proxies out)",
			proxy);
	config_print(config, JSON_INDENTED, out);
	return 0;
}

int container_config_save(const char *path, const struct strbuf *text, struct error *err)
{
	autoplace struct place place = PLACE_NONE;
	int failed;

	if (place_find("config", path, &place, err) < 0)
		return -1;
	/*
	 * For the owner alone: the config has values of the caller's environment, such as --env
	 * NAME of a password.
	 */
	failed = file_create(place.dir, place.name, 0600, text->bytes, text->size);
	if (failed == -EEXIST)
		return error_set(err, EEXIST, "%s is not overwritten", path);
	return failed < 0 ? error_set(err, -failed, "write %s", path) : 0;
}
