// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/unpack/layer.h"

static char scratch[] = "/tmp/test-layer-remove-XXXXXX";
static int scratch_fd;
static struct error err;

static int make_scratch(void **state)
{
	(void)state;
	if (!mkdtemp(scratch))
		return -1;
	scratch_fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return scratch_fd < 0 ? -1 : 0;
}

/* Fails where a test has left something. */
static int remove_scratch(void **state)
{
	(void)state;
	close(scratch_fd);
	return rmdir(scratch);
}

static int in_scratch(const char *script)
{
	autofree char *command = str_format("cd '%s' && { %s; }", scratch, script);

	return system(command);
}

static void removes(const char *name)
{
	err = ERROR_NONE;
	if (layer_remove(scratch_fd, name, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(faccessat(scratch_fd, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void test_files_and_links_and_nothing_are_removed(void **state)
{
	(void)state;
	assert_int_equal(in_scratch("echo x >file; ln -s /nonexistent link; mkfifo fifo"), 0);
	removes("file");
	removes("link");
	removes("fifo");
	removes("nothing");
}

static void test_a_link_is_not_followed(void **state)
{
	(void)state;
	assert_int_equal(in_scratch("mkdir kept tree; echo x >kept/file; "
				    "ln -s ../kept tree/link; ln -s kept link"),
			 0);
	removes("tree");
	removes("link");
	assert_int_equal(in_scratch("test -f kept/file"), 0);
	removes("kept");
}

static void test_modes_that_keep_the_owner_out_make_no_difference(void **state)
{
	(void)state;
	assert_int_equal(in_scratch("mkdir -p t/a/b/c t/d t/e; echo x >t/a/b/f; echo y >t/d/f; "
				    "chmod 0 t/a/b/f t/a/b/c t/a/b; chmod 555 t/d t/a; "
				    "chmod 311 t/e; chmod 500 t"),
			 0);
	removes("t");
}

/* Makes @depth directories below @name, some with a file beside the next directory. */
static void make_chain(const char *name, int depth)
{
	autoclose int dir = -1;

	assert_int_equal(mkdirat(scratch_fd, name, 0700), 0);
	dir = openat(scratch_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < depth; i++) {
		int next;

		if (i % 16 == 0)
			assert_int_equal(mknodat(dir, "file", S_IFREG | 0600, 0), 0);
		assert_int_equal(mkdirat(dir, "d", i % 3 ? 0700 : 0500), 0);
		assert_int_equal(fchmod(dir, i % 5 ? 0700 : 0500), 0);
		next = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(fchmod(next, 0700), 0);
		fd_close(&dir);
		dir = next;
	}
}

static void test_any_depth_takes_few_descriptors(void **state)
{
	struct rlimit old, few;

	(void)state;
	make_chain("deep", 3000);
	/* A name that the removal makes for itself is taken. */
	assert_int_equal(in_scratch("chmod 700 deep; mkdir deep/.urun-moved-0; "
				    "echo x >deep/.urun-moved-1"),
			 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 160;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	removes("deep");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void test_many_files_in_many_directories_go(void **state)
{
	(void)state;
	assert_int_equal(in_scratch("mkdir wide; cd wide; mkdir $(seq 300); "
				    "touch $(seq -f f%.0f 300) $(seq -f %.0f/a 300)"),
			 0);
	removes("wide");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_and_links_and_nothing_are_removed),
		cmocka_unit_test(test_a_link_is_not_followed),
		cmocka_unit_test(test_modes_that_keep_the_owner_out_make_no_difference),
		cmocka_unit_test(test_any_depth_takes_few_descriptors),
		cmocka_unit_test(test_many_files_in_many_directories_go),
	};

	return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
