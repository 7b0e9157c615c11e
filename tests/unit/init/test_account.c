// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/init/account.h"

static char directory[64];
static int root = -1;
static struct container_config config;
static struct error err;

static int setup(void **state)
{
	static const char process[] =
		"{\"args\": [\"sh\"], \"cwd\": \"/\", \"env\": [\"TERM=foot\"],"
		" \"user\": {\"uid\": 65534, \"gid\": 65534, \"additionalGids\": [9]},"
		" \"capabilities\": {\"bounding\": [\"CAP_CHOWN\"]}}";

	(void)state;
	strcpy(directory, "/tmp/urun-test-account-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	config = (struct container_config){ 0 };
	err = ERROR_NONE;
	return config_parse_process(process, sizeof(process) - 1, &config.arena, &config.process,
				    &err);
}

static int teardown(void **state)
{
	autofree char *command = str_format("rm -rf %s", directory);

	(void)state;
	config_release(&config);
	fd_close(&root);
	return system(command);
}

static void put(const char *name, const char *text)
{
	autofree char *command = str_format("mkdir -p \"$(dirname %s/%s)\"", directory, name);
	autofree char *path = str_format("%s/%s", directory, name);
	autoclose int fd = -1;

	assert_int_equal(system(command), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

#define PASSWD                                      \
	"root:x:0:0::/root:/bin/bash\n"             \
	"toor:x:0:0::/toor:/bin/ksh\n"              \
	"bob:x:1000:1001::/home/bob:/bin/zsh\n"     \
	"www:x:33:33::/var/www:/usr/sbin/nologin\n" \
	"odd:x:44:44:::\n"
#define GROUP "bobs:x:1001:\nvideo:x:44:bob,www\naudio:x:29:bob\n"

static void put_accounts(void)
{
	put("etc/passwd", PASSWD);
	put("etc/group", GROUP);
}

static void look_for(const char *user)
{
	config_set_annotation(&config, CONFIG_ANNOTATION_USER, user);
	if (account_find_user(root, USER_GROUPS_SET, LOG_LEVEL_WARNING, &config, &err) < 0)
		fail_msg("%s", err.text);
}

static void a_name_gives_ids_groups_and_home(void **state)
{
	const struct config_user *user = config.process->user;

	(void)state;
	put_accounts();
	look_for("bob");
	assert_int_equal(user->uid.value, 1000);
	assert_int_equal(user->gid.value, 1001);
	/* Their own groups, then those that the process had. */
	assert_int_equal(user->additional_gids.count, 3);
	assert_int_equal(user->additional_gids.items[0], 44);
	assert_int_equal(user->additional_gids.items[1], 29);
	assert_int_equal(user->additional_gids.items[2], 9);
	assert_string_equal(config_env(config.process, "HOME"), "/home/bob");
	assert_true(config.process->capabilities->effective == 0);
}

static void root_by_name_has_the_bounding_set_and_its_own_home(void **state)
{
	(void)state;
	put_accounts();
	look_for("toor");
	assert_int_equal(config.process->user->uid.value, 0);
	assert_string_equal(config_env(config.process, "HOME"), "/toor");
	assert_true(config.process->capabilities->effective == CONFIG_CAPABILITY(CAP_CHOWN));
	assert_true(config.process->capabilities->permitted == CONFIG_CAPABILITY(CAP_CHOWN));
}

static void a_home_that_is_given_stays(void **state)
{
	(void)state;
	put_accounts();
	config_set_env(&config, "HOME", "/given");
	look_for("bob:video");
	assert_int_equal(config.process->user->gid.value, 44);
	assert_int_equal(config.process->user->additional_gids.count, 1);
	assert_string_equal(config_env(config.process, "HOME"), "/given");
}

static void named_groups_come_before_the_others(void **state)
{
	const struct config_user *user = config.process->user;
	size_t added;

	(void)state;
	put_accounts();
	assert_int_equal(account_add_groups(root, USER_GROUPS_SET, &config, &added, &err), 0);
	assert_int_equal(added, 0);
	config_set_annotation(&config, CONFIG_ANNOTATION_GROUPS, "audio\nvideo\n7");
	assert_int_equal(account_add_groups(root, USER_GROUPS_KEEP, &config, &added, &err), 0);
	assert_int_equal(added, 0);
	assert_int_equal(account_add_groups(root, USER_GROUPS_SET, &config, &added, &err), 0);
	assert_int_equal(added, 3);
	assert_int_equal(user->additional_gids.count, 4);
	assert_int_equal(user->additional_gids.items[0], 29);
	assert_int_equal(user->additional_gids.items[1], 44);
	assert_int_equal(user->additional_gids.items[2], 7);
	assert_int_equal(user->additional_gids.items[3], 9);
	config_set_annotation(&config, CONFIG_ANNOTATION_GROUPS, "audio\nnobody-here");
	assert_int_equal(account_add_groups(root, USER_GROUPS_SET, &config, &added, &err), -1);
	assert_string_equal(err.text, "--group-add: group 'nobody-here' is not found in the "
				      "container's /etc/group");
	assert_int_equal(user->additional_gids.count, 4);
}

static void assert_not_found(const char *user, const char *text)
{
	config_set_annotation(&config, CONFIG_ANNOTATION_USER, user);
	assert_int_equal(account_find_user(root, USER_GROUPS_SET, LOG_LEVEL_WARNING, &config, &err),
			 -1);
	assert_string_equal(err.text, text);
	assert_int_equal(config.process->user->uid.value, 65534);
}

#define NOT_FOUND "--user bob: user 'bob' is not found in the container's /etc/passwd"

/* Whatever the image has in the place of the file, nothing blocks, and nobody becomes root. */
static void a_hostile_passwd_has_no_users(void **state)
{
	autofree char *path = str_format("%s/etc/passwd", directory);

	(void)state;
	assert_not_found("bob", NOT_FOUND);
	put_accounts();
	assert_not_found("bob:nogroup",
			 "--user bob:nogroup: group 'nogroup' is not found in the container's "
			 "/etc/group");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_not_found("bob", NOT_FOUND);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_not_found("bob", NOT_FOUND);
	assert_int_equal(rmdir(path), 0);
	/* A link is followed inside the root, where it leads nowhere. */
	assert_int_equal(symlink("/etc/hostname", path), 0);
	assert_not_found("bob", NOT_FOUND);
	assert_int_equal(unlink(path), 0);
	put("etc/passwd", PASSWD);
	assert_int_equal(truncate(path, 5 << 20), 0);
	assert_not_found("bob", NOT_FOUND);
	put("etc/passwd", "bob:x:-1:0::/:\nbob:x:4294967295:0::/:\nbob\nbob:x:1:x::/:\n:::::::\n");
	assert_not_found("bob", NOT_FOUND);
}

static void assert_shell(uint32_t uid, const char *user, const char *expected)
{
	const char *shell;

	config.process->user->uid.value = uid;
	config_remove_annotation(&config, CONFIG_ANNOTATION_USER);
	if (user)
		config_set_annotation(&config, CONFIG_ANNOTATION_USER, user);
	shell = account_shell(root, &config);
	if (!expected && shell)
		fail_msg("%s", shell);
	if (expected)
		assert_string_equal(shell ? shell : "", expected);
}

static void the_shell_is_the_users_own(void **state)
{
	(void)state;
	put_accounts();
	assert_shell(0, NULL, NULL);
	config_set_annotation(&config, CONFIG_ANNOTATION_SHELL, CONFIG_SHELL_OF_PASSWD);
	assert_shell(0, NULL, "/bin/bash");
	assert_shell(0, "toor", "/bin/ksh");
	assert_shell(1000, NULL, "/bin/zsh");
	/* nologin would end at once; a number that isn't there, and an empty field, have none. */
	assert_shell(33, NULL, NULL);
	assert_shell(44, NULL, NULL);
	assert_shell(77, NULL, NULL);
	/* A program that somebody has written into the config stays. */
	config.process->args.items[0] = arena_str(&config.arena, "bash");
	assert_shell(0, NULL, NULL);
}

static const char *fitted_term(const char *term)
{
	config_set_env(&config, "TERM", term);
	account_fit_term(root, &config);
	return config_env(config.process, "TERM");
}

static void a_terminal_that_the_container_does_not_know_is_another(void **state)
{
	(void)state;
	assert_string_equal(fitted_term("foot"), "foot");
	config_set_annotation(&config, CONFIG_ANNOTATION_TERM, "xterm-256color");
	assert_string_equal(fitted_term("foot"), "xterm-256color");
	put("usr/share/terminfo/f/foot", "entry");
	assert_string_equal(fitted_term("foot"), "foot");
	put("lib/terminfo/74/tmux", "entry");
	assert_string_equal(fitted_term("tmux"), "tmux");
	assert_string_equal(fitted_term("tmux-direct"), "xterm-256color");
	assert_string_equal(fitted_term("../f/foot"), "xterm-256color");
	assert_string_equal(fitted_term(""), "xterm-256color");
}

/* A link out of the container's root would tell which files the host has. */
static void terminfo_is_looked_up_inside_the_root(void **state)
{
	autofree char *path = str_format("%s/etc/terminfo", directory);

	(void)state;
	config_set_annotation(&config, CONFIG_ANNOTATION_TERM, "linux");
	put("etc/mark", "");
	assert_int_equal(symlink("/share", path), 0);
	put("share/v/vt-odd", "entry");
	assert_string_equal(fitted_term("vt-odd"), "vt-odd");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("../../../../../../lib/terminfo", path), 0);
	assert_string_equal(fitted_term("vt220"), "linux");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_gives_ids_groups_and_home),
		TEST(root_by_name_has_the_bounding_set_and_its_own_home),
		TEST(named_groups_come_before_the_others),
		TEST(a_home_that_is_given_stays),
		TEST(a_hostile_passwd_has_no_users),
		TEST(the_shell_is_the_users_own),
		TEST(a_terminal_that_the_container_does_not_know_is_another),
		TEST(terminfo_is_looked_up_inside_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
