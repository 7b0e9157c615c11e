// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/unpack/layer_name.h"

#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

#include "core/base/str.h"

#define WHITEOUT \
	"."      \
	"wh."
#define AUFS   WHITEOUT WHITEOUT
#define OPAQUE AUFS ".opq"

/* Folds @text into @ret_path.  Returns the length, or -1. */
static ssize_t fold_name(const char *text, char ret_path[static PATH_MAX], struct error *err)
{
	size_t size = 0;

	for (const char *next = text; *(next += strspn(next, "/"));) {
		size_t length = strcspn(next, "/");

		if (length == 2 && next[0] == '.' && next[1] == '.') {
			if (size == 0)
				return error_set(err, 0, "the name %.1000s leads out of the layer",
						 text);
			while (size > 0 && ret_path[--size] != '/')
				;
		} else if (length != 1 || next[0] != '.') {
			if (length > NAME_MAX || size + 1 + length >= PATH_MAX)
				return error_set(err, 0,
						 "the name %.200s... is longer than a path can be",
						 text);
			if (size > 0)
				ret_path[size++] = '/';
			memcpy(ret_path + size, next, length);
			size += length;
		}
		next += length;
	}
	ret_path[size] = '\0';
	return (ssize_t)size;
}

/* A whiteout is a file: nothing is in it. */
static bool is_in_whiteout(const struct layer_name *name)
{
	const char *at = name->path;

	while (at && at < name->base) {
		if (str_starts_with(at, WHITEOUT))
			return true;
		at = strchr(at, '/');
		at = at ? at + 1 : NULL;
	}
	return false;
}

static int read_whiteout(struct layer_name *name, struct error *err)
{
	if (str_equal(name->base, OPAQUE)) {
		name->kind = LAYER_NAME_OPAQUE;
		return 0;
	}
	if (str_starts_with(name->base, AUFS)) {
		name->kind = LAYER_NAME_AUFS;
		return 0;
	}
	name->kind = LAYER_NAME_WHITEOUT;
	name->base += strlen(WHITEOUT);
	if (*name->base == '\0' || str_equal(name->base, ".") || str_equal(name->base, ".."))
		return error_set(err, 0, "the whiteout %.1000s hides no name", name->path);
	return 0;
}

int layer_name_read(const char *text, struct layer_name *ret_name, struct error *err)
{
	ssize_t length = fold_name(text, ret_name->path, err);
	const char *slash;

	if (length < 0)
		return -1;
	slash = strrchr(ret_name->path, '/');
	ret_name->parent = slash ? (size_t)(slash - ret_name->path) : 0;
	ret_name->base = slash ? slash + 1 : ret_name->path;
	ret_name->kind = LAYER_NAME_FILE;
	/* aufs kept hard links and orphans in directories of such names. */
	if (str_starts_with(ret_name->path, AUFS) && slash)
		ret_name->kind = LAYER_NAME_AUFS;
	else if (is_in_whiteout(ret_name))
		return error_set(err, 0, "the name %.1000s has a whiteout for a directory",
				 ret_name->path);
	else if (str_starts_with(ret_name->base, WHITEOUT))
		return read_whiteout(ret_name, err);
	return 0;
}
