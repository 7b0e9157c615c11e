// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/parent/annotation.h"

static char warnings[1024];

static void catch_warning(enum log_level level, const char *text, void *context)
{
	(void)context;
	if (level == LOG_LEVEL_WARNING)
		snprintf(warnings, sizeof(warnings), "%s", text);
}

static void parse(const char *name, const char *value, const char *seccomp,
		  struct container_config *config)
{
	autofree char *json = str_format(
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},\"linux\":{"
		"\"namespaces\":[{\"type\":\"mount\"}]%s},\"annotations\":{\"%s\":\"%s\"}}",
		seccomp, name, value);
	struct error err = ERROR_NONE;

	if (config_parse(json, strlen(json), config, &err) < 0)
		fail_msg("%s: %s", name, err.text);
}

static int check(const char *name, struct error *err)
{
	struct container_config config;
	int result;

	*err = ERROR_NONE;
	warnings[0] = '\0';
	parse(name, "x", "", &config);
	log_set_sink(catch_warning, NULL);
	result = annotation_check(&config, err);
	log_set_sink(NULL, NULL);
	config_release(&config);
	return result;
}

/* crun runs another thing for these, or confines it in another way. */
static void what_would_make_another_container_is_refused(void **state)
{
	static const char *const names[] = { "run.oci.handler", "run.oci.seccomp.plugins",
					     "run.oci.seccomp_bpf_data",
					     "run.oci.systemd.force_cgroup_v1" };
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *wanted = str_format("annotation %s isn't supported: ", names[i]);

		assert_int_equal(check(names[i], &err), -1);
		if (!str_starts_with(err.text, wanted))
			fail_msg("%s", err.text);
	}
}

static void what_is_left_out_is_a_warning(void **state)
{
	static const char *const names[] = { "run.oci.hooks.stdout", "run.oci.hooks.stderr",
					     "run.oci.delegate-cgroup", "run.oci.timens_offset" };
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *wanted = str_format("annotation %s has no effect: ", names[i]);

		assert_int_equal(check(names[i], &err), 0);
		if (!str_starts_with(warnings, wanted))
			fail_msg("%s: %s", names[i], warnings);
	}
}

static void all_other_annotations_pass(void **state)
{
	static const char *const names[] = {
		"run.oci.keep_original_groups",
		"run.oci.pidfd_receiver",
		"run.oci.seccomp.receiver",
		"run.oci.seccomp_fail_unknown_syscall",
		"run.oci.mount_context_type",
		"run.oci.systemd.subgroup",
		"run.oci.no_such",
		"io.podman.annotations.autoremove",
		"org.criu.config",
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(check(names[i], &err), 0);
		assert_string_equal(warnings, "");
	}
}

/* An image can't take away the mark of the engine, and the words are those of no engine. */
static void orders_to_urun_are_refused_where_an_image_can_have_given_them(void **state)
{
	static const struct {
		const char *names;
		int result;
	} cases[] = {
		{ "org.urun.overlay", 0 },
		{ "io.container.manager\":\"libpod\",\"org.urun.overlay", -1 },
		{ "io.container.manager\":\"\",\"org.urun.share", -1 },
		{ "org.urun.user\":\"0\",\"io.container.manager", -1 },
		{ "io.container.manager\":\"libpod\",\"run.oci.pidfd_receiver", -1 },
		{ "io.container.manager\":\"libpod\",\"run.oci.keep_original_groups", 0 },
		{ "io.container.manager\":\"libpod\",\"org.opencontainers.image.stopSignal", 0 },
	};
	struct container_config config;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_NONE;

		parse(cases[i].names, "x", "", &config);
		assert_int_equal(annotation_check_origin(&config, &err), cases[i].result);
		if (cases[i].result < 0 && !str_starts_with(err.text, "annotation "))
			fail_msg("%s", err.text);
		config_release(&config);
	}
}

static void groups_are_kept_with_any_value_but_0(void **state)
{
	static const struct {
		const char *value;
		bool kept;
	} cases[] = { { "1", true }, { "true", true }, { "", true }, { "0", false } };
	struct container_config config;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		parse(CONFIG_ANNOTATION_KEEP_GROUPS, cases[i].value, "", &config);
		assert_int_equal(config_keeps_groups(&config), cases[i].kept);
		config_release(&config);
	}
}

#define NOTIFYING(more)                                                                        \
	",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"," more "\"syscalls\":[{\"names\":" \
	"[\"chmod\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}"

static void the_seccomp_receiver_is_the_listener_path_where_there_is_none(void **state)
{
	struct container_config config;

	(void)state;
	parse(CONFIG_ANNOTATION_SECCOMP_RECEIVER, "/run/agent", NOTIFYING(""), &config);
	assert_string_equal(config.linux->seccomp->listener_path, "/run/agent");
	config_release(&config);
	parse(CONFIG_ANNOTATION_SECCOMP_RECEIVER, "/run/agent",
	      NOTIFYING("\"listenerPath\":\"/run/mine\","), &config);
	assert_string_equal(config.linux->seccomp->listener_path, "/run/mine");
	config_release(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_would_make_another_container_is_refused),
		cmocka_unit_test(what_is_left_out_is_a_warning),
		cmocka_unit_test(all_other_annotations_pass),
		cmocka_unit_test(orders_to_urun_are_refused_where_an_image_can_have_given_them),
		cmocka_unit_test(groups_are_kept_with_any_value_but_0),
		cmocka_unit_test(the_seccomp_receiver_is_the_listener_path_where_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
