// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/config/change.h"
#include "core/parent/exec.h"

/* The process of the container, from which `exec` starts: a user without capabilities of its own. */
static const char user_process[] =
	"{\"args\": [\"sleep\", \"9\"], \"cwd\": \"/srv\", \"env\": [\"A=1\", \"PATH=/bin\"],"
	" \"user\": {\"uid\": 7, \"gid\": 8, \"additionalGids\": [9]},"
	" \"terminal\": true, \"consoleSize\": {\"height\": 1, \"width\": 2},"
	" \"apparmorProfile\": \"outer\","
	" \"capabilities\": {\"bounding\": [\"CAP_CHOWN\", \"CAP_KILL\"],"
	"                    \"inheritable\": [\"CAP_NET_RAW\"]}}";

static struct container_config config;
static struct error err;

static int setup(void **state)
{
	(void)state;
	config = (struct container_config){ 0 };
	err = ERROR_NONE;
	if (config_parse_process(user_process, sizeof(user_process) - 1, &config.arena,
				 &config.process, &err) < 0)
		return -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_release(&config);
	return 0;
}

static char *shell[] = { "sh", "-c", "", NULL };

static void make(struct exec_process asked)
{
	if (!asked.file)
		asked.args = (struct str_list){ shell, 3 };
	if (exec_process_make(&asked, &config, &err) < 0)
		fail_msg("%s", err.text);
}

static void assert_refused(struct exec_process asked, const char *text)
{
	asked.args = (struct str_list){ shell, 3 };
	assert_int_equal(exec_process_make(&asked, &config, &err), -1);
	assert_string_equal(err.text, text);
}

#define TEXTS(...)                                                                            \
	{                                                                                     \
		(char *[]){ __VA_ARGS__ }, sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *) \
	}

static void without_options_only_the_command_and_the_terminal_change(void **state)
{
	const struct config_process *process;

	(void)state;
	make((struct exec_process){ 0 });
	process = config.process;
	assert_int_equal(process->args.count, 3);
	assert_string_equal(process->args.items[0], "sh");
	assert_string_equal(process->args.items[2], "");
	assert_string_equal(process->cwd, "/srv");
	assert_string_equal(config_env(process, "A"), "1");
	assert_int_equal(process->user->uid.value, 7);
	assert_int_equal(process->user->gid.value, 8);
	assert_int_equal(process->user->additional_gids.count, 1);
	assert_string_equal(process->apparmor_profile, "outer");
	/* The container's terminal is another one, with a size of its own. */
	assert_false(process->terminal);
	assert_null(process->console_size);
}

static void each_option_changes_its_own_part(void **state)
{
	const struct config_process *process;

	(void)state;
	make((struct exec_process){
		.user = "1:2",
		.cwd = "/tmp",
		.env = TEXTS("A=2", "B=x=y", "C="),
		.additional_groups = TEXTS("10", "4294967294"),
		.apparmor_profile = "inner",
		.selinux_label = "label",
		.terminal = true,
		.no_new_privileges = true,
	});
	process = config.process;
	assert_int_equal(process->user->uid.value, 1);
	assert_int_equal(process->user->gid.value, 2);
	assert_string_equal(process->cwd, "/tmp");
	assert_int_equal(process->env.count, 4);
	assert_string_equal(config_env(process, "A"), "2");
	assert_string_equal(config_env(process, "B"), "x=y");
	assert_string_equal(config_env(process, "C"), "");
	assert_string_equal(config_env(process, "PATH"), "/bin");
	assert_int_equal(process->user->additional_gids.count, 3);
	assert_int_equal(process->user->additional_gids.items[0], 9);
	assert_int_equal(process->user->additional_gids.items[2], 4294967294u);
	assert_string_equal(process->apparmor_profile, "inner");
	assert_string_equal(process->selinux_label, "label");
	assert_true(process->terminal);
	assert_true(process->no_new_privileges);
}

/*
 * A text that another runtime took for 0 made a root process of it.  Whatever isn't two numbers is
 * looked up in the container, and is nobody until then.
 */
static void a_user_that_is_not_two_numbers_is_looked_up_later(void **state)
{
	static const char *const texts[] = {
		"",   "root", "1a",	"-1",  "+1",	     " 1",
		"1 ", ":1",   "root:1", "0x1", "4294967295", "99999999999999999999"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		make((struct exec_process){ .user = texts[i] });
		assert_int_equal(config.process->user->uid.value, CONFIG_ID_NOBODY);
		assert_int_equal(config.process->user->gid.value, CONFIG_ID_NOBODY);
		assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_USER), texts[i]);
	}
	/* The group of the container's other user is not the process's. */
	make((struct exec_process){ .user = "1" });
	assert_int_equal(config.process->user->uid.value, 1);
	assert_int_equal(config.process->user->gid.value, CONFIG_ID_NOBODY);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_USER), "1");
}

/* The container's own user may be a name; the process that is asked for has its own ids. */
static void two_numbers_take_the_place_of_the_containers_user(void **state)
{
	(void)state;
	config_set_annotation(&config, CONFIG_ANNOTATION_USER, "www-data");
	make((struct exec_process){ 0 });
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_USER), "www-data");
	make((struct exec_process){ .user = "1:2" });
	assert_null(config_annotation(&config, CONFIG_ANNOTATION_USER));
}

#define BIT(capability) CONFIG_CAPABILITY(CAP_##capability)

static void capabilities_are_added_to_the_processs_own_sets(void **state)
{
	const struct config_capabilities *sets;

	(void)state;
	make((struct exec_process){ .capabilities = TEXTS("CAP_SYS_PTRACE", "NET_RAW", "CHOWN") });
	sets = config.process->capabilities;
	assert_true(sets->bounding == (BIT(CHOWN) | BIT(KILL) | BIT(SYS_PTRACE) | BIT(NET_RAW)));
	assert_true(sets->effective == (BIT(SYS_PTRACE) | BIT(NET_RAW) | BIT(CHOWN)));
	assert_true(sets->permitted == sets->effective);
	/* Programs that the process executes inherit nothing new. */
	assert_true(sets->inheritable == BIT(NET_RAW));
	assert_true(sets->ambient == BIT(NET_RAW));
}

static void an_unknown_capability_is_left_out(void **state)
{
	(void)state;
	make((struct exec_process){ .capabilities = TEXTS("FLY", "KILL") });
	assert_true(config.process->capabilities->effective == BIT(KILL));
}

static void capabilities_can_be_added_where_the_config_has_none(void **state)
{
	(void)state;
	config.process->capabilities = NULL;
	make((struct exec_process){ .capabilities = TEXTS("KILL") });
	assert_true(config.process->capabilities->effective == BIT(KILL));
	assert_true(config.process->capabilities->bounding == BIT(KILL));
}

static void root_in_a_container_of_another_user_has_the_bounding_set(void **state)
{
	(void)state;
	make((struct exec_process){ .user = "0" });
	assert_true(config.process->capabilities->effective == (BIT(CHOWN) | BIT(KILL)));
	assert_true(config.process->capabilities->permitted == (BIT(CHOWN) | BIT(KILL)));
}

static void another_user_gets_no_capabilities(void **state)
{
	(void)state;
	make((struct exec_process){ .user = "5" });
	assert_true(config.process->capabilities->effective == 0);
	assert_true(config.process->capabilities->permitted == 0);
}

/* Sets that the config's author has chosen stay, even if they are smaller than the bounding set. */
static void root_keeps_the_sets_that_the_config_has(void **state)
{
	(void)state;
	config.process->capabilities->permitted = BIT(KILL);
	make((struct exec_process){ .user = "0" });
	assert_true(config.process->capabilities->permitted == BIT(KILL));
	assert_true(config.process->capabilities->effective == 0);
}

static void no_new_privileges_of_the_container_stays(void **state)
{
	(void)state;
	config.process->no_new_privileges = true;
	make((struct exec_process){ .no_new_privileges = false });
	assert_true(config.process->no_new_privileges);
}

static void what_is_wrong_is_named_with_its_option(void **state)
{
	(void)state;
	assert_refused((struct exec_process){ .env = TEXTS("A=1", "B") },
		       "option --env must be NAME=value, not 'B'");
	assert_refused((struct exec_process){ .env = TEXTS("=B") },
		       "option --env must be NAME=value, not '=B'");
	assert_refused((struct exec_process){ .cwd = "tmp" },
		       "the working directory 'tmp' isn't an absolute path");
	assert_refused((struct exec_process){ .additional_groups = TEXTS("wheel") },
		       "option --additional-gids must be a number, not 'wheel'");
	config.process = NULL;
	assert_refused((struct exec_process){ 0 },
		       "the container's config has no process: exec needs --process");
}

static void a_file_replaces_the_process_as_a_whole(void **state)
{
	char path[] = "/tmp/urun-test-process-XXXXXX";
	static const char text[] = "{\"args\": [\"true\"], \"cwd\": \"/\", \"user\": {\"uid\": 1, "
				   "\"gid\": 1}}";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	make((struct exec_process){ .file = path });
	assert_int_equal(config.process->args.count, 1);
	assert_int_equal(config.process->user->uid.value, 1);
	assert_null(config_env(config.process, "A"));
	assert_null(config.process->capabilities);
	assert_int_equal(ftruncate(fd, 10), 0);
	close(fd);
	assert_int_equal(exec_process_make(&(struct exec_process){ .file = path }, &config, &err),
			 -1);
	assert_true(str_starts_with(err.text, path));
	unlink(path);
	assert_int_equal(exec_process_make(&(struct exec_process){ .file = path }, &config, &err),
			 -1);
	assert_int_equal(err.code, ENOENT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_options_only_the_command_and_the_terminal_change),
		TEST(each_option_changes_its_own_part),
		TEST(a_user_that_is_not_two_numbers_is_looked_up_later),
		TEST(two_numbers_take_the_place_of_the_containers_user),
		TEST(capabilities_are_added_to_the_processs_own_sets),
		TEST(an_unknown_capability_is_left_out),
		TEST(capabilities_can_be_added_where_the_config_has_none),
		TEST(root_in_a_container_of_another_user_has_the_bounding_set),
		TEST(another_user_gets_no_capabilities),
		TEST(root_keeps_the_sets_that_the_config_has),
		TEST(no_new_privileges_of_the_container_stays),
		TEST(what_is_wrong_is_named_with_its_option),
		TEST(a_file_replaces_the_process_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
