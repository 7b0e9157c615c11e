// SPDX-License-Identifier: Apache-2.0
/*
 * A tar stream that `cp` unpacks: whatever it says, nothing outside of the directory is made,
 * changed or removed.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/remove.h"
#include "core/copy/unpack.h"
#include "tests/fuzz/fuzz.h"

/* The directory "in" is the destination; the file "out" lies beside it. */
static char base[] = "/tmp/urun-fuzz-unpack.XXXXXX";
static int base_fd, in_fd;

static void remove_base(void)
{
	remove_below(base_fd, NULL);
	rmdir(base);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	int out;

	(void)argc;
	(void)argv;
	if (!mkdtemp(base))
		abort();
	base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base_fd < 0 || mkdirat(base_fd, "in", 0700) < 0)
		abort();
	in_fd = openat(base_fd, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	out = openat(base_fd, "out", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (in_fd < 0 || out < 0 || write(out, "sentinel", 8) != 8)
		abort();
	close(out);
	atexit(remove_base);
	return 0;
}

static void check_base(void)
{
	struct stat st;
	autodir DIR *stream = opendir(base);
	int names = 0;

	while (stream && readdir(stream))
		names++;
	fuzz_demand(names == 4, "nothing is made beside the directory");
	fuzz_demand(fstatat(base_fd, "out", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
			    st.st_size == 8 && st.st_nlink == 1 && (st.st_mode & 0777) == 0600,
		    "nothing beside the directory is changed");
}

/* The first byte chooses how the stream is unpacked. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const volatile sig_atomic_t stop = 0;
	const struct view view = { .root = -1 };
	autofree char *path = str_format("%s/in", base);
	struct report report = { 0 };
	struct error err = ERROR_NONE;
	autoclose int stream = memfd_create("fuzz-unpack", MFD_CLOEXEC);
	uint8_t choice = size > 0 ? bytes[0] : 0;
	struct unpack unpack = {
		.view = &view,
		.path = path,
		.top = choice & 1 ? "d" : NULL,
		.overwrite = choice & 2,
		.keep_set_ids = choice & 4,
		.in = stream,
		.stop = &stop,
		.life = -1,
		.report = &report,
	};

	if (stream < 0 || (size > 1 && fd_write_all(stream, bytes + 1, size - 1) < 0) ||
	    lseek(stream, 0, SEEK_SET) < 0)
		abort();
	unpack_tree(&unpack, &err);
	check_base();
	remove_below(in_fd, NULL);
	return 0;
}
