/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_MESSAGE_H
#define URUN_SYNC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/str.h"

/* What the child calls itself (PR_SET_NAME) until execve. */
#define INIT_COMM "urun:init"

/*
 * The messages of the sync pipe, in the order in which they come.
 *
 *   parent: urun                                child: urun init
 *   ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
 *   only to a process that joins the namespaces by itself (core/parent/clone.c says when):
 *   namespaces           JOIN ────────────────▶ joins or makes the user namespace
 *                     ◀───────────── JOINED     the user namespace is new and waits for its maps
 *   to all:
 *   maps are written     BOOTSTRAP ───────────▶ becomes root; a clone of the parent joins and executes itself
 *   scoped config        CONFIG ──────────────▶ namespaces that come second, mounts, devices, console
 *   starts urun-slirp ◀──────────── NETWORK     with the tap device and its namespaces; only where the container's network is slirp
 *   starts fuse-overlayfs ◀──────── OVERLAY     with the FUSE descriptor of the root; only where it is to be served so
 *   gives it to a helper ◀────────── RESOLV     with the container's resolv.conf; only where it was written in the root itself
 *                     ◀────────────── HOOKS     rootfs is ready and not entered; only where the config has such hooks
 *   prestart, createRuntime  RESUME ──────────▶ createContainer hooks; pivot_root; masked paths; sysctl
 *                     ◀────────────── READY     with the console's master, where the process has a terminal
 *   state, pid file      RUN ─────────────────▶ waits for `start` where that was ordered; startContainer hooks; execve
 *                     ◀──── end of the pipe     execve happened: the pipe is close-on-exec
 *
 *                     ◀───────────── FORKED     once between CONFIG and READY, from a process that joins by itself: a
 *                                               child of the first process, in the container's pid namespace, goes on
 *   new pid in state     ADOPTED ─────────────▶ goes on
 *                     ◀──────────────── LOG     at any time
 *                     ◀────────────── ERROR     at any time; the last one: the child is gone then
 *
 * The FIFO from which `start` hears of a created container carries ERROR and LOG alone, and its end says the same as the
 * pipe's.  Where the container's filter lets nothing be sent, a file has the error: core/sync/failure.h.
 * Both ends are the same file executed, so payloads that aren't text are plain structs.
 */
enum message_type {
	MESSAGE_BOOTSTRAP = 1, /* no payload */
	MESSAGE_CONFIG,	 /* struct message_order and its sections; the descriptors of order.fds */
	MESSAGE_NETWORK, /* no payload; the device, the user and the network namespace */
	MESSAGE_OVERLAY, /* no payload; the FUSE descriptor */
	MESSAGE_RESOLV,	 /* no payload; the file, to be read and written */
	MESSAGE_HOOKS,	 /* no payload */
	MESSAGE_RESUME,	 /* no payload */
	MESSAGE_READY,	 /* no payload; one descriptor or none */
	MESSAGE_RUN,	 /* no payload */
	MESSAGE_LOG,	 /* uint8_t level, then the text */
	MESSAGE_ERROR,	 /* struct message_error */
	MESSAGE_JOIN,	 /* struct message_join; a descriptor for each namespace that is joined */
	MESSAGE_JOINED,	 /* no payload */
	MESSAGE_FORKED,	 /* no payload; a pidfd of the sender */
	MESSAGE_ADOPTED, /* uint32_t: the sender's pid, as the parent sees it */
};

/* As a set: what the reader is ready to take in its state. */
#define MESSAGE_BIT(type) (1u << (type))

#define MESSAGE_FDS_MAX 8

struct message {
	enum message_type type;
	char *payload; /* with a NUL behind its size bytes */
	size_t size;
	int fds[MESSAGE_FDS_MAX];
	size_t fd_count;
};

#define MESSAGE_NONE ((struct message){ .fds = { -1, -1, -1, -1, -1, -1, -1, -1 } })

/* Frees the payload and closes the descriptors that nobody took. */
void message_release(struct message *message);
#define automessage __attribute__((cleanup(message_release)))

/* The last argument of `urun init` for a process that is sent JOIN first. */
#define INIT_MODE_JOIN "join"

/* What MESSAGE_JOIN carries. */
struct message_join {
	uint32_t new_flags; /* CLONE_NEW…: the namespaces to make */
	/* One bit for each enum config_namespace_type; the descriptors come in the order of the bits. */
	uint32_t joined;
	uint32_t before_user; /* those of @joined that need the caller's user namespace */
	/* The root of the user namespace; see userns_become_root(). */
	uint32_t root_uid;
	uint32_t root_gid;
	uint32_t drop_groups; /* 1: the caller's supplementary groups are dropped */
};

/*
 * A failure as it is sent.  It has no pointer: a struct error's would be an address that the
 * sender, whom the parent doesn't trust, has chosen.
 */
struct message_error {
	int32_t code;	/* errno, or 0 */
	int32_t status; /* 0 … 255 */
	char text[ERROR_TEXT_SIZE];
	char hint[ERROR_HINT_SIZE];
};

/* Makes no system call. */
void message_error_make(const struct error *err, struct message_error *ret_sent);

/*
 * The child's failure becomes ours; returns -1.  The child isn't trusted: its texts are ended here, its
 * numbers are checked, and err->all, which is the parent's own list, stays what it is.
 */
int message_error_adopt(const struct message_error *received, struct error *err);

enum order_flag {
	ORDER_NO_PIVOT = 1 << 0,	/* MS_MOVE and chroot in place of pivot_root */
	ORDER_NEW_KEYRING = 1 << 1,	/* a session keyring of its own */
	ORDER_WAIT_START = 1 << 2,	/* after RUN: wait on the FIFO that is ORDER_FD_START */
	ORDER_DIE_WITH_PARENT = 1 << 4, /* the program too is killed when the parent ends */
	ORDER_KEEP_GROUPS = 1 << 5,	/* supplementary groups are left as they are */
	ORDER_SETGROUPS_DENIED = 1 << 6,
	ORDER_FILTER = 1 << 7,	      /* there is a seccomp filter, in its section */
	ORDER_SETNS = 1 << 8,	      /* join what is there: `exec`, not the first process */
	ORDER_FUSE_OVERLAY = 1 << 10, /* the overlay over the root is fuse-overlayfs */
	/* `exec`: the user's groups are those of the container's /etc/passwd and /etc/group */
	ORDER_OWN_GROUPS = 1 << 11,
	ORDER_PRCTL_ALLOWED = 1 << 12, /* the filter lets prctl(2) through */
	ORDER_TRY = 1 << 13,	       /* `check`: the program is executed and doesn't run */
};

/* Descriptors that come with CONFIG, each only where there is one, in this order. */
enum order_fd {
	ORDER_FD_START, /* ORDER_WAIT_START: the FIFO that `start` writes into */
	ORDER_FD_STARTED, /* the same: the FIFO from which `start` hears of the execve, or of an error */
	ORDER_FD_FAILED,	  /* the same: a file for an error, see core/sync/failure.h */
	ORDER_FD_SECCOMP_SOCKET,  /* the connection that the seccomp listener is sent over */
	ORDER_FD_MOUNT_NAMESPACE, /* the one to join */
	ORDER_FD_COUNT,
};
#define ORDER_FDS_NONE             \
	{                          \
		-1, -1, -1, -1, -1 \
	}

enum order_section {
	ORDER_CONFIG,	      /* the scoped config, JSON without linux.seccomp's rules */
	ORDER_FILTER_BPF,     /* struct sock_filter[] */
	ORDER_ID,	      /* the container's id */
	ORDER_STATE_CREATING, /* the state for hooks, JSON; empty where there are no hooks */
	ORDER_STATE_CREATED,
	ORDER_NETWORK,	/* of NETWORK_SLIRP: struct network_options; else empty */
	ORDER_HOOK_ENV, /* for hooks without one: "NAME=value" of the caller, a NUL behind each */
	ORDER_SECTION_COUNT,
};

/* What MESSAGE_CONFIG begins with; the sections follow in their order, each with a NUL behind it. */
struct message_order {
	uint32_t flags;	       /* enum order_flag */
	uint32_t fds;	       /* one bit for each enum order_fd that comes along */
	uint32_t filter_flags; /* for seccomp(2) */
	uint32_t preserve_fds; /* descriptors 3 … 2 + this are the program's */
	uint32_t log_level;    /* enum log_level */
	uint32_t pid;	       /* init's, as the parent sees it */
	/*
	 * The first of the descriptors that init has from its start for the mounts' sources, as the
	 * caller can open them: the root's, then one a mount; one that isn't O_PATH is none.  0: there
	 * are no such descriptors.
	 */
	uint32_t first_source;
	uint32_t section_sizes[ORDER_SECTION_COUNT]; /* without the NUL */
};

/* Puts the payload of MESSAGE_CONFIG together: @order's section_sizes are set here. */
void message_order_pack(struct message_order *order,
			const struct strbuf sections[static ORDER_SECTION_COUNT],
			struct strbuf *ret_payload);

/*
 * The inverse: *ret_sections point into @message's payload.  Fails where the sizes don't fit.
 */
int message_order_unpack(const struct message *message, struct message_order *ret_order,
			 const char *ret_sections[static ORDER_SECTION_COUNT], struct error *err);

#endif
