/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_TEST_IMAGE_STORE_SCRATCH_H
#define URUN_TEST_IMAGE_STORE_SCRATCH_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/base/str.h"
#include "core/image/store.h"
#include "tests/unit/base/scratch.h"

/* What the tests of the store share: a store in a directory of the test, with layers and images. */
#define IDS "0 1000 1, 1 100000 65536"

struct scratch {
	char *directory;
	char *path; /* of the store */
	int store;
	struct error err;
};

static int make_store(void **state)
{
	struct scratch *scratch = mem_alloc(sizeof(*scratch));
	void *directory;

	if (make_scratch(&directory) < 0)
		return -1;
	scratch->directory = directory;
	scratch->path = str_format("%s/share/urun", scratch->directory);
	scratch->store = -1;
	*state = scratch;
	return store_open(scratch->path, PLACE_MAKE, &scratch->store, &scratch->err);
}

static int remove_store(void **state)
{
	struct scratch *scratch = *state;
	void *directory = scratch->directory;

	fd_close(&scratch->store);
	free(scratch->path);
	free(scratch);
	return remove_scratch(&directory);
}

/* Fails the test where the call fails; @scratch is a variable of the caller. */
#define MUST(call)                                                    \
	do {                                                          \
		if ((call) < 0)                                       \
			fail_msg("%s: %s", #call, scratch->err.text); \
	} while (0)

static int count_entries(const struct scratch *scratch, const char *directory)
{
	autofree char *script = str_format("exit $(ls -A %s | wc -l)", directory);
	int status = run_in(scratch->path, script);

	return WEXITSTATUS(status);
}

/* A digest of one digit. */
static struct digest digest_of(char digit)
{
	struct digest digest = { 0 };

	memset(digest.hex, digit, DIGEST_HEX_LENGTH);
	return digest;
}

/* Unpacks a layer with one file.  Returns what store_add_layer() does. */
static int add_layer_of(int store, const struct store_pull *pull, char digit, const char *ids,
			struct error *err)
{
	struct store_layer layer = { .key = digest_of(digit),
				     .diff_id = digest_of(digit),
				     .size = 7,
				     .files = 1,
				     .ids = ids };
	static unsigned int counter;
	autofree char *made = str_format("layer-%u", counter++);
	autofree char *root = str_format("%s/root", made);
	autofree char *file = str_format("%s/file", root);
	autoclose int fd = -1;

	if (mkdirat(pull->dir, made, 0700) < 0 || mkdirat(pull->dir, root, 0755) < 0)
		return error_set(err, errno, "make %s", root);
	fd = openat(pull->dir, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set(err, errno, "make %s", file);
	return store_add_layer(store, pull->name, made, &layer, err);
}

/*
 * Pulls the image @name with a layer for each digit of @layers; its manifest and config have digests of
 * the digit @manifest, and of the digit behind it.
 */
static int pull_image(int store, const char *name, char manifest, const char *layers,
		      struct error *err)
{
	struct store_image image = { .name = name,
				     .manifest = digest_of(manifest),
				     .manifest_size = 2,
				     .media_type = "application/vnd.oci.image.manifest.v1+json",
				     .config = digest_of((char)(manifest + 1)),
				     .platform = { "linux", "amd64", "" } };
	struct digest keys[16];
	struct store_pull pull;
	int failed = 0;

	if (store_pull_begin(store, &pull, err) < 0)
		return -1;
	for (; layers[image.layer_count]; image.layer_count++) {
		struct digest *key = &keys[image.layer_count];

		*key = digest_of(layers[image.layer_count]);
		if (failed == 0)
			failed = store_pull_keep(store, pull.name, key, err);
		if (failed == 0 && !store_has_layer(store, key, IDS) &&
		    add_layer_of(store, &pull, layers[image.layer_count], IDS, err) < 0)
			failed = -1;
	}
	image.layers = keys;
	if (failed == 0)
		failed = store_add_blob(store, pull.name, &image.manifest, "{}", 2, err);
	if (failed == 0)
		failed = store_add_blob(store, pull.name, &image.config, "{}", 2, err);
	if (failed == 0)
		failed = store_add_image(store, &image, err);
	store_pull_end(store, &pull);
	return failed;
}

#endif
