// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init in the caller's namespaces, until join_namespaces() has returned.
 *
 * The process was executed in the caller's user namespace and executes no other file before the container's
 * program, so its memory map belongs to the caller's user namespace: PR_SET_DUMPABLE 0 then holds even against
 * CAP_SYS_PTRACE in the container's user namespace.  The mark holds against our caller too: helpers of the
 * parent get the namespaces that they join as descriptors.
 */
#include "core/init/join.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/process.h"
#include "core/base/tmpfs.h"
#include "core/init/fd_sender.h"
#include "core/rootfs/mount.h"
#include "core/sync/join.h"
#include "core/sync/pipe.h"
#include "core/sync/source.h"
#include "rootless/host_check.h"
#include "rootless/userns.h"

/* An upper bound for the descriptors that init opens besides those that it was started with. */
#define OWN_FDS_MAX 32

/* A new cgroup namespace is made after the move into the cgroup, a new pid namespace by a fork. */
#define NOT_UNSHARED (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWTIME | CLONE_NEWCGROUP)

static int receive_join(struct self *self, struct error *err)
{
	automessage struct message message = MESSAGE_NONE;
	size_t taken = 0;

	if (self_receive(self, MESSAGE_JOIN, &message, err) < 0)
		return -1;
	memcpy(&self->join, message.payload, sizeof(self->join));
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		if (self->join.joined & (1u << i)) {
			if (taken == message.fd_count)
				return error_set(err, EPROTO,
						 "sync pipe: join with too few descriptors");
			self->joined[i] = take_fd(&message.fds[taken++]);
		}
	return 0;
}

static int join_before_user(struct self *self, struct error *err)
{
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		if (self->join.before_user & (1u << i)) {
			if (join_namespace(self->joined, (enum config_namespace_type)i, err) < 0)
				return -1;
			/* A pid namespace holds for children alone: it is entered later. */
			if (i != CONFIG_NS_PID)
				fd_close(&self->joined[i]);
		}
	return 0;
}

static int make_user_namespace(struct self *self, struct error *err)
{
	/* ORDER: before unshare(2): in the new namespace no id is mapped yet. */
	bool root = geteuid() == 0;

	if (unshare(CLONE_NEWUSER) < 0) {
		error_set(err, errno, "make the container's namespaces");
		return host_explain_userns_failure(&HOST_REAL, err->code, err);
	}
	/*
	 * The files in /proc/PID of an undumpable process belong to the root of the user namespace of
	 * its memory map, and newuidmap(1) refuses them when an ordinary user calls it.  While we are
	 * dumpable, no process of the new user namespace can look at us, since we are alone in it.  In
	 * our own user namespace, only processes with our uid have capabilities over the new one, and
	 * these are the caller's.  For root of a rootless engine's user namespace that doesn't hold:
	 * containers of the engine have that uid too.
	 */
	if (!root)
		prctl(PR_SET_DUMPABLE, 1);
	return pipe_send(self->sync_fd, MESSAGE_JOINED, NULL, 0, NULL, 0, err);
}

/*
 * ORDER: before any namespace is joined, the user namespace among them.  We must be dumpable to open the
 * file; in the container's user namespace a process with CAP_SYS_PTRACE could look at us meanwhile, if it
 * shares the caller's pid namespace.
 */
static int open_clocks(struct self *self, struct error *err)
{
	int result;

	if (!(self->join.new_flags & CLONE_NEWTIME))
		return 0;
	prctl(PR_SET_DUMPABLE, 1);
	result = join_open_clocks(&self->clocks, err);
	prctl(PR_SET_DUMPABLE, 0);
	return result;
}

int join_user_namespace(struct self *self, struct error *err)
{
	automessage struct message bootstrap = MESSAGE_NONE;

	if (receive_join(self, err) < 0 || open_clocks(self, err) < 0 ||
	    join_before_user(self, err) < 0 ||
	    join_namespace(self->joined, CONFIG_NS_USER, err) < 0)
		return -1;
	fd_close(&self->joined[CONFIG_NS_USER]);
	if ((self->join.new_flags & CLONE_NEWUSER) && make_user_namespace(self, err) < 0)
		return -1;
	if (self_receive(self, MESSAGE_BOOTSTRAP, &bootstrap, err) < 0)
		return -1;
	prctl(PR_SET_DUMPABLE, 0);
	return 0;
}

/*
 * Opens the sources of mounts, with numbers above those of all descriptors that init will have: the kernel
 * assigns the lowest free number.  In a joined mount namespace paths lead elsewhere, and init opens the sources
 * when it mounts.
 */
static void open_sources(struct self *self)
{
	struct mount_sources sources;
	int first = 2 + (int)self->order.preserve_fds;

	if ((self->order.flags & ORDER_SETNS) || self->mount_namespace >= 0)
		return;
	first = self->sync_fd > first ? self->sync_fd : first;
	for (size_t i = 0; i < self->mounts.steps.count; i++)
		if (self->mounts.steps.items[i].idmapped_fd > first)
			first = self->mounts.steps.items[i].idmapped_fd;
	first += OWN_FDS_MAX;
	mount_sources_list(self->config.root->path, &self->mounts, first, &sources);
	source_open_all(&sources, self->sync_fd, O_CLOEXEC);
	mount_sources_release(&sources);
	self->order.first_source = (uint32_t)first;
}

/*
 * A child takes our place, and we end.  With CLONE_PARENT the child is a child of our parent, who waits for it
 * as it waited for us.  The child sends a pidfd of itself, which names the same process in every pid namespace,
 * and the parent answers with the pid that the child has there.
 */
static int go_on_in_child(struct self *self, unsigned long long flags, struct error *err)
{
	automessage struct message adopted = MESSAGE_NONE;
	autoclose int pidfd = -1;
	struct clone_args args = { .flags = flags | CLONE_PARENT };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	uint32_t number;

	if (pid < 0)
		return error_set(err, errno, "make the container's first process");
	/* Process boundary: from here on the child alone reads the parent's messages. */
	if (pid > 0)
		process_end_without_files(0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pidfd = pidfd_open_process(getpid());
	if (pidfd < 0)
		return error_set(err, -pidfd, "open the container's first process");
	if (pipe_send(self->sync_fd, MESSAGE_FORKED, NULL, 0, &pidfd, 1, err) < 0 ||
	    self_receive(self, MESSAGE_ADOPTED, &adopted, err) < 0)
		return -1;
	memcpy(&number, adopted.payload, sizeof(number));
	self->order.pid = number;
	return 0;
}

/*
 * ORDER: new namespaces first, so that they belong to the user namespace whose root we become; then the
 * sources, in the new mount namespace and with the caller's uid and groups; then we become root; then the
 * steps that need root's capabilities.
 */
int join_namespaces(struct self *self, struct error *err)
{
	const struct userns_root root = {
		.uid = self->join.root_uid,
		.gid = self->join.root_gid,
		.drop_groups = self->join.drop_groups,
	};
	int new_flags = (int)self->join.new_flags;

	if (unshare(new_flags & ~NOT_UNSHARED) < 0)
		return error_set(err, errno, "make the container's namespaces");
	open_sources(self);
	if (userns_become_root(&root, err) < 0)
		return -1;
	/* ORDER: both again after the change of ids, which resets them (fs.suid_dumpable may be 1). */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	if (join_late_namespaces(self->joined, err) < 0 ||
	    join_time_namespace(self->joined, new_flags, &self->config, self->clocks, err) < 0)
		return -1;
	fd_close(&self->clocks);
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		if (i != CONFIG_NS_PID)
			fd_close(&self->joined[i]);
	/* A new time namespace holds for children alone: a fork enters it as well. */
	if (self->joined[CONFIG_NS_PID] >= 0 || !(new_flags & (CLONE_NEWPID | CLONE_NEWTIME)))
		return 0;
	if (go_on_in_child(self, (unsigned long long)new_flags & CLONE_NEWPID, err) < 0)
		return -1;
	return 0;
}

bool join_forks_are_seen(const struct self *self)
{
	return self->join.before_user & (1u << CONFIG_NS_PID);
}

int join_pid_namespace(struct self *self, struct error *err)
{
	if (self->joined[CONFIG_NS_PID] < 0)
		return 0;
	if (!join_forks_are_seen(self) && join_namespace(self->joined, CONFIG_NS_PID, err) < 0)
		return -1;
	fd_close(&self->joined[CONFIG_NS_PID]);
	return go_on_in_child(self, 0, err);
}

/* ---- a proc file system of a pid namespace that isn't ours ---- */

/*
 * Takes an empty tmpfs that is mounted nowhere as the root: a process that opens our /proc/PID/root gets the
 * tmpfs, from which no path leads to the host.
 */
static int enter_empty_root(void)
{
	autoclose int tree = tmpfs_make(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);

	if (tree < 0)
		return tree;
	return fchdir(tree) < 0 || chroot(".") < 0 ? -errno : 0;
}

/*
 * A proc file system shows the pid namespace of the process that opens its context, and until
 * join_pid_namespace() ours is another.  So a helper joins the pid namespace and forks; its child opens the
 * context.
 * ORDER: before the fork, whose child the container sees, the helper gives up everything of the host.
 */
static void send_proc(const void *argument, int socket)
{
	const struct self *self = (const struct self *)argument;
	const int keep = 3;
	int namespace = self->joined[CONFIG_NS_PID];
	int result = 0, status;
	pid_t pid;

	if (setns(namespace, CLONE_NEWPID) < 0)
		result = -errno;
	if (result == 0)
		result = enter_empty_root();
	if (result == 0 && (dup2(socket, keep) < 0 || close_range(keep + 1, ~0U, 0) < 0))
		result = -errno;
	if (result < 0) {
		fd_sender_send(socket, result);
		return;
	}
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	pid = fork();
	if (pid == 0) {
		int fs = fsopen("proc", FSOPEN_CLOEXEC);

		fd_sender_send(keep, fs < 0 ? -errno : fs);
		process_end_without_files(0);
	}
	if (pid < 0)
		fd_sender_send(keep, -errno);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

int join_open_proc(const struct self *self, struct error *err)
{
	static const char what[] = "open a proc file system of the joined pid namespace";
	int fs;

	/* The kernel would refuse: the pid namespace belongs to a user namespace that we have left. */
	if (join_forks_are_seen(self))
		return error_set(err, EPERM, "%s", what);
	if (fd_sender_run(send_proc, self, &fs, err) < 0)
		return -1;
	return fs < 0 ? error_set(err, -fs, "%s", what) : fs;
}
