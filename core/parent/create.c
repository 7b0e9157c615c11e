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
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/cgroup/tree.h"
#include "core/config/change.h"
#include "core/container/etc_file.h"
#include "core/container/hooks.h"
#include "core/container/network.h"
#include "core/container/terminal.h"
#include "core/parent/child.h"
#include "core/parent/filter.h"
#include "core/parent/grant.h"
#include "core/parent/launch.h"
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
	int tap; /* the container's network device, until it is given to urun-slirp */
};

/* ---- the state directory ---- */

static char *time_now(struct arena *arena)
{
	struct timespec now;
	struct tm parts;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	return arena_strf(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", parts.tm_year + 1900,
			  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
			  parts.tm_sec, now.tv_nsec);
}

static void fill_state(struct creation *creation)
{
	const struct create_request *request = creation->request;
	const struct plan *plan = &creation->plan;
	const struct container_config *config = &plan->config;
	struct container_state *state = &creation->made->state;

	state->oci_version = arena_str(&state->arena, CONFIG_SPEC_VERSION);
	state->id = arena_str(&state->arena, request->id);
	state->bundle = arena_str(&state->arena, request->bundle);
	state->rootfs = arena_str(&state->arena, config->root->path);
	state->created = time_now(&state->arena);
	state->uid = (struct opt_u64){ .set = true, .value = geteuid() };
	state->foreground = request->child.dies_with_us && !request->keep;
	state->network = plan->network.stated ? arena_str(&state->arena, plan->network.text) : NULL;
	state->new_keyring = !request->no_new_keyring;
	state->own_pid_namespace = plan->namespaces.new_flags & CLONE_NEWPID;
	/* These point into the config, which lives as long as the state. */
	state->annotations = config->annotations;
	state->hooks = config->hooks;
}

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
static int record_pid(struct creation *creation, struct error *err)
{
	struct created *made = creation->made;
	int failed = state_record_pid(&made->state, made->child.pid, made->child.pidfd);

	if (failed < 0)
		return error_set(err, -failed, "read the start time of process %d",
				 made->child.pid);
	return state_write(&made->dir, &made->state, err);
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
	launch->namespaces = &plan->namespaces;
	launch->mounts = &plan->mounts;
	launch->filter = &creation->filter;
	launch->id = creation->request->id;
	launch->cgroup_fd = plan->cgroup.fd;
	launch->child = &creation->made->child;
	if (launch_clone(launch, err) < 0 || record_pid(creation, err) < 0)
		return -1;
	return launch_join(launch, err);
}

/* Can the container write to a mounted tree of its own cgroup namespace? */
static bool manages_cgroups(const struct container_config *config)
{
	const struct config_namespace *ns = config_find_namespace(config, CONFIG_NS_CGROUP);

	if (!ns || ns->path)
		return false;
	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mount = &config->mounts.items[i];

		if (mount->kind == MOUNT_KIND_CGROUP)
			return !(mount_options_attrs(&mount->options) & MOUNT_ATTR_RDONLY);
	}
	return false;
}

/*
 * A container that manages cgroups itself, as systemd does, owns its cgroup.  Where the container's root
 * is another id than the caller's, only a process that may change owners can give the cgroup away; else
 * the program in the container reports what it can't do.
 * Source: OCI runtime-spec 1.3, config-linux.md "Cgroup ownership".
 */
static void give_cgroup(const struct creation *creation)
{
	struct error err = ERROR_NONE;
	uint32_t uid, gid;

	if (!creation->plan.cgroup.path || !manages_cgroups(&creation->plan.config) ||
	    idmap_to_outer(&creation->plan.userns.uids, 0, &uid) < 0 ||
	    idmap_to_outer(&creation->plan.userns.gids, 0, &gid) < 0 || uid == geteuid())
		return;
	if (cgroup_give(creation->plan.cgroup.path, uid, gid, &err) < 0)
		log_debug("the container's root doesn't own its cgroup: %s", err.text);
}

static int enter_cgroup(struct creation *creation, struct error *err)
{
	struct created *made = creation->made;
	bool had_one = creation->plan.cgroup.manager != CGROUP_DISABLED;

	if (cgroup_plan_enter(&creation->plan.cgroup, made->child.pid, &creation->plan.config,
			      err) < 0)
		return -1;
	give_cgroup(creation);
	if (creation->plan.cgroup.manager == CGROUP_CGROUPFS || !had_one)
		return 0;
	record_cgroup(creation);
	return state_write(&made->dir, &made->state, err);
}

static int bootstrap(struct creation *creation, struct error *err)
{
	if (userns_write_maps(creation->made->child.pid, &creation->plan.userns, err) < 0 ||
	    enter_cgroup(creation, err) < 0 ||
	    grant_limits(creation->made->child.pid, creation->plan.config.process,
			 &creation->plan.caller, err) < 0)
		return -1;
	return child_send(&creation->made->child, MESSAGE_BOOTSTRAP, err);
}

static uint32_t order_flags(const struct creation *creation)
{
	const struct create_request *request = creation->request;
	const struct config_seccomp *seccomp = creation->plan.config.linux->seccomp;
	uint32_t flags = 0;

	flags |= request->no_pivot ? ORDER_NO_PIVOT : 0;
	flags |= request->no_new_keyring ? 0 : ORDER_NEW_KEYRING;
	flags |= request->mode == CREATE_ONLY ? ORDER_WAIT_START : 0;
	flags |= seccomp_allows(seccomp, "prctl") ? ORDER_PRCTL_ALLOWED : 0;
	flags |= creation->plan.overlay.by_fuse ? ORDER_FUSE_OVERLAY : 0;
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
		if (message->fd_count != 1)
			return error_set(err, EPROTO,
					 "sync pipe: resolv.conf without a descriptor");
		if (network_take_resolv(&creation->network, &message->fds[0], err) < 0)
			return -1;
		return give_network(creation, err);
	case MESSAGE_HOOKS:
		return give_network(creation, err) < 0 ? -1 : run_runtime_hooks(creation, err);
	case MESSAGE_FORKED:
		/* Another process is the container's first one from here on. */
		if (record_pid(creation, err) < 0)
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
	int changed = network_await(&creation->network, &made->dir, &made->state, err);
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

/* The child executes its program; after `create` it waits until `start` lets it do so. */
static int release_child(struct creation *creation, struct error *err)
{
	const struct created *made = creation->made;
	const struct child *child = &made->child;
	bool filtered = creation->plan.config.linux->seccomp != NULL;

	if (child_release(child, err) < 0)
		return -1;
	if (creation->request->mode == CREATE_ONLY) {
		if (child_check_waiting(child, filtered, err) == 0)
			return 0;
		/* Where the filter let the child send nothing, the cause may be in the file. */
		failure_read(made->failed, err);
		return -1;
	}
	if (child_check_executed(child, filtered, err) < 0)
		return -1;
	return learn_start_time(creation, err);
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

static int make_state(struct creation *creation, struct error *err)
{
	const struct create_request *request = creation->request;

	if (state_dir_create(request->root, request->id, &creation->made->dir, err) < 0)
		return -1;
	fill_state(creation);
	return 0;
}

static void remove_state(struct creation *creation)
{
	struct error ignored = ERROR_NONE;

	if (creation->made->dir.fd >= 0 && state_dir_remove(&creation->made->dir, &ignored) < 0)
		log_warning("%s", ignored.text);
}

/*
 * Files that the container finds in its /etc, and the socket of sd_notify(3).  The mounts are planned anew
 * with these.
 */
static int make_files(struct creation *creation, struct error *err)
{
	const struct state_dir *dir = &creation->made->dir;
	struct container_config *config = &creation->plan.config;

	if (network_make_files(&creation->network, dir, config, err) < 0 ||
	    etc_file_add_accounts(dir, config, err) < 0)
		return -1;
	if (notify_prepare(creation->request->notify_socket, dir, config, &creation->made->notify,
			   err) < 0)
		return -1;
	mount_plan_release(&creation->plan.mounts);
	return mount_plan_make(config, &creation->plan.mounts, err);
}

static int prepare_filter(struct creation *creation, struct error *err)
{
	return filter_prepare(creation->request->root, &creation->plan.config, &creation->filter,
			      err);
}

static int launch_network(struct creation *creation, struct error *err)
{
	return network_launch(&creation->network, err);
}

static void undo_network(struct creation *creation)
{
	network_undo(&creation->network);
	network_end(&creation->made->dir);
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
	return state_write_config(&creation->made->dir, &creation->plan.config, err);
}

static int send_descriptors(struct creation *creation, struct error *err)
{
	return child_send_descriptors(&creation->request->child, &creation->made->child, err);
}

static int set_created(struct creation *creation, struct error *err)
{
	return state_set_created(&creation->made->dir, err);
}

static int write_pid_file(struct creation *creation, struct error *err)
{
	return child_write_pid_file(&creation->request->child, &creation->made->child, err);
}

/* The acts of the story, each with what undoes it; the head of this file tells what they lead to. */
static const struct act {
	int (*make)(struct creation *creation, struct error *err); /* NULL: only to be undone */
	void (*undo)(struct creation *creation);		   /* NULL: leaves nothing */
} acts[] = {
	/* clang-format off */
	{ open_ports,        NULL }, /* the sockets are closed with the creation */
	{ connect_console,   NULL },
	{ make_state,        remove_state },
	{ make_files,        NULL }, /* the files go with the state */
	{ prepare_filter,    NULL },
	{ make_start_fifos,  NULL },
	{ make_cgroup,       destroy_cgroup },
	{ NULL,              run_poststop },
	{ launch_network,    undo_network },
	{ clone_child,       end_child },
	{ bootstrap,         NULL },
	{ send_config,       NULL },
	{ write_config,      NULL },
	{ await_child,       NULL },
	{ learn_start_time,  NULL },
	{ await_network,     NULL },
	{ send_descriptors,  NULL },
	{ release_child,     NULL },
	{ set_created,       NULL },
	{ run_poststart,     NULL },
	{ write_pid_file,    NULL },
	/* clang-format on */
};

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
	};
	int result;

	if (state_check_id(request->id, err) < 0)
		return -1;
	child_plan_signals(&request->child);
	plan_init(&creation.plan, request);
	result = plan_make(&creation.plan, err);
	for (size_t i = 0; i < ARRAY_SIZE(acts) && result == 0; i++) {
		if (!acts[i].make || acts[i].make(&creation, err) == 0)
			continue;
		result = -1;
		/* ORDER: before the undoing, which ends the server that is asked for the cause. */
		overlay_explain(&creation.plan.overlay, err);
		/* Undoing begins with the act that failed: it may have done a part of its work. */
		for (size_t undone = i + 1; undone-- > 0;)
			if (acts[undone].undo)
				acts[undone].undo(&creation);
	}
	network_release(&creation.network);
	filter_release(&creation.filter);
	launch_release(&creation.launch);
	fd_close(&creation.tap);
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

/* A sink of the log: debug lines tell what was changed to fit the config to the host. */
static void note_change(enum log_level level, const char *text, void *context)
{
	if (level == LOG_LEVEL_DEBUG) {
		strbuf_add_str(context, "  ");
		utf8_escape(text, context);
		strbuf_add_str(context, "\n");
		return;
	}
	log_set_sink(NULL, NULL);
	log_line(level, text);
	log_set_sink(note_change, context);
}

/* Makes the plan and prints it.  A plan with problems is incomplete, and isn't printed. */
static int make_plan_explained(struct plan *plan, struct strbuf *explanation, struct error *err)
{
	autostrbuf struct strbuf changes = { 0 };
	enum log_level level = log_current_level();
	int result;

	log_set_level(LOG_LEVEL_DEBUG);
	log_set_sink(note_change, &changes);
	result = plan_make(plan, err);
	log_set_sink(NULL, NULL);
	log_set_level(level);
	if (result < 0 || (err->all && err->all->count > 0))
		return result;
	plan_print(plan, explanation);
	if (changes.size)
		strbuf_addf(explanation, "fitted to this host:\n%s", changes.bytes);
	return 0;
}

int container_check(const struct create_request *request, struct strbuf *explanation,
		    struct error *err)
{
	struct plan plan;
	int result;

	plan_init(&plan, request);
	result = explanation ? make_plan_explained(&plan, explanation, err) : plan_make(&plan, err);
	if (result == 0)
		result = plan_try(&plan, err);
	plan_release(&plan);
	return result;
}

void created_release(struct created *created)
{
	/* The state's annotations and hooks belong to the config, which frees them. */
	state_release(&created->state);
	config_release(&created->config);
	state_dir_close(&created->dir);
	child_close(&created->child);
	fd_close(&created->start);
	fd_close(&created->started);
	fd_close(&created->failed);
	fd_close(&created->held);
	fd_close(&created->network_pidfd);
	fd_close(&created->port_pidfd);
	notify_close(&created->notify);
	published_list_release(&created->published);
}
