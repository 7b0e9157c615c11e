// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: any.
 *
 * The names of the store: index.json, and the blobs that its entries lead to.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/image/manifest.h"
#include "core/image/reference.h"
#include "core/image/store.h"
#include "core/image/store_part.h"

/* What an entry of index.json says beyond the OCI layout, as annotations. */
#define PULLED "org.urun.pulled"
#define CONFIG "org.urun.config"
#define LAYERS "org.urun.layers" /* keys, with a blank between two */

/* Digits that must be given of a digest that is cut short. */
#define SHORT_DIGITS_MIN 4

struct index_platform {
	char *os;
	char *architecture;
	char *variant;
};

struct index_entry {
	char *media_type;
	char *digest;
	struct opt_u64 size;
	struct index_platform *platform;
	str_map annotations;
};

struct index_document {
	struct opt_u64 schema_version;
	char *media_type;
	LIST_OF(struct index_entry) manifests;
};

#define AT(struct_type, member) .offset = offsetof(struct_type, member)

static const struct json_field index_platform_fields[] = {
	{ "architecture", JSON_STRING, AT(struct index_platform, architecture) },
	{ "os", JSON_STRING, AT(struct index_platform, os) },
	{ "variant", JSON_STRING, AT(struct index_platform, variant) },
};
static const struct json_shape index_platform_shape =
	JSON_SHAPE(struct index_platform, index_platform_fields);

static const struct json_field index_entry_fields[] = {
	{ "mediaType", JSON_STRING, AT(struct index_entry, media_type) },
	{ "digest", JSON_STRING, AT(struct index_entry, digest) },
	{ "size", JSON_U64, AT(struct index_entry, size) },
	{ "platform", JSON_OBJECT, AT(struct index_entry, platform),
	  .shape = &index_platform_shape },
	{ "annotations", JSON_STRING_MAP, AT(struct index_entry, annotations) },
};
static const struct json_shape index_entry_shape =
	JSON_SHAPE(struct index_entry, index_entry_fields);

static const struct json_field index_fields[] = {
	{ "schemaVersion", JSON_U64, AT(struct index_document, schema_version) },
	{ "mediaType", JSON_STRING, AT(struct index_document, media_type) },
	{ "manifests", JSON_LIST, AT(struct index_document, manifests),
	  .shape = &index_entry_shape },
};
static const struct json_shape index_shape = JSON_SHAPE(struct index_document, index_fields);

void store_index_release(struct store_index *index)
{
	arena_release(&index->arena);
	*index = (struct store_index){ 0 };
}

/* ---- reading ---- */

static bool convert_keys(const char *text, struct arena *arena, struct store_image *image)
{
	autofree char *copy = str_dup(text);
	char *rest = copy;

	while (rest && *rest) {
		const char *word = strsep(&rest, " ");

		image->layers = arena_grow(arena, image->layers, image->layer_count,
					   sizeof(*image->layers));
		if (!digest_from_hex(word, &image->layers[image->layer_count]))
			return false;
		image->layer_count++;
	}
	return true;
}

static bool convert_digest(const char *text, struct digest *ret_digest)
{
	struct error err = ERROR_NONE;

	return text && digest_parse("digest", text, ret_digest, &err) == 0;
}

/*
 * False: the entry isn't one of urun.  A name that no image can have is what a urun-image that an
 * image has taken over could have written, for the terminal on which it is shown.
 */
static bool convert_image_entry(const struct index_entry *entry, struct arena *arena,
				struct store_image *image)
{
	const char *layers = str_map_value(&entry->annotations, LAYERS);

	image->name = str_map_value(&entry->annotations, IMAGE_REF_NAME);
	image->pulled = str_map_value(&entry->annotations, PULLED);
	image->manifest_size = entry->size.value;
	image->media_type = entry->media_type ? entry->media_type : "";
	if (entry->platform) {
		(void)platform_take_word(entry->platform->os, image->platform.os);
		(void)platform_take_word(entry->platform->architecture,
					 image->platform.architecture);
		(void)platform_take_word(entry->platform->variant, image->platform.variant);
	}
	return image->name && image_name_is_printable(image->name) && layers &&
	       convert_digest(entry->digest, &image->manifest) &&
	       convert_digest(str_map_value(&entry->annotations, CONFIG), &image->config) &&
	       convert_keys(layers, arena, image);
}

static void convert_index_document(const struct index_document *document, struct store_index *index)
{
	size_t count = document->manifests.count;

	index->images = arena_alloc(&index->arena, count * sizeof(*index->images));
	for (size_t i = 0; i < count; i++) {
		struct store_image image = { 0 };

		if (convert_image_entry(&document->manifests.items[i], &index->arena, &image))
			index->images[index->count++] = image;
		else
			log_debug("image store: manifests[%zu] of " STORE_INDEX
				  " isn't urun's, and is ignored",
				  i);
	}
}

int store_read_index(int store, struct store_index *ret_index, struct error *err)
{
	autostoreindex struct store_index index = { 0 };
	struct index_document document = { 0 };
	autofree char *bytes = NULL;
	size_t size;
	int failed = path_read_in_root(store, STORE_INDEX, JSON_SIZE_MAX, &bytes, &size);

	if (failed < 0 && failed != -ENOENT)
		return error_set(err, -failed, "read " STORE_INDEX " of the image store");
	if (failed == 0 && json_read(bytes, size, &index_shape, &document, &index.arena, err) < 0) {
		char path[PATH_MAX];

		error_prefix(err, STORE_INDEX " of the image store");
		if (fd_path(store, path) < 0)
			*path = '\0';
		return error_hint(err, "remove %.1000s/" STORE_INDEX ", and pull the images again",
				  path);
	}
	convert_index_document(&document, &index);
	*ret_index = index;
	index = (struct store_index){ 0 };
	return 0;
}

/* ---- writing ---- */

static void add_pair(str_map *map, struct arena *arena, const char *name, const char *value)
{
	map->items = arena_grow(arena, map->items, map->count, sizeof(*map->items));
	map->items[map->count++] = (struct str_pair){ (char *)name, arena_str(arena, value) };
}

static char *word_or_null(struct arena *arena, const char *word)
{
	return word[0] ? arena_str(arena, word) : NULL;
}

static void print_image(const struct store_image *image, struct arena *arena,
			struct index_entry *ret_entry)
{
	struct index_entry entry = { .size = { true, image->manifest_size } };
	autostrbuf struct strbuf keys = { 0 };
	char digest[DIGEST_TEXT_SIZE];

	entry.media_type = word_or_null(arena, image->media_type ? image->media_type : "");
	digest_print(&image->manifest, digest);
	entry.digest = arena_str(arena, digest);
	entry.platform = arena_alloc(arena, sizeof(*entry.platform));
	entry.platform->os = word_or_null(arena, image->platform.os);
	entry.platform->architecture = word_or_null(arena, image->platform.architecture);
	entry.platform->variant = word_or_null(arena, image->platform.variant);
	for (size_t i = 0; i < image->layer_count; i++)
		strbuf_addf(&keys, "%s%s", i ? " " : "", image->layers[i].hex);
	add_pair(&entry.annotations, arena, IMAGE_REF_NAME, image->name);
	digest_print(&image->config, digest);
	add_pair(&entry.annotations, arena, CONFIG, digest);
	add_pair(&entry.annotations, arena, LAYERS, keys.bytes ? keys.bytes : "");
	if (image->pulled)
		add_pair(&entry.annotations, arena, PULLED, image->pulled);
	*ret_entry = entry;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct store_image *)a)->name, ((const struct store_image *)b)->name);
}

/* Under the exclusive lock. */
static int write_index(int store, struct store_index *index, struct error *err)
{
	struct index_document document = {
		.schema_version = { true, 2 },
		.media_type = (char *)MEDIA_OCI_INDEX,
	};
	autostrbuf struct strbuf text = { 0 };
	int failed;

	if (index->count)
		qsort(index->images, index->count, sizeof(*index->images), compare_names);
	document.manifests.count = index->count;
	document.manifests.items =
		arena_alloc(&index->arena, index->count * sizeof(*document.manifests.items));
	for (size_t i = 0; i < index->count; i++)
		print_image(&index->images[i], &index->arena, &document.manifests.items[i]);
	if (index->count)
		json_write(&index_shape, &document, JSON_INDENTED, &text);
	else
		/* The table leaves an empty list out, which the layout has to have. */
		strbuf_add_str(&text, STORE_NO_IMAGES);
	if (text.size > JSON_SIZE_MAX)
		return error_set(err, 0, "the image store has too many images: remove some");
	failed = file_replace_durably(store, STORE_INDEX, 0600, text.bytes, text.size);
	return failed < 0 ? error_set(err, -failed, "write " STORE_INDEX " of the image store") : 0;
}

static bool has_blob(int store, const struct digest *digest)
{
	autofree char *path = str_format(STORE_BLOBS "/%s", digest->hex);

	return faccessat(store, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool has_root(int store, const struct digest *key)
{
	char path[STORE_LAYER_PATH_SIZE];

	store_layer_path(key, path);
	return faccessat(store, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool store_image_is_whole(int store, const struct store_image *image, const char *ids)
{
	if (!has_blob(store, &image->manifest) || !has_blob(store, &image->config))
		return false;
	for (size_t i = 0; i < image->layer_count; i++)
		if (!store_has_layer(store, &image->layers[i], ids))
			return false;
	return true;
}

static int check_parts(int store, const struct store_image *image, struct error *err)
{
	static const char text[] = "%s: the image store has lost a part of the image (%s)";

	if (!has_blob(store, &image->manifest))
		return error_set(err, ENOENT, text, image->name, image->manifest.hex);
	if (!has_blob(store, &image->config))
		return error_set(err, ENOENT, text, image->name, image->config.hex);
	for (size_t i = 0; i < image->layer_count; i++)
		if (!has_root(store, &image->layers[i]))
			return error_set(err, ENOENT, text, image->name, image->layers[i].hex);
	return 0;
}

static struct store_image *find_name(const struct store_index *index, const char *name)
{
	for (size_t i = 0; i < index->count; i++)
		if (str_equal(index->images[i].name, name))
			return &index->images[i];
	return NULL;
}

int store_add_image(int store, const struct store_image *image, struct error *err)
{
	autostoreindex struct store_index index = { 0 };
	autoclose int lock = -1;
	struct store_image *place;
	char now[CLOCK_TEXT_SIZE];

	/*
	 * ORDER: blobs and the names of layers are on the disk before the index that leads to
	 * them.
	 */
	if (store_sync(store, err) < 0 || store_lock(store, STORE_EXCLUSIVE, &lock, err) < 0 ||
	    check_parts(store, image, err) < 0 || store_read_index(store, &index, err) < 0)
		return -1;
	place = find_name(&index, image->name);
	if (!place) {
		index.images =
			arena_grow(&index.arena, index.images, index.count, sizeof(*index.images));
		place = &index.images[index.count++];
	}
	*place = *image;
	clock_print_now(now);
	if (!image->pulled)
		place->pulled = now;
	return write_index(store, &index, err);
}

int store_remove_images(int store, const char *const *names, size_t count, struct error *err)
{
	autostoreindex struct store_index index = { 0 };
	autoclose int lock = -1;
	size_t left = 0;

	if (store_lock(store, STORE_EXCLUSIVE, &lock, err) < 0 ||
	    store_read_index(store, &index, err) < 0)
		return -1;
	for (size_t i = 0; i < index.count; i++) {
		bool removed = false;

		for (size_t j = 0; j < count && !removed; j++)
			removed = str_equal(index.images[i].name, names[j]);
		if (!removed)
			index.images[left++] = index.images[i];
	}
	if (left == index.count)
		return 0;
	index.count = left;
	return write_index(store, &index, err);
}

/* ---- looking up ---- */

/* web@sha256:HEX, where the store has the image by another name. */
static const struct store_image *find_manifest(const struct store_index *index,
					       const struct digest *digest)
{
	for (size_t i = 0; digest_is_set(digest) && i < index->count; i++)
		if (digest_same(&index->images[i].manifest, digest))
			return &index->images[i];
	return NULL;
}

/* The digits of a digest that may be cut short; NULL: it is none. */
static const char *digits_of(const char *text)
{
	static const char algorithm[] = "sha256:";
	const char *hex = str_starts_with(text, algorithm) ? text + strlen(algorithm) : text;
	size_t length = strspn(hex, "0123456789abcdef");

	return hex[length] == '\0' && length >= SHORT_DIGITS_MIN && length <= DIGEST_HEX_LENGTH
		       ? hex
		       : NULL;
}

enum which_digits { DIGITS_OF_NONE, DIGITS_OF_MANIFEST, DIGITS_OF_CONFIG };

/* Tells which digest of the image begins with the digits. */
static enum which_digits compare_digits(const struct store_image *image, const char *hex)
{
	return str_starts_with(image->manifest.hex, hex) ? DIGITS_OF_MANIFEST
	       : str_starts_with(image->config.hex, hex) ? DIGITS_OF_CONFIG
							 : DIGITS_OF_NONE;
}

/* One image has one config: its manifests differ by how the layers are compressed. */
static bool is_same_by_digits(const struct store_image *one, const struct store_image *other,
			      enum which_digits which)
{
	return which == DIGITS_OF_MANIFEST ? digest_same(&one->manifest, &other->manifest)
					   : digest_same(&one->config, &other->config);
}

static int find_digits(const struct store_index *index, const char *hex,
		       const struct store_image **ret_image, struct error *err)
{
	const struct store_image *found = NULL;
	enum which_digits which, found_which = DIGITS_OF_NONE;

	for (size_t i = 0; i < index->count; i++) {
		const struct store_image *image = &index->images[i];

		which = compare_digits(image, hex);
		if (which == DIGITS_OF_NONE)
			continue;
		if (found &&
		    (which != found_which || !is_same_by_digits(found, image, found_which))) {
			error_set(err, 0, "image '%s': several images begin with it: %s, %s", hex,
				  found->name, image->name);
			return error_hint(err, "give more digits, or a name");
		}
		found = found ? found : image;
		found_which = which;
	}
	if (found)
		*ret_image = found;
	return found != NULL;
}

bool store_image_has_digits(const struct store_image *image, const char *text)
{
	const char *hex = digits_of(text);

	return hex && compare_digits(image, hex) != DIGITS_OF_NONE;
}

int store_find_image(const struct store_index *index, const char *text, const char *directory,
		     const struct store_image **ret_image, struct error *err)
{
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
	const struct store_image *found = find_name(index, text);
	struct error unread = ERROR_NONE;
	const char *hex = digits_of(text);

	if (!*text)
		return error_set(err, 0, "the name of the image is empty");
	if (!found && image_reference_parse(text, directory, &reference, &unread) == 0)
		found = find_name(index, reference.name);
	if (!found)
		found = find_manifest(index, &reference.digest);
	if (found) {
		*ret_image = found;
		return 1;
	}
	return hex ? find_digits(index, hex, ret_image, err) : 0;
}

/* ---- blobs ---- */

/* Is the blob there with these bytes?  A loss of power may have left an empty file of its name. */
static bool has_bytes(int store, const struct digest *digest, const void *bytes, size_t size)
{
	autofree char *found = NULL;
	struct error err = ERROR_NONE;
	size_t found_size;

	return store_read_blob(store, digest, &found, &found_size, &err) == 0 &&
	       found_size == size && memcmp(found, bytes, size) == 0;
}

static int place_blob(int store, const char *pull, const struct digest *digest, const void *bytes,
		      size_t size, struct error *err)
{
	autofree char *made = str_format(STORE_TMP "/%s/blob-%s", pull, digest->hex);
	autofree char *path = str_format(STORE_BLOBS "/%s", digest->hex);
	autoclose int fd =
		openat(store, made, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int failed = fd < 0 ? -errno : fd_write_all(fd, bytes, size);

	if (failed == 0 && renameat(store, made, store, path) < 0)
		failed = -errno;
	return failed < 0 ? error_set(err, -failed, "write %s to the image store", path) : 0;
}

int store_add_blob(int store, const char *pull, const struct digest *digest, const void *bytes,
		   size_t size, struct error *err)
{
	if (size > IMAGE_DOCUMENT_MAX)
		return error_set(err, EFBIG, "write %s to the image store", digest->hex);
	/*
	 * ORDER: kept first, so that no store_collect() removes the blob before a name leads to
	 * it.
	 */
	if (store_pull_keep(store, pull, digest, err) < 0)
		return -1;
	return has_bytes(store, digest, bytes, size)
		       ? 0
		       : place_blob(store, pull, digest, bytes, size, err);
}

int store_read_blob(int store, const struct digest *digest, char **ret_bytes, size_t *ret_size,
		    struct error *err)
{
	autofree char *path = str_format(STORE_BLOBS "/%s", digest->hex);
	int failed = path_read_in_root(store, path, IMAGE_DOCUMENT_MAX, ret_bytes, ret_size);

	return failed < 0 ? error_set(err, -failed, "read %s of the image store", path) : 0;
}
