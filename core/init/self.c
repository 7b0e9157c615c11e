// SPDX-License-Identifier: Apache-2.0
// Runs in: init, setns.
#include "core/init/self.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "core/base/log.h"
#include "core/base/number.h"
#include "core/base/place.h"
#include "core/base/str.h"
#include "core/base/trace.h"
#include "core/config/change.h"
#include "core/init/account.h"
#include "core/init/capability.h"
#include "core/init/limits.h"
#include "core/init/stdio.h"
#include "core/rootfs/user.h"
#include "core/seccomp/seccomp_load.h"
#include "core/sync/mount_order.h"
#include "core/sync/pipe.h"
#include "netns/notify.h"

/* ---- the sync pipe ---- */

static void log_to_parent(enum log_level level, const char *text, void *context)
{
	struct self *self = context;
	struct error ignored = ERROR_NONE;
	char payload[2048];
	int length;

	if (self->sync_fd < 0)
		return;
	length = snprintf(payload, sizeof(payload), "%c%s", (char)level, text);
	if (length >= (int)sizeof(payload))
		length = sizeof(payload) - 1;
	pipe_send(self->sync_fd, MESSAGE_LOG, payload, length > 0 ? (size_t)length : 1, NULL, 0,
		  &ignored);
}

/* Where the parent has gone we end: nobody needs the container any more, and nobody can be told. */
int self_receive(struct self *self, enum message_type type, struct message *ret_message,
		 struct error *err)
{
	int got = pipe_receive(self->sync_fd, MESSAGE_BIT(type), ret_message, err);

	if (got == 0)
		_exit(1);
	return got < 0 ? -1 : 0;
}

/* The descriptors that the order names and those that were received must be the same. */
static int take_descriptors(struct self *self, struct error *err)
{
	autoclose int failed = -1;
	int *const places[ORDER_FD_COUNT] = {
		[ORDER_FD_START] = &self->start,
		[ORDER_FD_STARTED] = &self->started,
		[ORDER_FD_FAILED] = &failed,
		[ORDER_FD_SECCOMP_SOCKET] = &self->seccomp_socket,
		[ORDER_FD_MOUNT_NAMESPACE] = &self->mount_namespace,
		[ORDER_FD_SHM_NAMESPACE] = &self->shm_namespace,
		[ORDER_FD_HOLD] = &self->hold,
		[ORDER_FD_BYPASS] = &self->bypass,
	};
	struct message *message = &self->config_message;
	struct error unmapped = ERROR_NONE;
	size_t count = 0;

	if (message->fd_count != (size_t)__builtin_popcount(self->order.fds) ||
	    self->order.fds >> ORDER_FD_COUNT)
		return error_set(
			err, EPROTO,
			"sync pipe: config with %zu descriptors, not with those that it names",
			message->fd_count);
	for (int i = 0; i < ORDER_FD_COUNT; i++)
		if (self->order.fds & (1u << i))
			*places[i] = take_fd(&message->fds[count++]);
	/* Where the file system can't map files, telling an error takes a system call. */
	if (failed >= 0 && failure_map(failed, &self->failure, &unmapped) < 0)
		log_debug("%s", unmapped.text);
	return 0;
}

/* The sources that the parent has idmapped, each for a step of the plan. */
static int receive_trees(struct self *self, struct error *err)
{
	for (uint32_t i = 0; i < self->order.trees; i++) {
		automessage struct message message = MESSAGE_NONE;
		uint32_t step;

		if (self_receive(self, MESSAGE_TREE, &message, err) < 0)
			return -1;
		memcpy(&step, message.payload, sizeof(step));
		if (message.fd_count != 1 || step >= self->mounts.steps.count)
			return error_set(err, EPROTO, "sync pipe: tree of no step");
		fd_close(&self->mounts.steps.items[step].idmapped_fd);
		self->mounts.steps.items[step].idmapped_fd = take_fd(&message.fds[0]);
	}
	return 0;
}

/* `exec` mounts nothing. */
static int receive_mounts(struct self *self, struct error *err)
{
	size_t size = self->order.section_sizes[ORDER_MOUNTS];

	if (size == 0)
		return 0;
	if (mount_order_unpack(self->sections[ORDER_MOUNTS], size, &self->mounts, err) < 0)
		return -1;
	self->mounts.has_host_rights = self->order.flags & ORDER_HOST_RIGHTS;
	self->mounts.root_nodev = self->order.flags & ORDER_ROOT_NODEV;
	self->mounts.user = self->config.process ? self->config.process->user : NULL;
	return receive_trees(self, err);
}

int self_receive_config(struct self *self, struct error *err)
{
	if (self_receive(self, MESSAGE_CONFIG, &self->config_message, err) < 0 ||
	    message_order_unpack(&self->config_message, &self->order, self->sections, err) < 0)
		return -1;
	log_set_level(self->order.log_level);
	log_set_sink(log_to_parent, self);
	if (self->order.flags & ORDER_TRACE)
		trace_keep();
	trace_step("receive config");
	if (take_descriptors(self, err) < 0)
		return -1;
	if (config_parse_own(self->sections[ORDER_CONFIG], self->order.section_sizes[ORDER_CONFIG],
			     &self->config, err) < 0)
		return -1;
	return receive_mounts(self, err);
}

int self_join_mount_namespace(struct self *self, struct error *err)
{
	if (self->mount_namespace < 0)
		return 0;
	if (setns(self->mount_namespace, CLONE_NEWNS) < 0)
		return error_set(err, errno, "join the mount namespace");
	fd_close(&self->mount_namespace);
	return 0;
}

/* In one message, before the container's filter is loaded, which may refuse to send. */
static int send_trace(const struct self *self, struct error *err)
{
	struct trace_event events[TRACE_EVENTS_MAX];
	size_t count = trace_take(events);

	return count ? pipe_send(self->sync_fd, MESSAGE_TRACE, events, count * sizeof(*events),
				 NULL, 0, err)
		     : 0;
}

int self_send_ready(struct self *self, struct error *err)
{
	int sent = send_trace(self, err);

	if (sent == 0)
		sent = pipe_send(self->sync_fd, MESSAGE_READY, NULL, 0, &self->console_master,
				 self->console_master >= 0 ? 1 : 0, err);
	fd_close(&self->console_master);
	return sent;
}

/*
 * With RUN the process is handed over: a created container outlives its creator, that of a `run` in the
 * foreground does not.
 * ORDER: the death signal is cleared before our end of the pipe is closed: until the parent sees the end of
 * the pipe, the parent kills us itself.
 */
int self_await_run(struct self *self, struct error *err)
{
	automessage struct message run = MESSAGE_NONE;

	if (self_receive(self, MESSAGE_RUN, &run, err) < 0)
		return -1;
	if (!(self->order.flags & ORDER_DIE_WITH_PARENT))
		prctl(PR_SET_PDEATHSIG, 0);
	return 0;
}

/* ---- the user ---- */

static struct idmap *read_map(const char *path, struct arena *arena)
{
	struct idmap *map = arena_alloc(arena, sizeof(*map));
	struct error err = ERROR_NONE;

	if (idmap_load(path, map, &err) == 0)
		return map;
	/* Without the map, the change of ids finds what has no mapping, with a shorter text. */
	log_debug("%s", err.text);
	return NULL;
}

void self_read_maps(struct self *self)
{
	const struct container_config *config = &self->config;

	if (!config_annotation(config, CONFIG_ANNOTATION_USER) &&
	    !config_annotation(config, CONFIG_ANNOTATION_GROUPS))
		return;
	self->uids = read_map("/proc/self/uid_map", &self->config.arena);
	self->gids = read_map("/proc/self/gid_map", &self->config.arena);
}

static int check_mapped(const struct idmap *map, const char *kind, uint64_t id, struct error *err)
{
	autostrbuf struct strbuf text = { 0 };

	if (!map || idmap_maps_inner(map, (uint32_t)id))
		return 0;
	idmap_print(map, &text);
	error_set(err, 0, "%s %" PRIu64 " is not mapped; the map is %s", kind, id, text.bytes);
	return error_hint(err,
			  "the container needs more ids: more subids for its caller (urun doctor "
			  "says how), or --%smap; --userns keep-id:%s=%" PRIu64
			  " gives it this one",
			  kind, kind, id);
}

static int check_groups_mapped(const struct self *self, size_t count, struct error *err)
{
	const struct config_user *user = self->config.process->user;

	for (size_t i = 0; i < count; i++)
		if (check_mapped(self->gids, "gid", user->additional_gids.items[i], err) < 0)
			return -1;
	return 0;
}

static int check_user_mapped(const struct self *self, struct error *err)
{
	const struct config_user *user = self->config.process->user;
	const char *text = config_annotation(&self->config, CONFIG_ANNOTATION_USER);

	if (text && (check_mapped(self->uids, "uid", user->uid.value, err) < 0 ||
		     check_mapped(self->gids, "gid", user->gid.value, err) < 0 ||
		     check_groups_mapped(self, user->additional_gids.count, err) < 0))
		return error_prefix(err, "--user %s", text);
	return 0;
}

int self_find_account(struct self *self, int root, enum log_level told, struct error *err)
{
	struct container_config *config = &self->config;
	enum user_groups groups = self_groups(self);
	size_t added;

	if (!config->process)
		return 0;
	if (account_find_user(root, groups, told, config, err) < 0 ||
	    check_user_mapped(self, err) < 0 ||
	    account_add_groups(root, groups, config, &added, err) < 0)
		return -1;
	if (check_groups_mapped(self, added, err) < 0)
		return error_prefix(err, "--group-add");
	self->shell = account_shell(root, config);
	account_fit_term(root, config);
	return 0;
}

/* ---- the program ---- */

/*
 * The shell of passwd, where the user may execute it; else the program stays "sh", which every root
 * file system has.
 */
static void take_shell(struct self *self)
{
	struct str_list *args = &self->config.process->args;

	if (!self->shell || !program_is_executable(self->shell))
		return;
	args->items[0] = arena_str(&self->config.arena, self->shell);
	self->shell = NULL;
}

static int enter_and_find(struct self *self, char **ret_path, struct error *err)
{
	const struct config_process *process = self->config.process;

	if (program_chdir(process, err) < 0)
		return -1;
	take_shell(self);
	return program_find(process, ret_path, err);
}

/*
 * Searches once more where the user's file system ids were refused: a FUSE file system of the caller's, such
 * as a volume with keep-id, admits only processes that have all ids of its owner.  If this fails too, the
 * first error stays.
 */
static int find_with_all_ids(struct self *self, char **ret_path, struct error *err)
{
	const struct config_process *process = self->config.process;
	struct error again = ERROR_NONE;
	struct user_ids own;
	char *path = NULL;
	int found;

	if (user_ids_begin(process->user, &own, &again) < 0)
		return -1;
	if (!(self->order.flags & ORDER_SETNS))
		program_make_cwd(process);
	found = enter_and_find(self, &path, &again);
	if (user_ids_end(&own, err) < 0 || found < 0) {
		free(path);
		return -1;
	}
	*ret_path = path;
	*err = ERROR_NONE;
	return 0;
}

/* The kernel stores the ids of the process that made the sync pipe. */
bool self_find_caller(const struct self *self, struct config_user *ret_caller)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(self->sync_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	    place_owner_is_unmapped(peer.uid) || place_owner_is_unmapped(peer.gid))
		return false;
	*ret_caller = (struct config_user){ .uid = { true, peer.uid }, .gid = { true, peer.gid } };
	return true;
}

/*
 * Uses the user's permissions, and comes before READY, so that `create` already reports what `start` would
 * fail with.  The working directory that is entered here stays ours.
 */
int self_find_program(struct self *self, struct error *err)
{
	const struct config_process *process = self->config.process;
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool closed[STDIO_COUNT], changed;
	char *path = NULL;
	struct config_user caller;
	int found;

	if (!process)
		return 0;
	changed = user_files_begin(process->user);
	stdio_find_closed(closed);
	found = enter_and_find(self, &path, err);
	if (changed)
		user_files_end();
	if (found < 0 && err->code == EACCES)
		found = find_with_all_ids(self, &path, err);
	/* ORDER: again after the change of ids for files, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (found < 0)
		return -1;
	program_prepare(process, path, NULL, root, &self->program);
	if (self_find_caller(self, &caller))
		stdio_give(closed, (uid_t)caller.uid.value, (uid_t)process->user->uid.value);
	return 0;
}

enum console_reader self_console_reader(const struct self *self)
{
	return self->order.flags & ORDER_CONSOLE_SENT ? CONSOLE_READER_ENGINE : CONSOLE_READER_URUN;
}

enum user_groups self_groups(const struct self *self)
{
	if (self->order.flags & ORDER_KEEP_GROUPS)
		return USER_GROUPS_KEEP;
	return self->order.flags & ORDER_SETGROUPS_DENIED ? USER_GROUPS_DENIED : USER_GROUPS_SET;
}

/* ORDER: before the profile's filter, whose errno counts where both have one. */
static int load_emulation(struct self *self, struct error *err)
{
	uint32_t size = self->order.section_sizes[ORDER_EMULATION_BPF];
	int none;

	if (size == 0)
		return 0;
	if (seccomp_load_program(self->sections[ORDER_EMULATION_BPF], size, 0, &none, err) < 0)
		return error_prefix(err, "root emulation");
	return 0;
}

static int load_filter(struct self *self, struct error *err)
{
	const struct config_seccomp *seccomp = self->config.linux->seccomp;
	autoclose int listener = -1;

	/* ORDER: before the profile's filter: see notify_begin(). */
	if (self->bypass >= 0 && notify_begin(self->bypass, err) < 0)
		return -1;
	if (load_emulation(self, err) < 0)
		return -1;
	if (!(self->order.flags & ORDER_FILTER))
		return 0;
	if (seccomp_load_program(self->sections[ORDER_FILTER_BPF],
				 self->order.section_sizes[ORDER_FILTER_BPF],
				 self->order.filter_flags, &listener, err) < 0)
		return -1;
	self->filtered = true;
	if (listener < 0 || !seccomp || self->seccomp_socket < 0)
		return 0;
	return seccomp_send_listener(self->seccomp_socket, listener, &self->listener_state, err);
}

static void prepare_listener_state(struct self *self)
{
	const struct config_seccomp *seccomp = self->config.linux->seccomp;

	if (self->seccomp_socket >= 0)
		seccomp_listener_state((pid_t)self->order.pid, seccomp->listener_metadata,
				       self->sections[ORDER_STATE_CREATED], &self->listener_state);
}

static int set_limits(const struct self *self, struct error *err)
{
	const struct config_process *process = self->config.process;

	limits_set_umask(process);
	if (limits_set_memory_policy(&self->config, err) < 0 ||
	    limits_set_personality(&self->config, err) < 0 ||
	    limits_set_scheduler(process, err) < 0 || limits_set_io_priority(process, err) < 0)
		return -1;
	return limits_set_rlimits(process, err);
}

/*
 * Makes a created container visible to `exec`, which has to read its /proc/PID: where our memory map belongs
 * to the caller's user namespace (core/init/join.h), `exec` else couldn't.  No descriptor of the host is open
 * any more.
 * ORDER: after the filter, the last step of confinement: from here on a process in our namespaces with
 * CAP_SYS_PTRACE can take us over.  Under a filter that refuses prctl(2) we stay hidden, and `exec` into the
 * container fails until it is started.
 */
static void become_visible(const struct self *self)
{
	const uint32_t needed = ORDER_WAIT_START | ORDER_PRCTL_ALLOWED;

	if (self->joins && (self->order.flags & needed) == needed)
		prctl(PR_SET_DUMPABLE, 1);
}

/*
 * ORDER: without no_new_privs, loading a filter needs CAP_SYS_ADMIN, so it is loaded while we have that
 * capability.  With no_new_privs the filter is loaded last, so that it need not allow the calls of the steps
 * before.
 */
static int confine_program(struct self *self, struct error *err)
{
	const struct config_process *process = self->config.process;
	struct config_capabilities sets;

	/* ORDER: before the filter, which may refuse sigaction(2). */
	inherit_restore_signals();
	prepare_listener_state(self);
	capability_resolve(process->capabilities, &sets);
	if (set_limits(self, err) < 0 || label_apply(process, &self->label, err) < 0)
		return -1;
	if (!process->no_new_privileges && load_filter(self, err) < 0)
		return -1;
	if (capability_drop_bounding(&sets, err) < 0 ||
	    process_become_user(process->user, self_groups(self), err) < 0)
		return -1;
	/* ORDER: again after the change of ids, which clears it. */
	if (self->order.flags & ORDER_DIE_WITH_PARENT)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (capability_apply(&sets, err) < 0)
		return -1;
	if (!process->no_new_privileges)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	return load_filter(self, err);
}

int self_become_program(struct self *self, struct error *err)
{
	if (confine_program(self, err) < 0)
		return -1;
	become_visible(self);
	return 0;
}

/* ---- begin and end ---- */

/*
 * Returns -1 where the descriptor isn't a socket: another program than urun has started us.  Any other failure
 * is sent over the pipe.
 */
static int parse_sync_fd(const char *number, int *ret_fd)
{
	struct error err = ERROR_NONE;
	uint32_t fd;
	struct stat st;

	if (number_parse_u32(number, INT32_MAX, &fd) < 0)
		return -1;
	if (fstat((int)fd, &st) < 0) {
		if (errno == EBADF)
			return -1;
		error_set(&err, errno, "stat the sync pipe");
	} else if (!S_ISSOCK(st.st_mode)) {
		return -1;
	} else if (fd_set_cloexec((int)fd) < 0) {
		error_set(&err, errno, "mark the sync pipe as close-on-exec");
	} else {
		*ret_fd = (int)fd;
		return 0;
	}
	pipe_send_error((int)fd, &err);
	_exit(1);
}

int self_begin(const char *sync_number, const char *mode, struct self *ret_self)
{
	*ret_self = (struct self){ .sync_fd = -1,
				   .config_message = MESSAGE_NONE,
				   .console_master = -1,
				   .start = -1,
				   .started = -1,
				   .clocks = -1,
				   .bypass = -1,
				   .seccomp_socket = -1,
				   .mount_namespace = -1,
				   .shm_namespace = -1,
				   .hold = -1,
				   .joins = str_equal(mode, INIT_MODE_JOIN),
				   .label = LABEL_NONE };
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		ret_self->joined[i] = -1;
	if (parse_sync_fd(sync_number, &ret_self->sync_fd) < 0) {
		dprintf(STDERR_FILENO, "urun: 'urun init' is started by urun itself\n");
		return -1;
	}
	prctl(PR_SET_NAME, INIT_COMM);
	/*
	 * The container's processes must not look into us by ptrace(2) or /proc/PID: we still have
	 * descriptors of the host.
	 */
	prctl(PR_SET_DUMPABLE, 0);
	return 0;
}

/*
 * Under the filter these two errors may be the filter's, whatever the system call.  Which calls the
 * profile refuses isn't known here.
 */
static void explain_by_filter(const struct self *self, struct error *err)
{
	if (self->filtered && !err->hint[0] && (err->code == EPERM || err->code == ENOSYS))
		error_hint(err, "linux.seccomp may refuse a system call that this takes");
}

/* Also called on the stack of the program's process, whose bounds the sanitizer doesn't know. */
__attribute__((no_sanitize_address)) _Noreturn void self_fail(struct self *self,
							      const struct error *err)
{
	struct error told = *err;

	explain_by_filter(self, &told);
	/* ORDER: before our end, which tells `start` that it can read the file. */
	if (self->failure)
		failure_set(self->failure, &told);
	if (self->sync_fd >= 0)
		pipe_send_error(self->sync_fd, &told);
	_exit(1);
}
