// SPDX-License-Identifier: Apache-2.0
#include "core/base/stat.h"

bool stat_same_fds(int a, int b)
{
	struct stat first, second;

	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && stat_same(&first, &second);
}

bool stat_same_paths(const char *a, const char *b)
{
	struct stat first, second;

	return stat(a, &first) == 0 && stat(b, &second) == 0 && stat_same(&first, &second);
}

bool stat_same_as_path(int fd, const char *path)
{
	struct stat open, named;

	return fstat(fd, &open) == 0 && stat(path, &named) == 0 && stat_same(&open, &named);
}
