// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/again.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/remove.h"
#include "core/container/cgroup_end.h"
#include "core/container/ended.h"
#include "core/container/hooks.h"
#include "core/container/network.h"
#include "core/container/processes.h"

/* ---- the config ---- */

int again_write_origin(const struct state_dir *dir, const struct strbuf *text, struct error *err)
{
	int failed = file_replace(dir->fd, STATE_FILE_ORIGIN, 0600, text->bytes, text->size);

	return failed < 0 ? error_set(err, -failed, "write %s/%s", dir->path, STATE_FILE_ORIGIN)
			  : 0;
}

int again_read_origin(const struct state_dir *dir, struct container_config *ret_config,
		      struct error *err)
{
	autoclose int fd = openat(dir->fd, STATE_FILE_ORIGIN,
				  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	autofree char *bytes = NULL;
	size_t size = 0;
	int failed = fd < 0 ? -errno : fd_read_all(fd, JSON_SIZE_MAX, &bytes, &size);

	*ret_config = (struct container_config){ 0 };
	if (failed < 0)
		return error_set(err, -failed, "read %s/%s", dir->path, STATE_FILE_ORIGIN);
	if (config_parse_own(bytes, size, ret_config, err) < 0)
		return error_prefix(err, "%s/%s", dir->path, STATE_FILE_ORIGIN);
	return 0;
}

/* ---- a restart ---- */

int again_keep(const struct state_dir *dir, int *ret_fd, struct error *err)
{
	autoclose int fd = openat(dir->fd, STATE_FILE_RESTART,
				  O_RDONLY | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0)
		return error_set(err, errno, "lock %s/%s", dir->path, STATE_FILE_RESTART);
	*ret_fd = take_fd(&fd);
	return 0;
}

bool again_is_kept(const struct state_dir *dir)
{
	autoclose int fd = openat(dir->fd, STATE_FILE_RESTART,
				  O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

/* ---- the run before ---- */

int again_finish(struct state_dir *dir, const struct container_state *state, struct error *err)
{
	struct error unkept = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	if (container_end_cgroup(dir, state, err) < 0 || processes_end_rest(state, err) < 0)
		return -1;
	network_end(dir, state);
	hooks_run_poststop(state);
	if (ended_keep(dir, state, &unkept) < 0)
		log_warning("%s", error_format(&unkept, line));
	return 0;
}

static int remove_file(const struct state_dir *dir, const char *name, struct error *err)
{
	return unlinkat(dir->fd, name, 0) < 0 && errno != ENOENT
		       ? error_set(err, errno, "remove %s/%s", dir->path, name)
		       : 0;
}

/* All files that a creation makes and that are of one run alone. */
static int remove_run(const struct state_dir *dir, struct error *err)
{
	static const char *const names[] = {
		STATE_FILE_APT,	     STATE_FILE_PROFILE, STATE_FILE_RESOLV,  STATE_FILE_HOSTS,
		STATE_FILE_HOSTNAME, STATE_FILE_PASSWD,	 STATE_FILE_GROUP,   STATE_FILE_NETWORK,
		STATE_FILE_PORTS,    STATE_FILE_WAITED,	 STATE_FILE_MEMBERS, STATE_FILE_BYPASS,
		STATE_FILE_RESTART,  STATE_FILE_START,	 STATE_FILE_STARTED, STATE_FILE_FAILED,
	};
	autoclose int notify = openat(dir->fd, STATE_DIRECTORY_NOTIFY,
				      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (remove_file(dir, names[i], err) < 0)
			return -1;
	if (notify < 0)
		return 0;
	(void)remove_below(notify, NULL);
	return unlinkat(dir->fd, STATE_DIRECTORY_NOTIFY, AT_REMOVEDIR) < 0
		       ? error_set(err, errno, "remove %s/%s", dir->path, STATE_DIRECTORY_NOTIFY)
		       : 0;
}

/* ---- from one run to the next ---- */

static int rename_mark(const struct state_dir *dir, const char *from, const char *to,
		       struct error *err)
{
	return renameat(dir->fd, from, dir->fd, to) < 0
		       ? error_set(err, errno, "rename %s/%s to %s", dir->path, from, to)
		       : 0;
}

/* A run without a record leaves an empty file. */
static int save_record(const struct state_dir *dir, struct error *err)
{
	int failed;

	if (remove_file(dir, STATE_FILE_AGAIN, err) < 0)
		return -1;
	if (linkat(dir->fd, STATE_FILE_ENDED, dir->fd, STATE_FILE_AGAIN, 0) == 0)
		return 0;
	failed = errno == ENOENT ? file_create(dir->fd, STATE_FILE_AGAIN, 0600, "", 0) : -errno;
	return failed < 0 ? error_set(err, -failed, "make %s/%s", dir->path, STATE_FILE_AGAIN) : 0;
}

/* ORDER: the record has its second name before the mark says that the first may be gone. */
int again_begin(const struct state_dir *dir, struct error *err)
{
	if (save_record(dir, err) < 0 ||
	    rename_mark(dir, STATE_FILE_CREATED, STATE_FILE_CREATING, err) < 0)
		return -1;
	return remove_file(dir, STATE_FILE_ENDED, err) < 0 ? -1 : remove_run(dir, err);
}

/* ORDER: the mark goes last, so that a kill in between is reverted by the next command. */
int again_restore(const struct state_dir *dir, struct error *err)
{
	struct stat st;
	int creating = state_has_file(dir, STATE_FILE_CREATING, err);

	if (creating < 0)
		return -1;
	if (fstatat(dir->fd, STATE_FILE_AGAIN, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : error_set(err, errno, "look for %s/%s", dir->path,
						   STATE_FILE_AGAIN);
	if (st.st_size > 0 && linkat(dir->fd, STATE_FILE_AGAIN, dir->fd, STATE_FILE_ENDED, 0) < 0 &&
	    errno != EEXIST)
		return error_set(err, errno, "make %s/%s", dir->path, STATE_FILE_ENDED);
	if (creating && rename_mark(dir, STATE_FILE_CREATING, STATE_FILE_CREATED, err) < 0)
		return -1;
	again_done(dir);
	return 1;
}

int again_revert(const struct state_dir *dir, struct error *err)
{
	int creating = state_has_file(dir, STATE_FILE_CREATING, err);

	return creating > 0 ? again_restore(dir, err) : creating;
}

/* A file that stays here, beside the mark of a whole container, means nothing. */
void again_done(const struct state_dir *dir)
{
	(void)unlinkat(dir->fd, STATE_FILE_AGAIN, 0);
}
