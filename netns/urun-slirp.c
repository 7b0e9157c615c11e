// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
// urun-slirp TAPFD READYFD LIFEPIDFD OPTIONS: the other end of a container's network device.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/str.h"
#include "netns/loop.h"
#include "netns/options.h"
#include "netns/ready.h"
#include "netns/sandbox.h"

struct arguments {
	int tap_fd;
	int ready_fd;
	int life_fd;
	const char *network;
};

/* ---- what the parent hears ---- */

static void say(int ready_fd, enum ready_kind kind, const char *text)
{
	char first = (char)kind;
	struct iovec parts[] = { { &first, 1 }, { (char *)(uintptr_t)text, strlen(text) } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts) };

	/* Nobody is there to hear of it where this fails: the life pidfd tells the rest. */
	while (sendmsg(ready_fd, &message, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static void say_error(int ready_fd, const struct error *err)
{
	char line[ERROR_LINE_SIZE];

	say(ready_fd, READY_ERROR, error_format(err, line));
}

static void say_process(int ready_fd, int pidfd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char first = READY_PROCESS;
	struct iovec part = { &first, 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &pidfd, sizeof(int));
	while (sendmsg(ready_fd, &message, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* ---- what we were given ---- */

static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	int *const numbers[] = { &arguments->tap_fd, &arguments->ready_fd, &arguments->life_fd };

	if (argc != 5)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint32_t number;

		if (number_parse_u32(argv[i + 1], INT16_MAX, &number) < 0 ||
		    number <= STDERR_FILENO || fd_set_cloexec((int)number) < 0)
			return -EINVAL;
		*numbers[i] = (int)number;
	}
	arguments->network = argv[4];
	return 0;
}

/*
 * An engine waits until its pipes are closed by all that has them, so none but the three stay, and
 * stdio goes nowhere.
 */
static int leave_descriptors(const struct arguments *arguments, struct error *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return error_set(err, errno, "set stdio to /dev/null");
	for (unsigned int fd = STDERR_FILENO + 1, next; fd <= INT16_MAX; fd = next + 1) {
		next = INT16_MAX + 1;
		if ((unsigned int)arguments->tap_fd >= fd)
			next = (unsigned int)arguments->tap_fd;
		if ((unsigned int)arguments->ready_fd >= fd &&
		    (unsigned int)arguments->ready_fd < next)
			next = (unsigned int)arguments->ready_fd;
		if ((unsigned int)arguments->life_fd >= fd &&
		    (unsigned int)arguments->life_fd < next)
			next = (unsigned int)arguments->life_fd;
		if (next > fd && close_range(fd, next > INT16_MAX ? ~0u : next - 1, 0) < 0)
			return error_set(err, errno, "close the other descriptors");
	}
	return 0;
}

/* ---- the process that stays ---- */

/*
 * ORDER: the loop opens what it needs of the host's files; then these are out of reach, then the
 * privileges, and only then is the container told that there is a network.
 */
static int serve(const struct arguments *arguments, const struct network_options *options,
		 bool isolated, uid_t uid, gid_t gid, struct error *err)
{
	struct loop *loop = loop_new(options, arguments->tap_fd, arguments->life_fd, err);
	struct error left = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	int result = loop ? 0 : -1;

	if (result == 0 && isolated && sandbox_leave_root(uid, gid, &left) < 0)
		say(arguments->ready_fd, READY_WARNING, error_format(&left, line));
	if (result == 0)
		result = sandbox_drop_privileges(err);
	if (result == 0) {
		say(arguments->ready_fd, READY_READY, "");
		close(arguments->ready_fd);
		return loop_run(loop, err);
	}
	say_error(arguments->ready_fd, err);
	loop_free(loop);
	return -1;
}

/*
 * Process boundary: the one that was executed ends at once, so that the parent has waited for it
 * when the network is usable, and the one that stays is nobody's to wait for.
 */
static int start(const struct arguments *arguments, struct error *err)
{
	struct network_options options;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	bool isolated;
	int pidfd = -1;
	pid_t pid;

	if (leave_descriptors(arguments, err) < 0 ||
	    network_options_parse(arguments->network, &options, err) < 0)
		return -1;
	/* A peer that has closed its end is told by send(2). */
	signal(SIGPIPE, SIG_IGN);
	pid = sandbox_fork(&pidfd, &isolated, err);
	if (pid < 0)
		return -1;
	if (pid == 0)
		_exit(serve(arguments, &options, isolated, uid, gid, err) < 0 ? 1 : 0);
	say_process(arguments->ready_fd, pidfd);
	return 0;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_NONE;
	struct arguments arguments;

	if (parse_arguments(argc, argv, &arguments) < 0) {
		dprintf(STDERR_FILENO, "usage: urun-slirp TAPFD READYFD LIFEPIDFD NETWORK\n");
		return 2;
	}
	if (start(&arguments, &err) == 0)
		return 0;
	say_error(arguments.ready_fd, &err);
	return 1;
}
