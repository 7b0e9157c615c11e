// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * How a helper (urun-slirp, urun-port) is started so that it outlives `urun create`, needs no
 * parent that waits for it, and yet is never left behind.
 *
 *   urun ──posix_spawn──▶ first process (the starter) ──clone3──▶ second process, which serves
 *    │                          │                                     │
 *    └────────────one SOCK_SEQPACKET socket, shared by both───────────┘
 *
 * The starter waits for one of two ends: the second process ends before it serves, or urun closes
 * the socket because the second process serves.  Then the starter has nothing left to do: urun kills
 * and reaps it, and init reaps the second process some day.  Until then urun has the second process's pidfd (message
 * PROCESS), so a start that fails leaves no process behind.
 *
 * The helper's stderr is the same socket until the helper sets up its descriptors.  So an error of
 * the dynamic linker (a library that isn't found) arrives as a packet like any other, and becomes
 * the error of the command, with a hint.
 *
 * Trust: the helper is our own program, but its messages are bounded and parsed as foreign text all
 * the same: urun-port joins the container's user namespace before it is ready.  A message is cut at
 * ERROR_LINE_SIZE, and carries at most one descriptor.
 *
 * What may block: each wait ends after TIMEOUT_MS, also if the helper is stopped (SO_SNDTIMEO).  The
 * starter too may be stopped, so it is killed before it is reaped.
 */
#include "netns/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/libexec.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/base/process.h"
#include "core/base/rights.h"
#include "core/base/spawn.h"
#include "core/base/str.h"
#include "netns/ready.h"
#include "netns/tap.h"

#define TIMEOUT_MS 10000

/* ---- the start ---- */

#ifdef URUN_SLIRP_IS_BUILT
#define SLIRP_IS_BUILT true
#else
#define SLIRP_IS_BUILT false
#endif

static int hint_at_program(const char *program, struct error *err)
{
	/* One that was built elsewhere would do. */
	if (strcmp(program, HELPER_SLIRP) == 0 && !SLIRP_IS_BUILT)
		return error_hint(
			err,
			"%s is neither in " URUN_LIBEXECDIR " nor beside urun, and this "
			"build had no libslirp to make it: use --network none or host, or "
			"install libslirp-dev and libglib2.0-dev and build urun again",
			program);
	return error_hint(err,
			  "%s is neither in " URUN_LIBEXECDIR " nor beside urun: put it into one "
			  "of them",
			  program);
}

/* The dynamic linker's list of libraries: a file of about 100 KiB that holds their paths. */
#define LIBRARIES_PATH	   "/etc/ld.so.cache"
#define LIBRARIES_SIZE_MAX (16u << 20)

/* Returns whether a library exists whose path ends with @name, NUL included. */
static bool has_library(const char *list, size_t size, const char *name, size_t name_size)
{
	const char *end = list + size, *at = list;

	while ((at = memmem(at, (size_t)(end - at), name, name_size)) != NULL) {
		const char *path = at;
		struct stat status;

		while (path > list && path[-1] != '\0')
			path--;
		if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
			return true;
		at++;
	}
	return false;
}

/*
 * Returns whether the libraries of urun-slirp are where the dynamic linker looks.  The question
 * costs a start some microseconds, where executing urun-slirp would cost milliseconds.  If the
 * answer is no, urun-slirp may still run: it may be static, or use another linker.
 */
static bool has_libraries(void)
{
	static const char slirp[] = "/libslirp.so.0", glib[] = "/libglib-2.0.so.0";
	autofree char *list = NULL;
	size_t size;

	return fd_read_file(LIBRARIES_PATH, LIBRARIES_SIZE_MAX, &list, &size) == 0 &&
	       has_library(list, size, slirp, sizeof(slirp)) &&
	       has_library(list, size, glib, sizeof(glib));
}

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* Returns whether @program is built for the same machine as urun, or is a script. */
static bool is_for_this_machine(const struct libexec *program)
{
	autoclose int fd = open(program->path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	ElfW(Ehdr) header = { 0 };

	if (fd < 0 || read(fd, &header, sizeof(header)) != (ssize_t)sizeof(header))
		return false;
	if (memcmp(header.e_ident, "#!", 2) == 0)
		return true;
	return memcmp(header.e_ident, __ehdr_start.e_ident, EI_VERSION) == 0 &&
	       header.e_machine == __ehdr_start.e_machine;
}

#define HINT_AT_LIBRARIES                                                                    \
	"urun-slirp can't be executed here: install libslirp (libslirp0 in Debian), or use " \
	"--network none or host"

/* Executes urun-slirp only to see whether it can be executed here. */
static int try_slirp(const struct libexec *program, struct error *err)
{
	char *const argv[] = { (char *)HELPER_SLIRP, (char *)"--check", NULL };
	char *const envp[] = { NULL };
	const struct spawn spawn = { .path = program->path,
				     .helper = program,
				     .argv = argv,
				     .envp = envp,
				     .timeout_ms = TIMEOUT_MS };

	if ((has_libraries() && is_for_this_machine(program)) || spawn_run(&spawn, err) == 0)
		return 0;
	if (err->code == ENOEXEC)
		return error_hint(err, "urun-slirp is for another machine, or damaged: install "
				       "urun's own, or use --network none or host");
	return error_hint(err, HINT_AT_LIBRARIES);
}

int slirp_check_host(const char **ret_way, struct error *err)
{
	autolibexec struct libexec program = LIBEXEC_NONE;

	if (libexec_open(HELPER_SLIRP, &program, err) < 0)
		return err->code == ENOENT ? hint_at_program(HELPER_SLIRP, err) : -1;
	/* The device first: opening it costs less than executing the program. */
	return tap_check_host(ret_way, err) < 0 ? -1 : try_slirp(&program, err);
}

/*
 * Process boundary: the program has our stdin and stdout until it sets its own.  Its stderr is the
 * socket, so that the dynamic linker's complaint about a library becomes our error, in one line.
 * The file may be a wrapper with another name, so the program sets its own process name.
 */
static int execute_helper(const struct libexec *found, const char *program, const char *argument,
			  int ready_fd, pid_t *ret_pid)
{
	char path[LIBEXEC_EXECUTABLE_SIZE];
	char number[12];
	char *const argv[] = { (char *)(uintptr_t)program, number, (char *)(uintptr_t)argument,
			       NULL };
	char *const envp[] = { NULL };
	/*
	 * The program closes the descriptor of its directory as the first thing it does, and sets
	 * up its own stdin and stdout.
	 */
	const struct process process = {
		.path = path,
		.argv = argv,
		.envp = envp,
		.fds = { { ready_fd, ready_fd },
			 { found->dir, found->dir },
			 { ready_fd, STDERR_FILENO } },
		.fd_count = 3,
		.group = PROCESS_SESSION_NEW,
	};

	snprintf(number, sizeof(number), "%d", ready_fd);
	libexec_executable(found, found->dir, path);
	return process_spawn(&process, ret_pid);
}

int helper_launch(const char *program, const char *argument, struct helper *ret_helper,
		  struct error *err)
{
	autolibexec struct libexec found = LIBEXEC_NONE;
	autoclose int ours = -1, its = -1;
	const struct timeval timeout = { .tv_sec = TIMEOUT_MS / 1000 };
	int pair[2], result;
	pid_t pid;

	if (libexec_open(program, &found, err) < 0)
		return err->code == ENOENT ? hint_at_program(program, err) : -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "make the socket to %s", program);
	ours = pair[0];
	its = pair[1];
	/*
	 * A helper that is stopped reads nothing: the timeout keeps helper_give() from waiting for
	 * ever.
	 */
	setsockopt(ours, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	result = execute_helper(&found, program, argument, its, &pid);
	if (result < 0)
		return error_set(err, -result, "start %s", found.path);
	*ret_helper = (struct helper){
		.program = program, .starter = pid, .ready_fd = take_fd(&ours), .pidfd = -1
	};
	return 0;
}

int helper_give(const struct helper *helper, const void *payload, size_t size, const int *fds,
		size_t count, struct error *err)
{
	char kind = READY_GIVE;
	struct iovec parts[] = { { &kind, 1 }, { (void *)(uintptr_t)payload, size } };
	ssize_t sent = rights_send(helper->ready_fd, parts, size ? 2 : 1, fds, count);

	/* If the helper has ended, it has sent its error: helper_await() reports that error. */
	return sent < 0 && sent != -EPIPE && sent != -ECONNRESET
		       ? error_set(err, sent == -EAGAIN ? ETIMEDOUT : (int)-sent,
				   "send %s the container's descriptors", helper->program)
		       : 0;
}

/* ---- what it says ---- */

struct heard {
	enum ready_kind kind;
	char text[ERROR_LINE_SIZE];
};

/*
 * Receives one message.  Returns 1, 0 at the end of the socket, or a negative errno.  Only PROCESS
 * carries a pidfd, and only the first pidfd is kept.
 */
static int hear_helper(struct helper *helper, struct heard *heard)
{
	char kind;
	struct iovec parts[] = { { &kind, 1 }, { heard->text, sizeof(heard->text) - 1 } };
	autoclose int fd = -1;
	size_t count;
	ssize_t got = rights_receive(helper->ready_fd, parts, ARRAY_SIZE(parts), MSG_DONTWAIT, &fd,
				     1, &count);

	if (got <= 0)
		return (int)got;
	heard->kind = (enum ready_kind)kind;
	heard->text[got - 1] = '\0';
	if (helper->pidfd < 0)
		helper->pidfd = take_fd(&fd);
	return 1;
}

/* Where a process has closed its descriptors, the end of the process follows within this time. */
#define END_TIMEOUT_MS 1000

/*
 * Waits for the end of the starter, which has closed the socket.  Returns false where the starter
 * does not end: it may be stopped.
 */
static bool starter_ends(const struct helper *helper)
{
	autoclose int pidfd = pidfd_open_process(helper->starter);
	struct pollfd event = { .fd = pidfd, .events = POLLIN };
	int64_t deadline = clock_ms() + END_TIMEOUT_MS;
	int ready;

	do {
		int64_t left = deadline - clock_ms();

		ready = poll(&event, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	return pidfd >= 0 && ready > 0;
}

/* The socket has ended without ERROR: only the starter's exit status can tell why. */
static int ended_silently(struct helper *helper, struct error *err)
{
	int status = 0;
	pid_t ended;

	if (helper->starter > 0 && !starter_ends(helper))
		return error_set(err, ETIMEDOUT, "wait for the end of %s", helper->program);
	do
		ended = helper->starter > 0 ? waitpid(helper->starter, &status, 0) : 0;
	while (ended < 0 && errno == EINTR);
	if (ended > 0)
		helper->starter = 0;
	if (ended > 0 && WIFSIGNALED(status))
		return error_set_killed(err, helper->program, WTERMSIG(status), "before it served");
	if (ended > 0 && WEXITSTATUS(status) == MEM_EXIT_STATUS)
		return error_set(err, 0, "%s: out of memory", helper->program);
	if (ended > 0 && WEXITSTATUS(status) != 0)
		return error_set(err, 0, "%s ended with status %d before it served",
				 helper->program, WEXITSTATUS(status));
	return error_set(err, 0, "%s ended before it served", helper->program);
}

/*
 * A packet without a known kind is text that the dynamic linker, or a wrapper, wrote to stderr.  If
 * the helper ends, that text is the reason; if it goes on, the text is a warning.  @words keeps the
 * last such text.
 */
static void take_words(const struct helper *helper, const struct heard *heard, struct error *words)
{
	char line[ERROR_LINE_SIZE + 1]; /* the packet's first byte is a character of the text */
	const char *text = line;
	size_t length = strlen(helper->program);

	snprintf(line, sizeof(line), "%c%s", (char)heard->kind, heard->text);
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, helper->program, length) == 0 && line[length] == ':')
		text += length + 1 + strspn(line + length + 1, " ");
	if (words->text[0])
		log_warning("%s", words->text);
	error_set(words, 0, "%s: %s", helper->program, text);
}

/*
 * Receives one message.  The end of the socket is a failure: READY or ERROR would have come before.
 */
static int await_message(struct helper *helper, int64_t deadline, struct heard *heard,
			 struct error *err)
{
	for (;;) {
		struct pollfd event = { .fd = helper->ready_fd, .events = POLLIN };
		int64_t left = deadline - clock_ms();
		int ready = poll(&event, 1, left > 0 ? (int)left : 0);
		int result;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return error_set(err, ETIMEDOUT, "wait for %s", helper->program);
		result = ready < 0 ? -errno : hear_helper(helper, heard);
		if (result == -EAGAIN)
			continue;
		if (result == 0)
			return ended_silently(helper, err);
		return result < 0 ? error_set(err, -result, "read from %s", helper->program) : 0;
	}
}

static int await_helper(struct helper *helper, struct error *err)
{
	int64_t deadline = clock_ms() + TIMEOUT_MS;
	struct error words = ERROR_NONE;
	bool is_ready = false;

	while (!is_ready || helper->pidfd < 0) {
		struct heard heard;

		if (await_message(helper, deadline, &heard, err) < 0) {
			if (!words.text[0])
				return -1;
			if (strcmp(helper->program, HELPER_SLIRP) == 0 &&
			    strstr(words.text, "loading shared libraries"))
				error_hint(&words, HINT_AT_LIBRARIES);
			return error_take(err, &words);
		}
		switch (heard.kind) {
		case READY_PROCESS: break;
		case READY_WARNING:
			log_warning("%s goes on without something: %s", helper->program,
				    heard.text);
			break;
		case READY_READY: is_ready = true; break;
		case READY_ERROR: return error_set(err, 0, "%s: %s", helper->program, heard.text);
		default: take_words(helper, &heard, &words); break;
		}
	}
	if (words.text[0])
		log_warning("%s", words.text);
	return 0;
}

/* ---- the end of the start ---- */

static void release_helper(struct helper *helper)
{
	fd_close(&helper->ready_fd);
	/* A starter that is stopped would not notice that the socket is closed. */
	if (helper->starter > 0)
		kill(helper->starter, SIGKILL);
	while (helper->starter > 0 && waitpid(helper->starter, NULL, 0) < 0 && errno == EINTR)
		;
	helper->starter = 0;
	fd_close(&helper->pidfd);
}

int helper_await(struct helper *helper, int *ret_pidfd, struct error *err)
{
	if (await_helper(helper, err) < 0) {
		helper_abandon(helper);
		return -1;
	}
	*ret_pidfd = take_fd(&helper->pidfd);
	release_helper(helper);
	return 0;
}

/*
 * If the starter is killed before it has sent PROCESS, we have no pidfd of the second process.
 * That process still ends with the container, whose life pidfd it has, or at the end of its socket.
 */
void helper_abandon(struct helper *helper)
{
	struct heard heard;

	if (helper->starter > 0)
		kill(helper->starter, SIGKILL);
	while (helper->ready_fd >= 0 && helper->pidfd < 0 && hear_helper(helper, &heard) > 0)
		;
	if (helper->pidfd >= 0)
		pidfd_signal(helper->pidfd, SIGKILL);
	release_helper(helper);
}
