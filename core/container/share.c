// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * How a container joins the namespaces of another one that runs.
 *
 * Trust.  A namespace is owned by a user namespace, and only a process with capabilities in
 * there may join it.  So the second container joins the first one's user namespace too, and has its
 * ids.  From then on each can have all capabilities over what the other has made: the root of the
 * first may enter the second's mount namespace, trace its programs where it sees them, and read its
 * files as far as the ids allow.  The two containers are one trust domain, like two programs of one
 * container.  What is new is what the second brings along from the host: the roots and volumes that
 * it mounts are reached with the ids of the first.
 *
 * What the first must not get is anything of the host.  The second's first process enters as that of
 * `exec` does: it was executed in the caller's namespaces, isn't dumpable, and is seen in a joined
 * pid namespace only when its root is the second container's (core/parent/clone.c, "joining").
 *
 * A reused pid is never joined.  The namespaces are opened by the pid's number in /proc; then the
 * pidfd, which was opened before and compared with the start time of the state, says whether the
 * process still lives.  From there on descriptors name the namespaces, and keep them alive: the
 * paths that are written into the config are /proc/self/fd/N.
 *
 * Which namespaces are the same?  The number of a namespace is given to another one as soon as the
 * last process has left, so states can't have it.  They have the founder's key instead: its id and
 * the time of its creation.  A container that joins copies the key of the container that it
 * joins, so a chain of containers has one key.
 *
 * The founder's end.  Processes and descriptors keep namespaces alive, so all but the pid namespace
 * live until the last member has ended.  urun-slirp and urun-port end with the last member too
 * (netns/member.h), and the members' directories have hard links to the sockets by which both are
 * reached: the founder's directory isn't needed any more.  When the founder is started again, it
 * finds a member by the key, and joins the namespaces of that member's process.
 *
 * With a pid namespace it is otherwise: when its process 1 ends, the kernel kills all processes in
 * it.  The members end with the founder.
 */
#include "core/container/share.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/moment.h"
#include "core/base/pidfd.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/holder.h"

/* The namespaces that an option or an annotation can name. */
static const struct kind {
	enum config_namespace_type type;
	const char *option;
	const char *annotation;
} kinds[] = {
	{ CONFIG_NS_NETWORK, "network", CONFIG_ANNOTATION_NETWORK },
	{ CONFIG_NS_PID, "pid", CONFIG_ANNOTATION_PID },
	{ CONFIG_NS_IPC, "ipc", CONFIG_ANNOTATION_IPC },
	{ CONFIG_NS_UTS, "uts", CONFIG_ANNOTATION_UTS },
};

/* A container whose namespaces are joined. */
struct target {
	struct container container;
	int pidfd;
};

static void target_close(struct target *target)
{
	container_close(&target->container);
	fd_close(&target->pidfd);
}
#define autotarget  __attribute__((cleanup(target_close)))
#define TARGET_NONE ((struct target){ .container = CONTAINER_NONE, .pidfd = -1 })

void share_release(struct share *share)
{
	for (int i = 0; i < CONFIG_NS_COUNT; i++) {
		fd_close(&share->fds[i]);
		free(share->keys[i]);
		share->keys[i] = NULL;
	}
	fd_close(&share->shm_namespace);
	fd_close(&share->first_pidfd);
	free(share->first_id);
	share->first_id = NULL;
	container_close(&share->network);
}

/* A process 1 that waits for the end of its namespace can be signalled still. */
static bool is_ending(pid_t pid, int pidfd)
{
	struct process_stat stat;

	return pidfd_signal(pidfd, 0) < 0 || process_read_stat(pid, &stat) < 0 ||
	       stat.state == 'Z' || stat.state == 'X';
}

void share_explain(const struct share *share, struct error *err)
{
	if (share->first_pidfd < 0 || err->status != 0 ||
	    !is_ending(share->first_pid, share->first_pidfd))
		return;
	if (holder_is_id(share->first_id))
		error_set(
			err, 0,
			"--share: process 1 of the namespaces was killed while they were to be joined");
	else
		error_set(err, 0,
			  "--pid container:%s: container %s has ended while it was to be joined",
			  share->first_id, share->first_id);
}

bool share_is_any(const struct share *share)
{
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		if (share->joins[i])
			return true;
	return false;
}

/* ---- keys ---- */

/* Where the key of a type of namespace stands in the state; 0: such a namespace isn't shared. */
static const size_t key_offsets[CONFIG_NS_COUNT] = {
	[CONFIG_NS_USER] = offsetof(struct container_state, shared_user),
	[CONFIG_NS_NETWORK] = offsetof(struct container_state, shared_network),
	[CONFIG_NS_PID] = offsetof(struct container_state, shared_pid),
	[CONFIG_NS_IPC] = offsetof(struct container_state, shared_ipc),
	[CONFIG_NS_UTS] = offsetof(struct container_state, shared_uts),
};

static char *recorded_key(const struct container_state *state, enum config_namespace_type type)
{
	const void *member = (const char *)state + key_offsets[type];

	return key_offsets[type] ? *(char *const *)member : NULL;
}

char *share_key(const struct container_state *state, enum config_namespace_type type)
{
	const char *key = recorded_key(state, type);

	return key ? str_dup(key) : str_format("%s %s", state->id, state->created);
}

void share_record(const struct share *share, struct container_state *state)
{
	for (int i = 0; i < CONFIG_NS_COUNT; i++) {
		void *member = (char *)state + key_offsets[i];

		if (key_offsets[i] && share->joins[i])
			*(char **)member = arena_str(&state->arena, share->keys[i]);
	}
	state->shows_host = state->shows_host || share->shows_host;
}

/* ---- the members ---- */

static bool is_alive(enum container_status status)
{
	return status == CONTAINER_RUNNING || status == CONTAINER_CREATED ||
	       status == CONTAINER_PAUSED;
}

/* Opens the running container @id, or one that is being created.  False: it is no member. */
static bool open_member(const char *root, const char *id, struct target *target)
{
	struct error ignored = ERROR_NONE;
	enum container_status status;

	return container_open(root, id, STATE_UNLOCKED, &target->container, &ignored) == 0 &&
	       container_status(&target->container, &status, &target->pidfd, &ignored) == 0 &&
	       (is_alive(status) || status == CONTAINER_CREATING);
}

int share_each_member(const char *root, const char *key, enum config_namespace_type type,
		      const char *but,
		      int (*found)(struct container *member, int pidfd, void *context,
				   struct error *err),
		      void *context, struct error *err)
{
	autotextlist struct str_list ids = { 0 };
	int result = 0;

	if (state_list(root, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count && result == 0; i++) {
		autotarget struct target target = TARGET_NONE;
		autofree char *its = NULL;

		if (str_equal(ids.items[i], but) || !open_member(root, ids.items[i], &target))
			continue;
		its = share_key(&target.container.state, type);
		if (str_equal(its, key))
			result = found(&target.container, target.pidfd, context, err);
	}
	return result;
}

/* ---- the end of a pid namespace ---- */

/* The records of both ends are written by processes that notice them at the same time. */
#define SAME_END_S 2

static bool parse_end(const struct ended *ended, uint64_t *ret_seconds)
{
	uint64_t ns;

	if (!ended || !ended->finished || moment_parse(ended->finished, 0, &ns) < 0)
		return false;
	*ret_seconds = ns / 1000000000;
	return true;
}

/* Did the two end at the same time?  True where a record doesn't say when. */
static bool is_same_end(const struct ended *ended, const struct ended *other)
{
	uint64_t a, b;

	if (!parse_end(ended, &a) || !parse_end(other, &b))
		return true;
	return (a < b ? b - a : a - b) <= SAME_END_S;
}

/*
 * The kernel kills the members with SIGKILL when process 1 ends, and says nothing of the cause.  A
 * member that another hand has killed before has another time of its end.
 */
char *share_ended_with(const char *root, const struct container_state *state,
		       const struct ended *ended)
{
	autofree char *id = state->shared_pid
				    ? str_dup_n(state->shared_pid, strcspn(state->shared_pid, " "))
				    : NULL;
	autotarget struct target target = TARGET_NONE;
	struct container *founder = &target.container;
	struct ended its = { 0 };
	struct error ignored = ERROR_NONE;
	enum container_status status = CONTAINER_STOPPED;
	int opened, found = 0;
	bool is_same;

	if (!id || (ended && (!ended->signal.set || ended->signal.value != SIGKILL)))
		return NULL;
	opened = container_open(root, id, STATE_UNLOCKED, founder, &ignored);
	if (opened == 0 && container_status(founder, &status, &target.pidfd, &ignored) < 0)
		return NULL;
	if (opened == 0)
		found = ended_read(&founder->dir, &its, &ignored);
	is_same = status == CONTAINER_STOPPED && (found <= 0 || is_same_end(ended, &its));
	ended_release(&its);
	return is_same ? take_ptr(id) : NULL;
}

int share_read_ended(const char *root, const struct container *container, struct ended *ret_ended,
		     struct error *err)
{
	struct ended ended = { 0 };
	int found = ended_read_last(&container->dir, &container->state, &ended, err);
	autofree char *with = NULL;

	if (found < 0)
		return -1;
	with = share_ended_with(root, &container->state, found ? &ended : NULL);
	ended.ended_with = with ? arena_str(&ended.arena, with) : NULL;
	*ret_ended = ended;
	return found || with;
}

/* ---- the target ---- */

/* A container that is being created may not be in the namespace yet. */
static bool has_joined(const struct container *member)
{
	struct error ignored = ERROR_NONE;
	enum container_status status;

	return container_status(member, &status, NULL, &ignored) == 0 && is_alive(status);
}

/* For share_each_member(): hints at the container in which the namespace lives on. */
static int hint_at_member(struct container *member, int pidfd, void *context, struct error *err)
{
	const struct kind *kind = context;

	(void)pidfd;
	if (!has_joined(member))
		return 0;
	error_hint(err, "container %s still has that %s: use --%s container:%s", member->dir.id,
		   kind->option, kind->option, member->dir.id);
	return 1;
}

static int refuse_stopped(const char *root, const struct kind *kind, struct target *target,
			  enum container_status status, struct error *err)
{
	const char *id = target->container.dir.id;
	autofree char *key = share_key(&target->container.state, kind->type);
	struct error ignored = ERROR_NONE;

	error_set(err, 0, "container %s is %s: only a container that runs can be joined", id,
		  container_status_name(status));
	if (status == CONTAINER_STOPPED) {
		ignored = *err;
		if (share_each_member(root, key, kind->type, id, hint_at_member,
				      (void *)(uintptr_t)kind, &ignored) > 0)
			*err = ignored;
	}
	return -1;
}

static int open_target(const char *root, const struct kind *kind, const char *own_id,
		       const char *id, struct target *target, struct error *err)
{
	enum container_status status;

	if (str_equal(id, own_id))
		return error_set(err, 0, "a container can't join itself");
	if (container_open(root, id, STATE_UNLOCKED, &target->container, err) != 0 ||
	    container_status(&target->container, &status, &target->pidfd, err) < 0)
		return -1;
	return is_alive(status) ? 0 : refuse_stopped(root, kind, target, status, err);
}

/* ---- joining ---- */

static int open_namespace_of(pid_t pid, const char *name, int *ret_fd, struct error *err)
{
	autofree char *path = str_format("/proc/%d/ns/%s", (int)pid, name);

	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, errno, "open %s", path) : 0;
}

static bool is_ours(int fd, enum config_namespace_type type)
{
	autofree char *path = str_format("/proc/self/ns/%s", config_namespace_file(type));

	return stat_same_as_path(fd, path);
}

static void keep(struct share *share, enum config_namespace_type type, int *fd,
		 const struct container_state *state)
{
	share->joins[type] = true;
	share->fds[type] = take_fd(fd);
	share->keys[type] = share_key(state, type);
}

/* Inside of an engine's user namespace a container can be in the user namespace that we are in. */
static int join_user(struct share *share, const struct target *target, struct error *err)
{
	const struct container_state *state = &target->container.state;
	autoclose int user = -1;

	if (open_namespace_of((pid_t)state->pid.value, "user", &user, err) < 0)
		return -1;
	if (is_ours(user, CONFIG_NS_USER))
		return 0;
	if (share->joins[CONFIG_NS_USER])
		return stat_same_fds(user, share->fds[CONFIG_NS_USER])
			       ? 0
			       : error_set(
					 err, 0,
					 "container %s has another user namespace than the other "
					 "container that is joined, and a container can be in one "
					 "alone",
					 state->id);
	keep(share, CONFIG_NS_USER, &user, state);
	share->shows_host = state->shows_host;
	return 0;
}

/*
 * ORDER: opened by the number of the pid; then the pidfd says whether that number was the container's
 * first process all the while.
 */
static int join_target(struct share *share, const struct kind *kind, const struct target *target,
		       struct error *err)
{
	const struct container_state *state = &target->container.state;
	pid_t pid = (pid_t)state->pid.value;
	autoclose int fd = -1, mount = -1;

	if (open_namespace_of(pid, config_namespace_file(kind->type), &fd, err) < 0 ||
	    (kind->type == CONFIG_NS_IPC && open_namespace_of(pid, "mnt", &mount, err) < 0) ||
	    join_user(share, target, err) < 0)
		return -1;
	if (pidfd_signal(target->pidfd, 0) < 0)
		return error_set(err, 0, "container %s has ended while it was to be joined",
				 state->id);
	if (is_ours(fd, kind->type))
		return error_set(err, 0,
				 "container %s has no %s namespace of its own: use --%s host",
				 state->id, config_namespace_name(kind->type), kind->option);
	keep(share, kind->type, &fd, state);
	if (mount >= 0)
		share->shm_namespace = take_fd(&mount);
	return 0;
}

/* ---- the config ---- */

static int compare_ranges(const void *a, const void *b)
{
	const struct id_range *left = a, *right = b;

	return left->inner < right->inner ? -1 : left->inner > right->inner;
}

static bool is_same_map(struct idmap *a, struct idmap *b)
{
	if (a->count != b->count)
		return false;
	qsort(a->ranges, a->count, sizeof(*a->ranges), compare_ranges);
	qsort(b->ranges, b->count, sizeof(*b->ranges), compare_ranges);
	return memcmp(a->ranges, b->ranges, a->count * sizeof(*a->ranges)) == 0;
}

/* The ids are those of the joined user namespace.  A config that says others is refused. */
static int check_map(pid_t pid, char letter, const config_id_mappings *given, const char *field,
		     const char *id, struct error *err)
{
	autofree struct idmap *asked = mem_alloc(sizeof(*asked));
	autofree struct idmap *its = mem_alloc(sizeof(*its));
	autofree char *path = str_format("/proc/%d/%cid_map", (int)pid, letter);
	autostrbuf struct strbuf text = { 0 };

	if (given->count == 0)
		return 0;
	if (idmap_from_config(given, field, asked, err) < 0 || idmap_load(path, its, err) < 0)
		return -1;
	if (is_same_map(asked, its))
		return 0;
	idmap_print(its, &text);
	error_set(err, 0, "%s: the ids are those of container %s, whose map is %s", field, id,
		  text.bytes);
	return error_hint(err, "remove %s", field);
}

static int check_joiner_rights(const struct container_config *config, const struct target *target,
			       struct error *err)
{
	if (!target->container.state.shows_host || !config_may_get(config->process, CAP_SYS_ADMIN))
		return 0;
	error_set(
		err, 0,
		"container %s shows the host's own system, which CAP_SYS_ADMIN could make writable",
		target->container.dir.id);
	return error_hint(err, "leave CAP_SYS_ADMIN out");
}

/* ORDER: before the pidfd is asked, since the maps are read by the number of the pid. */
static int adopt_ids(struct container_config *config, const struct target *target,
		     struct error *err)
{
	pid_t pid = (pid_t)target->container.state.pid.value;
	const char *id = target->container.dir.id;
	struct config_linux *linux = config->linux;

	if (check_map(pid, 'u', &linux->uid_mappings, "linux.uidMappings", id, err) < 0 ||
	    check_map(pid, 'g', &linux->gid_mappings, "linux.gidMappings", id, err) < 0)
		return -1;
	linux->uid_mappings.count = 0;
	linux->gid_mappings.count = 0;
	return 0;
}

static int set_path(struct container_config *config, enum config_namespace_type type, int fd,
		    struct error *err)
{
	struct config_namespace *ns = config_find_namespace(config, type);

	if (ns && ns->path)
		return error_set(err, 0, "the config joins the %s namespace %s already",
				 config_namespace_name(type), ns->path);
	if (!ns)
		config_add_namespace(config, type);
	config_find_namespace(config, type)->path =
		arena_strf(&config->arena, "/proc/self/fd/%d", fd);
	return 0;
}

static int set_paths(const struct share *share, struct container_config *config, struct error *err)
{
	struct config_namespace *user = config_find_namespace(config, CONFIG_NS_USER);

	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		if (share->joins[i] &&
		    set_path(config, (enum config_namespace_type)i, share->fds[i], err) < 0)
			return -1;
	/* The containers are in the user namespace that urun is in. */
	if (share_is_any(share) && !share->joins[CONFIG_NS_USER] && user && !user->path)
		config_remove_namespace(config, user);
	return 0;
}

static void settle_mappings(const struct idmap *map, struct arena *arena,
			    config_id_mappings *mappings)
{
	mappings->items = arena_alloc(arena, map->count * sizeof(*mappings->items));
	mappings->count = map->count;
	for (size_t i = 0; i < map->count; i++)
		mappings->items[i] = (struct config_id_mapping){
			.inner = { true, map->ranges[i].inner },
			.outer = { true, map->ranges[i].outer },
			.count = { true, map->ranges[i].count },
		};
}

void share_settle_config(const struct share *share, const struct idmap *uids,
			 const struct idmap *gids, struct container_config *config)
{
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		if (share->joins[i])
			config_find_namespace(config, (enum config_namespace_type)i)->path = NULL;
	if (!share->joins[CONFIG_NS_USER])
		return;
	settle_mappings(uids, &config->arena, &config->linux->uid_mappings);
	settle_mappings(gids, &config->arena, &config->linux->gid_mappings);
}

/* The host name of a joined uts namespace is the other container's. */
static int check_names(const struct container_config *config, const char *id, struct error *err)
{
	const char *field = config->hostname ? "hostname" : "domainname";

	if (!config->hostname && !config->domainname)
		return 0;
	error_set(err, 0, "%s: the uts namespace is that of container %s", field, id);
	return error_hint(err, "remove %s", field);
}

/* ---- all of it ---- */

static int join_stated(struct share *share, const char *root, const char *own_id,
		       const struct kind *kind, const char *id, struct container_config *config,
		       struct error *err)
{
	autotarget struct target target = TARGET_NONE;

	if ((!holder_is_id(id) && state_check_id(id, err) < 0) ||
	    open_target(root, kind, own_id, id, &target, err) < 0)
		return -1;
	if (kind->type == CONFIG_NS_UTS && check_names(config, id, err) < 0)
		return -1;
	if (check_joiner_rights(config, &target, err) < 0 || adopt_ids(config, &target, err) < 0 ||
	    join_target(share, kind, &target, err) < 0)
		return -1;
	if (kind->type == CONFIG_NS_PID) {
		share->first_pid = (pid_t)target.container.state.pid.value;
		share->first_pidfd = take_fd(&target.pidfd);
		share->first_id = str_dup(target.container.dir.id);
	}
	if (kind->type == CONFIG_NS_NETWORK) {
		share->network = target.container;
		target.container = CONTAINER_NONE;
	}
	return 0;
}

struct taking {
	struct share *share;
	const struct kind *kind;
	struct container_config *config;
};

/* For share_each_member(). */
static int take_up(struct container *member, int pidfd, void *context, struct error *err)
{
	struct taking *taking = context;
	const struct target target = { .container = *member, .pidfd = pidfd };
	if (!has_joined(member))
		return 0;
	if (check_joiner_rights(taking->config, &target, err) < 0 ||
	    adopt_ids(taking->config, &target, err) < 0 ||
	    join_target(taking->share, taking->kind, &target, err) < 0)
		return -1;
	taking->share->takes_up = true;
	if (taking->kind->type == CONFIG_NS_NETWORK) {
		taking->share->network = *member;
		*member = CONTAINER_NONE;
	}
	return 1;
}

/* A pid namespace doesn't outlive its process 1, so there is none to be taken up. */
static int take_up_kind(struct share *share, const char *root, const char *id,
			const struct kind *kind, const struct container_state *previous,
			struct container_config *config, struct error *err)
{
	struct taking taking = { share, kind, config };
	autofree char *key = share_key(previous, kind->type);

	if (kind->type == CONFIG_NS_PID)
		return 0;
	return share_each_member(root, key, kind->type, id, take_up, &taking, err) < 0 ? -1 : 0;
}

/* --share gives the container its pid and its ipc namespace. */
static int join_held(struct share *share, const char *root, const char *own_id,
		     const struct kind *kind, const char *text, const char *holder,
		     struct container_config *config, struct error *err)
{
	if (text)
		return error_set(err, 0, "--share and --%s %s exclude each other", kind->option,
				 text);
	return join_stated(share, root, own_id, kind, holder, config, err);
}

static bool comes_of_holder(enum config_namespace_type type)
{
	return type == CONFIG_NS_PID || type == CONFIG_NS_IPC;
}

int share_find(const char *root, const char *id, const char *network, const char *holder,
	       const struct container_state *previous, struct container_config *config,
	       struct share *ret_share, struct error *err)
{
	struct share share = SHARE_NONE;
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && result == 0; i++) {
		const struct kind *kind = &kinds[i];
		const char *text = config_annotation(config, kind->annotation);
		const char *other;

		if (kind->type == CONFIG_NS_NETWORK && network)
			text = network;
		other = config_shared_with(text);
		if (holder && comes_of_holder(kind->type))
			result = join_held(&share, root, id, kind, text, holder, config, err);
		else if (text && !other && kind->type != CONFIG_NS_NETWORK)
			result = error_set(err, 0, "annotation %s: expected container:ID, not '%s'",
					   kind->annotation, text);
		else if (other)
			result = join_stated(&share, root, id, kind, other, config, err) < 0
					 ? error_prefix(err, "--%s %s", kind->option, text)
					 : 0;
		else if (previous)
			result = take_up_kind(&share, root, id, kind, previous, config, err);
	}
	if (result < 0 || set_paths(&share, config, err) < 0) {
		share_release(&share);
		return -1;
	}
	*ret_share = share;
	return 0;
}
