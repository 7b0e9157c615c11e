// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init.
 *
 * The story of the container's first process: init_run(), near the end of this file.
 *
 * We were executed by the parent's clone (core/parent/clone.c): none of the parent's memory is ours, and of
 * its descriptors we have stdio, the preserved ones, the sync pipe and the sources of mounts.  What holds:
 *
 *   ids             We are root of the user namespace from the start, since the parent wrote the maps before
 *                   the clone executed us.  A process that joins namespaces by itself was executed in the
 *                   caller's namespaces instead, and becomes root in join_namespaces() (core/init/join.c).
 *   host's files    Up to rootfs_enter() the host's paths can be opened.  After it none can: all descriptors
 *                   of the host that are still needed are open by then, and each is closed before the
 *                   container can see it.
 *   the image       Everything below the container's root may be hostile: links, files over mount points,
 *                   a /proc that is none.  Paths in it are walked by path_open_in_root(), never by the
 *                   kernel's plain open(2), and files of /proc are opened through core/rootfs/procfs.h.
 *   other processes We aren't dumpable, so processes of the container can't look into us by ptrace(2) or
 *                   /proc/PID.
 *   privileges      After become_program() no capability comes back: every step that needs one stands above
 *                   it, and the filter is loaded as late as no_new_privs allows.
 *
 * An error ends the process after the error was sent to the parent, who undoes everything.  Nothing is
 * undone here: mounts and namespaces end with the process.
 */
#include "core/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/number.h"
#include "core/base/reserve.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/base/trace.h"
#include "core/config/change.h"
#include "core/config/config.h"
#include "core/config/layers.h"
#include "core/init/account.h"
#include "core/init/hold.h"
#include "core/init/self.h"
#include "core/init/join.h"
#include "core/init/limits.h"
#include "core/init/namespace.h"
#include "core/init/pid1.h"
#include "core/init/setns.h"
#include "core/init/shm.h"
#include "core/init/sysctl.h"
#include "core/rootfs/console.h"
#include "core/rootfs/device.h"
#include "core/rootfs/mask.h"
#include "core/rootfs/mount.h"
#include "core/rootfs/overlay.h"
#include "core/rootfs/rootfs.h"
#include "core/rootfs/user.h"
#include "core/sync/hook.h"
#include "core/sync/pipe.h"
#include "core/sync/source.h"
#include "netns/options.h"
#include "netns/tap.h"

struct init {
	struct self self; /* self.sync_fd after RUN: the connection with `start`; -1 in between */
	int rootfs;	  /* of the container's root directory, mounted */
	int terminal;	  /* the slave of the console, until it is attached; -1: none */
	int null;	  /* the host's /dev/null, to mask files with; -1: nothing is masked */
	int sysctl;	  /* /proc/sys of the container; -1: the config sets no sysctl */
	struct mount_views views; /* up to masking */
	bool as_user;		  /* we have the ids of the program's user for now */
	struct user_ids own;	  /* our ids before that */
	struct pid1 pid1;
	unsigned int source_count; /* of descriptors of mounts' sources, with the root's */
};

static bool joins_pid_namespace(const struct init *init)
{
	return init->self.joined[CONFIG_NS_PID] >= 0;
}

static bool has_new_namespace(const struct init *init, enum config_namespace_type type)
{
	const struct config_namespace *ns = config_find_namespace(&init->self.config, type);

	return ns && !ns->path;
}

/* ---- before pivot_root ---- */

/*
 * ORDER: the cgroup namespace comes after the parent's move of this process into its cgroup, which
 * becomes its root.
 */
static int make_second_namespaces(const struct init *init, struct error *err)
{
	if (has_new_namespace(init, CONFIG_NS_CGROUP) && unshare(CLONE_NEWCGROUP) < 0)
		return error_set(err, errno, "make the cgroup namespace");
	return 0;
}

/* Since Linux 6.1 execve enters a new time namespace; on older kernels we are still in the old one. */
static int check_time_namespace_entered(const struct init *init, struct error *err)
{
	struct stat mine, children;

	/* A process that joins by itself enters the time namespace by a fork. */
	if (!config_find_namespace(&init->self.config, CONFIG_NS_TIME) || init->self.joins)
		return 0;
	if (stat("/proc/self/ns/time", &mine) < 0 ||
	    stat("/proc/self/ns/time_for_children", &children) < 0)
		return error_set(err, errno, "stat /proc/self/ns/time");
	if (!stat_same(&mine, &children))
		return error_set(
			err, 0, "the time namespace isn't entered by execve: that needs Linux 6.1");
	return 0;
}

/*
 * Opens a namespace of ours for a helper that joins it, since helpers can't look at us (core/init/join.c).
 * ORDER: before pivot_root, while /proc is still the host's.
 */
static int open_own_namespace(const char *name, int *ret_fd, struct error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, errno, "open %s", path) : 0;
}

/*
 * ORDER: early, since the parent starts the program that serves the device while we mount.  No program of the
 * container runs yet, which could get hold of the descriptor.
 */
static int make_network_device(const struct init *init, struct error *err)
{
	size_t size = init->self.order.section_sizes[ORDER_NETWORK];
	struct network_options options;
	autoclose int tap = -1, user = -1, network = -1;

	if (size == 0)
		return 0;
	if (size != sizeof(options))
		return error_set(err, EPROTO, "sync pipe: network options of %zu bytes", size);
	memcpy(&options, init->self.sections[ORDER_NETWORK], sizeof(options));
	if (tap_create(&options, &tap, err) < 0)
		return -1;
	allow_ping();
	if (open_own_namespace("user", &user, err) < 0 ||
	    open_own_namespace("net", &network, err) < 0)
		return -1;
	return pipe_send(init->self.sync_fd, MESSAGE_NETWORK, NULL, 0,
			 (int[]){ tap, user, network }, 3, err);
}

static int prepare_namespaces(struct init *init, struct error *err)
{
	if (setsid() < 0)
		return error_set(err, errno, "make a session");
	if (self_join_mount_namespace(&init->self, err) < 0 ||
	    check_time_namespace_entered(init, err) < 0 || make_second_namespaces(init, err) < 0)
		return -1;
	if ((init->self.order.flags & ORDER_NEW_KEYRING) &&
	    join_session_keyring(init->self.sections[ORDER_ID], err) < 0)
		return -1;
	if (has_new_namespace(init, CONFIG_NS_NETWORK) && bring_up_loopback(err) < 0)
		return -1;
	if (make_network_device(init, err) < 0)
		return -1;
	return set_host_names(&init->self.config, err);
}

/*
 * The root's descriptor, which was opened with the caller's rights before we were root (core/sync/source.h).  -1: it
 * wasn't opened.  A descriptor that isn't O_PATH stands for a source that couldn't be opened.
 */
static int root_source(const struct init *init)
{
	int first = (int)init->self.order.first_source;

	return first > 0 ? first : -1;
}

/* The program must not get the sources' descriptors: they lead to the host's directories. */
static int close_sources(const struct init *init, struct error *err)
{
	unsigned int first = init->self.order.first_source;

	if (first > 0 && close_range(first, first + init->source_count - 1, 0) < 0)
		return error_set(err, errno, "close the sources of the mounts");
	return 0;
}

/*
 * ORDER: early, since every access to the overlay waits until the parent has started its server.
 */
static int make_fuse_overlay(const struct init *init, int *ret_tree, struct error *err)
{
	autoclose int fuse = -1;

	if (!(init->self.order.flags & ORDER_FUSE_OVERLAY))
		return 0;
	if (overlay_make_fuse(init->self.config.root->path, &fuse, ret_tree, err) < 0) {
		err->cause = ERROR_CAUSE_OVERLAY;
		return -1;
	}
	return pipe_send(init->self.sync_fd, MESSAGE_OVERLAY, NULL, 0, (int[]){ fuse }, 1, err);
}

/* proc shows the pid namespace of whoever opens it, and the one that we join isn't ours yet. */
static int open_proc_contexts(const struct init *init, struct mount_plan *plan, struct error *err)
{
	if (!joins_pid_namespace(init))
		return 0;
	for (size_t i = 0; i < plan->steps.count; i++) {
		struct mount_step *step = &plan->steps.items[i];

		if (step->kind != MOUNT_KIND_PROC)
			continue;
		step->context_fd = join_open_proc(&init->self, err);
		if (step->context_fd < 0)
			return error_prefix(err, "mount proc on %s", step->destination);
	}
	return 0;
}

static void close_proc_contexts(struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->steps.count; i++)
		fd_close(&plan->steps.items[i].context_fd);
}

static void close_trees(struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->steps.count; i++) {
		fd_close(&plan->steps.items[i].tree_fd);
		fd_close(&plan->steps.items[i].idmapped_fd);
	}
}

/* The other container's /dev/shm in place of a new one.  Where the config mounts a volume there, it stays. */
static int open_shared_shm(struct init *init, struct mount_plan *plan, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < plan->steps.count && init->self.shm_namespace >= 0; i++) {
		struct mount_step *step = &plan->steps.items[i];

		if (step->kind != MOUNT_KIND_TMPFS ||
		    !str_equal(step->destination, CONFIG_SHM_PATH))
			continue;
		result = shm_of_namespace(init->self.shm_namespace, &step->tree_fd, err);
		break;
	}
	fd_close(&init->self.shm_namespace);
	return result;
}

static void log_plan(const struct mount_plan *plan)
{
	autostrbuf struct strbuf text = { 0 };

	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	mount_plan_print(plan, &text);
	for (char *rest = text.bytes, *line; (line = strsep(&rest, "\n"));)
		if (*line)
			log_debug("mount%s", line + 1);
}

/*
 * A root that only the program's user may enter (the caller, with keep-id) is mounted and entered with that
 * user's ids and all capabilities.  Where a step in between needs root's own ids, the root stays closed and
 * the failure to enter it is the error.
 * ORDER: the death signal is set again, since the change of ids clears it.
 */
static int enter_private_root(struct init *init, struct error *err)
{
	const struct container_config *config = &init->self.config;

	if (!config->process || config->process->user->uid.value == 0 ||
	    joins_pid_namespace(init) ||
	    config_hooks_of(config->hooks, HOOK_CREATE_CONTAINER)->count ||
	    config_annotation(config, CONFIG_ANNOTATION_OVERLAY) ||
	    !rootfs_is_private(config->root->path, root_source(init)))
		return 0;
	if (user_ids_begin_with_rights(config->process->user, &init->own, err) < 0)
		return -1;
	init->as_user = true;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

/* ORDER: after the last path was walked. */
static int leave_private_root(struct init *init, struct error *err)
{
	if (!init->as_user)
		return 0;
	if (user_ids_end(&init->own, err) < 0)
		return -1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

/*
 * The kernel makes the directories of an overlay with the ids of the process that mounts it.  A directory for
 * changes is the caller's, who removes it later, so it is mounted with the caller's ids and all capabilities.
 * Layers lie in a directory that only the caller may search.
 */
static bool needs_callers_ids(const struct init *init, struct config_user *ret_caller)
{
	const char *where = config_annotation(&init->self.config, CONFIG_ANNOTATION_OVERLAY);

	return where &&
	       (!str_equal(where, CONFIG_OVERLAY_IN_MEMORY) ||
		config_has_layers(&init->self.config)) &&
	       !init->as_user && !(init->self.order.flags & ORDER_FUSE_OVERLAY) &&
	       self_find_caller(&init->self, ret_caller) && ret_caller->uid.value != geteuid();
}

/* ORDER: the death signal is set again, since the change of ids clears it. */
static int mount_container_root(struct init *init, int fuse_tree, struct error *err)
{
	struct config_user caller;
	struct user_ids own;
	bool as_caller = needs_callers_ids(init, &caller);
	enum overlay_life life = init->self.order.flags & ORDER_VIEW ? OVERLAY_NONE
				 : init->self.order.flags & ORDER_VOLATILE_OVERLAY
					 ? OVERLAY_VOLATILE
					 : OVERLAY_KEPT;
	int result;

	if (as_caller && user_ids_begin_with_rights(&caller, &own, err) < 0)
		return -1;
	result = rootfs_prepare(&init->self.config, &init->self.mounts, life, root_source(init),
				fuse_tree, &init->rootfs, err);
	if (as_caller) {
		struct error ignored = ERROR_NONE;

		if (user_ids_end(&own, result < 0 ? &ignored : err) < 0)
			return -1;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	return result;
}

/* ORDER: before the hooks, which may look up names. */
static int send_resolv(struct init *init, struct error *err)
{
	char files[2];
	int fds[2], result = 0;
	size_t count = 0;

	if (init->views.resolv >= 0) {
		files[count] = ETC_FILE_RESOLV;
		fds[count++] = init->views.resolv;
	}
	if (init->views.hosts >= 0) {
		files[count] = ETC_FILE_HOSTS;
		fds[count++] = init->views.hosts;
	}
	if (count)
		result = pipe_send(init->self.sync_fd, MESSAGE_RESOLV, files, count, fds, count,
				   err);
	/* ORDER: closed before the program begins: the program must not get the host's files. */
	fd_close(&init->views.resolv);
	fd_close(&init->views.hosts);
	return result;
}

static bool gives_volumes(const struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->steps.count; i++)
		if (plan->steps.items[i].options.traits & MOUNT_TRAIT_CHOWN)
			return true;
	return false;
}

/*
 * The option U of a mount needs the user while it mounts: the user is looked up in the root file system.
 * @early: the ids found there.
 */
static void find_early_account(struct init *init, struct config_user *ret_early)
{
	if (!init->self.config.process || !gives_volumes(&init->self.mounts))
		return;
	account_find_ids(init->rootfs, &init->self.config);
	*ret_early = *init->self.config.process->user;
}

/* A volume that has another passwd than the root file system comes too late for the option U. */
static int check_early_account(const struct init *init, const struct config_user *early,
			       struct error *err)
{
	const struct container_config *config = &init->self.config;

	if (!early->uid.set || (early->uid.value == config->process->user->uid.value &&
				early->gid.value == config->process->user->gid.value))
		return 0;
	return error_set(err, 0,
			 "option U: user %s is another one in the passwd that a volume brings: "
			 "give --user by number",
			 config_annotation(config, CONFIG_ANNOTATION_USER));
}

static int prepare_rootfs(struct init *init, struct error *err)
{
	struct mount_plan *plan = &init->self.mounts;
	struct config_user early = { 0 };
	autoclose int fuse_tree = -1;
	int result;

	init->source_count =
		(unsigned int)mount_sources_assign(plan, (int)init->self.order.first_source);
	log_plan(plan);
	if (make_fuse_overlay(init, &fuse_tree, err) < 0 || enter_private_root(init, err) < 0 ||
	    mount_container_root(init, fuse_tree, err) < 0)
		return -1;
	find_early_account(init, &early);
	result = open_shared_shm(init, plan, err) ?: open_proc_contexts(init, plan, err)
			 ?: mount_plan_apply(plan, init->rootfs, &init->views, err);
	close_proc_contexts(plan);
	close_trees(plan);
	if (result < 0 || send_resolv(init, err) < 0 || close_sources(init, err) < 0)
		return -1;
	self_read_maps(&init->self);
	return self_find_account(&init->self, init->rootfs, LOG_LEVEL_WARNING, err) < 0
		       ? -1
		       : check_early_account(init, &early, err);
}

static int attach_console(struct init *init, struct error *err)
{
	int result = init->terminal < 0 ? 0 : console_attach(init->terminal, err);

	fd_close(&init->terminal);
	return result;
}

/*
 * The container's terminal takes the place of stdio.  From here on the preserved descriptors are the only ones
 * of the caller's that we have open.
 */
static int make_console(struct init *init, struct error *err)
{
	const struct config_process *process = init->self.config.process;

	if (!process || !process->terminal)
		return 0;
	if (console_create(init->rootfs, process->console_size, self_console_reader(&init->self),
			   &init->self.console_master, &init->terminal, err) < 0 ||
	    console_set_owner(init->terminal, (uid_t)process->user->uid.value, err) < 0 ||
	    console_bind(init->rootfs, init->terminal, err) < 0)
		return -1;
	/* The leader of a session has the terminal: where a child takes our place, the child attaches. */
	return joins_pid_namespace(init) ? 0 : attach_console(init, err);
}

/* The caller's environment, from its section of the order. */
static struct str_list hook_env(const struct init *init)
{
	const char *text = init->self.sections[ORDER_HOOK_ENV];
	const char *end = text + init->self.order.section_sizes[ORDER_HOOK_ENV];
	struct str_list list = { 0 };

	for (; text < end; text += strlen(text) + 1)
		str_list_add(&list, text);
	return list;
}

/*
 * The parent runs the prestart and createRuntime hooks in its namespaces while we wait; then we run the
 * createContainer hooks in ours.
 */
static int run_early_hooks(struct init *init, struct error *err)
{
	const struct config_hooks *hooks = init->self.config.hooks;
	automessage struct message resume = MESSAGE_NONE;
	struct str_list env;
	int result;

	if (!config_hooks_of(hooks, HOOK_PRESTART)->count &&
	    !config_hooks_of(hooks, HOOK_CREATE_RUNTIME)->count &&
	    !config_hooks_of(hooks, HOOK_CREATE_CONTAINER)->count)
		return 0;
	if (pipe_send(init->self.sync_fd, MESSAGE_HOOKS, NULL, 0, NULL, 0, err) < 0 ||
	    self_receive(&init->self, MESSAGE_RESUME, &resume, err) < 0)
		return -1;
	env = hook_env(init);
	result = hooks_run(hooks, HOOK_CREATE_CONTAINER, init->self.sections[ORDER_STATE_CREATING],
			   &env, err);
	/* ORDER: before the container can see us: the caller's environment may hold secrets. */
	explicit_bzero((void *)(uintptr_t)init->self.sections[ORDER_HOOK_ENV],
		       init->self.order.section_sizes[ORDER_HOOK_ENV]);
	return result;
}

static int open_sysctl(struct init *init, struct error *err)
{
	if (init->self.config.linux->sysctl.count == 0)
		return 0;
	return sysctl_open(init->rootfs, &init->sysctl, err);
}

/* ---- after pivot_root ---- */

/* ORDER: the working directory is made before the root is read-only, and where links lead inside. */
static int enter_rootfs(const struct init *init, struct error *err)
{
	if (rootfs_enter(init->rootfs,
			 init->self.order.flags & ORDER_NO_PIVOT ? ROOTFS_NO_PIVOT : ROOTFS_PIVOT,
			 err) < 0)
		return -1;
	if (init->self.config.process)
		program_make_cwd(init->self.config.process);
	return 0;
}

/*
 * ORDER: label_open() opens files of the calling process in procfs, so the process that executes the program
 * calls it: here, where a child has taken our place; else open_label(), before pivot_root, where /proc is the
 * host's.
 */
static int enter_pid_namespace(struct init *init, struct error *err)
{
	if (!joins_pid_namespace(init))
		return 0;
	fd_close(&init->null);
	fd_close(&init->rootfs);
	if (join_pid_namespace(&init->self, err) < 0)
		return -1;
	if (setsid() < 0)
		return error_set(err, errno, "make a session");
	if (attach_console(init, err) < 0)
		return -1;
	return label_open(init->self.config.process, &init->self.label, err);
}

static int open_label(struct init *init, struct error *err)
{
	if (joins_pid_namespace(init))
		return 0;
	return label_open(init->self.config.process, &init->self.label, err);
}

/* Closes the views too: no descriptor of ours stays open while a created container waits. */
static int apply_masks(struct init *init, struct error *err)
{
	int result = mask_paths(&init->self.config, &init->views, init->null, err);

	mount_views_release(&init->views);
	return result;
}

static int apply_sysctl(struct init *init, struct error *err)
{
	int result;

	if (init->sysctl < 0)
		return 0;
	result = sysctl_apply(&init->self.config.linux->sysctl, init->sysctl, err);
	fd_close(&init->sysctl);
	return result;
}

/*
 * The end of the sync pipe tells the parent that the container waits.
 * The container's filter may refuse the two calls of the wait, so both are tried while the parent still
 * listens.  Linux closes a descriptor even where close(2) fails with EINTR or EIO.
 */
static int leave_sync_pipe(struct self *self, struct error *err)
{
	char byte;

	/* A read of no bytes returns at once. */
	if (read(self->start, &byte, 0) < 0)
		return error_set(err, errno, "wait for start");
	if (close(self->sync_fd) < 0 && errno != EINTR && errno != EIO)
		return error_set(err, errno, "close the sync pipe");
	self->sync_fd = -1;
	return 0;
}

/*
 * Waits for `start`, which writes into one FIFO and reads from the other: that one is our pipe from here on.
 * ORDER: after self_become_program().  `exec` can enter a created container, and the container may share the
 * namespaces of another.  A process in there with CAP_SYS_PTRACE can take us over while we wait, and must not
 * get more than the program's own ids, capabilities and filter.  That filter applies to us: read(2) and
 * close(2), which every program calls, are the only calls here.
 */
static int await_start(struct init *init, struct error *err)
{
	struct self *self = &init->self;
	ssize_t got;
	char byte;

	if (!(self->order.flags & ORDER_WAIT_START))
		return 0;
	if (leave_sync_pipe(self, err) < 0)
		return self->order.flags & ORDER_FILTER
			       ? error_hint(err, "linux.seccomp refuses read or close")
			       : -1;
	do
		got = read(self->start, &byte, 1);
	while (got < 0 && errno == EINTR);
	self->sync_fd = take_fd(&self->started);
	if (got != 1)
		return error_set(err, got < 0 ? errno : EPIPE, "wait for start");
	fd_close(&self->start);
	if (!self->config.process)
		return error_set(err, 0,
				 "process is missing in the config: there is nothing to start");
	return 0;
}

/*
 * A try executes the program, but the program runs no instruction: execve(2) of a traced process stops it,
 * and the parent, which traces us, then kills us.  A created container may have no process, and is never
 * started then.
 * Source: ptrace(2), PTRACE_TRACEME.
 */
static int become_program(struct init *init, struct error *err)
{
	bool tries = init->self.order.flags & ORDER_TRY;
	bool traced = tries && ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;

	/* The parent makes the kernel kill us when the parent ends, and lets us go on. */
	if (traced)
		raise(SIGSTOP);
	if (init->self.config.process && self_become_program(&init->self, err) < 0)
		return -1;
	/* An execve that can't be stopped is not made. */
	if (tries && !(traced && init->self.config.process))
		_exit(0);
	return 0;
}

static int run_start_hooks(struct init *init, struct error *err)
{
	const struct config_hooks *hooks = init->self.config.hooks;
	struct str_list env = { 0 };

	if (config_hooks_of(hooks, HOOK_START_CONTAINER)->count == 0)
		return 0;
	/* These hooks run in the container, with the environment of its program. */
	env.items = init->self.program.envp;
	while (env.items[env.count])
		env.count++;
	return hooks_run(hooks, HOOK_START_CONTAINER, init->self.sections[ORDER_STATE_CREATED],
			 &env, err);
}

/* Refuses what needs a fork before pivot_root, where the container would see the fork. */
static int check_forks(const struct init *init, struct error *err)
{
	const struct container_config *config = &init->self.config;
	const struct mount_plan *plan = &init->self.mounts;

	if (!join_forks_are_seen(&init->self))
		return 0;
	if (config_hooks_of(config->hooks, HOOK_CREATE_CONTAINER)->count)
		return error_set(
			err, 0,
			"hooks.createContainer: a pid namespace of the caller's user namespace "
			"is joined by a container in a new one, and would see the hooks");
	for (size_t i = 0; i < plan->steps.count; i++)
		if (plan->steps.items[i].uid_map && plan->steps.items[i].idmapped_fd < 0)
			return error_set(err, 0,
					 "mounts[%zu].uidMappings: a pid namespace of the caller's "
					 "user namespace is joined by a container in a new one",
					 plan->steps.items[i].index);
	return 0;
}

/* On the stack of the program's process, whose bounds the sanitizer doesn't know. */
__attribute__((no_sanitize_address)) static void fail_program(void *context,
							      const struct error *err)
{
	self_fail(context, err);
}

/* A try ends at execve, and needs no process 1. */
static int prepare_pid1(struct init *init, struct error *err)
{
	const struct config_process *process = init->self.config.process;
	const struct message_order *order = &init->self.order;

	if (!(order->flags & ORDER_PID1) || (order->flags & ORDER_TRY) || !process)
		return 0;
	init->pid1.is_alone = has_new_namespace(init, CONFIG_NS_PID);
	init->pid1.has_terminal = process->terminal;
	init->pid1.prctl_allowed = order->flags & ORDER_PRCTL_ALLOWED;
	init->pid1.fds_end = STDERR_FILENO + 1 + order->preserve_fds;
	init->pid1.fail = fail_program;
	init->pid1.context = &init->self;
	return pid1_prepare(&init->pid1, err);
}

static int execute_program_or_pid1(const struct init *init, struct error *err)
{
	const struct program *program = &init->self.program;

	return init->pid1.file < 0 ? program_exec(program, err)
				   : pid1_exec(&init->pid1, program, err);
}

/* The story, one step a line. */
static int init_run(struct init *init, struct error *err)
{
	struct self *self = &init->self;
	struct container_config *config = &self->config;

	/* clang-format off */
	if (check_forks(init, err) < 0 ||
	    trace_step("namespaces") < 0 ||
	    prepare_namespaces(init, err) < 0 ||
	    limits_set_oom_score_adj(config->process, err) < 0 ||
	    trace_step("root file system") < 0 ||
	    prepare_rootfs(init, err) < 0 ||
	    trace_step("devices") < 0 ||
	    devices_create(config, &self->mounts, init->rootfs, err) < 0 ||
	    trace_step("console") < 0 ||
	    make_console(init, err) < 0 ||
	    open_label(init, err) < 0 ||
	    open_sysctl(init, err) < 0 ||
	    trace_step("hooks") < 0 ||
	    run_early_hooks(init, err) < 0 ||
	    mask_open_null(config, &init->null, err) < 0 ||
	    trace_step("enter the root") < 0 ||
	    /* No path of the host can be opened from here on. */
	    enter_rootfs(init, err) < 0 ||
	    apply_sysctl(init, err) < 0 ||
	    trace_step("masks") < 0 ||
	    apply_masks(init, err) < 0 ||
	    rootfs_finish(config, &self->mounts, err) < 0 ||
	    trace_step("pid namespace") < 0 ||
	    enter_pid_namespace(init, err) < 0 ||
	    prepare_pid1(init, err) < 0 ||
	    trace_step("find the program") < 0 ||
	    self_find_program(self, err) < 0 ||
	    leave_private_root(init, err) < 0 ||
	    self_send_ready(self, err) < 0 ||
	    self_await_run(self, err) < 0 ||
	    ((self->order.flags & ORDER_HOLD) && hold_namespaces(self, err) < 0) ||
	    /* No capability comes back from here on. */
	    become_program(init, err) < 0 ||
	    await_start(init, err) < 0 ||
	    run_start_hooks(init, err) < 0)
		return -1;
	/* clang-format on */
	return execute_program_or_pid1(init, err);
}

_Noreturn void init_main(const char *sync_number, const char *mode)
{
	struct init init = {
		.rootfs = -1,
		.terminal = -1,
		.null = -1,
		.sysctl = -1,
		.views = MOUNT_VIEWS_NONE,
		.pid1 = PID1_NONE,
	};
	struct self *self = &init.self;
	struct error err = ERROR_NONE;

	if (self_begin(sync_number, mode, self) < 0)
		_exit(1);
	/* A process that joins by itself is in the container's namespaces when it has its config. */
	if (reserve_stack(&err) < 0 || (self->joins && join_user_namespace(self, &err) < 0) ||
	    self_receive_config(self, &err) < 0 || (self->joins && join_namespaces(self, &err) < 0))
		self_fail(self, &err);
	if (self->order.flags & ORDER_SETNS)
		setns_run(self, &err);
	else
		init_run(&init, &err);
	self_fail(self, &err);
}
