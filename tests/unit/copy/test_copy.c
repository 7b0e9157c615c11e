// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/copy/operand.h"
#include "core/copy/pack.h"
#include "core/copy/unpack.h"
#include "tests/unit/base/scratch.h"

static const volatile sig_atomic_t never = 0;

static void test_names_of_operands(void **state)
{
	static const struct {
		const char *path, *name;
		bool contents;
	} paths[] = {
		{ "/etc/passwd", "passwd", false },
		{ "etc/", "etc", false },
		{ "etc/.", ".", true },
		{ ".", ".", true },
		{ "./", ".", true },
		{ "a/.//", ".", true },
		{ "/", ".", true },
		{ "//", ".", true },
		{ "a/b/..", "a", false },
		{ "..", "base", false },
		{ "/a/./b/", "b", false },
		{ "a.", "a.", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		autofree char *name = operand_base_name(paths[i].path, "/base/cwd");

		assert_string_equal(name, paths[i].name);
		assert_int_equal(operand_is_contents(paths[i].path), paths[i].contents);
	}
}

/* Finds @path in the root @top; the error's errno, or 0. */
static int find(const char *top, const char *path, enum operand_links links,
		struct operand *ret_operand)
{
	autoclose int root = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct view view = { .root = root, .id = "c1" };
	struct error err = ERROR_NONE;

	return operand_find(&view, path, links, ret_operand, &err) < 0 ? err.code : 0;
}

static void test_links_stay_in_the_root(void **state)
{
	static const struct {
		const char *path;
		int code;
		bool exists;
		const char *name;
	} cases[] = {
		{ "file", 0, true, "file" },
		{ "/absolute", 0, true, "file" },
		{ "up", 0, true, "file" },
		{ "chain", 0, true, "file" },
		{ "dangling", 0, false, "nothing" },
		{ "dir/to-parent", 0, true, "file" },
		{ "../../../file", 0, true, "file" },
		{ "loop", ELOOP, false, NULL },
		{ "file/", 0, true, "file" },
		{ "file/x", ENOTDIR, false, NULL },
		{ "none/x", ENOENT, false, NULL },
		{ "none", 0, false, "none" },
		{ "/", 0, true, "." },
		{ "to-dir/", 0, true, "dir" },
		{ "dir/..", 0, true, "." },
	};

	assert_int_equal(run_in(*state, "echo x >file; mkdir dir; ln -s /file absolute; "
					"ln -s ../../../../file up; ln -s absolute chain; "
					"ln -s nothing dangling; ln -s ../file dir/to-parent; "
					"ln -s loop loop; ln -s dir to-dir"),
			 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autooperand struct operand operand = OPERAND_NONE;
		int code = find(*state, cases[i].path, OPERAND_FOLLOW_LINK, &operand);

		if (code != cases[i].code)
			fail_msg("%s: %d", cases[i].path, code);
		if (code)
			continue;
		assert_int_equal(operand.exists, cases[i].exists);
		assert_string_equal(operand.name, cases[i].name);
	}
	{
		autooperand struct operand operand = OPERAND_NONE;

		assert_int_equal(find(*state, "dangling", OPERAND_KEEP_LINK, &operand), 0);
		assert_true(operand.exists && S_ISLNK(operand.st.st_mode));
	}
}

/* Copies @source to @destination, both below @top, through a file. */
static int copy(const char *top, const char *source, const char *destination, struct report *report,
		struct error *err)
{
	const struct view view = { .root = -1 };
	autofree char *from = str_format("%s/%s", top, source);
	autofree char *to = str_format("%s/%s", top, destination);
	autofree char *name = operand_base_name(from, "/");
	char path[] = "/tmp/test-copy-stream-XXXXXX";
	autoclose int stream = mkstemp(path);
	const struct pack pack = {
		.view = &view,
		.path = from,
		.top = name,
		.unknown = PACK_OWNER_UNKNOWN,
		.out = stream,
		.stop = &never,
		.life = -1,
		.report = report,
	};
	const struct unpack unpack = {
		.view = &view,
		.path = to,
		.top = name,
		.in = stream,
		.stop = &never,
		.life = -1,
		.report = report,
	};

	unlink(path);
	if (pack_tree(&pack, err) < 0)
		return -1;
	assert_int_equal(lseek(stream, 0, SEEK_SET), 0);
	return unpack_tree(&unpack, err);
}

static void test_a_tree_is_the_same_afterwards(void **state)
{
	struct report report = { 0 };
	struct error err = ERROR_NONE;

	assert_int_equal(
		run_in(*state,
		       "mkdir -p a/sub/deep && echo one >a/one && ln a/one a/sub/again && "
		       "ln -s /nowhere a/link && mkfifo a/fifo && chmod 4711 a/one && "
		       "truncate -s 20M a/sparse && echo end >>a/sparse && : >a/empty && "
		       "head -c 3000000 /dev/urandom >a/big && "
		       "i=0; while [ $i -lt 300 ]; do : >a/sub/deep/$i; ln a/sub/deep/$i a/$i; "
		       "i=$((i + 1)); done; touch -d @1000.5 a/sub a/one; chmod 500 a/sub"),
		0);
	if (copy(*state, "a", "b", &report, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(report.left_out, 0);
	/* Files lose set-user-ID on the way out of a container. */
	assert_int_equal(run_in(*state,
				"chmod 711 a/one && diff -r --no-dereference --exclude=fifo a b && "
				"test -p b/fifo && test b/one -ef b/sub/again && "
				"test b/7 -ef b/sub/deep/7 && "
				"test $(stat -c %a:%Y b/one) = 711:1000 && "
				"test $(stat -c %a:%Y b/sub) = 500:1000 && "
				"test $(du -k b/sparse | cut -f1) -lt 1000"),
			 0);
	if (copy(*state, "a/.", "b", &report, &err) < 0 && !strstr(err.text, "b/sub"))
		fail_msg("%s", err.text);
}

static void test_a_file_in_the_way_stays(void **state)
{
	struct report report = { 0 };
	struct error err = ERROR_NONE;

	assert_int_equal(run_in(*state, "mkdir -p a/x b/a && echo keep >b/a/x && echo new >a/y && "
					"mkdir b/dir && mkdir -p b/dir/y"),
			 0);
	assert_int_equal(copy(*state, "a", "b", &report, &err), -1);
	assert_non_null(strstr(err.text, "b/a/x: it is no directory"));
	assert_int_equal(run_in(*state, "test $(cat b/a/x) = keep"), 0);
	assert_int_equal(copy(*state, "a/y", "b/dir", &report, &err), -1);
	assert_non_null(strstr(err.text, "it is a directory"));
	assert_int_equal(run_in(*state, "test -z \"$(find . -name '.urun-cp*')\""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_operands),
		cmocka_unit_test_setup_teardown(test_links_stay_in_the_root, make_scratch,
						remove_scratch),
		cmocka_unit_test_setup_teardown(test_a_tree_is_the_same_afterwards, make_scratch,
						remove_scratch),
		cmocka_unit_test_setup_teardown(test_a_file_in_the_way_stays, make_scratch,
						remove_scratch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
