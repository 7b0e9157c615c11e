// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/try.h"

#include <errno.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/processes.h"
#include "core/parent/grant.h"
#include "core/parent/launch.h"
#include "core/parent/streams.h"
#include "core/seccomp/seccomp.h"
#include "core/sync/pipe.h"

/* How often a process that says nothing is looked at, and for how long. */
#define LOOK_MS	  50
#define LOOKS_MAX 200

/* ---- the plan of the try ---- */

/* Is @path in a bind among the first @count mounts?  What is made there is made on the host. */
static bool is_in_bind(const struct mount_plan *mounts, size_t count, const char *path)
{
	autofree char *clean = path_clean(path);

	for (size_t i = 0; i < count; i++)
		if (mounts->steps.items[i].kind == MOUNT_KIND_BIND &&
		    path_is_in(clean, mounts->steps.items[i].destination))
			return true;
	return false;
}

static void drop_option(struct config_mount *mount, const char *option)
{
	size_t kept = 0;

	for (size_t i = 0; i < mount->options.count; i++)
		if (!str_equal(mount->options.items[i], option))
			mount->options.items[kept++] = mount->options.items[i];
	mount->options.count = kept;
}

/* File systems of the user's: an overlay empties its work directory while it is mounted, FUSE has a server. */
static bool writes_when_mounted(const struct mount_step *step)
{
	if (step->kind != MOUNT_KIND_FILESYSTEM)
		return false;
	if (str_starts_with(step->type, "fuse"))
		return true;
	for (size_t i = 0; str_equal(step->type, "overlay") && i < step->options.data.count; i++)
		if (str_starts_with(step->options.data.items[i], "upperdir="))
			return true;
	return false;
}

/* A working directory that would be made in a volume: what is relative to it can't be looked for. */
static bool lacks_cwd_in_volume(const struct container_config *config,
				const struct mount_plan *mounts)
{
	autofree char *clean = config->process ? path_clean(config->process->cwd) : NULL;

	for (size_t i = mounts->steps.count; clean && i-- > 0;) {
		const struct mount_step *step = &mounts->steps.items[i];
		autofree char *source = NULL;

		if (!path_is_in(clean, step->destination))
			continue;
		if (step->kind != MOUNT_KIND_BIND)
			return false;
		source = str_format("%s%s", step->source, clean + strlen(step->destination));
		return access(source, F_OK) < 0;
	}
	return false;
}

/*
 * "U" gives the source to the container's user.  Read-only, as a link in the root file system can lead to a
 * place in a volume where something would be made.
 */
static void spare_volumes(struct container_config *config, const struct mount_plan *mounts)
{
	size_t kept = 0;

	for (size_t i = 0; i < config->mounts.count; i++) {
		struct config_mount *mount = &config->mounts.items[kept];

		if (is_in_bind(mounts, i, mounts->steps.items[i].destination) ||
		    writes_when_mounted(&mounts->steps.items[i]))
			continue;
		*mount = config->mounts.items[i];
		kept++;
		if (mounts->steps.items[i].kind != MOUNT_KIND_BIND)
			continue;
		drop_option(mount, "U");
		config_list_add(&config->arena, &mount->options, "rro");
	}
	config->mounts.count = kept;
	kept = 0;
	for (size_t i = 0; i < config->linux->devices.count; i++)
		if (!is_in_bind(mounts, mounts->steps.count, config->linux->devices.items[i].path))
			config->linux->devices.items[kept++] = config->linux->devices.items[i];
	config->linux->devices.count = kept;
	if (!config->process)
		return;
	if (is_in_bind(mounts, mounts->steps.count, "/dev/console"))
		config->process->terminal = false;
}

/* What init would change of namespaces that others are in. */
static void spare_namespaces(struct container_config *config, const struct namespaces *namespaces)
{
	if (namespaces->joined[CONFIG_NS_UTS] >= 0)
		config->hostname = config->domainname = NULL;
	if (namespaces->joined[CONFIG_NS_NETWORK] >= 0 || namespaces->joined[CONFIG_NS_IPC] >= 0)
		config->linux->sysctl.count = 0;
}

static bool has_changes(const char *overlay)
{
	autofree char *upper = path_join(overlay, "upper");

	return access(upper, F_OK) == 0;
}

/* False: the container can't be tried. */
static bool cover_root(struct plan *plan)
{
	const char *given = config_annotation(&plan->config, CONFIG_ANNOTATION_OVERLAY);
	struct error ignored = ERROR_NONE;
	struct statfs fs;

	/* Such a root can be one that lets in the caller alone: init enters it, and no overlay does. */
	if (statfs(plan->config.root->path, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC)
		return false;
	if (given && given[0] == '/' && has_changes(given))
		return false;
	/* Init says that it isn't there; fuse-overlayfs would get one made. */
	if (given && given[0] == '/' && access(given, F_OK) < 0)
		return !plan->overlay.by_fuse;
	config_set_annotation(&plan->config, CONFIG_ANNOTATION_OVERLAY, CONFIG_OVERLAY_IN_MEMORY);
	overlay_release(&plan->overlay);
	if (overlay_choose(&plan->config, &plan->userns, &plan->overlay, &ignored) == 0)
		return true;
	log_debug("check: no container is tried: %s", ignored.text);
	return false;
}

/* ---- the container ---- */

static int try_bootstrap(const struct launch *launch, const struct plan *plan, struct error *err)
{
	if (userns_write_maps(launch->child->pid, launch->userns, err) < 0 ||
	    grant_limits(launch->child->pid, launch->config->process, &plan->caller, err) < 0)
		return -1;
	return child_send(launch->child, MESSAGE_BOOTSTRAP, err);
}

static int try_send_config(struct launch *launch, const struct plan *plan, struct error *err)
{
	struct strbuf sections[ORDER_SECTION_COUNT] = { 0 };
	int fds[ORDER_FD_COUNT] = ORDER_FDS_NONE;
	uint32_t flags = ORDER_TRY | ORDER_DIE_WITH_PARENT;

	flags |= plan->request->no_pivot ? ORDER_NO_PIVOT : 0;
	flags |= plan->overlay.by_fuse ? ORDER_FUSE_OVERLAY : 0;
	return launch_send_config(launch, flags, fds, sections, err);
}

static int try_await_ready(struct launch *launch, struct plan *plan, struct error *err)
{
	unsigned int expected = MESSAGE_BIT(MESSAGE_OVERLAY) | MESSAGE_BIT(MESSAGE_RESOLV) |
				MESSAGE_BIT(MESSAGE_READY);

	for (;;) {
		automessage struct message message = MESSAGE_NONE;

		if (launch_await(launch, expected, &message, err) < 0)
			return -1;
		if (message.type == MESSAGE_READY) {
			/* Held: a terminal whose master is closed ends the process by SIGHUP. */
			child_take_console(launch->request, launch->child, &message);
			return 0;
		}
		if (message.type != MESSAGE_OVERLAY)
			continue;
		if (message.fd_count != 1)
			return error_set(err, EPROTO, "sync pipe: overlay without a descriptor");
		if (overlay_serve(&plan->overlay, &message.fds[0], err) < 0)
			return -1;
	}
}

/*
 * A traced process stops at each signal: at that of its execve it stays, and others take their course.  A
 * filter that refuses even exit_group(2) ends a process by SIGSEGV, which a traced first process of a pid
 * namespace would survive.
 */
static int see_signal(const struct child *child, bool filtered, struct error *err)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)child->pid, &info, WSTOPPED | WNOHANG) < 0 || info.si_pid == 0)
		return 0;
	switch (info.si_status) {
	case SIGTRAP: return 0;
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGSYS:
	case SIGABRT:
		error_set_killed(err, "the container's first process", info.si_status,
				 "before the program ran");
		return filtered ? error_hint(err, PROGRAM_FILTER_HINT) : -1;
	default: ptrace(PTRACE_CONT, child->pid, NULL, (void *)(uintptr_t)info.si_status); return 0;
	}
}

/*
 * The process stops before it becomes its program, so that it is killed whenever we end: execve of a
 * set-user-ID program clears the death signal.  False where it doesn't stop, as tracing is refused on this
 * host: then it ends before its execve.
 */
static bool begin_tracing(pid_t pid)
{
	siginfo_t info = { 0 };

	while (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			return false;
	if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED)
		return false;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(uintptr_t)PTRACE_O_EXITKILL);
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	return true;
}

/* It ended before its execve, without an error. */
static bool ended_untraced(const struct child *child)
{
	siginfo_t info = { 0 };

	return waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOWAIT) == 0 &&
	       info.si_code == CLD_EXITED && info.si_status == 0;
}

/* Lets the process go on, up to the stop at its execve, which ends the pipe. */
static int try_await_execve(const struct child *child, bool filtered, struct error *err)
{
	const struct timeval look = { .tv_usec = LOOK_MS * 1000 };
	bool traced;

	setsockopt(child->sync_fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof(look));
	if (child_send(child, MESSAGE_RUN, err) < 0)
		return -1;
	traced = begin_tracing(child->pid);
	for (int looks = 0; looks < LOOKS_MAX; looks++) {
		struct message none = MESSAGE_NONE;

		if (pipe_await(child->sync_fd, 0, &none, err) >= 0)
			return !traced && ended_untraced(child)
				       ? 0
				       : child_check_executed(child, filtered, err);
		if (err->code != EAGAIN)
			return -1;
		error_take(err, &ERROR_NONE);
		if (see_signal(child, filtered, err) < 0)
			return -1;
	}
	return error_set(err, 0, "the program didn't begin within %d s",
			 LOOKS_MAX * LOOK_MS / 1000);
}

int try_container(struct plan *plan, const struct filter *filter, bool *ret_tried,
		  struct error *err)
{
	struct container_config *config = &plan->config;
	const struct filter no_filter = FILTER_NONE;
	struct child child = CHILD_NONE;
	struct launch launch = LAUNCH_NONE;
	/* Nothing of the caller's is given to the container's user, nor to a program that is traced. */
	const struct child_request request = {
		.null_streams = STREAM_BIT(0) | STREAM_BIT(1) | STREAM_BIT(2),
	};
	bool own_overlay = config_annotation(config, CONFIG_ANNOTATION_OVERLAY) != NULL;
	int result;

	*ret_tried = (plan->namespaces.new_flags & CLONE_NEWNS) &&
		     !lacks_cwd_in_volume(config, &plan->mounts) && cover_root(plan);
	if (!*ret_tried)
		return 0;
	launch.filter = filter;
	config->hooks = NULL;
	/* The listener's process is not to hear of it. */
	if (config->linux->seccomp && seccomp_uses_notify(config->linux->seccomp)) {
		config->linux->seccomp = NULL;
		launch.filter = &no_filter;
	}
	spare_volumes(config, &plan->mounts);
	spare_namespaces(config, &plan->namespaces);
	launch.request = &request;
	launch.config = config;
	launch.userns = &plan->userns;
	launch.namespaces = &plan->namespaces;
	launch.id = plan->request->id;
	launch.opens_sources = true;
	launch.child = &child;
	result = launch_clone(&launch, err) < 0 || launch_join(&launch, err) < 0 ||
				 try_bootstrap(&launch, plan, err) < 0 ||
				 try_send_config(&launch, plan, err) < 0 ||
				 try_await_ready(&launch, plan, err) < 0 ||
				 try_await_execve(&child, config->linux->seccomp, err) < 0
			 ? -1
			 : 0;
	if (result < 0)
		overlay_explain(&plan->overlay, err);
	/* The overlay is the try's alone. */
	if (result < 0 && !own_overlay && overlay_is_cause(err)) {
		log_debug("check: no container is tried: %s", err->text);
		error_take(err, &ERROR_NONE);
		*ret_tried = false;
		result = 0;
	}
	launch_end(&launch);
	/* The stop at execve may have been reported in place of the end. */
	while (child.pid > 0 && (waitpid(child.pid, NULL, 0) > 0 || errno == EINTR))
		;
	child_close(&child);
	return result;
}
