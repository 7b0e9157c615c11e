// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/network.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/pidfd.h"
#include "core/base/span.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/etc_file.h"
#include "core/container/state_socket.h"
#include "netns/member.h"
#include "netns/resolv.h"

/* ---- before any process exists ---- */

static int fit_namespaces(const struct network_plan *network, const char *origin,
			  struct container_config *config, struct error *err)
{
	struct config_namespace *ns = config_find_namespace(config, CONFIG_NS_NETWORK);

	if (ns && ns->path)
		return error_set(err, 0,
				 "%s %s: the config joins the network namespace %s, which has its "
				 "network already",
				 origin, network->text, ns->path);
	if (ns && network->options.kind == NETWORK_HOST)
		config_remove_namespace(config, ns);
	if (!ns && network->options.kind != NETWORK_HOST)
		config_add_namespace(config, CONFIG_NS_NETWORK);
	return 0;
}

bool network_plan_has_slirp(const struct network_plan *plan)
{
	return plan->stated && plan->options.kind == NETWORK_SLIRP && !plan->joined;
}

/*
 * The network is the other container's, and so are its ports.  A container that starts again and takes
 * its network up finds the ports that it published served still.
 */
static int plan_joined_network(const struct str_list *publish, const struct share *share,
			       struct container_config *config, struct network_plan *ret_plan,
			       struct error *err)
{
	const struct container *other = &share->network;
	struct network_plan plan = { .text = other->state.network, .joined = other };
	const char *lines;

	if (publish->count > 0 && !share->takes_up) {
		error_set(err, 0, "--publish %s: the network is that of container %s",
			  publish->items[0], other->dir.id);
		return error_hint(err, "publish it there: `urun port %s --add %s`", other->dir.id,
				  publish->items[0]);
	}
	plan.stated = plan.text != NULL;
	if (plan.stated && network_options_parse(plan.text, &plan.options, err) < 0)
		return error_prefix(err, "the network of container %s", other->dir.id);
	/* Kept as our own annotation, for a container that joins this one in its turn. */
	lines = str_map_value(&other->state.annotations, CONFIG_ANNOTATION_RESOLV);
	if (lines)
		config_set_annotation(config, CONFIG_ANNOTATION_RESOLV, lines);
	plan.resolv_lines = config_annotation(config, CONFIG_ANNOTATION_RESOLV);
	plan.keep_etc = config_annotation(config, CONFIG_ANNOTATION_KEEP_ETC);
	*ret_plan = plan;
	return 0;
}

/* What is to be published: as --publish says, else as the annotation does, in @config's memory. */
static void published_texts(const struct str_list *publish, struct container_config *config,
			    struct str_list *ret_texts)
{
	const char *lines = config_annotation(config, CONFIG_ANNOTATION_PUBLISH);
	autofree char *copy = str_dup(publish->count == 0 && lines ? lines : "");
	struct str_list texts = { 0 };

	for (size_t i = 0; i < publish->count; i++)
		config_list_add(&config->arena, &texts, publish->items[i]);
	for (char *rest = copy, *line; (line = strsep(&rest, "\n"));)
		if (*line)
			config_list_add(&config->arena, &texts, line);
	*ret_texts = texts;
}

static int plan_network(const char *text, const struct str_list *publish, const struct share *share,
			struct container_config *config, struct network_plan *ret_plan,
			struct error *err)
{
	const char *origin = text ? "--network" : "annotations." CONFIG_ANNOTATION_NETWORK;
	struct network_plan plan = { .text = text };

	if (share->joins[CONFIG_NS_NETWORK])
		return plan_joined_network(publish, share, config, ret_plan, err);
	if (!plan.text)
		plan.text = config_annotation(config, CONFIG_ANNOTATION_NETWORK);
	plan.stated = plan.text != NULL;
	if (plan.stated && network_options_parse(plan.text, &plan.options, err) < 0)
		return error_prefix(err, "%s", origin);
	if (plan.stated && fit_namespaces(&plan, origin, config, err) < 0)
		return -1;
	if (publish->count > 0 && !network_plan_has_slirp(&plan))
		return error_set(err, 0,
				 "--publish %s: the container's network isn't slirp: use --network "
				 "slirp",
				 publish->items[0]);
	plan.bypass = plan.stated && plan.options.bypass;
	plan.resolv_lines = config_annotation(config, CONFIG_ANNOTATION_RESOLV);
	plan.hosts_lines = config_annotation(config, CONFIG_ANNOTATION_HOSTS);
	plan.keep_etc = config_annotation(config, CONFIG_ANNOTATION_KEEP_ETC);
	if (publish_list_parse(publish, &plan.publish, err) < 0)
		return -1;
	*ret_plan = plan;
	return 0;
}

int network_plan_make(const char *text, const struct str_list *publish, const struct share *share,
		      struct container_config *config, struct network_plan *ret_plan,
		      struct error *err)
{
	struct str_list texts;

	published_texts(publish, config, &texts);
	if (plan_network(text, &texts, share, config, ret_plan, err) < 0)
		/* The texts of errors about ports begin with the option's name. */
		return publish->count == 0 && str_starts_with(err->text, "--publish ")
			       ? error_prefix(err, "annotations." CONFIG_ANNOTATION_PUBLISH)
			       : -1;
	ret_plan->publish_texts = texts;
	return 0;
}

void network_plan_release(struct network_plan *plan)
{
	publish_list_release(&plan->publish);
}

/* ---- the files of /etc ---- */

/* Does the file stay that of the root file system? */
static bool is_kept(const struct network_plan *plan, const char *name)
{
	const char *names = plan->keep_etc ? plan->keep_etc : "";

	return span_has_word((struct span){ names, strlen(names) }, name);
}

/* A resolv.conf that the config decides on doesn't follow the host's. */
static bool follows_host(const struct network_plan *plan)
{
	return !plan->resolv_lines && !is_kept(plan, STATE_FILE_RESOLV);
}

static int add_own_file(const struct network_plan *plan, const struct state_dir *dir,
			const char *name, const struct strbuf *text,
			struct container_config *config, struct error *err)
{
	return is_kept(plan, name) ? 0 : etc_file_add(dir, name, text, config, err);
}

static int resolv_conf(const struct network_plan *plan, struct strbuf *text, struct error *err)
{
	autofree char *host = NULL;
	size_t size;
	int failed = resolv_read_host(&host, &size);

	if (failed < 0)
		return error_set(err, -failed, "read /etc/resolv.conf");
	resolv_text(&plan->options, host, size, text);
	resolv_replace_lines(plan->resolv_lines, text);
	return 0;
}

/*
 * The hosts file of the container whose network is joined, without the names of containers, which
 * urun-slirp adds: the container is given what was said of hosts for the network, and a name of its
 * own for the network's address.
 */
static void joined_hosts(const struct network_plan *plan, const char *hostname, struct strbuf *out)
{
	const struct state_dir *dir = &plan->joined->dir;
	autofree char *bytes = NULL;
	autostrbuf struct strbuf own = { 0 };
	struct str_list none = { 0 };
	size_t size = 0;

	resolv_hosts_text(&plan->options, hostname, &own);
	if (path_read_in_root(dir->fd, STATE_FILE_HOSTS, RESOLV_SIZE_MAX, &bytes, &size) < 0)
		size = 0;
	resolv_hosts_names(bytes ? bytes : "", size, &none, out);
	for (char *rest = own.bytes, *line; (line = strsep(&rest, "\n"));) {
		autofree char *whole = str_format("%s\n", line);

		if (*line && (!out->size || !memmem(out->bytes, out->size, whole, strlen(whole))))
			strbuf_add_str(out, whole);
	}
}

int network_make_files(struct network *network, const struct state_dir *dir,
		       struct container_config *config, struct error *err)
{
	autostrbuf struct strbuf resolv = { 0 }, hosts = { 0 }, hostname = { 0 };
	const struct network_plan *plan = network->plan;

	if (!plan->stated && (plan->resolv_lines || plan->hosts_lines || plan->keep_etc))
		return error_set(err, 0,
				 "annotations." CONFIG_ANNOTATION_RESOLV
				 ", " CONFIG_ANNOTATION_HOSTS " and " CONFIG_ANNOTATION_KEEP_ETC
				 " need " CONFIG_ANNOTATION_NETWORK);
	if (!plan->stated)
		return 0;
	if (resolv_conf(plan, &resolv, err) < 0)
		return -1;
	if (plan->joined)
		joined_hosts(plan, config->hostname, &hosts);
	else
		resolv_hosts_text(&plan->options, config->hostname, &hosts);
	if (!plan->joined && resolv_add_hosts(&plan->options, plan->hosts_lines, &hosts, err) < 0)
		return -1;
	resolv_hostname_text(config->hostname, &hostname);
	network->own_resolv = config_annotation(config, CONFIG_ANNOTATION_OVERLAY) != NULL;
	if (add_own_file(plan, dir, STATE_FILE_RESOLV, &resolv, config, err) < 0 ||
	    add_own_file(plan, dir, STATE_FILE_HOSTS, &hosts, config, err) < 0)
		return -1;
	return hostname.size ? add_own_file(plan, dir, STATE_FILE_HOSTNAME, &hostname, config, err)
			     : 0;
}

/* ---- its process ---- */

int network_open_ports(const struct network_plan *plan, struct network *ret_network,
		       struct error *err)
{
	struct network network = NETWORK_UNMADE;

	network.plan = plan;
	if (ports_open(&plan->publish, &network.ports, err) < 0)
		return -1;
	*ret_network = network;
	return 0;
}

/* A container whose name servers stay those of its start is better than no container. */
static void go_on_without_resolv(struct network *network, const struct error *err)
{
	char line[ERROR_LINE_SIZE];

	helper_abandon(&network->resolv);
	log_warning("the container's resolv.conf won't follow the host's: %s",
		    error_format(err, line));
}

static void launch_resolv(struct network *network)
{
	struct error err = ERROR_NONE;

	if (helper_launch(HELPER_PORT, network->plan->text, &network->resolv, &err) < 0)
		go_on_without_resolv(network, &err);
}

int network_launch(struct network *network, const struct state_dir *dir, struct error *err)
{
	const struct network_plan *plan = network->plan;

	if (plan->stated && plan->options.kind == NETWORK_HOST && follows_host(plan))
		launch_resolv(network);
	if (!network_plan_has_slirp(plan))
		return 0;
	if (helper_launch(HELPER_SLIRP, plan->text, &network->slirp, err) < 0)
		return -1;
	if (plan->bypass && bypass_launch(&network->bypass, dir, plan->text, err) < 0)
		return -1;
	return ports_launch(&network->ports, plan->text, err);
}

/*
 * Opens the file whose lock shows that urun-slirp lives.  The lock belongs to the open file, so
 * urun-slirp alone holds it as soon as our own descriptor is closed.  urun-slirp isn't dumpable, so
 * /proc hides its /proc/PID from us where it has the option hidepid.
 */
static int open_lock(const struct state_dir *dir, int *ret_fd, struct error *err)
{
	autoclose int fd = openat(dir->fd, STATE_FILE_NETWORK,
				  O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return error_set(err, errno, "make %s/%s", dir->path, STATE_FILE_NETWORK);
	*ret_fd = take_fd(&fd);
	return 0;
}

/*
 * FUSE shows the type of a file in an overlay to nobody outside of its user namespace (fuse(4),
 * allow_other), and the file can be read and written nevertheless.  A file with a position is no
 * pipe.
 */
static bool is_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0)
		return S_ISREG(st.st_mode);
	return errno == EACCES && lseek(fd, 0, SEEK_CUR) >= 0;
}

int network_take_files(struct network *network, struct message *message, struct error *err)
{
	if (message->size != message->fd_count)
		return error_set(err, EPROTO, "sync pipe: files of /etc without descriptors");
	for (size_t i = 0; i < message->fd_count; i++) {
		int *taken = message->payload[i] == ETC_FILE_HOSTS ? &network->hosts_fd
								   : &network->resolv_fd;
		int fd = message->fds[i];

		if (!is_file(fd) || (fcntl(fd, F_GETFL) & (O_ACCMODE | O_PATH)) != O_RDWR)
			return error_set(err, EPROTO,
					 "sync pipe: a resolv.conf or hosts that is no file");
		fd_close(taken);
		*taken = take_fd(&message->fds[i]);
	}
	return 0;
}

/*
 * Opens the container's resolv.conf: the file that init has written, else the file in the state
 * directory, which was mounted then.  -1: the config mounts its own.
 */
static int open_resolv(struct network *network, const struct state_dir *dir)
{
	if (!follows_host(network->plan))
		return -1;
	if (network->resolv_fd >= 0)
		return take_fd(&network->resolv_fd);
	return openat(dir->fd, STATE_FILE_RESOLV, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
}

/* The same of /etc/hosts. */
static int open_hosts(struct network *network, const struct state_dir *dir)
{
	if (network->hosts_fd >= 0)
		return take_fd(&network->hosts_fd);
	return openat(dir->fd, STATE_FILE_HOSTS, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
}

void network_give_resolv(struct network *network, const struct state_dir *dir, int life_pidfd)
{
	struct error err = ERROR_NONE;
	autoclose int resolv_fd = -1;

	if (network->resolv.ready_fd < 0)
		return;
	resolv_fd = open_resolv(network, dir);
	if (resolv_fd < 0)
		helper_abandon(&network->resolv);
	else if (helper_give(&network->resolv, NULL, 0, (int[]){ life_pidfd, resolv_fd }, 2, &err) <
		 0)
		go_on_without_resolv(network, &err);
}

static void await_resolv(struct network *network)
{
	struct error err = ERROR_NONE;

	if (network->resolv.ready_fd >= 0 &&
	    helper_await(&network->resolv, &network->resolv_pidfd, &err) < 0)
		go_on_without_resolv(network, &err);
}

int network_give(struct network *network, const struct state_dir *dir, int *tap_fd, int life_pidfd,
		 struct error *err)
{
	autoclose int resolv_fd = open_resolv(network, dir), hosts_fd = open_hosts(network, dir);
	autoclose int lock_fd = -1, listener = -1;
	const int files[MEMBER_FILE_COUNT] = { resolv_fd, hosts_fd };
	const struct member member = member_make(dir->id, files);
	int fds[5 + MEMBER_FILE_COUNT], result = open_lock(dir, &lock_fd, err);
	size_t count = 5;

	if (result == 0)
		result = state_socket_listen(dir, STATE_FILE_MEMBERS, SOCK_SEQPACKET, &listener,
					     err);
	memcpy(fds,
	       (int[]){ life_pidfd, *tap_fd, network->ports.network_namespace, lock_fd, listener },
	       5 * sizeof(int));
	for (int i = 0; i < MEMBER_FILE_COUNT; i++)
		if (files[i] >= 0)
			fds[count++] = files[i];
	if (result == 0)
		result = helper_give(&network->slirp, &member, sizeof(member), fds, count, err);
	/* The device is gone with its last descriptor, which is urun-slirp's alone from now on. */
	fd_close(tap_fd);
	if (result == 0)
		result = bypass_give(&network->bypass, life_pidfd, network->ports.user_namespace,
				     err);
	return result < 0 ? -1 : ports_give(&network->ports, dir, life_pidfd, err);
}

/* Hard links: the sockets and the lock are found as long as one member's directory exists. */
static int link_file(const struct state_dir *from, const struct state_dir *to, const char *name,
		     struct error *err)
{
	if (linkat(from->fd, name, to->fd, name, 0) == 0 || errno == ENOENT || errno == EEXIST)
		return 0;
	return error_set(err, errno, "link %s/%s to %s", from->path, name, to->path);
}

struct naming {
	struct str_list names;
	int *files;
};

/* For share_each_member(). */
static int note_name(struct container *member, int pidfd, void *context, struct error *err)
{
	struct naming *naming = context;

	(void)pidfd;
	(void)err;
	naming->files = mem_resize(naming->files, naming->names.count + 1, sizeof(int));
	naming->files[naming->names.count] =
		openat(member->dir.fd, STATE_FILE_HOSTS, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	str_list_add(&naming->names, str_dup(member->dir.id));
	return 0;
}

/*
 * Without an urun-slirp nobody follows the members: the names of those that live now are written
 * into their files, with @own where it isn't NULL, and into @hosts_fd where it is open.  Files that
 * were written into overlays can't be reached.
 */
static void tell_names(const struct state_dir *dir, const struct container_state *state,
		       const char *own, int hosts_fd)
{
	autofree char *root = str_dup_n(dir->path, strlen(dir->path) - strlen(dir->id) - 1);
	autofree char *key = share_key(state, CONFIG_NS_NETWORK);
	struct naming naming = { 0 };
	struct error ignored = ERROR_NONE;
	size_t others;

	share_each_member(root, key, CONFIG_NS_NETWORK, dir->id, note_name, &naming, &ignored);
	others = naming.names.count;
	if (own)
		str_list_add(&naming.names, own);
	for (size_t i = 0; i < others; i++) {
		if (naming.files[i] >= 0)
			resolv_hosts_update(naming.files[i], &naming.names);
		fd_close(&naming.files[i]);
	}
	if (hosts_fd >= 0)
		resolv_hosts_update(hosts_fd, &naming.names);
	for (size_t i = 0; i < others; i++)
		free(naming.names.items[i]);
	free(naming.files);
	str_list_release(&naming.names);
}

/* Has a container joined the network, or is it one that was joined?  Overlays don't tell. */
static bool is_shared(const struct state_dir *dir, const struct container_state *state)
{
	autofree char *bytes = NULL;
	size_t size;

	return state->shared_network ||
	       (path_read_in_root(dir->fd, STATE_FILE_HOSTS, RESOLV_SIZE_MAX, &bytes, &size) == 0 &&
		resolv_hosts_has_names(bytes, size));
}

/*
 * A directory loses its name before it is emptied (state_dir_remove()): with the name all files are
 * there.
 */
static bool directory_is_there(const struct state_dir *dir)
{
	struct stat named, own;

	return fstat(dir->fd, &own) == 0 &&
	       fstatat(dir->root_fd, dir->id, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       stat_same(&own, &named);
}

/*
 * Joins urun-slirp and urun-port of the network, where there are any.
 *
 * The other container's lock isn't taken.  A command that deletes the container holds it until the
 * container's process 1 is dead; in a pid namespace that we have joined, the kernel lets that process
 * end when we have reaped our child: both would wait for each other.  So what may happen meanwhile
 * is looked at:
 *   the container is removed    then its directory has lost its name when the links are made
 *   urun-slirp or urun-port ends   with the last member: then it refuses the connection
 *   urun-port starts            its starter makes the links for all members, also for one that is
 *                               being created (share_ports())
 */
static int join_network(struct network *network, const struct state_dir *dir, int life_pidfd,
			struct container_state *state, struct error *err)
{
	struct container *other = (struct container *)(uintptr_t)network->plan->joined;
	autoclose int resolv_fd = open_resolv(network, dir), hosts_fd = open_hosts(network, dir);
	const int files[MEMBER_FILE_COUNT] = { resolv_fd, hosts_fd };
	const struct member member = member_make(dir->id, files);
	autoclose int slirp = -1, ports = -1;
	int found;

	state->network_pid = other->state.network_pid;
	if (link_file(&other->dir, dir, STATE_FILE_NETWORK, err) < 0 ||
	    link_file(&other->dir, dir, STATE_FILE_MEMBERS, err) < 0 ||
	    link_file(&other->dir, dir, STATE_FILE_PORTS, err) < 0)
		return -1;
	if (!directory_is_there(&other->dir))
		return error_set(err, 0, "it has been removed");
	found = state_has_file(dir, STATE_FILE_MEMBERS, err);
	if (found < 0)
		return -1;
	if (found &&
	    (state_socket_connect(dir, STATE_FILE_MEMBERS, SOCK_SEQPACKET, &slirp, err) < 0 ||
	     member_join(slirp, &member, life_pidfd, files, err) < 0))
		return -1;
	if (!found && network->plan->stated)
		tell_names(dir, state, dir->id, hosts_fd);
	found = ports_connect(dir, &ports, err);
	if (found < 0 || (found > 0 && port_join(ports, life_pidfd, err) < 0))
		return -1;
	return 1;
}

int network_await(struct network *network, const struct state_dir *dir, int life_pidfd,
		  struct container_state *state, struct error *err)
{
	struct pollfd end = { .events = POLLIN };
	pid_t pid;

	if (network->plan->joined)
		return join_network(network, dir, life_pidfd, state, err) < 0
			       ? error_prefix(err, "the network of container %s",
					      network->plan->joined->dir.id)
			       : 1;
	await_resolv(network);
	if (network->slirp.ready_fd < 0)
		return 0;
	if (helper_await(&network->slirp, &network->pidfd, err) < 0 ||
	    bypass_await(&network->bypass, err) < 0 || ports_await(&network->ports, dir, err) < 0)
		return -1;
	end.fd = network->pidfd;
	pid = pidfd_pid(network->pidfd);
	/* Nobody is left to read the cause from. */
	if (pid <= 0 && poll(&end, 1, 0) > 0)
		return error_set(err, 0, HELPER_SLIRP " ended while the container was started");
	if (pid <= 0)
		return error_set(err, pid < 0 ? -pid : ESRCH, "find the process of urun-slirp");
	state->network_pid = (struct opt_u64){ .set = true, .value = (uint64_t)pid };
	return 1;
}

void network_undo(struct network *network)
{
	ports_undo(&network->ports);
	bypass_undo(&network->bypass);
	helper_abandon(&network->slirp);
	helper_abandon(&network->resolv);
	if (network->pidfd >= 0)
		pidfd_signal(network->pidfd, SIGKILL);
	if (network->resolv_pidfd >= 0)
		pidfd_signal(network->resolv_pidfd, SIGKILL);
	fd_close(&network->pidfd);
	fd_close(&network->resolv_pidfd);
}

void network_release(struct network *network)
{
	helper_abandon(&network->slirp);
	helper_abandon(&network->resolv);
	ports_release(&network->ports);
	bypass_release(&network->bypass);
	fd_close(&network->resolv_fd);
	fd_close(&network->hosts_fd);
	fd_close(&network->pidfd);
	fd_close(&network->resolv_pidfd);
}

/* Returns a descriptor; -ESRCH where urun-slirp has ended; or -ENOENT where there never was one. */
static int open_slirp_process(const struct state_dir *dir, const struct container_state *state)
{
	autoclose int lock_fd =
		openat(dir->fd, STATE_FILE_NETWORK, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	autoclose int pidfd = -1;

	if (!state->network_pid.set || lock_fd < 0)
		return -ENOENT;
	pidfd = pidfd_open_process((pid_t)state->network_pid.value);
	if (pidfd < 0)
		return pidfd;
	/*
	 * ORDER: after the open.  While the lock is held urun-slirp lives, and the pid is its own;
	 * a pid that was reused before the open is noticed here.  The lock is shared: two commands
	 * that check at the same time don't take each other for urun-slirp.
	 */
	if (flock(lock_fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return -ESRCH;
	return take_fd(&pidfd);
}

/*
 * urun-slirp watches the container's first process and ends by itself: at once, or when the
 * container's last bytes were sent (loop_run()).  To kill it here would cut these bytes off, and
 * the peer would take that for the regular end.
 */
void network_end(const struct state_dir *dir, const struct container_state *state)
{
	struct error ignored = ERROR_NONE;

	ports_end(dir);
	if (state_has_file(dir, STATE_FILE_MEMBERS, &ignored) == 0 && is_shared(dir, state))
		tell_names(dir, state, NULL, -1);
}

void network_warn_if_lost(const struct state_dir *dir, const struct container_state *state)
{
	autoclose int pidfd = open_slirp_process(dir, state);

	if (pidfd == -ESRCH)
		log_warning("container %s has no network any more: its urun-slirp (process %d) has "
			    "ended",
			    state->id, (int)state->network_pid.value);
}
