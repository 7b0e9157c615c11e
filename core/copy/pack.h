/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_COPY_PACK_H
#define URUN_COPY_PACK_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/copy/operand.h"
#include "core/copy/report.h"

/*
 * The source of a copy: a file, or a directory with all that is below it, becomes a tar stream.
 * Runs in: an end of a copy.
 */
struct pack {
	const struct view *view;
	const char *path;
	const char *top; /* the name of the first entry; "." for the files in a directory */
	enum operand_links links;
	/* Keep access control lists too; their ids are the same at both ends. */
	bool archive;
	/*
	 * The id that a file has here where its owner is unknown in our user namespace; the stream
	 * then has PACK_OWNER_UNKNOWN.  PACK_OWNER_UNKNOWN: all are known.
	 */
	uint32_t unknown;
	int out; /* of the stream */
	const volatile sig_atomic_t *stop;
	int life; /* a pidfd: the copy ends when the process ends; -1: none */
	struct report *report;
};

#define PACK_OWNER_UNKNOWN UINT32_MAX

/*
 * Writes the whole stream.  Links below @path are copied as links.  A file that vanishes meanwhile
 * is left out, one that becomes shorter is filled up with zeros.  Sockets, file systems of the
 * kernel (procfs, sysfs, cgroups …) and what can't be read any more are left out, and reported.
 */
int pack_tree(const struct pack *pack, struct error *err);

#endif
