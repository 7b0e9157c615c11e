// SPDX-License-Identifier: Apache-2.0
// Runs in: parent (create, read), init (map, set).
#include "core/sync/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/file.h"

int failure_create(int dir, const char *name)
{
	static const struct failure none;
	/*
	 * The bytes are written, so that the file has no hole: on a full file system this is an
	 * error now, and not a SIGBUS in init later.
	 */
	int failed = file_create(dir, name, 0600, &none, sizeof(none));
	int fd;

	if (failed < 0)
		return failed;
	fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int failure_map(int fd, struct failure **ret_failure, struct error *err)
{
	void *map = mmap(NULL, sizeof(struct failure), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return error_set(err, errno, "map the file for a failure of the start");
	*ret_failure = map;
	return 0;
}

void failure_set(struct failure *failure, const struct error *err)
{
	error_pack(err, &failure->error);
	/* ORDER: last: the reader trusts the rest of the failure once this is set. */
	__atomic_store_n(&failure->is_set, 1, __ATOMIC_RELEASE);
}

int failure_read(int fd, struct error *err)
{
	struct failure failure;

	if (pread(fd, &failure, sizeof(failure), 0) != (ssize_t)sizeof(failure) || !failure.is_set)
		return 0;
	return error_unpack(&failure.error, err);
}
