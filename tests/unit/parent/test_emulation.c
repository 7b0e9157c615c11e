// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/config/change.h"
#include "core/parent/emulation.h"
#include "core/seccomp/seccomp_load.h"

static struct container_config config;
static struct userns_plan userns;
static struct error err;

static const char process_of_root[] =
	"{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":0,\"gid\":0}}";

static int reset(void **state)
{
	(void)state;
	config = (struct container_config){ 0 };
	userns = (struct userns_plan){ .mode = USERNS_DIRECT };
	err = ERROR_NONE;
	assert_int_equal(config_parse_process(process_of_root, strlen(process_of_root),
					      &config.arena, &config.process, &err),
			 0);
	return 0;
}

static int release(void **state)
{
	(void)state;
	config_release(&config);
	return 0;
}

static void map_ids(uint32_t uid, uint32_t uids, uint32_t gid, uint32_t gids)
{
	userns.uids.count = userns.gids.count = 0;
	assert_int_equal(idmap_add(&userns.uids, uid, 1000, uids), 0);
	assert_int_equal(idmap_add(&userns.gids, gid, 1000, gids), 0);
}

static bool is_on(const char *word)
{
	bool on = false;

	if (word)
		config_set_annotation(&config, CONFIG_ANNOTATION_ROOT_EMULATION, word);
	if (emulation_choose(&config, &userns, &on, &err) < 0)
		fail_msg("%s", err.text);
	return on;
}

static void assert_refused(const char *word, const char *words)
{
	bool on = false;

	config_set_annotation(&config, CONFIG_ANNOTATION_ROOT_EMULATION, word);
	assert_int_equal(emulation_choose(&config, &userns, &on, &err), -1);
	assert_false(on);
	if (!strstr(err.text, words))
		fail_msg("'%s' should be about '%s'", err.text, words);
}

static void by_itself_it_is_on_for_root_with_one_id(void **state)
{
	(void)state;
	map_ids(0, 1, 0, 1);
	assert_true(is_on(NULL));
	assert_true(is_on("auto"));
	map_ids(0, 65536, 0, 65536);
	assert_false(is_on(NULL));
	map_ids(0, 1, 0, 65536);
	assert_false(is_on(NULL));
	map_ids(0, 65536, 0, 1);
	assert_false(is_on(NULL));
	/* A user in the container, as with keep-id. */
	map_ids(1000, 1, 1000, 1);
	config.process->user->uid.value = 1000;
	assert_false(is_on(NULL));
	map_ids(0, 1, 0, 1);
	assert_false(is_on(NULL));
	config.process = NULL;
	assert_false(is_on(NULL));
}

static void a_word_decides_whatever_the_ids_are(void **state)
{
	(void)state;
	map_ids(0, 1, 0, 1);
	assert_false(is_on("off"));
	map_ids(1000, 1, 1000, 1);
	config.process->user->uid.value = 1000;
	assert_true(is_on("on"));
	map_ids(0, 1000, 0, 1000);
	assert_true(is_on("on"));
}

static void another_word_is_refused_and_so_is_on_without_a_user_namespace(void **state)
{
	(void)state;
	map_ids(0, 1, 0, 1);
	assert_refused("yes",
		       "annotations.org.urun.root-emulation: expected auto, on or off, not 'yes'");
	assert_refused("", "not ''");
	userns.is_host = true;
	userns.mode = USERNS_INHERIT;
	map_ids(0, 1u << 31, 0, 1u << 31);
	assert_refused("on", "the container has no user namespace");
	assert_false(is_on("auto"));
}

/*
 * Does the filter answer?  The kernel finds no file.  In a process of its own, which gives the filter to no
 * other test.
 */
static bool is_answered(const struct strbuf *bpf, uid_t uid, gid_t gid)
{
	pid_t pid = fork();
	int status, none;

	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (seccomp_load_program(bpf->bytes, bpf->size, 0, &none, &err) < 0)
			_exit(2);
		_exit(lchown("", uid, gid) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 0;
}

static void the_filter_has_the_inner_ids_of_the_map(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };

	(void)state;
	/* Not in order, and two that touch: 0-65536 and 100000. */
	assert_int_equal(idmap_add(&userns.uids, 100000, 5, 1), 0);
	assert_int_equal(idmap_add(&userns.uids, 1, 100000, 65536), 0);
	assert_int_equal(idmap_add(&userns.uids, 0, 1000, 1), 0);
	assert_int_equal(idmap_add(&userns.gids, 7, 1000, 1), 0);
	assert_int_equal(emulation_make(&userns, &bpf, &err), 0);
	assert_false(is_answered(&bpf, 65536, 7));
	assert_false(is_answered(&bpf, 100000, 7));
	assert_true(is_answered(&bpf, 65537, 7));
	assert_true(is_answered(&bpf, 99999, 7));
	assert_true(is_answered(&bpf, 100001, 7));
	/* The caller's own ids outside are none inside. */
	assert_true(is_answered(&bpf, 0, 1000));
	assert_false(is_answered(&bpf, 0, 7));
}

static void a_map_of_many_ranges_is_refused(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(idmap_add(&userns.uids, i * 10, i * 10, 5), 0);
	assert_int_equal(idmap_add(&userns.gids, 0, 0, 1), 0);
	assert_int_equal(emulation_make(&userns, &bpf, &err), -1);
	assert_non_null(strstr(err.text, "more than 8 ranges"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, release)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_itself_it_is_on_for_root_with_one_id),
		TEST(a_word_decides_whatever_the_ids_are),
		TEST(another_word_is_refused_and_so_is_on_without_a_user_namespace),
		TEST(the_filter_has_the_inner_ids_of_the_map),
		TEST(a_map_of_many_ranges_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
