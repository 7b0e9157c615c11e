/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_IMAGE_USE_H
#define URUN_CONTAINER_IMAGE_USE_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * A container of an image uses layers of the image store: store_use_begin() makes the directory
 * containers/ID-RANDOM of the store, and the container's state has the path of this directory
 * (struct container_state, image_use) as long as the container exists, from one run to the next.
 * Runs in: parent.
 */

/*
 * What store_collect() and store_read_users() ask (store_state_names, core/image/store.h): has the
 * container @id below @state_root the directory containers/@directory of a store, by its state or as the
 * directory of its changes?  True also where the state can't be read.  @of is NULL.
 */
bool image_use_is_named(const char *state_root, const char *id, const char *directory, void *of);

/*
 * Begins the use for the container @id of a bundle whose layers are those of a store: `urun spec IMAGE` has
 * made it.  Writes the path of the directory, which the caller frees, and a descriptor that holds the use
 * until the state names the directory: the caller closes it then.  NULL and -1 where the root file system has
 * no layers, or not those of a store of the caller's.  Fails with a hint where the store hasn't all layers.
 */
int image_use_begin(const struct container_config *config, const char *state_root, const char *id,
		    char **ret_directory, int *ret_held, struct error *err);

/* The same hint, for an error of ENOENT about a root file system. */
void image_use_explain(const struct container_config *config, struct error *err);

/*
 * Ends the use: removes the directory, with the changes of the container, in the user namespace where files
 * belong to subids.  Where the image was removed or replaced meanwhile, the layers that nothing needs any more go
 * too.  NULL: the container uses no layers.  What can't be removed is reported with a warning; the next command
 * that tidies the store finds it.
 * ORDER: after the removal of the state: a container whose state is there has its changes.
 */
void image_use_end(const char *directory);

#endif
