/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_EXIT_INFO_H
#define URUN_BASE_EXIT_INFO_H

#include <stdint.h>
#include <sys/ioctl.h>

/*
 * struct pidfd_info and PIDFD_GET_INFO of linux/pidfd.h, which older headers don't have.  The kernel
 * sets the bit EXIT_INFO_MASK of @mask, which the caller asks for by it, where the process has
 * ended and was reaped (Linux 6.15).
 */
struct exit_info {
	uint64_t mask;
	uint64_t cgroup;
	uint32_t ids[11];
	int32_t exit_code; /* as waitpid(2) tells it */
};
#define EXIT_INFO_GET  _IOWR(0xff, 11, struct exit_info)
#define EXIT_INFO_MASK (UINT64_C(1) << 3)

#endif
