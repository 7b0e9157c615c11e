// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cmd/command.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/parent/spec.h"
#include "netns/launch.h"
#include "rootless/userns.h"

struct spec_options {
	const char *bundle;
	bool rootless;
};

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

/* Where slirp can't be had the config runs too, with lo alone. */
static const char *network_of_host(void)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	if (slirp_check_host(&err) == 0)
		return "slirp";
	log_warning("the container will have no network but lo: %s", error_format(&err, line));
	return "none";
}

/* The mappings that `run` would choose for a config without any. */
static int describe_caller(bool rootless, struct arena *arena, struct spec_caller *ret_caller,
			   struct error *err)
{
	struct config_linux no_linux = { 0 };
	struct container_config nothing = { .linux_ = &no_linux };
	struct userns_caller caller;
	struct userns_plan plan;

	if (userns_caller_read(&HOST_REAL, &caller, err) < 0)
		return -1;
	if (rootless) {
		*ret_caller = (struct spec_caller){
			.uid_mappings = own_id_alone(caller.uid, arena),
			.gid_mappings = own_id_alone(caller.gid, arena),
			.like_rootless_runc = true,
		};
		return 0;
	}
	if (userns_plan_make(&nothing, &caller, &plan, err) < 0)
		return -1;
	*ret_caller = (struct spec_caller){
		.uid_mappings = mappings_of(&plan.uids, arena),
		.gid_mappings = mappings_of(&plan.gids, arena),
		.network = network_of_host(),
	};
	return 0;
}

/* O_EXCL: a config.json that is there is somebody's work. */
static int write_new(const char *bundle, const struct strbuf *text, struct error *err)
{
	autofree char *path = path_join(bundle, "config.json");
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int failed;

	if (fd < 0)
		return error_set(err, errno, errno == EEXIST ? "%s is not overwritten" : "make %s",
				 path);
	failed = fd_write_all(fd, text->bytes, text->size);
	if (failed < 0) {
		unlink(path);
		return error_set(err, -failed, "write %s", path);
	}
	return 0;
}

static int spec(const struct globals *globals, int argc, char **argv, int *ret_status,
		struct error *err)
{
	struct spec_options options = { .bundle = "." };
	struct arena arena = { 0 };
	struct container_config config = { 0 };
	struct spec_caller caller;
	autostrbuf struct strbuf text = { 0 };
	int operand, result = -1;
	int begun = command_begin(command_spec_.spec, argc, argv, &options, &operand, err);

	(void)globals;
	if (begun != 0)
		return begun < 0 ? -1 : 0;
	*ret_status = 0;
	if (describe_caller(options.rootless, &arena, &caller, err) == 0 &&
	    spec_config(&caller, &config, err) == 0) {
		config_print(&config, JSON_INDENTED, &text);
		result = write_new(options.bundle, &text, err);
	}
	config_release(&config);
	arena_release(&arena);
	return result;
}

static const struct option_spec options_spec[] = {
	{ "bundle", 'b', OPTION_STRING, offsetof(struct spec_options, bundle), "DIR",
	  "the bundle's folder (default: this one)" },
	{ "rootless", 0, OPTION_FLAG, offsetof(struct spec_options, rootless), NULL,
	  "as `runc spec --rootless`: the own id alone, the host's network and /sys" },
};
static const struct command_spec spec_spec = {
	.name = "spec",
	.operands = "",
	.summary = "Writes a config.json that runs as it stands, for the user who calls.",
	.options = options_spec,
	.option_count = ARRAY_SIZE(options_spec),
	.operands_max = 0,
};
const struct command command_spec_ = { &spec_spec, spec, EXIT_STATUS_OTHER };
