// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "netns/launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/libexec.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "netns/ready.h"
#include "netns/tap.h"

#define PROGRAM	   "urun-slirp"
#define TIMEOUT_MS 10000

/* ---- the start ---- */

static int hint_at_build(struct error *err)
{
	return error_hint(err, "urun was built without libslirp: use --network none or host, or "
			       "build it with libslirp-dev there");
}

int slirp_check_host(struct error *err)
{
	autofree char *path = libexec_path(PROGRAM);

	if (access(path, X_OK) == 0)
		return tap_check_host(err);
	error_set(err, errno, "execute %s", path);
	return err->code == ENOENT ? hint_at_build(err) : -1;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	return posix_spawnattr_setsigmask(attributes, &none) ?:
	       posix_spawnattr_setsigdefault(attributes, &all) ?:
	       posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF |
							    POSIX_SPAWN_SETSID);
}

/* A descriptor that is duplicated onto itself loses its close-on-exec mark in the child alone. */
static int set_descriptors(posix_spawn_file_actions_t *actions, const int fds[static 3])
{
	int result = 0;

	for (int i = 0; i < 3 && result == 0; i++)
		result = posix_spawn_file_actions_adddup2(actions, fds[i], fds[i]);
	return result;
}

/*
 * Process boundary: the program has our stdio until it sets its own, so that the dynamic linker can
 * say which library is missing.
 */
static int execute(const char *path, const char *network, const int fds[static 3], pid_t *ret_pid)
{
	char numbers[3][12];
	char *const argv[] = { (char *)(uintptr_t)PROGRAM, numbers[0], numbers[1], numbers[2],
			       (char *)(uintptr_t)network, NULL };
	char *const envp[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int result;

	for (int i = 0; i < 3; i++)
		snprintf(numbers[i], sizeof(numbers[i]), "%d", fds[i]);
	result = posix_spawnattr_init(&attributes);
	if (result)
		return -result;
	result = posix_spawn_file_actions_init(&actions);
	if (!result) {
		result = set_attributes(&attributes) ?: set_descriptors(&actions, fds);
		if (!result)
			result = posix_spawn(ret_pid, path, &actions, &attributes, argv, envp);
		posix_spawn_file_actions_destroy(&actions);
	}
	posix_spawnattr_destroy(&attributes);
	return -result;
}

int slirp_launch(const char *network, int tap_fd, int life_pidfd, struct slirp_launch *ret_launch,
		 struct error *err)
{
	autofree char *path = libexec_path(PROGRAM);
	autoclose int ours = -1, its = -1;
	int pair[2], result;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "make the socket to %s", PROGRAM);
	ours = pair[0];
	its = pair[1];
	result = execute(path, network, (int[3]){ tap_fd, its, life_pidfd }, &pid);
	if (result < 0) {
		error_set(err, -result, "start %s", path);
		return result == -ENOENT ? hint_at_build(err) : -1;
	}
	*ret_launch =
		(struct slirp_launch){ .starter = pid, .ready_fd = take_fd(&ours), .pidfd = -1 };
	return 0;
}

/* ---- what it says ---- */

struct heard {
	enum ready_kind kind;
	char text[ERROR_LINE_SIZE];
};

/* A process's pidfd comes with PROCESS alone, and once. */
static void take_pidfd(struct slirp_launch *launch, struct msghdr *message)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		autoclose int fd = -1;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
		    header->cmsg_len != CMSG_LEN(sizeof(int)))
			continue;
		memcpy(&fd, CMSG_DATA(header), sizeof(int));
		if (launch->pidfd < 0)
			launch->pidfd = take_fd(&fd);
	}
}

/* Returns 1, 0 at the end of the socket, or a negative errno. */
static int hear(struct slirp_launch *launch, struct heard *heard)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char kind;
	struct iovec parts[] = { { &kind, 1 }, { heard->text, sizeof(heard->text) - 1 } };
	struct msghdr message = {
		.msg_iov = parts,
		.msg_iovlen = ARRAY_SIZE(parts),
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t got;

	do
		got = recvmsg(launch->ready_fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got < 0 ? -errno : 0;
	heard->kind = (enum ready_kind)kind;
	heard->text[got - 1] = '\0';
	take_pidfd(launch, &message);
	return 1;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One message.  Fails at its end, as READY or ERROR would have come before. */
static int await_message(struct slirp_launch *launch, int64_t deadline, struct heard *heard,
			 struct error *err)
{
	for (;;) {
		struct pollfd event = { .fd = launch->ready_fd, .events = POLLIN };
		int64_t left = deadline - now_ms();
		int ready = poll(&event, 1, left > 0 ? (int)left : 0);
		int result;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return error_set(err, ETIMEDOUT, "wait for %s", PROGRAM);
		result = ready < 0 ? -errno : hear(launch, heard);
		if (result == -EAGAIN)
			continue;
		if (result == 0)
			return error_set(err, 0, "%s ended before the network was usable", PROGRAM);
		return result < 0 ? error_set(err, -result, "read from %s", PROGRAM) : 0;
	}
}

static int await_ready(struct slirp_launch *launch, struct error *err)
{
	int64_t deadline = now_ms() + TIMEOUT_MS;
	bool is_ready = false;

	while (!is_ready || launch->pidfd < 0) {
		struct heard heard;

		if (await_message(launch, deadline, &heard, err) < 0)
			return -1;
		switch (heard.kind) {
		case READY_PROCESS: break;
		case READY_WARNING:
			log_warning("%s is less confined than it could be: %s", PROGRAM,
				    heard.text);
			break;
		case READY_READY: is_ready = true; break;
		case READY_ERROR: return error_set(err, 0, "%s: %s", PROGRAM, heard.text);
		default: return error_set(err, 0, "%s says what isn't known", PROGRAM);
		}
	}
	return 0;
}

/* ---- the end of the start ---- */

static void release(struct slirp_launch *launch)
{
	while (launch->starter > 0 && waitpid(launch->starter, NULL, 0) < 0 && errno == EINTR)
		;
	launch->starter = 0;
	fd_close(&launch->ready_fd);
	fd_close(&launch->pidfd);
}

int slirp_await(struct slirp_launch *launch, int *ret_pidfd, struct error *err)
{
	if (await_ready(launch, err) < 0) {
		slirp_abandon(launch);
		return -1;
	}
	*ret_pidfd = take_fd(&launch->pidfd);
	release(launch);
	return 0;
}

/*
 * A starter that is killed in between leaves a process whose end we don't know by name: it ends with
 * the container, whose pidfd it has.
 */
void slirp_abandon(struct slirp_launch *launch)
{
	struct heard heard;

	if (launch->starter > 0)
		kill(launch->starter, SIGKILL);
	while (launch->ready_fd >= 0 && launch->pidfd < 0 && hear(launch, &heard) > 0)
		;
	if (launch->pidfd >= 0)
		pidfd_signal(launch->pidfd, SIGKILL);
	release(launch);
}
