// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/network.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/etc_file.h"
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
	return plan->stated && plan->options.kind == NETWORK_SLIRP;
}

int network_plan_make(const char *text, const struct str_list *publish,
		      struct container_config *config, struct network_plan *ret_plan,
		      struct error *err)
{
	const char *origin = text ? "--network" : "annotations." CONFIG_ANNOTATION_NETWORK;
	struct network_plan plan = { .text = text };

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
	if (publish_list_parse(publish, &plan.publish, err) < 0)
		return -1;
	*ret_plan = plan;
	return 0;
}

void network_plan_release(struct network_plan *plan)
{
	publish_list_release(&plan->publish);
}

/* ---- the files of /etc ---- */

static int resolv_conf(const struct network_plan *plan, struct strbuf *text, struct error *err)
{
	autofree char *host = NULL;
	size_t size;
	int failed = resolv_read_host(&host, &size);

	if (failed < 0)
		return error_set(err, -failed, "read /etc/resolv.conf");
	resolv_text(&plan->options, host, size, text);
	return 0;
}

int network_make_files(struct network *network, const struct state_dir *dir,
		       struct container_config *config, struct error *err)
{
	autostrbuf struct strbuf resolv = { 0 }, hosts = { 0 }, hostname = { 0 };
	const struct network_plan *plan = network->plan;

	if (!plan->stated)
		return 0;
	if (resolv_conf(plan, &resolv, err) < 0)
		return -1;
	resolv_hosts_text(&plan->options, config->hostname, &hosts);
	resolv_hostname_text(config->hostname, &hostname);
	network->own_resolv = config_annotation(config, CONFIG_ANNOTATION_OVERLAY) != NULL;
	if (etc_file_add(dir, STATE_FILE_RESOLV, &resolv, config, err) < 0 ||
	    etc_file_add(dir, STATE_FILE_HOSTS, &hosts, config, err) < 0)
		return -1;
	return hostname.size ? etc_file_add(dir, STATE_FILE_HOSTNAME, &hostname, config, err) : 0;
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

int network_launch(struct network *network, struct error *err)
{
	const struct network_plan *plan = network->plan;

	if (plan->stated && plan->options.kind == NETWORK_HOST)
		launch_resolv(network);
	if (!network_plan_has_slirp(plan))
		return 0;
	if (helper_launch(HELPER_SLIRP, plan->text, &network->slirp, err) < 0)
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

int network_take_resolv(struct network *network, int *fd, struct error *err)
{
	autoclose int taken = take_fd(fd);

	if (!is_file(taken) || (fcntl(taken, F_GETFL) & (O_ACCMODE | O_PATH)) != O_RDWR)
		return error_set(err, EPROTO, "sync pipe: a resolv.conf that is no file");
	fd_close(&network->resolv_fd);
	network->resolv_fd = take_fd(&taken);
	return 0;
}

/*
 * Opens the container's resolv.conf: the file that init has written, else the file in the state
 * directory, which was mounted then.  -1: the config mounts its own.
 */
static int open_resolv(struct network *network, const struct state_dir *dir)
{
	if (network->resolv_fd >= 0)
		return take_fd(&network->resolv_fd);
	return openat(dir->fd, STATE_FILE_RESOLV, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
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
	else if (helper_give(&network->resolv, (int[]){ life_pidfd, resolv_fd }, 2, &err) < 0)
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
	autoclose int resolv_fd = open_resolv(network, dir);
	autoclose int lock_fd = -1;
	int result = open_lock(dir, &lock_fd, err);

	if (result == 0)
		result = helper_give(&network->slirp,
				     (int[]){ life_pidfd, *tap_fd, lock_fd, resolv_fd },
				     resolv_fd < 0 ? 3 : 4, err);
	/* The device is gone with its last descriptor, which is urun-slirp's alone from now on. */
	fd_close(tap_fd);
	return result < 0 ? -1 : ports_give(&network->ports, dir, life_pidfd, err);
}

int network_await(struct network *network, const struct state_dir *dir,
		  struct container_state *state, struct error *err)
{
	struct pollfd end = { .events = POLLIN };
	pid_t pid;

	await_resolv(network);
	if (network->slirp.ready_fd < 0)
		return 0;
	if (helper_await(&network->slirp, &network->pidfd, err) < 0 ||
	    ports_await(&network->ports, dir, err) < 0)
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
	fd_close(&network->resolv_fd);
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
void network_end(const struct state_dir *dir)
{
	ports_end(dir);
}

void network_warn_if_lost(const struct state_dir *dir, const struct container_state *state)
{
	autoclose int pidfd = open_slirp_process(dir, state);

	if (pidfd == -ESRCH)
		log_warning("container %s has no network any more: its urun-slirp (process %d) has "
			    "ended",
			    state->id, (int)state->network_pid.value);
}
