/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_MOUNT_OPTIONS_H
#define URUN_CONFIG_MOUNT_OPTIONS_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/json.h"
#include "core/base/str.h"

/* What an option asks of us, where it isn't an attribute of the mount. */
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
	MOUNT_TRAIT_NOFAIL = 1 << 10, /* where it fails, it is warned of and left out (fstab(5)) */
	MOUNT_TRAIT_CHOWN = 1 << 11,  /* U: what is mounted is given to the program's user */
	/* x-urun-file, x-urun-lines: the source is written into the container's file, and mounted where
	   that can't be */
	MOUNT_TRAIT_FILE = 1 << 13,
	MOUNT_TRAIT_LINES = 1 << 14,
};

/*
 * MOUNT_ATTR_… bits for mount_setattr(2); a bit is in one of them at most.  But the atime mode is a
 * number in three bits: all of MOUNT_ATTR__ATIME in clear says that the one in set is asked for.
 */
struct mount_change {
	uint64_t set;
	uint64_t clear;
};

/*
 * A mount's options, each in its place.  What isn't asked for is in none: the mount keeps what it
 * has.
 */
struct mount_options {
	unsigned int traits;		/* enum mount_trait */
	struct mount_change top;	/* of the mount itself */
	struct mount_change tree;	/* the r… options: of it and of all mounts below */
	LIST_OF(uint64_t) propagations; /* MS_SHARED …, or with MS_REC; in their order */
	struct str_list
		super; /* the superblock's flags, by fsconfig(2)'s names: "sync", "lazytime" … */
	struct str_list data; /* the file system's own: "key=value" or "key" */
	char *idmap;	      /* the text behind "idmap="; NULL: none */
};

/*
 * Sorts the options of config.json's mounts[].options by one table.  Later options win over earlier
 * ones.  An option that the table doesn't know is data; several options in one string are taken
 * apart at the commas outside of double quotes (SELinux contexts) and not behind a backslash
 * (overlay paths).
 * "silent" and "loud" are known and ask for nothing: they are about the kernel's log, and fsopen(2)
 * has no way to say them. So does "norelatime", as relatime is what the kernel does when asked for
 * nothing.
 * Its memory is @arena's.  Nothing can fail: what isn't known is left to the kernel to refuse.
 * Source: OCI runtime-spec 1.3, config.md "Linux mount options"; mount_setattr(2).
 */
void mount_options_parse(const struct str_list *options, struct arena *arena,
			 struct mount_options *ret_options);

/* The mount attributes that "mount -o" would show, as MOUNT_ATTR_… → "ro,nosuid"; for --debug. */
void mount_options_print(const struct mount_options *options, struct strbuf *out);

/* All options that the table knows, by name, in @arena. */
void mount_option_names(struct arena *arena, struct str_list *ret_names);

/* The word for a MOUNT_ATTR_… bit that is set ("nosuid"), or NULL. */
const char *mount_attr_name(uint64_t attr);

#endif
