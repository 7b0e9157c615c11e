/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_FILTER_H
#define URUN_PARENT_FILTER_H

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "rootless/userns.h"

/* The seccomp filters of a process: the one of its config's linux.seccomp, and one of urun's own. */
struct filter {
	struct strbuf bpf;	 /* struct sock_filter[]; empty: no filter */
	struct strbuf emulation; /* the same, of root emulation (core/parent/emulation.h) */
	unsigned int load_flags; /* for seccomp(2) */
	int listener_socket;	 /* connected to linux.seccomp.listenerPath; -1: no listener */
};

#define FILTER_NONE ((struct filter){ .listener_socket = -1 })
void filter_release(struct filter *filter);

/*
 * Compiles the config's filter without the cache, and checks that the listener's socket exists.
 * Makes no connection and no file.  @emulated: the ids of root emulation; NULL: there is none.
 */
int filter_check(const struct container_config *config, const struct userns_plan *emulated,
		 struct filter *ret_filter, struct error *err);

/*
 * Compiles the config's filter, with the cache of the state root @root, and connects to its
 * listenerPath.
 * Runs in: parent, before any process exists.
 */
int filter_prepare(const char *root, const struct container_config *config,
		   const struct userns_plan *emulated, struct filter *ret_filter,
		   struct error *err);

#endif
