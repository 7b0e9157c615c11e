// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
// urun-slirp READYFD NETWORK: the other end of a container's network device.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "netns/loop.h"
#include "netns/options.h"
#include "netns/ready.h"
#include "netns/sandbox.h"

/* Where its socket is from the beginning on: behind stdio there is nothing else. */
#define READY_FD (STDERR_FILENO + 1)

/* ---- what the parent hears ---- */

/* Nobody is there to hear of it where this fails: the life pidfd tells the rest. */
static void say(enum ready_kind kind, const char *text)
{
	char first = (char)kind;
	struct iovec parts[] = { { &first, 1 }, { (char *)(uintptr_t)text, strlen(text) } };

	rights_send(READY_FD, parts, ARRAY_SIZE(parts), NULL, 0);
}

static void say_failure(enum ready_kind kind, const struct error *err)
{
	char line[ERROR_LINE_SIZE];

	say(kind, error_format(err, line));
}

static void say_process(int pidfd)
{
	char first = READY_PROCESS;
	struct iovec part = { &first, 1 };

	rights_send(READY_FD, &part, 1, &pidfd, 1);
}

/* The tap device and the life pidfd.  Returns 1, 0 where the parent has gone, or -1. */
static int receive_given(int ret_fds[static 2], struct error *err)
{
	char kind;
	struct iovec part = { &kind, 1 };
	size_t count;
	ssize_t got = rights_receive(READY_FD, &part, 1, 0, ret_fds, 2, &count);

	if (got == 0 || got == -ECONNRESET)
		return 0;
	if (got < 0)
		return error_set(err, (int)-got, "wait for the network device");
	if (kind != READY_GIVE || count != 2)
		return error_set(err, EPROTO, "wait for the network device");
	return 1;
}

/* ---- what we were given ---- */

/*
 * An engine waits until its pipes are closed by all that has them, so none but the socket stays,
 * and stdio goes nowhere.
 */
static int leave_descriptors(int ready_fd, struct error *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return error_set(err, errno, "set stdio to /dev/null");
	if (ready_fd != READY_FD && dup2(ready_fd, READY_FD) < 0)
		return error_set(err, errno, "move the socket of urun-slirp");
	if (close_range(READY_FD + 1, ~0u, 0) < 0)
		return error_set(err, errno, "close the other descriptors");
	return 0;
}

/* ---- the process that stays ---- */

struct identity {
	uid_t uid;
	gid_t gid;
	bool isolated; /* it has namespaces of its own */
};

/*
 * ORDER: the loop opens what it needs of the host's files; then these are out of reach, then the
 * privileges, and only then comes the container's device.
 */
static int confine(const struct identity *identity, struct error *err)
{
	struct error left = ERROR_NONE;

	if (identity->isolated && sandbox_leave_root(identity->uid, identity->gid, &left) < 0)
		say_failure(READY_WARNING, &left);
	return sandbox_drop_privileges(err);
}

static int serve(const struct network_options *options, const struct identity *identity,
		 struct error *err)
{
	struct loop *loop = loop_new(options, err);
	int fds[2], given;

	if (!loop)
		return -1;
	given = confine(identity, err) < 0 ? -1 : receive_given(fds, err);
	if (given <= 0) {
		loop_free(loop);
		return given;
	}
	say(READY_READY, "");
	close(READY_FD);
	return loop_run(loop, fds[0], fds[1], err);
}

/*
 * Process boundary: the one that was executed ends at once, so that the parent has waited for it
 * when the network is usable, and the one that stays is nobody's to wait for.
 */
static int start(const char *network, struct error *err)
{
	struct network_options options;
	struct identity identity = { .uid = geteuid(), .gid = getegid() };
	int pidfd = -1;
	pid_t pid;

	if (network_options_parse(network, &options, err) < 0)
		return -1;
	/* A peer that has closed its end is told by send(2). */
	signal(SIGPIPE, SIG_IGN);
	pid = sandbox_fork(&pidfd, &identity.isolated, err);
	if (pid < 0)
		return -1;
	if (pid > 0) {
		say_process(pidfd);
		return 0;
	}
	if (serve(&options, &identity, err) == 0)
		_exit(0);
	return -1;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_NONE;
	uint32_t ready_fd;

	if (argc != 3 || number_parse_u32(argv[1], INT16_MAX, &ready_fd) < 0 ||
	    ready_fd < READY_FD) {
		dprintf(STDERR_FILENO, "usage: urun-slirp READYFD NETWORK\n");
		return 2;
	}
	if (leave_descriptors((int)ready_fd, &err) == 0 && start(argv[2], &err) == 0)
		return 0;
	say_failure(READY_ERROR, &err);
	return 1;
}
