/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_STEPS_H
#define URUN_SPEC_SPEC_STEPS_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/spec/cdi.h"
#include "core/spec/spec_account.h"
#include "core/spec/spec_options.h"

/*
 * The steps of spec_apply(), one file for each subject.  Each step takes all options of its subject
 * and changes @config.  Texts and lists of the result belong to @config's arena.  A step fails with
 * the name of the option and the text that the caller wrote.
 * All run in: parent.
 */

/* The largest file that an option may name (--env-file, --security-opt seccomp=FILE). */
#define SPEC_FILE_SIZE_MAX ((size_t)1 << 20)

/* Sets "--OPTION TEXT: REASON" and returns -1. */
int spec_refuse(const char *option, const char *text, const char *reason, struct error *err);

/*
 * Sets "--OPTION TEXT: with --SHARING VALUE …" and returns -1: the option is about a namespace that
 * belongs to another container, or to the host.
 */
int spec_refuse_shared(const char *option, const char *text, const char *sharing, const char *value,
		       struct error *err);

/* Adds the two parts of @text, which has a '=' between them, to @map; or refuses @text. */
int spec_add_pair(const char *option, const char *text, const char *expected, struct arena *arena,
		  str_map *map, struct error *err);

/*
 * spec_root.c: --rootfs, --image, --read-only, --overlay
 * ORDER: the image before --label and --annotation, which replace the image's.
 */
int spec_apply_root(const struct spec_options *options, const struct spec_caller *caller,
		    struct container_config *config, struct error *err);

/* Is the host's own system the root file system (--rootfs /)?  Asked after spec_apply_root(). */
bool spec_root_is_host(const struct container_config *config);

/*
 * spec_root.c: opens the root directory of the topmost layer that has @path, as the container sees it:
 * the changes that an overlay keeps come first.  A link that leads from one layer to another isn't
 * followed: init looks again where it matters.  @flags: O_DIRECTORY, or 0.  Returns the caller's
 * descriptor (O_PATH) or -ENOENT.
 */
int spec_open_layer(const struct container_config *config, const char *path, uint64_t flags);

/*
 * spec_ids.c: --userns, --uidmap, --gidmap
 * With keep-id, and in the sandbox of the host's own system, *account becomes the caller's account;
 * otherwise it stays as it is.
 */
int spec_apply_ids(const struct spec_options *options, const struct spec_caller *caller,
		   struct spec_account *account, struct container_config *config,
		   struct error *err);

/* A line of the file @path, and its number; -1 ends the reading with @err. */
typedef int spec_take_line(const char *path, size_t number, const char *line,
			   struct container_config *config, struct error *err);

/*
 * spec_env.c: calls @take for each line of the file that @option names.  Empty lines and lines that
 * begin with # are left out, and so is the mark that some editors write at the beginning of a file.
 * A line may end as on Windows.
 */
int spec_take_lines(const char *option, const char *path, spec_take_line *take,
		    struct container_config *config, struct error *err);

/*
 * spec_namespaces.c: --pid, --ipc, --uts; --network container:ID.  After spec_apply_ids() and
 * after the host name is set.
 */
int spec_apply_namespaces(const struct spec_options *options, struct container_config *config,
			  struct error *err);

/*
 * spec_cdi.c: --device VENDOR/CLASS=NAME, --cdi-spec-dir
 * What the caller's files say is found first, since --env overrides their variables, and applied
 * behind all other mounts.  The memory is that of @config.
 */
struct spec_cdi {
	struct cdi_files files;
	cdi_choices choices;
};
int spec_find_cdi(const struct spec_options *options, struct container_config *config,
		  struct spec_cdi *ret_cdi, struct error *err);
void spec_add_cdi_env(const struct spec_cdi *cdi, struct container_config *config);
int spec_apply_cdi(const struct spec_cdi *cdi, struct container_config *config, struct error *err);

/* spec_env.c: --env, --env-file, --env-host, --http-proxy; TERM, the locale, and @cdi's variables */
int spec_apply_env(const struct spec_options *options, const struct spec_caller *caller,
		   const struct spec_account *account, const struct spec_cdi *cdi,
		   struct container_config *config, struct error *err);

/*
 * spec_mounts.c: --tmpfs, --volume; and for --rootfs / the tmpfs mounts and the hidden paths
 * (spec_hidden.h).
 */
int spec_apply_mounts(const struct spec_options *options, const struct spec_caller *caller,
		      const struct spec_account *account, struct container_config *config,
		      struct error *err);

/* Adds @paths (lines, as in the annotation) to the paths that the container finds empty. */
void spec_hide_more(const char *paths, struct container_config *config);

/* spec_capabilities.c: --cap-add, --cap-drop */
int spec_apply_capabilities(const struct spec_options *options, struct container_config *config,
			    struct error *err);

/* spec_security.c: --security-opt, --root-emulation */
int spec_apply_security(const struct spec_options *options, struct container_config *config,
			struct error *err);

/* spec_ending.c: --init, --stop-signal, --stop-timeout, --timeout.  Asked after the command is set. */
int spec_apply_ending(const struct spec_options *options, struct container_config *config,
		      struct error *err);

/* spec_log.c: --log-driver, --log-opt */
int spec_apply_log(const struct spec_options *options, struct container_config *config,
		   struct error *err);

/* spec_limits.c: --memory, --cpus, --pids-limit, --ulimit */
int spec_apply_limits(const struct spec_options *options, struct container_config *config,
		      struct error *err);

/* spec_resources.c: --memory-reservation … --cgroup-conf, --cgroup-parent, --cgroupns */
int spec_apply_resources(const struct spec_options *options, struct container_config *config,
			 struct error *err);

/* spec_home.c: --home */
int spec_apply_home(const struct spec_options *options, const struct spec_caller *caller,
		    struct container_config *config, struct error *err);

/* Sets HOME for --home, where the program's user is the caller. */
void spec_add_home_env(const struct spec_options *options, const struct spec_caller *caller,
		       struct container_config *config);

/* spec_mount.c: one --mount */
int spec_add_mount(const char *text, struct container_config *config, struct error *err);

/* spec_device.c: --device with a path; and the devices of --privileged */
int spec_apply_devices(const struct spec_options *options, struct container_config *config,
		       struct error *err);

/* Could the caller open the node for reading (R_OK) or writing (W_OK)?  It isn't opened. */
bool spec_device_may_open(const char *path, int mode);

/* Adds the bind mount of a node of the host's.  @traits: MOUNT_TRAIT_… */
void spec_add_device_node(const char *source, const char *destination, unsigned int traits,
			  struct container_config *config);

/*
 * spec_program.c: --entrypoint, --group-add, --umask, --oom-score-adj, --personality, --domainname,
 * --sysctl
 * ORDER: after the command and --user, to which it adds.
 */
int spec_apply_program(const struct spec_options *options, const struct spec_caller *caller,
		       struct container_config *config, struct error *err);

/* Adds a supplementary group of the program. */
void spec_add_gid(uint32_t gid, struct container_config *config);

/* spec_labels.c: --label, --label-file */
int spec_apply_labels(const struct spec_options *options, struct container_config *config,
		      struct error *err);

/* spec_etc.c: --dns, --dns-search, --dns-option, --add-host, --no-hosts, --no-hostname, --tz */
int spec_apply_etc(const struct spec_options *options, struct container_config *config,
		   struct error *err);

/*
 * spec_etc.c: --hostuser, --passwd
 * ORDER: after spec_account_apply(), which sets the annotations anew.
 */
int spec_apply_accounts(const struct spec_options *options, struct container_config *config,
			struct error *err);

/* spec_limits.c: linux.resources, which is made where the config has none. */
struct config_resources *spec_resources_of(struct container_config *config);

/* The member of linux.resources, which is made where the config has none. */
#define RESOURCE_OF(config, member)                                                         \
	({                                                                                  \
		struct config_resources *_resources = spec_resources_of(config);            \
		if (!_resources->member)                                                    \
			_resources->member =                                                \
				arena_alloc(&(config)->arena, sizeof(*_resources->member)); \
		_resources->member;                                                         \
	})

#endif
