/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_NETWORK_H
#define URUN_CONTAINER_NETWORK_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/container/port.h"
#include "core/container/state.h"
#include "netns/launch.h"
#include "netns/options.h"

/*
 * Which network a container is to have.  Release with network_plan_release().
 */
struct network_plan {
	bool stated;	  /* else the config's namespaces say all, and lo is all that is made */
	const char *text; /* what was said, see netns/options.h; the caller's or the config's */
	struct network_options options;
	struct publish_list publish;
};

/*
 * @text is that of --network, NULL: not given, then that of the annotation counts.  The config's
 * network namespace becomes what the kind needs: new, or none for the host's.
 * ORDER: before the config is scoped, which depends on the namespaces.
 * Fails where a text is wrong, the config joins a network namespace by path, or ports are published
 * of a network that isn't slirp.  Nothing is made.
 * Runs in: parent.
 */
int network_plan_make(const char *text, const struct str_list *publish,
		      struct container_config *config, struct network_plan *ret_plan,
		      struct error *err);
void network_plan_release(struct network_plan *plan);

/* Is urun-slirp to be started? */
bool network_plan_has_slirp(const struct network_plan *plan);

/*
 * The processes of a container's network.
 * Runs in: parent.
 */
struct network {
	const struct network_plan *plan; /* lives longer */
	struct ports ports;
	struct helper slirp;
	struct helper resolv;
	bool own_resolv; /* init is to write resolv.conf in the root itself, and to send it then */
	int resolv_fd;	 /* the file that it has sent; -1: none */
	int pidfd;	 /* of the urun-slirp that stays, once it was awaited; -1: none */
	int resolv_pidfd;
};
#define NETWORK_UNMADE                            \
	((struct network){ .ports = PORTS_NONE,   \
			   .slirp = HELPER_NONE,  \
			   .resolv = HELPER_NONE, \
			   .resolv_fd = -1,       \
			   .pidfd = -1,           \
			   .resolv_pidfd = -1 })

/*
 * Makes resolv.conf, hosts and hostname in the state directory, and binds of them at the end of the
 * config's mounts; those that the config mounts itself are left to it.  Nothing to do where no
 * network was stated.
 */
int network_make_files(struct network *network, const struct state_dir *dir,
		       struct container_config *config, struct error *err);

/*
 * Opens the host's sockets of the published ports: a port that can't be had is told before anything
 * else is made.
 */
int network_open_ports(const struct network_plan *plan, struct network *ret_network,
		       struct error *err);

/*
 * Starts urun-slirp, where the network is slirp, urun-port, where ports are published, and
 * urun-resolv with the host's network (netns/host_resolv.h): they get ready beside all that
 * follows.  After network_open_ports().
 */
int network_launch(struct network *network, struct error *err);

/*
 * Takes *@fd over: the resolv.conf that init says it has written.  It comes from the container's
 * side, so what isn't a regular file that can be read and written is refused.
 */
int network_take_resolv(struct network *network, int *fd, struct error *err);

/*
 * Init has made the device: hands it to urun-slirp.  Takes over *tap_fd.
 * ORDER: after network_take_resolv(), where network->own_resolv is set and init has written the
 * file.
 */
int network_give(struct network *network, const struct state_dir *dir, int *tap_fd, int life_pidfd,
		 struct error *err);

/*
 * All mounts are made: urun-resolv gets its file, where there is one.  It ends with process
 * @life_pidfd.  Where it fails, now or in network_await(), the container goes on without, with a
 * warning.
 */
void network_give_resolv(struct network *network, const struct state_dir *dir, int life_pidfd);

/*
 * Waits until the network can be used, and notes in @state which process it is.  Returns 1 where
 * @state has changed, 0 where there is nothing to wait for, -1 with an error.
 */
int network_await(struct network *network, const struct state_dir *dir,
		  struct container_state *state, struct error *err);

/* Kills what was started, and closes the descriptors. */
void network_undo(struct network *network);

/* Closes the descriptors, and leaves the processes be. */
void network_release(struct network *network);

/* ---- later: by what the state says ---- */

/*
 * The container has ended: ends its urun-port where that lives still.  urun-slirp ends by itself,
 * when it has sent on what the container sent last, which takes ten seconds at most.
 */
void network_end(const struct state_dir *dir);

/* A warning where the container had an urun-slirp and it has ended. */
void network_warn_if_lost(const struct state_dir *dir, const struct container_state *state);

#endif
