/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CMD_CONTAINER_OPTIONS_H
#define URUN_CMD_CONTAINER_OPTIONS_H

#include "cmd/command.h"
#include "cmd/word_options.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/spec/spec_image.h"

/*
 * The options that write a config, for a container without a bundle: `run` runs the config, `spec`
 * prints it.  core/spec/spec_options.h says what they mean.
 */
struct container_options {
	const char *rootfs, *overlay;
	const char *image, *platform, *pull, *image_size_limit;
	struct str_list volumes, tmpfs, env, env_files;
	struct str_list cap_add, cap_drop, security, ulimits;
	struct str_list annotations, uid_maps, gid_maps;
	const char *workdir, *user, *hostname;
	const char *memory, *cpus, *pids_limit, *userns, *root_emulation;
	const char *pid, *ipc, *uts;
	const char *tty;		   /* "true" or "false" */
	const char *env_host, *http_proxy; /* "true" or "false" */
	const char *init, *stop_signal, *stop_timeout, *timeout;
	const char *log_driver;
	struct str_list log_options;
	bool read_only, keep_groups;
	bool publish_all, quiet;
	struct spec_words words;
};

/* Is the container one without a bundle: --rootfs, or --image? */
static inline bool container_is_by_options(const struct container_options *options)
{
	return options->rootfs || options->image;
}

#define CONTAINER_OPTION(type, member) \
	(offsetof(type, container) + offsetof(struct container_options, member))

/* clang-format off */
/* @type has a member "container" of struct container_options. */
#define CONTAINER_OPTION_SPECS(type) \
	{ "rootfs", 0, OPTION_STRING, CONTAINER_OPTION(type, rootfs), "DIR", "no bundle: this directory is the root file system" }, \
	{ "image", 0, OPTION_STRING, CONTAINER_OPTION(type, image), "NAME", "no bundle: this image; alpine is docker.io/library/alpine:latest" }, \
	{ "platform", 0, OPTION_STRING, CONTAINER_OPTION(type, platform), "OS/ARCH", "of an image that has several (default: this machine's)" }, \
	{ "pull", 0, OPTION_STRING, CONTAINER_OPTION(type, pull), "POLICY", "get the image: missing (default), always, newer or never" }, \
	{ "image-size-limit", 0, OPTION_STRING, CONTAINER_OPTION(type, image_size_limit), "SIZE", "refuse a layer that unpacks to more (default: 32g)" }, \
	{ "quiet", 'q', OPTION_FLAG, CONTAINER_OPTION(type, quiet), NULL, "show no progress of a pull" }, \
	{ "publish-all", 'P', OPTION_FLAG, CONTAINER_OPTION(type, publish_all), NULL, "publish the ports that the image exposes" }, \
	{ "overlay", 0, OPTION_OPTIONAL, CONTAINER_OPTION(type, overlay), "DIR", "keep changes apart: in memory, or in DIR" }, \
	{ "volume", 'v', OPTION_LIST, CONTAINER_OPTION(type, volumes), "SRC:DST[:ro]", "mount a directory or file of the host's" }, \
	{ "tmpfs", 0, OPTION_LIST, CONTAINER_OPTION(type, tmpfs), "DST[:size=64m]", "mount an empty file system in memory" }, \
	{ "env", 'e', OPTION_LIST, CONTAINER_OPTION(type, env), "NAME[=VALUE]", "set a variable, or pass the caller's" }, \
	{ "env-file", 0, OPTION_LIST, CONTAINER_OPTION(type, env_files), "FILE", "the same, a line each" }, \
	{ "env-host", 0, OPTION_SWITCH, CONTAINER_OPTION(type, env_host), NULL, "your environment (default in the host's own system)" }, \
	{ "http-proxy", 0, OPTION_SWITCH, CONTAINER_OPTION(type, http_proxy), NULL, "your proxy variables (default: passed on)" }, \
	{ "workdir", 'w', OPTION_STRING, CONTAINER_OPTION(type, workdir), "DIR", "the working directory" }, \
	{ "user", 'u', OPTION_STRING, CONTAINER_OPTION(type, user), "USER[:GROUP]", "names or numbers of the container's" }, \
	{ "hostname", 'h', OPTION_STRING, CONTAINER_OPTION(type, hostname), "NAME", "the host name" }, \
	{ "tty", 't', OPTION_SWITCH, CONTAINER_OPTION(type, tty), NULL, "a terminal (default: if stdin and stdout are)" }, \
	{ "init", 0, OPTION_SWITCH, CONTAINER_OPTION(type, init), NULL, "process 1 is urun's own (default); =false: the program is" }, \
	{ "log-driver", 0, OPTION_STRING, CONTAINER_OPTION(type, log_driver), "DRIVER", "none: no log with --detach; or k8s-file (default)" }, \
	{ "log-opt", 0, OPTION_LIST, CONTAINER_OPTION(type, log_options), "max-size=SIZE", "the most that the log keeps (default: 10m)" }, \
	{ "stop-signal", 0, OPTION_STRING, CONTAINER_OPTION(type, stop_signal), "SIGNAL", "what stop sends to the program (default: TERM)" }, \
	{ "stop-timeout", 0, OPTION_STRING, CONTAINER_OPTION(type, stop_timeout), "SECONDS", "how long stop waits before it kills (default: 10)" }, \
	{ "timeout", 0, OPTION_STRING, CONTAINER_OPTION(type, timeout), "SECONDS", "kill the container after so long" }, \
	{ "interactive", 'i', OPTION_ALWAYS, 0, NULL, "nothing to do: stdin is always passed on (</dev/null gives none)" }, \
	{ "read-only", 0, OPTION_FLAG, CONTAINER_OPTION(type, read_only), NULL, "the root file system can't be written to" }, \
	{ "cap-add", 0, OPTION_LIST, CONTAINER_OPTION(type, cap_add), "CAP", "a capability more, or ALL" }, \
	{ "cap-drop", 0, OPTION_LIST, CONTAINER_OPTION(type, cap_drop), "CAP", "a capability less, or ALL" }, \
	{ "security-opt", 0, OPTION_LIST, CONTAINER_OPTION(type, security), "OPTION", "seccomp=FILE|unconfined, apparmor=PROFILE, unmask=ALL|PATH, mask=PATH, no-new-privileges=BOOL" }, \
	{ "memory", 'm', OPTION_STRING, CONTAINER_OPTION(type, memory), "SIZE", "limit memory: 512m" }, \
	{ "cpus", 0, OPTION_STRING, CONTAINER_OPTION(type, cpus), "N", "limit processors: 1.5" }, \
	{ "pids-limit", 0, OPTION_STRING, CONTAINER_OPTION(type, pids_limit), "N", "limit processes" }, \
	{ "ulimit", 0, OPTION_LIST, CONTAINER_OPTION(type, ulimits), "NAME=SOFT[:HARD]", "a resource limit: nofile=1024" }, \
	{ "annotation", 0, OPTION_LIST, CONTAINER_OPTION(type, annotations), "NAME=VALUE", "an annotation" }, \
	{ "uidmap", 0, OPTION_LIST, CONTAINER_OPTION(type, uid_maps), "INNER:OUTER:N", "uids of the container and of the host" }, \
	{ "gidmap", 0, OPTION_LIST, CONTAINER_OPTION(type, gid_maps), "INNER:OUTER:N", "the same of gids" }, \
	{ "keep-groups", 0, OPTION_FLAG, CONTAINER_OPTION(type, keep_groups), NULL, "keep your supplementary groups, for files that only they may open" }, \
	{ "pid", 0, OPTION_STRING, CONTAINER_OPTION(type, pid), "private|host|container:ID", "whose processes it sees: its own (default), all, or a container's" }, \
	{ "ipc", 0, OPTION_STRING, CONTAINER_OPTION(type, ipc), "private|none|host|container:ID", "whose shared memory and message queues" }, \
	{ "uts", 0, OPTION_STRING, CONTAINER_OPTION(type, uts), "private|host|container:ID", "whose host name" }, \
	{ "userns", 0, OPTION_STRING, CONTAINER_OPTION(type, userns), "keep-id[:OPTIONS]", "your own ids and name are the same inside" }, \
	{ "root-emulation", 0, OPTION_STRING, CONTAINER_OPTION(type, root_emulation), "auto|on|off", "calls of root that need more ids succeed without effect" }, \
	WORD_OPTION_SPECS(type)
/* clang-format on */

/*
 * Makes the config of these options, with @command (may be empty) as the program.  @image: that of
 * --image; NULL: --rootfs is given.  @network is what --network says, or NULL, and @publish what --publish
 * does.  The caller releases *@ret_config, which is empty where this fails.
 */
int container_options_config(const struct container_options *options,
			     const struct spec_image *image, const char *network,
			     const struct str_list *publish, const struct str_list *command,
			     struct container_config *ret_config, struct error *err);

/* Appends the config as JSON for others; fails where a text isn't UTF-8. */
int container_config_print(const struct container_config *config, struct strbuf *out,
			   struct error *err);

/* Writes a config to a new file.  A file that exists is somebody's work, and an error. */
int container_config_save(const char *path, const struct strbuf *text, struct error *err);

/* Finds the caller's mappings, from which a config is made.  Doesn't set the network. */
struct spec_input;
int spec_input_of_host(bool rootless, struct arena *arena, struct spec_input *ret_input,
		       struct error *err);

/* Returns "slirp", or "none" after a warning that says what slirp lacks on this host. */
const char *spec_network_of_host(void);

#endif
