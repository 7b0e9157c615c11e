/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_EXEC_H
#define URUN_PARENT_EXEC_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/parent/child.h"

/*
 * The process that `exec` runs: that of a file, or the container's own with these changes.  All
 * texts are the caller's; NULL and 0: not given.
 */
struct exec_process {
	const char *file; /* the JSON of a process; then nothing else is given */
	struct str_list args;
	const char *user; /* USER[:GROUP], names or numbers */
	const char *cwd;
	struct str_list env;		   /* NAME=value, in place of or beside the container's */
	struct str_list capabilities;	   /* beside the container's */
	struct str_list additional_groups; /* beside the container's */
	const char *apparmor_profile;
	const char *selinux_label;
	bool terminal;
	bool no_new_privileges;
	bool privileged; /* all capabilities of the container's user namespace */
};

struct exec_request {
	const char *root; /* of the states */
	const char *id;
	struct exec_process process;
	struct child_request child;
	const char *cgroup; /* below the container's; NULL: the container's */
	bool ignore_paused;
};

/*
 * The config's process becomes the one asked for.  A user that is given by a name, or without a group,
 * becomes the annotation org.urun.user: only a process in the container can look it up there.
 * Runs in: parent, before any process exists.
 */
int exec_process_make(const struct exec_process *asked, struct container_config *config,
		      struct error *err);

/*
 * Runs a process in a container that is running or created, and returns when its program runs: the
 * pid file is written only then.  *ret_child is the caller's to close.
 * Runs in: parent.
 */
int container_exec(const struct exec_request *request, struct child *ret_child, struct error *err);

#endif
