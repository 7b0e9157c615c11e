// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-monitor.
 *
 * The start of the program, and the few functions of libc that it calls, as bare system calls.  A
 * process that has no more than these needs some 100 KB of memory: an eighth of what a static program
 * with glibc takes, of which a container has one each.
 *
 * Linked where configure finds that this works (x86-64 and arm64); else the program is linked with
 * libc, and is the same in all but its size.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/pid1/raw.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
/* cppcheck-suppress preprocessorErrorDirective */
#error "the numbers of system calls, and the guard of the stack, are known for x86-64 and arm64 only"
#endif

/* ---- libc ---- */

static int error_number;

int *__errno_location(void)
{
	return &error_number;
}

static long call_five(long number, long a, long b, long c, long d, long e)
{
	long result = raw_call(number, a, b, c, d, e);

	if (result >= 0 || result < -4095)
		return result;
	error_number = (int)-result;
	return -1;
}

#define CALL(number, a, b, c, d, e) \
	call_five(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

ssize_t read(int fd, void *bytes, size_t size)
{
	return CALL(SYS_read, fd, bytes, size, 0, 0);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
	return CALL(SYS_pread64, fd, bytes, size, offset, 0);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	return CALL(SYS_write, fd, bytes, size, 0, 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	return CALL(SYS_pwrite64, fd, bytes, size, offset, 0);
}

/* The kernel takes the offset in two halves, of which the upper one is for 32-bit processes. */
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	return CALL(SYS_pwritev, fd, parts, count, offset, 0);
}

int flock(int fd, int operation)
{
	return (int)CALL(SYS_flock, fd, operation, 0, 0, 0);
}

int openat(int dir, const char *path, int flags, ...)
{
	va_list arguments;
	int mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, int);
	va_end(arguments);
	return (int)CALL(SYS_openat, dir, path, flags, mode, 0);
}

int close(int fd)
{
	return (int)CALL(SYS_close, fd, 0, 0, 0, 0);
}

int fcntl(int fd, int command, ...)
{
	va_list arguments;
	int value;

	va_start(arguments, command);
	value = va_arg(arguments, int);
	va_end(arguments);
	return (int)CALL(SYS_fcntl, fd, command, value, 0, 0);
}

off_t lseek(int fd, off_t offset, int whence)
{
	return CALL(SYS_lseek, fd, offset, whence, 0, 0);
}

int ftruncate(int fd, off_t size)
{
	return (int)CALL(SYS_ftruncate, fd, size, 0, 0, 0);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
	return (int)CALL(SYS_fallocate, fd, mode, offset, size, 0);
}

int unlinkat(int dir, const char *path, int flags)
{
	return (int)CALL(SYS_unlinkat, dir, path, flags, 0, 0);
}

int renameat(int old_dir, const char *old_path, int new_dir, const char *new_path)
{
	return (int)CALL(SYS_renameat2, old_dir, old_path, new_dir, new_path, 0);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	struct timespec limit = { .tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L };

	return (int)CALL(SYS_ppoll, fds, count, timeout < 0 ? NULL : &limit, NULL, 0);
}

int nanosleep(const struct timespec *duration, struct timespec *ret_left)
{
	return (int)CALL(SYS_nanosleep, duration, ret_left, 0, 0, 0);
}

long syscall(long number, ...)
{
	va_list arguments;
	long values[4];

	va_start(arguments, number);
	for (int i = 0; i < 4; i++)
		values[i] = va_arg(arguments, long);
	va_end(arguments);
	return CALL(number, values[0], values[1], values[2], values[3], 0);
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	return (int)CALL(SYS_waitid, type, id, info, options, NULL);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	return (int)CALL(SYS_clock_gettime, clock, now, 0, 0, 0);
}

ssize_t getrandom(void *bytes, size_t size, unsigned int flags)
{
	return CALL(SYS_getrandom, bytes, size, flags, 0, 0);
}

int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)CALL(SYS_execveat, dir, path, argv, envp, flags);
}

/* The compiler itself calls these too.  It must not make such a call of their own loops. */

void *memmove(void *to, const void *from, size_t size)
{
	char *out = to;
	const char *in = from;

	if (out <= in)
		return memcpy(to, from, size);
	while (size--) {
		out[size] = in[size];
		__asm__ volatile("");
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *one = a, *other = b;

	for (; size; size--, one++, other++)
		if (*one != *other)
			return *one - *other;
	return 0;
}

/* clang calls this function where only equality matters. */
int bcmp(const void *a, const void *b, size_t size)
{
	return memcmp(a, b, size);
}

/* ---- the start ---- */

/*
 * What -fstack-protector-strong compares on the stack.  On x86-64 it is 40 bytes behind the base of the
 * segment fs, where libc has the data of the thread.
 */
#if defined(__x86_64__)
#include <asm/prctl.h>
static long thread[6];

static void guard_stack(void)
{
	getrandom(&thread[5], sizeof(thread[5]), GRND_NONBLOCK);
	CALL(SYS_arch_prctl, ARCH_SET_FS, thread, 0, 0, 0);
}
#else
uintptr_t __stack_chk_guard;

static void guard_stack(void)
{
	getrandom(&__stack_chk_guard, sizeof(__stack_chk_guard), GRND_NONBLOCK);
}
#endif

void __stack_chk_fail(void) __attribute__((noreturn));
void __stack_chk_fail(void)
{
	for (;;)
		CALL(SYS_exit_group, 127, 0, 0, 0, 0);
}

int main(int argc, char **argv, char **envp);

/* The environment is behind the arguments and their NULL.  Source: the System V ABI. */
int raw_main(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	guard_stack();
	return main(argc, argv, argv + argc + 1);
}
RAW_ENTRY
