// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-image, in the user namespace.
 *
 * The layer is hostile.  Each entry is made anew in a directory that tree_enter() has opened, with
 * calls that follow no link (O_EXCL and O_NOFOLLOW, mkdirat, symlinkat, mknodat, linkat): what has
 * the name already is removed first.  So no entry is written through what an earlier one made.
 */
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/unpack/layer.h"
#include "core/unpack/layer_attributes.h"
#include "core/unpack/layer_marks.h"
#include "core/unpack/layer_name.h"
#include "core/unpack/layer_notes.h"
#include "core/unpack/layer_stream.h"
#include "core/unpack/layer_tree.h"

#define PERMISSIONS  0777
#define SPECIAL_BITS 07000

struct unpacking {
	struct layer_stream *stream;
	struct layer_tree tree;
	struct notes_writer notes;
	struct attributes attributes;
	const struct layer_limits *limits;
	struct layer_result result;
	uint64_t entries;
	uint64_t later; /* notes that need the layers below */
	/* The present entry. */
	struct archive_entry *entry;
	struct layer_name name;
	mode_t mode;
	int dir; /* the open directory of the entry; the tree's */
	struct layer_name target;
};

static int entry_failed(const struct unpacking *unpacking, const char *what, struct error *err)
{
	return error_set(err, errno, "%s %.1000s", what, unpacking->name.path);
}

/* What is made in the present directory belongs to root:root and has no mode but its own. */
static bool makes_plain(struct unpacking *unpacking)
{
	return tree_top(&unpacking->tree)->plain;
}

static int clear_entry(struct unpacking *unpacking, struct error *err)
{
	unpacking->dir = tree_clear(&unpacking->tree, unpacking->name.base, err);
	return unpacking->dir < 0 ? -1 : 0;
}

/* ---- regular files ---- */

static int write_bytes_at(int fd, const char *bytes, size_t size, uint64_t offset)
{
	while (size > 0) {
		ssize_t written = pwrite(fd, bytes, size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		bytes += written;
		size -= (size_t)written;
		offset += (uint64_t)written;
	}
	return 0;
}

/* Content that isn't in the tar is a hole of a sparse file. */
static int write_content(struct unpacking *unpacking, int fd, struct error *err)
{
	uint64_t whole = (uint64_t)archive_entry_size(unpacking->entry), end = 0;
	const void *bytes;
	uint64_t offset;
	size_t size;
	int result;

	if (whole == 0)
		return 0;
	while ((result = layer_stream_data(unpacking->stream, &bytes, &size, &offset, err)) > 0) {
		if (write_bytes_at(fd, bytes, size, offset) < 0)
			return entry_failed(unpacking, "write", err);
		unpacking->result.size += size;
		if (offset + size > end)
			end = offset + size;
	}
	if (result < 0)
		return -1;
	if (end < whole && ftruncate(fd, (off_t)whole) < 0)
		return entry_failed(unpacking, "write", err);
	return 0;
}

static int open_new_file(const struct unpacking *unpacking)
{
	return openat(unpacking->dir, unpacking->name.base,
		      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      unpacking->mode & PERMISSIONS);
}

static int create_file(struct unpacking *unpacking, struct error *err)
{
	int fd = open_new_file(unpacking);

	if (fd < 0 && errno == EEXIST) {
		if (clear_entry(unpacking, err) < 0)
			return -1;
		fd = open_new_file(unpacking);
	}
	return fd < 0 ? entry_failed(unpacking, "make", err) : fd;
}

/*
 * ORDER: content, owner, mode, attributes: a write removes capabilities, and so does a change of
 * the owner, which removes set-user-ID too.
 */
static int finish_regular(struct unpacking *unpacking, int fd, struct error *err)
{
	struct timespec times[2];

	if (attributes_set_owner(&unpacking->attributes, fd, "", makes_plain(unpacking),
				 unpacking->entry, err) < 0)
		return -1;
	if (unpacking->mode & SPECIAL_BITS && fchmod(fd, unpacking->mode) < 0)
		return entry_failed(unpacking, "set the mode of", err);
	attributes_set_xattrs(&unpacking->attributes, fd, unpacking->entry, unpacking->name.path);
	attributes_times(unpacking->entry, times);
	(void)futimens(fd, times);
	return 0;
}

static int unpack_regular(struct unpacking *unpacking, struct error *err)
{
	autoclose int fd = create_file(unpacking, err);

	if (fd < 0 || write_content(unpacking, fd, err) < 0)
		return -1;
	return finish_regular(unpacking, fd, err);
}

/* ---- symbolic links and FIFOs ---- */

static int make_other(const struct unpacking *unpacking)
{
	const char *base = unpacking->name.base;
	const char *target = archive_entry_symlink(unpacking->entry);

	if (archive_entry_filetype(unpacking->entry) == AE_IFLNK)
		return symlinkat(target ? target : "", unpacking->dir, base);
	return mknodat(unpacking->dir, base, S_IFIFO | (unpacking->mode & PERMISSIONS), 0);
}

static int unpack_other(struct unpacking *unpacking, struct error *err)
{
	struct timespec times[2];
	int made = make_other(unpacking);

	if (made < 0 && errno == EEXIST) {
		if (clear_entry(unpacking, err) < 0)
			return -1;
		made = make_other(unpacking);
	}
	if (made < 0)
		return entry_failed(unpacking, "make", err);
	if (attributes_set_owner(&unpacking->attributes, unpacking->dir, unpacking->name.base,
				 makes_plain(unpacking), unpacking->entry, err) < 0)
		return -1;
	attributes_leave_xattrs(unpacking->entry, unpacking->name.path);
	attributes_times(unpacking->entry, times);
	(void)utimensat(unpacking->dir, unpacking->name.base, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

/* ---- directories ---- */

/* Goes to the directory, which has just been made under the name. */
static int enter_made(struct unpacking *unpacking, struct error *err)
{
	int fd = openat(unpacking->dir, unpacking->name.base,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return entry_failed(unpacking, "open", err);
	tree_enter_new(&unpacking->tree, unpacking->name.path, fd);
	return fd;
}

static int make_and_enter(struct unpacking *unpacking, struct error *err)
{
	if (mkdirat(unpacking->dir, unpacking->name.base, unpacking->mode & PERMISSIONS) < 0)
		return entry_failed(unpacking, "make", err);
	return enter_made(unpacking, err);
}

/* The name is taken: by a directory that stays, by a whiteout, or by a file that goes. */
static int take_place(struct unpacking *unpacking, struct error *err)
{
	struct stat st;
	int fd;

	if (fstatat(unpacking->dir, unpacking->name.base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_failed(unpacking, "stat", err);
	if (S_ISDIR(st.st_mode)) {
		fd = tree_enter(&unpacking->tree, unpacking->name.path,
				strlen(unpacking->name.path), err);
		if (fd >= 0 && mark_implied_remove(fd))
			unpacking->tree.implied--;
		return fd;
	}
	if (clear_entry(unpacking, err) < 0)
		return -1;
	fd = make_and_enter(unpacking, err);
	/* The whiteout hid the directory of the layers below: so does the new directory. */
	if (fd >= 0 && mark_is_whiteout(&st) && mark_opaque(fd) < 0)
		return entry_failed(unpacking, "mark as opaque", err);
	return fd;
}

/* ORDER: the mode after the owner, as a change of the owner removes set-group-ID. */
static int finish_directory(struct unpacking *unpacking, int fd, bool plain, struct error *err)
{
	struct tree_level *level = tree_top(&unpacking->tree);

	if (attributes_set_owner(&unpacking->attributes, fd, "", plain, unpacking->entry, err) < 0)
		return -1;
	if ((unpacking->mode & SPECIAL_BITS || !plain) && fchmod(fd, unpacking->mode) < 0)
		return entry_failed(unpacking, "set the mode of", err);
	attributes_set_xattrs(&unpacking->attributes, fd, unpacking->entry, unpacking->name.path);
	attributes_times(unpacking->entry, level->times);
	level->changed = true;
	level->plain = archive_entry_gid(unpacking->entry) == 0 && !(unpacking->mode & S_ISGID);
	return 0;
}

static int unpack_directory(struct unpacking *unpacking, struct error *err)
{
	bool plain = makes_plain(unpacking);
	int fd;

	if (*unpacking->name.base == '\0') {
		unpacking->result.lists_top = true;
		return finish_directory(unpacking, unpacking->dir, false, err);
	}
	if (mkdirat(unpacking->dir, unpacking->name.base, unpacking->mode & PERMISSIONS) == 0) {
		fd = enter_made(unpacking, err);
	} else if (errno == EEXIST) {
		fd = take_place(unpacking, err);
		plain = false;
	} else {
		return entry_failed(unpacking, "make", err);
	}
	return fd < 0 ? -1 : finish_directory(unpacking, fd, plain, err);
}

/* ---- hard links ---- */

/* Returns 0 or a negative errno; -ENOENT: this layer doesn't have the target. */
static int make_link(struct unpacking *unpacking)
{
	const struct layer_name *name = &unpacking->name, *target = &unpacking->target;
	autoclose int opened = -1;
	int from = unpacking->dir;
	struct stat st;

	if (target->parent != name->parent || memcmp(target->path, name->path, name->parent) != 0) {
		autofree char *parent = str_dup_n(target->path, target->parent);

		opened = path_open_in_root(unpacking->tree.root, parent, O_PATH | O_DIRECTORY, 0);
		if (opened < 0)
			return opened == -ENOTDIR ? -ENOENT : opened;
		from = opened;
	}
	if (fstatat(from, target->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (mark_is_whiteout(&st))
		return -ENOENT;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return linkat(from, target->base, unpacking->dir, name->base, 0) < 0 ? -errno : 0;
}

/* Does the name belong to the target already? */
static bool is_linked(struct unpacking *unpacking)
{
	autoclose int target = path_open_in_root(unpacking->tree.root, unpacking->target.path,
						 O_PATH | O_NOFOLLOW, 0);
	autoclose int name =
		openat(unpacking->dir, unpacking->name.base, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return target >= 0 && name >= 0 && stat_same_fds(target, name);
}

/* The target can be in a lower layer, or come later in this one: layer_settle() makes the link. */
static int link_later(struct unpacking *unpacking, struct error *err)
{
	if (faccessat(unpacking->dir, unpacking->name.base, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    clear_entry(unpacking, err) < 0)
		return -1;
	notes_add(&unpacking->notes, NOTE_LINK, unpacking->name.path, unpacking->target.path);
	unpacking->later++;
	return 0;
}

static int unpack_link(struct unpacking *unpacking, struct error *err)
{
	int failed;

	if (layer_name_read(archive_entry_hardlink(unpacking->entry), &unpacking->target, err) < 0)
		return -1;
	if (unpacking->target.kind != LAYER_NAME_FILE)
		return error_set(err, 0, "the hard link %.700s leads to the whiteout %.700s",
				 unpacking->name.path, unpacking->target.path);
	if (str_equal(unpacking->target.path, unpacking->name.path))
		return 0;
	failed = make_link(unpacking);
	if (failed == -EEXIST) {
		if (is_linked(unpacking))
			return 0;
		if (clear_entry(unpacking, err) < 0)
			return -1;
		failed = make_link(unpacking);
	}
	if (failed == -ENOENT)
		return link_later(unpacking, err);
	if (failed < 0)
		return error_set(err, -failed, "make the hard link %.700s to %.700s",
				 unpacking->name.path, unpacking->target.path);
	return 0;
}

/* ---- whiteouts ---- */

static int unpack_whiteout(struct unpacking *unpacking, struct error *err)
{
	int hidden;

	/* In an opaque directory the kernel's overlay would list the whiteout as a file. */
	if (mark_is_opaque(unpacking->dir))
		return 0;
	hidden = mark_hidden(unpacking->dir, unpacking->name.base, unpacking->name.path, err);
	if (hidden > 0)
		unpacking->tree.implied--;
	return hidden < 0 ? -1 : 0;
}

static int unpack_opaque(struct unpacking *unpacking, struct error *err)
{
	int failed;

	/* An overlay reads no mark on the top directories of its layers. */
	if (unpacking->name.parent == 0) {
		notes_add(&unpacking->notes, NOTE_OPAQUE_TOP, "", NULL);
		unpacking->later++;
		return 0;
	}
	failed = mark_opaque_alone(unpacking->dir);
	return failed < 0 ? error_set(err, -failed, "mark as opaque: %.1000s", unpacking->name.path)
			  : 0;
}

/* ---- entries ---- */

static int leave_out(struct unpacking *unpacking)
{
	log_debug("layer: %s is left out: a user namespace makes no devices", unpacking->name.path);
	notes_add(&unpacking->notes, NOTE_DEVICE, unpacking->name.path, NULL);
	unpacking->result.devices++;
	unpacking->result.files--;
	return 0;
}

static int unpack_file_entry(struct unpacking *unpacking, struct error *err)
{
	mode_t type = archive_entry_filetype(unpacking->entry);

	if (*unpacking->name.base == '\0' &&
	    (archive_entry_hardlink(unpacking->entry) || type != AE_IFDIR))
		return error_set(err, 0, "the layer's top directory is a file in it");
	if (archive_entry_hardlink(unpacking->entry))
		return unpack_link(unpacking, err);
	switch (type) {
	case AE_IFREG: return unpack_regular(unpacking, err);
	case AE_IFDIR: return unpack_directory(unpacking, err);
	case AE_IFLNK:
	case AE_IFIFO: return unpack_other(unpacking, err);
	default: return leave_out(unpacking);
	}
}

static int unpack_next(struct unpacking *unpacking, struct error *err)
{
	const char *text = archive_entry_pathname(unpacking->entry);

	if (++unpacking->entries > unpacking->limits->files)
		return error_set(err, 0, "the layer has more than %" PRIu64 " files",
				 unpacking->limits->files);
	if (layer_name_read(text ? text : "", &unpacking->name, err) < 0)
		return -1;
	if (unpacking->name.kind == LAYER_NAME_AUFS) {
		log_debug("layer: %s is left out: it is a file of aufs", unpacking->name.path);
		return 0;
	}
	unpacking->mode = archive_entry_mode(unpacking->entry) & (PERMISSIONS | SPECIAL_BITS);
	unpacking->dir =
		tree_enter(&unpacking->tree, unpacking->name.path, unpacking->name.parent, err);
	if (unpacking->dir < 0)
		return -1;
	unpacking->result.files++;
	switch (unpacking->name.kind) {
	case LAYER_NAME_WHITEOUT: return unpack_whiteout(unpacking, err);
	case LAYER_NAME_OPAQUE: return unpack_opaque(unpacking, err);
	default: return unpack_file_entry(unpacking, err);
	}
}

static int unpack_entries(struct unpacking *unpacking, struct error *err)
{
	int result;

	while ((result = layer_stream_next(unpacking->stream, &unpacking->entry, err)) > 0)
		if (unpack_next(unpacking, err) < 0)
			return -1;
	if (result < 0)
		return -1;
	return layer_stream_finish(unpacking->stream, unpacking->result.diff_id, err);
}

/* ---- the layer ---- */

/*
 * The directory has inherited what the store's directory has: a group by set-group-ID, and an ACL,
 * which would go on to each entry and change its mode.
 */
static int prepare_top(int root, struct error *err)
{
	(void)fremovexattr(root, "system.posix_acl_default");
	(void)fremovexattr(root, "system.posix_acl_access");
	if (fchown(root, 0, 0) < 0 || fchmod(root, 0755) < 0)
		return error_set(err, errno, "prepare the directory of a layer");
	return 0;
}

static int unpack_all(struct unpacking *unpacking, struct layer_input *input, struct error *err)
{
	__attribute__((cleanup(layer_stream_cleanup))) struct layer_stream *stream =
		layer_stream_new(input, unpacking->limits->size, err);

	if (!stream)
		return -1;
	unpacking->stream = stream;
	if (prepare_top(unpacking->tree.root, err) < 0)
		return -1;
	if (unpack_entries(unpacking, err) < 0) {
		layer_stream_blame(stream, err);
		return -1;
	}
	return notes_flush(&unpacking->notes, err);
}

int layer_unpack(struct layer_input *input, int root, int notes, bool single_id,
		 const struct layer_limits *limits, struct layer_result *ret_result,
		 struct error *err)
{
	struct unpacking unpacking = {
		.notes.fd = notes,
		.attributes.single_id = single_id,
		.limits = limits,
	};
	/* Each entry has its own mode exactly. */
	mode_t old = umask(0);
	int result;

	unpacking.attributes.result = &unpacking.result;
	tree_init(&unpacking.tree, root, &unpacking.notes);
	result = unpack_all(&unpacking, input, err);
	unpacking.result.depends = unpacking.tree.implied > 0 || unpacking.later > 0;
	tree_release(&unpacking.tree);
	notes_release(&unpacking.notes);
	umask(old);
	if (result == 0)
		*ret_result = unpacking.result;
	return result;
}
