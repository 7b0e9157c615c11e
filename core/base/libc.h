/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_LIBC_H
#define URUN_BASE_LIBC_H

/*
 * What glibc declares and another C library lacks: musl, up to 1.2.5, nearly all of it.  Where configure finds
 * something of it missing, the compiler reads this file before each of ours; elsewhere nobody does.
 */
#include "build-config.h"
/* A file that wants it includes build-config.h itself. */
#undef VERSION

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* The library's struct statx is too short, or there is none: ours is the kernel's, under a name of its own. */
#ifndef HAVE_STRUCT_STATX_STX_MNT_ID
#define statx		kernel_statx
#define statx_timestamp kernel_statx_timestamp
#include <linux/stat.h>
int statx(int dir, const char *path, int flags, unsigned int mask, struct statx *ret_status);
#endif

#if !HAVE_DECL_OPEN_TREE
#include <sys/mount.h>

#include <linux/mount.h>
int open_tree(int dir, const char *path, unsigned int flags);
int move_mount(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags);
int fsopen(const char *type, unsigned int flags);
int fspick(int dir, const char *path, unsigned int flags);
int fsconfig(int context, unsigned int command, const char *key, const void *value, int number);
int fsmount(int context, unsigned int flags, unsigned int attributes);
int mount_setattr(int dir, const char *path, unsigned int flags, struct mount_attr *attributes,
		  size_t size);
#endif

#if !HAVE_DECL_CLOSE_RANGE
#include <linux/close_range.h>
int close_range(unsigned int first, unsigned int last, int flags);
#endif

#if !HAVE_DECL_EXECVEAT
int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags);
#endif

#if !HAVE_DECL_RENAMEAT2
#define RENAME_NOREPLACE (1 << 0)
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags);
#endif

#if !HAVE_DECL_SIGABBREV_NP
const char *sigabbrev_np(int signal);
#endif

#include <sys/prctl.h>
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#include <errno.h>
#ifndef TEMP_FAILURE_RETRY
#define TEMP_FAILURE_RETRY(call)                           \
	({                                                 \
		long retried;                              \
		do {                                       \
			retried = (long)(call);            \
		} while (retried == -1 && errno == EINTR); \
		retried;                                   \
	})
#endif

/* An allocator without these settings needs none of them: they are about glibc's thresholds. */
#if !HAVE_DECL_MALLOPT
#define M_MMAP_THRESHOLD 0
#define M_TOP_PAD	 0
#define M_TRIM_THRESHOLD 0
int mallopt(int setting, int value);
int malloc_trim(size_t keep);
#endif

#endif
