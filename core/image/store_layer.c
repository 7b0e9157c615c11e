// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: any.
 *
 * The layers of the store: layers/KEY with root/ and meta.json.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/image/store.h"
#include "core/image/store_part.h"

/* Bytes of a meta.json: its longest text is the mapping of ids, of some lines. */
#define META_SIZE_MAX (256u << 10)

static const char *const kinds[] = { "diff", "chain", NULL };

struct layer_document {
	char *diff_id;
	int kind;
	char *parent;
	struct opt_u64 size;
	struct opt_u64 files;
	char *ids;
	char *note;
};

#define AT(member) .offset = offsetof(struct layer_document, member)

static const struct json_field layer_fields[] = {
	{ "diffID", JSON_STRING, .required = true, AT(diff_id) },
	{ "kind", JSON_ENUM, .required = true, AT(kind), .names = kinds },
	{ "parent", JSON_STRING, AT(parent) },
	{ "size", JSON_U64, .required = true, AT(size) },
	{ "files", JSON_U64, .required = true, AT(files) },
	{ "ids", JSON_STRING, .required = true, AT(ids) },
	{ "note", JSON_STRING, AT(note) },
};
static const struct json_shape layer_shape = JSON_SHAPE(struct layer_document, layer_fields);

void store_layer_release(struct store_layer *layer)
{
	arena_release(&layer->arena);
	*layer = (struct store_layer){ 0 };
}

void store_layer_path(const struct digest *key, char ret_path[static STORE_LAYER_PATH_SIZE])
{
	snprintf(ret_path, STORE_LAYER_PATH_SIZE, STORE_LAYERS "/%s/" STORE_ROOT, key->hex);
}

/* ---- reading ---- */

static bool convert_layer_document(const struct layer_document *document, struct store_layer *layer)
{
	struct error err = ERROR_NONE;

	layer->is_chain = document->kind == 1;
	layer->size = document->size.value;
	layer->files = document->files.value;
	layer->ids = document->ids;
	layer->note = document->note;
	if (document->parent && !digest_from_hex(document->parent, &layer->parent))
		return false;
	return digest_parse("diffID", document->diff_id, &layer->diff_id, &err) == 0 &&
	       (layer->is_chain || digest_same(&layer->diff_id, &layer->key));
}

/* A layer whose meta.json is damaged counts as not there, so that the next pull replaces it. */
static bool parse_layer(const char *bytes, size_t size, struct store_layer *layer)
{
	struct error err = ERROR_NONE;
	struct layer_document document;

	if (json_read(bytes, size, &layer_shape, &document, &layer->arena, &err) == 0 &&
	    convert_layer_document(&document, layer))
		return true;
	log_debug("image store: layer %s: " STORE_META " is damaged: %s", layer->key.hex, err.text);
	return false;
}

int store_read_layer(int store, const struct digest *key, struct store_layer *ret_layer,
		     struct error *err)
{
	autofree char *path = str_format(STORE_LAYERS "/%s/" STORE_META, key->hex);
	autostorelayer struct store_layer layer = { .key = *key };
	autofree char *bytes = NULL;
	size_t size;
	int failed = path_read_in_root(store, path, META_SIZE_MAX, &bytes, &size);

	if (failed == -ENOENT)
		return 0;
	if (failed < 0)
		return error_set(err, -failed, "read %s of the image store", path);
	if (!parse_layer(bytes, size, &layer))
		return 0;
	*ret_layer = layer;
	layer = (struct store_layer){ 0 };
	return 1;
}

bool store_has_layer(int store, const struct digest *key, const char *ids)
{
	autostorelayer struct store_layer layer = { 0 };
	char path[STORE_LAYER_PATH_SIZE];
	struct error err = ERROR_NONE;
	autoclose int root = -1;

	store_layer_path(key, path);
	/*
	 * ORDER: opened without links, before a container has the path for a layer: an urun-image that an
	 * image had taken over could leave a link to files of the caller's.
	 */
	return store_read_layer(store, key, &layer, &err) == 1 && str_equal(layer.ids, ids) &&
	       store_open_below(store, path, &root, &err) == 0;
}

uint64_t store_image_size(int store, const struct store_image *image)
{
	uint64_t size = 0;

	for (size_t i = 0; i < image->layer_count; i++) {
		autostorelayer struct store_layer layer = { 0 };
		struct error err = ERROR_NONE;

		if (store_read_layer(store, &image->layers[i], &layer, &err) == 1)
			size += layer.size;
	}
	return size;
}

/* ---- adding ---- */

/*
 * Not synced alone, which would cost more than most layers: a loss of power can leave an empty
 * meta.json, and then the layer counts as not there.
 */
static int write_layer_meta(int made, const struct store_layer *layer, struct error *err)
{
	char diff_id[DIGEST_TEXT_SIZE];
	struct layer_document document = {
		.diff_id = diff_id,
		.kind = layer->is_chain,
		.parent = digest_is_set(&layer->parent) ? (char *)layer->parent.hex : NULL,
		.size = { true, layer->size },
		.files = { true, layer->files },
		.ids = (char *)layer->ids,
		.note = (char *)layer->note,
	};
	autostrbuf struct strbuf text = { 0 };
	int failed;

	digest_print(&layer->diff_id, diff_id);
	json_write(&layer_shape, &document, JSON_COMPACT, &text);
	strbuf_add_str(&text, "\n");
	failed = text.size > META_SIZE_MAX
			 ? -EFBIG
			 : file_replace(made, STORE_META, 0600, text.bytes, text.size);
	return failed < 0
		       ? error_set(err, -failed, "write " STORE_META " of layer %s", layer->key.hex)
		       : 0;
}

/* Under the exclusive lock: an old layer of other ids makes room, if nobody needs it. */
static int move_old_layer(int store, const struct store_layer *layer, struct error *err)
{
	char gone[STORE_TMP_NAME_SIZE];
	bool used = false;

	if (store_layer_has_use(store, &layer->key, &used, err) < 0)
		return -1;
	if (used) {
		error_set(err, EBUSY,
			  "layer %s was unpacked with other ids, and a container uses it",
			  layer->key.hex);
		return error_hint(err, "remove the containers of this image, and try again");
	}
	log_debug("image store: layer %s was unpacked with other ids: it is replaced",
		  layer->key.hex);
	return store_move_away(store, STORE_LAYERS, layer->key.hex, gone, err);
}

/* Under the exclusive lock.  Returns 1 where the layer is there already. */
static int place_layer(int store, const char *from, const struct store_layer *layer,
		       struct error *err)
{
	autofree char *path = str_format(STORE_LAYERS "/%s", layer->key.hex);

	if (renameat2(store, from, store, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EEXIST)
		return error_set(err, errno, "move layer %s into the image store", layer->key.hex);
	if (store_has_layer(store, &layer->key, layer->ids))
		return 1;
	if (move_old_layer(store, layer, err) < 0)
		return -1;
	if (renameat2(store, from, store, path, RENAME_NOREPLACE) < 0)
		return error_set(err, errno, "move layer %s into the image store", layer->key.hex);
	return 0;
}

int store_add_layer(int store, const char *pull, const char *made, const struct store_layer *layer,
		    struct error *err)
{
	autofree char *from = str_format(STORE_TMP "/%s/%s", pull, made);
	autoclose int fd = -1, lock = -1;
	struct stat st;

	if (!store_is_name(pull) || !store_is_name(made))
		return error_set(err, 0, "%s is not in the image store", from);
	if (store_open_below(store, from, &fd, err) < 0)
		return -1;
	if (fstatat(fd, STORE_ROOT, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return error_set(err, 0, "%s of the image store is not an unpacked layer", from);
	if (write_layer_meta(fd, layer, err) < 0 ||
	    store_lock(store, STORE_EXCLUSIVE, &lock, err) < 0 ||
	    store_keep_locked(store, pull, &layer->key, err) < 0)
		return -1;
	return place_layer(store, from, layer, err);
}
