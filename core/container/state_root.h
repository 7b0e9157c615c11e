/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_STATE_ROOT_H
#define URUN_CONTAINER_STATE_ROOT_H

#include "core/base/error.h"
#include "core/base/place.h"

/*
 * Opens the state root.  Refuses a root that doesn't belong to us or that others can write to.
 * Fails with ENOENT where the root doesn't exist and isn't to be made.
 */
int state_root_open(const char *root, enum place_missing missing, int *ret_fd, struct error *err);

/*
 * Opens the directory @name below the root, with the same refusals.  Fails with ENOENT where it
 * doesn't exist.  @path is for messages.
 */
int state_root_open_directory(int root_fd, const char *name, const char *path, int *ret_fd,
			      struct error *err);

#endif
