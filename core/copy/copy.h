/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_COPY_COPY_H
#define URUN_COPY_COPY_H

#include <stdbool.h>

#include "core/base/error.h"

/*
 * `urun cp`: copies files between a container and the host, between two containers, and to or from
 * a tar stream on stdin and stdout ("-").  core/copy/unpack.h has the table of what the two paths
 * mean.
 * Source: docker-cp(1), podman-cp(1).
 */
struct copy_request {
	const char *root; /* the state root */
	const char *source;
	const char *destination;
	bool archive;	   /* owners are kept */
	bool follow_links; /* a link of the host as SRC is followed */
	bool overwrite;	   /* a directory may take the place of another file, and the reverse */
};

/*
 * Files copied into a container belong to its program's user, files copied out to the caller.  With
 * @archive they keep their owners: an owner is the same user of the host at both ends.
 * A warning names what wasn't copied (sockets, devices …).  A signal that would end the process ends the
 * copy first, and then the process.
 * Runs in: parent.
 */
int container_copy(const struct copy_request *request, struct error *err);

#endif
