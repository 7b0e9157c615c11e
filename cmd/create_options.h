/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CMD_CREATE_OPTIONS_H
#define URUN_CMD_CREATE_OPTIONS_H

#include <stdio.h>

#include "cmd/command.h"
#include "cmd/container_options.h"
#include "cmd/image_root.h"
#include "core/parent/create.h"

/* The options that `run` and `create` share. */
struct create_options {
	const char *bundle;
	const char *config;
	const char *pid_file;
	const char *console_socket;
	const char *pidfd_socket;
	const char *network;
	struct str_list publish;
	const char *share;
	unsigned int preserve_fds;
	bool no_pivot;
	bool no_new_keyring;
	bool detach;		     /* `run` alone */
	bool keep;		     /* `run` alone */
	bool explain;		     /* `check` alone */
	const char *die_with_parent; /* `run` alone: "true" or "false" */
	const char
		*name; /* this and the following: `run` alone, for a container without a bundle */
	const char *save_config;
	const char *cidfile;
	struct str_list attach;
	bool remove;
	bool replace;
	bool in_background; /* of a shell: stdin is the shell's */
	struct container_options container;
};

#define CREATE_OPTION(member) offsetof(struct create_options, member)

/* clang-format off */
#define CREATE_OPTION_SPECS \
	{ "bundle", 'b', OPTION_STRING, CREATE_OPTION(bundle), "DIR", "the bundle's directory (default: this one)" }, \
	{ "config", 'f', OPTION_STRING, CREATE_OPTION(config), "FILE", "the config (default: the bundle's config.json)" }, \
	{ "pid-file", 0, OPTION_STRING, CREATE_OPTION(pid_file), "FILE", "write the first process's pid there" }, \
	{ "console-socket", 0, OPTION_STRING, CREATE_OPTION(console_socket), "SOCKET", "send the terminal's master to this socket" }, \
	{ "pidfd-socket", 0, OPTION_STRING, CREATE_OPTION(pidfd_socket), "SOCKET", "send the first process's pidfd to this socket" }, \
	{ "preserve-fds", 0, OPTION_NUMBER, CREATE_OPTION(preserve_fds), "N", "pass descriptors 3 to N+2 on to the program" }, \
	{ "network", 0, OPTION_STRING, CREATE_OPTION(network), "NETWORK", "none, host, slirp[,mtu=1500,dns=ADDRESS…], or container:ID" }, \
	{ "publish", 'p', OPTION_LIST, CREATE_OPTION(publish), "PORTS", "publish ports: [[IP:]HOST:]CONTAINER[/udp]" }, \
	{ "share", 0, OPTION_STRING, CREATE_OPTION(share), "KEY", "share user, pid and ipc namespaces with all containers of this key" }, \
	{ "no-pivot", 0, OPTION_FLAG, CREATE_OPTION(no_pivot), NULL, "no pivot_root: for a host whose root is ramfs" }, \
	{ "no-new-keyring", 0, OPTION_FLAG, CREATE_OPTION(no_new_keyring), NULL, "keep the caller's session keyring" }, \
	{ "no-subreaper", 0, OPTION_IGNORED, 0, NULL, "nothing to do: urun is never a subreaper" }
#define NAME_OPTION_SPEC \
	{ "name", 0, OPTION_STRING, CREATE_OPTION(name), "ID", "the container's id (default: made up)" }
#define RUN_OPTION_SPECS \
	CREATE_OPTION_SPECS, \
	{ "detach", 'd', OPTION_FLAG, CREATE_OPTION(detach), NULL, "return as soon as the program runs" }, \
	{ "keep", 0, OPTION_FLAG, CREATE_OPTION(keep), NULL, "keep the state after the program's end" }, \
	{ "die-with-parent", 0, OPTION_SWITCH, CREATE_OPTION(die_with_parent), NULL, "end with urun's caller too (default: with urun); =false: with neither" }, \
	CONTAINER_OPTION_SPECS(struct create_options), \
	NAME_OPTION_SPEC, \
	{ "save-config", 0, OPTION_STRING, CREATE_OPTION(save_config), "FILE", "write the config of these options there, too" }, \
	{ "rm", 0, OPTION_FLAG, CREATE_OPTION(remove), NULL, "remove it at its end (always done in the foreground)" }, \
	{ "replace", 0, OPTION_FLAG, CREATE_OPTION(replace), NULL, "first remove the container of this --name" }, \
	{ "cidfile", 0, OPTION_STRING, CREATE_OPTION(cidfile), "FILE", "write the id to this new file" }, \
	{ "attach", 'a', OPTION_LIST, CREATE_OPTION(attach), "STREAM", "pass on only these of stdin, stdout, stderr" }
/* clang-format on */

/*
 * Completes the options of `run`, `create` and `check`, which are parsed up to the first operand.  Is it a
 * bundle, whose options may follow too, or a container without one?  Then options->container.rootfs or
 * options->container.image is set, and the operands are the command.  Options that exclude each other are
 * refused.  Returns as options_parse() does.
 */
int run_options_settle(struct call *call, struct error *err);

/*
 * `run WORD` has failed with @err.  Where the word was taken as the id of the bundle in the working
 * directory, and is also the name of a program or of a root file system, the hint says what to type
 * for that.
 */
void run_options_hint(const struct call *call, struct error *err);
/* Length of generated ids: short enough to type, long enough not to collide. */
#define MADE_UP_ID_SIZE 12

/*
 * The id of a bundle's container is the operand; without a bundle it is an option's, or generated in
 * @made_up.
 */
int run_find_id(const struct call *call, char made_up[static MADE_UP_ID_SIZE + 1],
		const char **ret_id, struct error *err);

/*
 * Makes sure that the store has the image, and records that the container @id uses it.  options->bundle, which
 * names the root file system where there is no bundle, is set to a text of *ret_root.
 */
int run_begin_image(const struct call *call, const char *id, struct image_root *ret_root,
		    struct error *err);

/*
 * Makes the config of the options, and saves it where that was asked for.  @root: the image's, begun for
 * this container, where one is given.
 */
int run_make_config(const struct call *call, const struct image_root *root,
		    struct container_config *ret_config, struct error *err);

/* Prints the ports that the kernel has chosen, one a line, as `urun port` prints them. */
void port_print_chosen(const struct published_list *list, FILE *stream);

/*
 * Makes the container of @request.  In the foreground (request->child.foreground), waits for the
 * program, and removes the container then unless @keep; *ret_status is the program's.
 */
int run_request(const struct create_request *request, bool keep, int *ret_status,
		struct error *err);

/*
 * Makes the container of @request, which has a config of its own (request->config), and lets it run in the
 * background with its urun-monitor.  *ret_status is 0 when the program runs; else it is the status to exit
 * with, and the error has been printed.
 */
int run_detached(struct create_request *request, const struct globals *globals, int *ret_status,
		 struct error *err);

/* Makes the request for a new process, from options that `run`, `create` and `exec` share. */
struct child_request child_request_make(const struct globals *globals, const char *pid_file,
					const char *console_socket, const char *pidfd_socket,
					unsigned int preserve_fds);

/* The absolute paths that a struct create_request points to. */
struct create_paths {
	char *bundle;
	char *config;
};

void create_paths_release(struct create_paths *paths);

/* Makes the request from the options: relative paths begin at the working directory. */
int create_request_make(const struct globals *globals, const struct create_options *options,
			const char *id, struct create_paths *paths,
			struct create_request *ret_request, struct error *err);

#endif
