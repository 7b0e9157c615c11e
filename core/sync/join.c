// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root, and the clone that becomes init.
#include "core/sync/join.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

int join_namespace(const int joined[static CONFIG_NS_COUNT], enum config_namespace_type type,
		   struct error *err)
{
	if (joined[type] < 0)
		return 0;
	if (setns(joined[type], config_namespace_flag(type)) < 0)
		return error_set(err, errno, "join the %s namespace", config_namespace_name(type));
	return 0;
}

const enum config_namespace_type joined_late[] = { CONFIG_NS_NETWORK, CONFIG_NS_IPC, CONFIG_NS_UTS,
						   CONFIG_NS_CGROUP };
const size_t joined_late_count = ARRAY_SIZE(joined_late);

int join_late_namespaces(const int joined[static CONFIG_NS_COUNT], struct error *err)
{
	for (size_t i = 0; i < joined_late_count; i++)
		if (join_namespace(joined, joined_late[i], err) < 0)
			return -1;
	return 0;
}

int join_open_clocks(int *ret_fd, struct error *err)
{
	int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open /proc/self/timens_offsets");
	*ret_fd = fd;
	return 0;
}

static int set_clocks(const struct config_linux *config, int fd, struct error *err)
{
	for (size_t i = 0; i < config->time_offsets.count; i++) {
		const struct config_time_offset *offset = &config->time_offsets.items[i];
		char line[96];
		int length = snprintf(line, sizeof(line), "%s %lld %llu", offset->clock,
				      (long long)offset->secs.value,
				      (unsigned long long)offset->nanosecs.value);

		/* The kernel accepts a line at offset 0 only. */
		if (lseek(fd, 0, SEEK_SET) < 0 || write(fd, line, (size_t)length) < 0)
			return error_set(err, errno, "linux.timeOffsets.%s: set the clock",
					 offset->clock);
	}
	return 0;
}

int join_time_namespace(const int joined[static CONFIG_NS_COUNT], int new_flags,
			const struct container_config *config, int clocks_fd, struct error *err)
{
	autoclose int own = -1;

	if (join_namespace(joined, CONFIG_NS_TIME, err) < 0)
		return -1;
	if (!(new_flags & CLONE_NEWTIME))
		return 0;
	if (unshare(CLONE_NEWTIME) < 0)
		return error_set(err, errno, "make the time namespace");
	if (config->linux->time_offsets.count == 0)
		return 0;
	if (clocks_fd < 0 && join_open_clocks(&own, err) < 0)
		return -1;
	return set_clocks(config->linux, clocks_fd < 0 ? own : clocks_fd, err);
}
