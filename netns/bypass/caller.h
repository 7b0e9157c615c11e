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

/* Reads the @size bytes at @address of the thread's memory.  Returns 0 or a negative errno. */
int caller_read(pid_t thread, uint64_t address, void *ret_bytes, size_t size);

/* Duplicates the thread's descriptor @fd.  @proc is /proc.  Returns a descriptor or a negative errno. */
int caller_duplicate(int proc, pid_t thread, int fd);

/*
 * Looks for what a replacement of the descriptor @fd would cut off: another descriptor of the same socket
 * in the process, or an epoll set that the socket is in.  @ours is our duplicate.  Returns 1 where there is
 * none; 0 where there is one, or where the process has too many descriptors; or a negative errno.
 * Source: kcmp(2), KCMP_FILE and KCMP_EPOLL_TFD; proc(5), the size of /proc/PID/fd, and `tfd` of fdinfo.
 */
int caller_holds_alone(int proc, pid_t thread, int fd, int ours);

/* The look takes half a microsecond for each number. */
#define CALLER_DESCRIPTORS_MAX 1024
#define CALLER_NUMBER_MAX      4096

/* Has the descriptor the close-on-exec mark?  Source: proc(5), /proc/PID/fdinfo. */
bool caller_is_cloexec(int proc, pid_t thread, int fd);

/* For caller_holds_alone() and its test: is the inode in the epoll set with this text of fdinfo? */
bool caller_watches(const char *text, uint64_t inode);

/* Returns 0, or -ENOSYS where this kernel can't compare descriptors. */
int caller_check_kernel(void);

#endif
