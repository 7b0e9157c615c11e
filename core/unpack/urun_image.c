// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-image.
 *
 * The program that reads images: core/unpack/handover.h has its command line and its messages,
 * core/unpack/confine.h what it may still do when it reads the first byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "core/base/log.h"
#include "core/base/number.h"
#include "core/base/str.h"
#include "core/image/store.h"
#include "core/unpack/confine.h"
#include "core/unpack/handover.h"
#include "core/unpack/install.h"
#include "core/unpack/report.h"

static int wrong_call(struct error *err)
{
	return error_set(err, EINVAL, "read the command line of " IMAGE_PROGRAM);
}

static int open_work(const char *pull, int *ret_work, struct error *err)
{
	autofree char *path = str_format("tmp/%s", pull);
	int work = openat(IMAGE_FD_STORE, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (work < 0)
		return error_set(err, errno, "open %s in the store", path);
	*ret_work = work;
	return 0;
}

static const char *word_if_any(const char *word)
{
	return *word ? word : NULL;
}

static int run_unpack(char **words, struct error *err)
{
	static const char *const kinds[] = IMAGE_SOURCE_WORDS;
	struct install_request request = {
		.store = IMAGE_FD_STORE,
		.pull = words[IMAGE_WORD_PULL],
		.name = words[IMAGE_WORD_NAME],
		.ids = words[IMAGE_WORD_IDS],
		.single_id = str_equal(words[IMAGE_WORD_SINGLE], "1"),
	};
	int kind = str_find(kinds, words[IMAGE_WORD_SOURCE]);

	if (kind < 0 ||
	    number_parse_i64(words[IMAGE_WORD_INDEX], -1, INT64_MAX, &request.source.number) < 0 ||
	    number_parse_u64(words[IMAGE_WORD_LIMIT], UINT64_MAX, &request.limit) < 0)
		return wrong_call(err);
	request.source.kind = (enum image_source_kind)kind;
	request.source.source = IMAGE_FD_SOURCE;
	request.source.reference = word_if_any(words[IMAGE_WORD_REFERENCE]);
	request.source.limit = request.limit;
	if (platform_parse(words[IMAGE_WORD_PLATFORM], &request.source.platform, err) < 0 ||
	    open_work(request.pull, &request.source.work, err) < 0)
		return -1;
	return install_image(&request, err);
}

static int run_choose(char **words, struct error *err)
{
	struct digest wanted = { 0 }, digest;
	struct platform platform;
	bool is_index;

	if ((*words[IMAGE_WORD_CHOOSE_DIGEST] &&
	     digest_parse("digest", words[IMAGE_WORD_CHOOSE_DIGEST], &wanted, err) < 0) ||
	    platform_parse(words[IMAGE_WORD_CHOOSE_PLATFORM], &platform, err) < 0 ||
	    source_choose(IMAGE_FD_SOURCE, digest_is_set(&wanted) ? &wanted : NULL, &platform,
			  &digest, &is_index, err) < 0)
		return -1;
	report_chosen(&digest, is_index);
	return 0;
}

static int run_sweep(struct error *err)
{
	size_t left = 0;

	if (store_sweep(IMAGE_FD_STORE, &left, err) < 0)
		return -1;
	if (left > 0)
		log_warning("the store's tmp/ has %zu entries that can't be removed", left);
	return 0;
}

static int run(int argc, char **argv, struct error *err)
{
	const char *action = argc > IMAGE_WORD_ACTION ? argv[IMAGE_WORD_ACTION] : "";

	if (str_equal(action, "unpack") && argc == IMAGE_WORDS_UNPACK)
		return run_unpack(argv, err);
	if (str_equal(action, "choose") && argc == IMAGE_WORDS_CHOOSE)
		return run_choose(argv, err);
	if (str_equal(action, "sweep") && argc == IMAGE_WORDS_SWEEP)
		return run_sweep(err);
	return wrong_call(err);
}

static bool is_started_by_urun(int argc)
{
	return argc > IMAGE_WORD_ACTION && fcntl(IMAGE_FD_REPORTS, F_GETFD) >= 0 &&
	       fcntl(IMAGE_FD_STORE, F_GETFD) >= 0;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_NONE;
	int result;

	inherit_begin();
	if (!is_started_by_urun(argc)) {
		fputs(IMAGE_PROGRAM " is started by urun: see urun-pull(1)\n", stderr);
		return 1;
	}
	umask(0);
	/* A descriptor for each directory on the way, and for each layer. */
	fd_raise_limit();
	/*
	 * ORDER: the parent's death before this call ends the orders, and the pipe of the reports.
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	log_set_level(str_equal(argv[IMAGE_WORD_LEVEL], "debug") ? LOG_LEVEL_DEBUG
								 : LOG_LEVEL_WARNING);
	report_log();
	result = confine(argv[IMAGE_WORD_COVER], &err);
	if (result == 0)
		result = run(argc, argv, &err);
	/* The process of a layer reports its own error. */
	if (result < 0 && (err.text[0] || err.code))
		report_error(&err);
	/*
	 * No handlers: a leak checker would want to trace this process, which the filter forbids.
	 */
	_exit(result < 0);
}
