// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/container/share.h"
#include "core/container/state_socket.h"

/* Sockets are closed at once; an urun-port that takes longer hangs, and we give up. */
#define END_TIMEOUT_MS 2000

int publish_list_parse(const struct str_list *texts, struct publish_list *ret_list,
		       struct error *err)
{
	struct publish_list list = { 0 };

	list.items = mem_resize(NULL, texts->count, sizeof(*list.items));
	for (; list.count < texts->count; list.count++)
		if (publish_parse(texts->items[list.count], &list.items[list.count], err) < 0) {
			publish_list_release(&list);
			return -1;
		}
	*ret_list = list;
	return 0;
}

void publish_list_release(struct publish_list *list)
{
	free(list->items);
	*list = (struct publish_list){ 0 };
}

int ports_open(const struct publish_list *list, struct ports *ret_ports, struct error *err)
{
	struct ports ports = PORTS_NONE;

	for (size_t i = 0; i < list->count; i++)
		if (publish_open(&list->items[i], &ports.published, err) < 0) {
			ports_release(&ports);
			return -1;
		}
	if (ports.published.count > PORT_COUNT_MAX) {
		ports_release(&ports);
		return error_set(err, 0, "--publish: more than %d ports", PORT_COUNT_MAX);
	}
	*ret_ports = ports;
	return 0;
}

void ports_release(struct ports *ports)
{
	helper_abandon(&ports->helper);
	published_list_release(&ports->published);
	fd_close(&ports->pidfd);
	fd_close(&ports->user_namespace);
	fd_close(&ports->network_namespace);
}

/* ---- beside the creation ---- */

int ports_launch(struct ports *ports, const char *network, struct error *err)
{
	if (ports->published.count == 0)
		return 0;
	return helper_launch(HELPER_PORT, network, &ports->helper, err);
}

int ports_give(struct ports *ports, const struct state_dir *dir, int life_pidfd, struct error *err)
{
	int fds[] = { life_pidfd, -1, ports->user_namespace, ports->network_namespace };
	autoclose int listener = -1;

	if (ports->helper.ready_fd < 0)
		return 0;
	if (state_socket_listen(dir, STATE_FILE_PORTS, SOCK_SEQPACKET, &listener, err) < 0)
		return -1;
	fds[1] = listener;
	return helper_give(&ports->helper, NULL, 0, fds, ARRAY_SIZE(fds), err);
}

/*
 * Adds all ports or none.  ORDER: our own sockets are closed, or the address wouldn't be free when
 * urun-port closes its socket.
 */
static int ports_add_all(int control, struct published_list *list, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		struct error ignored = ERROR_NONE;

		if (port_add(control, &list->items[i], err) == 0)
			continue;
		while (i-- > 0) {
			const struct published *done = &list->items[i];

			port_remove(control,
				    &(struct port_entry){ done->protocol, done->container_port,
							  done->host },
				    &ignored);
		}
		return -1;
	}
	for (size_t i = 0; i < list->count; i++)
		fd_close(&list->items[i].fd);
	return 0;
}

/* Time for the kernel between the end of the sockets and the end of the process. */
#define EXPLAIN_TIMEOUT_MS 200

/* A helper that ends while it serves can't report the cause; only its sockets show the end. */
static int explain(const struct ports *ports, struct error *err)
{
	struct pollfd end = { .fd = ports->pidfd, .events = POLLIN };
	bool is_cut = err->code == ECONNREFUSED || err->code == ECONNRESET || err->code == EPIPE;

	if (is_cut && poll(&end, 1, EXPLAIN_TIMEOUT_MS) > 0)
		error_set(err, 0, HELPER_PORT " ended before it published the ports");
	return -1;
}

int ports_await(struct ports *ports, const struct state_dir *dir, struct error *err)
{
	autoclose int control = -1;

	if (ports->helper.ready_fd < 0)
		return 0;
	if (helper_await(&ports->helper, &ports->pidfd, err) < 0)
		return -1;
	if (state_socket_connect(dir, STATE_FILE_PORTS, SOCK_SEQPACKET, &control, err) < 0 ||
	    ports_add_all(control, &ports->published, err) < 0)
		return explain(ports, err);
	return 0;
}

void ports_undo(struct ports *ports)
{
	struct pollfd end = { .fd = ports->pidfd, .events = POLLIN };

	if (ports->pidfd >= 0) {
		pidfd_signal(ports->pidfd, SIGKILL);
		while (poll(&end, 1, END_TIMEOUT_MS) < 0 && errno == EINTR)
			;
	}
	ports_release(ports);
}

/* ---- later ---- */

void ports_end(const struct state_dir *dir)
{
	struct error ignored = ERROR_NONE;
	autoclose int control = -1;

	if (state_has_file(dir, STATE_FILE_PORTS, &ignored) != 0 &&
	    state_socket_connect(dir, STATE_FILE_PORTS, SOCK_SEQPACKET, &control, &ignored) == 0)
		port_end(control, END_TIMEOUT_MS);
}

/* Opens a container that lives, and its first process's pidfd, which stays -1 where it has none. */
static int open_living(const char *root, const char *id, struct container *container, int *pidfd,
		       struct error *err)
{
	enum container_status status;

	if (container_open(root, id, STATE_LOCKED, container, err) != 0 ||
	    container_status(container, &status, pidfd, err) < 0)
		return -1;
	if (status == CONTAINER_RUNNING || status == CONTAINER_CREATED ||
	    status == CONTAINER_PAUSED)
		return 0;
	return error_set(err, 0, "container %s is %s: it has no ports", id,
			 container_status_name(status));
}

int ports_connect(const struct state_dir *dir, int *ret_control, struct error *err)
{
	int found = state_has_file(dir, STATE_FILE_PORTS, err);

	if (found <= 0)
		return found;
	if (state_socket_connect(dir, STATE_FILE_PORTS, SOCK_SEQPACKET, ret_control, err) == 0)
		return 1;
	/* urun-port has ended without a message. */
	if (err->code != ECONNREFUSED)
		return -1;
	*err = ERROR_NONE;
	unlinkat(dir->fd, STATE_FILE_PORTS, 0);
	return 0;
}

int container_ports_list(const char *root, const char *id, struct port_entry **ret_entries,
			 size_t *ret_count, struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	autoclose int pidfd = -1, control = -1;
	int found;

	*ret_entries = NULL;
	*ret_count = 0;
	if (open_living(root, id, &container, &pidfd, err) < 0)
		return -1;
	found = ports_connect(&container.dir, &control, err);
	return found > 0 ? port_list(control, ret_entries, ret_count, err) : found;
}

static int open_namespace(pid_t pid, const char *name, int *ret_fd, struct error *err)
{
	autofree char *path = str_format("/proc/%d/ns/%s", (int)pid, name);

	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, errno, "open %s", path) : 0;
}

/*
 * ORDER: opened by the pid; then the pidfd shows whether the pid belonged to that process all the
 * time.
 */
static int find_namespaces(struct ports *ports, int life_pidfd, struct error *err)
{
	pid_t pid = pidfd_pid(life_pidfd);

	if (pid > 0 && (open_namespace(pid, "user", &ports->user_namespace, err) < 0 ||
			open_namespace(pid, "net", &ports->network_namespace, err) < 0))
		return -1;
	if (pid <= 0 || pidfd_signal(life_pidfd, 0) < 0)
		return error_set(err, 0, "container not running: no port can be published");
	return 0;
}

/*
 * For share_each_member(): the container has the same network, and so the same ports.  A member that
 * ends meanwhile needs none.
 */
static int share_ports(struct container *member, int pidfd, void *context, struct error *err)
{
	const struct state_dir *dir = context;
	autoclose int control = -1;
	struct error ignored = ERROR_NONE;

	if (linkat(dir->fd, STATE_FILE_PORTS, member->dir.fd, STATE_FILE_PORTS, 0) < 0 &&
	    errno != EEXIST)
		return error_set(err, errno, "link %s/%s to %s", dir->path, STATE_FILE_PORTS,
				 member->dir.path);
	if (state_socket_connect(dir, STATE_FILE_PORTS, SOCK_SEQPACKET, &control, &ignored) == 0)
		(void)port_join(control, pidfd, &ignored);
	return 0;
}

static int start_late(struct ports *ports, const char *root, const struct container *container,
		      int life_pidfd, struct error *err)
{
	autofree char *key = share_key(&container->state, CONFIG_NS_NETWORK);
	const struct state_dir *dir = &container->dir;
	const struct container_state *state = &container->state;

	if (!state->network || !str_starts_with(state->network, "slirp"))
		return error_set(err, 0,
				 "--add: container %s has no slirp network whose ports could be "
				 "published",
				 state->id);
	if (ports_launch(ports, state->network, err) < 0 ||
	    find_namespaces(ports, life_pidfd, err) < 0 ||
	    ports_give(ports, dir, life_pidfd, err) < 0 || ports_await(ports, dir, err) < 0)
		return -1;
	return share_each_member(root, key, CONFIG_NS_NETWORK, dir->id, share_ports,
				 (void *)(uintptr_t)dir, err);
}

/* Does the text mean this port?  A part that the text leaves out matches any. */
static bool is_meant(const struct publish *publish, const struct port_entry *entry)
{
	unsigned int i = (unsigned int)entry->container_port - publish->container_first;
	union publish_address host = publish->address;

	if (entry->protocol != publish->protocol ||
	    entry->container_port < publish->container_first || i >= publish->count)
		return false;
	if (publish->host_first && publish_port(&entry->host) != publish->host_first + i)
		return false;
	publish_set_port(&host, publish_port(&entry->host));
	return !publish->has_address || publish_is_same_address(&host, &entry->host);
}

static int remove_meant(int control, const char *text, const struct publish *publish,
			struct error *err)
{
	autofree struct port_entry *entries = NULL;
	size_t count, removed = 0;

	if (port_list(control, &entries, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!is_meant(publish, &entries[i]))
			continue;
		if (port_remove(control, &entries[i], err) < 0)
			return -1;
		removed++;
	}
	return removed ? 0 : error_set(err, 0, "--remove %s: no such port is published", text);
}

/* Both options have the words of --publish, and its errors. */
static int name_option(const char *option, struct error *err)
{
	static const char publish[] = "--publish";
	autofree char *text = str_dup(err->text);

	if (str_starts_with(text, publish))
		snprintf(err->text, sizeof(err->text), "--%s%s", option, text + strlen(publish));
	return -1;
}

/* ORDER: ports are removed first, since new ones may have the same address. */
static int ports_change(const char *root, const struct container *container, int pidfd,
			const struct str_list *add, const struct str_list *remove,
			struct ports *ports, struct error *err)
{
	autopublishlist struct publish_list removed = { 0 }, added = { 0 };
	autoclose int control = -1;
	int found;

	if (publish_list_parse(remove, &removed, err) < 0)
		return name_option("remove", err);
	if (publish_list_parse(add, &added, err) < 0)
		return name_option("add", err);
	found = ports_connect(&container->dir, &control, err);
	if (found < 0)
		return -1;
	for (size_t i = 0; i < removed.count; i++) {
		if (!found)
			return error_set(err, 0, "--remove %s: no port is published",
					 remove->items[i]);
		if (remove_meant(control, remove->items[i], &removed.items[i], err) < 0)
			return -1;
	}
	if (added.count == 0)
		return 0;
	if (ports_open(&added, ports, err) < 0)
		return name_option("add", err);
	return found ? ports_add_all(control, &ports->published, err)
		     : start_late(ports, root, container, pidfd, err);
}

int container_ports_change(const char *root, const char *id, const struct str_list *add,
			   const struct str_list *remove, struct published_list *ret_added,
			   struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct ports ports = PORTS_NONE;
	autoclose int pidfd = -1;

	if (open_living(root, id, &container, &pidfd, err) < 0)
		return -1;
	if (ports_change(root, &container, pidfd, add, remove, &ports, err) < 0) {
		ports_undo(&ports);
		return -1;
	}
	*ret_added = ports.published;
	ports.published = (struct published_list){ 0 };
	ports_release(&ports);
	return 0;
}
