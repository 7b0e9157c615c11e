// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-slirp, urun-port, urun-resolv, urun-bypass.
 *
 * What a helper can still do after a hostile container has taken it over, by a fault in libslirp
 * for instance: less than the container's user could do by an ordinary program.
 *
 *              urun-slirp              urun-port                  urun-resolv
 *   user ns    own, one id mapped      the container's            the caller's
 *   net ns     the host's              the container's            the host's
 *   mount ns   own, an empty root      own, an empty root         the host's
 *   pid, ipc   own                     own                        the host's
 *   capability none                    CAP_NET_ADMIN, container's none
 *   receives   the container's frames  bytes, requests of urun    nothing of the container
 *
 * urun-bypass is like urun-port, but in the host's network and pid namespaces, and keeps CAP_SYS_PTRACE
 * of the container in place of CAP_NET_ADMIN.  It keeps /proc open, by a descriptor: what it finds there of
 * processes outside of the container is what any process may read.  From the container it receives the
 * arguments of connect(2), and the memory that they point to.
 *
 * All have no_new_privs and a seccomp filter (netns/filter.h), and none is dumpable, so that no
 * other process of the same user can read their memory or take their descriptors.
 *
 * What remains to urun-slirp is to open IPv4 and IPv6 sockets in the host's network, which is what
 * the container may do through it: netns/slirp/frame.h refuses the host's loopback before libslirp
 * sees a frame, but a process that was taken over could reach it.  urun-port has the container's
 * network only; its sockets of the host are those of published ports.
 *
 * Each step may fail on a host that forbids it (no user namespace inside a container, for
 * instance): then the helper goes on with the other steps, and says what it lacks.  Capabilities,
 * no_new_privs and the filter are never optional.
 */
#include "netns/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/caps.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/filter.h"

/* Where the empty root is mounted: what was there isn't needed any more. */
#define NEW_ROOT "/proc"

/* ---- the process ---- */

static pid_t clone_helper(uint64_t flags, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

pid_t sandbox_fork(enum sandbox_kind kind, int *ret_pidfd, bool *ret_isolated, struct error *err)
{
	uint64_t user = kind == SANDBOX_SLIRP ? CLONE_NEWUSER : 0;
	uint64_t pids = kind == SANDBOX_BYPASS ? 0 : CLONE_NEWPID;
	uint64_t others = kind == SANDBOX_RESOLV ? 0 : CLONE_NEWNS | CLONE_NEWIPC | pids;
	pid_t pid = clone_helper(user | others, ret_pidfd);

	*ret_isolated = pid >= 0;
	if (pid < 0)
		pid = clone_helper(0, ret_pidfd);
	if (pid < 0)
		return error_set(err, errno, "make the process that serves");
	return pid;
}

/* ---- the root ---- */

/*
 * Each id is mapped to itself.  Source: user_namespaces(7), "Defining user and group ID mappings".
 */
int sandbox_keep_ids(uid_t uid, gid_t gid, struct error *err)
{
	char uids[40], gids[40];
	int result;

	snprintf(uids, sizeof(uids), "%u %u 1", uid, uid);
	snprintf(gids, sizeof(gids), "%u %u 1", gid, gid);
	result = fd_write_file("/proc/self/uid_map", uids);
	if (result == 0)
		result = fd_write_file("/proc/self/setgroups", "deny");
	if (result == 0)
		result = fd_write_file("/proc/self/gid_map", gids);
	return result < 0 ? error_set(err, -result, "write the id mappings") : 0;
}

/*
 * Makes etc/resolv.conf below the working directory.  libslirp reads its name servers there;
 * netns/slirp/dns.c writes them, as urun-resolv reports them.
 */
static int make_resolv_conf(int *ret_fd, struct error *err)
{
	autoclose int tree = -1, fd = -1;

	/*
	 * Through a mount of its own: a file that is open for writing would keep its mount from
	 * becoming read-only.
	 */
	if (mkdir("etc", 0755) == 0)
		tree = open_tree(AT_FDCWD, "etc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree >= 0)
		fd = openat(tree, "resolv.conf", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set(err, errno, "make etc/resolv.conf in the empty root");
	*ret_fd = take_fd(&fd);
	return 0;
}

int sandbox_leave_root(enum sandbox_kind kind, int *ret_resolv_fd, struct error *err)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	autoclose int resolv_fd = -1;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set(err, errno, "make the mounts private");
	if (mount("urun", NEW_ROOT, "tmpfs", flags, "mode=0755,size=64k,nr_inodes=16") < 0 ||
	    chdir(NEW_ROOT) < 0)
		return error_set(err, errno, "mount an empty root");
	if (kind == SANDBOX_SLIRP && make_resolv_conf(&resolv_fd, err) < 0)
		return -1;
	/*
	 * pivot_root(2) stacks the old root on top of the new one; umount2(2) takes the old root
	 * away.
	 */
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return error_set(err, errno, "enter the empty root");
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) < 0)
		return error_set(err, errno, "make the empty root read-only");
	if (resolv_fd >= 0)
		*ret_resolv_fd = take_fd(&resolv_fd);
	return 0;
}

/* ---- privileges ---- */

static int reduce_capabilities(enum sandbox_kind kind, struct error *err)
{
	uint64_t kept = kind == SANDBOX_PORT	 ? CAPS_BIT(CAP_NET_ADMIN)
			: kind == SANDBOX_BYPASS ? CAPS_BIT(CAP_SYS_PTRACE)
						 : 0;
	int result, failed;

	caps_clear_ambient();
	/* Without CAP_SETPCAP the bounding set stays: no_new_privs makes it harmless. */
	caps_limit_bounding(0, &failed);
	result = caps_set(&(struct caps){ .effective = kept, .permitted = kept });
	return result < 0 ? error_set(err, -result, "drop the capabilities") : 0;
}

int sandbox_drop_privileges(enum sandbox_kind kind, struct error *err)
{
	/* Each connection takes descriptors: more descriptors are more connections at a time. */
	fd_raise_limit();
	if (reduce_capabilities(kind, err) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return filter_system_calls(kind, err);
}
