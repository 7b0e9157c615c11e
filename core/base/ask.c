// SPDX-License-Identifier: Apache-2.0
#include "core/base/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"

#define OUTPUT_MAX (4u << 20)
#define TIMEOUT_MS 10000

/* Reads up to the end of the output; false where it is too much or takes too long. */
static bool read_output(int fd, struct strbuf *out)
{
	int64_t end = clock_ms() + TIMEOUT_MS;
	char bytes[4096];

	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int64_t left = end - clock_ms();
		ssize_t got;

		if (left <= 0 || out->size > OUTPUT_MAX)
			return false;
		if (poll(&wait, 1, (int)left) <= 0)
			continue;
		got = read(fd, bytes, sizeof(bytes));
		if (got == 0)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		if (got > 0)
			strbuf_add(out, bytes, (size_t)got);
	}
}

static int start(const char *path, char *const *argv, int output, pid_t *ret_pid)
{
	static char *const environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
					     (char *)"LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int result;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	result = posix_spawnattr_setsigmask(&attributes, &none) ?:
		 posix_spawnattr_setsigdefault(&attributes, &all) ?:
		 posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) ?:
		 posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ?:
		 posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) ?:
		 posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) ?:
		 posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1) ?:
		 posix_spawn(ret_pid, path, &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -result;
}

int ask_program(const char *path, char *const *argv, struct strbuf *out, struct error *err)
{
	autoclose int reading = -1;
	int ends[2], result;
	bool whole;
	pid_t pid = -1;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe for %s", path);
	reading = ends[0];
	result = start(path, argv, ends[1], &pid);
	close(ends[1]);
	if (result < 0)
		return error_set(err, -result, "execute %s", path);
	whole = read_output(reading, out);
	if (!whole)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (!whole)
		return error_set(err, 0, "%s: no answer of a sensible size within %d s", path,
				 TIMEOUT_MS / 1000);
	return 0;
}
