// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3: asked for where vm.memfd_noexec is set */
#endif

static int make_memfd(void)
{
	int fd = memfd_create("urun", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("urun", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

/*
 * How much of the file execve(2) looks at: up to the end of the last segment.  Behind it are the
 * section headers and what debuggers read, often more than all before.
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
	autoclose int copy = make_memfd();
	int rc;

	if (copy < 0)
		return error_set(err, errno, "make a memory file for a sealed copy of urun");
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

/*
 * Inside a rootless engine's user namespace other containers may be in that one, and see this
 * container's processes in a pid namespace that both have: what counts then is whether the owner is
 * mapped there.  One without a mapping has the kernel's overflow id.
 */
#define OVERFLOW_UID 65534

static bool is_mapped_here(uid_t owner)
{
	return owner != OVERFLOW_UID && !userns_is_initial();
}

int seal_self(const struct userns_plan *userns, int *ret_fd, struct error *err)
{
	autoclose int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (self < 0)
		return error_set(err, errno, "open /proc/self/exe");
	if (fstat(self, &st) < 0)
		return error_set(err, errno, "stat /proc/self/exe");
	/*
	 * The container's first process is this file executed, so a program in the container can
	 * open it by /proc/PID/exe.  For an owner without a mapping the container's root has no
	 * capability over the file, and the mode decides (user_namespaces(7)); a mapped owner, or a
	 * mode that lets others write, leaves the host's urun to be overwritten from inside
	 * (CVE-2019-5736).
	 */
	if (!idmap_maps_outer(&userns->uids, st.st_uid) && !(st.st_mode & 022) &&
	    !is_mapped_here(st.st_uid)) {
		*ret_fd = take_fd(&self);
		return 0;
	}
	log_debug("urun's own file could be written by the container: init runs a sealed copy");
	return sealed_copy(self, executed_size(self, st.st_size), ret_fd, err);
}
