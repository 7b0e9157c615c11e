/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_TOP_H
#define URUN_CONTAINER_TOP_H

#include <stdint.h>

#include "core/base/error.h"
#include "core/base/str.h"

/*
 * Appends a table of a container's processes as the container sees them: its pids, its users by the
 * names of its own /etc/passwd.  @words are descriptors, several in one word divided by commas; none:
 * those of podman.  A word that is no descriptor fails with the list.  Runs in: parent.
 * Source: podman-top(1).
 */
int container_top(const char *root, const char *id, const struct str_list *words,
		  struct strbuf *out, struct error *err);

/* "2-03:04:05", "03:04:05" and "04:05", as ps(1) prints a time. */
void top_print_time(uint64_t seconds, struct strbuf *out);

#endif
