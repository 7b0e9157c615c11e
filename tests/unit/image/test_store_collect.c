// SPDX-License-Identifier: Apache-2.0
/* What lives and what goes: containers, pulls that were killed, and all of it at once. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/image/store.h"
#include "tests/unit/image/store_scratch.h"

static bool no_state(const char *state_root, const char *id, const char *directory, void *of)
{
	(void)state_root;
	(void)id;
	(void)directory;
	(void)of;
	return false;
}

static struct store_collected collect(struct scratch *scratch, store_state_names *names, void *of)
{
	struct store_collected collected = { 0 };
	size_t left = 1;

	MUST(store_collect(scratch->store, names, of, &collected, &scratch->err));
	MUST(store_sweep(scratch->store, &left, &scratch->err));
	assert_int_equal(left, 0);
	return collected;
}

/* The state of container @of names any directory. */
static bool state_of(const char *state_root, const char *id, const char *directory, void *of)
{
	(void)directory;
	assert_string_equal(state_root, "/run/urun");
	return str_equal(id, of);
}

static void begin_use(struct scratch *scratch, const char *id, struct store_use *ret_use)
{
	autostoreindex struct store_index index = { 0 };

	MUST(store_read_index(scratch->store, &index, &scratch->err));
	MUST(store_use_begin(scratch->store, &index.images[0], IDS, "/run/urun", id, ret_use,
			     &scratch->err));
}

static void remove_name(struct scratch *scratch, const char *name)
{
	MUST(store_remove_images(scratch->store, &name, 1, &scratch->err));
}

/* ---- containers ---- */

static void layers_without_a_name_go(void **state)
{
	struct scratch *scratch = *state;
	struct store_collected collected;

	MUST(pull_image(scratch->store, "web", 'a', "12", &scratch->err));
	MUST(pull_image(scratch->store, "db", 'c', "13", &scratch->err));
	collected = collect(scratch, no_state, NULL);
	assert_int_equal(collected.layers + collected.blobs, 0);
	remove_name(scratch, "web");
	collected = collect(scratch, no_state, NULL);
	assert_int_equal(collected.layers, 1);
	assert_int_equal(collected.bytes, 7);
	assert_int_equal(collected.blobs, 2);
	assert_int_equal(count_entries(scratch, "layers"), 2);
	remove_name(scratch, "db");
	collected = collect(scratch, no_state, NULL);
	assert_int_equal(collected.layers, 2);
	assert_int_equal(count_entries(scratch, "layers blobs/sha256 tmp"), 0 + 5);
}

static void a_use_lives_while_its_start_holds_it(void **state)
{
	struct scratch *scratch = *state;
	struct store_use use;

	MUST(pull_image(scratch->store, "web", 'a', "12", &scratch->err));
	begin_use(scratch, "c1", &use);
	remove_name(scratch, "web");
	assert_int_equal(collect(scratch, no_state, NULL).layers, 0);
	assert_int_equal(count_entries(scratch, "containers"), 1);
	fd_close(&use.dir);
	assert_int_equal(collect(scratch, no_state, NULL).layers, 2);
	assert_int_equal(count_entries(scratch, "containers"), 0);
}

static void a_use_lives_while_the_state_names_it(void **state)
{
	struct scratch *scratch = *state;
	autostoreusers struct store_users users = { 0 };
	struct store_collected collected;
	struct store_use one, two;

	MUST(pull_image(scratch->store, "web", 'a', "12", &scratch->err));
	begin_use(scratch, "c1", &one);
	begin_use(scratch, "c2", &two);
	assert_string_not_equal(one.name, two.name);
	fd_close(&one.dir);
	fd_close(&two.dir);
	remove_name(scratch, "web");
	MUST(store_read_users(scratch->store, state_of, (void *)"c2", &users, &scratch->err));
	assert_int_equal(users.count, 1);
	assert_string_equal(users.items[0].id, "c2");
	assert_string_equal(users.items[0].directory, two.name);
	assert_string_equal(users.items[0].image, "web");
	assert_int_equal(users.items[0].manifest.hex[0], 'a');
	assert_int_equal(users.items[0].layer_count, 2);
	collected = collect(scratch, state_of, (void *)"c2");
	assert_int_equal(collected.layers, 0);
	assert_int_equal(collected.containers, 1);
	assert_true(store_use_end(scratch->store, two.name));
	assert_int_equal(collect(scratch, no_state, NULL).layers, 2);
}

/* A home that two mount namespaces share: there is no state here, and the container lives. */
static void a_use_of_another_mount_namespace_lives_until_the_next_boot(void **state)
{
	struct scratch *scratch = *state;
	struct store_use use;

	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	begin_use(scratch, "c1", &use);
	fd_close(&use.dir);
	assert_int_equal(run_in(scratch->path, "sed -i 's/\"mountNamespace\":[0-9]*/"
					       "\"mountNamespace\":1/' containers/*/use.json"),
			 0);
	assert_int_equal(collect(scratch, no_state, NULL).containers, 0);
	assert_int_equal(run_in(scratch->path, "sed -i 's/\"boot\":\"[^\"]*/\"boot\":\"another/' "
					       "containers/*/use.json"),
			 0);
	assert_int_equal(collect(scratch, no_state, NULL).containers, 1);
}

/* The same, but the state root is seen here too. */
static void a_use_whose_state_root_is_seen_is_judged(void **state)
{
	struct scratch *scratch = *state;
	autostoreindex struct store_index index = { 0 };
	struct store_use use;

	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	MUST(store_read_index(scratch->store, &index, &scratch->err));
	MUST(store_use_begin(scratch->store, index.images, IDS, scratch->directory, "c1", &use,
			     &scratch->err));
	fd_close(&use.dir);
	assert_int_equal(run_in(scratch->path, "sed -i 's/\"mountNamespace\":[0-9]*/"
					       "\"mountNamespace\":1/' containers/*/use.json"),
			 0);
	assert_int_equal(collect(scratch, no_state, NULL).containers, 1);
}

static void a_start_that_was_killed_early_leaves_nothing(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(run_in(scratch->path,
				"mkdir -p containers/c1-0/upper && "
				"mkdir containers/c2-0 && : >containers/c2-0/use.json"),
			 0);
	assert_int_equal(collect(scratch, no_state, NULL).containers, 2);
	assert_int_equal(count_entries(scratch, "containers"), 0);
}

static void an_image_that_went_before_the_start_is_an_error(void **state)
{
	struct scratch *scratch = *state;
	autostoreindex struct store_index index = { 0 };
	struct store_use use;

	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	MUST(store_read_index(scratch->store, &index, &scratch->err));
	assert_int_equal(store_use_begin(scratch->store, index.images, "other ids", "/run/urun",
					 "c1", &use, &scratch->err),
			 -1);
	assert_int_equal(scratch->err.code, ENOENT);
	MUST(pull_image(scratch->store, "web", 'c', "1", &scratch->err));
	assert_int_equal(store_use_begin(scratch->store, index.images, IDS, "/run/urun", "c1", &use,
					 &scratch->err),
			 -1);
	assert_int_equal(scratch->err.code, ENOENT);
	assert_int_equal(count_entries(scratch, "containers"), 0);
}

/* Such a link would show a container files of the caller's. */
static void a_layer_that_is_a_link_is_none(void **state)
{
	struct scratch *scratch = *state;
	struct digest key = digest_of('1');
	autofree char *layer = str_format("%s/layers/%s", scratch->path, key.hex);
	autofree char *root = str_format("%s/root", layer);
	autofree char *moved = str_format("%s/moved", scratch->path);

	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	assert_true(store_has_layer(scratch->store, &key, IDS));
	assert_int_equal(rename(root, moved), 0);
	assert_int_equal(symlink(moved, root), 0);
	assert_false(store_has_layer(scratch->store, &key, IDS));
	assert_int_equal(unlink(root), 0);
	assert_int_equal(rename(moved, root), 0);
	assert_int_equal(rename(layer, moved), 0);
	assert_int_equal(symlink("../moved", layer), 0);
	assert_false(store_has_layer(scratch->store, &key, IDS));
}

static void long_ids_and_odd_state_roots_are_kept_whole(void **state)
{
	struct scratch *scratch = *state;
	autostoreindex struct store_index index = { 0 };
	autostoreusers struct store_users users = { 0 };
	struct store_use use;
	char id[256] = { 0 };

	memset(id, 'x', 255);
	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	MUST(store_read_index(scratch->store, &index, &scratch->err));
	MUST(store_use_begin(scratch->store, index.images, IDS, "/run/\xff\n\"x", id, &use,
			     &scratch->err));
	MUST(store_read_users(scratch->store, no_state, NULL, &users, &scratch->err));
	assert_int_equal(users.count, 1);
	assert_string_equal(users.items[0].id, id);
	assert_string_equal(users.items[0].state_root, "/run/\xff\n\"x");
	fd_close(&use.dir);
	assert_int_equal(store_use_begin(scratch->store, index.images, IDS, "/run", "../x", &use,
					 &scratch->err),
			 -1);
}

static void a_relative_state_root_becomes_absolute(void **state)
{
	struct scratch *scratch = *state;
	autostoreindex struct store_index index = { 0 };
	autostoreusers struct store_users users = { 0 };
	autofree char *here = getcwd(NULL, 0), *wanted = str_format("%s/states", here);
	struct store_use use;

	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	MUST(store_read_index(scratch->store, &index, &scratch->err));
	MUST(store_use_begin(scratch->store, index.images, IDS, "states", "c1", &use,
			     &scratch->err));
	MUST(store_read_users(scratch->store, no_state, NULL, &users, &scratch->err));
	assert_string_equal(users.items[0].state_root, wanted);
	fd_close(&use.dir);
}

static void changes_of_a_container_are_removed_with_it(void **state)
{
	struct scratch *scratch = *state;
	struct store_use use;

	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	begin_use(scratch, "c1", &use);
	assert_int_equal(run_in(scratch->path, "cd containers/c1-* && "
					       "mkdir -p upper/a/b work/work && : >upper/a/b/c && "
					       "ln -s / upper/root && chmod 0 work/work upper/a"),
			 0);
	fd_close(&use.dir);
	assert_true(store_use_end(scratch->store, use.name));
	assert_true(store_use_end(scratch->store, use.name));
	assert_false(store_use_end(scratch->store, "../layers"));
	assert_int_equal(count_entries(scratch, "containers tmp"), 0 + 3);
	assert_int_equal(count_entries(scratch, "layers"), 1);
}

/* ---- pulls ---- */

static void a_living_pull_keeps_its_layers_and_directory(void **state)
{
	struct scratch *scratch = *state;
	struct digest key = digest_of('1'), blob = digest_of('e');
	struct store_pull pull, copy;

	MUST(pull_image(scratch->store, "web", 'a', "12", &scratch->err));
	MUST(store_pull_begin(scratch->store, &pull, &scratch->err));
	MUST(store_pull_keep(scratch->store, pull.name, &key, &scratch->err));
	MUST(store_add_blob(scratch->store, pull.name, &blob, "{}", 2, &scratch->err));
	remove_name(scratch, "web");
	assert_int_equal(collect(scratch, no_state, NULL).layers, 1);
	assert_true(store_has_layer(scratch->store, &key, IDS));
	assert_int_equal(count_entries(scratch, "tmp"), 2);
	assert_int_equal(count_entries(scratch, "blobs/sha256"), 1);
	/* urun-image has the lock too: urun alone may be killed. */
	copy = pull;
	copy.lock = fcntl(pull.lock, F_DUPFD_CLOEXEC, 0);
	fd_close(&pull.lock);
	assert_int_equal(collect(scratch, no_state, NULL).layers, 0);
	fd_close(&copy.lock);
	assert_int_equal(collect(scratch, no_state, NULL).layers, 1);
	assert_int_equal(count_entries(scratch, "tmp"), 0);
	assert_int_equal(count_entries(scratch, "blobs/sha256"), 0);
	fd_close(&pull.dir);
}

/* Such links can be what a urun-image that an image has taken over has left. */
static void nothing_is_removed_through_a_link(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(run_in(scratch->path, "mkdir -p ../mine/dir && mv containers was "
					       "&& ln -s ../mine containers"),
			 0);
	assert_false(store_use_end(scratch->store, "dir"));
	assert_int_equal(faccessat(scratch->store, "../mine/dir", F_OK, 0), 0);
	assert_int_equal(run_in(scratch->path, "rm containers && mv was containers "
					       "&& mkdir containers/dir && rmdir tmp "
					       "&& ln -s ../mine tmp"),
			 0);
	assert_false(store_use_end(scratch->store, "dir"));
	assert_int_equal(faccessat(scratch->store, "containers/dir", F_OK, 0), 0);
}

static void leftovers_of_every_kind_are_swept(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(run_in(scratch->path,
				"cd tmp && : >pull-1.lock && mkdir -p pull-2/a/b gone-3 "
				"&& : >pull-2.lock && mkdir pull-4 && : >file && "
				": >../.urun-new-0123456789abcdef && chmod 0 pull-2/a"),
			 0);
	collect(scratch, no_state, NULL);
	assert_int_equal(count_entries(scratch, "tmp"), 0);
	assert_int_equal(faccessat(scratch->store, ".urun-new-0123456789abcdef", F_OK, 0), -1);
}

/* ---- many processes ---- */

static void end_child(int failed, const struct error *err)
{
	if (failed < 0)
		fprintf(stderr, "# %s\n", err->text);
	_exit(failed < 0);
}

/* All that index.json names is whole. */
static void assert_images_whole(struct scratch *scratch)
{
	autostoreindex struct store_index index = { 0 };

	MUST(store_read_index(scratch->store, &index, &scratch->err));
	for (size_t i = 0; i < index.count; i++)
		if (!store_image_is_whole(scratch->store, &index.images[i], IDS))
			fail_msg("%s isn't whole", index.images[i].name);
}

static pid_t fork_rounds(const struct scratch *scratch, const char *name, char manifest,
			 const char *layers, int rounds)
{
	pid_t pid = fork();
	struct error err = ERROR_NONE;
	int failed = 0;

	if (pid != 0)
		return pid;
	for (int i = 0; i < rounds && failed == 0; i++) {
		failed = pull_image(scratch->store, name, manifest, layers, &err);
		if (failed == 0)
			failed = store_remove_images(scratch->store, &name, 1, &err);
	}
	if (failed == 0)
		failed = pull_image(scratch->store, name, manifest, layers, &err);
	end_child(failed, &err);
	return -1;
}

static pid_t fork_collector(const struct scratch *scratch)
{
	pid_t pid = fork();
	struct error err = ERROR_NONE;
	size_t left;

	if (pid != 0)
		return pid;
	for (;;)
		if (store_collect(scratch->store, no_state, NULL, NULL, &err) < 0 ||
		    store_sweep(scratch->store, &left, &err) < 0)
			end_child(-1, &err);
}

static void pulls_and_removals_at_once_take_nothing_from_each_other(void **state)
{
	struct scratch *scratch = *state;
	pid_t pulls[4], collector = fork_collector(scratch);
	int status;

	pulls[0] = fork_rounds(scratch, "one", 'a', "123", 6);
	pulls[1] = fork_rounds(scratch, "two", 'a', "123", 6);
	pulls[2] = fork_rounds(scratch, "three", 'c', "124", 6);
	pulls[3] = fork_rounds(scratch, "four", 'c', "15", 6);
	for (size_t i = 0; i < ARRAY_SIZE(pulls); i++) {
		assert_int_equal(waitpid(pulls[i], &status, 0), pulls[i]);
		assert_int_equal(status, 0);
	}
	/* The collector ends by itself only where it has failed. */
	kill(collector, SIGKILL);
	assert_int_equal(waitpid(collector, &status, 0), collector);
	assert_true(WIFSIGNALED(status));
	assert_images_whole(scratch);
	collect(scratch, no_state, NULL);
	assert_images_whole(scratch);
	assert_int_equal(count_entries(scratch, "layers"), 5);
	assert_int_equal(count_entries(scratch, "tmp"), 0);
}

static void starts_and_removals_at_once_take_nothing_from_each_other(void **state)
{
	struct scratch *scratch = *state;
	pid_t pull, collector;
	int status, begun = 0;

	MUST(pull_image(scratch->store, "web", 'a', "12", &scratch->err));
	collector = fork_collector(scratch);
	pull = fork_rounds(scratch, "web", 'a', "12", 8);
	/* When the pulls have ended, the image is there. */
	while (waitpid(pull, &status, WNOHANG) == 0 || begun == 0) {
		autostoreindex struct store_index index = { 0 };
		struct store_use use;
		struct digest key = digest_of('1');

		MUST(store_read_index(scratch->store, &index, &scratch->err));
		if (index.count == 0 || store_use_begin(scratch->store, index.images, IDS,
							"/run/urun", "c1", &use, &scratch->err) < 0)
			continue;
		begun++;
		assert_true(store_has_layer(scratch->store, &key, IDS));
		/* ORDER: without a lock and a state the collector may take the use first. */
		assert_true(store_use_end(scratch->store, use.name));
		fd_close(&use.dir);
	}
	assert_int_equal(status, 0);
	kill(collector, SIGKILL);
	waitpid(collector, &status, 0);
	assert_true(WIFSIGNALED(status));
	collect(scratch, no_state, NULL);
	assert_images_whole(scratch);
	assert_int_equal(count_entries(scratch, "containers tmp"), 0 + 3);
}

/* The moments are spread over a pull, which takes some milliseconds. */
static void a_kill_at_any_moment_leaves_a_good_store(void **state)
{
	struct scratch *scratch = *state;

	for (long i = 0; i < 60; i++) {
		struct timespec moment = { .tv_nsec = i * 200000 };
		pid_t pid = fork_rounds(scratch, "web", 'a', "123", 1000);

		nanosleep(&moment, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_images_whole(scratch);
		if (i % 7)
			continue;
		collect(scratch, no_state, NULL);
		assert_images_whole(scratch);
		assert_int_equal(count_entries(scratch, "tmp"), 0);
		assert_int_equal(faccessat(scratch->store, "lock", F_OK, 0), 0);
	}
	MUST(pull_image(scratch->store, "web", 'a', "123", &scratch->err));
	collect(scratch, no_state, NULL);
	assert_int_equal(count_entries(scratch, "layers"), 3);
	assert_int_equal(run_in(scratch->path, "! ls -A | grep urun-new"), 0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, make_store, remove_store)
	const struct CMUnitTest tests[] = {
		TEST(layers_without_a_name_go),
		TEST(a_use_lives_while_its_start_holds_it),
		TEST(a_use_lives_while_the_state_names_it),
		TEST(a_use_of_another_mount_namespace_lives_until_the_next_boot),
		TEST(a_use_whose_state_root_is_seen_is_judged),
		TEST(a_start_that_was_killed_early_leaves_nothing),
		TEST(an_image_that_went_before_the_start_is_an_error),
		TEST(a_layer_that_is_a_link_is_none),
		TEST(long_ids_and_odd_state_roots_are_kept_whole),
		TEST(a_relative_state_root_becomes_absolute),
		TEST(changes_of_a_container_are_removed_with_it),
		TEST(a_living_pull_keeps_its_layers_and_directory),
		TEST(nothing_is_removed_through_a_link),
		TEST(leftovers_of_every_kind_are_swept),
		TEST(pulls_and_removals_at_once_take_nothing_from_each_other),
		TEST(starts_and_removals_at_once_take_nothing_from_each_other),
		TEST(a_kill_at_any_moment_leaves_a_good_store),
	};

	return cmocka_run_group_tests_name("store_collect", tests, NULL, NULL);
}
