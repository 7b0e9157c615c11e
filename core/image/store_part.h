/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_IMAGE_STORE_PART_H
#define URUN_IMAGE_STORE_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/str.h"
#include "core/image/store.h"

/*
 * What the files of the store share: the names in it, and steps below a lock that the caller
 * holds.
 */

#define STORE_BLOBS  "blobs/sha256"
#define STORE_LAYERS "layers"
#define STORE_TMP    "tmp"
#define STORE_INDEX  "index.json"
#define STORE_LAYOUT "oci-layout"
#define STORE_LOCK   "lock"
#define STORE_USE    "use.json"
#define STORE_META   "meta.json"
#define STORE_ROOT   "root"

/* The text of an index.json that has no image. */
#define STORE_NO_IMAGES "{\"schemaVersion\":2,\"manifests\":[]}\n"

/* In tmp/pull-HEX: an empty file for each layer and blob that the pull keeps. */
#define STORE_KEPT "kept"
#define STORE_PULL "pull-"
/* In tmp: what is only there to be removed; it has no lock. */
#define STORE_GONE	  "gone-"
#define STORE_LOCK_SUFFIX ".lock"

/* Opens the nearest directory above @path that exists (O_PATH). */
int store_open_above(const char *path, int *ret_fd, struct error *err);

/* Opens a directory below the store (O_PATH).  No symbolic link is followed. */
int store_open_below(int store, const char *path, int *ret_fd, struct error *err);

/*
 * Lists what the directory @dir has when the call reads it; errors name the directory as @path.  The
 * texts are @ret_names's, also on failure: see autotextlist.
 */
int store_list_names(int dir, const char *path, struct str_list *ret_names, struct error *err);

/* Writes @prefix and 16 random digits. */
void store_random_name(const char *prefix, char ret_name[static STORE_TMP_NAME_SIZE]);

/* Is @name one component of a path, and none that begins with '.'? */
bool store_is_name(const char *name);

/*
 * Moves @from/@name, if it is there, to tmp/@ret_gone, where the next store_sweep() removes it, or
 * the caller by remove_tree().
 */
int store_move_away(int store, const char *from, const char *name,
		    char ret_gone[static STORE_TMP_NAME_SIZE], struct error *err);

/* Is the lock tmp/@name.lock held by a process?  False too where there is no such lock. */
bool store_pull_is_alive(int tmp, const char *name);

/* A set of digests. */
struct store_keys {
	struct digest *items;
	size_t count;
	size_t room;
	bool sorted;
};

void store_keys_add(struct store_keys *keys, const struct digest *key);
bool store_keys_have(struct store_keys *keys, const struct digest *key);
void store_keys_release(struct store_keys *keys);
#define autostorekeys __attribute__((cleanup(store_keys_release)))

/* store_pull_keep() under the lock of the store, in any mode. */
int store_keep_locked(int store, const char *pull, const struct digest *key, struct error *err);

/* A container's use.json. */
struct store_use_document {
	char *state_root;
	char *id;
	char *image;
	char *manifest;
	struct str_list layers;
	/* Where the state root is to be looked for: see store_read_users(). */
	char *boot;
	struct opt_u64 mount_namespace;
	struct opt_u64 root_device;
	struct opt_u64 root_inode;
};

/* Reads containers/@name/use.json into @arena's memory; false where there is none that is whole. */
bool store_read_use(int containers, const char *name, struct arena *arena,
		    struct store_use_document *ret_use);

/*
 * store_read_users() under the exclusive lock; @ret_dead (NULL: not wanted) gets the directories of
 * dead uses, whose texts it owns.
 */
int store_judge_uses(int store, store_state_names *names, void *of, struct store_users *users,
		     struct str_list *ret_dead, struct error *err);

/* Calls for all uses, dead or alive: does one of them need the layer? */
int store_layer_has_use(int store, const struct digest *key, bool *ret_used, struct error *err);

#endif
