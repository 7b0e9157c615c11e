/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_MEMBER_H
#define URUN_NETNS_MEMBER_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/*
 * The containers that share a network (core/container/share.h) are the members of its urun-slirp:
 * the container that it was started for, and each that joined.  urun-slirp has a pidfd of each
 * member's first process, and ends with the last member, so nothing has to be running for a network
 * to live or to end.  It also keeps the members' /etc/hosts and /etc/resolv.conf up to date: a
 * member's name is 127.0.0.1 in the /etc/hosts of all, as long as the member lives.
 *
 *   urun (run, create)                              urun-slirp
 *   ──────────────────────────────────────────────────────────────────────────────────────
 *   for the container itself: with GIVE (netns/ready.h), behind the kind
 *   for one that joins, on a SOCK_SEQPACKET connection to the control socket:
 *   struct member, its pidfd, and the files     ────▶ serves it from now on
 *                                               ◀──── struct member_answer
 *
 * Only processes of the same user reach the socket, which is in a directory of mode 0700.  Both
 * programs are of one installation, so the packets are plain structs.
 * Runs in: parent; urun-slirp.
 */
#define MEMBER_NAME_SIZE 256 /* a container's id, NUL included */

/* Which files are sent, in this order, behind the pidfd: open for reading and writing. */
enum member_file { MEMBER_RESOLV, MEMBER_HOSTS, MEMBER_FILE_COUNT };

struct member {
	uint32_t files; /* one bit for each enum member_file */
	char name[MEMBER_NAME_SIZE];
};

struct member_answer {
	int32_t errnum; /* 0: success */
};

/* Describes the container @name (an id).  @files: -1 where there is none. */
struct member member_make(const char *name, const int files[static MEMBER_FILE_COUNT]);

/*
 * Makes the container whose first process is @pidfd a member, by @control, a connection.  The caller
 * keeps all descriptors.  Returns when the files have the names.
 */
int member_join(int control, const struct member *member, int pidfd,
		const int files[static MEMBER_FILE_COUNT], struct error *err);

#endif
