// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: any; urun has the caller's rights, and urun-image those of root in its user namespace.
 *
 * The directory of the store, its lock, and what is being made in it.
 */
#include "core/image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/directory.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/remove.h"
#include "core/base/str.h"
#include "core/image/store_part.h"

#define WHAT "image store"

/* The lock is held for some milliseconds, unless its holder was stopped. */
#define LOCK_MS	     30000
#define LOCK_STEP_MS 20

static const char layout_text[] = "{\"imageLayoutVersion\":\"1.0.0\"}\n";

/* ---- the directory ---- */

/* False: there is no directory, or one behind a link that another user can have made. */
static bool find_path(const char *path, char ret_found[static PATH_MAX])
{
	struct error err = ERROR_NONE;
	autoclose int fd = -1;

	return place_open_directory(WHAT, path, PLACE_MUST_EXIST, &fd, &err) == 0 &&
	       fd_path(fd, ret_found) > 0;
}

/*
 * Without symbolic links, as far as the path exists, so that two commands name the store alike
 * however their variables spell it: the state of a container names the directory of its changes by
 * this path.
 */
static char *resolve_store_path(const char *path)
{
	autofree char *clean = path_clean(path);
	size_t length = strlen(clean);
	char found[PATH_MAX];

	while (length > 0) {
		autofree char *above = str_dup_n(clean, length);

		if (find_path(above, found))
			return str_format("%s%s", found, clean + length);
		while (clean[--length] != '/')
			;
	}
	return take_ptr(clean);
}

char *store_path(const char *data_home, const char *home, struct error *err)
{
	autofree char *path = NULL;

	if (data_home && data_home[0] == '/')
		path = str_format("%s/urun", data_home);
	else if (home && home[0] == '/')
		path = str_format("%s/.local/share/urun", home);
	if (path)
		return resolve_store_path(path);
	error_set(err, 0, WHAT ": HOME is not set");
	error_hint(err, "set HOME or XDG_DATA_HOME");
	return NULL;
}

static int check_store_owner(const struct stat *st, const char *path, struct error *err)
{
	if (st->st_uid != geteuid())
		return error_set(err, 0, WHAT " %s belongs to uid %u, not to us (%u)", path,
				 st->st_uid, geteuid());
	/* Layers have setuid files of the user's subids, which nobody else may execute. */
	if (st->st_mode & (S_IRWXG | S_IRWXO)) {
		error_set(err, 0, WHAT " %s can be used by others (mode %04o)", path,
			  st->st_mode & 07777);
		return error_hint(err, "run `chmod go= %s`", path);
	}
	return 0;
}

int store_open_above(const char *path, int *ret_fd, struct error *err)
{
	autofree char *above = str_dup(path);
	int fd = -1;

	for (char *slash; fd < 0 && (slash = strrchr(above, '/'));) {
		slash[slash == above] = '\0';
		fd = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && (errno != ENOENT || slash == above))
			break;
	}
	if (fd < 0)
		return error_set(err, errno, "open " WHAT " %s", path);
	*ret_fd = fd;
	return 0;
}

/*
 * The directory that holds the store, or in which it will be made, must be the caller's, root's,
 * or one for all users such as /tmp.  Otherwise a command with the HOME of another user, as `sudo`
 * may run it, would leave files in that user's home.
 */
static int check_above(const char *path, struct error *err)
{
	autoclose int fd = -1;
	struct stat st;

	if (store_open_above(path, &fd, err) < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "stat " WHAT " %s", path);
	if (st.st_uid == geteuid() || st.st_uid == 0 || (st.st_mode & S_ISVTX) ||
	    place_owner_is_unmapped(st.st_uid))
		return 0;
	error_set(err, 0, WHAT " %s is in a directory of uid %u", path, st.st_uid);
	return error_hint(err, "set HOME to the home of uid %u", geteuid());
}

static bool has_store_file(int store, const char *name)
{
	return faccessat(store, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/*
 * Makes a file that isn't there yet, by rename(2): a maker that is killed leaves no empty file.
 * ORDER: looked for again under the lock: another maker may have made the file and added an image.
 */
static int make_file(int store, const char *name, const char *text, const char *path,
		     struct error *err)
{
	autoclose int lock = -1;
	int failed;

	if (has_store_file(store, name))
		return 0;
	if (store_lock(store, STORE_EXCLUSIVE, &lock, err) < 0)
		return -1;
	if (has_store_file(store, name))
		return 0;
	failed = file_replace(store, name, 0600, text, strlen(text));
	return failed < 0 ? error_set(err, -failed, "make " WHAT " %s/%s", path, name) : 0;
}

static int make_parts(int store, const char *path, struct error *err)
{
	static const char *const directories[] = { "blobs", STORE_BLOBS, STORE_LAYERS, STORE_TMP,
						   STORE_CONTAINERS };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (mkdirat(store, directories[i], 0700) < 0 && errno != EEXIST)
			return error_set(err, errno, "make " WHAT " %s/%s", path, directories[i]);
	/* ORDER: the index last, as a store without one is new. */
	return make_file(store, STORE_LAYOUT, layout_text, path, err) < 0 ||
			       make_file(store, STORE_INDEX, STORE_NO_IMAGES, path, err) < 0
		       ? -1
		       : 0;
}

int store_open(const char *path, enum place_missing missing, int *ret_store, struct error *err)
{
	autoclose int fd = -1;
	struct stat st;

	if (check_above(path, err) < 0 || place_open_directory(WHAT, path, missing, &fd, err) < 0)
		return -1;
	/* ORDER: checked on the open directory, which is the one that is used. */
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "stat " WHAT " %s", path);
	if (check_store_owner(&st, path, err) < 0)
		return -1;
	if (missing == PLACE_MAKE) {
		if (make_parts(fd, path, err) < 0)
			return -1;
	} else if (!has_store_file(fd, STORE_INDEX)) {
		/* Its maker was killed, or is at work. */
		return error_set(err, ENOENT, "open " WHAT " %s", path);
	}
	*ret_store = take_fd(&fd);
	return 0;
}

int store_open_below(int store, const char *path, int *ret_fd, struct error *err)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, store, path, &how, sizeof(how));

	if (fd < 0)
		return error_set(err, errno, "open %s in the " WHAT, path);
	*ret_fd = fd;
	return 0;
}

int store_list_names(int dir, const char *path, struct str_list *ret_names, struct error *err)
{
	autodir DIR *stream = directory_stream(dir);

	if (!stream)
		return error_set(err, errno, "read %s of the " WHAT, path);
	for (struct dirent *entry; (entry = directory_next(stream));)
		str_list_add(ret_names, str_dup(entry->d_name));
	return errno ? error_set(err, errno, "read %s of the " WHAT, path) : 0;
}

bool store_is_name(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && !strchr(name, '/') && strlen(name) <= NAME_MAX;
}

int store_sync(int store, struct error *err)
{
	return syncfs(store) < 0 ? error_set(err, errno, "write the " WHAT " to the disk") : 0;
}

/* ---- the lock ---- */

/* Waits by trying again, since a blocking flock(2) would wait for a stopped process for ever. */
static int wait_for_lock(int fd, int operation)
{
	int64_t deadline = clock_ms() + LOCK_MS;
	struct timespec step = { .tv_nsec = 1000000 };

	while (flock(fd, operation | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return -errno;
		if (clock_ms() >= deadline)
			return -ETIMEDOUT;
		nanosleep(&step, NULL);
		if (step.tv_nsec < LOCK_STEP_MS * 1000000 / 2)
			step.tv_nsec *= 2;
	}
	return 0;
}

int store_lock(int store, enum store_lock how, int *ret_lock, struct error *err)
{
	autoclose int fd = openat(store, STORE_LOCK,
				  O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	int failed;

	if (fd < 0)
		return error_set(err, errno, "open the lock of the " WHAT);
	failed = wait_for_lock(fd, how == STORE_SHARED ? LOCK_SH : LOCK_EX);
	if (failed == -ETIMEDOUT)
		return error_set(
			err, 0, WHAT ": another urun has held its lock for %d s: it may be stopped",
			LOCK_MS / 1000);
	if (failed < 0)
		return error_set(err, -failed, "lock the " WHAT);
	*ret_lock = take_fd(&fd);
	return 0;
}

/* ---- tmp ---- */

void store_random_name(const char *prefix, char ret_name[static STORE_TMP_NAME_SIZE])
{
	static uint64_t counter;
	uint64_t number = (uint64_t)clock_ns() + ++counter;

	/* Two users of one number meet EEXIST, and one of them fails. */
	(void)!getrandom(&number, sizeof(number), GRND_NONBLOCK);
	snprintf(ret_name, STORE_TMP_NAME_SIZE, "%s%016" PRIx64, prefix, number);
}

int store_move_away(int store, const char *from, const char *name,
		    char ret_gone[static STORE_TMP_NAME_SIZE], struct error *err)
{
	char gone[STORE_TMP_NAME_SIZE];
	autoclose int dir = -1, tmp = -1;

	/*
	 * ORDER: opened without links before anything moves: a urun-image that an image has taken
	 * over could put a link to a directory of the caller's in the place of one of these two, and
	 * what is moved will be removed.
	 */
	if (store_open_below(store, from, &dir, err) < 0 ||
	    store_open_below(store, STORE_TMP, &tmp, err) < 0)
		return -1;
	store_random_name(STORE_GONE, gone);
	if (renameat(dir, name, tmp, gone) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove %s/%s from the " WHAT, from, name);
	memcpy(ret_gone, gone, sizeof(gone));
	return 0;
}

bool store_pull_is_alive(int tmp, const char *name)
{
	autofree char *lock = str_format("%s" STORE_LOCK_SUFFIX, name);
	autoclose int fd = openat(tmp, lock, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

/* ORDER: the lock before the directory, so that no directory of a living pull is without one. */
static int make_pull(int store, struct store_pull *pull, struct error *err)
{
	autoclose int tmp = -1;
	autofree char *lock = str_format("%s" STORE_LOCK_SUFFIX, pull->name);

	if (store_open_below(store, STORE_TMP, &tmp, err) < 0)
		return -1;
	pull->lock = openat(tmp, lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (pull->lock < 0) {
		/* Nothing is ours to be removed. */
		pull->name[0] = '\0';
		return error_set(err, errno, "make " STORE_TMP "/%s in the " WHAT, lock);
	}
	if (flock(pull->lock, LOCK_EX | LOCK_NB) < 0 || mkdirat(tmp, pull->name, 0700) < 0)
		return error_set(err, errno, "make " STORE_TMP "/%s in the " WHAT, pull->name);
	pull->dir = openat(tmp, pull->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (pull->dir < 0 || mkdirat(pull->dir, STORE_KEPT, 0700) < 0)
		return error_set(err, errno, "make " STORE_TMP "/%s in the " WHAT, pull->name);
	return 0;
}

bool store_pull_end(int store, struct store_pull *pull)
{
	autofree char *lock = str_format("%s" STORE_LOCK_SUFFIX, pull->name);
	struct error err = ERROR_NONE;
	autoclose int tmp = -1;
	bool removed = false;

	fd_close(&pull->dir);
	if (store_open_below(store, STORE_TMP, &tmp, &err) == 0)
		removed = remove_tree(tmp, pull->name) == 0;
	/* ORDER: what stays has its lock file still, which is free: the next sweep finds both. */
	if (removed)
		unlinkat(tmp, lock, 0);
	fd_close(&pull->lock);
	return removed;
}

int store_pull_begin(int store, struct store_pull *ret_pull, struct error *err)
{
	struct store_pull pull = STORE_PULL_NONE;
	autoclose int lock = -1;

	/* ORDER: store_sweep() holds the lock exclusively while it judges what is in tmp. */
	if (store_lock(store, STORE_SHARED, &lock, err) < 0)
		return -1;
	store_random_name(STORE_PULL, pull.name);
	if (make_pull(store, &pull, err) < 0) {
		store_pull_end(store, &pull);
		return -1;
	}
	*ret_pull = pull;
	return 0;
}

int store_keep_locked(int store, const char *pull, const struct digest *key, struct error *err)
{
	autofree char *path = str_format(STORE_TMP "/%s/" STORE_KEPT "/%s", pull, key->hex);
	int fd;

	if (!store_is_name(pull))
		return error_set(err, 0, WHAT ": '%s' is not the name of a pull", pull);
	fd = openat(store, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, errno, "keep %s in the " WHAT, key->hex);
	fd_close(&fd);
	return 0;
}

int store_pull_keep(int store, const char *pull, const struct digest *key, struct error *err)
{
	autoclose int lock = -1;

	if (store_lock(store, STORE_SHARED, &lock, err) < 0)
		return -1;
	return store_keep_locked(store, pull, key, err);
}

/* ---- the sweep ---- */

/* The name of the pull whose lock @name is; NULL: it is no lock.  The caller frees it. */
static char *pull_of_lock(const char *name)
{
	size_t length = strlen(name), suffix = strlen(STORE_LOCK_SUFFIX);

	if (length <= suffix || !str_equal(name + length - suffix, STORE_LOCK_SUFFIX))
		return NULL;
	return str_dup_n(name, length - suffix);
}

/* Under the exclusive lock of the store: an entry that no process holds becomes a gone one. */
static int judge_entry(int store, int tmp, const char *name, struct error *err)
{
	autofree char *pull = pull_of_lock(name);
	char gone[STORE_TMP_NAME_SIZE];

	if (str_starts_with(name, STORE_GONE) || store_pull_is_alive(tmp, pull ? pull : name))
		return 0;
	if (!pull)
		return store_move_away(store, STORE_TMP, name, gone, err);
	if (store_move_away(store, STORE_TMP, pull, gone, err) < 0)
		return -1;
	unlinkat(tmp, name, 0);
	return 0;
}

static int judge_entries(int store, int tmp, struct error *err)
{
	autotextlist struct str_list names = { 0 };
	autoclose int lock = -1;

	/* A look without the lock first, since there is mostly nothing. */
	if (store_list_names(tmp, STORE_TMP, &names, err) < 0)
		return -1;
	if (names.count == 0)
		return 0;
	str_list_release_texts(&names);
	if (store_lock(store, STORE_EXCLUSIVE, &lock, err) < 0 ||
	    store_list_names(tmp, STORE_TMP, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (judge_entry(store, tmp, names.items[i], err) < 0)
			return -1;
	return 0;
}

int store_sweep(int store, size_t *ret_left, struct error *err)
{
	autotextlist struct str_list names = { 0 };
	autoclose int tmp = -1;
	size_t left = 0;

	if (store_open_below(store, STORE_TMP, &tmp, err) < 0 ||
	    judge_entries(store, tmp, err) < 0 || store_list_names(tmp, STORE_TMP, &names, err) < 0)
		return -1;
	/* ORDER: without the lock of the store, since a removal takes long. */
	for (size_t i = 0; i < names.count; i++)
		if (str_starts_with(names.items[i], STORE_GONE) &&
		    remove_tree(tmp, names.items[i]) < 0)
			left++;
	*ret_left = left;
	return 0;
}
