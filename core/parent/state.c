// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/config/shapes.h"
#include "core/cgroup/tree.h"
#include "rootless/name.h"
#include "rootless/subid.h"

#define FILE_STATE     "state.json"
#define FILE_STATE_NEW "state.json.new"
#define FILE_CREATING  "creating"
#define FILE_CONFIG    "config.json"

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
	{ .name = "uid",
	  .kind = JSON_U64,
	  .required = true,
	  .max = UINT32_MAX,
	  .offset = offsetof(struct container_state, uid) },
	{ .name = "foreground",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, foreground) },
	{ .name = "ownPidNamespace",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, own_pid_namespace) },
	{ .name = "newKeyring",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct container_state, new_keyring) },
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
	{ .name = "networkStartTime",
	  .kind = JSON_U64,
	  .offset = offsetof(struct container_state, network_start_time) },
	{ .name = "annotations",
	  .kind = JSON_STRING_MAP,
	  .offset = offsetof(struct container_state, annotations) },
	{ .name = "hooks",
	  .kind = JSON_OBJECT,
	  .shape = &config_hooks_shape,
	  .offset = offsetof(struct container_state, hooks) },
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

void state_dir_close(struct state_dir *dir)
{
	fd_close(&dir->fd);
	free(dir->path);
	free(dir->id);
	dir->path = dir->id = NULL;
}

int state_check_id(const char *id, struct error *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
	size_t length = strlen(id);

	if (length == 0)
		return error_set(err, 0, "the container id is empty");
	if (length > 255)
		return error_set(err, 0, "the container id has %zu bytes, more than 255", length);
	if (id[0] == '.')
		return error_set(err, 0, "container id '%s': it begins with '.'", id);
	if (id[strspn(id, allowed)] != '\0')
		return error_set(
			err, 0,
			"container id '%s': only letters, digits, '_', '+', '-' and '.' are allowed",
			id);
	return 0;
}

/* ORDER: ownership is checked on the opened folder, so that what is checked is what is used. */
static int open_root(const char *root, int create, int *ret_fd, struct error *err)
{
	autoclose int fd = -1;
	struct stat st;

	if (create) {
		autofree char *path = str_dup(root);

		for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
			*slash = '\0';
			(void)mkdir(path, 0700);
			*slash = '/';
		}
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return error_set(err, errno, "make state root %s", root);
	}
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "open state root %s", root);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "stat state root %s", root);
	if (st.st_uid != geteuid())
		return error_set(err, 0, "state root %s belongs to uid %u, not to us (%u)", root,
				 st.st_uid, geteuid());
	if (st.st_mode & 022 && !(st.st_mode & 01000))
		return error_set(err, 0, "state root %s can be written by others (mode %04o)", root,
				 st.st_mode & 07777);
	*ret_fd = take_fd(&fd);
	return 0;
}

static bool file_exists(const struct state_dir *dir, const char *name)
{
	return faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* After the lock is held: was the folder removed before we got it? */
static bool is_removed(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || st.st_nlink == 0;
}

static int lock_folder(struct state_dir *dir, int how, struct error *err)
{
	while (flock(dir->fd, how) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EWOULDBLOCK)
			return error_set(
				err, 0,
				"container %s is being created or changed by another command",
				dir->id);
		return error_set(err, errno, "lock %s", dir->path);
	}
	return 0;
}

static void empty_folder(const struct state_dir *dir)
{
	static const char *const names[] = { FILE_STATE,       FILE_STATE_NEW,
					     FILE_CREATING,    FILE_CONFIG,
					     STATE_FILE_START, STATE_FILE_RESOLV,
					     STATE_FILE_HOSTS, STATE_FILE_HOSTNAME,
					     STATE_FILE_PORTS };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (unlinkat(dir->fd, names[i], 0) < 0 && errno != ENOENT)
			log_warning("remove %s/%s: %s", dir->path, names[i],
				    error_errno_text(errno));
	if ((unlinkat(dir->fd, STATE_FOLDER_NOTIFY "/notify", 0) < 0 && errno != ENOENT) ||
	    (unlinkat(dir->fd, STATE_FOLDER_NOTIFY, AT_REMOVEDIR) < 0 && errno != ENOENT))
		log_warning("remove %s/%s: %s", dir->path, STATE_FOLDER_NOTIFY,
			    error_errno_text(errno));
	if (unlinkat(dir->fd, STATE_FOLDER_OVERLAY, AT_REMOVEDIR) < 0 && errno != ENOENT)
		log_warning("remove %s/%s: %s", dir->path, STATE_FOLDER_OVERLAY,
			    error_errno_text(errno));
}

/*
 * A folder that exists, and that we have locked: may it be taken over?  Yes, if its creation was
 * killed halfway, or the `run` that owned it was.  Whose process lives isn't rubbish.
 */
static int take_over(const struct state_dir *dir, struct error *err)
{
	struct container_state state = { 0 };
	struct error unread = ERROR_NONE;
	bool rubbish = true;

	if (state_read(dir, &state, &unread) == 0) {
		enum container_status status = state_status(dir, &state, NULL);

		rubbish = status == CONTAINER_STOPPED &&
			  (state.foreground || file_exists(dir, FILE_CREATING));
		if (rubbish) {
			struct cgroup_left left = state_cgroup(&state);

			if (cgroup_destroy(&left, &unread) < 0)
				log_warning("container %s: %s", dir->id, unread.text);
		}
		state_release(&state);
	} else if (unread.code != ENOENT) {
		rubbish = false;
	}
	if (!rubbish)
		return error_set(err, 0, "a container with this id already exists");
	log_info("container %s: its creator was killed: what it left in %s is removed", dir->id,
		 dir->path);
	empty_folder(dir);
	return 0;
}

int state_dir_create(const char *root, const char *id, struct state_dir *ret_dir, struct error *err)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	autoclose int root_fd = -1, creating = -1;
	bool existed = false;

	if (open_root(root, true, &root_fd, err) < 0)
		return -1;
	dir.path = str_format("%s/%s", root, id);
	dir.id = str_dup(id);
	if (mkdirat(root_fd, id, 0700) < 0) {
		if (errno != EEXIST)
			return error_set(err, errno, "make state folder %s", dir.path);
		existed = true;
	}
	dir.fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir.fd < 0)
		return error_set(err, errno, "open state folder %s", dir.path);
	/*
	 * ORDER: who holds the lock owns the folder, whoever made it: only then look at what is in
	 * it.
	 */
	if (flock(dir.fd, LOCK_EX | LOCK_NB) < 0 || is_removed(dir.fd))
		return error_set(err, 0,
				 "a container with this id is being created, or was just deleted");
	if (existed && take_over(&dir, err) < 0)
		return -1;
	creating = openat(dir.fd, FILE_CREATING, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (creating < 0)
		return error_set(err, errno, "make %s/%s", dir.path, FILE_CREATING);
	*ret_dir = dir;
	dir = STATE_DIR_NONE;
	return 0;
}

void state_dir_unlock(const struct state_dir *dir)
{
	flock(dir->fd, LOCK_UN);
}

int state_dir_relock(struct state_dir *dir, const struct container_state *state, struct error *err)
{
	struct container_state now = { 0 };
	struct error unread = ERROR_NONE;
	int ours;

	if (lock_folder(dir, LOCK_EX, err) < 0)
		return -1;
	if (is_removed(dir->fd) || state_read(dir, &now, &unread) < 0)
		return 0;
	ours = now.pid.value == state->pid.value && now.start_time.value == state->start_time.value;
	state_release(&now);
	return ours;
}

static int no_such_container(const char *root, const char *id, struct error *err)
{
	return error_set(err, 0, "container %s does not exist (looked in %s)", id, root);
}

int state_dir_open(const char *root, const char *id, enum state_lock lock,
		   struct state_dir *ret_dir, struct error *err)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	autoclose int root_fd = -1;
	int failed;

	if (state_check_id(id, err) < 0)
		return -1;
	if (open_root(root, false, &root_fd, err) < 0)
		return err->code == ENOENT ? no_such_container(root, id, err) : -1;
	dir.path = str_format("%s/%s", root, id);
	dir.id = str_dup(id);
	dir.fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	failed = errno;
	if (dir.fd < 0 && failed == ENOENT)
		return no_such_container(root, id, err);
	if (dir.fd < 0)
		return error_set(err, failed, "open state folder %s", dir.path);
	if (lock == STATE_LOCKED && lock_folder(&dir, LOCK_EX, err) < 0)
		return -1;
	if (is_removed(dir.fd))
		return no_such_container(root, id, err);
	*ret_dir = dir;
	dir = STATE_DIR_NONE;
	return 0;
}

int state_write(const struct state_dir *dir, const struct container_state *state, struct error *err)
{
	autostrbuf struct strbuf text = { 0 };
	autoclose int fd = -1;
	int failed;

	json_write(&state_shape, state, JSON_COMPACT, &text);
	fd = openat(dir->fd, FILE_STATE_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return error_set(err, errno, "make %s/%s", dir->path, FILE_STATE_NEW);
	failed = fd_write_all(fd, text.bytes, text.size);
	if (failed < 0)
		return error_set(err, -failed, "write %s/%s", dir->path, FILE_STATE_NEW);
	if (renameat(dir->fd, FILE_STATE_NEW, dir->fd, FILE_STATE) < 0)
		return error_set(err, errno, "rename %s/%s to %s", dir->path, FILE_STATE_NEW,
				 FILE_STATE);
	return 0;
}

int state_read(const struct state_dir *dir, struct container_state *ret_state, struct error *err)
{
	struct container_state state = { 0 };
	struct arena arena = { 0 };
	autofree char *bytes = NULL;
	autoclose int fd = -1;
	size_t size;
	int failed;

	fd = openat(dir->fd, FILE_STATE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "open %s/%s", dir->path, FILE_STATE);
	failed = fd_read_all(fd, JSON_SIZE_MAX, &bytes, &size);
	if (failed < 0)
		return error_set(err, -failed, "read %s/%s", dir->path, FILE_STATE);
	if (json_read(bytes, size, &state_shape, &state, &arena, err) < 0) {
		arena_release(&arena);
		return error_prefix(err, "%s/%s", dir->path, FILE_STATE);
	}
	*ret_state = state;
	ret_state->arena = arena;
	return 0;
}

int state_write_config(const struct state_dir *dir, const struct container_config *config,
		       struct error *err)
{
	autostrbuf struct strbuf text = { 0 };
	autoclose int fd = -1;
	int failed;

	config_print(config, JSON_COMPACT, &text);
	fd = openat(dir->fd, FILE_CONFIG, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return error_set(err, errno, "make %s/%s", dir->path, FILE_CONFIG);
	failed = fd_write_all(fd, text.bytes, text.size);
	return failed < 0 ? error_set(err, -failed, "write %s/%s", dir->path, FILE_CONFIG) : 0;
}

int state_read_config(const struct state_dir *dir, struct container_config *ret_config,
		      struct error *err)
{
	autofree char *path = str_format("%s/%s", dir->path, FILE_CONFIG);

	return config_load(path, ret_config, err);
}

int state_set_created(const struct state_dir *dir, struct error *err)
{
	if (unlinkat(dir->fd, FILE_CREATING, 0) < 0)
		return error_set(err, errno, "remove %s/%s", dir->path, FILE_CREATING);
	return 0;
}

enum container_status state_status(const struct state_dir *dir, const struct container_state *state,
				   int *ret_pidfd)
{
	autoclose int pidfd = pidfd_open_same((pid_t)state->pid.value, state->start_time.value);

	if (ret_pidfd)
		*ret_pidfd = -1;
	if (pidfd < 0)
		return CONTAINER_STOPPED;
	if (ret_pidfd)
		*ret_pidfd = take_fd(&pidfd);
	if (file_exists(dir, FILE_CREATING))
		return CONTAINER_CREATING;
	if (file_exists(dir, STATE_FILE_START))
		return CONTAINER_CREATED;
	return state->cgroup && cgroup_is_frozen(state->cgroup) ? CONTAINER_PAUSED
								: CONTAINER_RUNNING;
}

struct cgroup_left state_cgroup(const struct container_state *state)
{
	return (struct cgroup_left){ state->cgroup, state->cgroup_made, state->cgroup_unit,
				     state->cgroup_user_bus };
}

int state_dir_remove(struct state_dir *dir, struct error *err)
{
	empty_folder(dir);
	if (rmdir(dir->path) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove state folder %s", dir->path);
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(const char *root, char ***ret_ids, size_t *ret_count, struct error *err)
{
	char **ids = NULL;
	size_t count = 0;
	int fd = -1;
	DIR *stream;
	struct error ignored = ERROR_NONE;

	*ret_ids = NULL;
	*ret_count = 0;
	if (open_root(root, false, &fd, err) < 0)
		return err->code == ENOENT ? 0 : -1;
	stream = fdopendir(fd);
	if (!stream) {
		int failed = errno;

		fd_close(&fd);
		return error_set(err, failed, "read %s", root);
	}
	for (struct dirent *entry; (entry = readdir(stream));) {
		if (entry->d_name[0] == '.' || state_check_id(entry->d_name, &ignored) < 0)
			continue;
		ids = mem_resize(ids, count + 1, sizeof(*ids));
		ids[count++] = str_dup(entry->d_name);
	}
	closedir(stream);
	if (count)
		qsort(ids, count, sizeof(*ids), compare_ids);
	*ret_ids = ids;
	*ret_count = count;
	return 0;
}

/*
 * What `state` and hooks show: the spec's members, and those that engines read beside them (rootfs,
 * created, owner).
 */
struct shown_state {
	char *oci_version;
	char *id;
	char *status;
	struct opt_u64 pid;
	char *bundle;
	char *rootfs;
	char *created;
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
	{ .name = "owner", .kind = JSON_STRING, .offset = offsetof(struct shown_state, owner) },
	{ .name = "annotations",
	  .kind = JSON_STRING_MAP,
	  .offset = offsetof(struct shown_state, annotations) },
};
static const struct json_shape shown_shape = { sizeof(struct shown_state), shown_fields,
					       ARRAY_SIZE(shown_fields) };

void state_print(const struct container_state *state, enum container_status status,
		 enum json_style style, struct strbuf *out)
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

	json_write(&shown_shape, &shown, style, out);
}
