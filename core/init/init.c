// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init.
 * Most of the time we are root of the user namespace from the start: the parent executed us only
 * after the maps were written.  A process that joins namespaces by itself was executed in the
 * caller's and becomes root in join_namespaces() (core/init/join.h). Up to rootfs_enter() the host's paths can be opened; after it none can, so all
 * descriptors for later exist by then. After become_program() nothing comes back: what still needs
 * a capability stands above it.
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
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/config.h"
#include "core/config/mount_plan.h"
#include "core/init/self.h"
#include "core/init/join.h"
#include "core/init/limits.h"
#include "core/init/namespace.h"
#include "core/init/setns.h"
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
#include "netns/options.h"
#include "netns/tap.h"

struct init {
	struct self self; /* its pipe after RUN: the connection with `start`; -1 in between */
	int rootfs;
	int terminal; /* the slave of the console, until it is attached; -1: none */
	int null;     /* the host's /dev/null, to mask files with; -1: nothing is masked */
	int sysctl;   /* /proc/sys of the container; -1: the config sets none */
	struct mount_views views; /* up to masking */
	bool as_user;		  /* we have the ids of the program's user */
	struct user_ids own;	  /* what ours were */
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

/* A new time namespace is entered by execve since Linux 6.1: before, we are still in the old one.
 */
static int check_time_namespace(const struct init *init, struct error *err)
{
	struct stat mine, children;

	/* A process that joins by itself enters it by a fork. */
	if (!config_find_namespace(&init->self.config, CONFIG_NS_TIME) || init->self.joins)
		return 0;
	if (stat("/proc/self/ns/time", &mine) < 0 ||
	    stat("/proc/self/ns/time_for_children", &children) < 0)
		return error_set(err, errno, "stat /proc/self/ns/time");
	if (mine.st_ino != children.st_ino)
		return error_set(
			err, 0, "the time namespace isn't entered by execve: that needs Linux 6.1");
	return 0;
}

/*
 * For helpers that join it: they can't look at us (core/init/join.c).
 * ORDER: before pivot_root: here /proc is the host's still.
 */
static int open_own_namespace(const char *name, int *ret_fd, struct error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, errno, "open %s", path) : 0;
}

/*
 * ORDER: early: while we mount, the parent starts what serves the device.  No program of the
 * container runs yet that could have the descriptor.
 */
static int make_network_device(const struct init *init, struct error *err)
{
	const char *text = init->self.sections[ORDER_NETWORK];
	struct network_options options;
	autoclose int tap = -1, user = -1, network = -1;

	if (!*text)
		return 0;
	if (network_options_parse(text, &options, err) < 0 || tap_create(&options, &tap, err) < 0)
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
	    check_time_namespace(init, err) < 0 || make_second_namespaces(init, err) < 0)
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
 * What the parent opened before we were root (core/sync/source.h): the root's, and with @index
 * above 0 that of mount @index - 1.  -1: nothing was; one that couldn't be isn't O_PATH.
 */
static int source_fd(const struct init *init, size_t index)
{
	int first = (int)init->self.order.first_source;

	return first > 0 ? first + (int)index : -1;
}

/* Nothing of them may reach the program: they are ways to the host's directories. */
static int close_sources(const struct init *init, struct error *err)
{
	unsigned int first = init->self.order.first_source;

	if (first > 0 &&
	    close_range(first, first + (unsigned int)init->self.config.mounts.count, 0) < 0)
		return error_set(err, errno, "close the sources of the mounts");
	return 0;
}

/*
 * ORDER: early: whatever asks for something in it waits until the parent has started who answers.
 */
static int make_fuse_overlay(const struct init *init, int *ret_tree, struct error *err)
{
	autoclose int fuse = -1;

	if (!(init->self.order.flags & ORDER_FUSE_OVERLAY))
		return 0;
	if (overlay_make_fuse(init->self.config.root->path, &fuse, ret_tree, err) < 0)
		return -1;
	return pipe_send(init->self.sync_fd, MESSAGE_OVERLAY, NULL, 0, (int[]){ fuse }, 1, err);
}

/* proc shows the pid namespace of whoever opens it, and the one that we join isn't ours yet. */
static int open_proc_contexts(const struct init *init, struct mount_plan *plan, struct error *err)
{
	if (!joins_pid_namespace(init))
		return 0;
	for (size_t i = 0; i < plan->steps.count; i++) {
		struct mount_step *step = &plan->steps.items[i];

		if (!str_equal(step->type, "proc"))
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
 * A root that lets in the program's user alone (the caller, with keep-id) is mounted and entered with that
 * user's ids, and all capabilities.  Where root's own ids are needed it stays an error.
 * ORDER: the death signal again after the change of ids, which clears it.
 */
static int enter_private_root(struct init *init, struct error *err)
{
	const struct container_config *config = &init->self.config;

	if (!config->process || config->process->user->uid.value == 0 ||
	    joins_pid_namespace(init) || (config->hooks && config->hooks->create_container.count) ||
	    config_annotation(config, CONFIG_ANNOTATION_OVERLAY) ||
	    !rootfs_is_private(config->root->path, source_fd(init, 0)))
		return 0;
	if (user_ids_begin_with_rights(config->process->user, &init->own, err) < 0)
		return -1;
	init->as_user = true;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

/* ORDER: all paths are walked. */
static int leave_private_root(struct init *init, struct error *err)
{
	if (!init->as_user)
		return 0;
	if (user_ids_end(&init->own, err) < 0)
		return -1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

/* ORDER: before the hooks, which may ask for names. */
static int send_resolv(struct init *init, struct error *err)
{
	int result = init->views.resolv < 0 ? 0
					    : pipe_send(init->self.sync_fd, MESSAGE_RESOLV, NULL, 0,
							(int[]){ init->views.resolv }, 1, err);

	/* ORDER: closed before the program begins, to which the file on the host may not be open. */
	fd_close(&init->views.resolv);
	return result;
}

static int prepare_rootfs(struct init *init, struct error *err)
{
	automountplan struct mount_plan plan = { 0 };
	autoclose int fuse_tree = -1;
	int result;

	/*
	 * The plan looks at nothing but the config, so what is wrong with it is told before
	 * anything is mounted.
	 */
	if (mount_plan_make(&init->self.config, &plan, err) < 0)
		return -1;
	for (size_t i = 0; i < plan.steps.count; i++)
		plan.steps.items[i].source_fd = source_fd(init, 1 + plan.steps.items[i].index);
	log_plan(&plan);
	if (make_fuse_overlay(init, &fuse_tree, err) < 0 || enter_private_root(init, err) < 0 ||
	    rootfs_prepare(&init->self.config, source_fd(init, 0), fuse_tree, &init->rootfs, err) <
		    0)
		return -1;
	result = open_proc_contexts(init, &plan, err)
			 ?: mount_plan_apply(&plan, init->rootfs, &init->views, err);
	close_proc_contexts(&plan);
	if (result < 0 || send_resolv(init, err) < 0)
		return -1;
	return close_sources(init, err);
}

static int attach_console(struct init *init, struct error *err)
{
	int result = init->terminal < 0 ? 0 : console_attach(init->terminal, err);

	fd_close(&init->terminal);
	return result;
}

/*
 * The container's terminal takes the place of stdio: from here on nothing that we have open is the
 * caller's but the preserved descriptors.
 */
static int make_console(struct init *init, struct error *err)
{
	const struct config_process *process = init->self.config.process;

	if (!process || !process->terminal)
		return 0;
	if (console_create(init->rootfs, process->console_size, &init->self.console_master,
			   &init->terminal, err) < 0 ||
	    console_set_owner(init->terminal, (uid_t)process->user->uid.value, err) < 0 ||
	    console_bind(init->rootfs, init->terminal, err) < 0)
		return -1;
	/* A session's leader has the terminal: where a child goes on, that one leads a session. */
	return joins_pid_namespace(init) ? 0 : attach_console(init, err);
}

/* The caller's environment, of the order's section. */
static str_list hook_env(const struct init *init)
{
	const char *text = init->self.sections[ORDER_HOOK_ENV];
	const char *end = text + init->self.order.section_sizes[ORDER_HOOK_ENV];
	str_list list = { 0 };

	for (; text < end; text += strlen(text) + 1) {
		list.items = mem_resize(list.items, list.count + 1, sizeof(*list.items));
		list.items[list.count++] = (char *)text;
	}
	return list;
}

static bool has_early_hooks(const struct config_hooks *hooks)
{
	return hooks && (hooks->prestart.count || hooks->create_runtime.count ||
			 hooks->create_container.count);
}

/*
 * The parent runs prestart and createRuntime in its namespaces while we wait, then we
 * createContainer in ours.
 */
static int run_early_hooks(struct init *init, struct error *err)
{
	const struct config_hooks *hooks = init->self.config.hooks;
	automessage struct message resume = MESSAGE_NONE;
	str_list env;
	int result;

	if (!has_early_hooks(hooks))
		return 0;
	if (pipe_send(init->self.sync_fd, MESSAGE_HOOKS, NULL, 0, NULL, 0, err) < 0 ||
	    self_receive(&init->self, MESSAGE_RESUME, &resume, err) < 0)
		return -1;
	env = hook_env(init);
	result = hooks_run(&hooks->create_container, "createContainer",
			   init->self.sections[ORDER_STATE_CREATING], &env, err);
	/* ORDER: before the container sees us: the caller's environment may hold secrets. */
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

/* ORDER: the working folder is made before the root is read-only, and where its links lead inside. */
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
 * ORDER: label_open() opens files of our own in procfs, so it is for the process that executes the
 * program: here, where a child goes on, and before pivot_root, where /proc is the host's, else.
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

/* Nothing of ours stays open while a created container waits. */
static int mask(struct init *init, struct error *err)
{
	int result = mask_paths(&init->self.config, &init->views, init->null, err);

	mount_views_release(&init->views);
	return result;
}

static int set_sysctl(struct init *init, struct error *err)
{
	int result;

	if (init->sysctl < 0)
		return 0;
	result = sysctl_apply(&init->self.config.linux->sysctl, init->sysctl, err);
	fd_close(&init->sysctl);
	return result;
}

/*
 * From here on the end of the sync pipe tells the parent that the container waits.
 * A filter may refuse the two calls of the wait: that is told while the parent still listens.  Linux closes
 * a descriptor also where close(2) fails with EINTR or EIO.
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
 * `start` writes into one FIFO and reads from the other, which is our pipe from here on.
 * ORDER: after self_become_program().  A created container can be entered by `exec`, and can be in the
 * namespaces of another: a process in there with CAP_SYS_PTRACE can take us over while we wait, and
 * must not come by more than the program's own ids, capabilities and filter.  For that filter we make
 * no call here but read(2) and close(2), which every program makes.
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
 * A try executes the program, and the program runs no instruction: execve(2) of a traced process stops it,
 * and the parent, which traces it, kills it then.
 * Source: ptrace(2), PTRACE_TRACEME.
 */
static bool is_traced(const struct init *init)
{
	if (!(init->self.order.flags & ORDER_TRY) || ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		return false;
	/* The parent has it killed whenever it ends itself, and lets it go on. */
	raise(SIGSTOP);
	return true;
}

/* A created container may have no process, and is never started then. */
static int become_program(struct init *init, struct error *err)
{
	bool traced = is_traced(init);

	if (init->self.config.process && self_become_program(&init->self, err) < 0)
		return -1;
	/* Where it can't be stopped, the try ends here. */
	if ((init->self.order.flags & ORDER_TRY) && !(traced && init->self.config.process))
		_exit(0);
	return 0;
}

static int run_start_hooks(struct init *init, struct error *err)
{
	const struct config_hooks *hooks = init->self.config.hooks;
	str_list env = { 0 };

	if (!hooks || hooks->start_container.count == 0)
		return 0;
	/* They are of the container: its program's environment is theirs. */
	env.items = init->self.program.envp;
	while (env.items[env.count])
		env.count++;
	return hooks_run(&hooks->start_container, "startContainer",
			 init->self.sections[ORDER_STATE_CREATED], &env, err);
}

/* See join_forks_are_seen(). */
static int check_forks(const struct init *init, struct error *err)
{
	const struct container_config *config = &init->self.config;

	if (!join_forks_are_seen(&init->self))
		return 0;
	if (config->hooks && config->hooks->create_container.count)
		return error_set(
			err, 0,
			"hooks.createContainer: a pid namespace of the caller's user namespace "
			"is joined by a container in a new one, and would see the hooks");
	for (size_t i = 0; i < config->mounts.count; i++)
		if (config->mounts.items[i].uid_mappings.count)
			return error_set(err, 0,
					 "mounts[%zu].uidMappings: a pid namespace of the caller's "
					 "user namespace is joined by a container in a new one",
					 i);
	return 0;
}

/*
 * The story of the container's first process.
 */
static int init_run(struct init *init, struct error *err)
{
	if (check_forks(init, err) < 0 || prepare_namespaces(init, err) < 0 ||
	    limits_set_oom_score_adj(init->self.config.process, err) < 0 ||
	    prepare_rootfs(init, err) < 0 ||
	    devices_create(&init->self.config, init->rootfs, err) < 0 ||
	    make_console(init, err) < 0 || open_label(init, err) < 0 ||
	    open_sysctl(init, err) < 0 || run_early_hooks(init, err) < 0 ||
	    mask_open_null(&init->self.config, &init->null, err) < 0 ||
	    enter_rootfs(init, err) < 0 || set_sysctl(init, err) < 0 || mask(init, err) < 0 ||
	    rootfs_finish(&init->self.config, err) < 0 || enter_pid_namespace(init, err) < 0 ||
	    self_find_program(&init->self, err) < 0 || leave_private_root(init, err) < 0 ||
	    self_send_ready(&init->self, err) < 0 || self_await_run(&init->self, err) < 0 ||
	    become_program(init, err) < 0 || await_start(init, err) < 0 ||
	    run_start_hooks(init, err) < 0)
		return -1;
	return program_exec(&init->self.program, err);
}

/* The process is in the container's namespaces when CONFIG is read and this has returned. */
static int begin(struct self *self, struct error *err)
{
	if (self->joins && join_user_namespace(self, err) < 0)
		return -1;
	if (self_receive_config(self, err) < 0)
		return -1;
	return self->joins ? join_namespaces(self, err) : 0;
}

_Noreturn void init_main(const char *sync_number, const char *mode)
{
	struct init init = {
		.rootfs = -1,
		.terminal = -1,
		.null = -1,
		.sysctl = -1,
		.views = MOUNT_VIEWS_NONE,
	};
	struct error err = ERROR_NONE;

	if (self_begin(sync_number, mode, &init.self) < 0)
		_exit(1);
	if (reserve_stack(&err) == 0 && begin(&init.self, &err) == 0) {
		if (init.self.order.flags & ORDER_SETNS)
			setns_run(&init.self, &err);
		else
			init_run(&init, &err);
	}
	self_fail(&init.self, &err);
}
