// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-image.
 *
 * docker-archive: what `docker save` and `podman save` write.  manifest.json lists the images, each
 * with the names of its config and layers in the archive; the older form has ID/layer.tar, the
 * newer one blobs/sha256/HEX.  There is no manifest with digests, so one is made here, of the
 * config and the diff ids: a layer of this manifest is the uncompressed tar.
 */
#include "core/unpack/source.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/json.h"
#include "core/image/reference.h"

struct docker_image {
	char *config;
	struct str_list tags;
	struct str_list layers;
};

struct docker_images {
	LIST_OF(struct docker_image) images;
};

static const struct json_field image_fields[] = {
	{ .name = "Config",
	  .kind = JSON_STRING,
	  .required = true,
	  .offset = offsetof(struct docker_image, config) },
	{ .name = "RepoTags", .kind = JSON_STRINGS, .offset = offsetof(struct docker_image, tags) },
	{ .name = "Layers", .kind = JSON_STRINGS, .offset = offsetof(struct docker_image, layers) },
};
static const struct json_shape image_shape = {
	sizeof(struct docker_image),
	image_fields,
	ARRAY_SIZE(image_fields),
};
static const struct json_field images_fields[] = {
	{ .name = "images",
	  .kind = JSON_LIST,
	  .required = true,
	  .offset = offsetof(struct docker_images, images),
	  .shape = &image_shape },
};
static const struct json_shape images_shape = {
	sizeof(struct docker_images),
	images_fields,
	ARRAY_SIZE(images_fields),
};

/* A name in manifest.json as a name of the archive's index. */
static int read_named(const struct source *source, const char *name, const char *what,
		      char **ret_bytes, size_t *ret_size, struct error *err)
{
	const struct archive_file *file = archive_find(&source->index, name);

	if (!file)
		return error_set(err, ENOENT, "open %s in the archive", what);
	return source_read_part(&file->part, what, ret_bytes, ret_size, err);
}

/* The document is a list, and json_read() reads objects. */
static int read_images(const struct source *source, struct docker_images *images,
		       struct arena *arena, struct error *err)
{
	autofree char *bytes = NULL, *object = NULL;
	size_t size = 0;

	if (read_named(source, "manifest.json", "manifest.json", &bytes, &size, err) < 0) {
		if (err->code == ENOENT)
			error_set(err, 0,
				  "this is no archive of docker save: it has no "
				  "manifest.json");
		if (err->code == 0 && archive_find(&source->index, "index.json"))
			error_hint(err, "it is an OCI archive: write oci-archive: before its name");
		return -1;
	}
	if (!bytes || memchr(bytes, '\0', size))
		return error_set(err, 0, "manifest.json: a NUL");
	object = str_format("{\"images\":%s}", bytes);
	return json_read(object, strlen(object), &images_shape, images, arena, err) < 0
		       ? error_prefix(err, "manifest.json")
		       : 0;
}

/* ---- which image ---- */

static bool has_repo_tag(const struct docker_image *image, const char *wanted)
{
	for (size_t i = 0; i < image->tags.count; i++) {
		autofree char *name = image_name_normalize(image->tags.items[i]);

		if (str_equal(name ? name : image->tags.items[i], wanted))
			return true;
	}
	return false;
}

static void refuse_choice(const struct docker_images *images, const char *wanted, struct error *err)
{
	autostrbuf struct strbuf names = { 0 };

	for (size_t i = 0; i < images->images.count && names.size < 200; i++)
		for (size_t tag = 0; tag < images->images.items[i].tags.count; tag++)
			strbuf_addf(&names, "%s%s", names.size ? ", " : "",
				    images->images.items[i].tags.items[tag]);
	if (wanted)
		error_set(err, 0, "the archive has no image %s", wanted);
	else
		error_set(err, 0, "the archive has %zu images", images->images.count);
	error_hint(err, "append :NAME of one of %.300s, or :@0 for the first",
		   names.size ? names.bytes : "its images");
}

/* NULL with an error where there is no such image. */
static const struct docker_image *find_image(const struct docker_images *images,
					     const struct source_request *request,
					     struct error *err)
{
	size_t count = images->images.count;

	if (count == 0) {
		error_set(err, 0, "the archive has no image");
		return NULL;
	}
	if (request->number >= 0) {
		if ((uint64_t)request->number < count)
			return &images->images.items[request->number];
		error_set(err, 0, "the archive has no image number %" PRId64, request->number);
		return NULL;
	}
	if (!request->reference && count == 1)
		return &images->images.items[0];
	for (size_t i = 0; i < count && request->reference; i++)
		if (has_repo_tag(&images->images.items[i], request->reference))
			return &images->images.items[i];
	refuse_choice(images, request->reference, err);
	return NULL;
}

/* ---- its documents ---- */

/* The name of the config, HEX.json or blobs/sha256/HEX, is its digest where it has 64 digits. */
static int check_config_name(const char *name, const struct digest *digest, struct error *err)
{
	const char *slash = strrchr(name, '/');
	autofree char *base = str_dup(slash ? slash + 1 : name);
	char *dot = strchr(base, '.');
	struct digest named;

	if (dot)
		*dot = '\0';
	if (!digest_from_hex(base, &named) || digest_same(&named, digest))
		return 0;
	return error_set(err, 0, "the image's config has the digest sha256:%s, not sha256:%s",
			 digest->hex, named.hex);
}

static int add_layers(struct source *source, const struct docker_image *image,
		      struct strbuf *manifest, struct error *err)
{
	if (image->layers.count != source->config.diff_id_count)
		return error_set(err, 0, "the archive has %zu layers, and the image's config %zu",
				 image->layers.count, source->config.diff_id_count);
	for (size_t i = 0; i < image->layers.count; i++) {
		const char *name = image->layers.items[i];
		const struct archive_file *file = archive_find(&source->index, name);

		if (!file)
			return error_set(err, ENOENT, "open layer %.200s in the archive", name);
		strbuf_addf(manifest,
			    "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
			    "\"digest\":\"sha256:%s\",\"size\":%" PRIu64 "}",
			    i ? "," : "", source->config.diff_ids[i].hex, file->part.size);
		str_list_add(&source->names, str_dup(name));
	}
	return 0;
}

static int make_manifest(struct source *source, const struct docker_image *image,
			 const struct digest *config, struct error *err)
{
	autostrbuf struct strbuf manifest = { 0 };

	strbuf_addf(
		&manifest,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
		"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
		"\"digest\":\"sha256:%s\",\"size\":%zu},\"layers\":[",
		config->hex, source->config_size);
	if (add_layers(source, image, &manifest, err) < 0)
		return -1;
	strbuf_add_str(&manifest, "]}");
	source_hash(manifest.bytes, manifest.size, &source->manifest_digest);
	source->manifest_size = manifest.size;
	source->manifest_bytes = take_ptr(manifest.bytes);
	return image_manifest_read(source->manifest_bytes, source->manifest_size, NULL,
				   &source->manifest, err);
}

int source_read_docker(struct source *source, struct error *err)
{
	__attribute__((cleanup(arena_release))) struct arena arena = { 0 };
	struct docker_images images = { 0 };
	const struct docker_image *image;
	struct digest config;

	if (read_images(source, &images, &arena, err) < 0)
		return -1;
	image = find_image(&images, source->request, err);
	if (!image || read_named(source, image->config, "the image's config", &source->config_bytes,
				 &source->config_size, err) < 0)
		return -1;
	source_hash(source->config_bytes, source->config_size, &config);
	if (check_config_name(image->config, &config, err) < 0)
		return -1;
	if (source_read_config(source, err) < 0)
		return -1;
	return make_manifest(source, image, &config, err);
}
