// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: an end of a copy.
 *
 * The files belong to a hostile container, or lie where one can change them meanwhile: a directory
 * may become a link, a file a FIFO, a name another file.  So
 *   - each name is opened below the descriptor of its directory, and never through a link;
 *   - what isn't a regular file is never opened, and a file that became something else meanwhile
 *     can't block us (O_NONBLOCK), nor become our terminal (O_NOCTTY);
 *   - a file has the size that it has when it is opened: one that grows all the time has an end.
 */
#include "core/copy/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <linux/limits.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/base/tar.h"

/* One directory in another; each takes a descriptor while it is read. */
#define DEPTH_MAX 1000
/* Files with several names that are remembered; of more, each name becomes a file of its own. */
#define LINKS_KNOWN_MAX ((size_t)1 << 20)
/* A file of procfs has the size 0 and contents nevertheless. */
#define KERNEL_FILE_MAX ((size_t)4 << 20)

struct known_link {
	dev_t device;
	ino_t inode;
	char *name; /* in the stream; NULL: a free slot */
};

struct packing {
	const struct pack *pack;
	struct tar_writer writer;
	struct strbuf name;	  /* of the present entry, in the stream */
	struct known_link *links; /* a hash table, of a power of two slots */
	size_t link_count, link_slots;
};

static void packing_release(struct packing *packing)
{
	for (size_t i = 0; i < packing->link_slots; i++)
		free(packing->links[i].name);
	free(packing->links);
	strbuf_release(&packing->name);
	tar_writer_release(&packing->writer);
}

/* ---- files with several names ---- */

static size_t link_slot(const struct packing *packing, dev_t device, ino_t inode)
{
	size_t mask = packing->link_slots - 1;
	size_t slot = ((size_t)inode * 0x9e3779b97f4a7c15u ^ (size_t)device) & mask;

	while (packing->links[slot].name &&
	       (packing->links[slot].device != device || packing->links[slot].inode != inode))
		slot = (slot + 1) & mask;
	return slot;
}

static void grow_links(struct packing *packing)
{
	struct known_link *old = packing->links;
	size_t slots = packing->link_slots;

	packing->link_slots = slots ? 2 * slots : 256;
	packing->links = mem_alloc(packing->link_slots * sizeof(*packing->links));
	for (size_t i = 0; i < slots; i++)
		if (old[i].name)
			packing->links[link_slot(packing, old[i].device, old[i].inode)] = old[i];
	free(old);
}

/* The name under which the file is in the stream already; NULL: it is new, and is remembered. */
static const char *known_name(struct packing *packing, const struct stat *st)
{
	size_t slot;

	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return NULL;
	if (2 * packing->link_count >= packing->link_slots)
		grow_links(packing);
	slot = link_slot(packing, st->st_dev, st->st_ino);
	if (packing->links[slot].name)
		return packing->links[slot].name;
	if (packing->link_count < LINKS_KNOWN_MAX) {
		packing->links[slot] = (struct known_link){
			st->st_dev,
			st->st_ino,
			str_dup(packing->name.bytes),
		};
		packing->link_count++;
	}
	return NULL;
}

/* ---- attributes ---- */

static void fill_entry(const struct packing *packing, const struct stat *st,
		       struct tar_entry *entry)
{
	uint32_t unknown = packing->pack->unknown;

	entry->name = packing->name.bytes;
	entry->mode = st->st_mode & 07777;
	entry->uid = st->st_uid == unknown ? PACK_OWNER_UNKNOWN : st->st_uid;
	entry->gid = st->st_gid == unknown ? PACK_OWNER_UNKNOWN : st->st_gid;
	entry->mtime = st->st_mtim;
}

/*
 * An attribute that changes or vanishes meanwhile is left out; a file system that has none is no
 * failure.
 */
static void add_xattrs(const struct pack *pack, int fd, struct tar_entry *entry)
{
	autofree char *names = NULL, *value = NULL;
	ssize_t size = flistxattr(fd, NULL, 0);

	if (size <= 0)
		return;
	names = mem_alloc((size_t)size + 1);
	value = mem_alloc(XATTR_SIZE_MAX);
	size = flistxattr(fd, names, (size_t)size);
	for (ssize_t i = 0; i < size; i += (ssize_t)strlen(names + i) + 1) {
		ssize_t length;

		if (!copy_keeps_xattr(names + i, pack->archive))
			continue;
		length = fgetxattr(fd, names + i, value, XATTR_SIZE_MAX);
		if (length >= 0)
			tar_entry_add_xattr(entry, names + i, value, (size_t)length);
	}
}

/* The entry borrows its name and target; what was added to it is freed. */
static void free_added(struct tar_entry *entry)
{
	entry->name = entry->link = NULL;
	tar_entry_release(entry);
}

/* ---- regular files ---- */

#define PART_SIZE ((uint64_t)512)

/*
 * Finds the parts of a file that are no holes, in whole blocks of a tar stream.  The file may
 * change meanwhile, so nothing is assumed of what the kernel answers.
 */
static void find_extents(int fd, struct tar_entry *entry)
{
	uint64_t end = 0;

	if (lseek(fd, 0, SEEK_HOLE) < 0)
		return;
	entry->sparse = true;
	while (end < entry->size) {
		off_t data = lseek(fd, (off_t)end, SEEK_DATA);
		off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		uint64_t start = (uint64_t)data & ~(PART_SIZE - 1), stop = (uint64_t)hole;

		if (data < 0 || hole < 0)
			break;
		start = start > end ? start : end;
		stop = (stop + PART_SIZE - 1) & ~(PART_SIZE - 1);
		/* One slot stays for the empty part at the end. */
		if (stop > entry->size || entry->extent_count == TAR_EXTENTS_MAX - 2)
			stop = entry->size;
		if (start >= stop)
			break;
		tar_entry_add_extent(entry, start, stop - start);
		end = stop;
	}
}

static int pack_data(struct packing *packing, int fd, uint64_t offset, uint64_t size,
		     struct error *err)
{
	const struct pack *pack = packing->pack;
	uint64_t end = offset + size;

	while (offset < end) {
		uint64_t left = end - offset;
		size_t wanted = left < TAR_BUFFER_SIZE ? (size_t)left : TAR_BUFFER_SIZE;
		ssize_t got;
		char *room;

		if (copy_may_go_on(pack->stop, pack->life, err) < 0 ||
		    tar_write_room(&packing->writer, wanted, &room, &wanted, err) < 0)
			return -1;
		do
			got = pread(fd, room, wanted, (off_t)offset);
		while (got < 0 && errno == EINTR && !*pack->stop);
		if (got < 0)
			return error_set(err, errno, "read %s", packing->name.bytes);
		/* The file is shorter by now; zeros keep the place of what follows. */
		if (got == 0) {
			memset(room, 0, wanted);
			got = (ssize_t)wanted;
		}
		tar_write_advance(&packing->writer, (size_t)got);
		offset += (uint64_t)got;
	}
	return 0;
}

static bool is_of_kernel(int fd)
{
	static const unsigned int types[] = {
		PROC_SUPER_MAGIC,	  SYSFS_MAGIC,	      CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC,	  DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC,
		SECURITYFS_MAGIC,	  TRACEFS_MAGIC,      BPF_FS_MAGIC,
		BINFMTFS_MAGIC,		  SELINUX_MAGIC,      0x19800202 /* mqueue */,
		0x65735543 /* fusectl */,
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if ((unsigned int)fs.f_type == types[i])
			return true;
	return false;
}

/* The size of a file of procfs is known when it was read. */
static int pack_kernel_file(struct packing *packing, int fd, struct tar_entry *entry,
			    struct error *err)
{
	autofree char *bytes = NULL;
	size_t size = 0, part;
	char *room;
	int result = fd_read_all(fd, KERNEL_FILE_MAX, &bytes, &size);

	if (result < 0)
		return error_set(err, -result, "read %s", packing->name.bytes);
	entry->size = size;
	if (tar_write_entry(&packing->writer, entry, err) < 0)
		return -1;
	for (size_t done = 0; done < size; done += part) {
		if (tar_write_room(&packing->writer, size - done, &room, &part, err) < 0)
			return -1;
		memcpy(room, bytes + done, part);
		tar_write_advance(&packing->writer, part);
	}
	return tar_write_end_entry(&packing->writer, err);
}

static int pack_opened_file(struct packing *packing, int fd, const struct stat *st,
			    struct tar_entry *entry, struct error *err)
{
	fill_entry(packing, st, entry);
	entry->kind = TAR_FILE;
	entry->size = (uint64_t)st->st_size;
	add_xattrs(packing->pack, fd, entry);
	if (st->st_size == 0 && is_of_kernel(fd))
		return pack_kernel_file(packing, fd, entry, err);
	if ((uint64_t)st->st_blocks * 512 < entry->size)
		find_extents(fd, entry);
	if (tar_write_entry(&packing->writer, entry, err) < 0)
		return -1;
	if (!entry->sparse && pack_data(packing, fd, 0, entry->size, err) < 0)
		return -1;
	for (size_t i = 0; i < entry->extent_count; i++)
		if (pack_data(packing, fd, entry->extents[i].offset, entry->extents[i].size, err) <
		    0)
			return -1;
	return tar_write_end_entry(&packing->writer, err);
}

/*
 * A name that is gone, or has become a link, a FIFO or a socket since it was examined, is left out:
 * the container goes on while it is copied.
 */
static bool has_vanished(int errnum)
{
	return errnum == ENOENT || errnum == ELOOP || errnum == ENXIO || errnum == ENOTDIR ||
	       errnum == ESTALE;
}

static int pack_file(struct packing *packing, int dir, const char *name, struct error *err)
{
	autoclose int fd =
		openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct tar_entry entry = { 0 };
	struct stat st;
	int result;

	if (fd < 0 && has_vanished(errno)) {
		report_left_out(packing->pack->report, packing->name.bytes,
				"it vanished during the copy");
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open %s", packing->name.bytes);
	if (!S_ISREG(st.st_mode)) {
		report_left_out(packing->pack->report, packing->name.bytes,
				"it became another file during the copy");
		return 0;
	}
	result = pack_opened_file(packing, fd, &st, &entry, err);
	free_added(&entry);
	return result;
}

/* ---- all kinds ---- */

static int pack_symlink(struct packing *packing, int dir, const char *name, const struct stat *st,
			struct error *err)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(dir, name, target, sizeof(target) - 1);
	struct tar_entry entry = { .kind = TAR_SYMLINK, .link = target };

	if (length < 0 && (has_vanished(errno) || errno == EINVAL))
		return 0;
	if (length <= 0)
		return error_set(err, length < 0 ? errno : ENOENT, "read the link %s",
				 packing->name.bytes);
	target[length] = '\0';
	fill_entry(packing, st, &entry);
	return tar_write_entry(&packing->writer, &entry, err);
}

static int pack_special(struct packing *packing, const struct stat *st, struct error *err)
{
	struct tar_entry entry = {
		.kind = S_ISFIFO(st->st_mode)  ? TAR_FIFO
			: S_ISCHR(st->st_mode) ? TAR_CHAR
					       : TAR_BLOCK,
		.device_major = major(st->st_rdev),
		.device_minor = minor(st->st_rdev),
	};

	if (entry.kind == TAR_FIFO)
		entry.device_major = entry.device_minor = 0;
	fill_entry(packing, st, &entry);
	return tar_write_entry(&packing->writer, &entry, err);
}

static int pack_directory(struct packing *packing, int dir, const char *name, const struct stat *st,
			  unsigned int depth, struct error *err);

/* @depth 0: what the user has named. */
static int pack_name(struct packing *packing, int dir, const char *name, const struct stat *st,
		     unsigned int depth, struct error *err)
{
	const struct pack *pack = packing->pack;
	const char *known = known_name(packing, st);

	if (copy_may_go_on(pack->stop, pack->life, err) < 0)
		return -1;
	if (known) {
		struct tar_entry entry = { .kind = TAR_HARDLINK, .link = (char *)known };

		fill_entry(packing, st, &entry);
		return tar_write_entry(&packing->writer, &entry, err);
	}
	switch (st->st_mode & S_IFMT) {
	case S_IFREG: return pack_file(packing, dir, name, err);
	case S_IFDIR: return pack_directory(packing, dir, name, st, depth, err);
	case S_IFLNK: return pack_symlink(packing, dir, name, st, err);
	case S_IFSOCK:
		if (depth == 0)
			return error_set(err, 0, "it is a socket, which can't be copied");
		report_left_out(pack->report, packing->name.bytes, "it is a socket");
		return 0;
	default: return pack_special(packing, st, err);
	}
}

static int pack_entries(struct packing *packing, int fd, unsigned int depth, struct error *err)
{
	autodir DIR *stream = directory_stream(fd);
	size_t length = packing->name.size;
	struct dirent *entry;

	if (!stream)
		return error_set(err, errno, "read the directory %s", packing->name.bytes);
	while ((entry = directory_next(stream))) {
		struct stat st;
		int result = 0;

		strbuf_addf(&packing->name, "/%s", entry->d_name);
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0)
			result = pack_name(packing, fd, entry->d_name, &st, depth + 1, err);
		else if (!has_vanished(errno))
			result = error_set(err, errno, "%s", packing->name.bytes);
		packing->name.size = length;
		packing->name.bytes[length] = '\0';
		if (result < 0)
			return -1;
	}
	return errno ? error_set(err, errno, "read the directory %s", packing->name.bytes) : 0;
}

static int pack_directory(struct packing *packing, int dir, const char *name, const struct stat *st,
			  unsigned int depth, struct error *err)
{
	autoclose int fd =
		openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct tar_entry entry = { .kind = TAR_DIRECTORY };
	int result;

	if (depth > DEPTH_MAX)
		return error_set(err, 0, "%.200s…: more than %d directories in each other",
				 packing->name.bytes, DEPTH_MAX);
	if (fd < 0 && depth > 0 && has_vanished(errno))
		return 0;
	if (fd < 0)
		return error_set(err, errno, "open the directory %s", packing->name.bytes);
	fill_entry(packing, st, &entry);
	add_xattrs(packing->pack, fd, &entry);
	result = tar_write_entry(&packing->writer, &entry, err);
	free_added(&entry);
	if (result < 0)
		return -1;
	if (depth > 0 && is_of_kernel(fd)) {
		report_left_out(packing->pack->report, packing->name.bytes,
				"it is a file system of the kernel's own");
		return 0;
	}
	return pack_entries(packing, fd, depth, err);
}

/* /dev/stdin and <(command) of a shell: a link to an open file, which means nothing elsewhere. */
static bool is_open_file(const struct operand *place)
{
	char target[PATH_MAX];
	ssize_t length;

	if (!place->exists || !S_ISLNK(place->st.st_mode))
		return false;
	length = readlinkat(place->dir, place->name, target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = '\0';
	return str_starts_with(target, "/proc/") || is_of_kernel(place->dir);
}

int pack_tree(const struct pack *pack, struct error *err)
{
	__attribute__((cleanup(packing_release))) struct packing packing = { .pack = pack };
	autooperand struct operand place = OPERAND_NONE;

	tar_writer_init(&packing.writer, pack->out, pack->stop);
	if (operand_find(pack->view, pack->path, pack->links, &place, err) < 0)
		return -1;
	if (!place.exists)
		return error_set(err, ENOENT, "%s", place.text);
	if (place.wants_directory && !S_ISDIR(place.st.st_mode))
		return error_set(err, ENOTDIR, "%s", place.text);
	if (!pack->view->id && is_open_file(&place)) {
		error_set(err, 0, "%s is an open file of a process, not one to copy", place.text);
		return error_hint(err, "urun exec ID tee PATH writes what it reads");
	}
	strbuf_add_str(&packing.name, pack->top);
	if (pack_name(&packing, place.dir, place.name, &place.st, 0, err) < 0)
		return copy_is_stream_error(err) ? -1 : error_prefix(err, "%s", place.text);
	return tar_write_end(&packing.writer, err);
}
