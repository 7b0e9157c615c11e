/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_STATE_H
#define URUN_CONTAINER_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/cgroup/plan.h"
#include "core/config/config.h"

/*
 * A container's directory below the state root (--root):
 *
 *   state.json  everything that is known since its creation; replaced as a whole, and not changed
 *               after the creation but for an urun-monitor that replaces another (core/container/replace.h)
 *   state.copy  a copy, by which `delete --force` finds the program where state.json was damaged
 *   config.json the config, scoped to the user namespace, which later commands use
 *   creating    the first file, whose text marks the directory as a container's; renamed to
 *   created     when the container is handed over
 *   resolv.conf, hosts, hostname
 *               bound to the container's /etc or written there, where a network was stated
 *   passwd, group
 *               likewise, where the config has lines for them: see core/container/etc_file.h
 *   origin.json the config as options made it, of a container without a bundle that stays after its
 *               end: for its next run
 *   again       while a stopped container is started again: core/container/again.h
 *   ended       how the program ended: core/container/ended.h
 *   waited      made by `wait`: a foreground `run` leaves the record, though it removes the container
 *   network     locked (flock(2)) by urun-slirp while it lives, where the network is slirp
 *   notify      a directory with the socket of sd_notify(3), where urun itself has one to write to
 *   members     the control socket of urun-slirp, where the network is slirp: netns/member.h
 *   ports       the control socket of urun-port; exists where ports are published.  A container
 *               that shares another's network has hard links to that one's network, members and
 *               ports
 *   hold        the socket of a holder (core/container/holder.h)
 *   log, monitor, ended
 *               of a container that runs detached: see core/container/detached.h
 *   start       the FIFO on which a created container waits for `start`; exists until then
 *   started     the FIFO on which `start` learns of the program's execve, or of an error
 *   failed      an error that the container's seccomp filter doesn't let init send:
 *              core/sync/failure.h
 *
 * The directory itself is the lock (flock(2)): the command that changes a container holds it.  The
 * status isn't stored but computed: from the pid and its start time, from the files creating and
 * start, and from whether the cgroup is frozen.
 * Source: OCI runtime-spec 1.3, runtime.md "State".
 */
enum container_status {
	CONTAINER_CREATING,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_STOPPED,
};

const char *container_status_name(enum container_status status);

/* state.json */
struct container_state {
	struct arena arena; /* owns what the members point to */
	char *oci_version;
	char *id;
	struct opt_u64 pid; /* in the pid namespace of the runtime */
	/*
	 * Start time of the process, in clock ticks since boot; 0: unknown yet, since /proc
	 * hides the process.
	 */
	struct opt_u64 start_time;
	struct opt_u64 pid_inode; /* pidfd_inode(); not set: the kernel has none */
	char *bundle;
	char *rootfs;
	char *created; /* RFC 3339 */
	char *began; /* RFC 3339: when this run of it began; NULL: of an urun before there were such */
	/* The program with its arguments, for lists: the beginning of it; NULL: not known. */
	char *command;
	struct opt_u64 uid; /* of the creator */
	/* A `run` waits for the container and owns it: after its death, the rests are removed. */
	bool foreground;
	/* This run is in the foreground: what the program writes goes to the caller, and not to the log. */
	bool attached;
	/* The config was made of options, without a bundle. */
	bool by_options;
	bool placeholder; /* its process waits for a `start`, which replaces it by a new run */
	/*
	 * The directory of the image store that has the container's changes, and keeps the layers
	 * (core/container/image_use.h); NULL: it is no container of an image.
	 */
	char *image_use;
	/* How its runs are made, beside the config: see struct create_request. */
	bool no_pivot;
	int manager; /* enum cgroup_manager; -1: CGROUP_AUTO */
	/*
	 * The process that waits for the program, and records how it ended: urun-monitor, or a
	 * foreground `run`.  Not set: there is none.
	 */
	struct opt_u64 monitor_pid, monitor_start_time, monitor_inode;
	bool own_pid_namespace;
	bool new_keyring;    /* it has a session keyring of its own, with a name */
	bool root_emulation; /* its processes have the filter of core/seccomp/root_emulation.h */
	/*
	 * The root of it, or of another container in its user namespace, is the host's own system by read-only binds
	 * (core/rootfs/view.h), which a process with CAP_SYS_ADMIN could make writable: none is let in.
	 */
	bool shows_host;
	char *cgroup;	   /* NULL: the container has no cgroup of its own */
	char *cgroup_made; /* the topmost cgroup that was made for it */
	char *cgroup_unit; /* the systemd scope */
	bool cgroup_user_bus;
	char *network;		    /* the text of netns/options.h; NULL: none was stated */
	struct opt_u64 network_pid; /* its urun-slirp, where it has one; valid while the file
				       `network` is locked */
	/* Keys of the namespaces that are another container's (core/container/share.h); NULL: own. */
	char *shared_user;
	char *shared_network;
	char *shared_pid;
	char *shared_ipc;
	char *shared_uts;
	/*
	 * The number of the mount namespace, by which the processes of a container without a pid
	 * namespace of its own are known; not set: not needed, or the kernel has no such numbers (before Linux
	 * 6.11).
	 */
	struct opt_u64 mount_namespace;
	str_map annotations;
	struct config_hooks *hooks; /* later commands run poststart and poststop */
	char *sum; /* in the file alone, as the last member: over the bytes before it */
};

void state_release(struct container_state *state);

/*
 * The text of struct container_state's command: the program's words, cut after 256 bytes, and escaped,
 * as the state is JSON.
 */
char *state_command_text(const struct config_process *process, struct arena *arena);

/* The time that names this run of the container. */
const char *state_began(const struct container_state *state);

/* The image that the container was made of, as CONFIG_ANNOTATION_IMAGE has it; NULL: none. */
const char *state_image(const struct container_state *state);

/* An open directory of a container. */
struct state_dir {
	int fd;	     /* -1: not open */
	int root_fd; /* of the state root */
	char *path;  /* for messages */
	char *id;
};

#define STATE_DIR_NONE ((struct state_dir){ .fd = -1, .root_fd = -1 })
void state_dir_close(struct state_dir *dir);
#define autostatedir __attribute__((cleanup(state_dir_close)))

/* Checks an id: `[a-zA-Z0-9_+-][a-zA-Z0-9_+.-]*`, at most 255 bytes.  The error names the fault. */
int state_check_id(const char *id, struct error *err);

/*
 * Makes the directory of a new container and locks it.  @root is made (0700) where it doesn't
 * exist.  A directory whose creation or foreground `run` was killed is replaced by a new one; any
 * other that exists is an error, and nothing in it is touched.  The error has ERROR_CAUSE_ID_BUSY where
 * another command is about to make the directory, or to remove it.
 *
 * state_dir_create(), state_dir_open(), container_open() and state_list() refuse a root that
 * doesn't belong to us or that others can write to (sticky or not), and such a directory of a
 * container: its owner could make us run hooks of theirs.  A symbolic link to a container's
 * directory is never followed, and a link to the root only where no other user can have made it
 * (core/base/place.h).
 */
int state_dir_create(const char *root, const char *id, struct state_dir *ret_dir,
		     struct error *err);

enum state_lock { STATE_UNLOCKED, STATE_LOCKED };

/*
 * How long a command waits for another command that holds the lock, for instance in a hook; for a
 * stopped one it waits a second.  Then it fails.
 */
#define STATE_LOCK_MS 10000

/* Opens a container's directory.  Returns 0; 1 with "container X does not exist"; or -1. */
int state_dir_open(const char *root, const char *id, enum state_lock lock,
		   struct state_dir *ret_dir, struct error *err);

/*
 * Restores our rights on the directory of @id, which a hook may have taken away.  A directory that
 * isn't marked as a container's keeps its mode.
 */
void state_dir_open_up(const char *root, const char *id);

/* A container that exists: its directory, opened, and its state.  Start from CONTAINER_NONE. */
struct container {
	struct state_dir dir;
	struct container_state state;
};

#define CONTAINER_NONE ((struct container){ .dir = { .fd = -1, .root_fd = -1 } })
void container_close(struct container *container);
#define autocontainer __attribute__((cleanup(container_close)))

/*
 * Opens a container's directory and reads its state.  Returns 0; 1 with an error where there is no
 * such container, or where another command is creating or removing it at this moment; -1 with any
 * other error.  What a killed creation has left is removed.
 */
int container_open(const char *root, const char *id, enum state_lock lock,
		   struct container *ret_container, struct error *err);

/* The status as state_status() finds it. */
int container_status(const struct container *container, enum container_status *ret_status,
		     int *ret_pidfd, struct error *err);

/*
 * Reads *@state anew, which was read before the lock was taken, or before the lock was given back for a while: another
 * command may have started the container again.  Returns 1; 0 where *@state is that of another run now; or -1, and
 * *@state stays.
 */
int state_read_again(const struct state_dir *dir, struct container_state *state, struct error *err);

/*
 * A foreground `run` lets other commands in while its program runs.  state_dir_relock() waits
 * @timeout_ms for the lock, as state_dir_open() does.  It returns 1 where the directory is still
 * the container's, whatever a hook has done to the files in it; 0 where another command has removed
 * it (a container that takes the id has a new directory); -1 with an error.
 */
void state_dir_unlock(const struct state_dir *dir);
int state_dir_relock(struct state_dir *dir, int timeout_ms, struct error *err);

int state_write(const struct state_dir *dir, const struct container_state *state,
		struct error *err);

/* Reads the state from the bytes of a state.json.  The caller releases *@ret_state. */
int state_parse(const char *bytes, size_t size, struct container_state *ret_state,
		struct error *err);

/*
 * Fails with ENOENT where there is no state.json (yet, or because the creation was killed); with
 * another error where the file can't be read, or is the state of another container.
 */
int state_read(const struct state_dir *dir, struct container_state *ret_state, struct error *err);

/*
 * Reads state.copy as state_read() reads state.json, for a container whose state.json can't be
 * read.
 */
int state_read_copy(const struct state_dir *dir, struct container_state *ret_state,
		    struct error *err);

/* The scoped config, for `exec` and `update`: the bundle's may have changed since. */
int state_write_config(const struct state_dir *dir, const struct container_config *config,
		       struct error *err);
int state_read_config(const struct state_dir *dir, struct container_config *ret_config,
		      struct error *err);

/* Hands the container over: its status isn't "creating" any more.  Its mark stays. */
int state_set_created(const struct state_dir *dir, struct error *err);

/*
 * A foreground `run` holds the container, by a lock on its mark, until it has removed it: a
 * container that is stopped and not held was left by a killed `run`.  Returns a descriptor, which
 * the caller closes after the removal; or -1, and then another command may remove the container
 * once it has stopped.
 */
int state_hold(const struct state_dir *dir);

/*
 * Finds the present status.  Where the process lives, *ret_pidfd (may be NULL) gets its pidfd,
 * which the caller closes, else -1.  A zombie counts as stopped.
 * Fails where the process, its directory or its cgroup can't be examined, for lack of descriptors
 * or of memory: the container may be alive then, and in any status.
 */
int state_status(const struct state_dir *dir, const struct container_state *state,
		 enum container_status *ret_status, int *ret_pidfd, struct error *err);

/*
 * Is there an entry @name (one of STATE_FILE_* and STATE_DIRECTORY_*) in the container's directory?
 * Returns 1, 0, or -1 where this can't be found out.
 */
int state_has_file(const struct state_dir *dir, const char *name, struct error *err);

/*
 * Records the container's first process.  Its start time can't be read while /proc hides the
 * process (hidepid): an init that has joined the container's user namespace by itself isn't
 * dumpable, and its memory map belongs to the caller's user namespace, over which an ordinary user
 * has no rights.  Later the program is visible.
 * Returns 0, or a negative errno where the process has ended.
 */
int state_record_pid(struct container_state *state, pid_t pid, int pidfd);

/*
 * Records the calling process as the one that waits for the program.  Its pid stays its own where it
 * executes urun-monitor later.
 */
void state_record_monitor(struct container_state *state);

/*
 * Opens the process that waits for the program.  Returns a pidfd, which the caller closes; -ESRCH
 * where there is none, or where it has ended; or another negative errno.
 */
int state_open_monitor(const struct container_state *state);

/*
 * Reads the start time where it is unknown and /proc shows the process by now; then writes the
 * state.
 */
int state_learn_start_time(const struct state_dir *dir, struct container_state *state,
			   struct error *err);

/*
 * Removes the directory, which is known to be a container's, and everything in it, also files that
 * a hook has left there.  Fails and removes nothing where something is mounted below it.  An entry
 * that can't be removed (another user's) is a warning; the directory isn't a container any more
 * then.
 */
int state_dir_remove(struct state_dir *dir, struct error *err);

/*
 * Removes the directory, with the container's cgroup, where the `run` that waited for the container
 * was killed.  True where the directory is gone.
 */
bool state_dir_clear(struct state_dir *dir);

/*
 * Was the directory made by state_dir_create()?  Only such a directory may be removed where its
 * state.json can't be read.  (A container of an urun before the mark is known by its state.json
 * alone.)
 */
bool state_dir_is_marked(const struct state_dir *dir);

/*
 * Is the directory marked, and was the creation cut short?  Then the program had not started yet.
 */
bool state_dir_is_half(const struct state_dir *dir);

/* Removes the rests of a killed creation or deletion of @id beside the containers' directories. */
void state_sweep(const char *root, const char *id);

/*
 * Lists the ids below @root in alphabetic order; a @root that doesn't exist has none.  Release with
 * str_list_release_texts(), also after a failure.  The rests of killed creations and deletions beside the containers'
 * directories are removed, and old records of the store (core/container/ended.h).
 */
int state_list(const char *root, struct str_list *ret_ids, struct error *err);

/* The parts of its cgroup that are to be removed. */
struct cgroup_left state_cgroup(const struct container_state *state);

/*
 * Fails where a text of the state (the bundle's path …) isn't UTF-8: JSON can't hold the text, and
 * hooks would read another one.
 */
int state_check_text(const struct container_state *state, struct error *err);

/* Appends the container's state as JSON, in the spec's form (for `state` and for hooks). */
void state_print(const struct container_state *state, enum container_status status,
		 enum json_style style, struct strbuf *out);

/* The same with how its program ended; NULL: that isn't known. */
struct ended;
void state_print_ended(const struct container_state *state, enum container_status status,
		       const struct ended *ended, enum json_style style, struct strbuf *out);

#define STATE_FILE_STATE       "state.json"
#define STATE_FILE_COPY	       "state.copy"
#define STATE_FILE_CONFIG      "config.json"
#define STATE_FILE_CREATING    "creating"
#define STATE_FILE_CREATED     "created"
#define STATE_FILE_START       "start"
#define STATE_FILE_STARTED     "started"
#define STATE_FILE_FAILED      "failed"
#define STATE_FILE_ORIGIN      "origin.json"
#define STATE_FILE_AGAIN       "again"
#define STATE_FILE_RESTART     "restart"
#define STATE_FILE_ENDED       "ended"
#define STATE_FILE_WAITED      "waited"
#define STATE_FILE_RESOLV      "resolv.conf"
#define STATE_FILE_HOSTS       "hosts"
#define STATE_FILE_HOSTNAME    "hostname"
#define STATE_FILE_PASSWD      "passwd"
#define STATE_FILE_GROUP       "group"
#define STATE_FILE_APT	       "apt.conf"
#define STATE_FILE_PROFILE     "profile.sh"
#define STATE_FILE_NETWORK     "network"
#define STATE_FILE_MEMBERS     "members"
#define STATE_FILE_PORTS       "ports"
#define STATE_FILE_BYPASS      "bypass"
#define STATE_FILE_HOLD	       "hold"
#define STATE_FILE_MONITOR     "monitor"
#define STATE_DIRECTORY_LOG    "log"
#define STATE_DIRECTORY_NOTIFY "notify"

#endif
