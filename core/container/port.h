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
 * The published ports of a container, and its urun-port, which is there as soon as there is one.
 * Runs in: parent.
 */

/* What the texts ask for.  Release with publish_list_release(). */
struct publish_list {
	struct publish *items;
	size_t count;
};

/* Fails with the text and what is wrong with it; nothing of the host is looked at. */
int publish_list_parse(const struct str_list *texts, struct publish_list *ret_list,
		       struct error *err);
void publish_list_release(struct publish_list *list);
#define autopublishlist __attribute__((cleanup(publish_list_release)))

struct ports {
	struct published_list published; /* the sockets; stays for what was chosen to be told */
	struct helper helper;
	int pidfd; /* of the urun-port that stays, once it was awaited; -1: none */
	/*
	 * The container's, for urun-port to join; -1: not known yet.  Descriptors, since the
	 * process that urun-port lives as long as can be one that we can't look at.
	 */
	int user_namespace;
	int network_namespace;
};
#define PORTS_NONE                              \
	((struct ports){ .helper = HELPER_NONE, \
			 .pidfd = -1,           \
			 .user_namespace = -1,  \
			 .network_namespace = -1 })

/* Opens the host's sockets, before anything else is made: a port that can't be had is told then. */
int ports_open(const struct publish_list *list, struct ports *ret_ports, struct error *err);

/* ---- beside the container's creation; nothing to do where no port is published ---- */

/* @network is the text of netns/options.h, and outlives @ports. */
int ports_launch(struct ports *ports, const char *network, struct error *err);

/*
 * The container's network namespace is whole: urun-port joins it, and ends with process
 * @life_pidfd.  @ports has both namespaces by then.  Makes its control socket in the state
 * directory.
 */
int ports_give(struct ports *ports, const struct state_dir *dir, int life_pidfd, struct error *err);

/* Waits until connections are taken. */
int ports_await(struct ports *ports, const struct state_dir *dir, struct error *err);

/* Kills what was started and waits until its addresses are free; closes the sockets. */
void ports_undo(struct ports *ports);

/* Closes the descriptors. */
void ports_release(struct ports *ports);

/* ---- later: by the control socket in the state directory ---- */

/*
 * The container has ended: returns when the addresses are free.  Nothing to do without urun-port.
 */
void ports_end(const struct state_dir *dir);

/* *ret_entries is the caller's to free; NULL where none is published. */
int container_ports_list(const char *root, const char *id, struct port_entry **ret_entries,
			 size_t *ret_count, struct error *err);

/*
 * Takes ports away, one after the other up to one that isn't there, then publishes others: all of
 * @add, or none where one of them can't be had.
 * *ret_added are those, without descriptors; release with published_list_release().
 */
int container_ports_change(const char *root, const char *id, const struct str_list *add,
			   const struct str_list *remove, struct published_list *ret_added,
			   struct error *err);

#endif
