/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_CHANGE_H
#define URUN_CONFIG_CHANGE_H

#include "core/config/config.h"

/*
 * Changes to a config, for the code that fits a config to the host or makes one from options.  All
 * texts are copied into the config's arena.
 */

/*
 * Annotations of crun's (core/parent/annotation.c has all).
 * The container keeps the caller's supplementary groups, for files that only members of these may
 * open.  See config_keeps_groups().
 */
#define CONFIG_ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups"
/* The socket that receives the pidfd of the container's first process, as --pidfd-socket. */
#define CONFIG_ANNOTATION_PIDFD_RECEIVER "run.oci.pidfd_receiver"
/* linux.seccomp.listenerPath, where the config has none. */
#define CONFIG_ANNOTATION_SECCOMP_RECEIVER "run.oci.seccomp.receiver"

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

/*
 * "true": urun's own process 1 starts the program, reaps every process, and passes signals on
 * (core/init/pid1.h).  Set for containers by options; a bundle may set it too.
 */
#define CONFIG_ANNOTATION_INIT "org.urun.init"

/*
 * The signal that `stop` sends, a name or a number as signal_parse() takes it.
 * Source: OCI image-spec, conversion.md "Annotation Fields".
 */
#define CONFIG_ANNOTATION_STOP_SIGNAL "org.opencontainers.image.stopSignal"
/* Seconds that `stop` waits before it sends SIGKILL; not set: 10. */
#define CONFIG_ANNOTATION_STOP_TIMEOUT "org.urun.stop-timeout"
/* Seconds after which the container is killed; "0" or not set: never. */
#define CONFIG_ANNOTATION_TIMEOUT "org.urun.timeout"

/* "true": the container is removed when its program has ended (--rm). */
#define CONFIG_ANNOTATION_REMOVE "org.urun.remove"

/* How the output of a detached container is kept: "none", or "max-size=SIZE" (podman-run(1)). */
#define CONFIG_ANNOTATION_LOG "org.urun.log"

/* Ports to publish, one on each line, as --publish takes them. */
#define CONFIG_ANNOTATION_PUBLISH "org.urun.publish"

/*
 * "container:ID": the namespace of this kind is that of a running container.  The network's is
 * written as CONFIG_ANNOTATION_NETWORK.
 */
#define CONFIG_ANNOTATION_PID "org.urun.pid"
#define CONFIG_ANNOTATION_IPC "org.urun.ipc"
#define CONFIG_ANNOTATION_UTS "org.urun.uts"

/* A key: containers of the same key share their user, pid and ipc namespaces (--share). */
#define CONFIG_ANNOTATION_SHARE "org.urun.share"
/* "true": the config of a holder, urun's own, which has an empty root (core/container/holder.h). */
#define CONFIG_ANNOTATION_HOLDER "org.urun.holder"

/*
 * The user of the program as the caller wrote it (USER[:GROUP], names or numbers).  Init looks it up
 * in the container's own passwd and group, when everything is mounted, and process.user is replaced.
 * The ids in process.user are what the root file system said when the config was made, or those of
 * nobody, so that a runtime that doesn't know the annotation never runs the program as root.
 */
#define CONFIG_ANNOTATION_USER "org.urun.user"
#define CONFIG_ID_NOBODY       65534u

/*
 * Names of supplementary groups, one on each line, which init looks up in the container's own group
 * file and adds to process.user.additionalGids.
 */
#define CONFIG_ANNOTATION_GROUPS "org.urun.groups"

/*
 * "passwd": a program that is the single word CONFIG_SHELL becomes the shell that the container's
 * passwd gives its user, where the container has that shell.
 */
#define CONFIG_ANNOTATION_SHELL "org.urun.shell"
#define CONFIG_SHELL_OF_PASSWD	"passwd"
#define CONFIG_SHELL		"sh"

/*
 * "on", "off" or "auto": system calls of root that can't succeed with the container's few ids are
 * answered as if they had (core/seccomp/root_emulation.h).
 */
#define CONFIG_ANNOTATION_ROOT_EMULATION "org.urun.root-emulation"

/* The image that the container was made of: its name and the digest of its manifest. */
#define CONFIG_ANNOTATION_IMAGE "org.urun.image"

/* The value of TERM where the container has no terminfo entry for the TERM of process.env. */
#define CONFIG_ANNOTATION_TERM "org.urun.term"

/*
 * The cgroup in which the container's cgroup is made, under a name by the container's id; with
 * systemd a slice.  Has no effect beside linux.cgroupsPath.
 */
#define CONFIG_ANNOTATION_CGROUP_PARENT "org.urun.cgroup_parent"

/* "rlimit": what the limits become where no cgroup can have them (core/parent/limit_fallback.h). */
#define CONFIG_ANNOTATION_LIMIT_FALLBACK "org.urun.limit-fallback"

/* Lines of hosts(5) more; the address may be the word host-gateway. */
#define CONFIG_ANNOTATION_HOSTS "org.urun.hosts"
/* Lines of resolv.conf(5), which replace those with the same keyword. */
#define CONFIG_ANNOTATION_RESOLV "org.urun.resolv"
/*
 * Files of /etc that stay those of the root file system, with blanks between: hosts, hostname,
 * resolv.conf.
 */
#define CONFIG_ANNOTATION_KEEP_ETC "org.urun.keep_etc"

/* The ID of the text "container:ID"; NULL for any other text, and for NULL. */
const char *config_shared_with(const char *text);

/* What shm_open(3) makes files in. */
#define CONFIG_SHM_PATH "/dev/shm"

/* Appends a copy of @text. */
void config_list_add(struct arena *arena, struct str_list *list, const char *text);

/*
 * Appends a mount without options.  The result belongs to the config, and is valid until its mounts
 * are changed again.  The caller sets the options, and then calls config_mount_set_kind() where the
 * options may change the kind of the mount.
 */
struct config_mount *config_add_mount(struct container_config *config, const char *destination,
				      const char *type, const char *source);

/* The first mount whose destination is written so, or NULL. */
struct config_mount *config_find_mount(const struct container_config *config,
				       const char *destination);

/* Adds a new namespace, of a type that the config doesn't have. */
void config_add_namespace(struct container_config *config, enum config_namespace_type type);
/* Removes @ns, which is in the config. */
void config_remove_namespace(struct container_config *config, struct config_namespace *ns);

/* Sets NAME=value in process.env, and replaces the present value. */
void config_set_env(struct container_config *config, const char *name, const char *value);

/* Sets an annotation, and replaces the present value. */
void config_set_annotation(struct container_config *config, const char *name, const char *value);

/* Removes an annotation; one that isn't there is no failure. */
void config_remove_annotation(struct container_config *config, const char *name);

#endif
