// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp, urun-port.
#include "netns/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/inherit.h"
#include "core/base/number.h"
#include "core/base/pidfd.h"
#include "core/base/process.h"
#include "core/base/rights.h"
#include "core/base/str.h"

static int set_up_descriptors(const char *number, struct error *err)
{
	uint32_t socket;
	int null;

	if (number_parse_u32(number, INT16_MAX, &socket) < 0 || socket < READY_FD)
		return error_set(err, EBADF, "the socket to urun");
	/* ORDER: first, since every failure is sent over this socket. */
	if (socket != READY_FD && dup2((int)socket, READY_FD) < 0)
		return error_set(err, errno, "move the socket to urun");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return error_set(err, errno, "set stdio to /dev/null");
	if (close_range(READY_FD + 1, ~0u, 0) < 0)
		return error_set(err, errno, "close the other descriptors");
	return 0;
}

int ready_main(int argc, char **argv, const char *helper,
	       int (*start)(const struct network_options *options, struct error *err))
{
	struct network_options options;
	struct error err = ERROR_NONE;

	if (argc != 3) {
		dprintf(STDERR_FILENO, "usage: %s READYFD NETWORK\n", helper);
		return 2;
	}
	/* The executable file may have another name. */
	prctl(PR_SET_NAME, helper);
	/*
	 * ORDER: before the sandbox's user namespace is made, and before capabilities are dropped.
	 * Inside a rootless engine's user namespace a container may see our pid namespace and have
	 * our uid, which owns the sandbox's user namespace.  Only as root: for an ordinary user,
	 * /proc/self of a process that isn't dumpable belongs to root.
	 */
	if (geteuid() == 0)
		prctl(PR_SET_DUMPABLE, 0);
	inherit_begin();
	if (set_up_descriptors(argv[1], &err) == 0 &&
	    network_options_parse(argv[2], &options, &err) == 0 && start(&options, &err) == 0)
		return 0;
	ready_say_failure(READY_ERROR, &err);
	return 1;
}

/* Returns 0 or a negative errno. */
static int say(enum ready_kind kind, const char *text, const int *fds, size_t fd_count)
{
	char first = (char)kind;
	struct iovec parts[] = { { &first, 1 }, { (char *)(uintptr_t)text, strlen(text) } };
	ssize_t sent = rights_send(READY_FD, parts, ARRAY_SIZE(parts), fds, fd_count);

	return sent < 0 ? (int)sent : 0;
}

int ready_say_ready(struct error *err)
{
	int failed = say(READY_READY, "", NULL, 0);

	return failed < 0 ? error_set(err, -failed, "tell urun that it serves") : 0;
}

void ready_say_failure(enum ready_kind kind, const struct error *err)
{
	char line[ERROR_LINE_SIZE];

	say(kind, error_format(err, line), NULL, 0);
}

int ready_watch(pid_t pid, int pidfd, struct error *err)
{
	struct pollfd events[] = { { .fd = pidfd, .events = POLLIN }, { .fd = READY_FD } };
	int ready, status;
	int failed = say(READY_PROCESS, "", &pidfd, 1);

	if (failed < 0) {
		pidfd_signal(pidfd, SIGKILL);
		return error_set(err, -failed, "give urun the pidfd of the process that serves");
	}
	do
		ready = poll(events, ARRAY_SIZE(events), -1);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0 || !events[0].revents)
		return 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "wait for the process that serves");
	if (WIFSIGNALED(status))
		return error_set_killed(err, "it", WTERMSIG(status), "before it served");
	return WEXITSTATUS(status) == MEM_EXIT_STATUS ? error_set(err, 0, "out of memory") : 0;
}

_Noreturn void ready_watch_in_container(pid_t pid, int pidfd)
{
	struct error err = ERROR_NONE;
	int watched = ready_watch(pid, pidfd, &err);

	if (watched < 0)
		ready_say_failure(READY_ERROR, &err);
	process_end_without_files(watched < 0);
}

int ready_receive(void *payload, size_t size, int *ret_fds, size_t least, size_t most,
		  struct error *err)
{
	char kind;
	struct iovec parts[] = { { &kind, 1 }, { payload, size } };
	size_t received;
	ssize_t got = rights_receive(READY_FD, parts, size ? 2 : 1, 0, ret_fds, most, &received);

	if (got == 0 || got == -ECONNRESET)
		return 0;
	if (got < 0 || kind != READY_GIVE || received < least || (size_t)got != 1 + size)
		return error_set(err, got < 0 ? (int)-got : EPROTO, "wait for the container");
	for (size_t i = received; i < most; i++)
		ret_fds[i] = -1;
	return 1;
}
