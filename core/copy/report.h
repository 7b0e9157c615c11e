/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_COPY_REPORT_H
#define URUN_COPY_REPORT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

/*
 * What an end of a copy tells about what it didn't copy; a plain value that goes through a pipe.
 */
struct report {
	size_t left_out;  /* number of files */
	char first[1024]; /* "PATH: reason" of the first one */
};

/* Counts a file that wasn't copied. */
void report_left_out(struct report *report, const char *path, const char *reason);

/* Fails where a signal has set *@stop, or the process of the pidfd @life (-1: none) has ended. */
int copy_may_go_on(const volatile sig_atomic_t *stop, int life, struct error *err);

/* Is it an extended attribute that a copy has?  @acls: access control lists too. */
bool copy_keeps_xattr(const char *name, bool acls);

/* Is it an error of the stream, for which the other end has the cause? */
bool copy_is_stream_error(const struct error *err);

#endif
