/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_STEPS_H
#define URUN_SPEC_SPEC_STEPS_H

#include "core/base/error.h"
#include "core/config/config.h"
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

/* spec_root.c: --rootfs, --read-only, --overlay */
int spec_apply_root(const struct spec_options *options, struct container_config *config,
		    struct error *err);

/* Is the host's own system the root file system (--rootfs /)?  Asked after spec_apply_root(). */
bool spec_root_is_host(const struct container_config *config);

/*
 * spec_ids.c: --userns, --uidmap, --gidmap
 * With keep-id *account becomes the caller's account; otherwise it stays as it is.
 */
int spec_apply_ids(const struct spec_options *options, const struct spec_caller *caller,
		   struct spec_account *account, struct container_config *config,
		   struct error *err);

/* spec_env.c: --env, --env-file; and TERM */
int spec_apply_env(const struct spec_options *options, struct container_config *config,
		   struct error *err);

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

/* spec_security.c: --security-opt */
int spec_apply_security(const struct spec_options *options, struct container_config *config,
			struct error *err);

/* spec_limits.c: --memory, --cpus, --pids-limit, --ulimit */
int spec_apply_limits(const struct spec_options *options, struct container_config *config,
		      struct error *err);

#endif
