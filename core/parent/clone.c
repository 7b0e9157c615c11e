// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent; the functions named cloned_… in the new process, before it executes itself.
 *
 * How the container's first process and the process of `exec` come to be, and what a hostile
 * container can see of them meanwhile.
 *
 * The attack (CVE-2016-9962 and its relatives).  A process that enters a container's pid namespace
 * is visible there.  Until it has the container's root, and until it executes the container's
 * program, /proc/PID/root, cwd, fd, exe and mem of it are ways out of the container.  The kernel
 * asks for PTRACE_MODE_READ or _ATTACH before it opens them (ptrace(2), "Ptrace access mode
 * checking"):
 *   1. CAP_SYS_PTRACE in the user namespace of the target's credentials (or, in the same one, equal
 *      ids and no capability that the looker hasn't);
 *   2. if the target isn't dumpable: CAP_SYS_PTRACE in the user namespace that its memory map
 *      belongs to, which is the one in which the map's execve(2) was called.  A fork inherits it.
 * The container's root can hold CAP_SYS_PTRACE in the container's user namespace (--cap-add
 * SYS_PTRACE, privileged engines).  So the mark PR_SET_DUMPABLE 0 protects only a process whose
 * memory map is from outside that user namespace: no execve may lie between joining the user
 * namespace and the container's program.  And where urun itself runs in the container's user
 * namespace (rootless podman), no mark protects at all: there the process must have nothing of the
 * host's before it enters the pid namespace.
 *
 * So there are two ways in:
 *
 *   direct   The pid namespace and the user namespace are new, or are the caller's.  No hostile process
 *            is in the new pid namespace, so none can look.  clone3(2) makes all namespaces at once; the
 *            clone waits for its maps, becomes root and executes `urun init`.  That is the fastest way,
 *            and the usual one.
 *
 *   joining  A user or pid namespace is joined (`exec`, pods), or a namespace must be joined before the
 *            user namespace is made, or root makes a new user namespace: root of the host, or of a
 *            rootless engine's user namespace.  In the last case, a container that runs in root's own
 *            user namespace has the uid of the new namespace's owner, which gives every capability over
 *            the new namespace, and that container may see the caller's pid namespace.
 *            The parent starts `urun init` in the caller's namespaces (core/init/join.c), so that the
 *            memory map of the process belongs to the caller's user namespace.  The process joins
 *            everything itself, the pid namespace last: for `exec` after the mount namespace, and with
 *            it the container's root; for a new container after pivot_root.  Then the process forks.
 *            Only the child is visible in the container: the root, the working directory and the
 *            descriptors of the child are the container's, the child isn't dumpable, and its memory map
 *            isn't the container's (join_pid_namespace()).
 *
 * Programs that run beside the container are not visible in it.  Hooks of the runtime, createContainer
 * hooks, newuidmap, urun-slirp, urun-port and fuse-overlayfs stay in the caller's pid namespace, or in a
 * new one that has no other process yet.  startContainer hooks run in the container's root.
 * A container may share the caller's pid namespace, though, and see all of them.  So a program that can
 * reach the host's files runs in a user namespace of its own (urun-slirp, fuse-overlayfs), or makes itself
 * undumpable before it joins the container's user namespace (urun-port, and the process that reads the ids
 * of a user namespace to be joined).
 */
#include "core/parent/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "core/base/log.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/parent/streams.h"
#include "core/sync/join.h"
#include "core/sync/pipe.h"
#include "rootless/host_check.h"

/*
 * Namespaces that clone3(2) doesn't make here.  The new process makes them later: a time namespace holds
 * for children alone, and a cgroup namespace must be made after the move into the cgroup.
 */
#define SECOND_FLAGS (CLONE_NEWTIME | CLONE_NEWCGROUP)

static int open_joined(const struct config_namespace *ns, size_t index, int *ret_fd,
		       struct error *err)
{
	autoclose int fd = open(ns->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int type;

	if (fd < 0)
		return error_set(err, errno, "linux.namespaces[%zu].path: open %s", index,
				 ns->path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return error_set(err, errno == ENOTTY ? 0 : errno,
				 "linux.namespaces[%zu].path: %s is not a namespace", index,
				 ns->path);
	if (type != config_namespace_flag(ns->type))
		return error_set(err, 0, "linux.namespaces[%zu].path: %s is not a %s namespace",
				 index, ns->path, config_namespace_name(ns->type));
	*ret_fd = take_fd(&fd);
	return 0;
}

/* In there pivot_root(2) and the mounts of the container would replace those of the host. */
static int check_joined_mounts(const struct config_namespace *ns, size_t index, int fd,
			       struct error *err)
{
	if (ns->type != CONFIG_NS_MOUNT || (!stat_same_as_path(fd, "/proc/self/ns/mnt") &&
					    !stat_same_as_path(fd, "/proc/1/ns/mnt")))
		return 0;
	return error_set(err, 0,
			 "linux.namespaces[%zu].path: %s is the mount namespace of the host, which "
			 "no container can have",
			 index, ns->path);
}

int namespaces_open(const struct container_config *config, struct namespaces *ret_namespaces,
		    struct error *err)
{
	autonamespaces struct namespaces namespaces = {
		.shared_user_namespace = geteuid() == 0 || !userns_is_initial(),
	};

	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		namespaces.joined[i] = -1;
	for (size_t i = 0; i < config->linux->namespaces.count; i++) {
		const struct config_namespace *ns = &config->linux->namespaces.items[i];

		if (!ns->path)
			namespaces.new_flags |= config_namespace_flag(ns->type);
		else if (open_joined(ns, i, &namespaces.joined[ns->type], err) < 0 ||
			 check_joined_mounts(ns, i, namespaces.joined[ns->type], err) < 0)
			return -1;
	}
	*ret_namespaces = namespaces;
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		namespaces.joined[i] = -1;
	return 0;
}

/* A namespace in which we are already is not joined: joining may need a capability that we lack. */
static int open_if_other(pid_t pid, enum config_namespace_type type, int *ret_fd, struct error *err)
{
	const char *name = config_namespace_file(type);
	autofree char *its = str_format("/proc/%d/ns/%s", (int)pid, name);
	autofree char *ours = str_format("/proc/self/ns/%s", name);
	autoclose int fd = open(its, O_RDONLY | O_CLOEXEC);
	struct stat its_status, our_status;

	if (fd < 0 && errno == ENOENT)
		return 0; /* the kernel has no namespaces of this type */
	if (fd < 0)
		return error_set(err, errno, "open %s", its);
	if (fstat(fd, &its_status) < 0 || stat(ours, &our_status) < 0)
		return error_set(err, errno, "stat %s", its);
	if (!stat_same(&its_status, &our_status))
		*ret_fd = take_fd(&fd);
	return 0;
}

int namespaces_open_of_process(pid_t pid, struct namespaces *ret_namespaces, struct error *err)
{
	autonamespaces struct namespaces namespaces = { 0 };

	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		namespaces.joined[i] = -1;
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		if (open_if_other(pid, (enum config_namespace_type)i, &namespaces.joined[i], err) <
		    0)
			return -1;
	*ret_namespaces = namespaces;
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		namespaces.joined[i] = -1;
	return 0;
}

void namespaces_release(struct namespaces *namespaces)
{
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		fd_close(&namespaces->joined[i]);
}

/* Does the namespace belong to the user namespace that we are in? */
static bool is_of_our_user_namespace(int fd)
{
	autoclose int owner = ioctl(fd, NS_GET_USERNS);

	return stat_same_as_path(owner, "/proc/self/ns/user");
}

/*
 * Does joining the namespace need capabilities in our user namespace, which a process in a new user
 * namespace, or in a joined one, lacks?  An engine may have made the namespace before the container's
 * user namespace, as rootful podman makes the network namespace.
 */
static bool must_be_joined_before(const struct namespaces *namespaces,
				  enum config_namespace_type type)
{
	bool leaves =
		(namespaces->new_flags & CLONE_NEWUSER) || namespaces->joined[CONFIG_NS_USER] >= 0;

	return leaves && namespaces->joined[type] >= 0 &&
	       is_of_our_user_namespace(namespaces->joined[type]);
}

/* ---- the new process, from here to execve ---- */

/*
 * Process boundary: `urun init` has none of the parent's memory, and no descriptors of the parent's but
 * stdio, the preserved ones, the sync pipe and the sources of mounts.
 */
static int cloned_execute(const struct clone_order *order, char *mode, struct error *err)
{
	char number[16];
	char *const argv[] = { "urun", "init", number, mode, NULL };
	char *const envp[] = { NULL };

	/* Init finds the ignored signals by its own inherit_begin(), and hands them to the program. */
	inherit_restore_signals();
	/* ORDER: in the new process, not before: urun's own output still goes to the caller. */
	for (int fd = 0; fd < STREAM_COUNT; fd++)
		if (order->streams && order->streams[fd] >= 0 && dup2(order->streams[fd], fd) < 0)
			return error_set(err, errno, "replace descriptor %d", fd);
	if (source_cloexec_others(order->sources, 3 + order->preserve_fds) < 0 ||
	    fd_clear_cloexec(order->sync_fd) < 0)
		return error_set(err, errno, "mark descriptors as close-on-exec");
	snprintf(number, sizeof(number), "%d", order->sync_fd);
	syscall(SYS_execveat, order->self_fd, "", argv, envp, AT_EMPTY_PATH);
	return error_set(err, errno, "execute urun init");
}

/*
 * ORDER: execve comes after the maps are written and we are root: execve of a process whose uid has
 * no mapping drops every capability (capabilities(7)).  Until the execve we share the parent's memory
 * image and make system calls only.
 * ORDER: the mount namespace is not joined here: in that namespace the loader and the libraries of
 * `urun init` would be the container's, with all our rights.  Init joins it when all of them are loaded.
 */
static int cloned_become_init(const struct clone_order *order, struct error *err)
{
	const struct userns_root root = userns_root(
		order->userns, order->keep_groups ? USERNS_KEEP_GROUPS : USERNS_DROP_GROUPS);
	const struct namespaces *namespaces = order->namespaces;
	automessage struct message message = MESSAGE_NONE;
	int got;

	got = pipe_receive(order->sync_fd, MESSAGE_BIT(MESSAGE_BOOTSTRAP), &message, err);
	/* The parent has gone, and nobody can be told. */
	if (got == 0)
		_exit(1);
	if (got < 0)
		return -1;
	/* ORDER: with the caller's uid and groups, which the next step takes away. */
	if (order->sources)
		source_open_all(order->sources, order->sync_fd, 0);
	if (userns_become_root(&root, err) < 0)
		return -1;
	/* ORDER: again after the change of ids, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (join_late_namespaces(namespaces->joined, err) < 0 ||
	    join_time_namespace(namespaces->joined, namespaces->new_flags, order->config, -1, err) <
		    0)
		return -1;
	return cloned_execute(order, NULL, err);
}

/* ---- the parent ---- */

bool clone_joins(const struct namespaces *namespaces)
{
	if (namespaces->joined[CONFIG_NS_USER] >= 0 || namespaces->joined[CONFIG_NS_PID] >= 0)
		return true;
	if (namespaces->shared_user_namespace && (namespaces->new_flags & CLONE_NEWUSER))
		return true;
	for (size_t i = 0; i < joined_late_count; i++)
		if (must_be_joined_before(namespaces, joined_late[i]))
			return true;
	return false;
}

bool clone_forks(const struct namespaces *namespaces)
{
	return clone_joins(namespaces) &&
	       (namespaces->joined[CONFIG_NS_PID] >= 0 ||
		(namespaces->new_flags & (CLONE_NEWPID | CLONE_NEWTIME)));
}

/*
 * Lists what the process joins and makes.  Namespaces that belong to the caller's user namespace come
 * before a new user namespace, in which we have no right to join them.
 */
static void fill_join(const struct clone_order *order, struct message_join *ret_join, int *ret_fds,
		      size_t *ret_fd_count)
{
	const struct namespaces *namespaces = order->namespaces;
	const struct userns_root root = userns_root(
		order->userns, order->keep_groups ? USERNS_KEEP_GROUPS : USERNS_DROP_GROUPS);
	struct message_join join = {
		.new_flags = (uint32_t)namespaces->new_flags,
		.root_uid = root.uid,
		.root_gid = root.gid,
		.drop_groups = root.drop_groups,
	};
	size_t count = 0;

	for (int i = 0; i < CONFIG_NS_COUNT; i++) {
		/* The mount namespace is sent with CONFIG, and joined when all libraries are loaded. */
		if (namespaces->joined[i] < 0 || i == CONFIG_NS_MOUNT)
			continue;
		join.joined |= 1u << i;
		if (must_be_joined_before(namespaces, (enum config_namespace_type)i))
			join.before_user |= 1u << i;
		ret_fds[count++] = namespaces->joined[i];
	}
	*ret_join = join;
	*ret_fd_count = count;
}

int clone_init(const struct clone_order *order, pid_t *ret_pid, int *ret_pidfd, struct error *err)
{
	const struct namespaces *namespaces = order->namespaces;
	bool joins = clone_joins(namespaces);
	uint64_t flags = joins ? 0 : (uint64_t)(namespaces->new_flags & ~SECOND_FLAGS);
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = -1;

	/*
	 * Process boundary: the new process has a copy of our memory until it executes `urun init`, and
	 * in new namespaces it has no ids until we have written its maps.
	 */
	if (order->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)order->cgroup_fd;
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
		args.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
	}
	/*
	 * Where the kernel refuses to clone into the cgroup, the process begins in urun's own: the move
	 * into the cgroup, which follows later, fails with the reason.
	 */
	if (pid < 0)
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		struct error own = ERROR_NONE;

		/* ORDER: before anything that takes time: the parent may be killed at any moment. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(order->parent_sync_fd);
		if (joins)
			cloned_execute(order, INIT_MODE_JOIN, &own);
		else
			cloned_become_init(order, &own);
		pipe_send_error(order->sync_fd, &own);
		_exit(1);
	}
	if (pid < 0) {
		error_set(err, errno, "make the container's namespaces");
		host_explain_userns_failure(&HOST_REAL, err->code, err);
		return -1;
	}
	*ret_pid = pid;
	return 0;
}

int clone_join(const struct clone_order *order, struct error *err)
{
	automessage struct message joined = MESSAGE_NONE;
	struct message_join join;
	int fds[CONFIG_NS_COUNT];
	size_t fd_count;
	int got;

	if (!clone_joins(order->namespaces))
		return 0;
	fill_join(order, &join, fds, &fd_count);
	if (pipe_send(order->parent_sync_fd, MESSAGE_JOIN, &join, sizeof(join), fds, fd_count,
		      err) < 0)
		return -1;
	if (!(join.new_flags & CLONE_NEWUSER))
		return 0;
	got = pipe_await(order->parent_sync_fd, MESSAGE_BIT(MESSAGE_JOINED), &joined, err);
	return got > 0	 ? 0
	       : got < 0 ? -1
			 : error_set(err, 0, "the process that joins the namespaces has ended");
}
