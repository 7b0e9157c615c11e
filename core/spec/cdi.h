/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_CDI_H
#define URUN_SPEC_CDI_H

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/config/config.h"

/*
 * Files of the Container Device Interface: a vendor's description of devices, and of what a
 * container needs to use each.  A device is named VENDOR/CLASS=NAME.
 * Runs in: parent.
 * Source: the CDI specification 1.0.0, SPEC.md, and for what it leaves open (several directories,
 * files that can't be read) the library of the same project.
 */

/* A node of the host's. */
struct cdi_node {
	char *path;	 /* in the container */
	char *host_path; /* NULL: the same */
	int type;	 /* enum config_device_type; -1: not given */
	struct opt_i64 major, minor;
	char *permissions; /* of "rwm", or "none"; NULL: all */
};

struct cdi_mount {
	char *host_path;
	char *container_path;
	char *type;
	struct mount_options options;
};

struct cdi_hook {
	int kind; /* enum config_hook_kind */
	struct config_hook hook;
};

/* What changes in the config of a container that has the device. */
struct cdi_edits {
	struct str_list env; /* NAME=VALUE */
	LIST_OF(struct cdi_node) nodes;
	LIST_OF(struct cdi_mount) mounts;
	LIST_OF(struct cdi_hook) hooks;
	LIST_OF(uint32_t) additional_gids;
	struct config_intel_rdt *intel_rdt;
};

struct cdi_device {
	char *name;
	struct cdi_edits *edits;
};

struct cdi_file {
	char *version;
	char *kind;		 /* VENDOR/CLASS */
	struct cdi_edits *edits; /* of each container that has one of the devices; or NULL */
	LIST_OF(struct cdi_device) devices;
	/* not in the document */
	char *path;
	size_t directory; /* index: a later directory comes before an earlier one */
};

/* All files that were found, in the order of their directories; all memory is the arena's. */
struct cdi_files {
	const struct str_list *directories; /* the caller's */
	struct arena *arena;
	LIST_OF(struct cdi_file) files;
	struct str_list problems; /* "FILE: why it can't be used" */
};

/* A larger file is no description of devices. */
#define CDI_FILE_SIZE_MAX ((size_t)4 << 20)
/* What one host has, with room. */
#define CDI_FILES_MAX 1000

enum cdi_format { CDI_JSON, CDI_YAML };

/*
 * Reads and checks the bytes of one file.  The result is @arena's.  A failure is an error without
 * the file's name.
 */
int cdi_parse(const char *bytes, size_t size, enum cdi_format format, struct arena *arena,
	      struct cdi_file *ret_file, struct error *err);

/*
 * Reads the files *.json and *.yaml of the directories.  A directory that doesn't exist is none; a
 * directory or a file that can't be used is one of the problems.
 */
void cdi_read(const struct str_list *directories, struct arena *arena, struct cdi_files *ret_files);

/* Has the text of --device the form of a device's name, and not of a path? */
bool cdi_is_name(const char *text);

/* One device of one file. */
struct cdi_choice {
	const struct cdi_file *file;
	const struct cdi_device *device;
};
typedef LIST_OF(struct cdi_choice) cdi_choices;

/*
 * Appends the devices that @text names to @choices: VENDOR/CLASS=NAME, or VENDOR/CLASS=all for each
 * device of the kind, unless one has the name "all".  A device that was chosen already isn't chosen
 * again.  Where two directories have the same device, the later directory's counts; where two files
 * of one directory have it, it is ambiguous.
 */
int cdi_choose(struct cdi_files *files, const char *text, cdi_choices *choices, struct error *err);

#endif
