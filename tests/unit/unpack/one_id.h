/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_TEST_UNPACK_ONE_ID_H
#define URUN_TEST_UNPACK_ONE_ID_H

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/fd.h"

/*
 * Makes us root of a user namespace with one id, where that can be done: directories of mode 000 are
 * entered then.
 */
static inline void become_root_of_namespace(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	char map[32];

	if (unshare(CLONE_NEWUSER) < 0)
		return;
	(void)fd_write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	(void)fd_write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	(void)fd_write_file("/proc/self/gid_map", map);
}

#endif
