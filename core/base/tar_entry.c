// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "core/base/str.h"
#include "core/base/tar.h"

void tar_entry_release(struct tar_entry *entry)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		free(entry->xattrs[i].name);
		free(entry->xattrs[i].value);
	}
	free(entry->xattrs);
	free(entry->extents);
	free(entry->name);
	free(entry->link);
	*entry = (struct tar_entry){ 0 };
}

/* Grows arrays by doubling: @count is a power of two (or 0) exactly when the array is full. */
static void *grow_array(void *array, size_t count, size_t size)
{
	return count & (count - 1) ? array : mem_resize(array, count ? 2 * count : 1, size);
}

void tar_entry_add_xattr(struct tar_entry *entry, const char *name, const void *value, size_t size)
{
	struct tar_xattr xattr = { .name = str_dup(name), .size = size };

	xattr.value = mem_alloc(size + 1);
	if (size > 0)
		memcpy(xattr.value, value, size);
	entry->xattrs = grow_array(entry->xattrs, entry->xattr_count, sizeof(*entry->xattrs));
	entry->xattrs[entry->xattr_count++] = xattr;
}

bool tar_entry_add_extent(struct tar_entry *entry, uint64_t offset, uint64_t size)
{
	if (entry->extent_count == TAR_EXTENTS_MAX)
		return false;
	entry->extents = grow_array(entry->extents, entry->extent_count, sizeof(*entry->extents));
	entry->extents[entry->extent_count++] = (struct tar_extent){ offset, size };
	return true;
}

int tar_name_clean(const char *name, char **ret_path)
{
	autofree char *path = mem_alloc(strlen(name) + 1);
	size_t size = 0;

	for (const char *next = name; *(next += strspn(next, "/"));) {
		size_t length = strcspn(next, "/");

		if (length == 2 && next[0] == '.' && next[1] == '.')
			return -EINVAL;
		if (length != 1 || next[0] != '.') {
			if (size > 0)
				path[size++] = '/';
			memcpy(path + size, next, length);
			size += length;
		}
		next += length;
	}
	*ret_path = take_ptr(path);
	return 0;
}
