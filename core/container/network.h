/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_NETWORK_H
#define URUN_CONTAINER_NETWORK_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/container/bypass.h"
#include "core/container/port.h"
#include "core/container/share.h"
#include "core/container/state.h"
#include "core/sync/message.h"
#include "netns/launch.h"
#include "netns/options.h"

/* The network that a container is to have.  Release with network_plan_release(). */
struct network_plan {
	bool stated; /* else the config's namespaces decide, and only lo is made */
	/*
	 * What was said, see netns/options.h; the caller's or the config's, or of the container
	 * whose network is joined.
	 */
	const char *text;
	const struct container *joined; /* the other container; NULL: no network is joined */
	struct network_options options;
	struct str_list
		publish_texts; /* in the config's memory: what --publish or the annotation says */
	struct publish_list publish;
	bool bypass; /* urun-bypass is to be started: asked for, and nothing is in the way */
	/* The config's annotations; NULL: none.  See core/config/change.h. */
	const char *resolv_lines, *hosts_lines, *keep_etc;
};

/*
 * Plans the network.  @text is the text of --network; NULL: not given, then the annotation counts.
 * Where @share joins another container's network, the plan is that of the other container, and
 * @share must outlive it.
 * The config's network namespace becomes what the kind needs: a new one, or none for the host's.
 * ORDER: before the config is scoped, which depends on the namespaces.
 * Fails where a text is wrong, where the config joins a network namespace by path, or where ports
 * are published and the network isn't slirp.  Nothing is made.
 * Runs in: parent.
 */
int network_plan_make(const char *text, const struct str_list *publish, const struct share *share,
		      struct container_config *config, struct network_plan *ret_plan,
		      struct error *err);
void network_plan_release(struct network_plan *plan);

/* Is urun-slirp to be started, and the network device to be made? */
bool network_plan_has_slirp(const struct network_plan *plan);

/*
 * The processes of a container's network.
 * Runs in: parent.
 */
struct network {
	const struct network_plan *plan; /* outlives this struct */
	struct ports ports;
	struct helper slirp;
	struct bypass bypass;
	struct helper resolv;
	bool own_resolv; /* init writes resolv.conf in the root itself, and sends the file then */
	int resolv_fd;	 /* the file that init has sent; -1: none */
	int hosts_fd;	 /* likewise */
	int pidfd;	 /* of urun-slirp, once network_await() has returned; -1: none */
	int resolv_pidfd;
};
#define NETWORK_UNMADE                            \
	((struct network){ .ports = PORTS_NONE,   \
			   .slirp = HELPER_NONE,  \
			   .bypass = BYPASS_NONE, \
			   .resolv = HELPER_NONE, \
			   .resolv_fd = -1,       \
			   .hosts_fd = -1,        \
			   .pidfd = -1,           \
			   .resolv_pidfd = -1 })

/*
 * Makes resolv.conf, hosts and hostname in the state directory, and adds bind mounts of them to the
 * config.  Where the config itself mounts one of them, the config's mount stays alone.  Does
 * nothing where no network was stated.
 */
int network_make_files(struct network *network, const struct state_dir *dir,
		       struct container_config *config, struct error *err);

/*
 * Opens the host's sockets of the published ports: a port that isn't available is reported before
 * anything else is made.
 */
int network_open_ports(const struct network_plan *plan, struct network *ret_network,
		       struct error *err);

/*
 * Starts urun-slirp, where the network is slirp, urun-port, where ports are published, urun-bypass,
 * where the network has one, and urun-resolv with the host's network (netns/host_resolv.h).  They get
 * ready while the next steps run.  After network_open_ports().
 */
int network_launch(struct network *network, const struct state_dir *dir, struct error *err);

/*
 * Takes over the descriptors of MESSAGE_RESOLV: the files that init says it has written.  They come
 * from the container's side, so anything but a regular file that can be read and written is refused.
 */
int network_take_files(struct network *network, struct message *message, struct error *err);

/*
 * Hands the device that init has made to urun-slirp.  Takes over *tap_fd.
 * ORDER: after network_take_files(), where network->own_resolv is set and init has written the
 * file.
 */
int network_give(struct network *network, const struct state_dir *dir, int *tap_fd, int life_pidfd,
		 struct error *err);

/*
 * Gives urun-resolv, if there is one, its file, after all mounts are made.  urun-resolv ends with
 * process @life_pidfd.  Where it fails, now or in network_await(), the container goes on without
 * it, with a warning.
 */
void network_give_resolv(struct network *network, const struct state_dir *dir, int life_pidfd);

/*
 * Waits until the network can be used, and records the process of the network in @state.  Where the
 * network is another container's, joins its processes instead: they live as long as @life_pidfd, too.
 * Returns 1
 * where @state has changed, 0 where there is nothing to wait for, -1 with an error.
 */
int network_await(struct network *network, const struct state_dir *dir, int life_pidfd,
		  struct container_state *state, struct error *err);

/* Kills the processes that were started, and closes the descriptors. */
void network_undo(struct network *network);

/* Closes the descriptors; the processes go on. */
void network_release(struct network *network);

/* ---- later, from the state ---- */

/*
 * For a container that has ended: ends its urun-port where that still lives.  urun-slirp ends by
 * itself when it has sent the container's last bytes, which takes ten seconds at most.  Where the
 * network was shared and has no urun-slirp, the container's name goes from the others' /etc/hosts.
 */
void network_end(const struct state_dir *dir, const struct container_state *state);

/* Warns where the container had an urun-slirp that has ended. */
void network_warn_if_lost(const struct state_dir *dir, const struct container_state *state);

#endif
