// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/monitor_execute.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/config/log_options.h"
#include "core/monitor/record.h"

void monitor_fds_clear(int fds[static MONITOR_FD_END])
{
	for (int number = 0; number < MONITOR_FD_END; number++)
		fds[number] = -1;
}

int monitor_fd_above(int *fd)
{
	int moved = *fd < 0 ? -1 : fcntl(*fd, F_DUPFD_CLOEXEC, MONITOR_FD_END);

	if (*fd >= 0 && moved < 0)
		return -errno;
	fd_close(fd);
	*fd = moved;
	return 0;
}

int monitor_fds_above(int *const *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int failed = monitor_fd_above(fds[i]);

		if (failed < 0)
			return failed;
	}
	return 0;
}

int monitor_open_above(const char *path, int flags)
{
	autoclose int fd = open(path, flags | O_CLOEXEC);

	return monitor_fd_above(&fd) < 0 ? -1 : take_fd(&fd);
}

int monitor_open_timer(int64_t deadline_ns)
{
	const struct itimerspec end = { .it_value = { .tv_sec = deadline_ns / 1000000000,
						      .tv_nsec = deadline_ns % 1000000000 } };
	autoclose int fd = deadline_ns ? timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) : -1;

	if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &end, NULL) < 0 ||
	    monitor_fd_above(&fd) < 0)
		return -1;
	return take_fd(&fd);
}

/* The size of one file of the log.  A limit of the caller's that is smaller would end the log. */
static unsigned long long file_max(int64_t log_size)
{
	uint64_t min = (uint64_t)LOG_SIZE_MIN / LOG_FILES, max = (uint64_t)log_size / LOG_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < max)
		max = limit.rlim_cur;
	return max < min ? min : max;
}

/*
 * Gives the descriptors their numbers.  From here on 0, 1 and 2 are /dev/null, and so is what the monitor
 * doesn't need: a file that the monitor opens must not get such a number.
 */
static int place_descriptors(const int fds[static MONITOR_FD_END])
{
	autoclose int null = monitor_open_above("/dev/null", O_RDWR);

	if (null < 0)
		return -errno;
	for (int number = 0; number < MONITOR_FD_END; number++)
		if (dup2(fds[number] < 0 ? null : fds[number], number) < 0)
			return -errno;
	return fd_cloexec_from(MONITOR_FD_END);
}

#define WORDS_MAX 7

/* The command that the monitor executes at the end, if any. */
static void list_last_words(const struct monitor_order *order, char *ret_words[static WORDS_MAX])
{
	const char *const delete[] = { "urun", "--root", order->root, "delete", order->id, NULL };
	const char *const kill[] = { "urun",  "--root",	 order->root, "kill",
				     "--all", order->id, "KILL",      NULL };
	const char *const *words = order->removes ? delete : kill;

	if (!order->removes && !order->ends_rest)
		return;
	for (int i = 0; words[i]; i++)
		ret_words[i] = (char *)(uintptr_t)words[i];
}

int monitor_execute(const struct monitor_order *order, struct error *err)
{
	char path[LIBEXEC_EXECUTABLE_SIZE], max[24], number[24], kills[24];
	char *argv[MONITOR_ARGUMENT_LAST + WORDS_MAX + 1] = {
		[0] = (char *)MONITOR_PROGRAM,
		[MONITOR_ARGUMENT_ID] = (char *)(uintptr_t)order->id,
		[MONITOR_ARGUMENT_FILE_MAX] = max,
		[MONITOR_ARGUMENT_NUMBER] = number,
		[MONITOR_ARGUMENT_KILLS] = kills,
		[MONITOR_ARGUMENT_REPLACES] = order->replaces ? "1" : "0",
	};
	sigset_t all;
	int failed;

	snprintf(max, sizeof(max), "%llu", file_max(order->log_size));
	snprintf(number, sizeof(number), "%llu", (unsigned long long)order->log_number);
	snprintf(kills, sizeof(kills), "%lld",
		 order->above_kills < 0 ? 0 : (long long)order->above_kills);
	list_last_words(order, argv + MONITOR_ARGUMENT_LAST);
	libexec_executable(order->program, MONITOR_FD_DIRECTORY, path);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (chdir("/") < 0)
		return error_set(err, errno, "enter /");
	failed = place_descriptors(order->fds);
	if (failed < 0)
		return error_set(err, -failed, "hand over descriptors");
	if (order->report >= 0)
		fd_write_all(order->report, &order->report_byte, 1);
	execve(path, argv, order->envp);
	return error_set(err, errno, "execute %s", order->program->path);
}
