// SPDX-License-Identifier: Apache-2.0
/*
 * A tar stream of a container or of a user.  What the reader accepts, the writer can write again,
 * and the reader then finds the same.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/tar.h"
#include "tests/fuzz/fuzz.h"

/* A file of an exabyte in a few bytes isn't written again. */
#define DATA_MAX ((uint64_t)1 << 20)

static uint64_t stored_size(const struct tar_entry *entry)
{
	uint64_t sum = 0;

	if (!entry->sparse)
		return entry->size;
	for (size_t i = 0; i < entry->extent_count; i++)
		sum += entry->extents[i].size;
	return sum;
}

static void check_entry(const struct tar_entry *entry)
{
	autofree char *path = NULL;

	fuzz_demand(entry->name && entry->name[0], "an entry has a name");
	fuzz_demand(!!entry->link == (entry->kind == TAR_HARDLINK || entry->kind == TAR_SYMLINK),
		    "links alone have a target");
	fuzz_demand(entry->kind == TAR_FILE || entry->size == 0, "files alone have a size");
	if (tar_name_clean(entry->name, &path) == 0)
		fuzz_demand(path[0] != '/' && !strstr(path, "/../") &&
				    strncmp(path, "../", 3) != 0 && strcmp(path, "..") != 0,
			    "a clean path doesn't leave its place");
}

/* Reads the data, and returns how many bytes there were. */
static uint64_t drain(struct tar_reader *reader, const struct tar_entry *entry)
{
	struct error err = ERROR_NONE;
	uint64_t offset, sum = 0;
	const char *bytes;
	size_t size;

	while (tar_read_data(reader, &bytes, &size, &offset, &err) == 1) {
		fuzz_demand(size > 0 && offset + size <= entry->size, "data lie within the file");
		sum += size;
	}
	return sum;
}

static void write_again(const struct tar_entry *entry)
{
	int fd = memfd_create("fuzz-tar", MFD_CLOEXEC);
	autoclose int memory = fd;
	autotarwriter struct tar_writer writer;
	autotarreader struct tar_reader reader;
	autotarentry struct tar_entry again = { 0 };
	struct error err = ERROR_NONE;

	tar_writer_init(&writer, memory, NULL);
	if (tar_write_entry(&writer, entry, &err) < 0 || tar_write_end_entry(&writer, &err) < 0 ||
	    tar_write_end(&writer, &err) < 0 || lseek(memory, 0, SEEK_SET) < 0)
		abort();
	tar_reader_init(&reader, memory, NULL);
	fuzz_demand(tar_read_entry(&reader, &again, &err) == 1, "what was written can be read");
	fuzz_demand(again.kind == entry->kind && again.size == entry->size &&
			    again.uid == entry->uid && again.gid == entry->gid &&
			    again.mode == entry->mode && again.xattr_count == entry->xattr_count &&
			    again.mtime.tv_sec == entry->mtime.tv_sec &&
			    again.mtime.tv_nsec == entry->mtime.tv_nsec,
		    "it is the same entry");
	fuzz_demand(!entry->link || strcmp(entry->link, again.link) == 0, "with the same target");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	autotarreader struct tar_reader reader;
	struct error err = ERROR_NONE;
	int got = 1;

	tar_reader_init_bytes(&reader, bytes, size);
	while (got == 1) {
		autotarentry struct tar_entry entry = { 0 };
		uint64_t stored;

		got = tar_read_entry(&reader, &entry, &err);
		if (got != 1)
			break;
		check_entry(&entry);
		stored = stored_size(&entry);
		fuzz_demand(drain(&reader, &entry) <= stored, "no more data than the size says");
		if (stored <= DATA_MAX)
			write_again(&entry);
	}
	return 0;
}
