// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * The story of `create` and `run`.
 *
 * plan_make() reads the config and the host, decides everything, and changes nothing
 * (core/parent/plan.h).  The table acts[], near the end of this file, then makes the container, one act
 * after the other.  Where an act fails, the acts are undone backwards from it, and the first error is
 * the one that the user reads.
 *
 * What exists, and what may happen, from which act on:
 *
 *   make_state       The id is taken, and the directory of the state is locked, so that other commands
 *                    wait or say that the container is being created.
 *   launch_network   urun-slirp and urun-port run.  They wait for the container's network device, and
 *                    end when they don't get it.
 *   clone_child      The container's first process, the child, exists.  It waits, and has no ids yet.
 *                    The kernel kills the child when we end, so a killed urun leaves no process.
 *   bootstrap        The maps are written, and the child is in its cgroup with its limits.  From here
 *                    on the child is root of its user namespace, and executes `urun init`.
 *   send_config      The child has all that it needs.  What comes from the child from here on is
 *                    checked: a container in shared namespaces may have got hold of it.
 *   await_child      The child mounts, and asks for what only the parent can do: start the network's
 *                    programs and fuse-overlayfs, run hooks.
 *   release_child    The child executes its program, or waits for `start`.  From here on the container
 *                    lives without us.
 *
 * core/init/init.c tells the same story from the child's side, core/sync/message.h draws the messages
 * between both, and docs/LIFE.md has all of it with what each process can do at each moment.
 */
#include "core/parent/create.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/base/trace.h"
#include "core/cgroup/stats.h"
#include "core/cgroup/tree.h"
#include "core/config/change.h"
#include "core/container/again.h"
#include "core/container/etc_file.h"
#include "core/container/holder.h"
#include "core/container/hooks.h"
#include "core/container/image_use.h"
#include "core/container/lifecycle.h"
#include "core/container/network.h"
#include "core/container/overlay_use.h"
#include "core/container/processes.h"
#include "core/container/terminal.h"
#include "core/parent/child.h"
#include "core/parent/filter.h"
#include "core/parent/grant.h"
#include "core/parent/launch.h"
#include "core/parent/limit_fallback.h"
#include "core/parent/mount_points.h"
#include "core/parent/share_key.h"
#include "core/seccomp/seccomp_start.h"
#include "core/sync/failure.h"
#include "rootless/overlay.h"
#include "rootless/userns.h"

/* Working state of one creation, freed when the creation ends.  What lives on is in struct created. */
struct creation {
	const struct create_request *request;
	struct plan plan;
	struct created *made;
	struct filter filter;
	struct network network;
	struct launch launch;
	struct mount_points points;
	int tap;	  /* the container's network device, until it is given to urun-slirp */
	int overlay_lock; /* overlay_use_begin() */
	char *image_use;  /* image_use_begin(), with the descriptor */
	int image_held;
	int holding; /* the connection to the holder of shared namespaces, until we are a member */
	int hold;    /* of a holder: its listener */
};

/* ---- the state directory ---- */

/*
 * Records the cgroup in the state.  Called again after systemd made the scope, since only then the
 * path of the cgroup is known.
 */
static void record_cgroup(struct creation *creation)
{
	struct container_state *state = &creation->made->state;
	const struct cgroup_plan *plan = &creation->plan.cgroup;

	state->cgroup = state->cgroup_made = state->cgroup_unit = NULL;
	if (plan->manager == CGROUP_DISABLED)
		return;
	state->cgroup = plan->path ? arena_str(&state->arena, plan->path) : NULL;
	state->cgroup_made = plan->made ? arena_str(&state->arena, plan->made) : NULL;
	state->cgroup_unit = plan->unit ? arena_str(&state->arena, plan->unit) : NULL;
	state->cgroup_user_bus = plan->user_bus;
}

/* ---- the child's life until READY ---- */

static int make_cgroup(struct creation *creation, struct error *err)
{
	int result = cgroup_plan_create(&creation->plan.cgroup, err);

	record_cgroup(creation);
	return result;
}

static int make_fifo(const struct state_dir *dir, const char *name, int *ret_fd, struct error *err)
{
	if (mkfifoat(dir->fd, name, 0600) < 0)
		return error_set(err, errno, "make %s/%s", dir->path, name);
	*ret_fd = openat(dir->fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, errno, "open %s/%s", dir->path, name) : 0;
}

static int make_start_fifos(struct creation *creation, struct error *err)
{
	struct created *made = creation->made;

	if (creation->request->holding)
		return holder_listen(&made->dir, &creation->hold, creation->request->holding, err);
	if (creation->request->mode != CREATE_ONLY)
		return 0;
	made->failed = failure_create(made->dir.fd, STATE_FILE_FAILED);
	if (made->failed < 0)
		return error_set(err, -made->failed, "make %s/%s", made->dir.path,
				 STATE_FILE_FAILED);
	return make_fifo(&made->dir, STATE_FILE_STARTED, &made->started, err) < 0
		       ? -1
		       : make_fifo(&made->dir, STATE_FILE_START, &made->start, err);
}

/* Writes the pid of the container's first process into the state, for other commands. */
static int write_pid(struct creation *creation, struct error *err)
{
	return overlay_use_record(creation->overlay_lock, &creation->made->state, err) < 0
		       ? -1
		       : state_write(&creation->made->dir, &creation->made->state, err);
}

static int learn_start_time(struct creation *creation, struct error *err)
{
	return state_learn_start_time(&creation->made->dir, &creation->made->state, err);
}

static int clone_child(struct creation *creation, struct error *err)
{
	struct plan *plan = &creation->plan;
	struct launch *launch = &creation->launch;

	launch->request = &creation->request->child;
	launch->config = &plan->config;
	launch->userns = &plan->userns;
	launch->caller = &plan->caller;
	launch->namespaces = &plan->namespaces;
	launch->mounts = &plan->mounts;
	launch->filter = &creation->filter;
	launch->id = creation->request->id;
	launch->cgroup_fd = plan->cgroup.fd;
	launch->child = &creation->made->child;
	if (launch_clone(launch, err) < 0 ||
	    child_record_pid(launch->child, &creation->made->state, err) < 0)
		return -1;
	/* A child that joins nothing executes itself while write_config() writes the pid. */
	if (!clone_joins(&plan->namespaces))
		return 0;
	return write_pid(creation, err) < 0 ? -1 : launch_join(launch, err);
}

static int enter_cgroup(struct creation *creation, struct error *err)
{
	struct created *made = creation->made;
	bool had_one = creation->plan.cgroup.manager != CGROUP_DISABLED;

	if (cgroup_plan_enter(&creation->plan.cgroup, made->child.pid, &creation->plan.config,
			      err) < 0)
		return -1;
	grant_cgroup(&creation->plan);
	if (creation->plan.cgroup.manager == CGROUP_CGROUPFS || !had_one)
		return 0;
	record_cgroup(creation);
	return state_write(&made->dir, &made->state, err);
}

static int bootstrap(struct creation *creation, struct error *err)
{
	if (userns_write_maps(creation->made->child.pid, &creation->plan.userns, err) < 0 ||
	    enter_cgroup(creation, err) < 0 ||
	    limit_fallback_bind(creation->made->child.pid, creation->plan.fallback_cpus, err) < 0 ||
	    grant_limits(creation->made->child.pid, creation->plan.config.process,
			 &creation->plan.caller, err) < 0)
		return -1;
	return child_send(&creation->made->child, MESSAGE_BOOTSTRAP, err);
}

/*
 * Are the changes removed at the end of this run, by whatever command?  Those of a foreground `run` of an
 * image are, unless they go to a directory of the caller's.
 */
static bool has_volatile_changes(const struct creation *creation)
{
	const struct container_state *state = &creation->made->state;

	return state->foreground && str_equal(state->image_use, creation->plan.overlay.where);
}

/*
 * Root's container with a user namespace runs without its device rules where there is no cgroup for them: it
 * makes no node, but an image that root has unpacked may bring some.
 */
static bool lacks_device_rules(const struct plan *plan)
{
	return userns_caller_is_host_root(&plan->caller) && !plan->userns.is_host &&
	       plan->cgroup.devices.count == 0;
}

static uint32_t order_flags(const struct creation *creation)
{
	const struct create_request *request = creation->request;
	const struct config_seccomp *seccomp = creation->plan.config.linux->seccomp;
	uint32_t flags = 0;

	flags |= request->no_pivot ? ORDER_NO_PIVOT : 0;
	flags |= request->no_new_keyring ? 0 : ORDER_NEW_KEYRING;
	if (request->holding)
		flags |= ORDER_HOLD;
	else if (request->mode == CREATE_ONLY)
		flags |= ORDER_WAIT_START;
	flags |= seccomp_allows(seccomp, "prctl") ? ORDER_PRCTL_ALLOWED : 0;
	flags |= creation->plan.overlay.by_fuse ? ORDER_FUSE_OVERLAY : 0;
	flags |= creation->plan.overlay.is_view ? ORDER_VIEW : 0;
	flags |= has_volatile_changes(creation) ? ORDER_VOLATILE_OVERLAY : 0;
	flags |= creation->plan.ending.init ? ORDER_PID1 : 0;
	/*
	 * Such a container has the devices of its /dev.  Without this, a root file system that root has
	 * unpacked could bring along the nodes of the host's disks.
	 */
	flags |= request->config || lacks_device_rules(&creation->plan) ? ORDER_ROOT_NODEV : 0;
	return flags;
}

static void add_hook_env(struct strbuf *out)
{
	struct str_list env = hooks_usual_env();

	for (size_t i = 0; i < env.count; i++)
		strbuf_add(out, env.items[i], strlen(env.items[i]) + 1);
	str_list_release(&env);
}

static int send_config(struct creation *creation, struct error *err)
{
	struct created *made = creation->made;
	const struct container_config *config = &creation->plan.config;
	struct strbuf sections[ORDER_SECTION_COUNT] = { 0 };
	int fds[ORDER_FD_COUNT] = ORDER_FDS_NONE;
	int sent;

	fds[ORDER_FD_START] = made->start;
	fds[ORDER_FD_STARTED] = made->started;
	fds[ORDER_FD_FAILED] = made->failed;
	fds[ORDER_FD_SHM_NAMESPACE] = creation->plan.share.shm_namespace;
	fds[ORDER_FD_HOLD] = creation->hold;
	fds[ORDER_FD_BYPASS] = creation->network.bypass.connection;
	if (plan_tells_state(&creation->plan)) {
		state_print(&made->state, CONTAINER_CREATING, JSON_COMPACT,
			    &sections[ORDER_STATE_CREATING]);
		state_print(&made->state, CONTAINER_CREATED, JSON_COMPACT,
			    &sections[ORDER_STATE_CREATED]);
	}
	if (network_plan_has_slirp(&creation->plan.network))
		strbuf_add(&sections[ORDER_NETWORK], &creation->plan.network.options,
			   sizeof(creation->plan.network.options));
	if (config_hooks_of(config->hooks, HOOK_CREATE_CONTAINER)->count)
		add_hook_env(&sections[ORDER_HOOK_ENV]);
	sent = launch_send_config(&creation->launch, order_flags(creation), fds, sections, err);
	/*
	 * ORDER: from here on only the child holds the FIFOs, so that `start` reads the end of a FIFO
	 * when the child dies.
	 */
	fd_close(&made->start);
	fd_close(&made->started);
	fd_close(&creation->hold);
	fd_close(&creation->network.bypass.connection);
	return sent;
}

static int run_runtime_hooks(struct creation *creation, struct error *err)
{
	struct created *made = creation->made;

	/*
	 * Runtimes once ran prestart hooks in `start`, so these hooks expect the status "created"; the
	 * spec's own test of hooks asks for it.
	 */
	if (hooks_run_with_state(HOOK_PRESTART, &made->state, CONTAINER_CREATED, err) < 0 ||
	    hooks_run_with_state(HOOK_CREATE_RUNTIME, &made->state, CONTAINER_CREATING, err) < 0)
		return -1;
	return child_send(&made->child, MESSAGE_RESUME, err);
}

/*
 * Gives urun-slirp everything at once: the device, the container's resolv.conf, and the pidfd of the
 * process with which the network ends.  Where another process is to take the child's place
 * (MESSAGE_FORKED), the network is given when that process exists.
 */
static int give_network(struct creation *creation, struct error *err)
{
	struct created *made = creation->made;

	if (creation->tap < 0 || creation->launch.forks)
		return 0;
	return network_give(&creation->network, &made->dir, &creation->tap, made->child.pidfd, err);
}

static int answer_child(struct creation *creation, struct message *message, struct error *err)
{
	struct created *made = creation->made;

	switch (message->type) {
	case MESSAGE_NETWORK:
		if (message->fd_count != 3)
			return error_set(err, EPROTO, "sync pipe: network without a device");
		creation->tap = take_fd(&message->fds[0]);
		creation->network.ports.user_namespace = take_fd(&message->fds[1]);
		creation->network.ports.network_namespace = take_fd(&message->fds[2]);
		return creation->network.own_resolv ? 0 : give_network(creation, err);
	case MESSAGE_OVERLAY:
		if (message->fd_count != 1)
			return error_set(err, EPROTO, "sync pipe: overlay without a descriptor");
		return overlay_serve(&creation->plan.overlay, &message->fds[0], err);
	case MESSAGE_RESOLV:
		if (network_take_files(&creation->network, message, err) < 0)
			return -1;
		return give_network(creation, err);
	case MESSAGE_HOOKS:
		return give_network(creation, err) < 0 ? -1 : run_runtime_hooks(creation, err);
	case MESSAGE_FORKED:
		/* Another process is the container's first one from here on. */
		if (child_record_pid(&made->child, &made->state, err) < 0 ||
		    write_pid(creation, err) < 0)
			return -1;
		return creation->network.own_resolv ? 0 : give_network(creation, err);
	default:
		child_take_console(&creation->request->child, &made->child, message);
		network_give_resolv(&creation->network, &made->dir, made->child.pidfd);
		return give_network(creation, err);
	}
}

static int await_child(struct creation *creation, struct error *err)
{
	unsigned int expected = MESSAGE_BIT(MESSAGE_NETWORK) | MESSAGE_BIT(MESSAGE_OVERLAY) |
				MESSAGE_BIT(MESSAGE_RESOLV) | MESSAGE_BIT(MESSAGE_HOOKS) |
				MESSAGE_BIT(MESSAGE_READY);
	bool ready = false;

	while (!ready) {
		automessage struct message message = MESSAGE_NONE;

		if (launch_await(&creation->launch, expected, &message, err) < 0 ||
		    answer_child(creation, &message, err) < 0)
			return -1;
		/* Each message is sent once, and in this order; FORKED may come between any two. */
		if (message.type != MESSAGE_FORKED)
			expected &= ~((MESSAGE_BIT(message.type) << 1) - 1);
		ready = message.type == MESSAGE_READY;
	}
	return 0;
}

/* Waits until the network works, so that the program can use it at once. */
static int await_network(struct creation *creation, struct error *err)
{
	struct created *made = creation->made;
	int changed =
		network_await(&creation->network, &made->dir, made->child.pidfd, &made->state, err);
	struct pollfd end = { .fd = made->child.pidfd, .events = POLLIN };
	automessage struct message none = MESSAGE_NONE;

	/* The helpers end with the container: where the container has ended, its own error is the cause. */
	if (changed < 0 && poll(&end, 1, 0) == 1)
		return child_await(&made->child, 0, &none, err);
	if (changed <= 0)
		return changed;
	made->network_pidfd = take_fd(&creation->network.pidfd);
	made->port_pidfd = take_fd(&creation->network.ports.pidfd);
	made->published = creation->network.ports.published;
	creation->network.ports.published = (struct published_list){ 0 };
	return state_write(&made->dir, &made->state, err);
}

/* ---- handing over ---- */

static int run_poststart(struct creation *creation, struct error *err)
{
	if (creation->request->mode == CREATE_ONLY)
		return 0;
	return hooks_run_with_state(HOOK_POSTSTART, &creation->made->state, CONTAINER_RUNNING, err);
}

/*
 * For a container without a pid namespace of its own, whose processes are known by their mount namespace.
 * Called before the program runs, since it may end at once and leave processes behind; and once more when it
 * runs: before, the process isn't dumpable, and /proc may show no namespaces of it to an ordinary user.
 */
static int record_mounts(struct creation *creation, struct error *err)
{
	struct container_state *state = &creation->made->state;
	uint64_t number;

	if (state->own_pid_namespace || state->mount_namespace.set ||
	    !(creation->plan.namespaces.new_flags & CLONE_NEWNS))
		return 0;
	number = process_mount_namespace(creation->made->child.pid);
	state->mount_namespace = (struct opt_u64){ .set = number != 0, .value = number };
	return number ? state_write(&creation->made->dir, state, err) : 0;
}

/* ORDER: before the program runs: where systemd made the cgroup, it is removed as soon as the program has ended. */
static int watch_memory(struct creation *creation, struct error *err)
{
	const struct create_request *request = creation->request;
	struct created *made = creation->made;

	(void)err;
	if (!request->attended || !made->state.cgroup)
		return 0;
	cgroup_open_memory_events(made->state.cgroup, &made->memory.own, &made->memory.above);
	memory_watch_begin(&made->memory);
	return 0;
}

/* The child executes its program; after `create` it waits until `start` lets it do so. */
static int release_child(struct creation *creation, struct error *err)
{
	const struct created *made = creation->made;
	const struct child *child = &made->child;
	bool filtered = creation->plan.config.linux->seccomp != NULL;

	/*
	 * ORDER: before the child is released, which then lives without us: a caller that is killed from here
	 * on must not end us, or the program would run without urun-monitor, in a container that is never
	 * whole (core/parent/detach.h).
	 */
	if (creation->request->monitored)
		prctl(PR_SET_PDEATHSIG, 0);
	if (record_mounts(creation, err) < 0 || child_release(child, err) < 0)
		return -1;
	if (creation->request->mode == CREATE_ONLY) {
		if (child_check_waiting(child, filtered, err) == 0)
			return record_mounts(creation, err);
		/* Where the filter let the child send nothing, the cause may be in the file. */
		if (made->failed >= 0)
			failure_read(made->failed, err);
		return -1;
	}
	if (child_check_executed(child, filtered, err) < 0 || learn_start_time(creation, err) < 0)
		return -1;
	return record_mounts(creation, err);
}

/* ORDER: before the program runs: the holder lives as long as its members, and from here on we are none. */
static int join_holder(struct creation *creation, struct error *err)
{
	return creation->holding < 0
		       ? 0
		       : holder_join(&creation->holding, creation->made->child.pidfd, err);
}

/* ---- the story ---- */

static int open_ports(struct creation *creation, struct error *err)
{
	return network_open_ports(&creation->plan.network, &creation->network, err);
}

static int connect_console(struct creation *creation, struct error *err)
{
	return child_connect_console(&creation->request->child, &creation->made->child, err);
}

/* ORDER: after the plan, so that a mistake in the options doesn't cost the old container. */
static int replace_old(struct creation *creation, struct error *err)
{
	const struct create_request *request = creation->request;

	if (request->again)
		return again_finish(&request->again->dir, &request->again->state, err);
	return request->replace ? container_delete(request->root, request->id, DELETE_FORCE, err)
				: 0;
}

/* An image of the command line has its use already, and so has a container that was stopped. */
static int use_layers(struct creation *creation, struct error *err)
{
	const struct create_request *request = creation->request;
	const char *begun = request->again ? request->again->state.image_use : request->image_use;

	if (begun)
		creation->image_use = str_dup(begun);
	if (begun || request->again)
		return 0;
	return image_use_begin(&creation->plan.config, request->root, request->id,
			       &creation->image_use, &creation->image_held, err);
}

static void end_use(struct creation *creation)
{
	if (creation->image_held < 0)
		return;
	fd_close(&creation->image_held);
	image_use_end(creation->image_use);
}

static int make_state(struct creation *creation, struct error *err)
{
	const struct create_request *request = creation->request;

	if (request->again) {
		creation->made->dir = request->again->dir;
		request->again->dir = STATE_DIR_NONE;
		if (again_begin(&creation->made->dir, err) < 0)
			return -1;
	} else if (state_dir_create(request->root, request->id, &creation->made->dir, err) < 0) {
		return -1;
	}
	created_fill_state(&creation->plan, creation->image_use, &creation->made->state);
	return 0;
}

static int prepare_monitor(struct creation *creation, struct error *err)
{
	return creation->request->monitored
		       ? detached_prepare(&creation->made->dir, &creation->made->detached, err)
		       : 0;
}

/* The container is the stopped one again, with its state and its record. */
static void restore_state(struct creation *creation)
{
	const struct state_dir *dir = &creation->made->dir;
	struct error failed = ERROR_NONE;

	if (state_write(dir, &creation->request->again->state, &failed) < 0 ||
	    again_restore(dir, &failed) < 0)
		log_warning("%s", failed.text);
}

static void remove_state(struct creation *creation)
{
	struct error ignored = ERROR_NONE;

	if (creation->request->again && creation->made->dir.fd >= 0)
		restore_state(creation);
	else if (creation->made->dir.fd >= 0 &&
		 state_dir_remove(&creation->made->dir, &ignored) < 0)
		log_warning("%s", ignored.text);
}

/* Takes the overlay's directory, makes files for /etc and the socket of sd_notify(3), and plans the mounts anew. */
static int make_files(struct creation *creation, struct error *err)
{
	const struct state_dir *dir = &creation->made->dir;
	struct container_config *config = &creation->plan.config;

	if (overlay_use_begin(config, &creation->plan.userns.uids, &creation->overlay_lock, err) <
		    0 ||
	    network_make_files(&creation->network, dir, config, err) < 0 ||
	    etc_file_add_accounts(dir, config, err) < 0 ||
	    (creation->plan.emulated && etc_file_add_emulation(dir, config, err) < 0))
		return -1;
	if (notify_prepare(creation->request->notify_socket, dir, config, &creation->made->notify,
			   err) < 0)
		return -1;
	mount_plan_release(&creation->plan.mounts);
	return mount_plan_make(config, &creation->plan.mounts, err);
}

/* A bundle's root file system is an engine's. */
static int note_mount_points(struct creation *creation, struct error *err)
{
	(void)err;
	if (creation->request->config)
		mount_points_note(&creation->plan.config, &creation->plan.mounts,
				  &creation->points);
	return 0;
}

static void remove_mount_points(struct creation *creation)
{
	mount_points_remove(&creation->points, &creation->plan.config, creation->request->root,
			    creation->request->id);
}

static int prepare_filter(struct creation *creation, struct error *err)
{
	return filter_prepare(creation->request->root, &creation->plan.config,
			      creation->plan.emulated, &creation->filter, err);
}

static int launch_network(struct creation *creation, struct error *err)
{
	return network_launch(&creation->network, &creation->made->dir, err);
}

static void undo_network(struct creation *creation)
{
	network_undo(&creation->network);
	network_end(&creation->made->dir, &creation->made->state);
}

static void destroy_cgroup(struct creation *creation)
{
	struct error ignored = ERROR_NONE;
	struct cgroup_left left = state_cgroup(&creation->made->state);

	if (!creation->plan.cgroup.started)
		left.unit = NULL;
	if (cgroup_destroy(&left, &ignored) < 0)
		log_warning("%s", ignored.text);
}

static void end_child(struct creation *creation)
{
	fd_close(&creation->tap);
	launch_end(&creation->launch);
}

static void run_poststop(struct creation *creation)
{
	if (creation->made->child.pidfd >= 0)
		hooks_run_poststop(&creation->made->state);
}

static int write_config(struct creation *creation, struct error *err)
{
	const struct strbuf *origin = &creation->plan.origin;

	if (!clone_joins(&creation->plan.namespaces) && write_pid(creation, err) < 0)
		return -1;
	if (origin->size && again_write_origin(&creation->made->dir, origin, err) < 0)
		return -1;
	share_settle_config(&creation->plan.share, &creation->plan.userns.uids,
			    &creation->plan.userns.gids, &creation->plan.config);
	return state_write_config(&creation->made->dir, &creation->plan.config, err);
}

static int send_descriptors(struct creation *creation, struct error *err)
{
	return child_send_descriptors(
		&creation->request->child,
		config_annotation(&creation->plan.config, CONFIG_ANNOTATION_PIDFD_RECEIVER),
		&creation->made->child, err);
}

static int set_created(struct creation *creation, struct error *err)
{
	return state_set_created(&creation->made->dir, err);
}

static int write_pid_file(struct creation *creation, struct error *err)
{
	return child_write_pid_file(&creation->request->child, &creation->made->child, err);
}

/* ORDER: last: an act that fails before it leaves the stopped container. */
static int forget_old(struct creation *creation, struct error *err)
{
	(void)err;
	if (creation->request->again)
		again_done(&creation->made->dir);
	return 0;
}

/* The acts of the story, each with what undoes it; the head of this file tells what they lead to. */
static const struct act {
	const char *name;
	int (*make)(struct creation *creation, struct error *err); /* NULL: only to be undone */
	void (*undo)(struct creation *creation);		   /* NULL: leaves nothing */
} acts[] = {
	/* clang-format off */
	{ "replace old",       replace_old,       NULL }, /* its ports, and its id, are free from here on */
	{ "open ports",        open_ports,        NULL }, /* the sockets are closed with the creation */
	{ "connect console",   connect_console,   NULL },
	{ "use layers",        use_layers,        end_use },
	{ "make state",        make_state,        remove_state },
	{ "prepare monitor",   prepare_monitor,   NULL }, /* the files go with the state */
	{ "make files",        make_files,        NULL }, /* likewise */
	{ "note mount points", note_mount_points, remove_mount_points },
	{ "prepare filter",    prepare_filter,    NULL },
	{ "make start fifos",  make_start_fifos,  NULL },
	{ "make cgroup",       make_cgroup,       destroy_cgroup },
	{ "poststop hooks",    NULL,              run_poststop },
	{ "launch network",    launch_network,    undo_network },
	{ "clone child",       clone_child,       end_child },
	{ "bootstrap",         bootstrap,         NULL },
	{ "send config",       send_config,       NULL },
	{ "write config",      write_config,      NULL },
	{ "await child",       await_child,       NULL },
	{ "learn start time",  learn_start_time,  NULL },
	{ "await network",     await_network,     NULL },
	{ "send descriptors",  send_descriptors,  NULL },
	{ "watch memory",      watch_memory,      NULL },
	{ "join holder",       join_holder,       NULL },
	{ "release child",     release_child,     NULL },
	{ "set created",       set_created,       NULL },
	{ "run poststart",     run_poststart,     NULL },
	{ "write pid file",    write_pid_file,    NULL },
	{ "forget old",        forget_old,        NULL },
	/* clang-format on */
};

static int make_plan(struct creation *creation, struct error *err)
{
	struct plan *plan = &creation->plan;

	if (plan_load(plan, err) < 0 || share_key_begin(plan, &creation->holding, err) < 0 ||
	    plan_make(plan, err) < 0)
		return -1;
	return share_key_attend(plan, &creation->holding, err);
}

int container_create(const struct create_request *request, struct created *ret_created,
		     struct error *err)
{
	struct created made = CREATED_NONE;
	struct creation creation = {
		.request = request,
		.made = &made,
		.filter = FILTER_NONE,
		.network = NETWORK_UNMADE,
		.launch = LAUNCH_NONE,
		.tap = -1,
		.overlay_lock = -1,
		.image_held = -1,
		.holding = -1,
		.hold = -1,
	};
	int result;

	if (!request->holding && state_check_id(request->id, err) < 0)
		return -1;
	child_plan_signals(&request->child);
	plan_init(&creation.plan, request);
	trace_step("plan");
	result = make_plan(&creation, err);
	for (size_t i = 0; i < ARRAY_SIZE(acts) && result == 0; i++) {
		if (!acts[i].make || trace_step(acts[i].name) < 0 ||
		    acts[i].make(&creation, err) == 0)
			continue;
		result = -1;
		/* ORDER: before the undoing, which ends the server that is asked for the cause. */
		overlay_explain(&creation.plan.overlay, err);
		share_explain(&creation.plan.share, err);
		/* Undoing begins with the act that failed: it may have done a part of its work. */
		for (size_t undone = i + 1; undone-- > 0;)
			if (acts[undone].undo)
				acts[undone].undo(&creation);
	}
	fd_close(&creation.image_held);
	free(creation.image_use);
	network_release(&creation.network);
	filter_release(&creation.filter);
	launch_release(&creation.launch);
	mount_points_release(&creation.points);
	fd_close(&creation.tap);
	fd_close(&creation.overlay_lock);
	fd_close(&creation.holding);
	fd_close(&creation.hold);
	/* ORDER: when our connection is closed: it may have been the only member. */
	if (result < 0 && creation.plan.holder)
		holder_clear(request->root, creation.plan.holder);
	/* The state points into the config, which lives on with it. */
	made.config = creation.plan.config;
	creation.plan.config = (struct container_config){ 0 };
	plan_release(&creation.plan);
	if (result < 0) {
		created_release(&made);
		return error_prefix(err, "%s", request->id);
	}
	*ret_created = made;
	return 0;
}
