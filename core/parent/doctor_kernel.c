// SPDX-License-Identifier: Apache-2.0
// Runs in: parent; the functions named child_… in a child process.
#include "core/parent/doctor_kernel.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/process.h"
#include "core/base/str.h"
#include "netns/sandbox.h"

/* A directory that every host has; the child's mount namespace has a tmpfs on it. */
#define COVERED "/proc"

bool kernel_version(unsigned int *ret_major, unsigned int *ret_minor)
{
	struct utsname name;

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", ret_major, ret_minor) == 2;
}

/* ---- trials in a child with a new user and mount namespace ---- */

static int child_enter_namespaces(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	struct error err = ERROR_NONE;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return errno;
	if (sandbox_keep_ids(uid, gid, &err) < 0)
		return err.code;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? errno : 0;
}

static int child_mount_overlay(void)
{
	static const char *const directories[] = { COVERED "/lower", COVERED "/upper",
						   COVERED "/work", COVERED "/merged" };

	if (mount("tmpfs", COVERED, "tmpfs", 0, NULL) < 0)
		return errno;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (mkdir(directories[i], 0700) < 0)
			return errno;
	if (mount("overlay", COVERED "/merged", "overlay", 0,
		  "userxattr,lowerdir=" COVERED "/lower,upperdir=" COVERED "/upper,workdir=" COVERED
		  "/work") < 0)
		return errno;
	return 0;
}

static int child_try_overlay(void)
{
	int failed = child_enter_namespaces();

	return failed ? failed : child_mount_overlay();
}

int kernel_try_overlay(void)
{
	return process_try(child_try_overlay);
}

/* ---- system calls that change nothing ---- */

/* A kernel that has the call answers EINVAL, as the size is 0. */
int kernel_try_mount_setattr(void)
{
	syscall(SYS_mount_setattr, -1, "", 0, NULL, 0);
	return errno == ENOSYS ? ENOSYS : 0;
}

int kernel_try_seccomp_notify(void)
{
	unsigned int action = SECCOMP_RET_USER_NOTIF;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ? errno : 0;
}
