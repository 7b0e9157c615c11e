/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_WORDS_H
#define URUN_SPEC_SPEC_WORDS_H

#include <stdbool.h>

#include "core/base/str.h"

/*
 * The options of podman that few containers need; the others are in struct spec_options.  The texts
 * are as the caller wrote them, in the caller's memory.  NULL: not given.
 * Source: podman-run(1).
 */
struct spec_words {
	/* spec_resources.c */
	const char *memory_reservation, *memory_swap; /* sizes; swap is memory and swap together */
	const char *cpu_shares;			      /* 2 to 262144 */
	const char *cpu_quota, *cpu_period;	      /* µs; not with --cpus */
	const char *cpuset_cpus, *cpuset_mems;	      /* such as 0-3,7 */
	const char *blkio_weight;		      /* 10 to 1000 */
	struct str_list read_bps, write_bps;	      /* DEVICE:SIZE, a second */
	struct str_list read_iops, write_iops;	      /* DEVICE:NUMBER, a second */
	struct str_list cgroup_conf;		      /* FILE=VALUE */
	const char *cgroup_parent;
	const char *limit_fallback; /* rlimit */
	const char *cgroupns;	    /* private, host */

	/* spec_mount.c, spec_mounts.c, spec_device.c, spec_cdi.c */
	struct str_list mounts;	     /* type=TYPE,KEY=VALUE… */
	struct str_list devices;     /* SRC[:DST][:rwm], VENDOR/CLASS=NAME */
	struct str_list cdi_dirs;    /* none: the CDI specification's */
	bool home;		     /* spec_home.c: the caller's, at its place */
	const char *shm_size;	     /* 0: no limit */
	const char *read_only_tmpfs; /* "true" or "false" */
	const char *image_volume;    /* bind, anonymous, tmpfs, ignore */
	bool privileged;	     /* spec_capabilities.c and spec_security.c too */

	/* spec_program.c, spec_env.c */
	const char *entrypoint;	   /* a program, or a JSON list of its first words; "": none */
	struct str_list group_add; /* groups of the container, or keep-groups */
	const char *umask;	   /* octal */
	const char *oom_score_adj;
	const char *personality;
	const char *domainname;
	struct str_list sysctls; /* NAME=VALUE */
	struct str_list unset_env;
	bool unset_env_all;

	/* spec_labels.c */
	struct str_list labels;	     /* NAME[=VALUE] */
	struct str_list label_files; /* files with such a text on each line */

	/* spec_etc.c */
	struct str_list dns;	     /* addresses, or none alone */
	struct str_list dns_search;  /* domains; "." alone: none */
	struct str_list dns_options; /* such as ndots:1 */
	struct str_list add_hosts;   /* NAME[;NAME…]:ADDRESS */
	struct str_list host_users;  /* names or numbers */
	const char *tz;		     /* Europe/Berlin, local */
	const char *passwd;	     /* "true" or "false" */
	bool no_hosts, no_hostname;
};

#endif
