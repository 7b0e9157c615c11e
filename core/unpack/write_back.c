// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image; write_back_main() in a process of its own.
#include "core/unpack/write_back.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"

/* A small image is whole before the first look. */
#define PAUSE_MS 100
/*
 * Bytes of compressed layers.  Each step writes the blocks of the directories once more, so small steps
 * cost too much.
 */
#define STEP (UINT64_C(4) << 20)

/*
 * A descriptor of its own: an error of the disk is told once for each open file, and the caller's
 * syncfs(2) must be told of it.  Source: syncfs(2).
 */
static _Noreturn void write_back_main(int store, int end, write_back_progress progress,
				      const void *of)
{
	int own = openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct pollfd polled = { .fd = end };
	uint64_t seen = 0;

	if (own < 0)
		_exit(1);
	for (;;) {
		int ended = poll(&polled, 1, PAUSE_MS);
		uint64_t now;

		if (ended > 0 || (ended < 0 && errno != EINTR))
			_exit(0);
		now = progress(of);
		if (now - seen < STEP)
			continue;
		seen = now;
		(void)syncfs(own);
	}
}

int write_back_start(int store, write_back_progress progress, const void *of,
		     struct write_back *ret_back, struct error *err)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		write_back_main(store, ends[0], progress, of);
	}
	close(ends[0]);
	if (pid < 0) {
		error_set(err, errno, "make a process that writes to the disk");
		close(ends[1]);
		return -1;
	}
	*ret_back = (struct write_back){ .pid = pid, .end = ends[1] };
	return 0;
}

void write_back_end(struct write_back *back)
{
	fd_close(&back->end);
	if (back->pid > 0)
		while (waitpid(back->pid, NULL, 0) < 0 && errno == EINTR)
			;
	back->pid = 0;
}
