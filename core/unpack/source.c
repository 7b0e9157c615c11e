// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image.
#include "core/unpack/source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/unpack/blob_hash.h"

/* An index may lead to another index, and that one to an image. */
#define INDEXES_MAX 2

/* ---- bytes ---- */

void source_hash(const void *bytes, size_t size, struct digest *ret_digest)
{
	char hex[DIGEST_HEX_LENGTH + 1];
	struct sha256_ctx hash;

	sha256_init(&hash);
	sha256_update(&hash, size, bytes);
	blob_hash_print(&hash, hex);
	digest_from_hex(hex, ret_digest);
}

static int check_digest(const char *bytes, size_t size, const struct digest *wanted,
			const char *what, struct error *err)
{
	struct digest digest;

	source_hash(bytes, size, &digest);
	return digest_same(&digest, wanted)
		       ? 0
		       : error_set(err, 0, "%s has the digest sha256:%s, not sha256:%s", what,
				   digest.hex, wanted->hex);
}

int source_read_part(const struct file_part *part, const char *what, char **ret_bytes,
		     size_t *ret_size, struct error *err)
{
	autofree char *bytes = NULL;
	size_t done = 0;

	if (part->size > IMAGE_DOCUMENT_MAX)
		return error_set(err, EFBIG, "%s has %llu bytes", what,
				 (unsigned long long)part->size);
	bytes = mem_alloc((size_t)part->size + 1);
	while (done < part->size) {
		ssize_t got = pread(part->fd, bytes + done, (size_t)part->size - done,
				    (off_t)(part->offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_set(err, got < 0 ? errno : EIO, "read %s", what);
		done += (size_t)got;
	}
	*ret_bytes = take_ptr(bytes);
	*ret_size = done;
	return 0;
}

/*
 * Opens a regular file below @dir.  A symbolic link is followed as long as it stays below; nothing
 * else is opened, as a FIFO would wait.
 */
static int open_blob_file(int dir, const char *path, struct file_part *ret_part)
{
	autoclose int fd = path_open_in_root(dir, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_part = (struct file_part){ take_fd(&fd), 0, (uint64_t)st.st_size };
	return 0;
}

/* A file of the layout or of the archive; ret_part->fd is the caller's. */
static int open_file(const struct source *source, const char *name, struct file_part *ret_part,
		     struct error *err)
{
	const struct archive_file *file;
	int result;

	if (source->archive < 0) {
		result = open_blob_file(source->layout, name, ret_part);
		return result < 0 ? error_set(err, -result, "open %s", name) : 0;
	}
	file = archive_find(&source->index, name);
	if (!file)
		return error_set(err, ENOENT, "open %s in the archive", name);
	*ret_part = file->part;
	ret_part->fd = fcntl(source->archive, F_DUPFD_CLOEXEC, 0);
	return ret_part->fd < 0 ? error_set(err, errno, "open %s in the archive", name) : 0;
}

static int read_source_file(const struct source *source, const char *name, char **ret_bytes,
			    size_t *ret_size, struct error *err)
{
	struct file_part part = { .fd = -1 };
	int result;

	if (open_file(source, name, &part, err) < 0)
		return -1;
	result = source_read_part(&part, name, ret_bytes, ret_size, err);
	close(part.fd);
	return result;
}

/* "blobs/sha256/", 64 digits and the NUL */
#define BLOB_PATH_SIZE (sizeof("blobs/sha256/") + DIGEST_HEX_LENGTH)

static void blob_path(const struct digest *digest, char ret_path[static BLOB_PATH_SIZE])
{
	snprintf(ret_path, BLOB_PATH_SIZE, "blobs/sha256/%s", digest->hex);
}

static int check_document(const char *bytes, size_t size, const struct image_descriptor *descriptor,
			  const char *what, struct error *err)
{
	if (size != descriptor->size)
		return error_set(err, 0, "%s has %zu bytes, not %llu", what, size,
				 (unsigned long long)descriptor->size);
	return check_digest(bytes, size, &descriptor->digest, what, err);
}

static int read_blob_document(const struct source *source,
			      const struct image_descriptor *descriptor, char **ret_bytes,
			      size_t *ret_size, struct error *err)
{
	autofree char *bytes = NULL;
	char path[BLOB_PATH_SIZE];
	size_t size = 0;

	blob_path(&descriptor->digest, path);
	if (read_source_file(source, path, &bytes, &size, err) < 0 ||
	    check_document(bytes, size, descriptor, path, err) < 0)
		return -1;
	*ret_bytes = take_ptr(bytes);
	*ret_size = size;
	return 0;
}

/* ---- OCI layouts ---- */

static const char *describe_layout(const struct source *source)
{
	return source->archive < 0 ? "the layout" : "the archive";
}

/* Reads the manifest that @entry leads to, through indexes. */
static int read_image_manifest(struct source *source, const struct image_descriptor *entry,
			       int indexes, struct error *err)
{
	automanifest struct image_manifest manifest = { 0 };
	autofree char *bytes = NULL;
	size_t size = 0;

	if (read_blob_document(source, entry, &bytes, &size, err) < 0 ||
	    image_manifest_read(bytes, size, entry->media_type, &manifest, err) < 0)
		return -1;
	if (manifest.kind == MANIFEST_INDEX) {
		const struct image_descriptor *chosen = NULL;

		if (indexes == INDEXES_MAX)
			return error_set(err, 0, "an index of indexes of indexes");
		if (image_manifest_choose(&manifest, &source->request->platform,
					  describe_layout(source), &chosen, err) < 0)
			return -1;
		return read_image_manifest(source, chosen, indexes + 1, err);
	}
	source->manifest_bytes = take_ptr(bytes);
	source->manifest_size = size;
	source->manifest_digest = entry->digest;
	source->manifest = manifest;
	manifest = (struct image_manifest){ 0 };
	return 0;
}

static int read_config(struct source *source, struct error *err)
{
	return read_blob_document(source, &source->manifest.config, &source->config_bytes,
				  &source->config_size, err);
}

static int read_layout(struct source *source, struct error *err)
{
	const struct source_request *request = source->request;
	automanifest struct image_manifest index = { 0 };
	const struct image_descriptor *entry = NULL;
	autofree char *bytes = NULL;
	size_t size = 0;

	if (read_source_file(source, "index.json", &bytes, &size, err) < 0) {
		if (err->code == ENOENT)
			error_set(err, 0, "%s is no OCI layout: it has no index.json",
				  describe_layout(source));
		if (err->code == 0 && archive_find(&source->index, "manifest.json"))
			error_hint(err, "it is docker's: write docker-archive: before its name");
		return -1;
	}
	if (image_manifest_read(bytes, size, NULL, &index, err) < 0)
		return error_prefix(err, "index.json");
	if (index.kind != MANIFEST_INDEX)
		return error_set(err, 0, "index.json is no index of images");
	if (image_manifest_find(&index, request->reference, request->number, &request->platform,
				describe_layout(source), &entry, err) < 0 ||
	    read_image_manifest(source, entry, 0, err) < 0)
		return -1;
	return read_config(source, err);
}

/* ---- what skopeo fetches ---- */

static int read_fetched_file(int dir, const char *name, char **ret_bytes, size_t *ret_size,
			     struct error *err)
{
	struct file_part part = { .fd = -1 };
	int result = open_blob_file(dir, name, &part);

	if (result < 0)
		return error_set(err, -result, "open the %s that skopeo has fetched", name);
	result = source_read_part(&part, name, ret_bytes, ret_size, err);
	close(part.fd);
	return result;
}

static int read_fetched(struct source *source, struct error *err)
{
	const struct source_request *request = source->request;

	if (digest_parse("digest", request->reference ?: "", &source->manifest_digest, err) < 0 ||
	    read_fetched_file(request->source, IMAGE_FETCHED_MANIFEST, &source->manifest_bytes,
			      &source->manifest_size, err) < 0 ||
	    check_digest(source->manifest_bytes, source->manifest_size, &source->manifest_digest,
			 "the manifest that was fetched", err) < 0 ||
	    image_manifest_read(source->manifest_bytes, source->manifest_size, NULL,
				&source->manifest, err) < 0)
		return -1;
	if (source->manifest.kind != MANIFEST_IMAGE)
		return error_set(err, 0, "an index was fetched, and no image");
	if (read_fetched_file(request->source, IMAGE_FETCHED_CONFIG, &source->config_bytes,
			      &source->config_size, err) < 0)
		return -1;
	return check_document(source->config_bytes, source->config_size, &source->manifest.config,
			      "the config that was fetched", err);
}

int source_choose(int fetched, const struct digest *wanted, const struct platform *platform,
		  struct digest *ret_digest, bool *ret_is_index, struct error *err)
{
	automanifest struct image_manifest manifest = { 0 };
	const struct image_descriptor *entry = NULL;
	autofree char *bytes = NULL;
	struct digest digest;
	size_t size = 0;

	if (read_fetched_file(fetched, IMAGE_FETCHED_MANIFEST, &bytes, &size, err) < 0)
		return -1;
	source_hash(bytes, size, &digest);
	if (wanted && check_digest(bytes, size, wanted, "the manifest that was fetched", err) < 0)
		return -1;
	if (image_manifest_read(bytes, size, NULL, &manifest, err) < 0)
		return -1;
	if (manifest.kind == MANIFEST_INDEX) {
		if (image_manifest_choose(&manifest, platform, "the registry", &entry, err) < 0)
			return -1;
		digest = entry->digest;
	}
	*ret_digest = digest;
	*ret_is_index = manifest.kind == MANIFEST_INDEX;
	return 0;
}

/* ---- the whole ---- */

void source_release(struct source *source)
{
	fd_close(&source->layout);
	fd_close(&source->archive);
	archive_index_release(&source->index);
	str_list_release_texts(&source->names);
	free(source->manifest_bytes);
	free(source->config_bytes);
	image_manifest_release(&source->manifest);
	image_config_release(&source->config);
	*source = SOURCE_NONE;
}

static int open_layout(const struct source_request *request, int *ret_fd, struct error *err)
{
	int fd = openat(request->source,
			request->kind == IMAGE_SOURCE_OCI ? "." : IMAGE_FETCHED_LAYOUT,
			O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open the layout");
	*ret_fd = fd;
	return 0;
}

static int open_archive(struct source *source, struct error *err)
{
	const struct source_request *request = source->request;

	if (archive_make_plain(request->source, request->work, "archive", request->limit,
			       &source->archive, err) < 0)
		return -1;
	return archive_index_read(source->archive, &source->index, err);
}

static int read_documents(struct source *source, struct error *err)
{
	switch (source->request->kind) {
	case IMAGE_SOURCE_OCI:
	case IMAGE_SOURCE_LAYOUT:
		return open_layout(source->request, &source->layout, err) < 0
			       ? -1
			       : read_layout(source, err);
	case IMAGE_SOURCE_FETCHED:
		return open_layout(source->request, &source->layout, err) < 0
			       ? -1
			       : read_fetched(source, err);
	case IMAGE_SOURCE_OCI_ARCHIVE:
		return open_archive(source, err) < 0 ? -1 : read_layout(source, err);
	case IMAGE_SOURCE_DOCKER_ARCHIVE:
		return open_archive(source, err) < 0 ? -1 : source_read_docker(source, err);
	case IMAGE_SOURCE_COUNT: break;
	}
	return error_set(err, EINVAL, "read the source");
}

int source_read_config(struct source *source, struct error *err)
{
	enum log_level level = log_current_level();
	int result;

	log_set_level(LOG_LEVEL_ERROR);
	result = image_config_read(source->config_bytes, source->config_size, &source->config, err);
	log_set_level(level);
	return result;
}

/* The config of a docker-archive is read before, since its manifest is made from it. */
static int check_documents(struct source *source, struct error *err)
{
	if (source->config.arena.blocks == NULL && source_read_config(source, err) < 0)
		return -1;
	return image_config_check_layers(&source->config, &source->manifest, err) < 0 ||
			       image_config_check_platform(&source->config,
							   &source->request->platform, err) < 0
		       ? -1
		       : 0;
}

int source_open(const struct source_request *request, struct source *ret_source, struct error *err)
{
	autosource struct source source = SOURCE_NONE;

	source.request = request;
	if (read_documents(&source, err) < 0 || check_documents(&source, err) < 0)
		return -1;
	*ret_source = source;
	source = SOURCE_NONE;
	return 0;
}

int source_open_layer(const struct source *source, size_t layer, struct file_part *ret_part,
		      struct error *err)
{
	const struct image_descriptor *descriptor = &source->manifest.layers[layer];
	char path[BLOB_PATH_SIZE];
	struct file_part part = { .fd = -1 };

	if (source->names.count > 0)
		return open_file(source, source->names.items[layer], ret_part, err);
	blob_path(&descriptor->digest, path);
	if (open_file(source, path, &part, err) < 0)
		return -1;
	if (part.size != descriptor->size) {
		close(part.fd);
		return error_set(err, 0, "layer sha256:%.12s has %llu bytes, not %llu",
				 descriptor->digest.hex, (unsigned long long)part.size,
				 (unsigned long long)descriptor->size);
	}
	*ret_part = part;
	return 0;
}
