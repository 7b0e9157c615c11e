// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * The attack (CVE-2019-5736).  The container's first process is urun's own file, executed as
 * `urun init`.  A program in the container can open that file as /proc/PID/exe.  Writing is refused
 * while the file is executed (ETXTBSY), but the program can keep the descriptor of the path, wait
 * until init has executed the container's program, and write then: the next `urun` of the host runs
 * the attacker's code.
 *
 * Three answers:
 *   - The kernel refuses to open the file for writing if the container has no right to it.  Root of
 *     a user namespace has no capability over a file whose owner has no mapping there, so the mode
 *     decides (user_namespaces(7)).  An installed urun belongs to the host's root and only its
 *     owner may write to it: its own file is safe, and costs nothing.
 *     A container of root without a user namespace has the host's ids, and so the file's owner: for
 *     it the first answer never holds.
 *   - Root of the host executes its file through a mount of its own, which is read-only and attached
 *     nowhere: by a descriptor of /proc/PID/exe all changes of the file fail with EROFS.  No file but
 *     this one is in the mount.  As long as a descriptor of open_tree(2) is open, a process with
 *     CAP_SYS_ADMIN that sees the mount could make it writable.  So we close ours after the clone, and
 *     execve(2) closes that of init: the kernel takes the mount out of its namespace then, and nobody
 *     can change it any more (mount_setattr(2), EINVAL).  That costs a tenth of a copy.
 *   - Otherwise init executes a copy in memory (memfd_create(2)), with seals against every change
 *     (fcntl(2), "File Sealing").
 */
#include "core/parent/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"

/*
 * The bytes of the file that execve(2) needs: up to the end of the last segment.  Behind that are
 * section headers and debugging information, which often are the larger part.
 */
static off_t executed_size(int self, off_t size)
{
	ElfW(Ehdr) head;
	off_t end = 0;

	if (pread(self, &head, sizeof(head), 0) != sizeof(head) ||
	    head.e_phentsize != sizeof(ElfW(Phdr)))
		return size;
	for (size_t i = 0; i < head.e_phnum; i++) {
		ElfW(Phdr) segment;
		off_t segment_end;

		if (pread(self, &segment, sizeof(segment),
			  (off_t)(head.e_phoff + i * sizeof(segment))) != sizeof(segment))
			return size;
		segment_end = (off_t)(segment.p_offset + segment.p_filesz);
		if (segment_end > end)
			end = segment_end;
	}
	return end > 0 && end < size ? end : size;
}

static int sealed_copy(int self, off_t size, int *ret_fd, struct error *err)
{
	autoclose int copy = fd_memory_program("urun");
	int rc;

	if (copy < 0)
		return error_set(err, -copy, "make a memory file for a sealed copy of urun");
	while (size > 0) {
		ssize_t n = sendfile(copy, self, NULL, (size_t)size);

		if (n <= 0)
			return error_set(err, n < 0 ? errno : EIO, "copy urun into memory");
		size -= n;
	}
	if (fchmod(copy, 0555) < 0)
		return error_set(err, errno, "change the mode of the copy of urun");
	rc = fd_seal(copy, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	if (rc < 0)
		return error_set(err, -rc, "seal the copy of urun");
	*ret_fd = take_fd(&copy);
	return 0;
}

/* The owner that stat(2) shows for a file whose owner has no mapping in our user namespace. */
#define OVERFLOW_UID 65534

/*
 * Can a container write to urun's own file @st?  With the container's own user namespace, the
 * plan's mapping decides.  If urun runs in a rootless engine's user namespace, other containers can
 * be in that namespace and share this container's pid namespace, so the file's owner must not be
 * mapped there either.
 */
static bool is_writable_inside(const struct stat *st, const struct userns_plan *userns)
{
	if (st->st_mode & 022)
		return true;
	return idmap_maps_outer(&userns->uids, st->st_uid) ||
	       (!userns_is_initial() && st->st_uid != OVERFLOW_UID);
}

/*
 * Returns 0 or a negative errno, where the kernel refuses, or the file isn't in our mount namespace.
 * Source: open_tree(2), mount_setattr(2).
 */
static int readonly_mount(int self, int *ret_fd)
{
	struct mount_attr attr = { .attr_set =
					   MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
				   .propagation = MS_PRIVATE };
	autoclose int tree =
		open_tree(self, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct statvfs fs;

	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ||
	    fstatvfs(tree, &fs) < 0)
		return -errno;
	if (!(fs.f_flag & ST_RDONLY))
		return -EOPNOTSUPP;
	*ret_fd = take_fd(&tree);
	return 0;
}

int seal_self(const struct userns_plan *userns, bool host_root, int *ret_fd, struct error *err)
{
	autoclose int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (self < 0)
		return error_set(err, errno, "open /proc/self/exe");
	if (fstat(self, &st) < 0)
		return error_set(err, errno, "stat /proc/self/exe");
	if (!is_writable_inside(&st, userns)) {
		*ret_fd = take_fd(&self);
		return 0;
	}
	if (host_root && readonly_mount(self, ret_fd) == 0) {
		log_debug(
			"urun's own file could be written by the container: init runs it from a read-only mount");
		return 0;
	}
	log_debug("urun's own file could be written by the container: init runs a sealed copy");
	return sealed_copy(self, executed_size(self, st.st_size), ret_fd, err);
}
