/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_MESSAGE_H
#define URUN_SYNC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/str.h"

/* The name (PR_SET_NAME) that the child gives itself until execve. */
#define INIT_COMM "urun:init"

/*
 * The messages of the sync pipe, in the order in which they are sent.
 *
 *   parent: urun                                child: urun init
 *   ───────────────────────────────────────────────────────────────────────────────────────────
 *   only where the child joins the namespaces by itself (core/parent/clone.c explains when):
 *   namespaces           JOIN ────────────────▶ joins or makes the user namespace
 *                     ◀───────────── JOINED     the user namespace is new, its maps aren't written
 *   always:
 *   maps are written     BOOTSTRAP ───────────▶ becomes root; a clone joins and executes itself
 *   scoped config        CONFIG ──────────────▶ second namespaces, mounts, devices, console
 *   idmapped volumes     TREE ────────────────▶ order.trees of them
 *   starts urun-slirp ◀──────────── NETWORK     the network is slirp: the tap device
 *   starts fuse-overlayfs ◀──────── OVERLAY     fuse-overlayfs serves the root: its FUSE descriptor
 *   gives it to a helper ◀────────── RESOLV     resolv.conf was written in the root itself
 *                     ◀────────────── HOOKS     the config has early hooks; the rootfs is ready
 *   prestart, createRuntime  RESUME ──────────▶ createContainer; pivot_root; masked paths; sysctl
 *                     ◀────────────── READY     the process has a terminal: its console's master
 *   state, pid file      RUN ─────────────────▶ waits for `start`; startContainer hooks; execve
 *                     ◀──── end of the pipe     execve happened: the pipe is close-on-exec
 *
 *   once between CONFIG and READY, where the child joins the namespaces by itself:
 *                     ◀───────────── FORKED     its child, in the new pid namespace, goes on
 *   new pid in state     ADOPTED ─────────────▶ goes on
 *   at any time:
 *                     ◀──────────────── LOG
 *                     ◀────────────── TRACE     with --trace
 *                     ◀────────────── ERROR     the last message: the child ends
 *
 * `start` reads a FIFO of the created container in place of the pipe.  The FIFO carries ERROR and
 * LOG only, and its end means the same as the end of the pipe.  Where the container's filter lets
 * nothing be sent, the error is in a file: core/sync/failure.h.
 * Both sides execute the same file, so payloads that aren't text are plain structs.
 */
enum message_type {
	MESSAGE_BOOTSTRAP = 1, /* no payload */
	MESSAGE_CONFIG,	 /* struct message_order and its sections; the descriptors of order.fds */
	MESSAGE_NETWORK, /* no payload; the device, the user and the network namespace */
	MESSAGE_OVERLAY, /* no payload; the FUSE descriptor */
	MESSAGE_RESOLV, /* an enum etc_file in a byte for each file; the files, to be read and written */
	MESSAGE_HOOKS,	 /* no payload */
	MESSAGE_RESUME,	 /* no payload */
	MESSAGE_READY,	 /* no payload; one descriptor or none */
	MESSAGE_RUN,	 /* no payload */
	MESSAGE_LOG,	 /* uint8_t level, then the text */
	MESSAGE_ERROR,	 /* struct error_packet (core/base/error.h) */
	MESSAGE_JOIN,	 /* struct message_join; a descriptor for each namespace that is joined */
	MESSAGE_JOINED,	 /* no payload */
	MESSAGE_FORKED,	 /* no payload; a pidfd of the sender */
	MESSAGE_ADOPTED, /* uint32_t: the sender's pid, as the parent sees it */
	MESSAGE_TREE,	 /* uint32_t: the step of the mount plan; its source, idmapped */
	MESSAGE_TRACE,	 /* struct trace_event[] (core/base/trace.h), before READY: ORDER_TRACE */
};

/* The files of /etc that urun updates while the container runs. */
enum etc_file { ETC_FILE_RESOLV = 'r', ETC_FILE_HOSTS = 'h' };

/* For sets of types, such as those that a reader accepts at the moment. */
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

/* Frees the payload and closes the descriptors that are still in the message. */
void message_release(struct message *message);
#define automessage __attribute__((cleanup(message_release)))

/* The last argument of `urun init` for a process that is sent JOIN first. */
#define INIT_MODE_JOIN "join"

/* The payload of MESSAGE_JOIN. */
struct message_join {
	uint32_t new_flags; /* CLONE_NEW…: the namespaces to make */
	/*
	 * One bit for each enum config_namespace_type; the descriptors are in the order of the
	 * bits.
	 */
	uint32_t joined;
	uint32_t before_user; /* types of @joined that need the caller's user namespace */
	/* The root of the user namespace; see userns_become_root(). */
	uint32_t root_uid;
	uint32_t root_gid;
	uint32_t drop_groups; /* 1: the caller's supplementary groups are dropped */
};

enum order_flag {
	ORDER_NO_PIVOT = 1 << 0,	/* MS_MOVE and chroot in place of pivot_root */
	ORDER_NEW_KEYRING = 1 << 1,	/* a session keyring of its own */
	ORDER_WAIT_START = 1 << 2,	/* after RUN: wait on the FIFO that is ORDER_FD_START */
	ORDER_DIE_WITH_PARENT = 1 << 4, /* the program too is killed when the parent ends */
	ORDER_KEEP_GROUPS = 1 << 5,	/* supplementary groups are left as they are */
	ORDER_SETGROUPS_DENIED = 1 << 6,
	ORDER_FILTER = 1 << 7,	       /* there is a seccomp filter: ORDER_FILTER_BPF */
	ORDER_SETNS = 1 << 8,	       /* `exec`: join the namespaces of a running container */
	ORDER_FUSE_OVERLAY = 1 << 10,  /* the overlay over the root is served by fuse-overlayfs */
	ORDER_PRCTL_ALLOWED = 1 << 12, /* the filter lets prctl(2) through */
	ORDER_TRY = 1 << 13,	       /* `check`: the program is executed, but never runs */
	ORDER_PID1 = 1 << 14,	       /* --init: the program's parent is urun's own process 1 */
	ORDER_VOLATILE_OVERLAY = 1 << 15, /* the changes are removed with the container */
	ORDER_HOST_RIGHTS = 1 << 16,	  /* the container has no user namespace but the host's */
	ORDER_ROOT_NODEV = 1 << 17,	  /* device files in the root file system don't open */
	ORDER_HOLD = 1 << 18,		  /* after RUN: hold the namespaces, ORDER_FD_HOLD */
	ORDER_CONSOLE_SENT = 1 << 19,	  /* the terminal is an engine's: --console-socket */
	ORDER_VIEW = 1 << 20,		  /* no overlay: the host's system is shown read-only */
	ORDER_TRACE = 1 << 21,		  /* the parent wants to know of init's steps: --trace */
};

/* Descriptors that are sent with CONFIG, each only where it is needed, in this order. */
enum order_fd {
	ORDER_FD_START,		  /* ORDER_WAIT_START: the FIFO that `start` writes into */
	ORDER_FD_STARTED,	  /* the same: the FIFO that tells `start` of execve or an error */
	ORDER_FD_FAILED,	  /* the same: a file for an error, see core/sync/failure.h */
	ORDER_FD_SECCOMP_SOCKET,  /* the connection that the seccomp listener is sent over */
	ORDER_FD_MOUNT_NAMESPACE, /* the mount namespace to join */
	ORDER_FD_SHM_NAMESPACE,	  /* the mount namespace whose /dev/shm is shared */
	ORDER_FD_HOLD,		  /* ORDER_HOLD: the listener of core/sync/hold.h */
	ORDER_FD_BYPASS,	  /* a connection to urun-bypass (netns/notify.h) */
	ORDER_FD_COUNT,
};
#define ORDER_FDS_NONE                         \
	{                                      \
		-1, -1, -1, -1, -1, -1, -1, -1 \
	}

enum order_section {
	ORDER_CONFIG, /* the scoped config, JSON without mounts and linux.seccomp's rules */
	ORDER_MOUNTS, /* the mount plan, see core/sync/mount_order.h; empty where nothing is mounted */
	ORDER_FILTER_BPF,     /* struct sock_filter[] */
	ORDER_EMULATION_BPF,  /* the same, of root emulation; empty: there is none */
	ORDER_ID,	      /* the container's id */
	ORDER_STATE_CREATING, /* the state for hooks, JSON; empty where there are no hooks */
	ORDER_STATE_CREATED,
	ORDER_NETWORK,	/* struct network_options where the network is slirp; else empty */
	ORDER_HOOK_ENV, /* environment of hooks without one: "NAME=value", a NUL behind each */
	ORDER_SECTION_COUNT,
};

/*
 * Begins the payload of MESSAGE_CONFIG.  The sections follow in order, each with a NUL behind it.
 */
struct message_order {
	uint32_t flags;	       /* enum order_flag */
	uint32_t fds;	       /* one bit for each enum order_fd that is sent with the message */
	uint32_t filter_flags; /* for seccomp(2) */
	uint32_t preserve_fds; /* how many descriptors from 3 on the program inherits */
	uint32_t log_level;    /* enum log_level */
	uint32_t pid;	       /* init's, as the parent sees it */
	/*
	 * The first of the descriptors of the mounts' sources (core/sync/source.h), which init
	 * inherits at its start: of the root, then of each mount.  Without O_PATH, a descriptor
	 * stands for a source that couldn't be opened.  0: init has no such descriptors.
	 */
	uint32_t first_source;
	uint32_t trees;				     /* so many MESSAGE_TREE follow */
	uint32_t section_sizes[ORDER_SECTION_COUNT]; /* without the NUL */
};

/* Builds the payload of MESSAGE_CONFIG, and sets @order's section_sizes. */
void message_order_pack(struct message_order *order,
			const struct strbuf sections[static ORDER_SECTION_COUNT],
			struct strbuf *ret_payload);

/*
 * The inverse of message_order_pack().  *ret_sections point into @message's payload.  Fails where
 * the sizes and the payload contradict each other.
 */
int message_order_unpack(const struct message *message, struct message_order *ret_order,
			 const char *ret_sections[static ORDER_SECTION_COUNT], struct error *err);

#endif
