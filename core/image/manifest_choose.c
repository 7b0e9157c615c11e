// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include <limits.h>

#include "core/base/str.h"
#include "core/image/manifest.h"

/* How many tags or platforms an error lists. */
#define LISTED_MAX 12
/* Bytes of each. */
#define LISTED_SHOWN 80

/* An annotation by which buildkit marks a manifest beside the images. */
#define REFERENCE_TYPE "vnd.docker.reference.type"

/* May the entry be an image, or lead to one? */
static bool may_be_image(const struct image_descriptor *entry)
{
	static const char *const types[] = {
		"",
		MEDIA_OCI_MANIFEST,
		MEDIA_OCI_INDEX,
		MEDIA_DOCKER_MANIFEST,
		MEDIA_DOCKER_LIST,
		"application/vnd.docker.distribution.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.v1+prettyjws",
		NULL,
	};

	return digest_is_set(&entry->digest) && str_find(types, entry->media_type) >= 0 &&
	       !str_map_value(&entry->annotations, REFERENCE_TYPE) &&
	       !str_equal(entry->platform.os, "unknown");
}

/* ---- errors ---- */

/* A list of different texts, as far as an error has room for them. */
struct listed {
	struct strbuf text;
	struct str_list texts;
	bool more;
};

static void list_text(struct listed *listed, const char *text)
{
	for (size_t i = 0; i < listed->texts.count; i++)
		if (str_equal(listed->texts.items[i], text))
			return;
	listed->more = listed->texts.count == LISTED_MAX;
	if (!listed->more)
		str_list_add(&listed->texts, str_dup(text));
}

/* "v1, v2, …"; "" for none.  The text is valid until listed_release(). */
static const char *listed_text(struct listed *listed)
{
	for (size_t i = 0; i < listed->texts.count; i++)
		strbuf_addf(&listed->text, "%s%.*s", i ? ", " : "", LISTED_SHOWN,
			    listed->texts.items[i]);
	if (listed->more)
		strbuf_add_str(&listed->text, ", …");
	return listed->text.bytes ? listed->text.bytes : "";
}

static void listed_release(struct listed *listed)
{
	strbuf_release(&listed->text);
	str_list_release_texts(&listed->texts);
}
#define autolisted __attribute__((cleanup(listed_release)))

static int refuse_platforms(const struct image_manifest *index, const struct platform *wanted,
			    const char *what, struct error *err)
{
	autolisted struct listed listed = { 0 };
	char shown[PLATFORM_TEXT_SIZE];

	for (size_t i = 0; i < index->entry_count; i++) {
		const struct image_descriptor *entry = &index->entries[i];

		if (!may_be_image(entry) || !entry->platform.os[0])
			continue;
		platform_print(&entry->platform, shown);
		list_text(&listed, shown);
	}
	platform_print(wanted, shown);
	if (listed.texts.count == 0)
		return error_set(err, 0, "%s: there is no image in it", what);
	return error_set(err, 0, "%s: there is no image for %s, only for %s", what, shown,
			 listed_text(&listed));
}

static int refuse_tags(const struct image_manifest *index, const char *tag, const char *what,
		       struct error *err)
{
	autolisted struct listed listed = { 0 };

	for (size_t i = 0; i < index->entry_count; i++) {
		const char *name = str_map_value(&index->entries[i].annotations, IMAGE_REF_NAME);

		if (name)
			list_text(&listed, name);
	}
	if (index->entry_count == 0)
		return error_set(err, 0, "%s: there is no image in it", what);
	if (!tag && listed.texts.count == 0)
		return error_set(err, 0,
				 "%s: there are %zu images without a tag: take one by @0 to @%zu",
				 what, index->entry_count, index->entry_count - 1);
	if (!tag)
		return error_set(err, 0, "%s: there are several images: take one by its tag (%s)",
				 what, listed_text(&listed));
	if (listed.texts.count == 0)
		return error_set(err, 0, "%s: no image has the tag '%s', nor any tag", what, tag);
	return error_set(err, 0, "%s: no image has the tag '%s' (the tags are: %s)", what, tag,
			 listed_text(&listed));
}

/* ---- by platform ---- */

int image_manifest_choose(const struct image_manifest *index, const struct platform *wanted,
			  const char *what, const struct image_descriptor **ret_entry,
			  struct error *err)
{
	const struct image_descriptor *best = NULL, *unsaid = NULL;
	int best_rank = INT_MAX;

	for (size_t i = 0; i < index->entry_count; i++) {
		const struct image_descriptor *entry = &index->entries[i];
		int rank = platform_rank(wanted, &entry->platform);

		if (!may_be_image(entry))
			continue;
		if (!entry->has_platform && !unsaid)
			unsaid = entry;
		if (entry->has_platform && rank >= 0 && rank < best_rank) {
			best = entry;
			best_rank = rank;
		}
	}
	if (!best && !unsaid)
		return refuse_platforms(index, wanted, what, err);
	*ret_entry = best ? best : unsaid;
	return 0;
}

/* ---- by tag ---- */

static bool has_tag(const struct image_descriptor *entry, const char *tag)
{
	return str_equal(str_map_value(&entry->annotations, IMAGE_REF_NAME), tag) ||
	       str_equal(str_map_value(&entry->annotations, IMAGE_CONTAINERD_NAME), tag);
}

/* Do two entries go by the same tag, or both by none? */
static bool share_tag(const struct image_descriptor *a, const struct image_descriptor *b)
{
	const char *tag = str_map_value(&a->annotations, IMAGE_REF_NAME);
	const char *other = str_map_value(&b->annotations, IMAGE_REF_NAME);

	return tag ? str_equal(tag, other) : !other;
}

static int find_at(const struct image_manifest *index, int64_t source_index, const char *what,
		   const struct image_descriptor **ret_entry, struct error *err)
{
	if ((uint64_t)source_index >= index->entry_count)
		return error_set(err, 0, "%s: there are %zu images, counted from @0", what,
				 index->entry_count);
	if (!digest_is_set(&index->entries[source_index].digest))
		return error_set(err, 0, "%s: the digest of this image isn't one of SHA-256", what);
	*ret_entry = &index->entries[source_index];
	return 0;
}

/* Is the entry one that @tag (NULL: none) can mean? */
static bool suits_tag(const struct image_descriptor *entry, const char *tag)
{
	if (tag)
		return has_tag(entry, tag) && digest_is_set(&entry->digest);
	return may_be_image(entry);
}

/* The number of these entries, which are copied to @entries. */
static size_t copy_with_tag(const struct image_manifest *index, const char *tag,
			    struct image_descriptor *entries)
{
	size_t count = 0;

	for (size_t i = 0; i < index->entry_count; i++)
		if (suits_tag(&index->entries[i], tag))
			entries[count++] = index->entries[i];
	return count;
}

/* The index's own entry behind entry number @number of copy_with_tag(). */
static const struct image_descriptor *own_entry(const struct image_manifest *index, const char *tag,
						size_t number)
{
	for (const struct image_descriptor *entry = index->entries;; entry++)
		if (suits_tag(entry, tag) && number-- == 0)
			return entry;
}

/* Are all entries the same image, by several names perhaps? */
static bool are_same_image(const struct image_manifest *found)
{
	for (size_t i = 1; i < found->entry_count; i++)
		if (!digest_same(&found->entries[0].digest, &found->entries[i].digest))
			return false;
	return true;
}

/* Are the entries one name's images for several platforms, each of which tells its own? */
static bool are_one_name(const struct image_manifest *found)
{
	for (size_t i = 0; i < found->entry_count; i++)
		if (!share_tag(&found->entries[0], &found->entries[i]) ||
		    !found->entries[i].has_platform)
			return false;
	return true;
}

int image_manifest_find(const struct image_manifest *index, const char *tag, int64_t source_index,
			const struct platform *wanted, const char *what,
			const struct image_descriptor **ret_entry, struct error *err)
{
	autofree struct image_descriptor *entries = NULL;
	struct image_manifest found = { .kind = MANIFEST_INDEX };
	const struct image_descriptor *chosen;
	bool same;

	if (source_index >= 0)
		return find_at(index, source_index, what, ret_entry, err);
	entries = mem_alloc(index->entry_count * sizeof(*entries));
	found.entries = entries;
	found.entry_count = copy_with_tag(index, tag, entries);
	chosen = entries;
	same = are_same_image(&found);
	if (found.entry_count == 0 || (!same && !tag && !are_one_name(&found)))
		return refuse_tags(index, tag, what, err);
	if (!same && image_manifest_choose(&found, wanted, what, &chosen, err) < 0)
		return -1;
	*ret_entry = own_entry(index, tag, (size_t)(chosen - entries));
	return 0;
}
