/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_OPTIONS_H
#define URUN_SPEC_SPEC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/spec/spec_image.h"
#include "core/spec/spec_words.h"

/*
 * The config of a container without a bundle, made from options and, for one, of an image: `run` runs it,
 * and `spec` with the same options prints it.  The names and meanings are podman's (podman-run(1)) where
 * podman has the option.  spec_steps.h says which file applies which option.
 * Runs in: parent.
 */
/* The options as the caller wrote them, in the caller's memory.  NULL: not given. */
struct spec_options {
	const char *rootfs; /* a directory; NULL: an image is given */
	const struct spec_image *image;
	const char *overlay;	   /* "": in memory; else the directory that holds the changes */
	struct str_list volumes;   /* SOURCE:DESTINATION[:OPTION,…] */
	struct str_list tmpfs;	   /* DESTINATION[:OPTION,…] */
	struct str_list env;	   /* NAME=VALUE, or NAME for the caller's own value */
	struct str_list env_files; /* files with such a text on each line */
	struct str_list cap_add;   /* CAP_NAME, NAME or ALL */
	struct str_list cap_drop;
	struct str_list security;    /* seccomp=FILE, no-new-privileges … */
	struct str_list ulimits;     /* NAME=SOFT[:HARD] */
	struct str_list annotations; /* NAME=VALUE */
	struct str_list uid_maps;    /* CONTAINER:HOST:COUNT */
	struct str_list gid_maps;
	const char *workdir;
	const char *user; /* name or uid, :group or gid */
	const char *hostname;
	const char *network;	 /* see netns/options.h; or container:ID */
	struct str_list publish; /* ports, see netns/ports/publish.h; not checked here */
	const char *pid;	 /* private, host, ns:PATH, container:ID */
	const char *ipc;	 /* the same, or shareable, none */
	const char *uts;
	const char *memory; /* a size such as 64m */
	const char *cpus;   /* a number of processors such as 1.5 */
	const char *pids_limit;
	const char *userns;	    /* keep-id[:uid=UID,gid=GID,size=N] */
	const char *root_emulation; /* auto, on or off */
	const char *init;	    /* "true" or "false": a process 1 of urun's own; NULL: where the
				     program is none itself */
	const char *log_driver;
	struct str_list log_options; /* max-size=SIZE */
	const char *stop_signal;     /* a name or a number */
	const char *stop_timeout;    /* seconds; "-1": without end */
	const char *timeout;	     /* seconds; "0": without end */
	const char *env_host;	     /* "true" or "false": the caller's environment */
	const char *http_proxy;	     /* "false": without the caller's proxy variables */
	bool read_only;
	bool keep_groups; /* keep the caller's supplementary groups */
	bool terminal;
	struct spec_words words;
	struct str_list command; /* empty: a shell; the image's program */
};

/* What the config depends on of the process that calls urun. */
struct spec_caller {
	unsigned int uid, gid; /* in the caller's user namespace */
	/*
	 * Paths of the caller's environment ($HOME, $TMPDIR …), which are hidden when the host's
	 * own system is the root file system.  A relative path is resolved against the working
	 * directory.
	 */
	struct str_list private_paths;
	struct str_list env; /* "NAME=value", the whole environment */
	const char *cwd;     /* absolute; NULL: not known */
};

/*
 * Changes @config, which spec_config() made for the same caller, as the options say.
 * Fails with the name of the option if its text is wrong, or if the root file system, a file or a
 * volume's source is not found.
 * Source: podman-run(1); OCI runtime-spec 1.3, config.md.
 */
int spec_apply(const struct spec_options *options, const struct spec_caller *caller,
	       struct container_config *config, struct error *err);

/*
 * Sets the variables of --env-file @files and --env @variables in @config's process, which exists:
 * NAME=VALUE, or NAME for the caller's own value.  For `exec`, too.
 */
int spec_add_variables(const struct str_list *files, const struct str_list *variables,
		       struct container_config *config, struct error *err);

/*
 * Parses --cpus, a number of processors such as 1.5, as the quota of each @period (µs).  Returns 0
 * or -EINVAL.  For `update`, too.
 */
int spec_parse_cpus(const char *text, unsigned int period, int64_t *ret_quota);

#endif
