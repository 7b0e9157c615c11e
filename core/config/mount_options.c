// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/config/mount_options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/base/number.h"
#include "core/base/str.h"

#define IDMAP "idmap="

enum mount_option_kind {
	OPTION_SET,	   /* the attribute is set */
	OPTION_CLEAR,	   /* the attribute is cleared */
	OPTION_ATIME,	   /* the atime mode becomes this one */
	OPTION_ATIME_UNDO, /* the atime mode becomes the kernel's default, if it was this one */
	OPTION_TRAITS,
	OPTION_TRAITS_OFF,
	OPTION_SUPER,
	OPTION_SUPER_OFF,
	OPTION_PROPAGATION,
	OPTION_NOTHING,
};

struct option {
	const char *word;
	enum mount_option_kind kind;
	uint64_t value;
	bool tree; /* of the whole tree of mounts */
};

/* In the order in which config.json is written. */
static const struct option options_table[] = {
	/*
	 * ORDER: where two words have traits in common, the word with more traits comes first: see
	 * mount_options_words().
	 */
	{ "rbind", OPTION_TRAITS, MOUNT_TRAIT_BIND | MOUNT_TRAIT_RECURSIVE, false },
	{ "bind", OPTION_TRAITS, MOUNT_TRAIT_BIND, false },

	{ "nosuid", OPTION_SET, MOUNT_ATTR_NOSUID, false },
	{ "suid", OPTION_CLEAR, MOUNT_ATTR_NOSUID, false },
	{ "noexec", OPTION_SET, MOUNT_ATTR_NOEXEC, false },
	{ "exec", OPTION_CLEAR, MOUNT_ATTR_NOEXEC, false },
	{ "nodev", OPTION_SET, MOUNT_ATTR_NODEV, false },
	{ "dev", OPTION_CLEAR, MOUNT_ATTR_NODEV, false },
	{ "nosymfollow", OPTION_SET, MOUNT_ATTR_NOSYMFOLLOW, false },
	{ "symfollow", OPTION_CLEAR, MOUNT_ATTR_NOSYMFOLLOW, false },
	{ "noatime", OPTION_ATIME, MOUNT_ATTR_NOATIME, false },
	{ "atime", OPTION_ATIME_UNDO, MOUNT_ATTR_NOATIME, false },
	{ "strictatime", OPTION_ATIME, MOUNT_ATTR_STRICTATIME, false },
	{ "nostrictatime", OPTION_ATIME_UNDO, MOUNT_ATTR_STRICTATIME, false },
	{ "relatime", OPTION_ATIME, MOUNT_ATTR_RELATIME, false },
	{ "nodiratime", OPTION_SET, MOUNT_ATTR_NODIRATIME, false },
	{ "diratime", OPTION_CLEAR, MOUNT_ATTR_NODIRATIME, false },
	{ "ro", OPTION_SET, MOUNT_ATTR_RDONLY, false },
	{ "rw", OPTION_CLEAR, MOUNT_ATTR_RDONLY, false },

	{ "rnosuid", OPTION_SET, MOUNT_ATTR_NOSUID, true },
	{ "rsuid", OPTION_CLEAR, MOUNT_ATTR_NOSUID, true },
	{ "rnoexec", OPTION_SET, MOUNT_ATTR_NOEXEC, true },
	{ "rexec", OPTION_CLEAR, MOUNT_ATTR_NOEXEC, true },
	{ "rnodev", OPTION_SET, MOUNT_ATTR_NODEV, true },
	{ "rdev", OPTION_CLEAR, MOUNT_ATTR_NODEV, true },
	{ "rnosymfollow", OPTION_SET, MOUNT_ATTR_NOSYMFOLLOW, true },
	{ "rsymfollow", OPTION_CLEAR, MOUNT_ATTR_NOSYMFOLLOW, true },
	{ "rnoatime", OPTION_ATIME, MOUNT_ATTR_NOATIME, true },
	{ "ratime", OPTION_ATIME_UNDO, MOUNT_ATTR_NOATIME, true },
	{ "rstrictatime", OPTION_ATIME, MOUNT_ATTR_STRICTATIME, true },
	{ "rnostrictatime", OPTION_ATIME_UNDO, MOUNT_ATTR_STRICTATIME, true },
	{ "rrelatime", OPTION_ATIME, MOUNT_ATTR_RELATIME, true },
	{ "rnodiratime", OPTION_SET, MOUNT_ATTR_NODIRATIME, true },
	{ "rdiratime", OPTION_CLEAR, MOUNT_ATTR_NODIRATIME, true },
	{ "rro", OPTION_SET, MOUNT_ATTR_RDONLY, true },
	{ "rrw", OPTION_CLEAR, MOUNT_ATTR_RDONLY, true },

	{ "remount", OPTION_TRAITS, MOUNT_TRAIT_REMOUNT, false },
	{ "tmpcopyup", OPTION_TRAITS, MOUNT_TRAIT_COPY_UP, false },
	{ "ridmap", OPTION_TRAITS, MOUNT_TRAIT_IDMAP | MOUNT_TRAIT_IDMAP_RECURSIVE, false },
	{ "idmap", OPTION_TRAITS, MOUNT_TRAIT_IDMAP, false },
	{ "copy-symlink", OPTION_TRAITS, MOUNT_TRAIT_COPY_SYMLINK, false },
	/* podman translates its word, and buildah passes it on. */
	{ "no-dereference", OPTION_TRAITS, MOUNT_TRAIT_COPY_SYMLINK, false },
	{ "src-nofollow", OPTION_TRAITS, MOUNT_TRAIT_SRC_NOFOLLOW, false },
	{ "dest-nofollow", OPTION_TRAITS, MOUNT_TRAIT_DEST_NOFOLLOW, false },
	{ "iversion", OPTION_TRAITS, MOUNT_TRAIT_IVERSION, false },
	{ "noiversion", OPTION_TRAITS_OFF, MOUNT_TRAIT_IVERSION, false },
	{ "nofail", OPTION_TRAITS, MOUNT_TRAIT_NOFAIL, false },
	{ "U", OPTION_TRAITS, MOUNT_TRAIT_CHOWN, false },
	{ "x-urun-file", OPTION_TRAITS, MOUNT_TRAIT_FILE, false },
	{ "x-urun-lines", OPTION_TRAITS, MOUNT_TRAIT_LINES, false },
	{ "x-urun-own", OPTION_TRAITS, MOUNT_TRAIT_OWN, false },
	{ "x-urun-quiet", OPTION_TRAITS, MOUNT_TRAIT_QUIET, false },

	{ "sync", OPTION_SUPER, MS_SYNCHRONOUS, false },
	{ "async", OPTION_SUPER_OFF, MS_SYNCHRONOUS, false },
	{ "dirsync", OPTION_SUPER, MS_DIRSYNC, false },
	{ "mand", OPTION_SUPER, MS_MANDLOCK, false },
	{ "nomand", OPTION_SUPER_OFF, MS_MANDLOCK, false },
	{ "lazytime", OPTION_SUPER, MS_LAZYTIME, false },
	{ "nolazytime", OPTION_SUPER_OFF, MS_LAZYTIME, false },

	{ "shared", OPTION_PROPAGATION, MOUNT_SHARED, false },
	{ "slave", OPTION_PROPAGATION, MOUNT_SLAVE, false },
	{ "private", OPTION_PROPAGATION, MOUNT_PRIVATE, false },
	{ "unbindable", OPTION_PROPAGATION, MOUNT_UNBINDABLE, false },
	{ "rshared", OPTION_PROPAGATION, MOUNT_RSHARED, false },
	{ "rslave", OPTION_PROPAGATION, MOUNT_RSLAVE, false },
	{ "rprivate", OPTION_PROPAGATION, MOUNT_RPRIVATE, false },
	{ "runbindable", OPTION_PROPAGATION, MOUNT_RUNBINDABLE, false },

	{ "defaults", OPTION_NOTHING, 0, false },
	{ "silent", OPTION_NOTHING, 0, false },
	{ "loud", OPTION_NOTHING, 0, false },
	{ "norelatime", OPTION_NOTHING, 0, false },
	{ "rnorelatime", OPTION_NOTHING, 0, true },
};

static const struct option *find_mount_option(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++)
		if (options_table[i].word[0] == word[0] && str_equal(options_table[i].word, word))
			return &options_table[i];
	return NULL;
}

/* ---- changes ---- */

void mount_change_set(struct mount_change *change, uint64_t bits)
{
	change->set |= bits;
	change->clear &= ~bits;
}

void mount_change_clear(struct mount_change *change, uint64_t bits)
{
	change->clear |= bits;
	change->set &= ~bits;
}

/*
 * The atime mode is a number in three bits: to change it, mount_setattr(2) wants all of them
 * cleared, with the new mode (relatime is 0) set.
 */
static void atime_change(struct mount_change *change, uint64_t mode)
{
	mount_change_clear(change, MOUNT_ATTR__ATIME);
	change->set |= mode;
}

static void atime_undo(struct mount_change *change, uint64_t mode)
{
	if (!(change->clear & MOUNT_ATTR__ATIME) || (change->set & MOUNT_ATTR__ATIME) == mode)
		atime_change(change, MOUNT_ATTR_RELATIME);
}

void mount_options_add_propagation(struct mount_options *options, struct arena *arena,
				   enum mount_propagation propagation)
{
	options->propagations.items =
		arena_grow(arena, options->propagations.items, options->propagations.count,
			   sizeof(*options->propagations.items));
	options->propagations.items[options->propagations.count++] = propagation;
}

void mount_options_add_datum(struct mount_options *options, struct arena *arena, const char *key,
			     const char *value)
{
	options->data.items = arena_grow(arena, options->data.items, options->data.count,
					 sizeof(*options->data.items));
	options->data.items[options->data.count++] = (struct mount_datum){
		.key = arena_str(arena, key),
		.value = value ? arena_str(arena, value) : NULL,
	};
}

/* ---- from words ---- */

/* "0-1000-1" or "@0-5-3" */
static bool id_range_parse(char *text, struct mount_id_range *ret_range)
{
	bool relative = *text == '@';
	char *rest = text + relative;
	uint32_t numbers[3];

	for (int i = 0; i < 3; i++) {
		char *number = strsep(&rest, "-");

		if (!number || number_parse_u32(number, UINT32_MAX, &numbers[i]) < 0)
			return false;
	}
	*ret_range = (struct mount_id_range){ numbers[0], numbers[1], numbers[2], relative };
	return !rest && numbers[2] > 0;
}

static bool id_ranges_parse(char *text, struct arena *arena, mount_id_ranges *ret_ranges)
{
	mount_id_ranges ranges = { 0 };

	for (char *rest = text, *part; (part = strsep(&rest, "#"));) {
		ranges.items = arena_grow(arena, ranges.items, ranges.count, sizeof(*ranges.items));
		if (!id_range_parse(part, &ranges.items[ranges.count++]))
			return false;
	}
	*ret_ranges = ranges;
	return true;
}

/* @text is the arena's, and kept. */
static struct mount_idmap *mount_idmap_parse(char *text, struct arena *arena)
{
	struct mount_idmap *idmap = arena_alloc(arena, sizeof(*idmap));

	idmap->text = text;
	for (char *rest = arena_str(arena, text), *part; (part = strsep(&rest, ";"));) {
		mount_id_ranges *ranges = str_starts_with(part, "uids=")   ? &idmap->uids
					  : str_starts_with(part, "gids=") ? &idmap->gids
									   : NULL;

		if (!ranges)
			idmap->problem =
				arena_strf(arena, "idmap: '%s' is neither uids= nor gids=", part);
		else if (!id_ranges_parse(part + strlen("uids="), arena, ranges))
			idmap->problem = arena_str(
				arena,
				"idmap: each range is three numbers, FILE-HOST-COUNT, with '-' between");
		if (idmap->problem)
			return idmap;
	}
	if (!idmap->uids.count || !idmap->gids.count)
		idmap->problem = arena_str(arena, "idmap: both uids= and gids= are needed");
	return idmap;
}

static void option_apply(const struct option *option, struct mount_options *options)
{
	struct mount_change *change = option->tree ? &options->tree : &options->top;

	switch (option->kind) {
	case OPTION_SET: mount_change_set(change, option->value); break;
	case OPTION_CLEAR: mount_change_clear(change, option->value); break;
	case OPTION_ATIME: atime_change(change, option->value); break;
	case OPTION_ATIME_UNDO: atime_undo(change, option->value); break;
	case OPTION_TRAITS: options->traits |= (unsigned int)option->value; break;
	case OPTION_TRAITS_OFF: options->traits &= ~(unsigned int)option->value; break;
	case OPTION_SUPER: mount_change_set(&options->super, option->value); break;
	case OPTION_SUPER_OFF: mount_change_clear(&options->super, option->value); break;
	case OPTION_PROPAGATION:
		options->propagations.items[options->propagations.count++] =
			(enum mount_propagation)option->value;
		break;
	case OPTION_NOTHING: break;
	}
}

/*
 * fsconfig(2) takes the value as it is, mount(8) and mount(2) want quotes around one that has
 * commas.
 */
static void remove_quotes(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (*from != '"')
			*to++ = *from;
	*to = '\0';
}

/* @text is the arena's.  The lists have room for one more. */
static void option_parse(char *text, uint32_t place, struct arena *arena,
			 struct mount_options *options)
{
	const struct option *option = find_mount_option(text);

	if (option) {
		option_apply(option, options);
	} else if (str_starts_with(text, IDMAP)) {
		options->traits |= MOUNT_TRAIT_IDMAP;
		options->idmap = mount_idmap_parse(text + strlen(IDMAP), arena);
	} else if (*text) {
		char *value;

		remove_quotes(text);
		value = strchr(text, '=');
		if (value)
			*value++ = '\0';
		options->data.items[options->data.count++] =
			(struct mount_datum){ text, value, place };
	}
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

/* Makes the lists' room for all options that @words can have. */
static void make_room(const struct str_list *words, struct arena *arena,
		      struct mount_options *options)
{
	size_t most = 0, old_data = options->data.count, old_words = options->propagations.count;
	struct mount_datum *data;
	enum mount_propagation *propagations;

	for (size_t i = 0; i < words->count; i++) {
		most++;
		for (const char *at = words->items[i]; (at = strchr(at, ',')); at++)
			most++;
	}
	if (most == 0)
		return;
	data = arena_alloc(arena, (old_data + most) * sizeof(*data));
	propagations = arena_alloc(arena, (old_words + most) * sizeof(*propagations));
	if (old_data)
		memcpy(data, options->data.items, old_data * sizeof(*data));
	if (old_words)
		memcpy(propagations, options->propagations.items,
		       old_words * sizeof(*propagations));
	options->data.items = data;
	options->propagations.items = propagations;
}

static void parse_into(const struct str_list *words, struct arena *arena,
		       struct mount_options *options)
{
	make_room(words, arena, options);
	for (size_t i = 0; i < words->count; i++)
		for (const char *text = words->items[i]; *text;) {
			size_t length = option_length(text);

			option_parse(arena_str_n(arena, text, length), (uint32_t)i, arena, options);
			text += length + (text[length] == ',');
		}
}

void mount_options_parse(const struct str_list *words, struct arena *arena,
			 struct mount_options *ret_options)
{
	*ret_options = (struct mount_options){ 0 };
	parse_into(words, arena, ret_options);
}

void mount_options_add(struct mount_options *options, struct arena *arena, const char *words)
{
	char *text = (char *)(uintptr_t)words; /* isn't changed */

	parse_into(&(struct str_list){ &text, 1 }, arena, options);
}

/* ---- to words ---- */

static void add_word(struct str_list *words, struct arena *arena, const char *word)
{
	words->items = arena_grow(arena, words->items, words->count, sizeof(*words->items));
	words->items[words->count++] = (char *)(uintptr_t)word;
}

static bool change_has(const struct mount_change *change, const struct option *option)
{
	switch (option->kind) {
	case OPTION_SET:
	case OPTION_SUPER: return change->set & option->value;
	case OPTION_CLEAR:
	case OPTION_SUPER_OFF: return change->clear & option->value;
	case OPTION_ATIME:
		return (change->clear & MOUNT_ATTR__ATIME) &&
		       (change->set & MOUNT_ATTR__ATIME) == option->value;
	default: return false;
	}
}

static bool is_super(const struct option *option)
{
	return option->kind == OPTION_SUPER || option->kind == OPTION_SUPER_OFF;
}

static bool option_given(const struct mount_options *options, const struct option *option)
{
	if (option->kind == OPTION_TRAITS)
		return (options->traits & option->value) == option->value;
	if (is_super(option))
		return change_has(&options->super, option);
	return change_has(option->tree ? &options->tree : &options->top, option);
}

void mount_datum_print(const struct mount_datum *datum, struct strbuf *out)
{
	strbuf_add_str(out, datum->key);
	if (datum->value)
		strbuf_addf(out, "=%s", datum->value);
}

/* Between quotes where the parser would make something else of it. */
static char *datum_word(const struct mount_datum *datum, struct arena *arena)
{
	const char *equal = datum->value ? "=" : "", *value = datum->value ? datum->value : "";
	char *text = arena_strf(arena, "%s%s%s", datum->key, equal, value);

	if (*text && !text[option_length(text)] && !find_mount_option(text) &&
	    !str_starts_with(text, IDMAP))
		return text;
	return arena_strf(arena, "\"%s\"", text);
}

void mount_options_words(const struct mount_options *options, struct arena *arena,
			 struct str_list *ret_words)
{
	struct mount_options left = *options;

	*ret_words = (struct str_list){ 0 };
	/* "idmap=…" says the same as the word without a value. */
	if (options->idmap && !(left.traits & MOUNT_TRAIT_IDMAP_RECURSIVE))
		left.traits &= ~(unsigned int)MOUNT_TRAIT_IDMAP;
	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++) {
		const struct option *option = &options_table[i];

		if (!option_given(&left, option))
			continue;
		if (option->kind == OPTION_TRAITS)
			left.traits &= ~(unsigned int)option->value;
		add_word(ret_words, arena, option->word);
	}
	if (options->idmap)
		add_word(ret_words, arena, arena_strf(arena, IDMAP "%s", options->idmap->text));
	for (size_t i = 0; i < options->propagations.count; i++)
		add_word(ret_words, arena, mount_propagation_word(options->propagations.items[i]));
	for (size_t i = 0; i < options->data.count; i++)
		add_word(ret_words, arena, datum_word(&options->data.items[i], arena));
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_words(struct str_list *words)
{
	if (words->count)
		qsort(words->items, words->count, sizeof(*words->items), compare_words);
}

void mount_option_names(struct arena *arena, struct str_list *ret_names)
{
	struct str_list names = { 0 };

	/* Words of x-urun- are left out: urun gives nearly all of them to its own files alone. */
	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++)
		if (!str_starts_with(options_table[i].word, "x-urun-"))
			add_word(&names, arena, options_table[i].word);
	sort_words(&names);
	*ret_names = names;
}

void mount_options_print(const struct mount_options *options, struct strbuf *out)
{
	struct arena arena = { 0 };
	struct str_list words = { 0 };
	const char *between = "", *super;

	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++)
		if (!is_super(&options_table[i]) && option_given(options, &options_table[i]))
			add_word(&words, &arena, options_table[i].word);
	for (size_t i = 0; i < options->propagations.count; i++)
		add_word(&words, &arena, mount_propagation_word(options->propagations.items[i]));
	sort_words(&words);
	for (size_t i = 0; i < words.count; i++, between = ",")
		strbuf_addf(out, "%s%s", between, words.items[i]);
	for (size_t i = 0; (super = mount_super_word(&options->super, i)); i++, between = ",")
		strbuf_addf(out, "%s%s", between, super);
	for (size_t i = 0; i < options->data.count; i++, between = ",") {
		strbuf_add_str(out, between);
		mount_datum_print(&options->data.items[i], out);
	}
	arena_release(&arena);
}

/* ---- single options ---- */

const struct mount_datum *mount_options_find(const struct mount_options *options, const char *key)
{
	for (size_t i = 0; i < options->data.count; i++)
		if (str_equal(options->data.items[i].key, key))
			return &options->data.items[i];
	return NULL;
}

uint64_t mount_options_attrs(const struct mount_options *options)
{
	return (options->top.set & ~options->tree.clear) | options->tree.set;
}

bool mount_datum_id(const struct mount_datum *datum, bool *ret_is_group, uint32_t *ret_id)
{
	*ret_is_group = str_equal(datum->key, "gid");
	return (*ret_is_group || str_equal(datum->key, "uid")) && datum->value &&
	       number_parse_u32(datum->value, UINT32_MAX, ret_id) == 0;
}

static bool key_is_in(const struct mount_datum *datum, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(datum->key, words[i]))
			return true;
	return false;
}

bool mount_datum_is_of_engine(const struct mount_datum *datum)
{
	static const char *const words[] = {
		"Z", "cached", "consistent", "copy", "delegated", "nocopy", "z",
	};

	return !datum->value && key_is_in(datum, words, ARRAY_SIZE(words));
}

bool mount_datum_is_known(const struct mount_datum *datum)
{
	/* of mount(8) and of file systems */
	static const char *const words[] = {
		"_netdev", "acl",     "auto",	     "discard",	 "group",    "grpquota",
		"inode32", "inode64", "newinstance", "noacl",	 "noauto",   "nodiscard",
		"noquota", "noswap",  "nouser",	     "noxattr",	 "owner",    "quota",
		"user",	   "users",   "userxattr",   "usrquota", "volatile", "xattr",
	};

	return datum->value || str_starts_with(datum->key, "x-") ||
	       str_starts_with(datum->key, "X-") || mount_datum_is_of_engine(datum) ||
	       key_is_in(datum, words, ARRAY_SIZE(words));
}

const char *mount_super_word(const struct mount_change *super, size_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++)
		if (is_super(&options_table[i]) && change_has(super, &options_table[i]) &&
		    index-- == 0)
			return options_table[i].word;
	return NULL;
}

const char *mount_attr_word(uint64_t attr)
{
	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++) {
		const struct option *option = &options_table[i];

		if (!option->tree && option->value == attr &&
		    (option->kind == OPTION_SET || (option->kind == OPTION_ATIME && attr)))
			return option->word;
	}
	return NULL;
}

/* ---- propagation ---- */

const char *mount_propagation_word(enum mount_propagation propagation)
{
	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++)
		if (options_table[i].kind == OPTION_PROPAGATION &&
		    options_table[i].value == propagation)
			return options_table[i].word;
	return NULL;
}

unsigned long mount_propagation_flag(enum mount_propagation propagation)
{
	static const unsigned long flags[MOUNT_PROPAGATION_COUNT] = {
		[MOUNT_SHARED] = MS_SHARED,	    [MOUNT_RSHARED] = MS_SHARED,
		[MOUNT_SLAVE] = MS_SLAVE,	    [MOUNT_RSLAVE] = MS_SLAVE,
		[MOUNT_PRIVATE] = MS_PRIVATE,	    [MOUNT_RPRIVATE] = MS_PRIVATE,
		[MOUNT_UNBINDABLE] = MS_UNBINDABLE, [MOUNT_RUNBINDABLE] = MS_UNBINDABLE,
	};

	return flags[propagation];
}

bool mount_propagation_is_recursive(enum mount_propagation propagation)
{
	return propagation >= MOUNT_RSHARED;
}

/* ---- config.json ---- */

static int read_options(const struct str_list *words, struct arena *arena, void *member)
{
	mount_options_parse(words, arena, member);
	return 0;
}

static void write_options(const void *member, struct arena *arena, struct str_list *ret_words)
{
	mount_options_words(member, arena, ret_words);
}

const struct json_words mount_options_as_words = { read_options, write_options };

static int read_propagation(const struct str_list *words, struct arena *arena, void *member)
{
	const struct option *option = find_mount_option(words->items[0]);

	(void)arena;
	if (!option || option->kind != OPTION_PROPAGATION)
		return -1;
	*(enum mount_propagation *)member = (enum mount_propagation)option->value;
	return 0;
}

static void write_propagation(const void *member, struct arena *arena, struct str_list *ret_words)
{
	const char *word = mount_propagation_word(*(const enum mount_propagation *)member);

	if (word)
		add_word(ret_words, arena, word);
}

const struct json_words mount_propagation_as_word = {
	read_propagation,
	write_propagation,
};
