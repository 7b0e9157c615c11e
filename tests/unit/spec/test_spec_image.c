// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/layers.h"
#include "tests/unit/spec/applied.h"

/* The config that an image with @image_ gives, and the other options. */
#define APPLY_IMAGE(image_, ...)                                                           \
	do {                                                                               \
		const struct image_config image_config_ = image_;                          \
		const struct spec_image spec_image_ = {                                    \
			.name = "example:1@sha256:0",                                      \
			.config = &image_config_,                                          \
			.layers = TEXTS(rootfs, "/below 1", "/below2"),                    \
			.changes = "/changes",                                             \
		};                                                                         \
		apply_image(&(struct spec_options){ .image = &spec_image_, __VA_ARGS__ }); \
	} while (0)

#define IMAGE(...) ((struct image_config){ __VA_ARGS__ })
#define PROGRAM	   .cmd = TEXTS("prog")

static int result;

static void apply_image(const struct spec_options *options)
{
	result = try_options(options);
}

static const char *annotation(const char *name)
{
	return config_annotation(&config, name);
}

static void assert_args(const char *const *wanted)
{
	const struct str_list *args = &config.process->args;
	size_t count = 0;

	if (result < 0)
		fail_msg("%s", err.text);
	for (; wanted[count]; count++) {
		assert_true(count < args->count);
		assert_string_equal(args->items[count], wanted[count]);
	}
	assert_int_equal(args->count, count);
	assert_null(annotation(CONFIG_ANNOTATION_SHELL));
}

#define ASSERT_ARGS(...) assert_args((const char *const[]){ __VA_ARGS__, NULL })

static void the_root_has_the_layers_and_never_is_without_an_overlay(void **state)
{
	(void)state;
	APPLY_IMAGE(IMAGE(PROGRAM));
	assert_int_equal(result, 0);
	assert_string_equal(config.root->path, rootfs);
	assert_string_equal(annotation(CONFIG_ANNOTATION_LAYERS), "/below 1\n/below2");
	assert_string_equal(annotation(CONFIG_ANNOTATION_OVERLAY), "/changes");
	assert_string_equal(annotation(CONFIG_ANNOTATION_IMAGE), "example:1@sha256:0");
	APPLY_IMAGE(IMAGE(PROGRAM), .overlay = "");
	assert_string_equal(annotation(CONFIG_ANNOTATION_OVERLAY), CONFIG_OVERLAY_IN_MEMORY);
	APPLY_IMAGE(IMAGE(PROGRAM), .overlay = bin, .read_only = true);
	assert_string_equal(annotation(CONFIG_ANNOTATION_OVERLAY), bin);
	assert_true(config.root->readonly);
}

static void the_program_is_as_in_podman(void **state)
{
	const struct image_config both = { .entrypoint = TEXTS("/entry", "-e"),
					   .cmd = TEXTS("c", "d") };

	(void)state;
	APPLY_IMAGE(both);
	ASSERT_ARGS("/entry", "-e", "c", "d");
	APPLY_IMAGE(both, .command = TEXTS("x"));
	ASSERT_ARGS("/entry", "-e", "x");
	APPLY_IMAGE(both, .words.entrypoint = "/own");
	ASSERT_ARGS("/own");
	APPLY_IMAGE(both, .words.entrypoint = "[\"/own\",\"a\"]", .command = TEXTS("x"));
	ASSERT_ARGS("/own", "a", "x");
	APPLY_IMAGE(both, .words.entrypoint = "", .command = TEXTS("x", "y"));
	ASSERT_ARGS("x", "y");
	APPLY_IMAGE(IMAGE(PROGRAM));
	ASSERT_ARGS("prog");
	APPLY_IMAGE(both, .words.entrypoint = "");
	assert_int_equal(result, -1);
	assert_string_equal(err.text, "the image example:1@sha256:0 names no program");
	APPLY_IMAGE(IMAGE(.working_dir = "/"));
	assert_int_equal(result, -1);
}

static void a_program_that_is_process_1_in_an_image_is_it_here(void **state)
{
	(void)state;
	APPLY_IMAGE(IMAGE(.entrypoint = TEXTS("/usr/bin/tini", "--"), .cmd = TEXTS("x")));
	assert_string_equal(annotation(CONFIG_ANNOTATION_INIT), "false");
	APPLY_IMAGE(IMAGE(PROGRAM));
	assert_string_equal(annotation(CONFIG_ANNOTATION_INIT), "true");
}

static void variables_replace_defaults_and_options_replace_them(void **state)
{
	(void)state;
	APPLY_IMAGE(IMAGE(PROGRAM, .env = TEXTS("A=1", "B=2=3", "PATH=/opt", "C=")),
		    .env = TEXTS("A=9"));
	assert_int_equal(result, 0);
	assert_string_equal(config_env(config.process, "A"), "9");
	assert_string_equal(config_env(config.process, "B"), "2=3");
	assert_string_equal(config_env(config.process, "C"), "");
	assert_string_equal(config_env(config.process, "PATH"), "/opt");
	APPLY_IMAGE(IMAGE(PROGRAM, .env = TEXTS("A=1")), .words.unset_env = TEXTS("A"));
	assert_null(config_env(config.process, "A"));
	assert_string_equal(config_env(config.process, "PATH"), CONFIG_DEFAULT_PATH);
}

static void the_user_is_looked_up_in_the_container(void **state)
{
	(void)state;
	APPLY_IMAGE(IMAGE(PROGRAM, .user = "app:www"));
	assert_string_equal(annotation(CONFIG_ANNOTATION_USER), "app:www");
	assert_int_equal(config.process->user->uid.value, CONFIG_ID_NOBODY);
	APPLY_IMAGE(IMAGE(PROGRAM, .user = "3:4"));
	assert_null(annotation(CONFIG_ANNOTATION_USER));
	assert_int_equal(config.process->user->uid.value, 3);
	assert_int_equal(config.process->user->gid.value, 4);
	APPLY_IMAGE(IMAGE(PROGRAM, .user = "app"), .user = "5:6");
	assert_int_equal(config.process->user->uid.value, 5);
	assert_null(annotation(CONFIG_ANNOTATION_USER));
}

static void the_working_directory_is_absolute(void **state)
{
	(void)state;
	APPLY_IMAGE(IMAGE(PROGRAM, .working_dir = "srv/../app/"));
	assert_string_equal(config.process->cwd, "/app");
	APPLY_IMAGE(IMAGE(PROGRAM, .working_dir = "/app"), .workdir = "/own");
	assert_string_equal(config.process->cwd, "/own");
	APPLY_IMAGE(IMAGE(PROGRAM));
	assert_string_equal(config.process->cwd, "/");
}

static size_t index_of(const char *destination)
{
	for (size_t i = 0; i < config.mounts.count; i++)
		if (str_equal(config.mounts.items[i].destination, destination))
			return i;
	fail_msg("no mount on %s", destination);
	return 0;
}

static void volumes_are_the_containers_own_and_the_callers_come_later(void **state)
{
	const struct image_config image = {
		.volumes = TEXTS("/data", "rel/", "/own", "/proc/x", "/", "/../dev"), PROGRAM
	};
	struct str_list words;
	size_t before;

	(void)state;
	APPLY_IMAGE(IMAGE(PROGRAM));
	before = config.mounts.count;
	APPLY_IMAGE(image, .tmpfs = TEXTS("/data/sub", "/own"));
	assert_int_equal(result, 0);
	assert_int_equal(config.mounts.count, before + 4);
	words = words_of(mount_at("/data"));
	assert_true(lists(&words, "x-urun-own"));
	assert_string_equal(mount_at("/data")->source, "/data");
	assert_non_null(mount_at("/rel"));
	assert_true(index_of("/data") < index_of("/data/sub"));
	assert_string_equal(mount_at("/own")->type, "tmpfs");
	APPLY_IMAGE(image, .words.image_volume = "tmpfs");
	words = words_of(mount_at("/data"));
	assert_true(lists(&words, "tmpcopyup"));
	APPLY_IMAGE(image, .words.image_volume = "ignore");
	assert_null(mount_at("/data"));
	APPLY_IMAGE(image, .words.image_volume = "other");
	assert_int_equal(result, -1);
	assert_true(str_starts_with(err.text, "--image-volume other: "));
}

static void there_are_not_any_number_of_volumes(void **state)
{
	static char *volumes[1001];
	const struct image_config image = { PROGRAM, .volumes = { volumes, ARRAY_SIZE(volumes) } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(volumes); i++)
		volumes[i] = (char *)(uintptr_t) "/v";
	APPLY_IMAGE(image);
	assert_int_equal(result, -1);
	assert_string_equal(err.text, "the image has 1001 volumes, more than 1000");
	APPLY_IMAGE(image, .words.image_volume = "ignore");
	assert_int_equal(result, 0);
}

static void the_stop_signal_is_checked(void **state)
{
	(void)state;
	APPLY_IMAGE(IMAGE(PROGRAM, .stop_signal = "SIGRTMIN+3"));
	assert_string_equal(annotation(CONFIG_ANNOTATION_STOP_SIGNAL), "SIGRTMIN+3");
	APPLY_IMAGE(IMAGE(PROGRAM, .stop_signal = "QUIT"), .stop_signal = "INT");
	assert_string_equal(annotation(CONFIG_ANNOTATION_STOP_SIGNAL), "INT");
	APPLY_IMAGE(IMAGE(PROGRAM, .stop_signal = "NONSENSE"));
	assert_int_equal(result, -1);
	assert_true(str_starts_with(err.text, "the image's StopSignal NONSENSE: "));
}

static void labels_are_annotations_but_no_orders(void **state)
{
	static struct str_pair labels[] = {
		{ (char *)(uintptr_t) "a", (char *)(uintptr_t) "1" },
		{ (char *)(uintptr_t) "b", (char *)(uintptr_t) "2" },
		{ (char *)(uintptr_t) "", (char *)(uintptr_t) "x" },
		{ (char *)(uintptr_t) "org.urun.network", (char *)(uintptr_t) "host" },
		{ (char *)(uintptr_t) "org.urun.overlay", (char *)(uintptr_t) "/home" },
		{ (char *)(uintptr_t) "run.oci.keep_original_groups", (char *)(uintptr_t) "1" },
		{ (char *)(uintptr_t) "org.systemd.property.X", (char *)(uintptr_t) "1" },
		{ (char *)(uintptr_t)CONFIG_ANNOTATION_STOP_SIGNAL, (char *)(uintptr_t) "junk" },
		{ (char *)(uintptr_t) "org.opencontainers.image.author", (char *)(uintptr_t) "L" },
	};
	const struct image_config image = { PROGRAM,
					    .author = "A",
					    .created = "2020-01-01T00:00:00Z",
					    .platform = { "linux", "arm", "v7" },
					    .exposed_ports = TEXTS("80/tcp", "53/udp"),
					    .labels = { labels, ARRAY_SIZE(labels) } };

	(void)state;
	APPLY_IMAGE(image, .words.labels = TEXTS("b=own"));
	assert_int_equal(result, 0);
	assert_string_equal(annotation("a"), "1");
	assert_string_equal(annotation("b"), "own");
	assert_null(annotation(""));
	assert_null(annotation("org.urun.network"));
	assert_string_equal(annotation("org.urun.overlay"), "/changes");
	assert_null(annotation("run.oci.keep_original_groups"));
	assert_null(annotation("org.systemd.property.X"));
	assert_null(annotation(CONFIG_ANNOTATION_STOP_SIGNAL));
	assert_string_equal(annotation("org.opencontainers.image.author"), "L");
	assert_string_equal(annotation("org.opencontainers.image.created"), "2020-01-01T00:00:00Z");
	assert_string_equal(annotation("org.opencontainers.image.os"), "linux");
	assert_string_equal(annotation("org.opencontainers.image.architecture"), "arm");
	assert_string_equal(annotation("org.opencontainers.image.variant"), "v7");
	assert_string_equal(annotation("org.opencontainers.image.exposedPorts"), "80/tcp,53/udp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_root_has_the_layers_and_never_is_without_an_overlay, setup, teardown),
		cmocka_unit_test_setup_teardown(the_program_is_as_in_podman, setup, teardown),
		cmocka_unit_test_setup_teardown(a_program_that_is_process_1_in_an_image_is_it_here,
						setup, teardown),
		cmocka_unit_test_setup_teardown(variables_replace_defaults_and_options_replace_them,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_user_is_looked_up_in_the_container, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_working_directory_is_absolute, setup, teardown),
		cmocka_unit_test_setup_teardown(
			volumes_are_the_containers_own_and_the_callers_come_later, setup, teardown),
		cmocka_unit_test_setup_teardown(there_are_not_any_number_of_volumes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_stop_signal_is_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(labels_are_annotations_but_no_orders, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
