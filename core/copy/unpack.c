// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: an end of a copy.
 *
 * The stream is hostile, and the directory may be changed by others while we write into it.  So
 *   - a name with ".." is refused, and "/" before a name is dropped;
 *   - each directory on the way is opened below the one before it, and never through a link;
 *     the target of a hard link is found in the same way, and a link in the stream leads nowhere;
 *   - a file is always made anew (O_EXCL) and written under a name of our own if its name is
 *     taken: no file that exists, and no FIFO or device, is opened;
 *   - memory is taken for the directories on the present path alone.
 */
#include "core/copy/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/remove.h"
#include "core/base/str.h"
#include "core/base/tar.h"
#include "core/copy/pack.h"

/* More than pack.c makes, which begins at a directory that exists. */
#define DEPTH_MAX 1100

/* A directory on the path of the present entry. */
struct level {
	int fd;
	char *name;
	bool made; /* by us: it gets its mode and its time when all of its files are there */
	mode_t mode;
	struct timespec mtime;
};

struct unpacking {
	const struct unpack *unpack;
	struct tar_reader reader;
	struct operand place; /* DEST */
	int base;	      /* the directory to which the names are relative */
	const char *prefix;   /* takes the place of the first component; NULL: nothing does */
	struct level *levels;
	size_t level_count;
	uint64_t temporary; /* counts the names of our own */
};

static void level_release(struct level *level)
{
	fd_close(&level->fd);
	free(level->name);
}

static void unpacking_release(struct unpacking *unpacking)
{
	for (size_t i = 0; i < unpacking->level_count; i++)
		level_release(&unpacking->levels[i]);
	free(unpacking->levels);
	fd_close(&unpacking->base);
	operand_release(&unpacking->place);
	tar_reader_release(&unpacking->reader);
}

/* @path as the user names it: below DEST.  The caller frees it. */
static char *text_of(const struct unpacking *unpacking, const char *path)
{
	const struct operand *place = &unpacking->place;
	bool slash = place->text[strlen(place->text) - 1] == '/';

	if (unpacking->prefix && str_starts_with(path, unpacking->prefix)) {
		size_t length = strlen(unpacking->prefix);

		if (path[length] == '/' || path[length] == '\0')
			path += length + (path[length] == '/');
	}
	return str_format("%s%s%.1000s", place->text, slash || !*path ? "" : "/", path);
}

static int fail_at(const struct unpacking *unpacking, int errnum, const char *path,
		   struct error *err)
{
	autofree char *text = text_of(unpacking, path);

	return error_set(err, errnum, "write %s", text);
}

/* ---- attributes ---- */

/* File systems without owners, modes or attributes refuse them in these ways. */
static bool is_not_supported(int errnum)
{
	return errnum == ENOTSUP || errnum == EOPNOTSUPP || errnum == ENOSYS;
}

static bool choose_owner(const struct unpack *unpack, const struct tar_entry *entry, uid_t *ret_uid,
			 gid_t *ret_gid)
{
	if (unpack->owner == UNPACK_OWNER_OURS)
		return false;
	*ret_uid = unpack->uid;
	*ret_gid = unpack->gid;
	if (unpack->owner == UNPACK_OWNER_KEEP && entry->uid != PACK_OWNER_UNKNOWN)
		*ret_uid = entry->uid;
	if (unpack->owner == UNPACK_OWNER_KEEP && entry->gid != PACK_OWNER_UNKNOWN)
		*ret_gid = entry->gid;
	return true;
}

static int set_owner(struct unpacking *unpacking, int dir, const char *name,
		     const struct tar_entry *entry, const char *path, struct error *err)
{
	uid_t uid;
	gid_t gid;

	if (!choose_owner(unpacking->unpack, entry, &uid, &gid) ||
	    fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH)) == 0)
		return 0;
	if (errno == EINVAL)
		return error_set(err, 0, "%.1000s: there is no id %u:%u in the container", path,
				 uid, gid);
	if (is_not_supported(errno) || errno == EPERM) {
		report_left_out(unpacking->unpack->report, path, "its owner can't be kept there");
		return 0;
	}
	return fail_at(unpacking, errno, path, err);
}

/* ORDER: after the owner, as a change of the owner removes capabilities. */
static int set_xattrs(struct unpacking *unpacking, int fd, const struct tar_entry *entry,
		      const char *path, struct error *err)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct tar_xattr *xattr = &entry->xattrs[i];

		if (!copy_keeps_xattr(xattr->name, unpacking->unpack->keep_acls) ||
		    fsetxattr(fd, xattr->name, xattr->value, xattr->size, 0) == 0 ||
		    is_not_supported(errno) || errno == EPERM || errno == EINVAL || errno == ERANGE)
			continue;
		return fail_at(unpacking, errno, path, err);
	}
	return 0;
}

/*
 * A file of the container with set-user-ID would run with the caller's rights on the host, for
 * every other user there.
 */
static mode_t mode_of(const struct unpack *unpack, const struct tar_entry *entry)
{
	mode_t mode = entry->mode & 07777;

	return unpack->keep_set_ids ? mode : mode & ~(mode_t)(S_ISUID | S_ISGID);
}

static int set_mode_and_time(struct unpacking *unpacking, int fd, mode_t mode,
			     const struct timespec *mtime, const char *path, struct error *err)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, *mtime };

	if (fchmod(fd, mode) < 0 && !is_not_supported(errno) && errno != EPERM)
		return fail_at(unpacking, errno, path, err);
	/* A time that the file system doesn't have is no reason to fail. */
	if (futimens(fd, times) < 0 && errno == EROFS)
		return fail_at(unpacking, errno, path, err);
	return 0;
}

/* ---- directories ---- */

static int close_levels(struct unpacking *unpacking, size_t keep, struct error *err)
{
	int result = 0;

	while (unpacking->level_count > keep) {
		struct level *level = &unpacking->levels[--unpacking->level_count];

		if (level->made && result == 0)
			result = set_mode_and_time(unpacking, level->fd, level->mode, &level->mtime,
						   level->name, err);
		level_release(level);
	}
	return result;
}

static struct level *add_level(struct unpacking *unpacking, int fd, const char *name, size_t length)
{
	size_t count = unpacking->level_count++;
	struct level *level;

	if ((count & (count - 1)) == 0)
		unpacking->levels = mem_resize(unpacking->levels, count ? 2 * count : 1,
					       sizeof(*unpacking->levels));
	level = &unpacking->levels[count];
	*level = (struct level){ .fd = fd, .name = str_dup_n(name, length) };
	return level;
}

static int top_directory(const struct unpacking *unpacking)
{
	return unpacking->level_count ? unpacking->levels[unpacking->level_count - 1].fd
				      : unpacking->base;
}

static int open_directory(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Removes what is there in the place of a directory, or a directory with all that is in it. */
static int clear_name(int dir, const char *name)
{
	autoclose int fd = -1;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	fd = path_open_on_mount(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	(void)remove_below(fd, NULL);
	return unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int refuse_kind(const struct unpacking *unpacking, const char *path, const char *text,
		       struct error *err)
{
	autofree char *place = text_of(unpacking, path);

	error_set(err, 0, "%s: %s", place, text);
	return error_hint(err, "remove it first, or use --overwrite");
}

/* @entry NULL: a directory that the stream has names in, and no entry of. */
static int enter_directory(struct unpacking *unpacking, const char *name, size_t length,
			   const struct tar_entry *entry, const char *path, struct error *err)
{
	static const struct tar_entry implied = {
		.mode = 0755,
		.uid = PACK_OWNER_UNKNOWN,
		.gid = PACK_OWNER_UNKNOWN,
	};
	autofree char *component = str_dup_n(name, length);
	const struct tar_entry *attributes = entry ? entry : &implied;
	int dir = top_directory(unpacking);
	bool made = false;
	struct level *level;
	int fd = open_directory(dir, component);

	if (unpacking->level_count == DEPTH_MAX) {
		if (fd >= 0)
			close(fd);
		return error_set(err, 0, "%.200s…: more than %d directories in each other", path,
				 DEPTH_MAX);
	}
	if ((fd == -ENOTDIR || fd == -ELOOP) && unpacking->unpack->overwrite && entry &&
	    clear_name(dir, component) == 0)
		fd = -ENOENT;
	if (fd == -ENOTDIR || fd == -ELOOP)
		return refuse_kind(unpacking, path,
				   "it is no directory, and can't be replaced by one", err);
	if (fd == -ENOENT) {
		made = mkdirat(dir, component, S_IRWXU) == 0;
		if (!made && errno != EEXIST)
			return fail_at(unpacking, errno, path, err);
		fd = open_directory(dir, component);
	}
	if (fd < 0)
		return fail_at(unpacking, -fd, path, err);
	level = add_level(unpacking, fd, name, length);
	if (!made)
		return 0;
	if (set_owner(unpacking, fd, "", attributes, path, err) < 0 ||
	    set_xattrs(unpacking, fd, attributes, path, err) < 0)
		return -1;
	/* ORDER: the mode may deny us access, and each file in it changes the time: both at the end. */
	level->made = true;
	level->mode = mode_of(unpacking->unpack, attributes);
	level->mtime = attributes->mtime;
	if (!entry)
		clock_gettime(CLOCK_REALTIME, &level->mtime);
	return 0;
}

/*
 * Opens the directories of @path but its last component, which *ret_name points to.  Directories
 * that aren't on the path are finished and closed.
 */
static int enter_parent(struct unpacking *unpacking, const char *path, const char **ret_name,
			struct error *err)
{
	const char *next = path, *slash;
	size_t depth = 0;

	for (; (slash = strchr(next, '/')); next = slash + 1, depth++) {
		size_t length = (size_t)(slash - next);

		if (depth < unpacking->level_count &&
		    strlen(unpacking->levels[depth].name) == length &&
		    memcmp(unpacking->levels[depth].name, next, length) == 0)
			continue;
		if (close_levels(unpacking, depth, err) < 0 ||
		    enter_directory(unpacking, next, length, NULL, path, err) < 0)
			return -1;
	}
	*ret_name = next;
	/* The present directory may be on the path itself, when its entry comes again. */
	return close_levels(unpacking, depth, err);
}

/* ---- files ---- */

/* A new file of some kind, under its own name or one of ours. */
struct made {
	int dir;
	const char *name; /* where it is to be */
	bool temporary;
	char own[64]; /* where it is, if temporary */
};

static const char *made_name(const struct made *made)
{
	return made->temporary ? made->own : made->name;
}

static void choose_own_name(struct unpacking *unpacking, struct made *made)
{
	made->temporary = true;
	snprintf(made->own, sizeof(made->own), ".urun-cp-%d-%llx", (int)getpid(),
		 (unsigned long long)unpacking->temporary++);
}

/* Is @name taken by something that a file can't replace? */
static int check_replaced(const struct unpacking *unpacking, int dir, const char *name,
			  const char *path, struct error *err)
{
	struct stat st;
	int failed;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (!unpacking->unpack->overwrite)
		return refuse_kind(unpacking, path,
				   "it is a directory, and can't be replaced by a file", err);
	failed = clear_name(dir, name);
	return failed < 0 ? fail_at(unpacking, -failed, path, err) : 0;
}

static int copy_contents(int from, int to)
{
	autofree char *buffer = mem_alloc(TAR_BUFFER_SIZE);
	off_t offset = 0;
	ssize_t got;

	while ((got = pread(from, buffer, TAR_BUFFER_SIZE, offset)) > 0) {
		int failed = fd_write_all(to, buffer, (size_t)got);

		if (failed < 0)
			return failed;
		offset += got;
	}
	return got < 0 ? -errno : 0;
}

/*
 * A file on which another is mounted, such as a container's /etc/hosts, can't be replaced: its
 * contents are.
 */
static int write_in_place(const struct made *made, int from)
{
	autoclose int to = openat(made->dir, made->name,
				  O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (to < 0 || fstat(to, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBUSY;
	if (ftruncate(to, 0) < 0)
		return -errno;
	return copy_contents(from, to);
}

/* Gives the new file its name.  @fd: of a regular file, else -1. */
static int put_in_place(struct unpacking *unpacking, struct made *made, int fd, const char *path,
			struct error *err)
{
	int failed = 0;

	if (!made->temporary)
		return 0;
	if (renameat(made->dir, made->own, made->dir, made->name) == 0)
		return 0;
	failed = -errno;
	if (failed == -EBUSY && fd >= 0)
		failed = write_in_place(made, fd);
	unlinkat(made->dir, made->own, 0);
	return failed < 0 ? fail_at(unpacking, -failed, path, err) : 0;
}

static int make_new_file(struct unpacking *unpacking, struct made *made, const char *path,
			 struct error *err)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(made->dir, made->name, flags, S_IRUSR | S_IWUSR);

	while (fd < 0 && errno == EEXIST) {
		if (check_replaced(unpacking, made->dir, made->name, path, err) < 0)
			return -1;
		choose_own_name(unpacking, made);
		fd = openat(made->dir, made->own, flags, S_IRUSR | S_IWUSR);
	}
	return fd < 0 ? fail_at(unpacking, errno, path, err) : fd;
}

static int write_at(int fd, const char *bytes, size_t size, uint64_t offset,
		    const volatile sig_atomic_t *stop)
{
	while (size > 0) {
		ssize_t wrote = pwrite(fd, bytes, size, (off_t)offset);

		if (wrote < 0 && (errno != EINTR || *stop))
			return -errno;
		if (wrote > 0) {
			bytes += wrote;
			offset += (uint64_t)wrote;
			size -= (size_t)wrote;
		}
	}
	return 0;
}

static int write_data(struct unpacking *unpacking, int fd, const struct tar_entry *entry,
		      const char *path, struct error *err)
{
	const struct unpack *unpack = unpacking->unpack;
	uint64_t offset;
	const char *bytes;
	size_t size;
	int got, failed;

	while ((got = tar_read_data(&unpacking->reader, &bytes, &size, &offset, err)) == 1) {
		if (copy_may_go_on(unpack->stop, unpack->life, err) < 0)
			return -1;
		failed = write_at(fd, bytes, size, offset, unpack->stop);
		if (failed < 0)
			return fail_at(unpacking, -failed, path, err);
	}
	if (got < 0)
		return -1;
	if (entry->sparse && ftruncate(fd, (off_t)entry->size) < 0)
		return fail_at(unpacking, errno, path, err);
	return 0;
}

static int finish_file(struct unpacking *unpacking, int fd, const struct tar_entry *entry,
		       const char *path, struct error *err)
{
	if (write_data(unpacking, fd, entry, path, err) < 0 ||
	    set_owner(unpacking, fd, "", entry, path, err) < 0 ||
	    set_xattrs(unpacking, fd, entry, path, err) < 0)
		return -1;
	return set_mode_and_time(unpacking, fd, mode_of(unpacking->unpack, entry), &entry->mtime,
				 path, err);
}

static int unpack_file(struct unpacking *unpacking, int dir, const char *name,
		       const struct tar_entry *entry, const char *path, struct error *err)
{
	struct made made = { .dir = dir, .name = name };
	autoclose int fd = make_new_file(unpacking, &made, path, err);

	if (fd < 0)
		return -1;
	if (finish_file(unpacking, fd, entry, path, err) < 0) {
		unlinkat(dir, made_name(&made), 0);
		return -1;
	}
	return put_in_place(unpacking, &made, fd, path, err);
}

/* ---- what has no contents ---- */

/* Opens the directory of a hard link's target, and finds its name there. */
static int open_link_parent(const struct unpacking *unpacking, const char *target,
			    const char **ret_name)
{
	int dir = fcntl(unpacking->base, F_DUPFD_CLOEXEC, 3);
	const char *next = target, *slash;

	for (; dir >= 0 && (slash = strchr(next, '/')); next = slash + 1) {
		autofree char *name = str_dup_n(next, (size_t)(slash - next));
		int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int errnum = errno;

		close(dir);
		dir = fd;
		errno = errnum;
	}
	*ret_name = next;
	return dir < 0 ? -errno : dir;
}

static int make_special(const struct tar_entry *entry, int dir, const char *name)
{
	switch (entry->kind) {
	case TAR_SYMLINK: return symlinkat(entry->link, dir, name);
	case TAR_FIFO: return mknodat(dir, name, S_IFIFO | (entry->mode & 0777), 0);
	default: errno = EINVAL; return -1;
	}
}

/*
 * The owner and the time of what we have made.  A user of the container who may write to the directory can
 * have put a file of root in its place meanwhile, and must not be given that file.
 */
static int give_special(struct unpacking *unpacking, int dir, const char *name,
			const struct tar_entry *entry, const char *path, struct error *err)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, entry->mtime };
	const mode_t kind = entry->kind == TAR_SYMLINK ? S_IFLNK : S_IFIFO;
	autoclose int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_at(unpacking, errno, path, err);
	if ((st.st_mode & S_IFMT) != kind) {
		report_left_out(unpacking->unpack->report, path, "another file took its place");
		return 0;
	}
	(void)utimensat(fd, "", times, AT_EMPTY_PATH);
	return set_owner(unpacking, fd, "", entry, path, err);
}

static int unpack_special(struct unpacking *unpacking, int dir, const char *name,
			  const struct tar_entry *entry, const char *path, struct error *err)
{
	struct made made = { .dir = dir, .name = name };
	int result = make_special(entry, dir, name);

	while (result < 0 && errno == EEXIST) {
		if (check_replaced(unpacking, dir, name, path, err) < 0)
			return -1;
		choose_own_name(unpacking, &made);
		result = make_special(entry, dir, made.own);
	}
	if (result < 0)
		return fail_at(unpacking, errno, path, err);
	if (give_special(unpacking, dir, made_name(&made), entry, path, err) < 0) {
		unlinkat(dir, made_name(&made), 0);
		return -1;
	}
	return put_in_place(unpacking, &made, -1, path, err);
}

/* Where the file system has no second names, or they would be on two file systems. */
static int copy_linked(struct unpacking *unpacking, int from_dir, const char *from_name, int dir,
		       const char *name, const char *path, struct error *err)
{
	autoclose int from = openat(from_dir, from_name,
				    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct made made = { .dir = dir, .name = name };
	autoclose int fd = -1;
	struct tar_entry entry = { 0 };
	struct stat st;
	int failed;

	if (from < 0 || fstat(from, &st) < 0 || !S_ISREG(st.st_mode))
		return fail_at(unpacking, from < 0 ? errno : EXDEV, path, err);
	fd = make_new_file(unpacking, &made, path, err);
	if (fd < 0)
		return -1;
	entry = (struct tar_entry){ .uid = st.st_uid, .gid = st.st_gid, .mtime = st.st_mtim };
	failed = copy_contents(from, fd);
	if (failed < 0)
		fail_at(unpacking, -failed, path, err);
	if (failed < 0 || set_owner(unpacking, fd, "", &entry, path, err) < 0 ||
	    set_mode_and_time(unpacking, fd, st.st_mode & 07777, &entry.mtime, path, err) < 0) {
		unlinkat(dir, made_name(&made), 0);
		return -1;
	}
	return put_in_place(unpacking, &made, fd, path, err);
}

static int map_name(const struct unpacking *unpacking, const char *name, char **ret_path,
		    struct error *err);

static int unpack_hardlink(struct unpacking *unpacking, int dir, const char *name,
			   const struct tar_entry *entry, const char *path, struct error *err)
{
	struct made made = { .dir = dir, .name = name };
	autofree char *target = NULL;
	autoclose int from = -1;
	const char *from_name;
	struct stat own, its;
	int result;

	if (map_name(unpacking, entry->link, &target, err) < 0 || !target)
		return -1;
	from = open_link_parent(unpacking, target, &from_name);
	if (from < 0 || !*from_name)
		return fail_at(unpacking, from < 0 ? -from : EISDIR, path, err);
	result = linkat(from, from_name, dir, name, 0);
	if (result < 0 && errno == EEXIST &&
	    fstatat(from, from_name, &its, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(dir, name, &own, AT_SYMLINK_NOFOLLOW) == 0 && own.st_dev == its.st_dev &&
	    own.st_ino == its.st_ino)
		return 0;
	while (result < 0 && errno == EEXIST) {
		if (check_replaced(unpacking, dir, name, path, err) < 0)
			return -1;
		choose_own_name(unpacking, &made);
		result = linkat(from, from_name, dir, made.own, 0);
	}
	if (result < 0 && (errno == EXDEV || errno == EPERM || errno == EMLINK))
		return copy_linked(unpacking, from, from_name, dir, name, path, err);
	return result < 0 ? fail_at(unpacking, errno, path, err)
			  : put_in_place(unpacking, &made, -1, path, err);
}

/* ---- entries ---- */

/* The path of a name of the stream below the base. */
static int map_name(const struct unpacking *unpacking, const char *name, char **ret_path,
		    struct error *err)
{
	const char *top = unpacking->unpack->top, *rest;
	autofree char *clean = NULL;
	size_t length;

	if (tar_name_clean(name, &clean) < 0)
		return error_set(err, 0, "tar stream: '%.200s' leads out of the directory", name);
	rest = clean;
	if (top && !str_equal(top, ".")) {
		length = strlen(top);
		if (!str_starts_with(clean, top) || (clean[length] != '/' && clean[length] != '\0'))
			return error_set(err, EPROTO, "tar stream: '%.200s' isn't below %s", name,
					 top);
		if (unpacking->prefix)
			rest += length + (clean[length] == '/');
	}
	*ret_path = unpacking->prefix
			    ? str_format("%s%s%s", unpacking->prefix, *rest ? "/" : "", rest)
			    : str_dup(rest);
	return 0;
}

static int unpack_entry(struct unpacking *unpacking, const struct tar_entry *entry,
			struct error *err)
{
	autofree char *path = NULL;
	const char *name;
	int dir;

	if (map_name(unpacking, entry->name, &path, err) < 0 || !path)
		return -1;
	/* The directory itself, which exists. */
	if (!*path && entry->kind == TAR_DIRECTORY)
		return 0;
	if (!*path)
		return error_set(err, 0, "tar stream: a file in place of a directory");
	if (enter_parent(unpacking, path, &name, err) < 0)
		return -1;
	if (strlen(name) > NAME_MAX)
		return fail_at(unpacking, ENAMETOOLONG, path, err);
	dir = top_directory(unpacking);
	switch (entry->kind) {
	case TAR_FILE: return unpack_file(unpacking, dir, name, entry, path, err);
	case TAR_DIRECTORY: return enter_directory(unpacking, name, strlen(name), entry, path, err);
	case TAR_HARDLINK: return unpack_hardlink(unpacking, dir, name, entry, path, err);
	case TAR_CHAR:
	case TAR_BLOCK:
		report_left_out(unpacking->unpack->report, path, "urun makes no device");
		return 0;
	default: return unpack_special(unpacking, dir, name, entry, path, err);
	}
}

/* ---- DEST ---- */

static int use_directory(struct unpacking *unpacking, struct error *err)
{
	const struct operand *place = &unpacking->place;

	unpacking->base =
		openat(place->dir, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return unpacking->base < 0 ? error_set(err, errno, "open %s", place->text) : 0;
}

static int use_new_name(struct unpacking *unpacking, struct error *err)
{
	unpacking->base = fcntl(unpacking->place.dir, F_DUPFD_CLOEXEC, 3);
	if (unpacking->base < 0)
		return error_set(err, errno, "open %s", unpacking->place.text);
	unpacking->prefix = unpacking->place.name;
	return 0;
}

/* /dev/stdout leads to a link of procfs, which leads to no path where stdout is a pipe. */
static bool is_in_procfs(int dir)
{
	struct statfs fs;

	return fstatfs(dir, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/*
 * Decides by the first entry, which tells what SRC is, what DEST means: the table in the header.
 */
static int choose_destination(struct unpacking *unpacking, const struct tar_entry *first,
			      struct error *err)
{
	const struct operand *place = &unpacking->place;
	bool stream = !unpacking->unpack->top;
	bool directory = first->kind == TAR_DIRECTORY;
	mode_t kind = place->st.st_mode & S_IFMT;

	if (place->exists && kind == S_IFDIR)
		return use_directory(unpacking, err);
	if (stream && place->exists)
		return error_set(err, ENOTDIR, "%s", place->text);
	if (stream || (!place->exists && place->wants_directory && !directory)) {
		error_set(err, ENOENT, "%s", place->text);
		return error_hint(err, "the directory must exist");
	}
	if (!place->exists && !is_in_procfs(place->dir))
		return use_new_name(unpacking, err);
	if (!place->exists || kind != S_IFREG) {
		error_set(err, 0, "%s: it is neither a file nor a directory", place->text);
		return error_hint(err, "for the contents of one file: urun cp ID:PATH - | tar -xO");
	}
	if (place->wants_directory)
		return error_set(err, ENOTDIR, "%s", place->text);
	if (directory && !unpacking->unpack->overwrite) {
		error_set(err, 0, "%s: it is a file, and can't be replaced by a directory",
			  place->text);
		return error_hint(err, "remove it first, or use --overwrite");
	}
	return use_new_name(unpacking, err);
}

/* A copy of one device alone would do nothing. */
static int refuse_device(const struct unpacking *unpacking, const struct tar_entry *first,
			 struct error *err)
{
	return unpacking->unpack->top && (first->kind == TAR_CHAR || first->kind == TAR_BLOCK)
		       ? error_set(err, 0, "%.200s is a device, and urun makes none", first->name)
		       : 0;
}

int unpack_tree(const struct unpack *unpack, struct error *err)
{
	__attribute__((cleanup(unpacking_release))) struct unpacking unpacking = {
		.unpack = unpack,
		.place = OPERAND_NONE,
		.base = -1,
	};
	bool first = true;
	int got, result = 0;

	tar_reader_init(&unpacking.reader, unpack->in, unpack->stop);
	if (operand_find(unpack->view, unpack->path, OPERAND_FOLLOW_LINK, &unpacking.place, err) <
	    0)
		return -1;
	for (;; first = false) {
		autotarentry struct tar_entry entry = { 0 };

		got = tar_read_entry(&unpacking.reader, &entry, err);
		if (got <= 0)
			break;
		if (copy_may_go_on(unpack->stop, unpack->life, err) < 0 ||
		    (first && (refuse_device(&unpacking, &entry, err) < 0 ||
			       choose_destination(&unpacking, &entry, err) < 0)))
			return -1;
		result = unpack_entry(&unpacking, &entry, err);
		if (result < 0)
			break;
	}
	if (got < 0 || result < 0) {
		/* The directories that were made get their modes nevertheless. */
		struct error ignored = ERROR_NONE;

		close_levels(&unpacking, 0, &ignored);
		return -1;
	}
	if (close_levels(&unpacking, 0, err) < 0)
		return -1;
	tar_read_rest(&unpacking.reader, (size_t)1 << 20);
	return 0;
}
