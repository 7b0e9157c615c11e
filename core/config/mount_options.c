// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/config/mount_options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/base/str.h"

enum option_kind {
	OPTION_NOTHING,
	OPTION_SET,	   /* the attribute is set */
	OPTION_CLEAR,	   /* the attribute is cleared */
	OPTION_ATIME,	   /* the atime mode becomes this one */
	OPTION_ATIME_UNDO, /* the atime mode becomes the kernel's default, if it was this one */
	OPTION_PROPAGATION,
	OPTION_TRAITS,
	OPTION_TRAITS_OFF,
	OPTION_SUPER,
};

struct option {
	const char *name;
	enum option_kind kind;
	uint64_t value;
	bool tree; /* of the whole tree of mounts */
};

/* Sorted by name, for bsearch. */
static const struct option options_table[] = {
	{ "U", OPTION_TRAITS, MOUNT_TRAIT_CHOWN, false },
	{ "async", OPTION_SUPER, 0, false },
	{ "atime", OPTION_ATIME_UNDO, MOUNT_ATTR_NOATIME, false },
	{ "bind", OPTION_TRAITS, MOUNT_TRAIT_BIND, false },
	{ "copy-symlink", OPTION_TRAITS, MOUNT_TRAIT_COPY_SYMLINK, false },
	{ "defaults", OPTION_NOTHING, 0, false },
	{ "dest-nofollow", OPTION_TRAITS, MOUNT_TRAIT_DEST_NOFOLLOW, false },
	{ "dev", OPTION_CLEAR, MOUNT_ATTR_NODEV, false },
	{ "diratime", OPTION_CLEAR, MOUNT_ATTR_NODIRATIME, false },
	{ "dirsync", OPTION_SUPER, 0, false },
	{ "exec", OPTION_CLEAR, MOUNT_ATTR_NOEXEC, false },
	{ "idmap", OPTION_TRAITS, MOUNT_TRAIT_IDMAP, false },
	{ "iversion", OPTION_TRAITS, MOUNT_TRAIT_IVERSION, false },
	{ "lazytime", OPTION_SUPER, 0, false },
	{ "loud", OPTION_NOTHING, 0, false },
	{ "mand", OPTION_SUPER, 0, false },
	{ "noatime", OPTION_ATIME, MOUNT_ATTR_NOATIME, false },
	{ "nodev", OPTION_SET, MOUNT_ATTR_NODEV, false },
	{ "nodiratime", OPTION_SET, MOUNT_ATTR_NODIRATIME, false },
	{ "noexec", OPTION_SET, MOUNT_ATTR_NOEXEC, false },
	{ "nofail", OPTION_TRAITS, MOUNT_TRAIT_NOFAIL, false },
	{ "noiversion", OPTION_TRAITS_OFF, MOUNT_TRAIT_IVERSION, false },
	{ "nolazytime", OPTION_SUPER, 0, false },
	{ "nomand", OPTION_SUPER, 0, false },
	{ "norelatime", OPTION_NOTHING, 0, false },
	{ "nostrictatime", OPTION_ATIME_UNDO, MOUNT_ATTR_STRICTATIME, false },
	{ "nosuid", OPTION_SET, MOUNT_ATTR_NOSUID, false },
	{ "nosymfollow", OPTION_SET, MOUNT_ATTR_NOSYMFOLLOW, false },
	{ "private", OPTION_PROPAGATION, MS_PRIVATE, false },
	{ "ratime", OPTION_ATIME_UNDO, MOUNT_ATTR_NOATIME, true },
	{ "rbind", OPTION_TRAITS, MOUNT_TRAIT_BIND | MOUNT_TRAIT_RECURSIVE, false },
	{ "rdev", OPTION_CLEAR, MOUNT_ATTR_NODEV, true },
	{ "rdiratime", OPTION_CLEAR, MOUNT_ATTR_NODIRATIME, true },
	{ "relatime", OPTION_ATIME, MOUNT_ATTR_RELATIME, false },
	{ "remount", OPTION_TRAITS, MOUNT_TRAIT_REMOUNT, false },
	{ "rexec", OPTION_CLEAR, MOUNT_ATTR_NOEXEC, true },
	{ "ridmap", OPTION_TRAITS, MOUNT_TRAIT_IDMAP | MOUNT_TRAIT_IDMAP_RECURSIVE, false },
	{ "rnoatime", OPTION_ATIME, MOUNT_ATTR_NOATIME, true },
	{ "rnodev", OPTION_SET, MOUNT_ATTR_NODEV, true },
	{ "rnodiratime", OPTION_SET, MOUNT_ATTR_NODIRATIME, true },
	{ "rnoexec", OPTION_SET, MOUNT_ATTR_NOEXEC, true },
	{ "rnorelatime", OPTION_NOTHING, 0, true },
	{ "rnostrictatime", OPTION_ATIME_UNDO, MOUNT_ATTR_STRICTATIME, true },
	{ "rnosuid", OPTION_SET, MOUNT_ATTR_NOSUID, true },
	{ "rnosymfollow", OPTION_SET, MOUNT_ATTR_NOSYMFOLLOW, true },
	{ "ro", OPTION_SET, MOUNT_ATTR_RDONLY, false },
	{ "rprivate", OPTION_PROPAGATION, MS_PRIVATE | MS_REC, false },
	{ "rrelatime", OPTION_ATIME, MOUNT_ATTR_RELATIME, true },
	{ "rro", OPTION_SET, MOUNT_ATTR_RDONLY, true },
	{ "rrw", OPTION_CLEAR, MOUNT_ATTR_RDONLY, true },
	{ "rshared", OPTION_PROPAGATION, MS_SHARED | MS_REC, false },
	{ "rslave", OPTION_PROPAGATION, MS_SLAVE | MS_REC, false },
	{ "rstrictatime", OPTION_ATIME, MOUNT_ATTR_STRICTATIME, true },
	{ "rsuid", OPTION_CLEAR, MOUNT_ATTR_NOSUID, true },
	{ "rsymfollow", OPTION_CLEAR, MOUNT_ATTR_NOSYMFOLLOW, true },
	{ "runbindable", OPTION_PROPAGATION, MS_UNBINDABLE | MS_REC, false },
	{ "rw", OPTION_CLEAR, MOUNT_ATTR_RDONLY, false },
	{ "shared", OPTION_PROPAGATION, MS_SHARED, false },
	{ "silent", OPTION_NOTHING, 0, false },
	{ "slave", OPTION_PROPAGATION, MS_SLAVE, false },
	{ "src-nofollow", OPTION_TRAITS, MOUNT_TRAIT_SRC_NOFOLLOW, false },
	{ "strictatime", OPTION_ATIME, MOUNT_ATTR_STRICTATIME, false },
	{ "suid", OPTION_CLEAR, MOUNT_ATTR_NOSUID, false },
	{ "symfollow", OPTION_CLEAR, MOUNT_ATTR_NOSYMFOLLOW, false },
	{ "sync", OPTION_SUPER, 0, false },
	{ "tmpcopyup", OPTION_TRAITS, MOUNT_TRAIT_COPY_UP, false },
	{ "unbindable", OPTION_PROPAGATION, MS_UNBINDABLE, false },
	{ "x-urun-file", OPTION_TRAITS, MOUNT_TRAIT_FILE, false },
	{ "x-urun-lines", OPTION_TRAITS, MOUNT_TRAIT_LINES, false },
};

static int option_compare(const void *name, const void *option)
{
	return strcmp(name, ((const struct option *)option)->name);
}

static void list_push(struct str_list *list, char *text, struct arena *arena)
{
	list->items = arena_grow(arena, list->items, list->count, sizeof(*list->items));
	list->items[list->count++] = text;
}

/*
 * The atime mode is a number in three bits: to change it, mount_setattr(2) wants all of them
 * cleared, with the new mode (relatime is 0) set.  So MOUNT_ATTR__ATIME in clear says that a mode
 * was asked for.
 */
static void atime_change(struct mount_change *change, uint64_t mode)
{
	change->clear |= MOUNT_ATTR__ATIME;
	change->set = (change->set & ~(uint64_t)MOUNT_ATTR__ATIME) | mode;
}

static void atime_undo(struct mount_change *change, uint64_t mode)
{
	if (!(change->clear & MOUNT_ATTR__ATIME) || (change->set & MOUNT_ATTR__ATIME) == mode)
		atime_change(change, MOUNT_ATTR_RELATIME);
}

static void propagation_push(struct mount_options *options, uint64_t propagation,
			     struct arena *arena)
{
	options->propagations.items =
		arena_grow(arena, options->propagations.items, options->propagations.count,
			   sizeof(*options->propagations.items));
	options->propagations.items[options->propagations.count++] = propagation;
}

static void option_apply(const struct option *option, struct arena *arena,
			 struct mount_options *options)
{
	struct mount_change *change = option->tree ? &options->tree : &options->top;

	switch (option->kind) {
	case OPTION_NOTHING: break;
	case OPTION_SET:
		change->set |= option->value;
		change->clear &= ~option->value;
		break;
	case OPTION_CLEAR:
		change->clear |= option->value;
		change->set &= ~option->value;
		break;
	case OPTION_ATIME: atime_change(change, option->value); break;
	case OPTION_ATIME_UNDO: atime_undo(change, option->value); break;
	case OPTION_PROPAGATION: propagation_push(options, option->value, arena); break;
	case OPTION_TRAITS: options->traits |= (unsigned int)option->value; break;
	case OPTION_TRAITS_OFF: options->traits &= ~(unsigned int)option->value; break;
	case OPTION_SUPER: list_push(&options->super, arena_str(arena, option->name), arena); break;
	}
}

/*
 * fsconfig(2) takes the value as it is, mount(8) and mount(2) want quotes around one that has
 * commas.
 */
static char *without_quotes(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (*from != '"')
			*to++ = *from;
	*to = '\0';
	return text;
}

static void option_parse(char *text, struct arena *arena, struct mount_options *options)
{
	const struct option *option = bsearch(text, options_table, ARRAY_SIZE(options_table),
					      sizeof(options_table[0]), option_compare);

	if (option)
		option_apply(option, arena, options);
	else if (str_starts_with(text, "idmap=")) {
		options->traits |= MOUNT_TRAIT_IDMAP;
		options->idmap = text + strlen("idmap=");
	} else if (*text)
		list_push(&options->data, without_quotes(text), arena);
}

/* The length of the first option in @text. */
static size_t option_length(const char *text)
{
	bool quoted = false;
	size_t length = 0;

	for (; text[length]; length++) {
		if (text[length] == '"')
			quoted = !quoted;
		else if (text[length] == '\\' && text[length + 1])
			length++;
		else if (text[length] == ',' && !quoted)
			break;
	}
	return length;
}

void mount_options_parse(const struct str_list *options, struct arena *arena,
			 struct mount_options *ret_options)
{
	struct mount_options parsed = { 0 };

	for (size_t i = 0; i < options->count; i++)
		for (const char *text = options->items[i]; *text;) {
			size_t length = option_length(text);

			option_parse(arena_str_n(arena, text, length), arena, &parsed);
			text += length + (text[length] == ',');
		}
	*ret_options = parsed;
}

void mount_option_names(struct arena *arena, struct str_list *ret_names)
{
	size_t count = ARRAY_SIZE(options_table);
	struct str_list names = { .items = arena_alloc(arena, count * sizeof(char *)) };

	/* The options of urun's own files are between its parent and its init. */
	for (size_t i = 0; i < count; i++)
		if (!str_starts_with(options_table[i].name, "x-urun-"))
			names.items[names.count++] = arena_str(arena, options_table[i].name);
	*ret_names = names;
}

const char *mount_attr_name(uint64_t attr)
{
	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++) {
		const struct option *option = &options_table[i];

		if (!option->tree && option->value == attr &&
		    (option->kind == OPTION_SET || (option->kind == OPTION_ATIME && attr)))
			return option->name;
	}
	return NULL;
}

static bool change_has(const struct mount_change *change, const struct option *option)
{
	switch (option->kind) {
	case OPTION_SET: return change->set & option->value;
	case OPTION_CLEAR: return change->clear & option->value;
	case OPTION_ATIME:
		return (change->clear & MOUNT_ATTR__ATIME) &&
		       (change->set & MOUNT_ATTR__ATIME) == option->value;
	default: return false;
	}
}

static bool propagation_given(const struct mount_options *options, uint64_t propagation)
{
	for (size_t i = 0; i < options->propagations.count; i++)
		if (options->propagations.items[i] == propagation)
			return true;
	return false;
}

static bool option_given(const struct mount_options *options, const struct option *option)
{
	if (option->kind == OPTION_TRAITS)
		return (options->traits & option->value) == option->value;
	if (option->kind == OPTION_PROPAGATION)
		return propagation_given(options, option->value);
	return change_has(option->tree ? &options->tree : &options->top, option);
}

void mount_options_print(const struct mount_options *options, struct strbuf *out)
{
	const char *between = "";

	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++)
		if (option_given(options, &options_table[i])) {
			strbuf_addf(out, "%s%s", between, options_table[i].name);
			between = ",";
		}
	for (size_t i = 0; i < options->super.count; i++, between = ",")
		strbuf_addf(out, "%s%s", between, options->super.items[i]);
	for (size_t i = 0; i < options->data.count; i++, between = ",")
		strbuf_addf(out, "%s%s", between, options->data.items[i]);
}
