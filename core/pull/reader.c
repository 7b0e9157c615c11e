// SPDX-License-Identifier: Apache-2.0
// Runs in: parent; cloned_…() in the processes that become urun-image and skopeo.
#include "core/pull/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "core/base/libexec.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/image/digest.h"

#ifdef URUN_IMAGE_IS_BUILT
#define IMAGE_IS_BUILT true
#else
#define IMAGE_IS_BUILT false
#endif

/* Above all numbers of enum image_fd: where descriptors stay until each has its number. */
#define ASIDE 32

/* ---- the process that becomes urun-image ---- */

struct start {
	const struct reader_call *call;
	struct libexec libexec;
	int go; /* a byte: the maps are written */
	int orders, reports;
};

/* The last words of a process that couldn't become the program. */
static _Noreturn void cloned_fail(int reports, const char *what)
{
	struct image_report report = { .kind = IMAGE_REPORT_ERROR };
	struct error err = ERROR_NONE;

	error_set(&err, errno, "%s", what);
	error_pack(&err, &report.error);
	(void)fd_write_all(reports, &report, sizeof(report));
	_exit(1);
}

static int cloned_place_descriptors(const struct start *start)
{
	const int wanted[] = {
		[IMAGE_FD_DIRECTORY] = start->libexec.dir, [IMAGE_FD_STORE] = start->call->store,
		[IMAGE_FD_SOURCE] = start->call->source,   [IMAGE_FD_LOCK] = start->call->lock,
		[IMAGE_FD_ORDERS] = start->orders,	   [IMAGE_FD_REPORTS] = start->reports,
	};
	int aside[IMAGE_FD_END];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -1;
	for (int fd = IMAGE_FD_DIRECTORY; fd < IMAGE_FD_END; fd++) {
		aside[fd] = fcntl(wanted[fd] < 0 ? null : wanted[fd], F_DUPFD_CLOEXEC, ASIDE);
		if (aside[fd] < 0)
			return -1;
	}
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return -1;
	for (int fd = IMAGE_FD_DIRECTORY; fd < IMAGE_FD_END; fd++)
		if (dup2(aside[fd], fd) < 0)
			return -1;
	return 0;
}

/* Is urun there, which reads from the pipe?  getppid(2) is 0 in another PID namespace. */
static bool cloned_has_reader(int reports)
{
	struct pollfd polled = { .fd = reports };

	return poll(&polled, 1, 0) == 0;
}

/* Process boundary: after execve nothing of urun's memory is left to a hostile image. */
static _Noreturn void cloned_reader_main(const struct start *start)
{
	const struct userns_root root = userns_root(start->call->userns, USERNS_KEEP_GROUPS);
	char *const level = (char *)(log_enabled(LOG_LEVEL_DEBUG) ? "debug" : "warning");
	char *const cover = (char *)start->call->cover;
	char *argv[IMAGE_WORDS_UNPACK + 1] = { (char *)IMAGE_PROGRAM, level, cover };
	static const int of_terminal[] = { SIGINT, SIGQUIT, SIGHUP };
	char *const envp[] = { NULL };
	char path[LIBEXEC_EXECUTABLE_SIZE];
	struct error err = ERROR_NONE;
	ssize_t got;
	char byte;

	do
		got = read(start->go, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(1);
	if (start->call->userns->mode != USERNS_INHERIT && userns_become_root(&root, &err) < 0) {
		errno = err.code;
		cloned_fail(start->reports, "become root of the user namespace");
	}
	/*
	 * ORDER: after the change of ids, which clears it; urun-image sets it again after execve.
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!cloned_has_reader(start->reports))
		_exit(1);
	for (size_t i = 0; start->call->words[i] && IMAGE_WORD_ACTION + i < IMAGE_WORDS_UNPACK; i++)
		argv[IMAGE_WORD_ACTION + i] = start->call->words[i];
	if (cloned_place_descriptors(start) < 0)
		cloned_fail(start->reports, "give " IMAGE_PROGRAM " its descriptors");
	inherit_restore_signals();
	/*
	 * A terminal's signals go to all its processes: urun takes them, and lets this one give whole
	 * layers to the store first.
	 */
	for (size_t i = 0; i < ARRAY_SIZE(of_terminal); i++)
		(void)signal(of_terminal[i], SIG_IGN);
	libexec_executable(&start->libexec, IMAGE_FD_DIRECTORY, path);
	execve(path, argv, envp);
	cloned_fail(IMAGE_FD_REPORTS, "execute " IMAGE_PROGRAM);
}

/* ---- urun-image, from outside ---- */

static int find_reader(struct libexec *ret_libexec, struct error *err)
{
	if (libexec_open(IMAGE_PROGRAM, ret_libexec, err) == 0)
		return 0;
	if (err->code != ENOENT)
		return -1;
	if (!IMAGE_IS_BUILT)
		return error_hint(err,
				  "this build had no libarchive and nettle to make " IMAGE_PROGRAM
				  ": install libarchive-dev and nettle-dev and build urun again");
	return error_hint(err, IMAGE_PROGRAM " is neither in " URUN_LIBEXECDIR
					     " nor beside urun: put it into one of them");
}

/* Four ends of two pipes, all close-on-exec. */
static int make_pipes(int ends[4], struct error *err)
{
	if (pipe2(ends, O_CLOEXEC) == 0) {
		if (pipe2(ends + 2, O_CLOEXEC) == 0)
			return 0;
		close(ends[0]);
		close(ends[1]);
	}
	return error_set(err, errno, "make a pipe");
}

static int start_process(struct start *start, struct reader *reader, struct error *err)
{
	autoclose int go_read = -1, go_write = -1;
	int ends[2];
	int result;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	go_read = ends[0];
	go_write = ends[1];
	start->go = go_read;
	/*
	 * A process that a hostile image has taken over and that outlived the pull would be in the
	 * store while the next one writes there: so all of them end with the first.
	 */
	reader->pid = userns_fork_as_first(start->call->userns, err);
	if (reader->pid == 0) {
		close(go_write);
		close(reader->orders);
		close(reader->reports);
		cloned_reader_main(start);
	}
	if (reader->pid < 0) {
		reader->pid = 0;
		return -1;
	}
	result = userns_write_maps(reader->pid, start->call->userns, err);
	if (result == 0 && fd_write_all(go_write, "", 1) < 0)
		result = error_set(err, ECHILD, "start " IMAGE_PROGRAM);
	return result;
}

int reader_start(const struct reader_call *call, struct reader *ret_reader, struct error *err)
{
	autoreader struct reader reader = READER_NONE;
	autolibexec struct libexec libexec = LIBEXEC_NONE;
	struct start start = { .call = call };
	int ends[4], result;

	if (find_reader(&libexec, err) < 0 || make_pipes(ends, err) < 0)
		return -1;
	start.libexec = libexec;
	start.orders = ends[0];
	reader.orders = ends[1];
	reader.reports = ends[2];
	start.reports = ends[3];
	result = start_process(&start, &reader, err);
	close(start.orders);
	close(start.reports);
	if (result < 0)
		return -1;
	*ret_reader = reader;
	reader = READER_NONE;
	return 0;
}

static bool is_report(struct image_report *report)
{
	struct digest digest;

	report->digest[sizeof(report->digest) - 1] = '\0';
	report->error.text[sizeof(report->error.text) - 1] = '\0';
	switch ((enum image_report_kind)report->kind) {
	case IMAGE_REPORT_LAYER:
	case IMAGE_REPORT_CHOSEN:
		return str_starts_with(report->digest, "sha256:") &&
		       digest_from_hex(report->digest + strlen("sha256:"), &digest);
	case IMAGE_REPORT_LAYERS:
	case IMAGE_REPORT_PROGRESS:
	case IMAGE_REPORT_LAYER_END:
	case IMAGE_REPORT_ERROR: return true;
	case IMAGE_REPORT_LINE:
		return report->value >= LOG_LEVEL_WARNING && report->value <= LOG_LEVEL_DEBUG;
	case IMAGE_REPORT_COUNT: break;
	}
	return false;
}

int reader_read(struct reader *reader, struct image_report *ret_report, struct error *err)
{
	ssize_t got;

	do
		got = read(reader->reports, ret_report, sizeof(*ret_report));
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return 0;
	/* Reports are written whole, into a pipe that has nothing else. */
	if (got != sizeof(*ret_report) || !is_report(ret_report))
		return error_set(err, EPROTO, "read a report of " IMAGE_PROGRAM);
	return 1;
}

int reader_order(struct reader *reader, const struct image_order *order, struct error *err)
{
	int result = fd_write_all(reader->orders, order, sizeof(*order));

	/* It has ended: its last report says why. */
	return result < 0 && result != -EPIPE ? error_set(err, -result, "write to " IMAGE_PROGRAM)
					      : 0;
}

int reader_wait(struct reader *reader, bool told, struct error *err)
{
	int status = 0;

	while (waitpid(reader->pid, &status, 0) < 0 && errno == EINTR)
		;
	reader->pid = 0;
	fd_close(&reader->orders);
	fd_close(&reader->reports);
	if (told)
		return -1;
	if (WIFSIGNALED(status))
		return error_set_killed(err, IMAGE_PROGRAM, WTERMSIG(status), "");
	if (status)
		return error_set(err, 0, IMAGE_PROGRAM " ended with status %d",
				 WEXITSTATUS(status));
	return 0;
}

void reader_end(struct reader *reader)
{
	if (reader->pid > 0) {
		kill(reader->pid, SIGKILL);
		while (waitpid(reader->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	reader->pid = 0;
	fd_close(&reader->orders);
	fd_close(&reader->reports);
}

/* ---- skopeo ---- */

/* A lower limit of the caller's stays. */
static void cloned_limit_files(uint64_t size)
{
	struct rlimit limit;

	if (size == 0 || getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur <= size)
		return;
	limit.rlim_cur = size;
	(void)setrlimit(RLIMIT_FSIZE, &limit);
}

/*
 * The caller's directory is what a relative path in a variable begins at, and not the directory in
 * the store.  Source: skopeo(1), containers-auth.json(5), containers.conf(5).
 */
static void cloned_keep_paths(void)
{
	static const char *const names[] = { "REGISTRY_AUTH_FILE",
					     "DOCKER_CONFIG",
					     "CONTAINERS_CONF",
					     "CONTAINERS_REGISTRIES_CONF",
					     "CONTAINERS_STORAGE_CONF",
					     "SSL_CERT_FILE",
					     "TMPDIR" };
	autofree char *here = getcwd(NULL, 0);

	for (size_t i = 0; here && i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);
		autofree char *path = NULL;

		if (!value || *value == '\0' || *value == '/')
			continue;
		path = path_join(here, value);
		(void)setenv(names[i], path, 1);
	}
}

static _Noreturn void cloned_program_main(const struct program_call *call, const int streams[3],
					  pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	cloned_keep_paths();
	if (fchdir(call->dir) < 0)
		_exit(1);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(streams[fd], fd) < 0)
			_exit(1);
	cloned_limit_files(call->file_size);
	inherit_restore_signals();
	execv(call->path, call->argv);
	_exit(1);
}

int program_start(const struct program_call *call, pid_t *ret_pid, struct error *err)
{
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int streams[] = { null, call->out < 0 ? null : call->out, call->messages };
	pid_t parent = getpid();
	pid_t pid;

	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	pid = fork();
	if (pid == 0)
		cloned_program_main(call, streams, parent);
	if (pid < 0)
		return error_set(err, errno, "start %s", call->path);
	*ret_pid = pid;
	return 0;
}
