// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init.
 * We are root of the user namespace from the start: the parent executed us only after the maps were
 * written. Up to rootfs_enter() the host's paths can be opened; after it none can, so all
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
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/number.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/init/capability.h"
#include "core/init/console.h"
#include "core/init/device.h"
#include "core/init/limits.h"
#include "core/init/mask.h"
#include "core/init/mount.h"
#include "core/init/namespace.h"
#include "core/init/plan.h"
#include "core/init/program.h"
#include "core/init/rootfs.h"
#include "core/init/seccomp_load.h"
#include "core/init/sysctl.h"
#include "core/init/user.h"
#include "core/sync/hook.h"
#include "core/sync/pipe.h"

/*
 * What lives from the config's arrival to execve.  Nothing of it is released: execve and _exit do
 * that.
 */
struct init {
	int sync_fd; /* the sync pipe; after RUN the connection with `start`; -1 in between */
	struct message config_message;
	struct message_order order;
	const char *sections[ORDER_SECTION_COUNT];
	struct container_config config;
	int rootfs;
	int null;   /* the host's /dev/null, to mask files with; -1: nothing is masked */
	int sysctl; /* /proc/sys of the container; -1: the config sets none */
	int console_master;
	int start_listener;
	int seccomp_socket;
	struct strbuf listener_state;
	struct program program;
};

static bool has_new_namespace(const struct init *init, enum config_namespace_type type)
{
	const struct config_namespace *ns = config_find_namespace(&init->config, type);

	return ns && !ns->path;
}

/* ---- the sync pipe ---- */

static void log_to_parent(enum log_level level, const char *text, void *context)
{
	struct init *init = context;
	struct error ignored = ERROR_NONE;
	char payload[2048];
	int length;

	if (init->sync_fd < 0)
		return;
	length = snprintf(payload, sizeof(payload), "%c%s", (char)level, text);
	if (length >= (int)sizeof(payload))
		length = sizeof(payload) - 1;
	pipe_send(init->sync_fd, MESSAGE_LOG, payload, length > 0 ? (size_t)length : 1, NULL, 0,
		  &ignored);
}

/* The parent has gone: what we would make is nobody's any more, and there is nobody to tell. */
static int receive(struct init *init, enum message_type type, struct message *ret_message,
		   struct error *err)
{
	int got = pipe_receive(init->sync_fd, MESSAGE_BIT(type), ret_message, err);

	if (got == 0)
		_exit(1);
	return got < 0 ? -1 : 0;
}

static int take_descriptors(struct init *init, struct error *err)
{
	struct message *message = &init->config_message;
	size_t wanted = 0;

	wanted += init->order.flags & ORDER_WAIT_START ? 1 : 0;
	wanted += init->order.flags & ORDER_SECCOMP_SOCKET ? 1 : 0;
	if (message->fd_count != wanted)
		return error_set(err, EPROTO, "sync pipe: config with %zu descriptors, not %zu",
				 message->fd_count, wanted);
	wanted = 0;
	if (init->order.flags & ORDER_WAIT_START)
		init->start_listener = take_fd(&message->fds[wanted++]);
	if (init->order.flags & ORDER_SECCOMP_SOCKET)
		init->seccomp_socket = take_fd(&message->fds[wanted++]);
	return 0;
}

static int receive_config(struct init *init, struct error *err)
{
	if (receive(init, MESSAGE_CONFIG, &init->config_message, err) < 0 ||
	    message_order_unpack(&init->config_message, &init->order, init->sections, err) < 0)
		return -1;
	log_set_level(init->order.log_level);
	log_set_sink(log_to_parent, init);
	if (take_descriptors(init, err) < 0)
		return -1;
	return config_parse(init->sections[ORDER_CONFIG], init->order.section_sizes[ORDER_CONFIG],
			    &init->config, err);
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

	if (!config_find_namespace(&init->config, CONFIG_NS_TIME))
		return 0;
	if (stat("/proc/self/ns/time", &mine) < 0 ||
	    stat("/proc/self/ns/time_for_children", &children) < 0)
		return error_set(err, errno, "stat /proc/self/ns/time");
	if (mine.st_ino != children.st_ino)
		return error_set(
			err, 0, "the time namespace isn't entered by execve: that needs Linux 6.1");
	return 0;
}

static int prepare_namespaces(struct init *init, struct error *err)
{
	if (setsid() < 0)
		return error_set(err, errno, "make a session");
	if (check_time_namespace(init, err) < 0 || make_second_namespaces(init, err) < 0)
		return -1;
	if ((init->order.flags & ORDER_NEW_KEYRING) &&
	    join_session_keyring(init->sections[ORDER_ID], err) < 0)
		return -1;
	if (has_new_namespace(init, CONFIG_NS_NETWORK) && bring_up_loopback(err) < 0)
		return -1;
	return set_host_names(&init->config, err);
}

static int prepare_rootfs(struct init *init, struct error *err)
{
	automountplan struct mount_plan plan = { 0 };

	/*
	 * The plan looks at nothing but the config, so what is wrong with it is told before
	 * anything is mounted.
	 */
	if (mount_plan_make(&init->config, &plan, err) < 0)
		return -1;
	mount_plan_print(&plan);
	if (rootfs_prepare(&init->config, &init->rootfs, err) < 0)
		return -1;
	return mount_plan_apply(&plan, init->rootfs, err);
}

/*
 * The container's terminal takes the place of stdio: from here on nothing that we have open is the
 * caller's but the preserved descriptors.
 */
static int make_console(struct init *init, struct error *err)
{
	const struct config_process *process = init->config.process;
	autoclose int slave = -1;

	if (!process || !process->terminal)
		return 0;
	if (console_create(init->rootfs, process->console_size, &init->console_master, &slave,
			   err) < 0 ||
	    console_set_owner(slave, (uid_t)process->user->uid.value, err) < 0 ||
	    console_bind(init->rootfs, slave, err) < 0)
		return -1;
	return console_attach(slave, err);
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
	const struct config_hooks *hooks = init->config.hooks;
	automessage struct message resume = MESSAGE_NONE;

	if (!has_early_hooks(hooks))
		return 0;
	if (pipe_send(init->sync_fd, MESSAGE_HOOKS, NULL, 0, NULL, 0, err) < 0 ||
	    receive(init, MESSAGE_RESUME, &resume, err) < 0)
		return -1;
	return hooks_run(&hooks->create_container, "createContainer",
			 init->sections[ORDER_STATE_CREATING], err);
}

static int open_sysctl(struct init *init, struct error *err)
{
	if (init->config.linux_->sysctl.count == 0)
		return 0;
	return sysctl_open(init->rootfs, &init->sysctl, err);
}

/* ---- after pivot_root ---- */

static int enter_rootfs(const struct init *init, struct error *err)
{
	return rootfs_enter(init->rootfs,
			    init->order.flags & ORDER_NO_PIVOT ? ROOTFS_NO_PIVOT : ROOTFS_PIVOT,
			    err);
}

static int set_sysctl(struct init *init, struct error *err)
{
	int result;

	if (init->sysctl < 0)
		return 0;
	result = sysctl_apply(&init->config.linux_->sysctl, init->sysctl, err);
	fd_close(&init->sysctl);
	return result;
}

/*
 * With the user's permissions, and before READY, so that `create` can tell what `start` would meet.
 * The working folder is entered here and kept.
 */
static int find_program(struct init *init, struct error *err)
{
	const struct config_process *process = init->config.process;
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *path = NULL;
	int found;

	if (!process)
		return 0;
	user_files_begin(process->user);
	found = program_chdir(process, err) < 0 ? -1 : program_find(process, &path, err);
	user_files_end();
	/* ORDER: again after the change of ids for files, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (found == 0)
		program_prepare(process, path, NULL, root, &init->program);
	return found;
}

static int send_ready(struct init *init, struct error *err)
{
	int sent = pipe_send(init->sync_fd, MESSAGE_READY, NULL, 0, &init->console_master,
			     init->console_master >= 0 ? 1 : 0, err);

	fd_close(&init->console_master);
	return sent;
}

/*
 * Handed over: a created container outlives its creator, a foreground run's does not.
 * ORDER: the death signal goes before the pipe: until the parent has seen our end of it close, it
 * kills us itself.
 */
static int await_run(struct init *init, struct error *err)
{
	automessage struct message run = MESSAGE_NONE;

	if (receive(init, MESSAGE_RUN, &run, err) < 0)
		return -1;
	if (!(init->order.flags & ORDER_DIE_WITH_PARENT))
		prctl(PR_SET_PDEATHSIG, 0);
	return 0;
}

/* `start` connects; its connection is our pipe from here on. */
static int await_start(struct init *init, struct error *err)
{
	if (!(init->order.flags & ORDER_WAIT_START))
		return 0;
	fd_close(&init->sync_fd);
	do
		init->sync_fd = accept4(init->start_listener, NULL, NULL, SOCK_CLOEXEC);
	while (init->sync_fd < 0 && errno == EINTR);
	if (init->sync_fd < 0)
		return error_set(err, errno, "wait for start");
	fd_close(&init->start_listener);
	if (!init->config.process)
		return error_set(err, 0,
				 "process is missing in the config: there is nothing to start");
	return 0;
}

static int run_start_hooks(struct init *init, struct error *err)
{
	const struct config_hooks *hooks = init->config.hooks;

	if (!hooks || hooks->start_container.count == 0)
		return 0;
	return hooks_run(&hooks->start_container, "startContainer",
			 init->sections[ORDER_STATE_CREATED], err);
}

/* ---- the program ---- */

static enum user_groups groups_of(const struct init *init)
{
	if (init->order.flags & ORDER_KEEP_GROUPS)
		return USER_GROUPS_KEEP;
	return init->order.flags & ORDER_SETGROUPS_DENIED ? USER_GROUPS_DENIED : USER_GROUPS_SET;
}

static int load_filter(struct init *init, struct error *err)
{
	const struct config_seccomp *seccomp = init->config.linux_->seccomp;
	autoclose int listener = -1;

	if (!(init->order.flags & ORDER_FILTER))
		return 0;
	if (seccomp_load_program(init->sections[ORDER_FILTER_BPF],
				 init->order.section_sizes[ORDER_FILTER_BPF],
				 init->order.filter_flags, &listener, err) < 0)
		return -1;
	if (listener < 0 || !seccomp || init->seccomp_socket < 0)
		return 0;
	return seccomp_send_listener(init->seccomp_socket, listener, &init->listener_state, err);
}

static void prepare_listener_state(struct init *init)
{
	const struct config_seccomp *seccomp = init->config.linux_->seccomp;

	if (init->seccomp_socket >= 0)
		seccomp_listener_state((pid_t)init->order.pid, seccomp->listener_metadata,
				       init->sections[ORDER_STATE_CREATED], &init->listener_state);
}

static int set_limits(const struct init *init, struct error *err)
{
	const struct config_process *process = init->config.process;

	limits_set_umask(process);
	if (limits_set_memory_policy(&init->config, err) < 0 ||
	    limits_set_personality(&init->config, err) < 0 ||
	    limits_set_scheduler(process, err) < 0 || limits_set_io_priority(process, err) < 0)
		return -1;
	return limits_set_rlimits(process, err);
}

/*
 * ORDER: without no_new_privs a filter needs CAP_SYS_ADMIN, so it is loaded while we have it; with
 * it, as the last step, so that the filter need not allow what the steps between call.
 */
static int become_program(struct init *init, struct error *err)
{
	const struct config_process *process = init->config.process;
	struct capability_sets sets;

	prepare_listener_state(init);
	capability_resolve(process->capabilities, &sets);
	if (set_limits(init, err) < 0)
		return -1;
	if (!process->no_new_privileges && load_filter(init, err) < 0)
		return -1;
	if (capability_drop_bounding(&sets, err) < 0 ||
	    process_become_user(process->user, groups_of(init), err) < 0)
		return -1;
	/* ORDER: again after the change of ids, which clears it. */
	if (init->order.flags & ORDER_DIE_WITH_PARENT)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (capability_apply(&sets, err) < 0)
		return -1;
	if (!process->no_new_privileges)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	return load_filter(init, err);
}

/*
 * The story of the container's first process.
 */
static int init_run(struct init *init, struct error *err)
{
	if (receive_config(init, err) < 0 || prepare_namespaces(init, err) < 0 ||
	    limits_set_oom_score_adj(init->config.process, err) < 0 ||
	    prepare_rootfs(init, err) < 0 || devices_create(&init->config, init->rootfs, err) < 0 ||
	    make_console(init, err) < 0 || open_sysctl(init, err) < 0 ||
	    run_early_hooks(init, err) < 0 || mask_open_null(&init->config, &init->null, err) < 0 ||
	    enter_rootfs(init, err) < 0 || set_sysctl(init, err) < 0 ||
	    mask_paths(&init->config, init->null, err) < 0 ||
	    rootfs_finish(&init->config, err) < 0 || find_program(init, err) < 0 ||
	    send_ready(init, err) < 0 || await_run(init, err) < 0 || await_start(init, err) < 0 ||
	    run_start_hooks(init, err) < 0 || become_program(init, err) < 0)
		return -1;
	return program_exec(&init->program, err);
}

static int parse_sync_fd(const char *number, int *ret_fd)
{
	uint32_t fd;
	struct stat st;

	if (number_parse_u32(number, INT32_MAX, &fd) < 0 || fstat((int)fd, &st) < 0 ||
	    !S_ISSOCK(st.st_mode))
		return -1;
	*ret_fd = (int)fd;
	return fd_set_cloexec(*ret_fd);
}

_Noreturn void init_main(const char *sync_number)
{
	struct init init = { .sync_fd = -1,
			     .config_message = MESSAGE_NONE,
			     .rootfs = -1,
			     .null = -1,
			     .sysctl = -1,
			     .console_master = -1,
			     .start_listener = -1,
			     .seccomp_socket = -1 };
	struct error err = ERROR_NONE;

	if (parse_sync_fd(sync_number, &init.sync_fd) < 0) {
		dprintf(STDERR_FILENO, "urun: 'urun init' is started by urun itself\n");
		_exit(1);
	}
	prctl(PR_SET_NAME, "urun:init");
	/*
	 * The container's processes must not look into us by ptrace(2) or /proc/PID: we have the
	 * host's descriptors still.
	 */
	prctl(PR_SET_DUMPABLE, 0);
	init_run(&init, &err);
	if (init.sync_fd >= 0)
		pipe_send_error(init.sync_fd, &err);
	_exit(1);
}
