/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_PORT_H
#define URUN_CONTAINER_PORT_H

#include <stddef.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/container/state.h"
#include "netns/launch.h"
#include "netns/ports/port.h"
#include "netns/ports/publish.h"

/*
 * The published ports of a container, and its urun-port, which runs as soon as there is a port.
 * Runs in: parent.
 */

/* The ports that the texts name.  Release with publish_list_release(). */
struct publish_list {
	struct publish *items;
	size_t count;
};

/* Fails with the text and its fault; doesn't look at the host. */
int publish_list_parse(const struct str_list *texts, struct publish_list *ret_list,
		       struct error *err);
void publish_list_release(struct publish_list *list);
#define autopublishlist __attribute__((cleanup(publish_list_release)))

struct ports {
	struct published_list published; /* the sockets; stays, to report the chosen ports */
	struct helper helper;
	int pidfd; /* of urun-port, once ports_await() has returned; -1: none */
	/*
	 * The container's namespaces, for urun-port to join; -1: not known yet.  Descriptors, since
	 * the process with which urun-port ends can be one that we may not look at.
	 */
	int user_namespace;
	int network_namespace;
};
#define PORTS_NONE                              \
	((struct ports){ .helper = HELPER_NONE, \
			 .pidfd = -1,           \
			 .user_namespace = -1,  \
			 .network_namespace = -1 })

/*
 * Opens the host's sockets, before anything else is made: a port that isn't available is reported
 * then.
 */
int ports_open(const struct publish_list *list, struct ports *ret_ports, struct error *err);

/* ---- beside the container's creation; nothing to do where no port is published ---- */

/* @network is the text of netns/options.h, and outlives @ports. */
int ports_launch(struct ports *ports, const char *network, struct error *err);

/*
 * For a container whose network namespace is complete: urun-port joins it, and ends with process
 * @life_pidfd.  @ports has both namespaces by then.  Makes the control socket in the state
 * directory.
 */
int ports_give(struct ports *ports, const struct state_dir *dir, int life_pidfd, struct error *err);

/* Waits until urun-port accepts connections. */
int ports_await(struct ports *ports, const struct state_dir *dir, struct error *err);

/* Kills urun-port and waits until its addresses are free; closes the sockets. */
void ports_undo(struct ports *ports);

/* Closes the descriptors. */
void ports_release(struct ports *ports);

/* ---- later: by the control socket in the state directory ---- */

/*
 * For a container that has ended: returns when the addresses are free.  Does nothing without
 * urun-port.
 */
void ports_end(const struct state_dir *dir);

/* Connects to the container's urun-port.  Returns 1; 0 where there is none; or -1. */
int ports_connect(const struct state_dir *dir, int *ret_control, struct error *err);

/* The caller frees *ret_entries, which is NULL where no port is published. */
int container_ports_list(const char *root, const char *id, struct port_entry **ret_entries,
			 size_t *ret_count, struct error *err);

/*
 * Removes ports, one after the other up to one that isn't published, then publishes others: all of
 * @add, or none where one isn't available.
 * *ret_added are the added ports, without descriptors; release with published_list_release().
 */
int container_ports_change(const char *root, const char *id, const struct str_list *add,
			   const struct str_list *remove, struct published_list *ret_added,
			   struct error *err);

#endif
