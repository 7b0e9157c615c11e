/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_CAPS_H
#define URUN_BASE_CAPS_H

#include <linux/capability.h>
#include <stdint.h>

/*
 * The capabilities of this process, as bits: CAPS_BIT(CAP_KILL).  By system calls alone: libcap asks the
 * kernel six questions at each start of a program, before main().
 * Source: capabilities(7), capget(2), prctl(2).
 */
#define CAPS_BIT(capability) (UINT64_C(1) << (capability))
/* The kernel's two words have no more; how many it knows is found by the first that it refuses. */
#define CAPS_MAX 64

struct caps {
	uint64_t effective, permitted, inheritable;
};

/* These return 0 or a negative errno. */
int caps_read(struct caps *ret_caps);
int caps_set(const struct caps *caps);
int caps_clear_ambient(void);
int caps_raise_ambient(int capability);

/* 1 or 0; -EINVAL for a capability that the kernel doesn't know. */
int caps_is_bounding(int capability);
int caps_is_ambient(int capability);

/* Drops from the bounding set all that are not in @kept.  On failure *ret_failed is the capability. */
int caps_limit_bounding(uint64_t kept, int *ret_failed);

#endif
