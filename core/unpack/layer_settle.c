// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-image, in the user namespace.
 *
 * The notes are read three times:
 *	1. an opaque top hides the names of the layers below, by marks that an overlay reads;
 *	2. hard links are made, which may copy files, and make directories that are implied;
 *	3. implied directories get their attributes, with their times last.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/unpack/layer.h"
#include "core/unpack/layer_copy.h"
#include "core/unpack/layer_marks.h"
#include "core/unpack/layer_merged.h"
#include "core/unpack/layer_name.h"
#include "core/unpack/layer_notes.h"
#include "core/unpack/layer_tree.h"

/* Each takes a reading of all notes, of which a hostile layer has many. */
#define DEVICE_LINKS_MAX 200

/*
 * A hundred thousand links into 500 layers take half of these; a layer that has been made for the
 * purpose takes some minutes, and not years.
 */
#define LOOKUPS_MAX UINT64_C(100000000)

#define automerged __attribute__((cleanup(merged_file_release)))

struct settling {
	int root;
	int notes_fd;
	int *layers; /* this layer, then those below */
	size_t layer_count;
	const struct layer_limits *limits;
	struct layer_result *result;
	struct notes_writer notes;
	struct layer_tree tree;
	struct layer_name name, target; /* of the present hard link */
	unsigned int device_links;
	uint64_t lookups; /* directories that may still be opened, see merged_find() */
};

static int find_in_layers(struct settling *settling, const char *path, size_t from,
			  struct merged_file *file)
{
	return merged_find(settling->layers, settling->layer_count, path, from, &settling->lookups,
			   file);
}

static int find_failed(int failed, const char *path, struct error *err)
{
	if (failed == -E2BIG)
		return error_set(err, 0,
				 "the layer's links lead through too many directories of the "
				 "layers below, %.1000s for one",
				 path);
	return error_set(err, -failed, "find %.1000s in the layers", path);
}

/* ---- an opaque top ---- */

static int hide_layer(struct settling *settling, int lower, struct error *err)
{
	autodir DIR *stream = directory_stream(lower);
	struct dirent *entry;

	if (!stream)
		return error_set(err, errno, "read a lower layer");
	while ((entry = directory_next(stream)))
		if (mark_hidden(settling->root, entry->d_name, entry->d_name, err) < 0)
			return -1;
	return errno ? error_set(err, errno, "read a lower layer") : 0;
}

static int hide_lower_layers(struct settling *settling, struct error *err)
{
	for (size_t i = 1; i < settling->layer_count; i++)
		if (hide_layer(settling, settling->layers[i], err) < 0)
			return -1;
	return 0;
}

/* ---- hard links ---- */

/* Was @path a device that was left out?  Links to a device are left out with it. */
static int is_device_left_out(struct settling *settling, const char *path, bool *ret,
			      struct error *err)
{
	autofree struct notes_reader *notes = mem_alloc(sizeof(*notes));
	const char *first, *second;
	enum layer_note note;
	int result;

	notes->fd = settling->notes_fd;
	*ret = false;
	while ((result = notes_next(notes, &note, &first, &second, err)) > 0)
		if (note == NOTE_DEVICE && str_equal(first, path)) {
			*ret = true;
			return 0;
		}
	return result;
}

static int link_to_nothing(struct settling *settling, struct error *err)
{
	bool left_out;

	if (settling->device_links++ == DEVICE_LINKS_MAX)
		return error_set(err, 0, "the layer has more than %d hard links to devices",
				 DEVICE_LINKS_MAX);
	if (is_device_left_out(settling, settling->target.path, &left_out, err) < 0)
		return -1;
	if (!left_out)
		return error_set(err, 0,
				 "the hard link %.700s: its target %.700s is not found, neither in "
				 "the layer nor in one below",
				 settling->name.path, settling->target.path);
	log_debug("layer: %s is left out: it is a link to a device", settling->name.path);
	notes_add(&settling->notes, NOTE_DEVICE, settling->name.path, NULL);
	return notes_flush(&settling->notes, err);
}

/* Copies the target from a lower layer to the same place in this one. */
static int bring_up(struct settling *settling, struct merged_file *file, struct error *err)
{
	struct layer_result *result = settling->result;
	uint64_t size = (uint64_t)file->st.st_blocks * 512, limit = settling->limits->size;
	const char *slash = strrchr(file->path, '/');
	size_t length = slash ? (size_t)(slash - file->path) : 0;
	int dir;

	/* The holes of a sparse file take no space. */
	if (size > limit || result->size > limit - size)
		return error_set(err, 0,
				 "the layer has more than %" PRIu64
				 " bytes with its links to files of lower layers",
				 limit);
	dir = tree_enter(&settling->tree, file->path, length, err);
	if (dir < 0 || layer_copy_file(file, dir, file->name, err) < 0)
		return -1;
	result->size += size;
	result->files++;
	fd_close(&file->dir);
	file->dir = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	return file->dir < 0 ? error_set(err, errno, "open a directory of the layer") : 0;
}

static int make_found_link(struct settling *settling, struct merged_file *file, struct error *err)
{
	int dir;

	if (S_ISDIR(file->st.st_mode))
		return error_set(err, 0, "the hard link %.700s leads to the directory %.700s",
				 settling->name.path, settling->target.path);
	if (file->layer > 0 && bring_up(settling, file, err) < 0)
		return -1;
	/* The copy may be the link itself, where its name and its target are the same file. */
	if (str_equal(file->path, settling->name.path))
		return 0;
	dir = tree_enter(&settling->tree, settling->name.path, settling->name.parent, err);
	if (dir < 0)
		return -1;
	if (linkat(file->dir, file->name, dir, settling->name.base, 0) < 0 && errno != EEXIST)
		return error_set(err, errno, "make the hard link %.700s to %.700s",
				 settling->name.path, settling->target.path);
	settling->result->files++;
	return 0;
}

/* Returns 1 where the name is free, 0 where a later entry of the layer has it, or -1. */
static int name_is_free(struct settling *settling, struct error *err)
{
	struct stat st;
	int dir = tree_enter(&settling->tree, settling->name.path, settling->name.parent, err);

	if (dir < 0)
		return -1;
	if (fstatat(dir, settling->name.base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 1
				       : error_set(err, errno, "stat %.1000s", settling->name.path);
	if (!mark_is_whiteout(&st))
		return 0;
	return tree_clear(&settling->tree, settling->name.base, err) < 0 ? -1 : 1;
}

static int settle_link(struct settling *settling, const char *name, const char *target,
		       struct error *err)
{
	automerged struct merged_file file = MERGED_FILE_NONE;
	int is_free, failed;

	if (layer_name_read(name, &settling->name, err) < 0 ||
	    layer_name_read(target, &settling->target, err) < 0)
		return -1;
	is_free = name_is_free(settling, err);
	if (is_free <= 0)
		return is_free;
	failed = find_in_layers(settling, settling->target.path, 0, &file);
	if (failed == -ENOENT)
		return link_to_nothing(settling, err);
	if (failed < 0)
		return find_failed(failed, settling->target.path, err);
	return make_found_link(settling, &file, err);
}

/* ---- implied directories ---- */

static int settle_directory(struct settling *settling, const char *path, struct error *err)
{
	autoclose int fd =
		path_open_in_root(settling->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	automerged struct merged_file file = MERGED_FILE_NONE;
	int failed;

	/* A later entry of the layer has listed the directory, or has taken its place. */
	if (fd < 0 || !mark_implied_remove(fd))
		return 0;
	failed = find_in_layers(settling, path, 1, &file);
	if (failed == -ENOENT || (failed == 0 && !S_ISDIR(file.st.st_mode)))
		return 0;
	if (failed < 0)
		return find_failed(failed, path, err);
	return layer_copy_directory(&file, fd, err);
}

/* ---- the notes ---- */

/* Does what the notes of one kind say. */
static int settle_notes(struct settling *settling, enum layer_note kind, struct error *err)
{
	autofree struct notes_reader *notes = mem_alloc(sizeof(*notes));
	const char *first, *second;
	enum layer_note note;
	int result;

	notes->fd = settling->notes_fd;
	while ((result = notes_next(notes, &note, &first, &second, err)) > 0) {
		if (note != kind)
			continue;
		if (kind == NOTE_OPAQUE_TOP)
			return hide_lower_layers(settling, err);
		result = kind == NOTE_LINK ? settle_link(settling, first, second, err)
					   : settle_directory(settling, first, err);
		if (result < 0)
			return -1;
	}
	return result;
}

static int settle_all(struct settling *settling, struct error *err)
{
	/* Another process may have written the notes. */
	if (lseek(settling->notes_fd, 0, SEEK_END) < 0)
		return error_set(err, errno, "write the notes of a layer");
	if (settle_notes(settling, NOTE_OPAQUE_TOP, err) < 0 ||
	    settle_notes(settling, NOTE_LINK, err) < 0 || notes_flush(&settling->notes, err) < 0)
		return -1;
	/* ORDER: before the implied directories get their times, the open ones are left. */
	tree_release(&settling->tree);
	return settle_notes(settling, NOTE_DIRECTORY, err);
}

int layer_settle(int root, int notes, const int *lower, size_t lowers,
		 const struct layer_limits *limits, struct layer_result *result, struct error *err)
{
	struct settling settling = {
		.root = root,
		.notes_fd = notes,
		.layers = mem_alloc((lowers + 1) * sizeof(*lower)),
		.layer_count = lowers + 1,
		.limits = limits,
		.result = result,
		.notes.fd = notes,
		.lookups = limits->lookups ? limits->lookups : LOOKUPS_MAX,
	};
	mode_t old = umask(0);
	int settled;

	settling.layers[0] = root;
	if (lowers > 0)
		memcpy(settling.layers + 1, lower, lowers * sizeof(*lower));
	tree_init(&settling.tree, root, &settling.notes);
	settled = settle_all(&settling, err);
	tree_release(&settling.tree);
	notes_release(&settling.notes);
	free(settling.layers);
	umask(old);
	return settled;
}
