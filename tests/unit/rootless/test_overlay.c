// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/config/change.h"
#include "rootless/overlay.h"

struct fixture {
	char directory[64]; /* the directory of a host without any program */
	struct container_config config;
	struct userns_plan userns;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct arena *arena = &fixture->config.arena;

	assert_non_null(fixture);
	snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/test-overlay-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	fixture->config.root = arena_alloc(arena, sizeof(*fixture->config.root));
	fixture->config.root->path = fixture->directory;
	fixture->config.linux = arena_alloc(arena, sizeof(*fixture->config.linux));
	fixture->config.annotations.items =
		arena_alloc(arena, sizeof(*fixture->config.annotations.items));
	fixture->config.annotations.items[0].name = arena_str(arena, "org.urun.overlay");
	fixture->config.annotations.items[0].value = arena_str(arena, "tmpfs");
	fixture->config.annotations.count = 1;
	fixture->userns.mode = USERNS_DIRECT;
	fixture->userns.host.root = fixture->directory;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	rmdir(fixture->directory);
	config_release(&fixture->config);
	free(fixture);
	return 0;
}

static void a_config_without_the_annotation_has_none(void **state)
{
	struct fixture *fixture = *state;
	struct overlay overlay = { 0 };
	struct error err = ERROR_NONE;

	fixture->config.annotations.count = 0;
	assert_int_equal(overlay_choose(&fixture->config, &fixture->userns, &overlay, &err), 0);
	assert_null(overlay.where);
	assert_false(overlay.by_fuse);
}

static void the_kernels_does_for_files_of_ids_that_are_mapped(void **state)
{
	struct fixture *fixture = *state;
	struct overlay overlay = { 0 };
	struct error err = ERROR_NONE;

	idmap_add(&fixture->userns.uids, 0, geteuid(), 1);
	assert_int_equal(overlay_choose(&fixture->config, &fixture->userns, &overlay, &err), 0);
	assert_string_equal(overlay.where, "tmpfs");
	assert_false(overlay.by_fuse);
	overlay_release(&overlay);
}

static void others_take_a_program_that_the_error_names(void **state)
{
	struct fixture *fixture = *state;
	struct overlay overlay = { 0 };
	struct error err = ERROR_NONE;

	if (access("/dev/fuse", R_OK | W_OK) < 0)
		skip();
	idmap_add(&fixture->userns.uids, 0, geteuid() + 1, 1);
	assert_int_equal(overlay_choose(&fixture->config, &fixture->userns, &overlay, &err), -1);
	assert_non_null(strstr(err.text, fixture->directory));
	assert_non_null(strstr(err.text, "fuse-overlayfs"));
	assert_non_null(strstr(err.hint, "install"));
	assert_non_null(strstr(err.hint, "fuse-overlayfs"));
}

static void add_hidden(struct fixture *fixture, const char *value)
{
	config_set_annotation(&fixture->config, "org.urun.hidden", value);
}

/* Hidden paths are covered by mounts, and the kernel's overlay shows the files below mounts. */
static void a_root_with_hidden_parts_takes_the_program_too(void **state)
{
	struct fixture *fixture = *state;
	struct overlay overlay = { 0 };
	struct error err = ERROR_NONE;

	if (access("/dev/fuse", R_OK | W_OK) < 0)
		skip();
	idmap_add(&fixture->userns.uids, 0, geteuid(), 1);
	add_hidden(fixture, "/home\n/data/ann");
	assert_int_equal(overlay_choose(&fixture->config, &fixture->userns, &overlay, &err), -1);
	assert_non_null(strstr(err.text, "hidden"));
	assert_non_null(strstr(err.text, "fuse-overlayfs"));
	fixture->userns.mode = USERNS_INHERIT;
	assert_int_equal(overlay_choose(&fixture->config, &fixture->userns, &overlay, &err), -1);
}

static void what_could_not_be_hidden_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct overlay overlay = { 0 };
	struct error err = ERROR_NONE;

	idmap_add(&fixture->userns.uids, 0, geteuid(), 1);
	add_hidden(fixture, "/home\ndata");
	assert_int_equal(overlay_choose(&fixture->config, &fixture->userns, &overlay, &err), -1);
	assert_non_null(strstr(err.text, "absolute"));
	add_hidden(fixture, "/home");
	fixture->config.annotations.items[0].name[0] = 'x';
	assert_int_equal(overlay_choose(&fixture->config, &fixture->userns, &overlay, &err), -1);
	assert_non_null(strstr(err.text, "without org.urun.overlay"));
}

static void what_is_no_place_for_changes_is_refused_by_name(void **state)
{
	static const char *const values[] = { "rel", "", "./rel", "TMPFS", " /x" };
	struct fixture *fixture = *state;

	idmap_add(&fixture->userns.uids, 0, geteuid(), 1);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct overlay overlay = { 0 };
		struct error err = ERROR_NONE;

		config_set_annotation(&fixture->config, "org.urun.overlay", values[i]);
		assert_int_equal(overlay_choose(&fixture->config, &fixture->userns, &overlay, &err),
				 -1);
		assert_non_null(strstr(err.text, "annotation org.urun.overlay"));
		assert_non_null(strstr(err.text, "absolute"));
	}
}

static void a_root_that_is_not_there_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct overlay overlay = { 0 };
	struct error err = ERROR_NONE;
	char nowhere[] = "/nowhere";

	fixture->config.root->path = nowhere;
	assert_int_equal(overlay_choose(&fixture->config, &fixture->userns, &overlay, &err), -1);
	assert_int_equal(err.code, ENOENT);
}

/* The failure tells its cause by itself, and not by its words. */
static void a_failure_to_serve_has_the_overlay_as_its_cause(void **state)
{
	struct overlay overlay = { .where = "/nowhere/changes" };
	int fuse = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct error err = ERROR_NONE;

	(void)state;
	assert_true(fuse >= 0);
	assert_int_equal(overlay_serve(&overlay, &fuse, &err), -1);
	assert_int_equal(err.cause, ERROR_CAUSE_OVERLAY);
	assert_int_equal(fuse, -1);
}

/* A server that ends with @status makes the error. */
static void explain_end(const struct userns_plan *userns, int status, struct error *err)
{
	struct overlay overlay = { .program = (char *)"fuse-overlayfs", .userns = userns };
	siginfo_t info;

	error_set(err, ENOENT, "overlay: open a file");
	overlay.server = fork();
	if (overlay.server == 0)
		_exit(status);
	assert_true(overlay.server > 0);
	assert_int_equal(waitid(P_PID, (id_t)overlay.server, &info, WEXITED | WNOWAIT), 0);
	overlay_explain(&overlay, err);
	assert_int_equal(waitpid(overlay.server, NULL, 0), overlay.server);
}

static void the_end_of_the_server_has_the_overlay_as_its_cause(void **state)
{
	struct userns_plan userns = { .host = HOST_REAL };
	struct overlay none = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	explain_end(&userns, 3, &err);
	assert_string_equal(err.text, "overlay: fuse-overlayfs ended with status 3");
	assert_string_equal(err.hint, "");
	assert_int_equal(err.cause, ERROR_CAUSE_OVERLAY);
	/* With status 0, or without a server, the error stays: its words are no cause. */
	explain_end(&userns, 0, &err);
	assert_string_equal(err.text, "overlay: open a file");
	assert_int_equal(err.cause, ERROR_CAUSE_ANY);
	overlay_explain(&none, &err);
	assert_int_equal(err.cause, ERROR_CAUSE_ANY);
}

static void a_proc_that_shows_only_processes_is_the_hint(void **state)
{
	struct fixture *fixture = *state;
	struct error err = ERROR_NONE;

	explain_end(&fixture->userns, 1, &err);
	assert_string_equal(err.text, "overlay: fuse-overlayfs ended with status 1");
	assert_non_null(strstr(err.hint, "subset=pid"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_config_without_the_annotation_has_none, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_kernels_does_for_files_of_ids_that_are_mapped,
						setup, teardown),
		cmocka_unit_test_setup_teardown(others_take_a_program_that_the_error_names, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_root_with_hidden_parts_takes_the_program_too,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_place_for_changes_is_refused_by_name,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_could_not_be_hidden_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_root_that_is_not_there_is_an_error, setup,
						teardown),
		cmocka_unit_test(a_failure_to_serve_has_the_overlay_as_its_cause),
		cmocka_unit_test(the_end_of_the_server_has_the_overlay_as_its_cause),
		cmocka_unit_test_setup_teardown(a_proc_that_shows_only_processes_is_the_hint, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
