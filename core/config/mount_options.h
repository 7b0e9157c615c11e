/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_MOUNT_OPTIONS_H
#define URUN_CONFIG_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>

#include "core/base/arena.h"
#include "core/base/json.h"
#include "core/base/str.h"

/*
 * The options of a mount, as types.  The words of mounts[].options are read here and nowhere else:
 * while a config.json or an option of the command line is read.  Whoever changes a mount sets
 * members; words are made again where a config.json is written.
 * Source: OCI runtime-spec 1.3, config.md "Linux mount options"; mount_setattr(2).
 */

/*
 * How mounts and unmounts spread from a mount to its copies and back; with an R, in the mounts
 * below it too.  Source: mount_namespaces(7).
 */
enum mount_propagation {
	MOUNT_PROPAGATION_NONE, /* not given */
	MOUNT_SHARED,
	MOUNT_SLAVE,
	MOUNT_PRIVATE,
	MOUNT_UNBINDABLE,
	MOUNT_RSHARED,
	MOUNT_RSLAVE,
	MOUNT_RPRIVATE,
	MOUNT_RUNBINDABLE,
	MOUNT_PROPAGATION_COUNT,
};

/* What an option asks for, where that isn't an attribute of the mount. */
enum mount_trait {
	MOUNT_TRAIT_BIND = 1 << 0,
	MOUNT_TRAIT_RECURSIVE = 1 << 1, /* a bind takes along what is mounted below its source */
	MOUNT_TRAIT_REMOUNT = 1 << 2,
	MOUNT_TRAIT_COPY_UP = 1 << 3,	      /* tmpcopyup */
	MOUNT_TRAIT_IDMAP = 1 << 4,	      /* idmap, ridmap, idmap=… */
	MOUNT_TRAIT_IDMAP_RECURSIVE = 1 << 5, /* ridmap */
	MOUNT_TRAIT_COPY_SYMLINK = 1 << 6,    /* a link as source: make the same link */
	MOUNT_TRAIT_SRC_NOFOLLOW = 1 << 7,
	MOUNT_TRAIT_DEST_NOFOLLOW = 1 << 8,
	MOUNT_TRAIT_IVERSION = 1 << 9,
	MOUNT_TRAIT_NOFAIL =
		1 << 10, /* a failure is a warning, and the mount is left out: fstab(5) */
	MOUNT_TRAIT_CHOWN = 1 << 11, /* U: the source's files are given to the program's user */
	/* x-urun-file, x-urun-lines: the source is written into the container's file, and mounted where
	   that can't be */
	MOUNT_TRAIT_FILE = 1 << 12,
	MOUNT_TRAIT_LINES = 1 << 13,
	/* x-urun-own: the container's own directory is mounted on itself.  It stays writable where the
	   root file system is read-only; an image's volumes are such mounts. */
	MOUNT_TRAIT_OWN = 1 << 14,
	/* x-urun-quiet: beside nofail, a failure is no matter of the user's, and no warning */
	MOUNT_TRAIT_QUIET = 1 << 15,
};
/* To be raised with each new trait: mount_order_unpack() refuses other bits. */
#define MOUNT_TRAITS_ALL ((1u << 16) - 1)

/* The attributes of mount_setattr(2) and the flags of a superblock (mount(2)) that options name. */
#define MOUNT_ATTRS_ALL                                                                 \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | \
	 MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW)
#define MOUNT_SUPER_ALL (MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_LAZYTIME)

/*
 * Bits to set and to clear, no bit in both.  But the atime mode of MOUNT_ATTR_… is a number in
 * three bits: all of MOUNT_ATTR__ATIME in clear says that the mode in set is asked for.
 */
struct mount_change {
	uint64_t set;
	uint64_t clear;
};

/* An option that is the file system's own: "mode=755" or "userxattr". */
struct mount_datum {
	const char *key;
	const char *value; /* NULL: the option has none */
	uint32_t place;	   /* the index in mounts[].options, for errors */
};

/* A range of "idmap=…". */
struct mount_id_range {
	uint32_t inner; /* the ids on the file system */
	uint32_t outer; /* the ids of the host that they become */
	uint32_t count;
	bool relative; /* '@': @outer is the container's */
};
typedef LIST_OF(struct mount_id_range) mount_id_ranges;

/* "idmap=uids=…;gids=…" */
struct mount_idmap {
	char *text; /* the text behind "idmap=" */
	mount_id_ranges uids;
	mount_id_ranges gids;
	char *problem; /* NULL: none; else the mount plan refuses the option with this text */
};

/*
 * The options of one mount, all zero where there are none.  An attribute that no option names is
 * neither set nor cleared: the mount keeps it as it is.  The lists are the memory of the arena that
 * was given.
 */
struct mount_options {
	unsigned int traits;	   /* enum mount_trait */
	struct mount_change top;   /* MOUNT_ATTR_… of the mount itself */
	struct mount_change tree;  /* the r… options: of the mount and of all mounts below */
	struct mount_change super; /* MS_… of the superblock: "sync", "nolazytime" … */
	LIST_OF(enum mount_propagation) propagations; /* in their order: slave, then shared */
	LIST_OF(struct mount_datum) data;
	struct mount_idmap *idmap; /* NULL: none */
};

/*
 * Takes the options of config.json's mounts[].options apart.  Later options win over earlier ones.
 * An option that the table doesn't know is data; several options in one string are divided at the
 * commas outside of double quotes (SELinux contexts) and not behind a backslash (overlay paths).
 * "silent" and "loud" are known and ask for nothing: they are about the kernel's log, and fsopen(2)
 * has no way to say them. So does "norelatime", as relatime is what the kernel does when asked for
 * nothing. This can't fail: the mount plan refuses options that the mount can't have, and the
 * kernel those that the file system can't have.
 */
void mount_options_parse(const struct str_list *words, struct arena *arena,
			 struct mount_options *ret_options);

/* Takes further options, divided by commas, which win over those in @options. */
void mount_options_add(struct mount_options *options, struct arena *arena, const char *words);

/* The inverse of mount_options_parse(): the words are parsed to equal options. */
void mount_options_words(const struct mount_options *options, struct arena *arena,
			 struct str_list *ret_words);

/*
 * For the shapes of config.json: struct mount_options as JSON_WORDS, enum mount_propagation as
 * JSON_WORD.
 */
extern const struct json_words mount_options_as_words;
extern const struct json_words mount_propagation_as_word;

/* Set or clear the bits, whatever earlier options did with them.  Not for the atime mode. */
void mount_change_set(struct mount_change *change, uint64_t bits);
void mount_change_clear(struct mount_change *change, uint64_t bits);

void mount_options_add_propagation(struct mount_options *options, struct arena *arena,
				   enum mount_propagation propagation);
void mount_options_add_datum(struct mount_options *options, struct arena *arena, const char *key,
			     const char *value);

/* The option of the file system's own with this key, or NULL. */
const struct mount_datum *mount_options_find(const struct mount_options *options, const char *key);

/* The attributes of a new mount that has these options. */
uint64_t mount_options_attrs(const struct mount_options *options);

/* "uid=1000", "gid=5": false for other options, and where the value is no id. */
bool mount_datum_id(const struct mount_datum *datum, bool *ret_is_group, uint32_t *ret_id);

/*
 * Is it a word of an engine's volumes, such as "z"?  An engine that leaves it in a config has done
 * what it asks for (buildah), or needs nothing from the runtime.
 */
bool mount_datum_is_of_engine(const struct mount_datum *datum);

/*
 * Is it an option that mount(8), a file system or an engine's volumes have?  Any other word on a
 * bind mount is a mistake.
 */
bool mount_datum_is_known(const struct mount_datum *datum);

/* "mode=755" */
void mount_datum_print(const struct mount_datum *datum, struct strbuf *out);

/* "rslave"; NULL for MOUNT_PROPAGATION_NONE. */
const char *mount_propagation_word(enum mount_propagation propagation);

/* MS_SHARED …, without MS_REC; 0 for MOUNT_PROPAGATION_NONE. */
unsigned long mount_propagation_flag(enum mount_propagation propagation);
bool mount_propagation_is_recursive(enum mount_propagation propagation);

/*
 * The @index-th of the superblock's options, as fsconfig(2) names it ("sync", "async"); NULL: no
 * more.
 */
const char *mount_super_word(const struct mount_change *super, size_t index);

/* The word for a MOUNT_ATTR_… bit that is set ("nosuid"), or NULL. */
const char *mount_attr_word(uint64_t attr);

/* All options that the table knows, sorted, in @arena. */
void mount_option_names(struct arena *arena, struct str_list *ret_names);

/* Appends the options, sorted: "nosuid,ro,mode=755".  For --debug and `check --explain`. */
void mount_options_print(const struct mount_options *options, struct strbuf *out);

#endif
