// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * A try makes the container that was planned, with the functions of a real start, and stops it at its
 * execve.  The first half of this file takes out of the plan whatever would change something of the user's:
 * the root is covered by an overlay in memory, volumes are read-only and keep their owners, namespaces of
 * other processes keep their names and settings.  The second half is the start.
 *
 * The program is traced: execve(2) of a traced process stops it before the first instruction, and it is
 * killed there, also when urun itself is killed (PTRACE_O_EXITKILL).  Where a host refuses ptrace(2), the
 * process ends before its execve.
 */
#include "core/parent/try.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
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

/* How often, and how many times, a process that sends nothing is looked at. */
#define LOOK_MS	  50
#define LOOKS_MAX 200

/* ---- the plan of the try ---- */

/* Is @path in one of the first @count binds?  A place that is made there is made on the host. */
static bool is_in_planned_bind(const struct mount_plan *mounts, size_t count, const char *path)
{
	autofree char *clean = path_clean(path);

	for (size_t i = 0; i < count; i++)
		if (mounts->steps.items[i].kind == MOUNT_KIND_BIND &&
		    path_is_in(clean, mounts->steps.items[i].destination))
			return true;
	return false;
}

/* File systems of the user's: an overlay empties its work directory while it is mounted, FUSE has a server. */
static bool writes_when_mounted(const struct mount_step *step)
{
	if (step->kind == MOUNT_KIND_OVERLAY)
		return mount_options_find(&step->options, "upperdir");
	return step->kind == MOUNT_KIND_OTHER && str_starts_with(step->type, "fuse");
}

/*
 * Would the working directory be made in a volume?  The try makes nothing there, so a program with a path
 * relative to that directory can't be found.
 */
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
 * Leaves out the option "U", which gives the source of a bind to the container's user, and the mounts and
 * devices whose places are in a volume.  Volumes are read-only, since a link in the root file system may
 * lead into one.  The memory of *ret_spared is that of @mounts and of @config.
 */
static void spare_volumes(struct container_config *config, const struct mount_plan *mounts,
			  struct mount_plan *ret_spared)
{
	struct mount_plan spared = *mounts;
	size_t kept = 0;

	spared.steps.items =
		arena_alloc(&config->arena, mounts->steps.count * sizeof(struct mount_step));
	spared.steps.count = 0;
	for (size_t i = 0; i < mounts->steps.count; i++) {
		struct mount_step *step = &spared.steps.items[spared.steps.count];

		*step = mounts->steps.items[i];
		if (is_in_planned_bind(mounts, i, step->destination) || writes_when_mounted(step))
			continue;
		spared.steps.count++;
		if (step->kind == MOUNT_KIND_BIND) {
			step->options.traits &= ~(unsigned int)MOUNT_TRAIT_CHOWN;
			mount_change_set(&step->options.tree, MOUNT_ATTR_RDONLY);
		}
	}
	*ret_spared = spared;
	for (size_t i = 0; i < config->linux->devices.count; i++)
		if (!is_in_planned_bind(mounts, mounts->steps.count,
					config->linux->devices.items[i].path))
			config->linux->devices.items[kept++] = config->linux->devices.items[i];
	config->linux->devices.count = kept;
	if (!config->process)
		return;
	if (is_in_planned_bind(mounts, mounts->steps.count, "/dev/console"))
		config->process->terminal = false;
}

static bool can_be_made(const char *path)
{
	autofree char *above = path_clean(path);

	*strrchr(above, '/') = '\0';
	return access(*above ? above : "/", W_OK | X_OK) == 0;
}

/* Plans the overlay in memory over the root; false: the container can't be tried. */
static bool cover_root(struct plan *plan)
{
	const char *given = config_annotation(&plan->config, CONFIG_ANNOTATION_OVERLAY);
	struct error ignored = ERROR_NONE;
	autofree char *upper = NULL;
	struct statfs fs;

	/* A FUSE file system may let in the caller alone: init can enter it, an overlay can't. */
	if (statfs(plan->config.root->path, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC)
		return false;
	/* The changes in an overlay of the user's decide what the container's root is. */
	upper = given && given[0] == '/' ? path_join(given, "upper") : NULL;
	if (upper && access(upper, F_OK) == 0)
		return false;
	/*
	 * A start makes the directory.  Where it can't, and without fuse-overlayfs, init itself says that
	 * the directory isn't found.
	 */
	if (given && given[0] == '/' && access(given, F_OK) < 0 && !can_be_made(given))
		return !plan->overlay.by_fuse;
	config_set_annotation(&plan->config, CONFIG_ANNOTATION_OVERLAY, CONFIG_OVERLAY_IN_MEMORY);
	overlay_release(&plan->overlay);
	if (overlay_choose(&plan->config, &plan->userns, &plan->overlay, &ignored) == 0)
		return true;
	log_debug("check: no container is tried: %s", ignored.text);
	return false;
}

/* ---- the container ---- */

static int try_send_config(struct launch *launch, const struct plan *plan, struct error *err)
{
	struct strbuf sections[ORDER_SECTION_COUNT] = { 0 };
	int fds[ORDER_FD_COUNT] = ORDER_FDS_NONE;
	uint32_t flags = ORDER_TRY | ORDER_DIE_WITH_PARENT;

	flags |= plan->request->no_pivot ? ORDER_NO_PIVOT : 0;
	flags |= plan->overlay.by_fuse ? ORDER_FUSE_OVERLAY : 0;
	flags |= plan->overlay.is_view ? ORDER_VIEW : 0;
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
			/* The master stays open: closing it would end the process by SIGHUP. */
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
 * A traced process stops at each signal.  At the SIGTRAP of its execve the process stays stopped; other
 * signals are delivered.  A signal of a fault is the end: under a filter that refuses even exit_group(2) a
 * process ends by SIGSEGV, and a traced first process of a pid namespace would survive that.
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
 * Waits for the process to stop before it becomes its program, and lets it go on as one that is killed when
 * urun ends: execve of a set-user-ID program would clear the death signal.  False where tracing is refused
 * on this host; the process then ends before its execve.
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

/* Lets the process go on up to the stop at its execve, which closes the pipe. */
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
		enum pipe_step step = pipe_take(child->sync_fd, 0, &none, err);

		if (step == PIPE_FAILED)
			return -1;
		if (step == PIPE_END) {
			siginfo_t info = { 0 };

			/* Untraced, the process ends with status 0 before its execve. */
			if (!traced &&
			    waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOWAIT) == 0 &&
			    info.si_code == CLD_EXITED && info.si_status == 0)
				return 0;
			return child_check_executed(child, filtered, err);
		}
		if (see_signal(child, filtered, err) < 0)
			return -1;
	}
	return error_set(err, 0, "the program didn't begin within %d s",
			 LOOKS_MAX * LOOK_MS / 1000);
}

static int try_in_steps(struct launch *launch, struct plan *plan, struct error *err)
{
	struct container_config *config = launch->config;
	struct child *child = launch->child;

	/* clang-format off */
	if (launch_clone(launch, err) < 0 ||
	    launch_join(launch, err) < 0 ||
	    userns_write_maps(child->pid, launch->userns, err) < 0 ||
	    grant_limits(child->pid, config->process, &plan->caller, err) < 0 ||
	    child_send(child, MESSAGE_BOOTSTRAP, err) < 0 ||
	    try_send_config(launch, plan, err) < 0 ||
	    try_await_ready(launch, plan, err) < 0 ||
	    try_await_execve(child, config->linux->seccomp, err) < 0)
		return -1;
	/* clang-format on */
	return 0;
}

int try_container(struct plan *plan, const struct filter *filter, bool *ret_tried,
		  struct error *err)
{
	struct container_config *config = &plan->config;
	const struct filter no_filter = FILTER_NONE;
	struct child child = CHILD_NONE;
	struct mount_plan spared;
	struct launch launch = LAUNCH_NONE;
	/* The caller's streams are given neither to the container's user nor to the traced program. */
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct child_request request = { .streams = (const int[]){ null, null, null } };
	bool own_overlay = config_annotation(config, CONFIG_ANNOTATION_OVERLAY) != NULL;
	int result;

	*ret_tried = (plan->namespaces.new_flags & CLONE_NEWNS) &&
		     !lacks_cwd_in_volume(config, &plan->mounts) && cover_root(plan);
	if (!*ret_tried)
		return 0;
	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	launch.filter = filter;
	config->hooks = NULL;
	/* The agent that listens for notifications must not see the try. */
	if (config->linux->seccomp && seccomp_uses_notify(config->linux->seccomp)) {
		config->linux->seccomp = NULL;
		launch.filter = &no_filter;
	}
	spare_volumes(config, &plan->mounts, &spared);
	/* Namespaces of other processes keep their names and settings. */
	if (plan->namespaces.joined[CONFIG_NS_UTS] >= 0)
		config->hostname = config->domainname = NULL;
	if (plan->namespaces.joined[CONFIG_NS_NETWORK] >= 0 ||
	    plan->namespaces.joined[CONFIG_NS_IPC] >= 0)
		config->linux->sysctl.count = 0;
	launch.request = &request;
	launch.config = config;
	launch.userns = &plan->userns;
	launch.caller = &plan->caller;
	launch.namespaces = &plan->namespaces;
	launch.id = plan->request->id;
	launch.mounts = &spared;
	launch.child = &child;
	result = try_in_steps(&launch, plan, err);
	if (result < 0)
		overlay_explain(&plan->overlay, err);
	/* A fault of the overlay that only the try has is none of the container's. */
	if (result < 0 && !own_overlay && err->cause == ERROR_CAUSE_OVERLAY) {
		log_debug("check: no container is tried: %s", err->text);
		error_take(err, &ERROR_NONE);
		*ret_tried = false;
		result = 0;
	}
	launch_end(&launch);
	/* The wait in launch_end() may have returned for the stop at execve. */
	while (child.pid > 0 && (waitpid(child.pid, NULL, 0) > 0 || errno == EINTR))
		;
	child_close(&child);
	return result;
}
