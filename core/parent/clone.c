// SPDX-License-Identifier: Apache-2.0
// Runs in: parent; the functions named child_… in the new process, before it executes itself.
#include "core/parent/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/sync/pipe.h"
#include "rootless/host.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/*
 * Made in the child by unshare(2) or in init: they hold for children, or must come after the move
 * into a cgroup.
 */
#define SECOND_FLAGS (CLONE_NEWTIME | CLONE_NEWCGROUP)

static int open_joined(const struct config_namespace *ns, size_t index, int *ret_fd,
		       struct error *err)
{
	autoclose int fd = open(ns->path, O_RDONLY | O_CLOEXEC);
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

int namespaces_open(const struct container_config *config, struct namespaces *ret_namespaces,
		    struct error *err)
{
	autonamespaces struct namespaces namespaces = { 0 };

	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		namespaces.joined[i] = -1;
	for (size_t i = 0; i < config->linux_->namespaces.count; i++) {
		const struct config_namespace *ns = &config->linux_->namespaces.items[i];

		if (!ns->path)
			namespaces.new_flags |= config_namespace_flag(ns->type);
		else if (open_joined(ns, i, &namespaces.joined[ns->type], err) < 0)
			return -1;
	}
	*ret_namespaces = namespaces;
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		namespaces.joined[i] = -1;
	return 0;
}

/* A namespace that is ours already is not joined: for some that needs what we don't have. */
static int open_if_other(pid_t pid, enum config_namespace_type type, int *ret_fd, struct error *err)
{
	const char *name = config_namespace_file(type);
	autofree char *its = str_format("/proc/%d/ns/%s", (int)pid, name);
	autofree char *ours = str_format("/proc/self/ns/%s", name);
	autoclose int fd = open(its, O_RDONLY | O_CLOEXEC);
	struct stat its_status, our_status;

	if (fd < 0 && errno == ENOENT)
		return 0; /* a kernel without such namespaces */
	if (fd < 0)
		return error_set(err, errno, "open %s", its);
	if (fstat(fd, &its_status) < 0 || stat(ours, &our_status) < 0)
		return error_set(err, errno, "stat %s", its);
	if (its_status.st_ino != our_status.st_ino)
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

/*
 * A cgroup that can't be cloned into is none here: who moves the process there afterwards has the
 * reason.
 */
static pid_t clone_with(unsigned long long flags, int cgroup_fd, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uintptr_t)ret_pidfd,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	pid_t pid = -1;

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
		args.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
	}
	return pid >= 0 ? pid : (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* ---- the child, from here to execve ---- */

static int child_join(const struct namespaces *namespaces, enum config_namespace_type type,
		      struct error *err)
{
	if (namespaces->joined[type] < 0)
		return 0;
	if (setns(namespaces->joined[type], config_namespace_flag(type)) < 0)
		return error_set(err, errno, "join the %s namespace", config_namespace_name(type));
	return 0;
}

static const enum config_namespace_type joined_late[] = { CONFIG_NS_NETWORK, CONFIG_NS_IPC,
							  CONFIG_NS_UTS, CONFIG_NS_CGROUP };

/*
 * ORDER: after the user namespace, whose capabilities these need.  Not the mount namespace: in it
 * the loader and the libraries of `urun init` would be the container's, with all our rights.  Init
 * joins it itself, when nothing is loaded any more.
 */
static int child_join_rest(const struct namespaces *namespaces, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(joined_late); i++)
		if (child_join(namespaces, joined_late[i], err) < 0)
			return -1;
	return 0;
}

/* Does the namespace belong to the user namespace that we are in? */
static bool is_of_our_user_namespace(int fd)
{
	autoclose int owner = ioctl(fd, NS_GET_USERNS);
	struct stat its, ours;

	return owner >= 0 && fstat(owner, &its) == 0 && stat("/proc/self/ns/user", &ours) == 0 &&
	       its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

/*
 * Those that an engine has made before the container had a user namespace: rootful podman's
 * network.  They take capabilities that a new user namespace has not.
 */
static bool must_be_joined_before(const struct namespaces *namespaces,
				  enum config_namespace_type type)
{
	return (namespaces->new_flags & CLONE_NEWUSER) && namespaces->joined[type] >= 0 &&
	       is_of_our_user_namespace(namespaces->joined[type]);
}

/*
 * A new time namespace is for children and for the next execve (Linux 6.1); its clocks can be set
 * only while it is empty. Source: time_namespaces(7).
 */
static int child_make_time_namespace(const struct clone_order *order, struct error *err)
{
	const struct config_linux *config = order->config->linux_;

	if (order->namespaces->joined[CONFIG_NS_TIME] >= 0 &&
	    child_join(order->namespaces, CONFIG_NS_TIME, err) < 0)
		return -1;
	if (!(order->namespaces->new_flags & CLONE_NEWTIME))
		return 0;
	if (unshare(CLONE_NEWTIME) < 0)
		return error_set(err, errno, "make the time namespace");
	for (size_t i = 0; i < config->time_offsets.count; i++) {
		const struct config_time_offset *offset = &config->time_offsets.items[i];
		char line[96];
		int failed;

		snprintf(line, sizeof(line), "%s %lld %llu", offset->clock,
			 (long long)offset->secs.value, (unsigned long long)offset->nanosecs.value);
		failed = fd_write_file("/proc/self/timens_offsets", line);
		if (failed < 0)
			return error_set(err, -failed, "linux.timeOffsets.%s: set the clock",
					 offset->clock);
	}
	return 0;
}

/*
 * Signals as a new program expects them: ours are blocked for the monitor, and our caller may have
 * ignored some.  The system call itself, as sigaction(3) refuses the two signals that the C library
 * keeps for itself; what posix_spawn(3) started has these two ignored.
 */
static void child_reset_signals(void)
{
	/*
	 * The kernel's struct sigaction, in any architecture's order of fields: SIG_DFL, no flags
	 * and an empty mask.
	 */
	static const unsigned long standard[8];
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++)
		syscall(SYS_rt_sigaction, signal, standard, NULL, (size_t)(NSIG - 1) / CHAR_BIT);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int child_await_bootstrap(int sync_fd, struct error *err)
{
	automessage struct message message = MESSAGE_NONE;
	int got = pipe_receive(sync_fd, MESSAGE_BIT(MESSAGE_BOOTSTRAP), &message, err);

	/* The parent has gone: nobody is there to hear of it. */
	if (got == 0)
		_exit(1);
	return got < 0 ? -1 : 0;
}

/*
 * ORDER: execve comes after the maps are written and we are root: execve of a process whose uid has
 * no mapping drops every capability (capabilities(7)).  Until it, we have the parent's memory and
 * must make system calls only.
 */
static int child_become_init(const struct clone_order *order, struct error *err)
{
	char number[16];
	char *const argv[] = { "urun", "init", number, NULL };
	char *const envp[] = { NULL };

	/* ORDER: before anything that takes time: from now on a killed parent takes us along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (child_await_bootstrap(order->sync_fd, err) < 0)
		return -1;
	/* ORDER: with the caller's uid and groups, which are gone in the next step. */
	if (order->sources)
		child_open_sources(order->sources, order->sync_fd);
	if (userns_become_root(order->userns,
			       order->keep_groups ? USERNS_KEEP_GROUPS : USERNS_DROP_GROUPS,
			       err) < 0)
		return -1;
	/* ORDER: again after the change of ids, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	child_reset_signals();
	if (child_join_rest(order->namespaces, err) < 0 ||
	    child_make_time_namespace(order, err) < 0)
		return -1;
	if (fd_cloexec_from(3 + order->preserve_fds) < 0 || fd_clear_cloexec(order->sync_fd) < 0 ||
	    child_keep_sources(order->sources) < 0)
		return error_set(err, errno, "mark descriptors as close-on-exec");
	snprintf(number, sizeof(number), "%d", order->sync_fd);
	/*
	 * Process boundary: what runs from here on has none of the parent's memory, and of its
	 * descriptors the sync pipe and the mounts' sources alone.
	 */
	syscall(SYS_execveat, order->self_fd, "", argv, envp, AT_EMPTY_PATH);
	return error_set(err, errno, "execute urun init");
}

static _Noreturn void child_main(const struct clone_order *order)
{
	struct error err = ERROR_NONE;

	close(order->parent_sync_fd);
	child_become_init(order, &err);
	pipe_send_error(order->sync_fd, &err);
	_exit(1);
}

/* ---- joining a user or pid namespace, or one before the new user namespace, takes a process in between ---- */

static bool needs_detour(const struct namespaces *namespaces)
{
	bool needs =
		namespaces->joined[CONFIG_NS_USER] >= 0 || namespaces->joined[CONFIG_NS_PID] >= 0;

	for (size_t i = 0; i < ARRAY_SIZE(joined_late); i++)
		needs = needs || must_be_joined_before(namespaces, joined_late[i]);
	return needs;
}

/* What the process in between writes for us, in memory that both have. */
struct detour_result {
	pid_t pid; /* 0: failed */
	struct error err;
};

/*
 * ORDER: the user namespace first: it owns the others, and its capabilities are needed to join
 * them.  A joined pid namespace holds for children only; CLONE_PARENT makes that child our
 * caller's, so that it is the parent's to wait for.
 */
static int child_detour(const struct clone_order *original, pid_t *ret_pid, struct error *err)
{
	struct namespaces rest = *original->namespaces, *namespaces = &rest;
	struct clone_order changed = *original, *order = &changed;
	int pidfd = -1;
	pid_t pid;

	order->namespaces = namespaces;
	for (size_t i = 0; i < ARRAY_SIZE(joined_late); i++)
		if (must_be_joined_before(namespaces, joined_late[i])) {
			if (child_join(namespaces, joined_late[i], err) < 0)
				return -1;
			namespaces->joined[joined_late[i]] = -1;
		}
	if (child_join(namespaces, CONFIG_NS_USER, err) < 0 ||
	    child_join(namespaces, CONFIG_NS_PID, err) < 0)
		return -1;
	pid = clone_with((unsigned long long)(namespaces->new_flags & ~SECOND_FLAGS) | CLONE_PARENT,
			 order->cgroup_fd, &pidfd);
	if (pid == 0)
		child_main(order);
	if (pid < 0)
		return error_set(err, errno, "make the container's first process");
	*ret_pid = pid;
	return 0;
}

/*
 * Not vfork(2): joining a user namespace makes the memory of who joins undumpable, and that must
 * not be ours.  The clone's pid is a number of the pid namespace of the process in between, which
 * is ours.
 */
static int clone_by_detour(const struct clone_order *order, pid_t *ret_pid, struct error *err)
{
	struct detour_result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t between, pid;

	if (result == MAP_FAILED)
		return error_set(err, errno, "map memory");
	between = fork();
	if (between == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		child_detour(order, &result->pid, &result->err);
		_exit(0);
	}
	error_set(err, errno, "make a process that joins the namespaces");
	if (between > 0) {
		while (waitpid(between, NULL, 0) < 0 && errno == EINTR)
			;
		error_take(err, &result->err);
	}
	pid = between > 0 ? result->pid : 0;
	munmap(result, sizeof(*result));
	if (pid <= 0)
		return -1;
	*ret_pid = pid;
	return 0;
}

int clone_init(const struct clone_order *order, pid_t *ret_pid, int *ret_pidfd, struct error *err)
{
	const struct namespaces *namespaces = order->namespaces;
	pid_t pid = -1;

	if (needs_detour(namespaces)) {
		if (clone_by_detour(order, &pid, err) < 0)
			return -1;
		*ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (*ret_pidfd < 0)
			return error_set(err, errno, "open the container's first process");
		*ret_pid = pid;
		return 0;
	}
	/*
	 * Process boundary: the child has our memory until it executes itself, and no ids until we
	 * have written its maps.
	 */
	pid = clone_with((unsigned long long)(namespaces->new_flags & ~SECOND_FLAGS),
			 order->cgroup_fd, ret_pidfd);
	if (pid == 0)
		child_main(order);
	if (pid < 0) {
		error_set(err, errno, "make the container's namespaces");
		host_explain_userns_failure(&HOST_REAL, err->code, err);
		return -1;
	}
	*ret_pid = pid;
	return 0;
}
