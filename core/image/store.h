/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_IMAGE_STORE_H
#define URUN_IMAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/place.h"
#include "core/image/digest.h"
#include "core/image/platform.h"

/*
 * The store of images, $XDG_DATA_HOME/urun, which belongs to one user:
 *
 *   oci-layout, index.json     a plain OCI layout; a descriptor for each name
 *   blobs/sha256/HEX           manifests and configs, as the bytes that were received
 *   layers/KEY/root            an unpacked layer, shared by all images and containers
 *   layers/KEY/meta.json       what there is to know of the layer; KEY is 64 hexadecimal digits
 *   tmp/NAME, tmp/NAME.lock    what is being made or removed; its process holds the lock
 *   containers/ID-RANDOM/      the changes of a container, and use.json: the layers that it uses
 *   lock                       the lock of the store
 *
 * Two programs use the store.  urun opens it in the caller's namespaces.  urun-image has it as its
 * root directory "/", in a user namespace where its user is root, so that it can write and remove
 * files of all ids.  Each function says who may call it: [urun], [urun-image], or [both].  All take
 * a descriptor of the store's directory, and none uses a path outside of it.
 *
 * Locks are flock(2), released by the kernel with the process:
 *   - `lock` shared: a name is looked up and what uses it is recorded; something is begun in tmp;
 *   - `lock` exclusive: index.json is replaced, layers come or go, dead uses are judged;
 *   - tmp/NAME.lock, and the directory containers/ID-RANDOM: held by what uses the entry, for long.
 * ORDER: `lock` is taken before the lock of an entry, and is never held while a lock of an entry is
 * waited for, or while anything is unpacked, downloaded or removed: some milliseconds.
 *
 * After a SIGKILL or a loss of power: what index.json names is whole, since layers and blobs are on
 * the disk before index.json names them; all else is found by store_collect() and store_sweep().
 */

/* ---- the directory ---- */

/*
 * The path of the store by the values of XDG_DATA_HOME and HOME (each may be NULL or empty); the
 * caller frees it.  A relative XDG_DATA_HOME is ignored, as its specification says.  The path has
 * no symbolic link, so that it is the same for all commands.  NULL with an error: there is
 * neither.
 */
char *store_path(const char *data_home, const char *home, struct error *err);

/*
 * Opens the store; PLACE_MAKE makes what isn't there yet (mode 0700).  Refuses a store that
 * doesn't belong to the caller, that others have any right on, or that is in a directory of
 * another user: root's are good, and those for all users, such as /tmp.  Fails with ENOENT where
 * the store doesn't exist and isn't to be made.  [urun]
 */
int store_open(const char *path, enum place_missing missing, int *ret_store, struct error *err);

/* What the file system of the store, or of the place where it will be made, is good for. */
struct store_place {
	/* The kind of file system, if the kernel makes no overlay with changes there, or NULL. */
	const char *refusal;
	bool has_attributes; /* user.*, in which the marks of overlays are kept */
	uint64_t space;	     /* bytes that the caller may still write */
};

/*
 * Looks at the place of the store; changes nothing.  Fails where the store can't be used at all,
 * for the reasons of store_open(), or as the caller may not write there.  [urun]
 */
int store_examine(const char *path, struct store_place *ret_place, struct error *err);

/*
 * The name of a kind of file system (f_type of statfs(2)) of store_place.refusal; NULL: it is none
 * of them.
 */
const char *store_file_system_refusal(unsigned int magic);

enum store_lock { STORE_SHARED, STORE_EXCLUSIVE };

/*
 * Locks the store until *ret_lock is closed.  Waits 30 s for a process that was stopped while it
 * held the lock.  The functions below that need a lock take it themselves.  [both]
 */
int store_lock(int store, enum store_lock how, int *ret_lock, struct error *err);

/*
 * Waits until all that was written to the store's file system is on the disk (syncfs(2)).
 * ORDER: after the files of layers are written, before store_add_layer().  Once for many layers,
 * since the call is slow.  [both]
 */
int store_sync(int store, struct error *err);

/* ---- images ---- */

/* One name in the store. */
struct store_image {
	const char *name; /* full, as image_reference.name */
	struct digest manifest;
	uint64_t manifest_size;
	const char *media_type; /* of the manifest */
	struct digest config;	/* the image's id, as podman and docker show it */
	struct platform platform;
	const char *pulled;    /* RFC 3339; NULL: store_add_image() takes the time of day */
	struct digest *layers; /* the keys, the lowest first */
	size_t layer_count;
};

struct store_index {
	struct store_image *images; /* by name */
	size_t count;
	struct arena arena;
};

void store_index_release(struct store_index *index);
#define autostoreindex __attribute__((cleanup(store_index_release)))

/*
 * All names; none in a store that was just made.  Takes no lock: a reader sees one whole index.
 * [both]
 */
int store_read_index(int store, struct store_index *ret_index, struct error *err);

/*
 * The image that @text means: a full name; what image_reference_parse() makes of @text in
 * @directory; the digest of a manifest or config, or at least 4 digits that begin one and no other.
 * Where several names have it, this is the first of them.  Names go first.  Returns 1 with *ret_image
 * (the index's), 0 where there is none, or -1 where the digits mean several images.  [urun]
 */
int store_find_image(const struct store_index *index, const char *text, const char *directory,
		     const struct store_image **ret_image, struct error *err);

/*
 * Is @text a digest of the image's manifest or config, or at least 4 digits that begin one?  So all
 * names are found of what store_find_image() has found by digits.  [urun]
 */
bool store_image_has_digits(const struct store_image *image, const char *text);

/*
 * Is all of the image there, with layers of these ids (see struct store_layer)?  Otherwise it has
 * to be pulled again.  [both]
 */
bool store_image_is_whole(int store, const struct store_image *image, const char *ids);

/* Bytes of the image's layers, unpacked.  [both] */
uint64_t store_image_size(int store, const struct store_image *image);

/*
 * Adds a name, or gives the name another image.  Its blobs and layers are in the store already,
 * which is checked: else ENOENT.  Durable when it returns.  [both]
 */
int store_add_image(int store, const struct store_image *image, struct error *err);

/*
 * Removes the names, all at once; one that isn't there (any more) is no error.  The layers stay
 * until store_collect().  [urun]
 */
int store_remove_images(int store, const char *const *names, size_t count, struct error *err);

/* ---- blobs ---- */

/*
 * Writes a manifest or config, whose digest the caller has computed.  On the disk when
 * store_add_image() returns.  No error where the blob exists.  [urun-image]
 */
int store_add_blob(int store, const char *pull, const struct digest *digest, const void *bytes,
		   size_t size, struct error *err);

/* Reads one, of at most IMAGE_DOCUMENT_MAX bytes; the caller frees *ret_bytes.  [both] */
int store_read_blob(int store, const struct digest *digest, char **ret_bytes, size_t *ret_size,
		    struct error *err);

/* ---- layers ---- */

struct store_layer {
	struct digest key;
	struct digest diff_id;
	/*
	 * The key is a chain id, since the layer depends on @parent, the key of the one below it.
	 */
	bool is_chain;
	struct digest parent; /* not set: none */
	uint64_t size;	      /* bytes of its files, unpacked */
	uint64_t files;
	/*
	 * The id mapping that its files were written with, in any text that the writer chooses.  A
	 * layer with another text than the present one counts as not there.
	 */
	const char *ids;
	/* What else the unpacker wants to keep; may be NULL. */
	const char *note;
	struct arena arena; /* owns the texts of a layer that was read */
};

void store_layer_release(struct store_layer *layer);
#define autostorelayer __attribute__((cleanup(store_layer_release)))

/* Returns 1 with *ret_layer, 0 where there is no such layer, or -1.  [both] */
int store_read_layer(int store, const struct digest *key, struct store_layer *ret_layer,
		     struct error *err);
bool store_has_layer(int store, const struct digest *key, const char *ids);

/* The path of a layer's files below the store: layers/KEY/root. */
#define STORE_LAYER_PATH_SIZE (sizeof("layers//root") + DIGEST_HEX_LENGTH)
void store_layer_path(const struct digest *key, char ret_path[static STORE_LAYER_PATH_SIZE]);

/*
 * Moves tmp/@pull/@made, a directory that holds root/, to layers/KEY, with its meta.json.  Returns
 * 0; or 1 where another pull was faster, and @made is still there.  An old layer of other ids is
 * replaced, unless a container uses it.
 * ORDER: after store_sync(); and store_pull_keep() of the key is done here.  [urun-image]
 */
int store_add_layer(int store, const char *pull, const char *made, const struct store_layer *layer,
		    struct error *err);

/* ---- pulls: what is being made ---- */

#define STORE_TMP_NAME_SIZE 32

struct store_pull {
	char name[STORE_TMP_NAME_SIZE]; /* "pull-HEX": the directory tmp/NAME below the store */
	int dir;			/* the directory, where the pull may make all it wants */
	int lock; /* closed by the end of the last process that has it: urun-image gets a copy */
};

#define STORE_PULL_NONE ((struct store_pull){ .dir = -1, .lock = -1 })

/*
 * Makes tmp/NAME, which exists until store_pull_end(), or until a later command sweeps it.  [urun]
 */
int store_pull_begin(int store, struct store_pull *ret_pull, struct error *err);

/*
 * Keeps a layer for the pull @pull (the name), whether the layer is there already or comes later:
 * no store_collect() removes it while the pull's lock is held.
 * ORDER: before store_has_layer(), whose answer is only true for long afterwards.  [both]
 */
int store_pull_keep(int store, const char *pull, const struct digest *key, struct error *err);

/*
 * Removes tmp/NAME.  Files of other ids stay for store_sweep() in urun-image: returns false then.
 * The lock is closed in any case.  [urun]
 */
bool store_pull_end(int store, struct store_pull *pull);

/* ---- uses: the containers ---- */

#define STORE_CONTAINERS "containers"

#define STORE_USE_NAME_SIZE 256

struct store_use {
	char name[STORE_USE_NAME_SIZE]; /* the directory containers/NAME below the store */
	int dir; /* the directory, locked: the use is alive while this descriptor is open anywhere */
};

#define STORE_USE_NONE ((struct store_use){ .dir = -1 })

/*
 * Looks the name up again and records that the container @id below @state_root uses its layers.
 * Makes containers/NAME with use.json.  Close ret_use->dir once the state of the container names
 * the directory (its annotation org.urun.overlay), so that the use lives as long as the state.
 * Fails with ENOENT where the image has gone since @image was found, or isn't whole.  [urun]
 */
int store_use_begin(int store, const struct store_image *image, const char *ids,
		    const char *state_root, const char *id, struct store_use *ret_use,
		    struct error *err);

/*
 * The same for a container that names its layers itself: no name has to lead to @image, but all its
 * layers must be there.
 */
int store_use_begin_layers(int store, const struct store_image *image, const char *state_root,
			   const char *id, struct store_use *ret_use, struct error *err);

/*
 * Removes containers/@name with the container's changes.  Returns false where files of other ids
 * stay for store_sweep() in urun-image; the container counts as gone nevertheless.  [urun]
 */
bool store_use_end(int store, const char *name);

/*
 * Does a name still lead to the image of containers/@name?  Otherwise the end of the use may leave
 * layers that nothing needs: store_collect() finds them.  True also where that can't be read.
 * [urun]
 */
bool store_use_has_name(int store, const char *name);

/* A container that uses layers. */
struct store_user {
	const char *directory; /* containers/@directory */
	const char *state_root;
	const char *id;
	const char *image; /* the name at the container's start */
	struct digest manifest;
	struct digest *layers;
	size_t layer_count;
};

struct store_users {
	struct store_user *items;
	size_t count;
	struct arena arena;
};

void store_users_release(struct store_users *users);
#define autostoreusers __attribute__((cleanup(store_users_release)))

/*
 * Does the state of container @id below @state_root name containers/@directory of this store?
 * Asked by the functions below, which don't know states; @of is their caller's.  A state that
 * can't be read must be answered with true.
 */
typedef bool store_state_names(const char *state_root, const char *id, const char *directory,
			       void *of);

/*
 * The living uses: those that a start holds, and those that the state names.  A use of another
 * mount namespace of this boot, whose state root isn't the one that is seen here, counts as
 * living, since its state can't be looked for.  [urun]
 */
int store_read_users(int store, store_state_names *names, void *of, struct store_users *ret_users,
		     struct error *err);

/* ---- removal ---- */

struct store_collected {
	size_t layers;
	uint64_t bytes; /* of these layers' files */
	size_t blobs;
	size_t containers;
};

/*
 * Moves dead uses, and the layers that neither a name, nor a container, nor a pull needs, into
 * tmp, and removes blobs that no name needs.  ret_collected may be NULL.  [urun]
 */
int store_collect(int store, store_state_names *names, void *of,
		  struct store_collected *ret_collected, struct error *err);

/*
 * Removes the entries of tmp that no process holds.  *ret_left counts those of which files stayed,
 * since they belong to other ids: in urun, urun-image has to sweep then.  [both]
 */
int store_sweep(int store, size_t *ret_left, struct error *err);

#endif
