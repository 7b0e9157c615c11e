/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_SHARE_H
#define URUN_CONTAINER_SHARE_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/container/ended.h"
#include "core/container/state.h"
#include "rootless/idmap.h"

/*
 * Containers that share namespaces: `--network container:ID`, and likewise --pid, --ipc and --uts.
 * core/container/share.c has the theory.
 *
 * The container that made the namespaces is their *founder*; all containers in them, the founder
 * included, are *members*.  Each member's state has the founder's key for each namespace that it
 * shares, so that members find each other when the founder has ended.
 * Runs in: parent.
 */
struct share {
	/* Does the container join a namespace of this type?  Then @fds has it, and @keys its key. */
	bool joins[CONFIG_NS_COUNT];
	int fds[CONFIG_NS_COUNT];    /* -1: not joined */
	char *keys[CONFIG_NS_COUNT]; /* NULL: not joined */
	/* The container whose network is joined; its directory is closed where there is none. */
	struct container network;
	/*
	 * The mount namespace in which the /dev/shm of a joined ipc namespace is; -1: no ipc
	 * namespace is joined.
	 */
	int shm_namespace;
	/* The container whose pid namespace is joined; first_pidfd is -1 where there is none. */
	pid_t first_pid;
	int first_pidfd;
	char *first_id;
	bool shows_host; /* the state's of a container whose user namespace is joined */
	/* The container starts again, and takes up namespaces that its members have kept alive. */
	bool takes_up;
};

#define SHARE_NONE                                                          \
	((struct share){ .fds = { [0 ... CONFIG_NS_COUNT - 1] = -1 },       \
			 .network = { .dir = { .fd = -1, .root_fd = -1 } }, \
			 .shm_namespace = -1,                               \
			 .first_pidfd = -1 })

void share_release(struct share *share);

/*
 * Finds the containers that the annotations of @config, or @network (the text of --network; may be
 * NULL), say "container:ID" of; opens their namespaces; and changes @config so that the new
 * container joins these and the user namespace that owns them.  With @previous, the state of the
 * stopped container @id that starts again (NULL: it's a new one), the namespaces that @previous had
 * and others still are in are joined likewise.  With @holder (core/container/holder.h; NULL: none), its pid and
 * ipc namespaces are joined.
 * The paths in the config are those of our own descriptors, so *ret_share is released after
 * namespaces_open().
 * Fails where a container doesn't run, has no such namespace of its own, or has other ids than
 * @config says, where the containers have different user namespaces, and where @config has CAP_SYS_ADMIN and a
 * container shows the host's own system.  Release with
 * share_release().
 * ORDER: before the network is planned and before the config is scoped, which depend on the
 * namespaces.
 */
int share_find(const char *root, const char *id, const char *network, const char *holder,
	       const struct container_state *previous, struct container_config *config,
	       struct share *ret_share, struct error *err);

/*
 * After a creation has failed with @err: where the container has ended whose pid namespace was joined,
 * its end becomes the error.  (The kernel answers with ENOMEM, or kills the process.)  An error about
 * the program itself (err->status is set) stays.
 */
void share_explain(const struct share *share, struct error *err);

/* Is a namespace of another container joined? */
bool share_is_any(const struct share *share);

/*
 * For the config that later commands read: takes out the paths, which are those of our descriptors,
 * and adds the ids of the user namespace, @uids and @gids.
 * ORDER: after init has received the config.
 */
void share_settle_config(const struct share *share, const struct idmap *uids,
			 const struct idmap *gids, struct container_config *config);

/* Writes the keys into the state of the new container. */
void share_record(const struct share *share, struct container_state *state);

/*
 * The key of @state's namespace of @type: the founder's id, a blank, and the time at which the
 * founder was created.  The caller frees it.
 */
char *share_key(const struct container_state *state, enum config_namespace_type type);

/*
 * Has the stopped container ended because process 1 of the pid namespace ended, which is another
 * container's?  Returns the id of that container, which the caller frees, or NULL.  @ended is the
 * record of the stopped one; NULL: there is none.
 */
char *share_ended_with(const char *root, const struct container_state *state,
		       const struct ended *ended);

/*
 * How the program of the stopped @container ended: its record, with ended_with where another
 * container was the cause.  Returns 1; 0 where nothing is known; or -1.  Release with
 * ended_release().
 */
int share_read_ended(const char *root, const struct container *container, struct ended *ret_ended,
		     struct error *err);

/*
 * Calls @found for each container below @root, other than @but, that runs or is being created and
 * whose namespace of @type has the key @key, until @found doesn't return 0.  A container that can't
 * be read is left out.
 * Returns the last result of @found, or -1 with an error where @root can't be read.
 */
int share_each_member(const char *root, const char *key, enum config_namespace_type type,
		      const char *but,
		      int (*found)(struct container *member, int pidfd, void *context,
				   struct error *err),
		      void *context, struct error *err);

#endif
