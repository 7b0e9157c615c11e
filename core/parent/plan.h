/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_PLAN_H
#define URUN_PARENT_PLAN_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/cgroup/plan.h"
#include "core/config/config.h"
#include "core/config/ending.h"
#include "core/config/mount_plan.h"
#include "core/container/network.h"
#include "core/container/port.h"
#include "core/container/share.h"
#include "core/parent/child.h"
#include "core/parent/clone.h"
#include "rootless/overlay.h"
#include "rootless/userns.h"

enum create_mode {
	CREATE_ONLY, /* `create`: the program waits for `start` */
	CREATE_RUN,  /* `run` */
};

/* A request for a container.  All texts are the caller's and outlive the call; NULL: not given. */
struct create_request {
	enum create_mode mode;
	const char *root; /* the directory of states */
	const char *id;
	const char *bundle;	 /* absolute */
	const char *config_path; /* absolute */
	/* The config that options make; plan_make() empties it.  NULL: the config is in the file */
	struct container_config *config;
	struct child_request child;
	const char *network; /* see netns/options.h */
	struct str_list publish;
	const char *notify_socket; /* $NOTIFY_SOCKET */
	bool no_pivot;
	bool no_new_keyring;
	/* The calling process waits for the program, and records how it ended (core/container/ended.h). */
	bool attended;
	/*
	 * A stopped container, whose lock we hold, that is started again: the new run is made in its
	 * directory, which container_create() takes over.  Namespaces that it had and that others are
	 * in are taken up (share.h).  NULL: a new container is made.
	 */
	struct container *again;
	/* The directory that store_use_begin() has made, of a container of an image; NULL: no image. */
	const char *image_use;
	bool replace;	/* a container of this id is removed first, whatever its status */
	bool monitored; /* urun-monitor will stay beside the container (core/parent/detach.h) */
	/*
	 * `create` of a container that options make, of which nobody but `start` wants anything: the process that waits
	 * has no stream of the caller's, and `start` replaces it by a new run, with a log or in the foreground.
	 */
	bool placeholder;
	bool keep; /* the state stays after the program has ended */
	enum cgroup_manager cgroup_manager;
	bool ignore_cgroup_refusal; /* --rootless=true */
	const char *share;	    /* the key of --share */
	/* The container is a holder (core/container/holder.h): gets the connection.  NULL: it is none. */
	int *holding;
};

/*
 * Everything about a container, decided before anything is made.  Release with plan_release().
 * The parts point into each other's memory, so a plan is not copied.
 */
struct plan {
	const struct create_request *request; /* the caller's */
	struct container_config config;	      /* fitted to the user namespace and to the host */
	struct strbuf origin; /* the config before that, where it is to be kept; empty: it isn't */
	struct userns_caller caller;
	struct userns_plan userns;
	bool is_loaded;
	char *holder;	    /* of the key that the config has, share_key_begin(); NULL: none */
	struct share share; /* the namespaces of other containers that are joined */
	struct network_plan network;
	struct overlay overlay;
	struct cgroup_plan cgroup;
	unsigned int fallback_cpus; /* limit_fallback.h; 0: all processors */
	struct namespaces namespaces;
	struct ending ending;
	const struct userns_plan *emulated; /* the ids of root emulation; NULL: there is none */
	struct mount_plan mounts; /* made again when the files of the state directory are there */
};

/* Makes an empty plan, which plan_release() accepts as well. */
void plan_init(struct plan *plan, const struct create_request *request);
void plan_release(struct plan *plan);

/* The first step of plan_make(), for who needs the config before: reads it. */
int plan_load(struct plan *plan, struct error *err);

/*
 * Decides everything about the container, and refuses what is impossible here.  Reads the host, and
 * changes nothing.  Gathers all problems where the caller wants that (error_gather()).
 * Runs in: parent, before any process of the container exists.
 */
int plan_make(struct plan *plan, struct error *err);

/* Is the container's state told to hooks or to a seccomp agent? */
bool plan_tells_state(const struct plan *plan);

/* Appends the plan as text for a person: every mount, map and limit, the network and the filter. */
void plan_print(const struct plan *plan, struct strbuf *out);

/*
 * Finds the problems that only a try shows: of the ports, the filter and the network; then, where no
 * problem was found so far, makes a container as planned, up to the moment in which the program would run
 * (core/parent/try.h).  Nothing of the tries stays.  The plan is used up.
 * Runs in: parent, after plan_make(), in place of the container's creation.
 */
int plan_try(struct plan *plan, struct error *err);

#endif
