// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun.
 *
 * What nothing in the store needs any more: dead uses, layers, blobs.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/image/store.h"
#include "core/image/store_part.h"

/* ---- a set of digests ---- */

void store_keys_release(struct store_keys *keys)
{
	free(keys->items);
	*keys = (struct store_keys){ 0 };
}

void store_keys_add(struct store_keys *keys, const struct digest *key)
{
	if (keys->count == keys->room) {
		keys->room = keys->room ? 2 * keys->room : 64;
		keys->items = mem_resize(keys->items, keys->room, sizeof(*keys->items));
	}
	keys->items[keys->count++] = *key;
	keys->sorted = false;
}

static int compare_digests(const void *a, const void *b)
{
	return strcmp(((const struct digest *)a)->hex, ((const struct digest *)b)->hex);
}

bool store_keys_have(struct store_keys *keys, const struct digest *key)
{
	if (keys->count == 0)
		return false;
	if (!keys->sorted)
		qsort(keys->items, keys->count, sizeof(*keys->items), compare_digests);
	keys->sorted = true;
	return bsearch(key, keys->items, keys->count, sizeof(*keys->items), compare_digests) !=
	       NULL;
}

/* ---- what is needed ---- */

static int add_layers_of_images(int store, struct store_keys *keys, struct error *err)
{
	autostoreindex struct store_index index = { 0 };

	if (store_read_index(store, &index, err) < 0)
		return -1;
	for (size_t i = 0; i < index.count; i++) {
		const struct store_image *image = &index.images[i];

		store_keys_add(keys, &image->manifest);
		store_keys_add(keys, &image->config);
		for (size_t j = 0; j < image->layer_count; j++)
			store_keys_add(keys, &image->layers[j]);
	}
	return 0;
}

/* The uses that are dead go away on this occasion. */
static int add_used(int store, store_state_names *names, void *of, struct store_keys *keys,
		    struct store_collected *collected, struct error *err)
{
	autostoreusers struct store_users users = { 0 };
	autotextlist struct str_list dead = { 0 };
	char gone[STORE_TMP_NAME_SIZE];

	if (store_judge_uses(store, names, of, &users, &dead, err) < 0)
		return -1;
	for (size_t i = 0; i < users.count; i++)
		for (size_t j = 0; j < users.items[i].layer_count; j++)
			store_keys_add(keys, &users.items[i].layers[j]);
	for (size_t i = 0; i < dead.count; i++) {
		log_debug("image store: the changes of %s are removed, as no container has them",
			  dead.items[i]);
		if (store_move_away(store, STORE_CONTAINERS, dead.items[i], gone, err) < 0)
			return -1;
		collected->containers++;
	}
	return 0;
}

static int add_kept(int tmp, const char *pull, struct store_keys *keys, struct error *err)
{
	autofree char *path = str_format("%s/" STORE_KEPT, pull);
	autoclose int fd = openat(tmp, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autotextlist struct str_list names = { 0 };
	struct digest key;

	if (fd < 0)
		return errno == ENOENT ? 0
				       : error_set(err, errno, "read %s of the image store", path);
	if (store_list_names(fd, path, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (digest_from_hex(names.items[i], &key))
			store_keys_add(keys, &key);
	return 0;
}

static int add_pulled(int store, struct store_keys *keys, struct error *err)
{
	autotextlist struct str_list names = { 0 };
	autoclose int tmp = -1;

	if (store_open_below(store, STORE_TMP, &tmp, err) < 0 ||
	    store_list_names(tmp, STORE_TMP, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (store_pull_is_alive(tmp, names.items[i]) &&
		    add_kept(tmp, names.items[i], keys, err) < 0)
			return -1;
	return 0;
}

/* ---- what is not ---- */

/* The digests that name entries of @path and aren't in @keys. */
static int list_unneeded(int store, const char *path, struct store_keys *keys,
			 struct store_keys *ret_unneeded, struct error *err)
{
	autotextlist struct str_list names = { 0 };
	autoclose int fd = -1;
	struct digest key;

	if (store_open_below(store, path, &fd, err) < 0 ||
	    store_list_names(fd, path, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (digest_from_hex(names.items[i], &key) && !store_keys_have(keys, &key))
			store_keys_add(ret_unneeded, &key);
	return 0;
}

static int collect_layers(int store, struct store_keys *keys, struct store_collected *collected,
			  struct error *err)
{
	autostorekeys struct store_keys unneeded = { 0 };
	char gone[STORE_TMP_NAME_SIZE];

	if (list_unneeded(store, STORE_LAYERS, keys, &unneeded, err) < 0)
		return -1;
	for (size_t i = 0; i < unneeded.count; i++) {
		autostorelayer struct store_layer layer = { 0 };
		struct error unread = ERROR_NONE;

		if (store_read_layer(store, &unneeded.items[i], &layer, &unread) == 1)
			collected->bytes += layer.size;
		if (store_move_away(store, STORE_LAYERS, unneeded.items[i].hex, gone, err) < 0)
			return -1;
		collected->layers++;
	}
	return 0;
}

static int collect_blobs(int store, struct store_keys *keys, struct store_collected *collected,
			 struct error *err)
{
	autostorekeys struct store_keys unneeded = { 0 };
	autoclose int blobs = -1;

	if (list_unneeded(store, STORE_BLOBS, keys, &unneeded, err) < 0 ||
	    store_open_below(store, STORE_BLOBS, &blobs, err) < 0)
		return -1;
	for (size_t i = 0; i < unneeded.count; i++) {
		const char *name = unneeded.items[i].hex;

		if (unlinkat(blobs, name, 0) < 0 && errno != ENOENT)
			return error_set(err, errno, "remove blob %s of the image store", name);
		collected->blobs++;
	}
	return 0;
}

/* Files of a killed writer of index.json.  Under the exclusive lock no writer is at work. */
static void collect_leftovers(int store)
{
	autodir DIR *stream = directory_stream(store);

	if (!stream)
		return;
	for (struct dirent *entry; (entry = directory_next(stream));)
		if (file_is_leftover(entry->d_name))
			unlinkat(store, entry->d_name, 0);
}

int store_collect(int store, store_state_names *names, void *of,
		  struct store_collected *ret_collected, struct error *err)
{
	autostorekeys struct store_keys keys = { 0 };
	struct store_collected collected = { 0 };
	autoclose int lock = -1;

	if (store_lock(store, STORE_EXCLUSIVE, &lock, err) < 0 ||
	    add_layers_of_images(store, &keys, err) < 0 ||
	    add_used(store, names, of, &keys, &collected, err) < 0 ||
	    add_pulled(store, &keys, err) < 0 ||
	    collect_layers(store, &keys, &collected, err) < 0 ||
	    collect_blobs(store, &keys, &collected, err) < 0)
		return -1;
	collect_leftovers(store);
	if (ret_collected)
		*ret_collected = collected;
	return 0;
}
