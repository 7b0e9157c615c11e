/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_BYPASS_CALLER_H
#define URUN_NETNS_BYPASS_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The thread that makes a call.  Nothing of what is read here decides on security: the thread, or
 * another one, can change all of it at any time (host_socket.c).
 * Runs in: urun-bypass, with CAP_SYS_PTRACE in the container's user namespace.
 */
struct caller {
	int proc; /* /proc, O_PATH */
	/* What is open of the thread that has called last: the next call is most often its own. */
	pid_t thread; /* 0: none */
	int pidfd;
	int descriptors, fdinfo; /* O_PATH: its directories /proc/PID/fd and /proc/PID/fdinfo */
	bool is_process; /* @pidfd is its process, as Linux before 6.9 has none of a thread */
};
#define CALLER_NONE ((struct caller){ .proc = -1, .pidfd = -1, .descriptors = -1, .fdinfo = -1 })

/* Reads the @size bytes at @address of the thread's memory.  Returns 0 or a negative errno. */
int caller_read(pid_t thread, uint64_t address, void *ret_bytes, size_t size);

/*
 * Duplicates the descriptor @fd of @thread, which is the one of the functions below from then on.
 * Returns a descriptor or a negative errno.
 */
int caller_duplicate(struct caller *caller, pid_t thread, int fd);

/*
 * Looks for what a replacement of the descriptor @fd would cut off: another descriptor of the same socket
 * in the process, or an epoll set that the socket is in.  @ours is our duplicate.  Returns 1 where there is
 * none; 0 where there is one, or where the process has too many descriptors; or a negative errno.
 * Source: kcmp(2), KCMP_FILE and KCMP_EPOLL_TFD; proc(5), the size of /proc/PID/fd, and `tfd` of fdinfo.
 */
int caller_holds_alone(const struct caller *caller, int fd, int ours);

/* The look takes half a microsecond for each number. */
#define CALLER_DESCRIPTORS_MAX 1024
#define CALLER_NUMBER_MAX      4096

/* Has the descriptor the close-on-exec mark?  Source: proc(5), /proc/PID/fdinfo. */
bool caller_is_cloexec(const struct caller *caller, int fd);

/* For caller_holds_alone() and its test: is the inode in the epoll set with this text of fdinfo? */
bool caller_watches(const char *text, uint64_t inode);

/* Returns 0, or -ENOSYS where this kernel can't compare descriptors. */
int caller_check_kernel(void);

/* Closes what is open of a thread; @caller can be used again. */
void caller_forget(struct caller *caller);

#endif
