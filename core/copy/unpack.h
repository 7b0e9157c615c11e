/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_COPY_UNPACK_H
#define URUN_COPY_UNPACK_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/copy/operand.h"
#include "core/copy/report.h"

/* The owner of the files of a copy. */
enum unpack_owner {
	UNPACK_OWNER_OURS, /* the caller: nothing is changed */
	UNPACK_OWNER_SET,  /* @uid and @gid */
	UNPACK_OWNER_KEEP, /* as in the stream; @uid and @gid where that has PACK_OWNER_UNKNOWN */
};

/*
 * The destination of a copy: a tar stream becomes files.  The stream isn't trusted.
 * Runs in: an end of a copy.
 */
struct unpack {
	const struct view *view;
	const char *path;
	/*
	 * The name of the stream's first entry, which the files get as docker-cp(1) has it; "." for
	 * the files in a directory.  NULL: the stream is the user's own, and is unpacked in the
	 * directory @path with all its names.
	 */
	const char *top;
	enum unpack_owner owner;
	uid_t uid;
	gid_t gid;
	bool keep_set_ids; /* set-user-ID and set-group-ID of files stay */
	bool keep_acls;	   /* the ids in access control lists are the same at both ends */
	bool overwrite;	   /* a directory may take the place of another file, and the reverse */
	int in;		   /* of the stream */
	const volatile sig_atomic_t *stop;
	int life; /* a pidfd: the copy ends when the process ends; -1: none */
	struct report *report;
};

/*
 * What SRC and DEST mean (docker-cp(1)):
 *
 *   SRC         DEST                        the copy is
 *   a file      isn't there                 DEST
 *   a file      isn't there, and ends "/"   an error
 *   a file      is a file                   DEST, whose contents are replaced
 *   a file      is a directory              DEST/NAME
 *   a directory isn't there                 DEST, a new directory
 *   a directory is a file                   an error
 *   a directory is a directory              DEST/NAME; where SRC ends with "/.": its files in DEST
 *
 * The directory that DEST is in must exist.  Links at the end of DEST are followed.  A directory
 * that exists keeps its owner, mode and time; any other file is replaced when the new one is whole.
 * A device can't be made by an ordinary user: it is left out and reported.
 * After a failure, what was copied stays; the file that was being written is removed.
 */
int unpack_tree(const struct unpack *unpack, struct error *err);

#endif
