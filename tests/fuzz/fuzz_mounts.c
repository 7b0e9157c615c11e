// SPDX-License-Identifier: Apache-2.0
/*
 * The mounts of a bundle: the entries of config.json, the parser of their options, and the plan of
 * all mounts.
 */
#include "core/base/log.h"
#include "core/config/change.h"
#include "core/config/mount_options.h"
#include "core/config/mount_plan.h"
#include "tests/fuzz/fuzz.h"

#define MOUNTS_MAX 8

static void on_line(enum log_level level, const char *text, void *context)
{
	(void)level;
	(void)text;
	(void)context;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* At this level the plan is printed. */
	log_set_level(LOG_LEVEL_DEBUG);
	log_set_sink(on_line, NULL);
	return 0;
}

static void check_options(const struct mount_options *options)
{
	/* The atime mode is a number of three bits, and clear has all three. */
	const uint64_t atime = 0x70;

	fuzz_demand((options->top.set & options->top.clear & ~atime) == 0 &&
			    (options->tree.set & options->tree.clear & ~atime) == 0,
		    "an attribute is set or cleared, not both");
	for (size_t i = 0; i < options->data.count; i++)
		fuzz_demand(options->data.items[i] != NULL, "data are texts");
}

static void check_step(const struct container_config *config, const struct mount_step *step)
{
	const char *destination = step->destination;

	fuzz_demand(step->index < config->mounts.count, "a step is a mount's");
	fuzz_demand(destination[0] == '/' && destination[1] != '\0' && !strstr(destination, "//"),
		    "a destination is absolute and not the root");
	fuzz_demand(!strstr(destination, "/../") && !strstr(destination, "/./"),
		    "a destination is clean");
	fuzz_demand(destination[strlen(destination) - 1] != '/', "a destination has no slash last");
	fuzz_demand(step->kind != MOUNT_KIND_BIND || (step->source && step->source[0]),
		    "a bind has a source");
	fuzz_demand(step->kind != MOUNT_KIND_FILESYSTEM || step->type, "a file system has a type");
	check_options(&step->options);
}

/* An empty text counts as no text. */
static char *optional_text(struct fuzz_input *input, struct arena *arena)
{
	autofree char *text = fuzz_text(input);

	return text[0] ? arena_str(arena, text) : NULL;
}

/*
 * The input has DESTINATION, TYPE, SOURCE and OPTIONS, a NUL after each, and newlines between
 * options.
 */
static void add_mount(struct container_config *config, struct fuzz_input *input)
{
	autofree char *destination = fuzz_text(input);
	char *type = optional_text(input, &config->arena);
	char *source = optional_text(input, &config->arena);
	autofree char *options = fuzz_text(input);
	struct config_mount *mount;

	config->mounts.items = arena_grow(&config->arena, config->mounts.items,
					  config->mounts.count, sizeof(*config->mounts.items));
	mount = &config->mounts.items[config->mounts.count++];
	mount->destination = arena_str(&config->arena, destination);
	mount->type = type;
	mount->source = source;
	for (char *rest = options, *option; (option = strsep(&rest, "\n"));) {
		mount->options.items = arena_grow(&config->arena, mount->options.items,
						  mount->options.count, sizeof(char *));
		mount->options.items[mount->options.count++] = arena_str(&config->arena, option);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char base[] =
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"linux\":{\"namespaces\":"
		"[{\"type\":\"user\"},{\"type\":\"mount\"},{\"type\":\"pid\"}],\"uidMappings\":"
		"[{\"containerID\":0,\"hostID\":1000,\"size\":1},{\"containerID\":1,\"hostID\":"
		"100000,\"size\":65535}],\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,"
		"\"size\":1},{\"containerID\":1,\"hostID\":100000,\"size\":65535}]}}";
	struct fuzz_input input = { bytes, size };
	struct container_config config;
	automountplan struct mount_plan plan = { 0 };
	autostrbuf struct strbuf text = { 0 };
	struct error err = ERROR_NONE;

	if (config_parse(base, strlen(base), &config, &err) < 0)
		abort();
	for (int i = 0; i < MOUNTS_MAX && input.size > 0; i++)
		add_mount(&config, &input);
	if (mount_plan_make(&config, &plan, &err) == 0) {
		for (size_t i = 0; i < plan.steps.count; i++)
			check_step(&config, &plan.steps.items[i]);
		mount_plan_print(&plan, &text);
	} else {
		fuzz_demand(str_starts_with(err.text, "mounts["), "an error names the mount");
	}
	mount_plan_release(&plan);
	config_release(&config);
	return 0;
}
