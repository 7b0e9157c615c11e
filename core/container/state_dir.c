// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
/*
 * The directories below a state root.
 *
 * A state root is a directory like any other, and a user can name the wrong one (--root ~/bundles).
 * Two rules follow.
 *
 * First, nothing of a directory is removed unless the directory is known to be a container's: it
 * has a state.json that is one, or a file with the text FILE_MARK, which its creation makes first.
 *
 * Second, a container's directory has its name only while it is known to be a container's, even if
 * we are killed at any moment: it is made as ".new=ID" and renamed when it has the mark, and it is
 * renamed to ".old=ID" before it is emptied.  No id begins with a dot or has '=', so nobody else
 * uses these two names, and the next creation or deletion of the same id removes what a killed urun
 * leaves under them.
 */
#include "core/container/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/mountinfo.h"
#include "core/base/place.h"
#include "core/base/remove.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/cgroup/tree.h"
#include "core/container/ended.h"
#include "core/container/holder.h"
#include "core/container/replace.h"
#include "core/container/rubbish.h"
#include "core/container/state_lock.h"
#include "core/container/state_root.h"

#define FILE_MARK "urun container\n"

#define PREFIX_NEW ".new="
#define PREFIX_OLD ".old="

/*
 * How long a creation waits for another command that has the id for a moment: a deletion, the end of a `run`, or a
 * `list` that looks whether ".new=ID" is a dead one's.
 */
#define CREATE_WAIT_MS 2000

void state_dir_close(struct state_dir *dir)
{
	fd_close(&dir->fd);
	fd_close(&dir->root_fd);
	free(dir->path);
	free(dir->id);
	dir->path = dir->id = NULL;
}

/* Does @fd still have the name? */
static bool still_has_name(int root_fd, const char *name, int fd)
{
	struct stat named, st;

	return fstat(fd, &st) == 0 && fstatat(root_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       stat_same(&st, &named);
}

/*
 * With the lock held: was the directory removed before we got the lock?  False where the check
 * fails: a command would say otherwise that the container doesn't exist.
 */
static bool is_removed(const struct state_dir *dir)
{
	struct stat named, st;

	if (fstatat(dir->root_fd, dir->id, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || errno == ENOTDIR;
	return fstat(dir->fd, &st) == 0 && !stat_same(&st, &named);
}

static int refuse_locked(const struct state_dir *dir, int timeout_ms,
			 const struct lock_holder *holder, struct error *err)
{
	if (holder->stopped) {
		error_set(err, 0,
			  "container %s is being created or changed by process %d, which is "
			  "stopped",
			  dir->id, holder->pid);
		return error_hint(err, "continue it with `kill -CONT %d`, or use `delete --force`",
				  holder->pid);
	}
	if (holder->pid)
		return error_set(err, 0,
				 "container %s is being created or changed by process %d for more "
				 "than %d s",
				 dir->id, holder->pid, timeout_ms / 1000);
	return error_set(err, 0,
			 "container %s is being created or changed by another command for more "
			 "than %d s",
			 dir->id, timeout_ms / 1000);
}

static int lock_directory(const struct state_dir *dir, int timeout_ms, struct error *err)
{
	struct lock_holder holder;
	int failed = state_lock_take(dir->fd, timeout_ms, &holder);

	if (failed == -ETIMEDOUT)
		return refuse_locked(dir, timeout_ms, &holder, err);
	return failed < 0 ? error_set(err, -failed, "lock %s", dir->path) : 0;
}

/* ---- contents ---- */

/* The text makes the mark, since a bundle may have a file of this name. */
static bool has_mark(int dir, const char *name)
{
	char text[sizeof(FILE_MARK)];
	autoclose int fd =
		openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       read(fd, text, sizeof(text)) == sizeof(FILE_MARK) - 1 &&
	       memcmp(text, FILE_MARK, sizeof(FILE_MARK) - 1) == 0;
}

bool state_dir_is_half(const struct state_dir *dir)
{
	return has_mark(dir->fd, STATE_FILE_CREATING);
}

bool state_dir_is_marked(const struct state_dir *dir)
{
	return has_mark(dir->fd, STATE_FILE_CREATING) || has_mark(dir->fd, STATE_FILE_CREATED);
}

static void remove_one(int fd, const char *path, const char *name, int flags)
{
	if (unlinkat(fd, name, flags) < 0 && errno != ENOENT)
		log_warning("remove %s/%s: %s", path, name, error_errno_text(errno));
}

static const char *mark_of(int fd)
{
	if (has_mark(fd, STATE_FILE_CREATED))
		return STATE_FILE_CREATED;
	return has_mark(fd, STATE_FILE_CREATING) ? STATE_FILE_CREATING : NULL;
}

/*
 * Empties a directory that is known to be a container's; hooks may have left files in it.
 * ORDER: the mark goes last, so that the next urun recognizes the rests of a killed one.
 */
static void empty_container(int fd, const char *path)
{
	const char *mark = mark_of(fd);
	int failed = remove_below(fd, mark);

	if (failed < 0)
		log_warning("remove what is in %s: %s", path, error_errno_text(-failed));
	else if (mark)
		remove_one(fd, path, mark, 0);
}

/*
 * A directory without the mark is empty, but for the mark's file before its text was written; or it
 * isn't ours.
 */
static void empty_marked(int fd, const char *path)
{
	struct stat st;

	if (mark_of(fd))
		empty_container(fd, path);
	else if (fstatat(fd, STATE_FILE_CREATING, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		 S_ISREG(st.st_mode) && st.st_size == 0)
		remove_one(fd, path, STATE_FILE_CREATING, 0);
}

/*
 * Refuses, before anything is removed, a directory in which something is mounted: that belongs to
 * somebody else.
 */
static int check_nothing_mounted(const struct state_dir *dir, struct error *err)
{
	autofree char *text = NULL;
	char path[PATH_MAX];
	struct mountinfo mount;
	int length = fd_path(dir->fd, path);
	size_t size;
	char *rest;

	if (length <= 0 ||
	    fd_read_file("/proc/self/mountinfo", MOUNTINFO_SIZE_MAX, &text, &size) < 0)
		return 0;
	rest = text;
	while (mountinfo_next(&rest, &mount)) {
		if (strncmp(mount.point, path, (size_t)length) != 0 || mount.point[length] != '/')
			continue;
		error_set(err, EBUSY, "remove state directory %s: %s is mounted on", dir->path,
			  mount.point);
		return error_hint(err, "unmount it first");
	}
	return 0;
}

/* ---- names during creation and removal ---- */

/* An id may be as long as a name can be: then the prefix replaces the first part of it. */
static char *name_beside(const char *prefix, const char *id)
{
	size_t length = strlen(prefix) + strlen(id);

	return str_format("%s%s", prefix, id + (length > NAME_MAX ? length - NAME_MAX : 0));
}

/*
 * Removes the rests of a killed urun under @name.
 * ORDER: first the lock, then the check whether the directory still has the name: a directory that
 * was renamed since is a container's, or the holder of the lock is removing it.
 */
static void sweep(int root_fd, const char *name)
{
	autoclose int fd = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() ||
	    flock(fd, LOCK_EX | LOCK_NB) < 0 || !still_has_name(root_fd, name, fd))
		return;
	empty_marked(fd, name);
	unlinkat(root_fd, name, AT_REMOVEDIR);
}

static void sweep_id(int root_fd, const char *id)
{
	autofree char *new_name = name_beside(PREFIX_NEW, id);
	autofree char *old_name = name_beside(PREFIX_OLD, id);

	sweep(root_fd, new_name);
	sweep(root_fd, old_name);
}

void state_sweep(const char *root, const char *id)
{
	autoclose int root_fd = -1;
	struct error ignored = ERROR_NONE;

	if (state_root_open(root, PLACE_MUST_EXIST, &root_fd, &ignored) == 0)
		sweep_id(root_fd, id);
}

/* Returns 0; -EEXIST where @to exists; or another negative errno. */
static int rename_to_new(int dir, const char *from, const char *to)
{
	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	/* A file system without the flag (NFS): a plain rename replaces an empty directory only. */
	if (faccessat(dir, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	if (errno != ENOENT)
		return -errno;
	if (renameat(dir, from, dir, to) == 0)
		return 0;
	return errno == ENOTEMPTY || errno == ENOTDIR ? -EEXIST : -errno;
}

/* ---- creation ---- */

static int being_created(struct error *err)
{
	error_set(err, 0, "a container with this id is being created, or was just deleted");
	err->cause = ERROR_CAUSE_ID_BUSY;
	return -1;
}

/*
 * Makes ".new=ID" (@name), locks it and writes the mark.  Returns 1; 0 where another command has
 * the directory: a command that creates the same id, or that takes our unlocked directory for a
 * dead one's; or -1.
 */
static int make_marked(struct state_dir *dir, const char *name, struct error *err)
{
	int failed;

	if (mkdirat(dir->root_fd, name, 0700) < 0)
		return errno == EEXIST
			       ? 0
			       : error_set(err, errno, "make state directory %s", dir->path);
	dir->fd = openat(dir->root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd < 0) {
		if (errno == ENOENT)
			return 0;
		error_set(err, errno, "open state directory %s", dir->path);
		/* The directory is empty, or another command's: then this fails, which is right. */
		unlinkat(dir->root_fd, name, AT_REMOVEDIR);
		return -1;
	}
	if (flock(dir->fd, LOCK_EX | LOCK_NB) < 0 || !still_has_name(dir->root_fd, name, dir->fd))
		return 0;
	failed = file_create(dir->fd, STATE_FILE_CREATING, 0600, FILE_MARK, strlen(FILE_MARK));
	if (failed == 0)
		return 1;
	/* The names are enough: no descriptor may be left to look into the directory. */
	unlinkat(dir->fd, STATE_FILE_CREATING, 0);
	unlinkat(dir->root_fd, name, AT_REMOVEDIR);
	return error_set(err, -failed, "make %s/%s", dir->path, STATE_FILE_CREATING);
}

/* Returns 1 with @dir opened and locked, 0 where the id is taken, or -1. */
static int make_new_directory(struct state_dir *dir, struct error *err)
{
	autofree char *name = name_beside(PREFIX_NEW, dir->id);
	int made, renamed;

	sweep_id(dir->root_fd, dir->id);
	made = make_marked(dir, name, err);
	if (made != 1) {
		if (made < 0 && dir->fd >= 0 && still_has_name(dir->root_fd, name, dir->fd)) {
			empty_marked(dir->fd, dir->path);
			unlinkat(dir->root_fd, name, AT_REMOVEDIR);
		}
		fd_close(&dir->fd);
		return made;
	}
	renamed = rename_to_new(dir->root_fd, name, dir->id);
	if (renamed == 0)
		return 1;
	empty_marked(dir->fd, dir->path);
	unlinkat(dir->root_fd, name, AT_REMOVEDIR);
	fd_close(&dir->fd);
	return renamed == -EEXIST ? 0
				  : error_set(err, -renamed, "make state directory %s", dir->path);
}

static int already_exists(const struct state_dir *dir, struct error *err)
{
	int found = state_dir_is_marked(dir) ? 1 : state_has_file(dir, STATE_FILE_STATE, err);

	if (found < 0)
		return -1;
	if (found > 0) {
		error_set(err, 0, "a container with this id already exists");
		return error_hint(err, "`urun rm %s` removes one that has ended", dir->id);
	}
	error_set(err, 0, "%s already exists, and is no container's: nothing in it is touched",
		  dir->path);
	return error_hint(err, "take another id, or another state root with --root");
}

static int open_mark(const struct state_dir *dir)
{
	return openat(dir->fd, STATE_FILE_CREATED,
		      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int state_hold(const struct state_dir *dir)
{
	autoclose int fd = open_mark(dir);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? take_fd(&fd) : -1;
}

/*
 * The id is taken.  Removes the directory, so that the id is free again, if this is allowed.  Returns 0 where the
 * creation is to be tried again, or -1.
 * ORDER: the holder of the lock owns the directory: only then its contents are examined.
 */
static int take_over(struct state_dir *dir, bool may_wait, struct error *err)
{
	int result = state_root_open_directory(dir->root_fd, dir->id, dir->path, &dir->fd, err);

	if (result < 0)
		return err->code == ENOENT ? 0 : -1;
	if (flock(dir->fd, LOCK_EX | LOCK_NB) < 0) {
		/* A creation takes its time; another command may give the id back in a moment. */
		result = !state_dir_is_half(dir) && may_wait ? 0 : being_created(err);
	} else if (!is_removed(dir)) {
		int removed = rubbish_remove(dir, err);

		result = removed == 0 ? already_exists(dir, err) : removed < 0 ? -1 : 0;
	}
	fd_close(&dir->fd);
	return result;
}

int state_dir_create(const char *root, const char *id, struct state_dir *ret_dir, struct error *err)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	int64_t end = clock_ms() + CREATE_WAIT_MS, pause = STATE_TRY_MS;
	int made = 0;

	if (state_root_open(root, PLACE_MAKE, &dir.root_fd, err) < 0)
		return -1;
	dir.path = str_format("%s/%s", root, id);
	dir.id = str_dup(id);
	for (;;) {
		bool may_wait = clock_ms() < end;

		/* Checked first, so that a wrong root itself isn't touched at all. */
		if (faccessat(dir.root_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			made = make_new_directory(&dir, err);
		if (made < 0 || (made == 0 && take_over(&dir, may_wait, err) < 0))
			return -1;
		if (made > 0)
			break;
		if (!may_wait)
			return being_created(err);
		state_lock_rest(&pause);
	}
	*ret_dir = dir;
	dir = STATE_DIR_NONE;
	return 0;
}

int state_set_created(const struct state_dir *dir, struct error *err)
{
	if (renameat(dir->fd, STATE_FILE_CREATING, dir->fd, STATE_FILE_CREATED) < 0)
		return error_set(err, errno, "rename %s/%s to %s", dir->path, STATE_FILE_CREATING,
				 STATE_FILE_CREATED);
	return 0;
}

/* ---- existing directories ---- */

void state_dir_unlock(const struct state_dir *dir)
{
	flock(dir->fd, LOCK_UN);
}

int state_dir_relock(struct state_dir *dir, int timeout_ms, struct error *err)
{
	return lock_directory(dir, timeout_ms, err) < 0 ? -1 : !is_removed(dir);
}

void state_dir_open_up(const char *root, const char *id)
{
	autoclose int root_fd = -1, fd = -1, opened = -1;
	struct error ignored = ERROR_NONE;
	struct stat st;
	char path[32];

	if (state_root_open(root, PLACE_MUST_EXIST, &root_fd, &ignored) < 0)
		return;
	fd = openat(root_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || (st.st_mode & S_IRWXU) == S_IRWXU ||
	    st.st_uid != geteuid() || remove_make_accessible(fd) < 0)
		return;
	opened = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (opened >= 0 && mark_of(opened))
		return;
	/* The directory isn't a container's. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (chmod(path, st.st_mode & 07777) < 0)
		log_warning("give %s/%s its mode back: %s", root, id, error_errno_text(errno));
}

/* Returns 1: the only failure that a list of containers doesn't report. */
static int no_such_container(const char *root, const char *id, struct error *err)
{
	error_set(err, 0, "container %s does not exist (looked in %s)", id, root);
	return 1;
}

int state_dir_open(const char *root, const char *id, enum state_lock lock,
		   struct state_dir *ret_dir, struct error *err)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;

	if (!holder_is_id(id) && state_check_id(id, err) < 0)
		return -1;
	if (state_root_open(root, PLACE_MUST_EXIST, &dir.root_fd, err) < 0)
		return err->code == ENOENT ? no_such_container(root, id, err) : -1;
	dir.path = str_format("%s/%s", root, id);
	dir.id = str_dup(id);
	if (state_root_open_directory(dir.root_fd, id, dir.path, &dir.fd, err) < 0)
		return err->code == ENOENT ? no_such_container(root, id, err) : -1;
	if (lock == STATE_LOCKED && lock_directory(&dir, STATE_LOCK_MS, err) < 0)
		return -1;
	if (is_removed(&dir))
		return no_such_container(root, id, err);
	*ret_dir = dir;
	dir = STATE_DIR_NONE;
	return 0;
}

/*
 * For a directory without a state.json: removes the rests of a killed creation, and reports any
 * other case.  A container that was handed over and has lost the file is kept, since its program
 * may still run.  Returns as container_open() does, 0 where the file exists now.
 * ORDER: first the lock, then the check: the holder of the lock may be about to write the state, or
 * to remove the directory.
 */
static int settle_missing(const char *root, struct state_dir *dir, struct error *err)
{
	struct error unremoved = ERROR_NONE;
	int found;

	if (is_removed(dir))
		return no_such_container(root, dir->id, err);
	if (!state_dir_is_marked(dir) && !is_removed(dir))
		return error_set(err, 0, "%s is no container's: it has no %s", dir->path,
				 STATE_FILE_STATE);
	if (flock(dir->fd, LOCK_EX | LOCK_NB) < 0) {
		error_set(err, 0, "container %s is being created by another command", dir->id);
		return 1;
	}
	/* Nothing is removed where the check fails: there may be a state, and a living program. */
	found = state_has_file(dir, STATE_FILE_STATE, err);
	if (found != 0) {
		state_dir_unlock(dir);
		return found < 0 ? -1 : 0;
	}
	if (is_removed(dir))
		return no_such_container(root, dir->id, err);
	if (!state_dir_is_half(dir)) {
		state_dir_unlock(dir);
		error_set(err, ENOENT, "container %s: open %s/%s", dir->id, dir->path,
			  STATE_FILE_STATE);
		return error_hint(err,
				  "its program may run still: end it with "
				  "`urun delete --force %s`",
				  dir->id);
	}
	if (state_dir_remove(dir, &unremoved) < 0)
		log_warning("%s", unremoved.text);
	return no_such_container(root, dir->id, err);
}

/* The caller holds the lock. */
static bool clear_locked(struct state_dir *dir)
{
	struct error unremoved = ERROR_NONE;
	int removed = is_removed(dir) ? 1 : rubbish_remove(dir, &unremoved);

	if (removed < 0)
		log_warning("%s", unremoved.text);
	return removed > 0;
}

bool state_dir_clear(struct state_dir *dir)
{
	bool gone;

	if (flock(dir->fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	gone = clear_locked(dir);
	state_dir_unlock(dir);
	return gone;
}

void container_close(struct container *container)
{
	state_release(&container->state);
	state_dir_close(&container->dir);
}

/* What the command wants of the container is done in any case. */
static void attend_again(struct container *container, enum state_lock lock)
{
	struct error failed = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	if (monitor_replace(container, lock, REPLACE_AT_ONCE, &failed) < 0)
		log_warning("%s", error_format(&failed, line));
}

int container_open(const char *root, const char *id, enum state_lock lock,
		   struct container *ret_container, struct error *err)
{
	struct container container = CONTAINER_NONE;
	struct state_dir *dir = &container.dir;
	int result = state_dir_open(root, id, lock, dir, err);

	if (result != 0)
		return result;
	result = state_read(dir, &container.state, err);
	if (result < 0 && err->code == ENOENT) {
		result = settle_missing(root, dir, err);
		if (result == 0)
			result = state_read(dir, &container.state, err);
	}
	if (result == 0 && rubbish_may_be(dir, &container.state) &&
	    (lock == STATE_LOCKED ? clear_locked(dir) : state_dir_clear(dir)))
		result = no_such_container(root, id, err);
	if (result == 0) {
		attend_again(&container, lock);
		*ret_container = container;
	} else {
		container_close(&container);
	}
	return result;
}

int container_status(const struct container *container, enum container_status *ret_status,
		     int *ret_pidfd, struct error *err)
{
	return state_status(&container->dir, &container->state, ret_status, ret_pidfd, err);
}

int state_dir_remove(struct state_dir *dir, struct error *err)
{
	autofree char *old_name = name_beside(PREFIX_OLD, dir->id);

	if (is_removed(dir))
		return 0;
	if (check_nothing_mounted(dir, err) < 0)
		return -1;
	/* A hook may have taken our rights away.  ORDER: before the check for the mark. */
	(void)remove_make_accessible(dir->fd);
	sweep(dir->root_fd, old_name);
	/* ORDER: its name goes first, in case we are killed in between: see this file's head. */
	if (renameat(dir->root_fd, dir->id, dir->root_fd, old_name) < 0) {
		if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
			return error_set(err, errno, "remove state directory %s", dir->path);
		/*
		 * Something that isn't ours has the other name: the directory is emptied under its
		 * own.
		 */
		free(old_name);
		old_name = str_dup(dir->id);
	}
	/*
	 * A second time where it isn't empty afterwards: one read of it may have failed by chance.
	 */
	for (int i = 0; i < 2; i++) {
		empty_container(dir->fd, dir->path);
		if (unlinkat(dir->root_fd, old_name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY)
			return error_set(err, errno, "remove state directory %s", dir->path);
	}
	/* Entries that stay were reported, and the directory isn't a container any more. */
	return 0;
}

/* A holder that has ended is removed where it is opened. */
static void sweep_holder(const char *root, const char *id)
{
	autocontainer struct container holder = CONTAINER_NONE;
	struct error ignored = ERROR_NONE;

	(void)container_open(root, id, STATE_UNLOCKED, &holder, &ignored);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(const char *root, struct str_list *ret_ids, struct error *err)
{
	autoclose int fd = -1;
	autodir DIR *stream = NULL;
	struct error ignored = ERROR_NONE;

	*ret_ids = (struct str_list){ 0 };
	if (state_root_open(root, PLACE_MUST_EXIST, &fd, err) < 0)
		return err->code == ENOENT ? 0 : -1;
	ended_sweep(fd);
	stream = directory_stream(fd);
	if (!stream)
		return error_set(err, errno, "read %s", root);
	for (struct dirent *entry; (entry = readdir(stream));) {
		if (str_starts_with(entry->d_name, PREFIX_NEW) ||
		    str_starts_with(entry->d_name, PREFIX_OLD))
			sweep(dirfd(stream), entry->d_name);
		if (holder_is_id(entry->d_name))
			sweep_holder(root, entry->d_name);
		if (entry->d_name[0] == '.' || state_check_id(entry->d_name, &ignored) < 0)
			continue;
		str_list_add(ret_ids, str_dup(entry->d_name));
	}
	if (ret_ids->count)
		qsort(ret_ids->items, ret_ids->count, sizeof(*ret_ids->items), compare_ids);
	return 0;
}
