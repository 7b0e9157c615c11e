/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_CHANGE_H
#define URUN_CONFIG_CHANGE_H

#include "core/config/config.h"

/*
 * Changes to a config, for the code that fits a config to the host or makes one from options.  All
 * texts are copied into the config's arena.
 */

/*
 * An annotation of crun's: the container keeps the caller's supplementary groups, for files that
 * only members of these may open.
 */
#define CONFIG_ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups"

/* urun's own annotations. */
#define CONFIG_ANNOTATION_NETWORK "org.urun.network" /* see netns/options.h */
#define CONFIG_ANNOTATION_OVERLAY "org.urun.overlay" /* a directory, or: */
#define CONFIG_OVERLAY_IN_MEMORY  "tmpfs"
/*
 * Paths of the root file system, one on each line, that are empty in the container; needs an
 * overlay. A backslash and three octal digits are a byte (mountinfo_unescape()).
 */
#define CONFIG_ANNOTATION_HIDDEN "org.urun.hidden"

/*
 * Lines of passwd(5) and group(5) that are added to the container's files where they aren't there.
 */
#define CONFIG_ANNOTATION_PASSWD "org.urun.passwd"
#define CONFIG_ANNOTATION_GROUP	 "org.urun.group"

/* Appends a copy of @text. */
void config_list_add(struct arena *arena, struct str_list *list, const char *text);

/*
 * Appends a mount without options.  The result belongs to the config, and is valid until its mounts
 * are changed again.  The caller sets the options, and then calls config_mount_set_kind() where the
 * options may change the kind of the mount.
 */
struct config_mount *config_add_mount(struct container_config *config, const char *destination,
				      const char *type, const char *source);

/* Adds a new namespace, of a type that the config doesn't have. */
void config_add_namespace(struct container_config *config, enum config_namespace_type type);
/* Removes @ns, which is in the config. */
void config_remove_namespace(struct container_config *config, struct config_namespace *ns);

/* Sets NAME=value in process.env, and replaces the present value. */
void config_set_env(struct container_config *config, const char *name, const char *value);

/* Sets an annotation, and replaces the present value. */
void config_set_annotation(struct container_config *config, const char *name, const char *value);

#endif
