// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/cgroup/tree.h"
#include "core/config/change.h"
#include "core/config/shapes.h"
#include "core/container/ended.h"
#include "rootless/name.h"
#include "rootless/subid.h"

/* In the order of enum cgroup_manager. */
static const char *const cgroup_managers[] = { "auto", "cgroupfs", "systemd", "disabled", NULL };

static const struct json_field state_fields[] = {
	{ .name = "ociVersion",
	  .kind = JSON_STRING,
	  .required = true,
	  .offset = offsetof(struct container_state, oci_version) },
	{ .name = "id",
	  .kind = JSON_STRING,
	  .required = true,
	  .offset = offsetof(struct container_state, id) },
	{ .name = "pid",
	  .kind = JSON_U64,
	  .required = true,
	  .max = INT32_MAX,
	  .offset = offsetof(struct container_state, pid) },
	{ .name = "startTime",
	  .kind = JSON_U64,
	  .required = true,
	  .offset = offsetof(struct container_state, start_time) },
	{ .name = "pidInode",
	  .kind = JSON_U64,
	  .offset = offsetof(struct container_state, pid_inode) },
	{ .name = "bundle",
	  .kind = JSON_STRING,
	  .required = true,
	  .offset = offsetof(struct container_state, bundle) },
	{ .name = "rootfs",
	  .kind = JSON_STRING,
	  .required = true,
	  .offset = offsetof(struct container_state, rootfs) },
	{ .name = "created",
	  .kind = JSON_STRING,
	  .required = true,
	  .offset = offsetof(struct container_state, created) },
	{ .name = "began", .kind = JSON_STRING, .offset = offsetof(struct container_state, began) },
	{ .name = "command",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct container_state, command) },
	{ .name = "uid",
	  .kind = JSON_U64,
	  .required = true,
	  .max = UINT32_MAX,
	  .offset = offsetof(struct container_state, uid) },
	{ .name = "foreground",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, foreground) },
	{ .name = "attached",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, attached) },
	{ .name = "byOptions",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, by_options) },
	{ .name = "placeholder",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, placeholder) },
	{ .name = "imageUse",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct container_state, image_use) },
	{ .name = "noPivot",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, no_pivot) },
	{ .name = "cgroupManager",
	  .kind = JSON_ENUM,
	  .offset = offsetof(struct container_state, manager),
	  .names = cgroup_managers },
	{ .name = "monitorPid",
	  .kind = JSON_U64,
	  .max = INT32_MAX,
	  .offset = offsetof(struct container_state, monitor_pid) },
	{ .name = "monitorStartTime",
	  .kind = JSON_U64,
	  .offset = offsetof(struct container_state, monitor_start_time) },
	{ .name = "monitorInode",
	  .kind = JSON_U64,
	  .offset = offsetof(struct container_state, monitor_inode) },
	{ .name = "ownPidNamespace",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, own_pid_namespace) },
	{ .name = "newKeyring",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, new_keyring) },
	{ .name = "rootEmulation",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, root_emulation) },
	{ .name = "showsHost",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, shows_host) },
	{ .name = "cgroup",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct container_state, cgroup) },
	{ .name = "cgroupMade",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct container_state, cgroup_made) },
	{ .name = "cgroupUnit",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct container_state, cgroup_unit) },
	{ .name = "cgroupUserBus",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, cgroup_user_bus) },
	{ .name = "network",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct container_state, network) },
	{ .name = "networkPid",
	  .kind = JSON_U64,
	  .max = INT32_MAX,
	  .offset = offsetof(struct container_state, network_pid) },
	{ .name = "sharedUser",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct container_state, shared_user) },
	{ .name = "sharedNetwork",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct container_state, shared_network) },
	{ .name = "sharedPid",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct container_state, shared_pid) },
	{ .name = "sharedIpc",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct container_state, shared_ipc) },
	{ .name = "sharedUts",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct container_state, shared_uts) },
	{ .name = "mountNamespace",
	  .kind = JSON_U64,
	  .offset = offsetof(struct container_state, mount_namespace) },
	{ .name = "annotations",
	  .kind = JSON_STRING_MAP,
	  .offset = offsetof(struct container_state, annotations) },
	{ .name = "hooks",
	  .kind = JSON_OBJECT,
	  .shape = &config_hooks_shape,
	  .offset = offsetof(struct container_state, hooks) },
	/* Only read by the table: state_write() appends it. */
	{ .name = "sum", .kind = JSON_STRING, .offset = offsetof(struct container_state, sum) },
};
static const struct json_shape state_shape = { sizeof(struct container_state), state_fields,
					       ARRAY_SIZE(state_fields) };

const char *container_status_name(enum container_status status)
{
	static const char *const names[] = { "creating", "created", "running", "paused",
					     "stopped" };

	return names[status];
}

void state_release(struct container_state *state)
{
	if (!state)
		return;
	arena_release(&state->arena);
	memset(state, 0, sizeof(*state));
}

const char *state_image(const struct container_state *state)
{
	/* An engine's config can have the annotation too: then nothing keeps the layers. */
	return state->image_use ? str_map_value(&state->annotations, CONFIG_ANNOTATION_IMAGE)
				: NULL;
}

#define COMMAND_MAX 256

char *state_command_text(const struct config_process *process, struct arena *arena)
{
	autostrbuf struct strbuf words = { 0 }, shown = { 0 };

	for (size_t i = 0; process && i < process->args.count && words.size < COMMAND_MAX; i++)
		strbuf_addf(&words, "%s%.*s", i ? " " : "", COMMAND_MAX, process->args.items[i]);
	if (words.size > COMMAND_MAX)
		words.bytes[COMMAND_MAX] = '\0';
	utf8_escape(words.size ? words.bytes : "", &shown);
	return arena_str(arena, shown.bytes ? shown.bytes : "");
}

const char *state_began(const struct container_state *state)
{
	return state->began ? state->began : state->created;
}

static int write_file(const struct state_dir *dir, const char *name, const struct strbuf *text,
		      struct error *err)
{
	int failed = file_replace(dir->fd, name, 0600, text->bytes, text->size);

	return failed < 0 ? error_set(err, -failed, "write %s/%s", dir->path, name) : 0;
}

/*
 * The end of a document: a sum over all bytes before it, against damage and not against attacks,
 * since only the owner of the file reads it.
 */
#define SUM_FORMAT ",\"sum\":\"%016" PRIx64 "\"}"
#define SUM_SIZE   (sizeof(",\"sum\":\"0123456789abcdef\"}") - 1)

static void print_with_sum(const struct container_state *state, struct strbuf *out)
{
	struct container_state unsummed = *state;

	unsummed.sum = NULL;
	json_write(&state_shape, &unsummed, JSON_OWN, out);
	/* Cuts off the last brace. */
	out->size--;
	strbuf_addf(out, SUM_FORMAT, hash_bytes(out->bytes, out->size));
}

/*
 * Damage can leave valid JSON: with another digit in the pid, another program would be killed.  A
 * state without a sum was written by an older urun.
 */
static int check_sum(const char *bytes, size_t size, const struct container_state *state,
		     struct error *err)
{
	char wanted[SUM_SIZE + 1];

	if (!state->sum)
		return 0;
	if (size > SUM_SIZE) {
		snprintf(wanted, sizeof(wanted), SUM_FORMAT, hash_bytes(bytes, size - SUM_SIZE));
		if (memcmp(bytes + size - SUM_SIZE, wanted, SUM_SIZE) == 0)
			return 0;
	}
	return error_set(err, 0, "sum: it doesn't fit: the file was damaged or edited");
}

int state_write(const struct state_dir *dir, const struct container_state *state, struct error *err)
{
	autostrbuf struct strbuf text = { 0 };

	print_with_sum(state, &text);
	return write_file(dir, STATE_FILE_STATE, &text, err) < 0
		       ? -1
		       : write_file(dir, STATE_FILE_COPY, &text, err);
}

static int read_file(const struct state_dir *dir, const char *name, char **ret_bytes,
		     size_t *ret_size, struct error *err)
{
	autoclose int fd =
		openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int failed;

	if (fd < 0)
		return error_set(err, errno, "open %s/%s", dir->path, name);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "stat %s/%s", dir->path, name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, 0, "open %s/%s: not a regular file", dir->path, name);
	failed = fd_read_known(fd, &st, JSON_SIZE_MAX, ret_bytes, ret_size);
	return failed < 0 ? error_set(err, -failed, "read %s/%s", dir->path, name) : 0;
}

int state_parse(const char *bytes, size_t size, struct container_state *ret_state,
		struct error *err)
{
	struct container_state state = { 0 };
	struct arena arena = { 0 };

	if (json_read_own(bytes, size, &state_shape, &state, &arena, err) < 0 ||
	    check_sum(bytes, size, &state, err) < 0) {
		arena_release(&arena);
		return -1;
	}
	*ret_state = state;
	ret_state->arena = arena;
	return 0;
}

static int read_state_file(const struct state_dir *dir, const char *name,
			   struct container_state *ret_state, struct error *err)
{
	struct container_state state = { 0 };
	autofree char *bytes = NULL;
	size_t size = 0;

	if (read_file(dir, name, &bytes, &size, err) < 0)
		return -1;
	if (state_parse(bytes, size, &state, err) < 0)
		return error_prefix(err, "%s/%s", dir->path, name);
	/* A state.json that was copied from another container would have that container killed. */
	if (!str_equal(state.id, dir->id)) {
		error_set(err, 0, "%s/%s: it is of another container, %s", dir->path, name,
			  state.id);
		state_release(&state);
		return -1;
	}
	*ret_state = state;
	return 0;
}

int state_read(const struct state_dir *dir, struct container_state *ret_state, struct error *err)
{
	return read_state_file(dir, STATE_FILE_STATE, ret_state, err);
}

int state_read_copy(const struct state_dir *dir, struct container_state *ret_state,
		    struct error *err)
{
	return read_state_file(dir, STATE_FILE_COPY, ret_state, err);
}

int state_write_config(const struct state_dir *dir, const struct container_config *config,
		       struct error *err)
{
	autostrbuf struct strbuf text = { 0 };

	config_print(config, JSON_OWN, &text);
	return write_file(dir, STATE_FILE_CONFIG, &text, err);
}

int state_read_config(const struct state_dir *dir, struct container_config *ret_config,
		      struct error *err)
{
	autofree char *bytes = NULL;
	size_t size = 0;

	*ret_config = (struct container_config){ 0 };
	if (read_file(dir, STATE_FILE_CONFIG, &bytes, &size, err) < 0)
		return -1;
	if (config_parse_own(bytes, size, ret_config, err) < 0)
		return error_prefix(err, "%s/%s", dir->path, STATE_FILE_CONFIG);
	return 0;
}

int state_has_file(const struct state_dir *dir, const char *name, struct error *err)
{
	if (faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : error_set(err, errno, "look for %s/%s", dir->path, name);
}

/* The status of a container whose process is alive. */
static int status_of_living(const struct state_dir *dir, const struct container_state *state,
			    enum container_status *ret_status, struct error *err)
{
	int found = state_has_file(dir, STATE_FILE_CREATING, err);

	*ret_status = CONTAINER_CREATING;
	if (found != 0)
		return found < 0 ? -1 : 0;
	*ret_status = CONTAINER_CREATED;
	found = state_has_file(dir, STATE_FILE_START, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	found = state->cgroup ? cgroup_is_frozen(state->cgroup, err) : 0;
	*ret_status = found > 0 ? CONTAINER_PAUSED : CONTAINER_RUNNING;
	return found < 0 ? -1 : 0;
}

/*
 * A process that /proc hides is known by its number; without numbers (before Linux 6.9) a container
 * that waits for `start` is known by the FIFO, which only its init and its creator read.
 */
static int open_first_process(const struct state_dir *dir, const struct container_state *state)
{
	int pidfd = pidfd_open_same((pid_t)state->pid.value, state->start_time.value,
				    state->pid_inode.value);
	struct process_stat stat;
	autoclose int fifo = -1;

	/* A process that /proc shows is another one, or has ended. */
	if (!process_may_be_hidden(pidfd) || state->pid_inode.set ||
	    process_read_stat((pid_t)state->pid.value, &stat) == 0)
		return pidfd;
	fifo = openat(dir->fd, STATE_FILE_START, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fifo < 0 ? pidfd : pidfd_open_process((pid_t)state->pid.value);
}

int state_status(const struct state_dir *dir, const struct container_state *state,
		 enum container_status *ret_status, int *ret_pidfd, struct error *err)
{
	autoclose int pidfd = open_first_process(dir, state);

	if (ret_pidfd)
		*ret_pidfd = -1;
	*ret_status = CONTAINER_STOPPED;
	/*
	 * There is no such process, or the pid can't be one.  Any other failure (too many open
	 * files, no memory) says nothing about the process: a container that may live is never
	 * taken for stopped, since its state would be removed and its program left behind.
	 */
	if (pidfd == -ESRCH || pidfd == -EINVAL)
		return 0;
	if (pidfd < 0)
		return error_set(err, -pidfd, "look at the container's process %" PRIu64,
				 state->pid.value);
	if (status_of_living(dir, state, ret_status, err) < 0)
		return -1;
	if (ret_pidfd)
		*ret_pidfd = take_fd(&pidfd);
	return 0;
}

int state_record_pid(struct container_state *state, pid_t pid, int pidfd)
{
	uint64_t inode = pidfd_inode(pidfd);
	char process_state;
	int failed;

	state->pid = (struct opt_u64){ .set = true, .value = (uint64_t)pid };
	state->pid_inode = (struct opt_u64){ .set = inode != 0, .value = inode };
	state->start_time = (struct opt_u64){ .set = true };
	failed = pidfd_start_time(pid, &state->start_time.value, &process_state);
	/* A living process without a start time is hidden (hidepid). */
	return failed < 0 && pidfd_signal(pidfd, 0) < 0 ? failed : 0;
}

int state_read_again(const struct state_dir *dir, struct container_state *state, struct error *err)
{
	struct container_state now = { 0 };
	bool same;

	if (state_read(dir, &now, err) < 0)
		return -1;
	same = str_equal(state_began(&now), state_began(state));
	state_release(state);
	*state = now;
	return same;
}

void state_record_monitor(struct container_state *state)
{
	autoclose int pidfd = pidfd_open_process(getpid());
	uint64_t inode = pidfd < 0 ? 0 : pidfd_inode(pidfd);
	char process_state;

	state->monitor_pid = (struct opt_u64){ .set = true, .value = (uint64_t)getpid() };
	state->monitor_inode = (struct opt_u64){ .set = inode != 0, .value = inode };
	state->monitor_start_time.set =
		pidfd_start_time(getpid(), &state->monitor_start_time.value, &process_state) == 0;
}

int state_open_monitor(const struct container_state *state)
{
	if (!state->monitor_pid.set)
		return -ESRCH;
	return pidfd_open_same((pid_t)state->monitor_pid.value, state->monitor_start_time.value,
			       state->monitor_inode.value);
}

int state_learn_start_time(const struct state_dir *dir, struct container_state *state,
			   struct error *err)
{
	char process_state;
	int failed;

	if (state->start_time.value != 0)
		return 0;
	failed =
		pidfd_start_time((pid_t)state->pid.value, &state->start_time.value, &process_state);
	/* The process is still hidden, or has ended. */
	if (process_may_be_hidden(failed))
		return 0;
	if (failed < 0)
		return error_set(err, -failed, "read the start time of process %" PRIu64,
				 state->pid.value);
	return state_write(dir, state, err);
}

struct cgroup_left state_cgroup(const struct container_state *state)
{
	return (struct cgroup_left){ state->cgroup, state->cgroup_made, state->cgroup_unit,
				     state->cgroup_user_bus };
}

/*
 * The state as `state` and hooks show it: the spec's members, and members that engines read beside
 * them (rootfs, created, owner).
 */
struct shown_state {
	char *oci_version;
	char *id;
	char *status;
	struct opt_u64 pid;
	char *bundle;
	char *rootfs;
	char *created;
	char *finished;
	struct opt_u64 exit_status;
	struct opt_u64 signal;
	struct opt_bool oom_killed;
	char *ended_with;
	char *owner;
	str_map annotations;
};

static const struct json_field shown_fields[] = {
	{ .name = "ociVersion",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct shown_state, oci_version) },
	{ .name = "id", .kind = JSON_STRING, .offset = offsetof(struct shown_state, id) },
	{ .name = "pid", .kind = JSON_U64, .offset = offsetof(struct shown_state, pid) },
	{ .name = "status", .kind = JSON_STRING, .offset = offsetof(struct shown_state, status) },
	{ .name = "bundle", .kind = JSON_STRING, .offset = offsetof(struct shown_state, bundle) },
	{ .name = "rootfs", .kind = JSON_STRING, .offset = offsetof(struct shown_state, rootfs) },
	{ .name = "created", .kind = JSON_STRING, .offset = offsetof(struct shown_state, created) },
	{ .name = "finished",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct shown_state, finished) },
	{ .name = "exitStatus",
	  .kind = JSON_U64,
	  .offset = offsetof(struct shown_state, exit_status) },
	{ .name = "signal", .kind = JSON_U64, .offset = offsetof(struct shown_state, signal) },
	{ .name = "oomKilled",
	  .kind = JSON_OPT_BOOL,
	  .offset = offsetof(struct shown_state, oom_killed) },
	{ .name = "endedWith",
	  .kind = JSON_STRING,
	  .offset = offsetof(struct shown_state, ended_with) },
	{ .name = "owner", .kind = JSON_STRING, .offset = offsetof(struct shown_state, owner) },
	{ .name = "annotations",
	  .kind = JSON_STRING_MAP,
	  .offset = offsetof(struct shown_state, annotations) },
};
static const struct json_shape shown_shape = { sizeof(struct shown_state), shown_fields,
					       ARRAY_SIZE(shown_fields) };

int state_check_text(const struct container_state *state, struct error *err)
{
	if (json_check_text(&state_shape, state, err) == 0)
		return 0;
	return error_prefix(err,
			    "hooks and seccomp agents get the state as JSON, which can't say it");
}

void state_print(const struct container_state *state, enum container_status status,
		 enum json_style style, struct strbuf *out)
{
	state_print_ended(state, status, NULL, style, out);
}

void state_print_ended(const struct container_state *state, enum container_status status,
		       const struct ended *ended, enum json_style style, struct strbuf *out)
{
	autofree char *owner = name_of_user("", (uid_t)state->uid.value);
	autofree char *status_name = str_dup(container_status_name(status));
	struct shown_state shown = {
		.oci_version = state->oci_version,
		.id = state->id,
		.status = status_name,
		.pid = { .set = true, .value = status == CONTAINER_STOPPED ? 0 : state->pid.value },
		.bundle = state->bundle,
		.rootfs = state->rootfs,
		.created = state->created,
		.owner = owner,
		.annotations = state->annotations,
	};

	if (ended) {
		shown.finished = ended->finished;
		shown.exit_status = ended->exit_status;
		shown.signal = ended->signal;
		shown.oom_killed = ended->oom_killed;
		shown.ended_with = ended->ended_with;
	}
	json_write(&shown_shape, &shown, style, out);
}
