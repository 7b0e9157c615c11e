// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/cgroup/walk.h"

#define DEEP 20000
#define MANY 100000

/*
 * Makes a directory with "tree", which is walked, and "beside", in which nothing may change.  It is
 * in memory if possible: a busy disk needs a minute for twenty thousand directories.
 */
static int make_place(void **state)
{
	bool in_memory = access("/dev/shm", W_OK | X_OK) == 0;
	autofree char *template =
		str_format("%s/urun-test-walk.XXXXXX", in_memory ? "/dev/shm" : "/tmp");

	*state = str_dup(mkdtemp(template));
	assert_int_equal(chdir(*state), 0);
	assert_int_equal(mkdir("tree", 0755), 0);
	assert_int_equal(mkdir("beside", 0755), 0);
	assert_int_equal(mkdir("beside/kept", 0755), 0);
	return 0;
}

static int remove_place(void **state)
{
	autofree char *command = str_format("rm -rf '%s'", (char *)*state);
	int status = chdir("/") == 0 ? system(command) : -1;

	free(*state);
	return status;
}

/* Nests @depth directories with this name in tree. */
static void nest(const char *name, int depth)
{
	autoclose int fd = open("tree", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < depth; i++) {
		int below;

		assert_int_equal(mkdirat(fd, name, 0755), 0);
		below = openat(fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(below >= 0);
		close(fd);
		fd = below;
	}
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int count_one(int dir, void *context, struct error *err)
{
	(void)dir;
	(void)err;
	++*(size_t *)context;
	return 0;
}

static size_t count_tree(void)
{
	struct error err = ERROR_NONE;
	size_t count = 0;

	assert_int_equal(walk_each("tree", MANY, count_one, &count, &err), 0);
	return count;
}

static void expect_removed(void)
{
	struct error err = ERROR_NONE;

	assert_int_equal(walk_remove("tree", MANY, &err), 0);
	assert_string_equal(err.text, "");
	assert_false(exists("tree"));
	assert_true(exists("beside/kept"));
}

/*
 * A process with 16 descriptors and little stack can do the walk.  It couldn't if the walk needed a
 * descriptor or a stack frame for each level.
 */
static void depth_costs_neither_descriptors_nor_stack(void **state)
{
	struct rlimit files, stack, few, little;

	(void)state;
	nest("a", DEEP);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(getrlimit(RLIMIT_STACK, &stack), 0);
	few = (struct rlimit){ 16, files.rlim_max };
	little = (struct rlimit){ 512 << 10, stack.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(setrlimit(RLIMIT_STACK, &little), 0);
	assert_int_equal(count_tree(), DEEP + 1);
	expect_removed();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(setrlimit(RLIMIT_STACK, &stack), 0);
}

/* Ten levels of names of the greatest length have a path that no system call accepts. */
static void long_names_are_no_hindrance(void **state)
{
	char name[256];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	nest(name, 40);
	assert_int_equal(count_tree(), 41);
	expect_removed();
}

static void a_broad_tree_is_met_whole(void **state)
{
	(void)state;
	for (int i = 0; i < 3000; i++) {
		autofree char *path = str_format("tree/%d", i);
		autofree char *below = str_format("%s/below", path);

		assert_int_equal(mkdir(path, 0755), 0);
		if (i % 10 == 0)
			assert_int_equal(mkdir(below, 0755), 0);
	}
	assert_int_equal(count_tree(), 1 + 3000 + 300);
	expect_removed();
}

static void names_with_a_dot_first_are_names(void **state)
{
	(void)state;
	assert_int_equal(mkdir("tree/.hidden", 0755), 0);
	assert_int_equal(mkdir("tree/...", 0755), 0);
	assert_int_equal(mkdir("tree/.../.x", 0755), 0);
	assert_int_equal(count_tree(), 4);
	expect_removed();
}

static void a_tree_that_is_not_there_is_removed(void **state)
{
	struct error err = ERROR_NONE;
	size_t count = 0;

	(void)state;
	assert_int_equal(walk_remove("none", MANY, &err), 0);
	assert_int_equal(walk_remove("none/below", MANY, &err), 0);
	assert_int_equal(walk_each("none", MANY, count_one, &count, &err), 0);
	assert_int_equal(count, 0);
}

static void links_are_not_followed(void **state)
{
	(void)state;
	assert_int_equal(symlink("../beside", "tree/link"), 0);
	assert_int_equal(count_tree(), 1);
}

/* The container's root, which is this user outside, may have removed the owner's permissions. */
static void rights_that_the_owner_lacks_are_restored(void **state)
{
	(void)state;
	nest("a", 3);
	assert_int_equal(chmod("tree/a/a", 0), 0);
	assert_int_equal(chmod("tree/a", 0500), 0);
	assert_int_equal(chmod("tree", 0), 0);
	assert_int_equal(count_tree(), 4);
	expect_removed();
}

static int grow(int dir, void *context, struct error *err)
{
	assert_int_equal(mkdirat(dir, "more", 0755), 0);
	return count_one(dir, context, err);
}

/*
 * The walk reads the names of a directory when it enters the directory.  A directory that gets a
 * new one each time it is entered, as here before it is read, grows deeper without an end.
 */
static int grow_before_it_is_read(int dir, void *context, struct error *err)
{
	if (faccessat(dir, "seed", F_OK, 0) < 0)
		return count_one(dir, context, err);
	assert_int_equal(mkdirat(dir, "seed/seed", 0755), 0);
	return count_one(dir, context, err);
}

static void a_tree_that_grows_without_end_is_given_up(void **state)
{
	struct error err = ERROR_NONE;
	size_t count = 0;

	(void)state;
	assert_int_equal(walk_each("tree", 100, grow, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(mkdir("tree/seed", 0755), 0);
	count = 0;
	assert_int_equal(walk_each("tree", 100, grow_before_it_is_read, &count, &err), -1);
	assert_int_equal(count, 100);
	assert_non_null(strstr(err.text, "tree: directories are made in it as fast as they are"));
}

static int vanish(int dir, void *context, struct error *err)
{
	if (exists("tree/a/a/a") && ++*(size_t *)context == 3) {
		assert_int_equal(rmdir("tree/a/a/a"), 0);
		assert_int_equal(rmdir("tree/a/a"), 0);
		assert_int_equal(rmdir("tree/a"), 0);
	}
	(void)dir;
	(void)err;
	return 0;
}

static void directories_that_vanish_are_no_failure(void **state)
{
	struct error err = ERROR_NONE;
	size_t count = 0;

	(void)state;
	nest("a", 3);
	assert_int_equal(walk_each("tree", MANY, vanish, &count, &err), 0);
	assert_int_equal(count, 3);
}

struct seen {
	ino_t forbidden;
	size_t count;
	bool moved;
};

static int move_away(int dir, void *context, struct error *err)
{
	struct seen *seen = context;
	struct stat st;

	(void)err;
	assert_int_equal(fstat(dir, &st), 0);
	assert_true(st.st_ino != seen->forbidden);
	/* The walk is now in tree/a/a, which is moved to another parent. */
	if (++seen->count == 3 && !seen->moved) {
		seen->moved = true;
		assert_int_equal(rename("tree/a/a", "beside/a"), 0);
	}
	return 0;
}

static void a_directory_that_is_moved_takes_the_walk_nowhere(void **state)
{
	struct error err = ERROR_NONE;
	struct seen seen = { 0 };
	struct stat st;

	(void)state;
	nest("a", 4);
	assert_int_equal(stat("beside/kept", &st), 0);
	seen.forbidden = st.st_ino;
	assert_int_equal(walk_each("tree", MANY, move_away, &seen, &err), 0);
	assert_true(seen.moved);
	/*
	 * The walk has seen tree, a and the three directories that were moved; then tree and a
	 * again.
	 */
	assert_int_equal(seen.count, 5 + 2);
}

/* Makes, moves and removes directories without a pause. */
static void __attribute__((noreturn)) disturb(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		mkdir("tree/a/x", 0755);
		mkdir("tree/a/x/y", 0755);
		mkdir("tree/a/x/y/z", 0755);
		rename("tree/a/x/y", "beside/y");
		rename("beside/y", "tree/y");
		rename("tree/a/x", "tree/a/w");
		rmdir("tree/a/w");
		rmdir("tree/y/z");
		rmdir("tree/y");
	}
}

static void who_disturbs_a_removal_gains_nothing(void **state)
{
	struct error err = ERROR_NONE;
	pid_t pid;

	(void)state;
	nest("a", 50);
	pid = fork();
	if (pid == 0)
		disturb();
	for (int i = 0; i < 200 && exists("tree"); i++)
		walk_remove("tree", 1000, &err);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(exists("beside/kept"));
	expect_removed();
}

static void what_can_not_be_removed_is_named(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	nest("a", 3);
	close(open("tree/a/a/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	assert_int_equal(walk_remove("tree", MANY, &err), -1);
	assert_int_equal(err.code, ENOTEMPTY);
	assert_string_equal(err.text, "remove 'a', 2 levels below tree");
	assert_false(exists("tree/a/a/a"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)
	const struct CMUnitTest tests[] = {
		TEST(depth_costs_neither_descriptors_nor_stack),
		TEST(long_names_are_no_hindrance),
		TEST(a_broad_tree_is_met_whole),
		TEST(names_with_a_dot_first_are_names),
		TEST(a_tree_that_is_not_there_is_removed),
		TEST(links_are_not_followed),
		TEST(rights_that_the_owner_lacks_are_restored),
		TEST(a_tree_that_grows_without_end_is_given_up),
		TEST(directories_that_vanish_are_no_failure),
		TEST(a_directory_that_is_moved_takes_the_walk_nowhere),
		TEST(who_disturbs_a_removal_gains_nothing),
		TEST(what_can_not_be_removed_is_named),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
