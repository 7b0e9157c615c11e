// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/proc_cgroup.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "core/base/fd.h"
#include "core/base/span.h"
#include "core/base/str.h"

#define FILE_SIZE_MAX (1u << 20)

bool cgroup_is_unified(void)
{
	struct statfs fs;

	return statfs(CGROUP_ROOT, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

char *proc_cgroup_parse(const char *text, size_t size)
{
	struct span rest = { text, size }, line;

	while (span_cut(&rest, '\n', &line))
		if (line.size > 3 && memcmp(line.bytes, "0::/", 4) == 0)
			return line.size == 4 ? str_dup("")
					      : str_dup_n(line.bytes + 3, line.size - 3);
	return NULL;
}

char *cgroup_of(pid_t pid)
{
	autofree char *path =
		pid ? str_format("/proc/%d/cgroup", pid) : str_dup("/proc/self/cgroup");
	autofree char *text = NULL;
	size_t size;

	if (fd_read_file(path, FILE_SIZE_MAX, &text, &size) < 0)
		return NULL;
	return proc_cgroup_parse(text, size);
}
