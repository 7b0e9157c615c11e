// SPDX-License-Identifier: Apache-2.0
#include "core/base/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/process.h"

#define OUTPUT_MAX (4u << 20)
#define TIMEOUT_MS 10000

/* Reads the output to its end; false where the output is too long or takes too much time. */
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

static int start_asked(const char *path, char *const *argv, int output, pid_t *ret_pid)
{
	static char *const environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
					     (char *)"LC_ALL=C", NULL };
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct process process = {
		.path = path,
		.argv = argv,
		.envp = environment,
		.fds = { { null, STDIN_FILENO },
			 { output, STDOUT_FILENO },
			 { null, STDERR_FILENO } },
		.fd_count = 3,
		.close_from = STDERR_FILENO + 1,
	};

	return null < 0 ? -errno : process_spawn(&process, ret_pid);
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
	result = start_asked(path, argv, ends[1], &pid);
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
