// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-monitor.
 *
 * urun-monitor stays beside a container that runs detached, from the moment in which its program runs
 * until the program has ended.  The program is its child.  It has four tasks:
 *
 *   - It reads what the program writes to stdout and stderr, and appends this to the log
 *     (core/monitor/record.h), for `urun logs`.
 *   - It reaps the program, and writes to the file `ended` how the program ended, for `urun wait`.
 *   - With --rm it then executes `urun delete`.
 *   - With --timeout it kills the program when the time is over.
 *
 * Why a process, and not a file as the program's stdout?  A program that opens /dev/stdout for writing
 * would empty such a file; a full disk would be the program's own error; and nothing would bound the
 * file.  The exit status is known to the parent of a process alone.
 *
 * The process that has made the container executes this program (core/parent/detach.c), so the
 * monitor has its pid and its children, but none of its memory.  Where such a monitor was killed, the next command
 * starts another one, which isn't the program's parent (core/container/replace.c).  There is one monitor for each
 * container, for a long time: so it allocates nothing, uses no libc where it can be built without
 * (core/monitor/standalone.c), and sleeps in poll(2) unless the program writes or ends.
 *
 * The container must not notice the log.  The ends of the pipes that the program has can be read as
 * well (core/parent/streams.h), so a write never fails and never raises SIGPIPE, even if this process
 * was killed: then what is written stays in the pipe, and when the pipe is full, a write waits until
 * another monitor reads.  A program that waits can go on; one that SIGPIPE has ended has lost its work.  A log that
 * can't be written loses output, counts it, and says so later (core/monitor/log_writer.h).
 *
 * ORDER: the log is complete before `ended` appears; `ended` appears before the lock is given up; and
 * both before `urun delete` is executed, which waits for the lock.
 *
 * Trust: the container chooses the bytes in the pipes, and can fill them at any speed.  No byte of them is
 * looked at.  A process that has the other end of a pipe, and isn't the program's (in a shared pid
 * namespace), can outlive the program; what is read after the program's end is therefore bounded.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/exit_info.h"
#include "core/monitor/ended_text.h"
#include "core/monitor/handover.h"
#include "core/monitor/log_writer.h"
#include "core/monitor/memory_watch.h"

/* More than pipes of an ordinary user hold. */
#define DRAIN_MAX (1u << 20)

/* The rooms of an array for poll(2). */
enum { POLL_PIDFD, POLL_STDOUT, POLL_STDERR, POLL_TIMER, POLL_MEMORY, POLL_ALL };

/* What one read takes.  The larger part is used, and has memory, only while a program writes much. */
#define READ_NORMAL LOG_BYTES_MAX
#define READ_LARGE  (4 * LOG_BYTES_MAX)
static _Alignas(READ_NORMAL) char buffer[READ_LARGE];

/*
 * Reads once, and appends what was read.  Returns the number of bytes; 0 where there is nothing now; -1
 * at the end.
 */
static ssize_t copy_once(int fd, enum log_kind kind, size_t size, struct log_writer *log)
{
	ssize_t got = read(fd, buffer, size);

	if (got > 0) {
		log_writer_add(log, kind, buffer, (size_t)got);
		return got;
	}
	/* A master of a terminal says EIO when nobody has the other end. */
	return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

/* ---- a program that writes much ---- */

/*
 * A program that writes without a pause and the monitor would wake each other for each 64 KiB.  A wake-up costs as much as to
 * copy the bytes, and the kernel then runs the two by turns on one processor, even if another one is idle, so that their times
 * add up.  So while the program writes so much, the pipe and the reads are larger, and the monitor rests for a moment whenever
 * it has emptied the pipe: the program goes on writing meanwhile, on its own processor.
 * The kernel bounds the size of all pipes of a user together (pipe(7), pipe-user-pages-soft), so the pipe gets its old size back
 * afterwards, and the memory of the large reads is given back.
 */
#define FULL_READS  4u /* in a row, from which on the program writes much */
#define PIPE_LARGE  (1 << 20)
#define PIPE_NORMAL 65536
#define REST_NS	    200000
#define CALM_MS	    100 /* without output: the program doesn't write much any more */

struct stream {
	int fd;
	enum log_kind kind;
	unsigned int full_reads; /* in a row, but for those that end with a rest */
	bool has_rested;
	bool is_large;
};

static bool writes_much(const struct stream *stream)
{
	return stream->full_reads >= FULL_READS;
}

static void note_full_read(struct stream *stream)
{
	stream->has_rested = false;
	if (!writes_much(stream) && ++stream->full_reads == FULL_READS)
		stream->is_large = fcntl(stream->fd, F_SETPIPE_SZ, PIPE_LARGE) > 0;
}

static void end_much(struct stream *stream)
{
	if (writes_much(stream))
		syscall(SYS_madvise, (long)(buffer + READ_NORMAL), (long)(READ_LARGE - READ_NORMAL),
			(long)MADV_DONTNEED);
	stream->full_reads = 0;
	/* Fails while the pipe holds more than that; then the next short read tries again. */
	if (stream->is_large && fcntl(stream->fd, F_SETPIPE_SZ, PIPE_NORMAL) > 0)
		stream->is_large = false;
}

/* The pipe is empty, or was a moment ago. */
static void note_short_read(struct stream *stream)
{
	const struct timespec moment = { .tv_nsec = REST_NS };

	if (!writes_much(stream) || stream->has_rested) {
		end_much(stream);
		return;
	}
	stream->has_rested = true;
	nanosleep(&moment, NULL);
}

/* Returns false at the end. */
static bool take_output(struct stream *stream, struct log_writer *log)
{
	size_t size = writes_much(stream) ? READ_LARGE : READ_NORMAL;
	ssize_t got = copy_once(stream->fd, stream->kind, size, log);

	if (got >= (ssize_t)READ_NORMAL)
		note_full_read(stream);
	else if (got >= 0)
		note_short_read(stream);
	return got >= 0;
}

/* Appends what the program wrote last. */
static void drain(int fd, enum log_kind kind, struct log_writer *log)
{
	size_t size = 0;
	ssize_t got;

	while (size < DRAIN_MAX && (got = copy_once(fd, kind, READ_LARGE, log)) > 0)
		size += (size_t)got;
}

/* Kills the program if its time is over (--timeout).  Without a timer there is /dev/null, and nothing to read. */
static void kill_in_time(void)
{
	uint64_t count;

	if (read(MONITOR_FD_TIMER, &count, sizeof(count)) != (ssize_t)sizeof(count))
		return;
	syscall(SYS_pidfd_send_signal, (long)MONITOR_FD_PIDFD, (long)SIGKILL, NULL, 0L);
}

/* Copies until the program has ended, and notes that the kernel has killed a process for lack of memory. */
static void attend(struct log_writer *log, struct memory_watch *memory)
{
	struct pollfd fds[POLL_ALL] = {
		[POLL_PIDFD] = { .fd = MONITOR_FD_PIDFD, .events = POLLIN },
		[POLL_STDOUT] = { .fd = MONITOR_FD_STDOUT, .events = POLLIN },
		[POLL_STDERR] = { .fd = MONITOR_FD_STDERR, .events = POLLIN },
		[POLL_TIMER] = { .fd = MONITOR_FD_TIMER, .events = POLLIN },
		[POLL_MEMORY] = { .fd = memory->own, .events = POLLPRI },
	};
	struct stream streams[POLL_ALL] = {
		[POLL_STDOUT] = { .fd = MONITOR_FD_STDOUT, .kind = LOG_STDOUT },
		[POLL_STDERR] = { .fd = MONITOR_FD_STDERR, .kind = LOG_STDERR },
	};

	for (;;) {
		bool much =
			writes_much(&streams[POLL_STDOUT]) || writes_much(&streams[POLL_STDERR]);
		int ready = poll(fds, POLL_ALL, much ? CALM_MS : -1);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0) {
			end_much(&streams[POLL_STDOUT]);
			end_much(&streams[POLL_STDERR]);
		}
		if (ready < 0 || fds[POLL_PIDFD].revents)
			return;
		if (fds[POLL_MEMORY].revents) {
			memory_watch_look(memory);
			fds[POLL_MEMORY].fd = memory->own;
		}
		if (fds[POLL_TIMER].revents) {
			kill_in_time();
			fds[POLL_TIMER].fd = -1;
		}
		for (int i = POLL_STDOUT; i <= POLL_STDERR; i++)
			/* /dev/null, where there is no such stream, ends at once. */
			if (fds[i].revents && !take_output(&streams[i], log))
				fds[i].fd = -1;
	}
}

/*
 * Makes the file `ended` while there is room on the disk.  On a file system that keeps its promise
 * (tmpfs, ext4) the text can then be written even if the disk is full.
 */
static int reserve_ended(void)
{
	int fd = openat(MONITOR_FD_STATE, MONITOR_FILE_ENDED_NEW,
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);

	if (fd >= 0)
		fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, ENDED_TEXT_SIZE);
	return fd;
}

/* Reaps the program.  Returns false where it isn't our child. */
static bool reap_child(struct ended_text *ended)
{
	siginfo_t info;

	info.si_pid = 0;
	/* ORDER: the name of the process can be read until the process is reaped. */
	while (waitid(P_PIDFD, MONITOR_FD_PIDFD, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			return false;
	if (info.si_code == CLD_EXITED)
		ended->signal = ended_signal_told(info.si_pid, info.si_status);
	while (waitid(P_PIDFD, MONITOR_FD_PIDFD, &info, WEXITED) < 0)
		if (errno != EINTR)
			return false;
	if (info.si_code != CLD_EXITED)
		ended->signal = info.si_status;
	ended->status = ended->signal ? 128 + ended->signal : info.si_status;
	return true;
}

/* What is known of a program that isn't our child: its status is -1 where it was reaped before the look. */
struct stranger {
	int wait_status;
	int signal; /* what process 1 has told; 0: nothing */
};

/* ORDER: at once when the program has ended: its new parent reaps it at any moment. */
static void look_at_stranger(struct stranger *stranger)
{
	ssize_t got = pread(MONITOR_FD_STAT, buffer, sizeof(buffer), 0);

	if (got <= 0 ||
	    !ended_in_stat(buffer, (size_t)got, &stranger->wait_status, &stranger->signal))
		*stranger = (struct stranger){ .wait_status = -1 };
}

/*
 * How long the new parent may take to reap the program: the kernel tells the status then, and for certain.  /proc has
 * that of the first thread, which is another one where that thread had ended before the others.
 */
#define REAP_MS	      1000
#define REAP_KNOWN_MS 100

static void ask_pidfd(struct stranger *stranger)
{
	struct exit_info info = { .mask = EXIT_INFO_MASK };
	struct pollfd reaped = { .fd = MONITOR_FD_PIDFD };

	(void)poll(&reaped, 1, stranger->wait_status < 0 ? REAP_MS : REAP_KNOWN_MS);
	if (syscall(SYS_ioctl, (long)MONITOR_FD_PIDFD, (long)EXIT_INFO_GET, &info) == 0 &&
	    (info.mask & EXIT_INFO_MASK))
		stranger->wait_status = info.exit_code;
}

static void judge_stranger(struct stranger *stranger, struct ended_text *ended)
{
	ask_pidfd(stranger);
	ended->status = -1;
	if (stranger->wait_status < 0)
		return;
	ended_set(ended, stranger->wait_status);
	if (!ended->signal && ended->status == 128 + stranger->signal)
		ended->signal = stranger->signal;
}

/* Publishes how the program ended. */
static void tell_end(int ended_fd, struct stranger *stranger, bool oom_killed)
{
	char text[ENDED_TEXT_SIZE];
	struct timespec now = { 0 };
	struct ended_text ended = { .oom_killed = oom_killed };
	size_t size;

	if (!reap_child(&ended))
		judge_stranger(stranger, &ended);
	clock_gettime(CLOCK_REALTIME, &now);
	ended.seconds = now.tv_sec;
	ended.nanoseconds = (uint32_t)now.tv_nsec;
	size = ended_text_print(&ended, text);
	if (ended_fd >= 0 && write(ended_fd, text, size) == (ssize_t)size)
		renameat(MONITOR_FD_STATE, MONITOR_FILE_ENDED_NEW, MONITOR_FD_STATE,
			 MONITOR_FILE_ENDED);
}

/* Says at this place of the log that another monitor was killed, and may have read what it hasn't written. */
static void tell_replacement(struct log_writer *log)
{
	struct log_gap gap = { .error = EOWNERDEAD };
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	gap.since_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	log_writer_add(log, LOG_GAP, &gap, sizeof(gap));
}

static uint64_t parse_digits(const char *text)
{
	uint64_t number = 0;

	while (*text)
		number = number * 10 + (uint64_t)(*text++ - '0');
	return number;
}

int main(int argc, char **argv, char **envp)
{
	struct log_writer log;
	struct memory_watch memory = MEMORY_WATCH_NONE;
	struct stranger stranger;
	int ended_fd;

	/* Only urun starts this program, and passes all of this. */
	if (argc < MONITOR_ARGUMENT_LAST)
		return 1;
	close(MONITOR_FD_DIRECTORY);
	ended_fd = reserve_ended();
	log_writer_open(&log, MONITOR_FD_LOG, parse_digits(argv[MONITOR_ARGUMENT_NUMBER]),
			parse_digits(argv[MONITOR_ARGUMENT_FILE_MAX]));
	memory.own = MONITOR_FD_MEMORY;
	memory.above = MONITOR_FD_MEMORY_ABOVE;
	memory.above_kills = (int64_t)parse_digits(argv[MONITOR_ARGUMENT_KILLS]);
	if (parse_digits(argv[MONITOR_ARGUMENT_REPLACES]))
		tell_replacement(&log);
	attend(&log, &memory);
	look_at_stranger(&stranger);
	memory_watch_look(&memory);
	/* ORDER: before the terminal is drained, whose reading ends only then. */
	close(MONITOR_FD_TERMINAL);
	drain(MONITOR_FD_STDOUT, LOG_STDOUT, &log);
	drain(MONITOR_FD_STDERR, LOG_STDERR, &log);
	log_writer_close(&log);
	tell_end(ended_fd, &stranger, memory.killed);
	if (argc == MONITOR_ARGUMENT_LAST)
		return 0;
	for (int fd = MONITOR_FD_STATE; fd < MONITOR_FD_URUN; fd++)
		close(fd);
	if (fcntl(MONITOR_FD_URUN, F_SETFD, FD_CLOEXEC) == 0)
		execveat(MONITOR_FD_URUN, "", argv + MONITOR_ARGUMENT_LAST, envp, AT_EMPTY_PATH);
	return 1;
}
