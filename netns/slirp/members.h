/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_MEMBERS_H
#define URUN_NETNS_SLIRP_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "netns/member.h"
#include "netns/options.h"
#include "netns/slirp/pollset.h"

/*
 * The containers of the network: netns/member.h.
 * Runs in: urun-slirp.
 */
struct members;

/* Takes over @listener, the control socket.  -1: nobody can join. */
struct members *members_new(int listener);
void members_free(struct members *members, struct pollset *set);

/* Adds a member; takes over the descriptors in any case.  Returns 0 or a negative errno. */
int members_add(struct members *members, const struct member *member, int pidfd,
		const int files[static MEMBER_FILE_COUNT]);

/* Asks for the events that members_run() serves. */
void members_ask(struct members *members, struct pollset *set);

/*
 * Serves what is ready: members that have ended are removed, and new ones added.  In both cases the
 * files of all get the names of those that are left.
 */
void members_run(struct members *members, struct pollset *set);

/* Is there a member that hasn't ended? */
bool members_are_left(const struct members *members);

/* The host's resolv.conf is @text: passes it on to the members' files.  @options must outlive @members. */
void members_update_resolv(struct members *members, const struct network_options *options,
			   const char *text, size_t size);

#endif
