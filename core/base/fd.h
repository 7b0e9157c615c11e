/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_FD_H
#define URUN_BASE_FD_H

#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/base/error.h"

/*
 * A descriptor that its scope owns: closed at the end of the scope, unless take_fd() passed it on.
 * Start from -1.
 */
#define autoclose __attribute__((cleanup(fd_cleanup)))

/* Closes *@fd unless it is -1, and sets it to -1; errno is kept. */
void fd_close(int *fd);

static inline void fd_cleanup(int *fd)
{
	fd_close(fd);
}

/* Passes the descriptor on: the variable owns nothing afterwards. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/*
 * Writes all @size bytes, whatever signals arrive, and waits where the caller has made the
 * descriptor non-blocking.  Returns 0 or a negative errno.
 */
int fd_write_all(int fd, const void *bytes, size_t size);

/*
 * The same for a descriptor with O_NONBLOCK whose reader is another process: -ETIMEDOUT where the
 * reader takes nothing for @timeout_ms.  A part may be written then.
 */
int fd_write_within(int fd, const void *bytes, size_t size, int timeout_ms);

/*
 * Writes all of @text to the file @path, which exists (procfs, sysctl), in one write.  Returns 0 or
 * a negative errno.
 */
int fd_write_file(const char *path, const char *text);
int fd_write_file_at(int dir, const char *path, const char *text);

/*
 * Reads @fd to its end into a new buffer with a NUL after the last byte; the caller frees it.
 * Fails with EFBIG as soon as there are more than @limit bytes (a regular file: before it reads
 * any). Returns 0 or a negative errno.
 */
int fd_read_all(int fd, size_t limit, char **ret_bytes, size_t *ret_size);

/* The same, where @st is what fstat(2) has just told of @fd. */
int fd_read_known(int fd, const struct stat *st, size_t limit, char **ret_bytes, size_t *ret_size);

/*
 * The same for a file that a user names, or that should be a regular file and may be anything.  A
 * pipe is read to its end, however long its writer takes, also /dev/stdin and "<(command)" of a
 * shell.  But the call doesn't wait for bytes that may never come: -ENODATA for a FIFO without a
 * writer (or whose writer wrote nothing), -ENOTSUP for a terminal or a block device, -EISDIR for a
 * directory.
 */
int fd_read_file(const char *path, size_t limit, char **ret_bytes, size_t *ret_size);

/*
 * Makes an empty file in memory that can be executed once it is written and sealed, or a negative errno:
 * -EACCES where the host lets no memory file be executed (vm.memfd_noexec = 2).
 * Source: memfd_create(2); the kernel's Documentation/userspace-api/mfd_noexec.rst.
 */
int fd_memory_program(const char *name);

/*
 * Adds @seals (F_SEAL_WRITE among others) to the memory file @fd.  The kernel refuses F_SEAL_WRITE
 * with EBUSY while anything else holds a page of the file, even for a moment: a processor's queue
 * of new pages, the migration of a page.  The call tries again, for ten seconds at most.
 * Returns 0 or a negative errno.  Source: fcntl(2) "File Sealing".
 */
int fd_seal(int fd, unsigned int seals);

/*
 * The path of the file that @fd is open on, as /proc/self/fd has it: from the root of this process, and
 * with " (deleted)" behind a removed file.  Returns its length, or a negative errno.  Source: proc(5).
 */
int fd_path(int fd, char ret_path[static PATH_MAX]);

/*
 * Marks every descriptor from @first on as close-on-exec (close_range(2), Linux 5.11).  Returns 0
 * or a negative errno.
 */
int fd_cloexec_from(unsigned int first);

/*
 * Closes every descriptor from @first on but the @count ones of @kept, whose order doesn't matter; a
 * negative one is none (close_range(2), Linux 5.9).  Returns 0 or a negative errno.
 */
int fd_close_others(unsigned int first, const int *kept, size_t count);

/*
 * Counts the descriptors that our caller has passed on: among the @count descriptors from @first
 * on, the number up to the last one that is open and not close-on-exec.  Our own descriptors are
 * close-on-exec from birth, so a gap among the caller's that one of ours fills counts as a gap.
 */
unsigned int fd_count_inherited(unsigned int first, unsigned int count);

/*
 * Raises the number of descriptors that this process may have to the hard limit.  Source:
 * setrlimit(2), RLIMIT_NOFILE.
 */
void fd_raise_limit(void);

/* Sets or clears the close-on-exec mark.  Returns 0 or a negative errno. */
int fd_set_cloexec(int fd);
int fd_clear_cloexec(int fd);

#endif
