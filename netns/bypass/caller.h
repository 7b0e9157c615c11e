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
 * Looks for what a replacement of the descriptor @fd, a socket with the number @inode, would cut off:
 * another descriptor of the same socket in the process, or an epoll set that it is in.
 * *ret_cloexec is the close-on-exec mark of @fd.  Returns 1 where there is none, 0 where there is
 * one, or a negative errno.
 * Source: proc(5), /proc/PID/fdinfo: `ino` and, of an epoll set, `tfd`.
 */
int caller_holds_alone(int proc, pid_t thread, int fd, uint64_t inode, bool *ret_cloexec);

/* ---- for caller_holds_alone() and its test ---- */

struct caller_descriptor {
	uint64_t inode; /* 0: not told */
	bool cloexec;
	bool watches; /* an epoll set in which the inode that was asked for is */
};

/* Reads the text of a file of fdinfo. */
struct caller_descriptor caller_descriptor_read(const char *text, uint64_t inode);

#endif
