/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_CHANGE_H
#define URUN_CONFIG_CHANGE_H

#include "core/config/config.h"

/*
 * Changes to a config, by whoever fits it to a host or writes it by options.  All texts are copied
 * into the config's arena.
 */

/* An annotation of crun's: leave the caller's supplementary groups to the container, for files that only they may open. */
#define CONFIG_ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups"

/* urun's own annotations. */
#define CONFIG_ANNOTATION_NETWORK "org.urun.network" /* see netns/options.h */
#define CONFIG_ANNOTATION_OVERLAY "org.urun.overlay" /* a folder, or: */
#define CONFIG_OVERLAY_IN_MEMORY  "tmpfs"
/*
 * Paths of the root file system, one a line, that the container finds empty; for an overlay.  A
 * backslash and three octal digits are a byte (mountinfo_unescape()).
 */
#define CONFIG_ANNOTATION_HIDDEN "org.urun.hidden"

/* Lines of passwd(5) and group(5) that the container's files get where they lack them. */
#define CONFIG_ANNOTATION_PASSWD "org.urun.passwd"
#define CONFIG_ANNOTATION_GROUP	 "org.urun.group"

void config_list_add(struct arena *arena, struct str_list *list, const char *text);

/*
 * Adds a mount without options behind all others.  What is returned is the config's, up to the next
 * change of its mounts; the caller sets the options, and then calls config_mount_set_kind() where these
 * may make another kind of the mount.
 */
struct config_mount *config_add_mount(struct container_config *config, const char *destination,
				      const char *type, const char *source);

/* A new namespace of a type that the config hasn't. */
void config_add_namespace(struct container_config *config, enum config_namespace_type type);
/* @ns is one of the config's. */
void config_remove_namespace(struct container_config *config, struct config_namespace *ns);

/* Sets NAME=value in process.env, in place of what is there. */
void config_set_env(struct container_config *config, const char *name, const char *value);

/* Likewise of an annotation. */
void config_set_annotation(struct container_config *config, const char *name, const char *value);

#endif
