/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_OPTIONS_H
#define URUN_SPEC_SPEC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * A config by options, for a container without a bundle: what `run --rootfs` runs and `spec` with
 * the same options prints.  Names and meanings are podman's (podman-run(1)) where it has the option.
 * Runs in: parent.
 */
/* What the caller wrote; all is the caller's memory, NULL: not given. */
struct spec_options {
	const char *rootfs;	   /* a folder; relative to the working folder */
	const char *overlay;	   /* empty: in memory; else the folder for what is changed */
	struct str_list volumes;   /* SOURCE:DESTINATION[:OPTION,…] */
	struct str_list tmpfs;	   /* DESTINATION[:OPTION,…] */
	struct str_list env;	   /* NAME=VALUE, or NAME: as the caller has it */
	struct str_list env_files; /* a line each, likewise */
	struct str_list cap_add;   /* CAP_NAME, NAME or ALL */
	struct str_list cap_drop;
	struct str_list
		security; /* seccomp=FILE|unconfined, no-new-privileges[=BOOL], apparmor=…, unmask=… */
	struct str_list ulimits;     /* NAME=SOFT[:HARD] */
	struct str_list annotations; /* NAME=VALUE */
	struct str_list uid_maps;    /* CONTAINER:HOST:COUNT */
	struct str_list gid_maps;
	const char *workdir;
	const char *user; /* name or uid, :group or gid */
	const char *hostname;
	const char *network; /* see netns/options.h */
	const char *memory;  /* 64m */
	const char *cpus;    /* 1.5 */
	const char *pids_limit;
	const char *userns; /* keep-id[:uid=UID,gid=GID,size=N] */
	bool read_only;
	bool keep_groups; /* the caller's supplementary groups */
	bool terminal;
	struct str_list command; /* empty: a shell */
};

/* The caller, as far as the config depends on it. */
struct spec_caller {
	unsigned int uid, gid; /* in the caller's user namespace */
	/* Paths of the caller's environment that aren't shown where the host's own system is the root
	   ($HOME, $TMPDIR …); relative ones are against the working folder. */
	struct str_list private_paths;
};

/*
 * Changes @config, which spec_config() has made for the same caller, to what the options say.
 * Fails with the option's name, and where a source or the root file system isn't there.
 * Source: podman-run(1); OCI runtime-spec 1.3, config.md.
 */
int spec_apply(const struct spec_options *options, const struct spec_caller *caller,
	       struct container_config *config, struct error *err);

#endif
