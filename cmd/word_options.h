/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CMD_WORD_OPTIONS_H
#define URUN_CMD_WORD_OPTIONS_H

#include "cmd/options.h"
#include "core/spec/spec_words.h"

/*
 * The rows of the options in struct spec_words.  @type has a member "container" of struct
 * container_options, which has a member "words".
 */
#define WORD_OPTION(type, member) CONTAINER_OPTION(type, words.member)

/* clang-format off */
#define WORD_OPTION_SPECS(type) \
	{ "memory-reservation", 0, OPTION_STRING, WORD_OPTION(type, memory_reservation), "SIZE", "memory left to it when the host is short" }, \
	{ "memory-swap", 0, OPTION_STRING, WORD_OPTION(type, memory_swap), "SIZE", "limit memory and swap together; -1: no limit" }, \
	{ "cpu-shares", 'c', OPTION_STRING, WORD_OPTION(type, cpu_shares), "SHARES", "processor time beside others (2 to 262144)" }, \
	{ "cpu-quota", 0, OPTION_STRING, WORD_OPTION(type, cpu_quota), "MICROSECONDS", "processor time a period" }, \
	{ "cpu-period", 0, OPTION_STRING, WORD_OPTION(type, cpu_period), "MICROSECONDS", "the period (default: 100000)" }, \
	{ "cpuset-cpus", 0, OPTION_STRING, WORD_OPTION(type, cpuset_cpus), "LIST", "the processors, such as 0-3,7" }, \
	{ "cpuset-mems", 0, OPTION_STRING, WORD_OPTION(type, cpuset_mems), "LIST", "the memory nodes" }, \
	{ "blkio-weight", 0, OPTION_STRING, WORD_OPTION(type, blkio_weight), "WEIGHT", "disk time beside others (10 to 1000)" }, \
	{ "device-read-bps", 0, OPTION_LIST, WORD_OPTION(type, read_bps), "DEVICE:SIZE", "limit what is read from a disk in a second" }, \
	{ "device-write-bps", 0, OPTION_LIST, WORD_OPTION(type, write_bps), "DEVICE:SIZE", "limit what is written to a disk in a second" }, \
	{ "device-read-iops", 0, OPTION_LIST, WORD_OPTION(type, read_iops), "DEVICE:N", "limit the reads of a disk in a second" }, \
	{ "device-write-iops", 0, OPTION_LIST, WORD_OPTION(type, write_iops), "DEVICE:N", "limit the writes to a disk in a second" }, \
	{ "cgroup-conf", 0, OPTION_LIST, WORD_OPTION(type, cgroup_conf), "FILE=VALUE", "any file of the cgroup, such as memory.high=1g" }, \
	{ "cgroup-parent", 0, OPTION_STRING, WORD_OPTION(type, cgroup_parent), "CGROUP", "the cgroup, or systemd's slice, that the container's is made in" }, \
	{ "cgroupns", 0, OPTION_STRING, WORD_OPTION(type, cgroupns), "MODE", "private (default): the container sees its own cgroup as /; host" }, \
	{ "limit-fallback", 0, OPTION_STRING, WORD_OPTION(type, limit_fallback), "rlimit", "where no cgroup can have them, --memory, --cpus and --pids-limit are weaker limits of each process" }, \
	{ "mount", 0, OPTION_LIST, WORD_OPTION(type, mounts), "type=TYPE,…", "mount by keys: type=bind,src=SRC,dst=DST,ro; type=tmpfs; type=devpts" }, \
	{ "device", 0, OPTION_LIST, WORD_OPTION(type, devices), "SRC[:DST]", "a device of the host's that you can open; or VENDOR/CLASS=NAME, from files of CDI" }, \
	{ "cdi-spec-dir", 0, OPTION_LIST, WORD_OPTION(type, cdi_dirs), "DIR", "where the files of CDI are (default: /etc/cdi, /run/cdi, /var/run/cdi)" }, \
	{ "home", 0, OPTION_FLAG, WORD_OPTION(type, home), NULL, "your home directory, at its place" }, \
	{ "privileged", 0, OPTION_FLAG, WORD_OPTION(type, privileged), NULL, "all capabilities of the user namespace, no filter, your devices" }, \
	{ "shm-size", 0, OPTION_STRING, WORD_OPTION(type, shm_size), "SIZE", "size of /dev/shm (default: 64m; 0: no limit)" }, \
	{ "read-only-tmpfs", 0, OPTION_SWITCH, WORD_OPTION(type, read_only_tmpfs), NULL, "with --read-only, /tmp, /run and /var/tmp can be written to (default)" }, \
	{ "image-volume", 0, OPTION_STRING, WORD_OPTION(type, image_volume), "KIND", "the image's volumes: bind (default), tmpfs, or ignore" }, \
	{ "entrypoint", 0, OPTION_TEXT, WORD_OPTION(type, entrypoint), "PROGRAM", "the program, whose arguments are COMMAND; or a JSON list" }, \
	{ "group-add", 0, OPTION_LIST, WORD_OPTION(type, group_add), "GROUP", "a supplementary group more, or keep-groups" }, \
	{ "umask", 0, OPTION_STRING, WORD_OPTION(type, umask), "MODE", "the umask, such as 0027" }, \
	{ "oom-score-adj", 0, OPTION_STRING, WORD_OPTION(type, oom_score_adj), "N", "who is killed first when memory is short (-1000 to 1000)" }, \
	{ "personality", 0, OPTION_STRING, WORD_OPTION(type, personality), "DOMAIN", "LINUX or LINUX32" }, \
	{ "domainname", 0, OPTION_STRING, WORD_OPTION(type, domainname), "NAME", "the NIS domain name" }, \
	{ "sysctl", 0, OPTION_LIST, WORD_OPTION(type, sysctls), "NAME=VALUE", "set a kernel parameter of the container's namespaces" }, \
	{ "unsetenv", 0, OPTION_LIST, WORD_OPTION(type, unset_env), "NAME", "don't set this default variable" }, \
	{ "unsetenv-all", 0, OPTION_FLAG, WORD_OPTION(type, unset_env_all), NULL, "don't set any default variable" }, \
	{ "label", 'l', OPTION_LIST, WORD_OPTION(type, labels), "NAME[=VALUE]", "a label, which becomes an annotation" }, \
	{ "label-file", 0, OPTION_LIST, WORD_OPTION(type, label_files), "FILE", "the same, a line each" }, \
	{ "dns", 0, OPTION_LIST, WORD_OPTION(type, dns), "ADDRESS", "a name server; none: keep /etc/resolv.conf as it is" }, \
	{ "dns-search", 0, OPTION_LIST, WORD_OPTION(type, dns_search), "DOMAIN", "a search domain; .: none" }, \
	{ "dns-option", 0, OPTION_LIST, WORD_OPTION(type, dns_options), "OPTION", "an option of resolv.conf(5)" }, \
	{ "add-host", 0, OPTION_LIST, WORD_OPTION(type, add_hosts), "NAME:ADDRESS", "a line in /etc/hosts; host-gateway is the host's address" }, \
	{ "no-hosts", 0, OPTION_FLAG, WORD_OPTION(type, no_hosts), NULL, "keep /etc/hosts as it is" }, \
	{ "no-hostname", 0, OPTION_FLAG, WORD_OPTION(type, no_hostname), NULL, "keep /etc/hostname as it is" }, \
	{ "tz", 0, OPTION_STRING, WORD_OPTION(type, tz), "ZONE", "the time zone: Europe/Berlin; local: the host's" }, \
	{ "hostuser", 0, OPTION_LIST, WORD_OPTION(type, host_users), "USER", "add this user of the host's to /etc/passwd" }, \
	{ "passwd", 0, OPTION_SWITCH, WORD_OPTION(type, passwd), NULL, "add the users of --user and --userns to /etc/passwd (default)" }
/* clang-format on */

#endif
