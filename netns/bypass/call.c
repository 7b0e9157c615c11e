// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-bypass.
 *
 * The answer to one connect(2) of the container.
 *
 *   the address is the outside's, the socket is a TCP socket of the container's own network namespace
 *   which nothing ties to it, the container's route leads to urun-slirp, and the host's route leads to
 *   another machine:
 *       a socket of the host begins to connect, and takes the place of the program's
 *       (SECCOMP_IOCTL_NOTIF_ADDFD with SETFD), at the same number and with the same marks
 *         connected already            the answer is 0
 *         the program doesn't wait     EINPROGRESS
 *         the program waits            the kernel goes on with the call (CONTINUE), now on the socket that
 *                                      is connecting: it waits for the end of the handshake, as it does
 *                                      when a call is restarted, for SO_SNDTIMEO, and for signals
 *         refused at once              the errno; the program keeps its socket
 *   a socket of the host that is connected or connecting:
 *       the kernel answers, as on the host (EISCONN, EALREADY); AF_UNSPEC disconnects it
 *   a socket of the host that has failed, or was disconnected:
 *       its error, if the program hasn't read it; else it is replaced by a new one in the same way.  Where
 *       the new destination is the container's own, ENETUNREACH: there is no way back
 *   all others:
 *       the kernel goes on with the call, on the program's own socket
 *
 * So nothing waits here, and no call is remembered.  host_socket.c says why CONTINUE is harmless.
 *
 * The socket is replaced as early as a program can know its peer.  What a program has done with its
 * socket before is carried over (socket_options.c), or the socket stays with urun-slirp: when it is bound,
 * in an epoll set already, or duplicated.  A duplicate in another process can't be found: whoever forks
 * before connect(2) and uses the socket in the other process finds it unconnected.
 */
#include "netns/bypass/call.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/bypass/caller.h"
#include "netns/bypass/destination.h"
#include "netns/bypass/host_socket.h"
#include "netns/bypass/route.h"
#include "netns/bypass/socket_options.h"

/* Linux 5.14 */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* Source: Linux, include/net/tcp_states.h. */
#define STATE_CLOSE 7

/* ---- memory ---- */

/* A later kernel's structs may be longer than those of our headers. */
struct room {
	size_t call_size, answer_size;
	struct seccomp_notif *call;
	struct seccomp_notif_resp *answer;
};

static size_t larger(size_t one, size_t other)
{
	return one > other ? one : other;
}

void *call_room_new(struct error *err)
{
	struct seccomp_notif_sizes sizes = { 0 };
	struct room *room;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0) {
		error_set(err, errno, "ask for the sizes of notifications");
		return NULL;
	}
	room = mem_alloc(sizeof(*room));
	room->call_size = larger(sizes.seccomp_notif, sizeof(*room->call));
	room->answer_size = larger(sizes.seccomp_notif_resp, sizeof(*room->answer));
	room->call = mem_alloc(room->call_size);
	room->answer = mem_alloc(room->answer_size);
	return room;
}

int call_read_namespace(int fd, uint64_t *ret_cookie)
{
	socklen_t size = sizeof(*ret_cookie);

	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret_cookie, &size) < 0 ? -errno : 0;
}

/* Linux 6.6 */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

void call_prepare_listener(int listener)
{
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

/* ---- the socket ---- */

static int socket_number(int fd, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &size) < 0 ? -1 : value;
}

/* Returns AF_INET or AF_INET6, or -1 where it is no TCP socket. */
static int tcp_domain(int fd)
{
	int domain = socket_number(fd, SO_DOMAIN);

	if (domain != AF_INET && domain != AF_INET6)
		return -1;
	return socket_number(fd, SO_PROTOCOL) == IPPROTO_TCP ? domain : -1;
}

static bool is_closed(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       info.tcpi_state == STATE_CLOSE;
}

/* To close a socket takes as long as to make one, so that is done when the program has its answer. */
static void close_later(struct caller_world *world, int fd)
{
	world->unused[world->unused_count++] = fd;
}

static void close_unused(struct caller_world *world)
{
	while (world->unused_count > 0)
		fd_close(&world->unused[--world->unused_count]);
}

/* ---- the answer ---- */

struct answer {
	bool goes_on; /* the kernel does the call */
	int error;    /* else its result: 0 or a negative errno */
};

static const struct answer GOES_ON = { .goes_on = true };

static struct answer answer_with(int error)
{
	return (struct answer){ .error = error };
}

/*
 * Puts @fd at the number that the call names.  The kernel does so in the calling thread, which is stopped
 * in the call: if the thread has been killed meanwhile, that fails.
 */
static int replace_socket(int listener, const struct seccomp_notif *call, int fd, bool cloexec)
{
	const struct seccomp_notif_addfd order = {
		.id = call->id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (uint32_t)fd,
		.newfd = (uint32_t)call->data.args[0],
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &order) < 0 ? -errno : 0;
}

/* The file's flags go with it, as they were on the program's. */
static int take_flags(int from, int to, bool *ret_waits)
{
	int flags = fcntl(from, F_GETFL);

	if (flags < 0 || fcntl(to, F_SETFL, flags) < 0)
		return -errno;
	*ret_waits = !(flags & O_NONBLOCK);
	return 0;
}

/* @old is the program's socket, which nothing ties to the container. */
static struct answer switch_socket(struct caller_world *world, int listener,
				   const struct seccomp_notif *call,
				   const struct destination *destination, const struct route *way,
				   int old)
{
	int fd = -1;
	const int number = (int)call->data.args[0];
	bool answered = false, waits = false;
	int result;

	if (caller_holds_alone(&world->caller, number, old) <= 0)
		return GOES_ON;
	result = host_socket_connect(&world->host, old, way, destination, &fd, &answered);
	if (fd < 0)
		return answered ? answer_with(result) : GOES_ON;
	close_later(world, fd);
	if (take_flags(old, fd, &waits) < 0 ||
	    replace_socket(listener, call, fd, caller_is_cloexec(&world->caller, number)) < 0)
		return GOES_ON;
	return result == -EINPROGRESS && waits ? GOES_ON : answer_with(result);
}

/* Finds the host's way to the destination.  Returns false where it is urun-slirp's matter. */
static bool find_way(const struct caller_world *world, const struct destination *destination,
		     struct route *ret_way)
{
	struct route own;

	return route_ask(world->routes, destination, &own) == 0 &&
	       route_is_slirp(world->host.options, &own) &&
	       route_ask(world->host_routes, destination, ret_way) == 0 &&
	       ret_way->type == RTN_UNICAST && ret_way->index != 0 && ret_way->has_source;
}

static struct answer serve_own(struct caller_world *world, int listener,
			       const struct seccomp_notif *call,
			       const struct destination *destination, int old)
{
	struct route way;

	if (!guards_have_room(&world->host.guards) || !is_closed(old) ||
	    socket_options_tie(destination->address.any.sa_family, old) ||
	    !find_way(world, destination, &way))
		return GOES_ON;
	return switch_socket(world, listener, call, destination, &way, old);
}

/* The socket is the host's: an earlier call has switched it. */
static struct answer serve_switched(struct caller_world *world, int listener,
				    const struct seccomp_notif *call,
				    const struct destination *destination, int old)
{
	struct route way;
	int error;

	if (!is_closed(old))
		return GOES_ON;
	error = socket_number(old, SO_ERROR);
	if (error > 0)
		return answer_with(-error);
	if (!destination || !find_way(world, destination, &way))
		return answer_with(-ENETUNREACH);
	return switch_socket(world, listener, call, destination, &way, old);
}

/* The kernel leaves the error ECONNRESET, which a next connect(2) of the program would be told. */
static struct answer disconnect_switched(int old)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	if (connect(old, &nowhere, sizeof(nowhere)) < 0)
		return answer_with(-errno);
	socket_number(old, SO_ERROR);
	return answer_with(0);
}

static struct answer serve_connect(struct caller_world *world, int listener,
				   const struct seccomp_notif *call)
{
	const __u64 *args = call->data.args;
	size_t size = (size_t)(uint32_t)args[2];
	char bytes[DESTINATION_SIZE_MAX];
	struct destination destination;
	sa_family_t family;
	uint64_t cookie;
	int old, domain;
	bool outside;

	if (size < sizeof(struct sockaddr_in) || size > sizeof(bytes) ||
	    caller_read((pid_t)call->pid, args[1], bytes, size) < 0)
		return GOES_ON;
	memcpy(&family, bytes, sizeof(family));
	if (family != AF_INET && family != AF_INET6 && family != AF_UNSPEC)
		return GOES_ON;
	old = caller_duplicate(&world->caller, (pid_t)call->pid, (int)args[0]);
	if (old < 0)
		return GOES_ON;
	close_later(world, old);
	domain = tcp_domain(old);
	if (domain < 0 || call_read_namespace(old, &cookie) < 0)
		return GOES_ON;
	/* Is it still that thread's call, or was its number another's by now? */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) < 0)
		return GOES_ON;
	outside = destination_read(world->host.options, domain, bytes, size, &destination);
	/* One that urun was started with, by socket activation for instance, is the program's own. */
	if (cookie == world->host_ns && host_socket_is(old) && family == AF_UNSPEC)
		return disconnect_switched(old);
	if (cookie == world->host_ns && host_socket_is(old))
		return serve_switched(world, listener, call, outside ? &destination : NULL, old);
	if (cookie != world->ns || !outside)
		return GOES_ON;
	return serve_own(world, listener, call, &destination, old);
}

int call_serve(struct caller_world *world, int listener)
{
	struct room *room = world->room;
	struct answer answer = GOES_ON;
	int failed = 0;

	memset(room->call, 0, room->call_size);
	memset(room->answer, 0, room->answer_size);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, room->call) < 0)
		/* ENOENT: the thread was killed before its call was received. */
		return errno == ENOENT || errno == EINTR ? 0 : -errno;
	if (world->routes >= 0)
		answer = serve_connect(world, listener, room->call);
	room->answer->id = room->call->id;
	room->answer->error = answer.error;
	if (answer.goes_on)
		room->answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	/* ENOENT: the thread was killed meanwhile. */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, room->answer) < 0 && errno != ENOENT)
		failed = -errno;
	/* A call for a socket that isn't TCP ends before a duplicate is made. */
	if (world->unused_count > 0) {
		close_unused(world);
		guards_prepare(&world->host.guards);
	}
	return failed;
}
