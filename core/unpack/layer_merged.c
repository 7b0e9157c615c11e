// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image, in the user namespace.
#include "core/unpack/layer_merged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/unpack/layer_marks.h"

/* The kernel's limit of symbolic links in one path. */
#define LINKS_MAX 40

/* The directories that make one directory of the overlay, the uppermost first. */
struct merged_directory {
	size_t count;
	struct {
		int fd;
		size_t layer;
	} * parts;
};

struct merged_walk {
	const int *layers;
	size_t layer_count;
	size_t from;
	uint64_t *left;
	struct merged_directory here;
	char *done; /* the path of @here from the top: "" or "a/b" */
	char *rest;
	unsigned int links;
	struct merged_file *found;
};

static void merged_directory_release(struct merged_directory *directory)
{
	for (size_t i = 0; i < directory->count; i++)
		fd_close(&directory->parts[i].fd);
	free(directory->parts);
	*directory = (struct merged_directory){ 0 };
}

static void merged_walk_release(struct merged_walk *walk)
{
	merged_directory_release(&walk->here);
	free(walk->done);
	free(walk->rest);
}

void merged_file_release(struct merged_file *file)
{
	fd_close(&file->dir);
	free(file->path);
	*file = MERGED_FILE_NONE;
}

static void add_part(struct merged_directory *directory, int fd, size_t layer)
{
	directory->parts =
		mem_resize(directory->parts, directory->count + 1, sizeof(*directory->parts));
	directory->parts[directory->count].fd = fd;
	directory->parts[directory->count++].layer = layer;
}

static int open_part(struct merged_walk *walk, int dir, const char *name)
{
	int fd;

	if (*walk->left == 0)
		return -E2BIG;
	--*walk->left;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Goes to the top; the rest is @rest, which becomes ours. */
static int merged_restart(struct merged_walk *walk, char *rest)
{
	merged_directory_release(&walk->here);
	free(walk->rest);
	walk->rest = rest;
	free(walk->done);
	walk->done = str_dup("");
	for (size_t i = 0; i < walk->layer_count; i++) {
		int fd = open_part(walk, walk->layers[i], ".");

		if (fd < 0)
			return fd;
		add_part(&walk->here, fd, i);
	}
	return 0;
}

static int merged_up(struct merged_walk *walk)
{
	const char *slash = strrchr(walk->done, '/');

	return merged_restart(walk, str_format("%.*s/%s", slash ? (int)(slash - walk->done) : 0,
					       walk->done, walk->rest));
}

static int merged_follow(struct merged_walk *walk, int dir, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(dir, name, target, sizeof(target));

	if (length < 0 || (size_t)length == sizeof(target))
		return length < 0 ? -errno : -ENAMETOOLONG;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	return merged_restart(walk, str_format("%s/%.*s/%s", target[0] == '/' ? "" : walk->done,
					       (int)length, target, walk->rest));
}

/* The last component is @name in part @part. */
static int merged_arrive(struct merged_walk *walk, size_t part, const char *name,
			 const struct stat *st)
{
	struct merged_file *found = walk->found;

	*found = (struct merged_file){
		.layer = walk->here.parts[part].layer,
		.dir = fcntl(walk->here.parts[part].fd, F_DUPFD_CLOEXEC, 0),
		.path = str_format("%s%s%s", walk->done, *walk->done ? "/" : "", name),
		.st = *st,
	};
	snprintf(found->name, sizeof(found->name), "%s", name);
	return found->dir < 0 ? -errno : 1;
}

/* Goes down to @name, whose parts are in @next. */
static void merged_enter(struct merged_walk *walk, const char *name, struct merged_directory *next)
{
	char *done = str_format("%s%s%s", walk->done, *walk->done ? "/" : "", name);

	free(walk->done);
	walk->done = done;
	merged_directory_release(&walk->here);
	walk->here = *next;
	*next = (struct merged_directory){ 0 };
}

/*
 * Looks up a component in all parts.  Returns 1 where the walk has arrived, 0 where it goes on, or
 * a negative errno.
 */
static int merged_component(struct merged_walk *walk, const char *name, bool last)
{
	__attribute__((cleanup(merged_directory_release))) struct merged_directory next = { 0 };
	struct stat st;

	for (size_t i = 0; i < walk->here.count; i++) {
		int dir = walk->here.parts[i].fd, fd;

		if (last && walk->here.parts[i].layer < walk->from)
			continue;
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno != ENOENT)
				return -errno;
			continue;
		}
		if (mark_is_whiteout(&st) || (next.count > 0 && !S_ISDIR(st.st_mode)))
			break;
		if (last)
			return merged_arrive(walk, i, name, &st);
		if (S_ISLNK(st.st_mode))
			return merged_follow(walk, dir, name);
		if (!S_ISDIR(st.st_mode))
			return -ENOENT;
		fd = open_part(walk, dir, name);
		if (fd < 0)
			return fd;
		add_part(&next, fd, walk->here.parts[i].layer);
		if (mark_is_opaque(fd))
			break;
	}
	if (next.count == 0)
		return -ENOENT;
	merged_enter(walk, name, &next);
	return 0;
}

static int merged_step(struct merged_walk *walk)
{
	bool last = false;
	autofree char *name = path_cut(walk->rest, &last);

	/* The top, or a link to it. */
	if (!name)
		return -ENOENT;
	if (str_equal(name, "."))
		return 0;
	if (str_equal(name, ".."))
		return merged_up(walk);
	return strlen(name) > NAME_MAX ? -ENAMETOOLONG : merged_component(walk, name, last);
}

int merged_find(const int *layers, size_t count, const char *path, size_t from, uint64_t *left,
		struct merged_file *ret_file)
{
	__attribute__((cleanup(merged_walk_release))) struct merged_walk walk = {
		.layers = layers,
		.layer_count = count,
		.from = from,
		.left = left,
		.found = ret_file,
	};
	int result = merged_restart(&walk, str_dup(path));

	while (result == 0)
		result = merged_step(&walk);
	return result < 0 ? result : 0;
}
