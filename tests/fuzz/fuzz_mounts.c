// SPDX-License-Identifier: Apache-2.0
/*
 * The mounts of a bundle: what config.json says of each, its options taken apart and written again,
 * and the plan that is made of all, as it is sent to init.
 */
#include "core/base/log.h"
#include "core/config/change.h"
#include "core/config/mount_options.h"
#include "core/config/mount_plan.h"
#include "core/sync/mount_order.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mount_step.h"

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

/* The options are written, and read again to the same options. */
static void check_words(const struct mount_options *options)
{
	struct arena arena = { 0 };
	struct mount_options again;
	struct str_list first, second;

	mount_options_words(options, &arena, &first);
	mount_options_parse(&first, &arena, &again);
	mount_options_words(&again, &arena, &second);
	fuzz_demand(again.traits == options->traits, "traits are read the same");
	fuzz_demand(again.data.count == options->data.count, "data are read the same");
	fuzz_demand(first.count == second.count, "words are written the same");
	for (size_t i = 0; i < first.count; i++)
		fuzz_demand(str_equal(first.items[i], second.items[i]),
			    "each word is written the same");
	arena_release(&arena);
}

/* Init takes the plan as it is. */
static void check_order(const struct mount_plan *plan)
{
	automountplan struct mount_plan received = { 0 };
	autostrbuf struct strbuf packed = { 0 }, again = { 0 };
	struct error err = ERROR_NONE;

	mount_order_pack(plan, &packed);
	fuzz_demand(mount_order_unpack(packed.bytes, packed.size, &received, &err) == 0,
		    "a plan is unpacked");
	mount_order_pack(&received, &again);
	fuzz_demand(packed.size == again.size &&
			    memcmp(packed.bytes, again.bytes, packed.size) == 0,
		    "packed again it is the same");
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
	struct str_list words = { 0 };

	config->mounts.items = arena_grow(&config->arena, config->mounts.items,
					  config->mounts.count, sizeof(*config->mounts.items));
	mount = &config->mounts.items[config->mounts.count++];
	mount->destination = arena_str(&config->arena, destination);
	mount->type = type;
	mount->source = source;
	for (char *rest = options, *option; (option = strsep(&rest, "\n"));) {
		words.items = arena_grow(&config->arena, words.items, words.count, sizeof(char *));
		words.items[words.count++] = arena_str(&config->arena, option);
	}
	mount_options_parse(&words, &config->arena, &mount->options);
	config_mount_set_kind(mount);
	check_words(&mount->options);
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
		for (size_t i = 0; i < plan.steps.count; i++) {
			fuzz_demand(plan.steps.items[i].index < config.mounts.count,
				    "a step is a mount's");
			fuzz_mount_step(&plan.steps.items[i]);
		}
		check_order(&plan);
		mount_plan_print(&plan, &text);
	} else {
		fuzz_demand(str_starts_with(err.text, "mounts["), "an error names the mount");
	}
	mount_plan_release(&plan);
	config_release(&config);
	return 0;
}
