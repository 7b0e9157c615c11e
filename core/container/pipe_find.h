/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_PIPE_FIND_H
#define URUN_CONTAINER_PIPE_FIND_H

#include <stdint.h>

#include "core/container/state.h"

#define PIPES_SOUGHT_MAX 2

/* A pipe without a name, of which a container's processes alone have an end. */
struct pipe_sought {
	uint64_t device, inode; /* fstat(2); an inode of 0: none is sought */
	int fd;			/* of its new end to be read, with O_NONBLOCK; -1: not found */
};

/*
 * Opens the pipes again, by whatever descriptor a process of the container has of them.  All
 * processes are looked at: process 1 may have closed its own descriptors, and a child of it writes
 * to the pipe.  A pipe that none of them has can't be written to any more.
 *
 * Trust: the container chooses what its descriptors are, and can replace them while they are looked
 * at.  So a descriptor is first pinned without being opened (O_PATH), then compared with the pipe,
 * and only then opened: never another file, and nothing that a file system of the container's could
 * answer slowly.  A container with very many descriptors isn't looked at to the end, and one whose pipe
 * can't be opened within two seconds isn't waited for: it loses its log, and nothing else.
 *
 * @program: a pidfd of the first process.  Runs in: parent.  The caller closes the descriptors.
 */
void pipe_find(const struct container_state *state, int program, struct pipe_sought *pipes,
	       int count);

#endif
