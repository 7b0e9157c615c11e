// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image, in the user namespace.
#include "core/unpack/layer_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/unpack/layer.h"
#include "core/unpack/layer_marks.h"
#include "core/unpack/layer_name.h"

/* Levels that are open at the same time, beside the root. */
#define OPEN_MAX       64
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* ---- levels ---- */

/* The level's directory is the open one: what follows changes it. */
static int level_read(struct tree_level *level, struct error *err)
{
	struct stat st;

	if (fstat(level->fd, &st) < 0)
		return error_set(err, errno, "stat a directory of the layer");
	level->plain = st.st_gid == 0 && !(st.st_mode & S_ISGID);
	level->times[0] = st.st_atim;
	level->times[1] = st.st_mtim;
	return 0;
}

static void level_close(struct layer_tree *tree, struct tree_level *level)
{
	/* A time that the file system doesn't have is no reason to fail. */
	if (level->changed)
		(void)futimens(level->fd, level->times);
	level->changed = false;
	if (level->fd == tree->root)
		level->fd = -1;
	else
		fd_close(&level->fd);
}

static void push_level(struct layer_tree *tree, int fd, size_t length)
{
	if (tree->count == tree->room) {
		tree->room = tree->room ? 2 * tree->room : 32;
		tree->levels = mem_resize(tree->levels, tree->room, sizeof(*tree->levels));
	}
	/* The uppermost open level is the one that is needed last. */
	if (tree->count - tree->open_from == OPEN_MAX)
		level_close(tree, &tree->levels[tree->open_from++]);
	tree->levels[tree->count++] = (struct tree_level){ .fd = fd, .length = length };
}

static void pop_level(struct layer_tree *tree)
{
	level_close(tree, &tree->levels[--tree->count]);
	tree->path[tree->count > 0 ? tree_top(tree)->length : 0] = '\0';
	if (tree->open_from > tree->count)
		tree->open_from = tree->count;
}

void tree_init(struct layer_tree *tree, int root, struct notes_writer *notes)
{
	*tree = (struct layer_tree){ .root = root, .notes = notes };
	push_level(tree, root, 0);
	tree->levels[0].plain = true;
	tree->open_from = 1;
}

void tree_release(struct layer_tree *tree)
{
	while (tree->count > 0)
		pop_level(tree);
	free(tree->levels);
	tree->levels = NULL;
}

/* ---- directories that aren't there ---- */

static int note_implied(struct layer_tree *tree, int fd, const char *path)
{
	int failed = mark_implied(fd);

	if (failed < 0)
		return failed;
	notes_add(tree->notes, NOTE_DIRECTORY, path, NULL);
	tree->implied++;
	return 0;
}

/* 0755 is the mode of a directory that no layer lists. */
static int make_implied(struct layer_tree *tree, const char *name, bool opaque)
{
	struct tree_level *parent = tree_top(tree);
	autoclose int fd = -1;
	int failed;

	parent->changed = parent->length > 0;
	if (mkdirat(parent->fd, name, 0755) < 0)
		return -errno;
	fd = openat(parent->fd, name, OPEN_DIRECTORY);
	if (fd < 0)
		return -errno;
	if (!parent->plain && (fchown(fd, 0, 0) < 0 || fchmod(fd, 0755) < 0))
		return -errno;
	failed = opaque ? mark_opaque(fd) : note_implied(tree, fd, tree->path);
	return failed < 0 ? failed : take_fd(&fd);
}

struct linked {
	struct layer_tree *tree;
	int failed;
};

/* Hears of a directory behind a link that we have made. */
static void note_linked(void *of, const char *path)
{
	struct linked *linked = of;
	autoclose int fd = path_open_in_root(linked->tree->root, path, OPEN_DIRECTORY, 0);
	int failed = fd < 0 ? fd : note_implied(linked->tree, fd, path);
	struct error ignored = ERROR_NONE;
	struct layer_name name;

	/* A directory with the name of a whiteout would be one to fuse-overlayfs. */
	if (layer_name_read(path, &name, &ignored) < 0 || name.kind != LAYER_NAME_FILE)
		failed = -EINVAL;

	if (linked->failed == 0)
		linked->failed = failed;
}

/*
 * The present path ends with a link.  It may lead to a directory that only a lower layer has: as
 * any other directory that isn't listed, this one is made here.
 */
static int open_linked(struct layer_tree *tree)
{
	struct linked linked = { .tree = tree };
	autoclose int place =
		path_mkdirs_telling(tree->root, tree->path, 0755, note_linked, &linked);
	int fd;

	if (place < 0 || linked.failed < 0)
		return place < 0 ? place : linked.failed;
	fd = openat(place, ".", OPEN_DIRECTORY);
	return fd < 0 ? -errno : fd;
}

/* @name isn't a directory. */
static int open_other(struct layer_tree *tree, const char *name)
{
	const struct tree_level *parent = tree_top(tree);
	struct stat st;

	if (fstatat(parent->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return open_linked(tree);
	if (!mark_is_whiteout(&st))
		return -ENOTDIR;
	if (unlinkat(parent->fd, name, 0) < 0)
		return -errno;
	/* The whiteout hides what is below; so does the directory in its place. */
	return make_implied(tree, name, true);
}

/* ---- the way ---- */

/* Goes down one component, which the present path ends with from @start to @end. */
static int tree_descend(struct layer_tree *tree, size_t start, size_t end, struct error *err)
{
	const char *name = tree->path + start;
	int fd = openat(tree_top(tree)->fd, name, OPEN_DIRECTORY);

	if (fd < 0 && errno == ENOENT)
		fd = make_implied(tree, name, false);
	else if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		fd = open_other(tree, name);
	else if (fd < 0)
		fd = -errno;
	if (fd < 0)
		return error_set(err, -fd, "make the directory %.1000s", tree->path);
	push_level(tree, fd, end);
	return level_read(tree_top(tree), err);
}

/* Opens the present level again, which was closed for the sake of deeper ones. */
static int tree_reopen(struct layer_tree *tree, struct error *err)
{
	struct tree_level *level = tree_top(tree);

	if (level->fd >= 0)
		return 0;
	level->fd =
		path_open_in_root(tree->root, tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (level->fd < 0)
		return error_set(err, -level->fd, "open %.1000s", tree->path);
	tree->open_from = tree->count - 1;
	return level_read(level, err);
}

/* Leaves the levels that aren't on @path. */
static void tree_ascend(struct layer_tree *tree, const char *path, size_t length)
{
	size_t same = 0, most = tree_top(tree)->length;

	while (same < most && same < length && tree->path[same] == path[same])
		same++;
	for (;;) {
		size_t at = tree_top(tree)->length;

		if (at == 0 || (at <= same && (at == length || path[at] == '/')))
			return;
		pop_level(tree);
	}
}

int tree_enter(struct layer_tree *tree, const char *path, size_t length, struct error *err)
{
	tree_ascend(tree, path, length);
	if (tree_reopen(tree, err) < 0)
		return -1;
	while (tree_top(tree)->length < length) {
		size_t from = tree_top(tree)->length;
		size_t start = from + (from > 0);
		size_t end = start + strcspn(path + start, "/");

		if (end > length)
			end = length;
		memcpy(tree->path + from, path + from, end - from);
		tree->path[end] = '\0';
		if (tree_descend(tree, start, end, err) < 0)
			return -1;
	}
	/* The root's times are the layer's to give, or those of the last change. */
	if (length > 0)
		tree_top(tree)->changed = true;
	return tree_top(tree)->fd;
}

void tree_enter_new(struct layer_tree *tree, const char *path, int fd)
{
	size_t length = strlen(path);

	memcpy(tree->path, path, length + 1);
	push_level(tree, fd, length);
}

int tree_clear(struct layer_tree *tree, const char *name, struct error *err)
{
	size_t length = tree_top(tree)->length;
	char path[PATH_MAX];

	memcpy(path, tree->path, length + 1);
	if (layer_remove(tree_top(tree)->fd, name, err) < 0)
		return -1;
	while (tree->count > 1)
		pop_level(tree);
	return tree_enter(tree, path, length, err);
}
