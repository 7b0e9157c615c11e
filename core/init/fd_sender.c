// SPDX-License-Identifier: Apache-2.0
// Runs in: init, and a child of it.
#include "core/init/fd_sender.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/process.h"
#include "core/base/rights.h"

void fd_sender_send(int socket, int fd)
{
	int result = fd < 0 ? fd : 0;
	struct iovec part = { .iov_base = &result, .iov_len = sizeof(result) };

	rights_send(socket, &part, 1, &fd, fd < 0 ? 0 : 1);
}

static int receive_from_sender(int socket)
{
	int result = -EPROTO, fd = -1;
	struct iovec part = { .iov_base = &result, .iov_len = sizeof(result) };
	size_t count = 0;
	ssize_t got = rights_receive(socket, &part, 1, 0, &fd, 1, &count);

	if (got == (ssize_t)sizeof(result) && result == 0 && count == 1)
		return fd;
	fd_close(&fd);
	if (got != (ssize_t)sizeof(result))
		return got < 0 ? (int)got : -EPROTO;
	return result < 0 ? result : -EPROTO;
}

int fd_sender_run(fd_sender_work *work, const void *argument, int *ret_fd, struct error *err)
{
	autoclose int ours = -1, its = -1;
	int ends[2], status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_set(err, errno, "make a socket pair");
	ours = ends[0];
	its = ends[1];
	pid = fork();
	if (pid < 0)
		return error_set(err, errno, "make a process that opens a descriptor");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_DUMPABLE, 0);
		work(argument, its);
		process_end_without_files(0);
	}
	fd_close(&its);
	*ret_fd = receive_from_sender(ours);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}
