// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root.
#include "core/rootfs/mount_idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "core/base/fd.h"
#include "core/base/str.h"

/*
 * The new process of clone(2), which keeps the user namespace alive.  It sends its pid as the
 * procfs that we see has it: that procfs is the host's, and our pid namespace has other numbers.
 * The process ends when the pipe is closed.
 */
__attribute__((noreturn)) static void namespace_holder(int tell, int wait)
{
	char pid[32];
	ssize_t length = readlink("/proc/self", pid, sizeof(pid) - 1);

	if (length > 0 && write(tell, pid, (size_t)length) == length && read(wait, pid, 1) == 0)
		_exit(0);
	_exit(1);
}

static int namespace_open(const char *pid, const char *uid_map, const char *gid_map,
			  struct error *err)
{
	autofree char *path = str_format("/proc/%s", pid);
	autoclose int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = dir < 0 ? -errno : 0;
	int userns;

	if (result == 0)
		result = fd_write_file_at(dir, "uid_map", uid_map);
	if (result == 0)
		result = fd_write_file_at(dir, "gid_map", gid_map);
	if (result < 0)
		return error_set(err, -result, "idmap: write the mappings");
	userns = openat(dir, "ns/user", O_RDONLY | O_CLOEXEC);
	return userns < 0 ? error_set(err, errno, "idmap: open the user namespace") : userns;
}

/* As fork(2).  The flags are the first argument of clone(2), and on s390 the second.  Source: clone(2) "VERSIONS". */
static pid_t fork_into_user_namespace(void)
{
	const unsigned long flags = CLONE_NEWUSER | SIGCHLD;

#ifdef __s390__
	return (pid_t)syscall(SYS_clone, NULL, flags, NULL, NULL, NULL);
#else
	return (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
#endif
}

int mount_idmap_userns(const char *uid_map, const char *gid_map, struct error *err)
{
	char pid_text[32] = "";
	int told[2], wait[2];
	int userns;
	ssize_t length;
	pid_t pid;

	if (!uid_map || !gid_map) {
		userns = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
		return userns < 0 ? error_set(err, errno, "idmap: open the user namespace")
				  : userns;
	}
	if (pipe2(told, O_CLOEXEC) < 0)
		return error_set(err, errno, "idmap: make a pipe");
	autoclose int tell_read = told[0];
	autoclose int tell_write = told[1];
	if (pipe2(wait, O_CLOEXEC) < 0)
		return error_set(err, errno, "idmap: make a pipe");
	autoclose int wait_read = wait[0];
	autoclose int wait_write = wait[1];

	pid = fork_into_user_namespace();
	if (pid < 0)
		return error_set(err, errno, "idmap: make a user namespace");
	if (pid == 0) {
		close(wait_write);
		namespace_holder(tell_write, wait_read);
	}
	fd_close(&tell_write);
	length = TEMP_FAILURE_RETRY(read(tell_read, pid_text, sizeof(pid_text) - 1));
	userns = length > 0 ? namespace_open(pid_text, uid_map, gid_map, err)
			    : error_set(err, 0, "idmap: the user namespace's process ended early");
	fd_close(&wait_write);
	TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0));
	return userns;
}
