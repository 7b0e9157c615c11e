// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/image/manifest.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/str.h"

#define OCI_CONFIG    "application/vnd.oci.image.config.v1+json"
#define DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
/* Docker 1.10 wrote this into manifests of schema 2 for the config. */
#define OLD_DOCKER_CONFIG "application/octet-stream"
#define DOCKER_SCHEMA_1	  "application/vnd.docker.distribution.manifest.v1+"

/* Bytes of a text from a document that an error shows. */
#define MEDIA_SHOWN 200

static const char *const image_types[] = { MEDIA_OCI_MANIFEST, MEDIA_DOCKER_MANIFEST, NULL };
static const char *const index_types[] = { MEDIA_OCI_INDEX, MEDIA_DOCKER_LIST, NULL };

/* The compression isn't taken from here: urun-image finds it out from the bytes. */
static const char *const layer_types[] = {
	"application/vnd.oci.image.layer.v1.tar",
	"application/vnd.oci.image.layer.v1.tar+gzip",
	"application/vnd.oci.image.layer.v1.tar+zstd",
	"application/vnd.docker.image.rootfs.diff.tar",
	"application/vnd.docker.image.rootfs.diff.tar.gzip",
	"application/vnd.docker.image.rootfs.diff.tar.zstd",
	NULL,
};

static const char *const foreign_types[] = {
	"application/vnd.oci.image.layer.nondistributable.v1.tar",
	"application/vnd.docker.image.rootfs.foreign.diff.tar",
	NULL,
};

/* ---- the documents ---- */

struct platform_document {
	char *os;
	char *architecture;
	char *variant;
};

struct descriptor_document {
	char *media_type;
	char *digest;
	struct opt_u64 size;
	struct platform_document *platform;
	str_map annotations;
};

typedef LIST_OF(struct descriptor_document) descriptor_documents;

struct manifest_document {
	struct opt_u64 schema_version;
	char *media_type;
	char *artifact_type;
	struct descriptor_document *config;
	descriptor_documents layers;
	descriptor_documents manifests;
	str_map annotations;
};

#define AT(struct_type, member) .offset = offsetof(struct_type, member)

static const struct json_field platform_fields[] = {
	{ "os", JSON_STRING, AT(struct platform_document, os) },
	{ "architecture", JSON_STRING, AT(struct platform_document, architecture) },
	{ "variant", JSON_STRING, AT(struct platform_document, variant) },
};
static const struct json_shape platform_shape =
	JSON_SHAPE(struct platform_document, platform_fields);

static const struct json_field descriptor_fields[] = {
	{ "mediaType", JSON_STRING, AT(struct descriptor_document, media_type) },
	{ "digest", JSON_STRING, .required = true, AT(struct descriptor_document, digest) },
	{ "size", JSON_U64, .required = true, AT(struct descriptor_document, size),
	  .max = IMAGE_BLOB_MAX },
	{ "platform", JSON_OBJECT, AT(struct descriptor_document, platform),
	  .shape = &platform_shape },
	{ "annotations", JSON_STRING_MAP, AT(struct descriptor_document, annotations) },
};
static const struct json_shape descriptor_shape =
	JSON_SHAPE(struct descriptor_document, descriptor_fields);

static const struct json_field manifest_fields[] = {
	{ "schemaVersion", JSON_U64, AT(struct manifest_document, schema_version) },
	{ "mediaType", JSON_STRING, AT(struct manifest_document, media_type) },
	{ "artifactType", JSON_STRING, AT(struct manifest_document, artifact_type) },
	{ "config", JSON_OBJECT, AT(struct manifest_document, config), .shape = &descriptor_shape },
	{ "layers", JSON_LIST, AT(struct manifest_document, layers), .shape = &descriptor_shape },
	{ "manifests", JSON_LIST, AT(struct manifest_document, manifests),
	  .shape = &descriptor_shape },
	{ "annotations", JSON_STRING_MAP, AT(struct manifest_document, annotations) },
};
static const struct json_shape manifest_shape =
	JSON_SHAPE(struct manifest_document, manifest_fields);

/* What alone tells a manifest of schema 1, whose other properties have other types. */
static const struct json_field version_fields[] = {
	{ "schemaVersion", JSON_U64, AT(struct manifest_document, schema_version) },
	{ "mediaType", JSON_STRING, AT(struct manifest_document, media_type) },
};
static const struct json_shape version_shape = JSON_SHAPE(struct manifest_document, version_fields);

void image_manifest_release(struct image_manifest *manifest)
{
	arena_release(&manifest->arena);
	*manifest = (struct image_manifest){ 0 };
}

/* ---- descriptors ---- */

/* A word that no platform can have leaves the platform empty. */
static void convert_platform(const struct platform_document *document,
			     struct image_descriptor *descriptor)
{
	struct platform platform = { 0 };

	descriptor->has_platform = true;
	if (platform_take_word(document->os, platform.os) &&
	    platform_take_word(document->architecture, platform.architecture) &&
	    platform_take_word(document->variant, platform.variant))
		descriptor->platform = platform;
}

static void convert_descriptor(const struct descriptor_document *document,
			       struct image_descriptor *descriptor)
{
	descriptor->size = document->size.value;
	descriptor->media_type = document->media_type ? document->media_type : "";
	descriptor->annotations = document->annotations;
	if (document->platform)
		convert_platform(document->platform, descriptor);
}

/* ---- an image ---- */

static int refuse_artifact(const struct manifest_document *document, struct error *err)
{
	const char *type =
		document->artifact_type ? document->artifact_type : document->config->media_type;

	return error_set(err, 0, "it is an artifact (%.*s), not the image of a container",
			 MEDIA_SHOWN, type ? type : "without a type");
}

static int check_config_type(const struct manifest_document *document, const char *media_type,
			     struct error *err)
{
	const char *type = document->config->media_type;

	if (str_equal(type, OCI_CONFIG) || str_equal(type, DOCKER_CONFIG) ||
	    (str_equal(type, OLD_DOCKER_CONFIG) && str_equal(media_type, MEDIA_DOCKER_MANIFEST)))
		return 0;
	return refuse_artifact(document, err);
}

static int check_layer_type(size_t number, const char *type, struct error *err)
{
	if (str_find(layer_types, type) >= 0)
		return 0;
	if (strstr(type, "+encrypted"))
		return error_set(err, 0, "layers[%zu] is encrypted, which is not supported",
				 number);
	for (size_t i = 0; foreign_types[i]; i++)
		if (str_starts_with(type, foreign_types[i]))
			return error_set(err, 0,
					 "layers[%zu] is foreign: it may not be distributed, and "
					 "is not supported",
					 number);
	return error_set(err, 0, "layers[%zu] is '%.*s', not a layer of the image of a container",
			 number, MEDIA_SHOWN, type);
}

static int convert_layer(const struct descriptor_document *document, size_t number,
			 struct image_descriptor *layer, struct error *err)
{
	char what[48];

	snprintf(what, sizeof(what), "layers[%zu].digest", number);
	convert_descriptor(document, layer);
	if (check_layer_type(number, layer->media_type, err) < 0)
		return -1;
	return digest_parse(what, document->digest, &layer->digest, err);
}

static int convert_image(const struct manifest_document *document, struct image_manifest *manifest,
			 struct error *err)
{
	size_t count = document->layers.count;

	if (!document->config)
		return error_set(err, 0, "the manifest has no config");
	if (check_config_type(document, manifest->media_type, err) < 0)
		return -1;
	if (count > IMAGE_LAYERS_MAX)
		return error_set(err, 0, "%zu layers, more than %d", count, IMAGE_LAYERS_MAX);
	convert_descriptor(document->config, &manifest->config);
	if (digest_parse("config.digest", document->config->digest, &manifest->config.digest, err) <
	    0)
		return -1;
	if (manifest->config.size > IMAGE_DOCUMENT_MAX)
		return error_set(err, 0, "the config has more than %u bytes", IMAGE_DOCUMENT_MAX);
	manifest->layers = arena_alloc(&manifest->arena, count * sizeof(*manifest->layers));
	for (size_t i = 0; i < count; i++)
		if (convert_layer(&document->layers.items[i], i, &manifest->layers[i], err) < 0)
			return -1;
	manifest->layer_count = count;
	return 0;
}

/* ---- an index ---- */

/* Other programs may have written entries that urun can't read beside those that it can. */
static void convert_entry(const struct descriptor_document *document, size_t number,
			  struct image_descriptor *entry)
{
	struct error err = ERROR_NONE;
	char what[48];

	snprintf(what, sizeof(what), "manifests[%zu].digest", number);
	convert_descriptor(document, entry);
	if (digest_parse(what, document->digest, &entry->digest, &err) < 0)
		log_debug("%s", err.text);
}

static int convert_index(const struct manifest_document *document, struct image_manifest *manifest,
			 struct error *err)
{
	size_t count = document->manifests.count;

	if (count > IMAGE_ENTRIES_MAX)
		return error_set(err, 0, "the index has %zu entries, more than %d", count,
				 IMAGE_ENTRIES_MAX);
	manifest->entries = arena_alloc(&manifest->arena, count * sizeof(*manifest->entries));
	for (size_t i = 0; i < count; i++)
		convert_entry(&document->manifests.items[i], i, &manifest->entries[i]);
	manifest->entry_count = count;
	return 0;
}

/* ---- all ---- */

static int check_version(const struct manifest_document *document, struct error *err)
{
	const struct opt_u64 *version = &document->schema_version;

	if ((version->set && version->value == 1) ||
	    (document->media_type && str_starts_with(document->media_type, DOCKER_SCHEMA_1))) {
		error_set(err, 0, "it is a manifest of docker's schema 1, which is not supported");
		return error_hint(err, "pull and push the image with a newer docker or podman");
	}
	if (version->set && version->value != 2)
		return error_set(err, 0, "schemaVersion must be 2");
	return 0;
}

/* What a document is by its own words, and else by @told, which its descriptor says. */
static int set_media_type(const struct manifest_document *document, const char *told,
			  struct image_manifest *manifest, struct error *err)
{
	const char *own = document->media_type ? document->media_type : "";

	if (!told)
		told = "";
	/* Two programs must not read one document in two ways: CVE-2021-41190. */
	if (own[0] && told[0] && !str_equal(own, told))
		return error_set(err, 0, "mediaType is '%.*s', but its descriptor says '%.*s'",
				 MEDIA_SHOWN, own, MEDIA_SHOWN, told);
	manifest->media_type = arena_str(&manifest->arena, own[0] ? own : told);
	return 0;
}

static int set_kind(const struct manifest_document *document, struct image_manifest *manifest,
		    struct error *err)
{
	const char *type = manifest->media_type;
	bool like_image = document->config || document->layers.count;
	bool like_index = document->manifests.count > 0;

	if (like_image && like_index)
		return error_set(err, 0, "it is both a manifest and an index");
	manifest->kind = like_image ? MANIFEST_IMAGE : MANIFEST_INDEX;
	if (type[0] == '\0')
		return 0;
	if (str_find(image_types, type) >= 0)
		manifest->kind = MANIFEST_IMAGE;
	else if (str_find(index_types, type) >= 0)
		manifest->kind = MANIFEST_INDEX;
	else
		return error_set(err, 0, "it is '%.*s', not a manifest of an image", MEDIA_SHOWN,
				 type);
	if (manifest->kind == MANIFEST_IMAGE ? like_index : like_image)
		return error_set(err, 0, "it isn't what mediaType says ('%.*s')", MEDIA_SHOWN,
				 type);
	return 0;
}

static int read_manifest(const char *bytes, size_t size, const char *media_type,
			 struct image_manifest *manifest, struct error *err)
{
	struct manifest_document document;

	if (size > IMAGE_DOCUMENT_MAX)
		return error_set(err, 0, "it has more than %u bytes", IMAGE_DOCUMENT_MAX);
	if (json_read(bytes, size, &version_shape, &document, &manifest->arena, err) < 0 ||
	    check_version(&document, err) < 0 ||
	    json_read(bytes, size, &manifest_shape, &document, &manifest->arena, err) < 0 ||
	    set_media_type(&document, media_type, manifest, err) < 0 ||
	    set_kind(&document, manifest, err) < 0)
		return -1;
	manifest->annotations = document.annotations;
	return manifest->kind == MANIFEST_IMAGE ? convert_image(&document, manifest, err)
						: convert_index(&document, manifest, err);
}

int image_manifest_read(const char *bytes, size_t size, const char *media_type,
			struct image_manifest *ret_manifest, struct error *err)
{
	automanifest struct image_manifest manifest = { 0 };

	if (read_manifest(bytes, size, media_type, &manifest, err) < 0)
		return -1;
	*ret_manifest = manifest;
	manifest = (struct image_manifest){ 0 };
	return 0;
}
