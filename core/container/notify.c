// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/processes.h"
#include "core/container/state_socket.h"

#define NAME "notify"
/* Place of the socket's directory in the container where the host's path can't be used. */
#define PLACE		 "/run/notify"
#define MESSAGE_SIZE_MAX 4096
/*
 * Messages that are passed on at a time: a program that sends many must not delay signals or the
 * terminal.
 */
#define BATCH_MAX 16

/* Lines that are passed on: they report the program's own state. */
struct notification {
	char text[MESSAGE_SIZE_MAX];
	size_t size;
};

/* ---- the container's socket ---- */

static int bind_socket(int directory, int *ret_fd)
{
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;

	socket_address_in(directory, NAME, &address);
	if (fd < 0 || (unlinkat(directory, NAME, 0) < 0 && errno != ENOENT) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(directory, NAME, 0666, 0) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int open_socket(const struct state_dir *dir, int *ret_fd, struct error *err)
{
	autoclose int directory = openat(dir->fd, STATE_DIRECTORY_NOTIFY,
					 O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int failed = directory < 0 ? -errno : bind_socket(directory, ret_fd);

	return failed < 0 ? error_set(err, -failed, "make the socket %s/%s/%s", dir->path,
				      STATE_DIRECTORY_NOTIFY, NAME)
			  : 0;
}

/* ---- where the container finds it ---- */

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	while (length > 0 && directory[length - 1] == '/')
		length--;
	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* A systemd in the container makes its own sockets there. */
static bool is_of_systemd(const char *path)
{
	return is_below(path, "/run/systemd") ||
	       (is_below(path, "/run/user") && strstr(path, "/systemd/"));
}

/*
 * In a directory of the host, the path is the host's socket itself, and no directory can be mounted
 * on a socket; or the caller shares the directory with others.
 */
static bool is_in_bind(const struct container_config *config, const char *path)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mount = &config->mounts.items[i];

		if (config_mount_is_bind(mount) && mount->destination &&
		    (is_below(path, mount->destination) || str_equal(path, mount->destination)))
			return true;
	}
	return false;
}

/*
 * Is there anything but a directory at the path in the root file system?  The root file system of
 * --rootfs / is the host's.
 */
static bool is_taken(const struct container_config *config, const char *path)
{
	const char *root = config->root ? config->root->path : NULL;
	autofree char *inside = root ? str_format("%s%s", root, path) : NULL;
	struct stat st;

	return inside && lstat(inside, &st) == 0 && !S_ISDIR(st.st_mode);
}

static const char *choose_place(const struct container_config *config, const char *host)
{
	autofree char *clean = NULL;

	if (host[0] != '/')
		return PLACE;
	clean = path_clean(host);
	if (!str_equal(clean, host) || is_of_systemd(host) || is_in_bind(config, host) ||
	    is_taken(config, host))
		return PLACE;
	return host;
}

int notify_prepare(const char *host, const struct state_dir *dir, struct container_config *config,
		   struct notify *ret_notify, struct error *err)
{
	autofree char *directory = NULL, *name = NULL;
	struct config_mount *mount;
	const char *place;

	if (!host || !*host || !config->process)
		return 0;
	/*
	 * An engine that has put a socket into the config passes messages on itself, as podman
	 * does.
	 */
	if (config_env(config->process, "NOTIFY_SOCKET"))
		return 0;
	if (mkdirat(dir->fd, STATE_DIRECTORY_NOTIFY, 0755) < 0 ||
	    fchmodat(dir->fd, STATE_DIRECTORY_NOTIFY, 0755, 0) < 0)
		return error_set(err, errno, "make %s/%s", dir->path, STATE_DIRECTORY_NOTIFY);
	ret_notify->host = host;
	if (open_socket(dir, &ret_notify->socket, err) < 0)
		return -1;
	directory = str_format("%s/%s", dir->path, STATE_DIRECTORY_NOTIFY);
	/* Read-only: a socket can be written to nevertheless, and nothing can be put beside it. */
	place = choose_place(config, host);
	name = str_format("%s/" NAME, place);
	mount = config_add_mount(config, place, "bind", directory);
	mount->options.traits = MOUNT_TRAIT_BIND | MOUNT_TRAIT_NOFAIL;
	mount->options.top.set =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	config_set_env(config, "NOTIFY_SOCKET", name);
	return 0;
}

int notify_reopen(const char *host, const struct state_dir *dir, struct notify *ret_notify,
		  struct error *err)
{
	int found = host && *host ? state_has_file(dir, STATE_DIRECTORY_NOTIFY, err) : 0;

	if (found <= 0)
		return found;
	ret_notify->host = host;
	return open_socket(dir, &ret_notify->socket, err);
}

void notify_close(struct notify *notify)
{
	fd_close(&notify->socket);
}

/* ---- passing on ---- */

static bool is_passed_on(const char *line)
{
	static const char *const known[] = {
		"READY=",	   "STATUS=", "RELOADING=", "STOPPING=",
		"MONOTONIC_USEC=", "ERRNO=",  "WATCHDOG=",  "EXTEND_TIMEOUT_USEC="
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_starts_with(line, known[i]))
			return true;
	return false;
}

/* Keeps the lines of @text that are to be passed on; cuts @text into its lines. */
static void keep_known(char *text, struct notification *notification)
{
	notification->size = 0;
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		size_t length = strlen(line);

		if (!is_passed_on(line))
			continue;
		memcpy(notification->text + notification->size, line, length);
		notification->size += length;
		notification->text[notification->size++] = '\n';
	}
}

/* Returns false where there is no message.  Descriptors that were received with it are closed. */
static bool receive(int socket, struct notification *notification)
{
	char text[MESSAGE_SIZE_MAX];
	int fds[RIGHTS_MAX];
	struct iovec part = { text, sizeof(text) - 1 };
	size_t count;
	ssize_t got = rights_receive(socket, &part, 1, MSG_DONTWAIT, fds, RIGHTS_MAX, &count);

	notification->size = 0;
	if (got == -EAGAIN)
		return false;
	if (got <= 0)
		return true;
	for (size_t i = 0; i < count; i++)
		fd_close(&fds[i]);
	text[got] = '\0';
	keep_known(text, notification);
	return true;
}

/* A failure can't be reported here: the start of the unit fails, and systemd reports that. */
static void send_to_host(const struct notify *notify, const struct notification *notification,
			 const char *before)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(notify->host);
	struct iovec parts[] = { { (void *)(uintptr_t)before, strlen(before) },
				 { (void *)(uintptr_t)notification->text, notification->size } };
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (notification->size == 0 || fd < 0 || length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, notify->host, length);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	if (connect(fd, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == 0)
		rights_send(fd, parts, ARRAY_SIZE(parts), NULL, 0);
}

static bool says_ready(const struct notification *notification)
{
	static const char word[] = "READY=1\n";
	const size_t length = sizeof(word) - 1;

	for (size_t i = 0; i + length <= notification->size; i++)
		if (memcmp(notification->text + i, word, length) == 0 &&
		    (i == 0 || notification->text[i - 1] == '\n'))
			return true;
	return false;
}

void notify_pass_on(const struct notify *notify)
{
	struct notification notification;

	for (int i = 0; i < BATCH_MAX && receive(notify->socket, &notification); i++)
		send_to_host(notify, &notification, "");
}

void notify_await_ready(const struct notify *notify, const struct container_state *state, int pidfd)
{
	struct pollfd fds[] = { { .fd = notify->socket, .events = POLLIN },
				{ .fd = pidfd, .events = POLLIN } };
	char main_pid[32];
	bool ready = notify->socket < 0;

	while (!ready) {
		struct notification notification;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < BATCH_MAX && receive(notify->socket, &notification); i++) {
			bool says = says_ready(&notification);

			if (says)
				snprintf(main_pid, sizeof(main_pid), "MAINPID=%d\n",
					 (int)process_of_program(state));
			send_to_host(notify, &notification, says ? main_pid : "");
			ready = ready || says;
		}
		if (fds[1].revents)
			return;
	}
}
