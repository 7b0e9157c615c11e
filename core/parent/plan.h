/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_PLAN_H
#define URUN_PARENT_PLAN_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/cgroup/plan.h"
#include "core/config/config.h"
#include "core/config/mount_plan.h"
#include "core/container/network.h"
#include "core/container/port.h"
#include "core/parent/child.h"
#include "core/parent/clone.h"
#include "rootless/overlay.h"
#include "rootless/userns.h"

enum create_mode {
	CREATE_ONLY, /* `create`: the program waits for `start` */
	CREATE_RUN,  /* `run` */
};

/* What a caller asks for.  All texts are the caller's and outlive the call; NULL: not given. */
struct create_request {
	enum create_mode mode;
	const char *root; /* of the states */
	const char *id;
	const char *bundle;	 /* absolute */
	const char *config_path; /* absolute */
	/* What config_print() wrote with JSON_OWN of options, in place of the file; NULL: the file */
	const char *config_text;
	struct child_request child;
	const char *network; /* see netns/options.h */
	struct publish_texts publish;
	const char *notify_socket; /* $NOTIFY_SOCKET */
	bool no_pivot;
	bool no_new_keyring;
	bool keep; /* the state stays after the program's end */
	enum cgroup_manager cgroup_manager;
	bool ignore_cgroup_refusal; /* --rootless=true */
};

/*
 * What a container will be, decided before anything of it is made.  Release with plan_release().
 * The parts point to each other's memory and to the config's, so a plan is not copied.
 */
struct plan {
	const struct create_request *request; /* the caller's */
	struct container_config config;	      /* fitted to the user namespace and to the host */
	struct userns_caller caller;
	struct userns_plan userns;
	struct network_plan network;
	struct overlay overlay;
	struct cgroup_plan cgroup;
	struct namespaces namespaces;
	struct mount_plan mounts; /* of the config; the files of the state directory come later */
};

/* Start from this: plan_release() takes it as it is. */
void plan_init(struct plan *plan, const struct create_request *request);
void plan_release(struct plan *plan);

/*
 * Decides everything about the container, and refuses what can't be.  Reads the host, and changes
 * nothing.  All problems are gathered where that is wanted (error_gather()).
 * Runs in: parent, before any process exists.
 */
int plan_make(struct plan *plan, struct error *err);

/* Do hooks or a seccomp agent hear of the container's state? */
bool plan_tells_state(const struct plan *plan);

/* Appends the plan for a person: every mount, map, limit, the network and the filter. */
void plan_print(const struct plan *plan, struct strbuf *out);

/*
 * Finds out what only a try can tell, and what a start would find out step by step: user namespace,
 * filter, network, ports; then, where nothing was wrong so far, a container as planned up to the
 * moment in which the program would run (see core/parent/try.h).  Nothing stays of the tries.  The plan
 * is used up.
 * Runs in: parent, after plan_make(), in place of the container's creation.
 */
int plan_try(struct plan *plan, struct error *err);

#endif
