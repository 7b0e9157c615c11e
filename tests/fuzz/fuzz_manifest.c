// SPDX-License-Identifier: Apache-2.0
/*
 * A manifest or an index of an image: for all bytes it is refused with an error of one line, or all
 * that it says is in its bounds, and an entry that is chosen is one of the index.  The first byte
 * chooses what the descriptor said, and the platform that is wanted.
 */
#include "core/image/manifest.h"
#include "tests/fuzz/fuzz.h"

static void check_digest(const struct digest *digest)
{
	struct digest again;

	fuzz_demand(digest_from_hex(digest->hex, &again) && digest_same(digest, &again),
		    "a digest is 64 digits");
}

static void check_image(const struct image_manifest *manifest)
{
	fuzz_demand(manifest->layer_count <= IMAGE_LAYERS_MAX, "the layers are bounded");
	fuzz_demand(manifest->config.size <= IMAGE_DOCUMENT_MAX, "the config is bounded");
	check_digest(&manifest->config.digest);
	for (size_t i = 0; i < manifest->layer_count; i++) {
		check_digest(&manifest->layers[i].digest);
		fuzz_demand(manifest->layers[i].size <= IMAGE_BLOB_MAX, "a layer is bounded");
	}
}

static void check_entry(const struct image_manifest *index, const struct image_descriptor *entry)
{
	fuzz_demand(entry >= index->entries && entry < index->entries + index->entry_count,
		    "the entry is the index's");
	check_digest(&entry->digest);
}

static void check_index(const struct image_manifest *index, const struct platform *wanted)
{
	static const char *const tags[] = { NULL, "v1", "docker.io/library/web:latest" };
	const struct image_descriptor *entry;
	struct error err = ERROR_NONE;

	fuzz_demand(index->entry_count <= IMAGE_ENTRIES_MAX, "the entries are bounded");
	if (image_manifest_choose(index, wanted, "web", &entry, &err) == 0)
		check_entry(index, entry);
	else
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		if (image_manifest_find(index, tags[i], -1, wanted, "web", &entry, &err) == 0)
			check_entry(index, entry);
	if (image_manifest_find(index, NULL, 1, wanted, "web", &entry, &err) == 0)
		check_entry(index, entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const told[] = {
		NULL,
		"",
		"application/vnd.oci.image.manifest.v1+json",
		"application/vnd.oci.image.index.v1+json",
		"application/vnd.docker.distribution.manifest.v2+json",
	};
	static const char *const machines[] = { "x86_64", "armv7l", "aarch64" };
	struct fuzz_input input = { bytes, size };
	uint32_t choice = fuzz_number(&input, 1);
	automanifest struct image_manifest manifest = { 0 };
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	struct platform wanted;

	platform_of_machine(machines[choice / 8 % ARRAY_SIZE(machines)], &wanted);
	if (image_manifest_read((const char *)input.bytes, input.size,
				told[choice % ARRAY_SIZE(told)], &manifest, &err) < 0) {
		fuzz_demand(err.text[0] != '\0', "a failure has a text");
		fuzz_demand(!strchr(error_format(&err, line), '\n'), "an error is one line");
		return 0;
	}
	if (manifest.kind == MANIFEST_IMAGE)
		check_image(&manifest);
	else
		check_index(&manifest, &wanted);
	return 0;
}
