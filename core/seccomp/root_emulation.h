/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SECCOMP_ROOT_EMULATION_H
#define URUN_SECCOMP_ROOT_EMULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

/*
 * Root emulation: a second seccomp filter, beside the profile's, that answers 0 to system calls of root
 * which can't succeed in a user namespace with few ids.  root_emulation.c says which, and why it is
 * safe.
 * Runs in: parent.
 */

/* --root-emulation, and the annotation of that name. */
enum root_emulation {
	ROOT_EMULATION_AUTO, /* where the container has one id, and starts as its root */
	ROOT_EMULATION_ON,
	ROOT_EMULATION_OFF,
};

#define ROOT_EMULATION_EXPECTED "expected auto, on or off"

/* @text may be NULL, which means auto.  Returns 0 or -EINVAL. */
int root_emulation_parse(const char *text, enum root_emulation *ret_mode);

/* More ranges would make the filter long; a map of subids has one or two. */
#define EMULATED_RANGES_MAX 8

/* Ids first … last, both included. */
struct emulated_range {
	uint32_t first, last;
};

/* The ids that have a mapping: calls with these go to the kernel. */
struct emulated_ids {
	struct emulated_range ranges[EMULATED_RANGES_MAX];
	size_t count;
};

struct emulated_root {
	struct emulated_ids uids, gids;
	bool setgroups_denied; /* setgroups(2) fails in the user namespace, whatever the groups */
};

/* Appends the filter: struct sock_filter[]. */
void root_emulation_compile(const struct emulated_root *root, struct strbuf *ret_bpf);

#endif
