// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-bypass.
 *
 * How a socket is kept from listening.
 *
 * The kernel lets two sockets have the same local port, in the state CLOSE, where both have
 * SO_REUSEADDR at the moment of bind(2).  With listen(2) it checks the port once more, and then demands
 * that no other socket is on the port whose SO_REUSEADDR is unset.  The options of the socket that listens
 * don't count.  So
 *
 *   guard    SO_REUSEADDR, bind to the address and any port     the kernel chooses the port
 *   socket   SO_REUSEADDR, bind to the address and this port
 *   guard    clears SO_REUSEADDR                                from here on listen(2) of the socket fails
 *                                                               with EADDRINUSE, and so does any bind(2) there
 *
 * and only then the socket is given away.  Nobody but us has the guard.  The socket has been bound to a port
 * by its number, so it keeps that port until its end, also when it is disconnected, and bind(2) fails as
 * long as a socket has a port.
 *
 * A guard whose socket is gone can listen itself, which tells us so; it is closed at once, and nobody
 * accepts a connection from it.  A socket in TIME_WAIT counts as there.  A few guards are looked at after each
 * connection, so that no program waits for a look at all of them.
 *
 * Each socket has a port of its own.  A connection of a host's program has not: the kernel gives the same
 * port to connections with several peers.  So a container may have GUARDS_MAX of them, and what
 * goes beyond is left to urun-slirp.
 *
 * To make a socket and its guard takes as long as all the rest of a connection, so the next pair is made while
 * nobody waits.
 */
#include "netns/bypass/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/str.h"

/* How many guards are looked at after a connection, and before one when there are GUARDS_MAX. */
#define LOOKS_AFTER 4
#define LOOKS_FULL  16

/* A pair takes some 50 us of processor time. */
#define SEARCH_NS_MAX 2000000
#define REST_MS	      1000

/* A port that is free for the guard may be taken for the socket. */
#define ATTEMPTS_MAX 16

static socklen_t address_size(const union guard_address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

static int set_reuse(int fd, int value)
{
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value)) < 0 ? -errno : 0;
}

static bool address_is_mapped(const union guard_address *source)
{
	return source->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&source->v6.sin6_addr);
}

/* Makes a socket with SO_REUSEADDR that is bound to @address, port included. */
static int bound_socket(const union guard_address *address)
{
	int domain = address->any.sa_family, only6 = !address_is_mapped(address);
	autoclose int fd = socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd < 0 || set_reuse(fd, 1) < 0 ||
	    (domain == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only6, sizeof(only6)) < 0) ||
	    bind(fd, &address->any, address_size(address)) < 0)
		return -errno;
	return take_fd(&fd);
}

/* The guard of an IPv4-mapped address is of IPv4: a guard with IPV6_V6ONLY wouldn't meet the socket. */
static union guard_address place_of_guard(const union guard_address *source)
{
	union guard_address place = *source;

	if (address_is_mapped(source)) {
		place = (union guard_address){ .v4.sin_family = AF_INET };
		memcpy(&place.v4.sin_addr, source->v6.sin6_addr.s6_addr + 12,
		       sizeof(place.v4.sin_addr));
	}
	return place;
}

static in_port_t port_of(int fd)
{
	union guard_address own = { 0 };
	socklen_t size = sizeof(own);

	if (getsockname(fd, &own.any, &size) < 0)
		return 0;
	return own.any.sa_family == AF_INET ? own.v4.sin_port : own.v6.sin6_port;
}

static int make_guarded(const union guard_address *source, int *ret_guard)
{
	union guard_address place = place_of_guard(source), own = *source;
	autoclose int guard = bound_socket(&place), fd = -1;
	in_port_t port;
	int failed;

	if (guard < 0)
		return guard;
	port = port_of(guard);
	if (port == 0)
		return -EADDRINUSE;
	if (own.any.sa_family == AF_INET)
		own.v4.sin_port = port;
	else
		own.v6.sin6_port = port;
	fd = bound_socket(&own);
	if (fd < 0)
		return fd;
	failed = set_reuse(guard, 0);
	if (failed < 0)
		return failed;
	*ret_guard = take_fd(&guard);
	return take_fd(&fd);
}

/* A process that waits for a processor has not searched long. */
static int64_t processor_ns(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/*
 * Where most ports of the host's address are in use, in TIME_WAIT too, the kernel searches long for a free one.  Then the
 * connections of the next second are left to urun-slirp.
 */
static int make_pair(struct guards *guards, const union guard_address *source, int *ret_guard)
{
	int64_t begin_ns = processor_ns();
	int fd = -EADDRINUSE;

	for (int i = 0; i < ATTEMPTS_MAX && fd == -EADDRINUSE; i++)
		fd = make_guarded(source, ret_guard);
	if (fd == -EADDRINUSE || processor_ns() - begin_ns > SEARCH_NS_MAX)
		guards->rest_until_ms = clock_ms() + REST_MS;
	return fd;
}

/* ---- all of them ---- */

static void sweep_some(struct guards *guards, size_t looks)
{
	for (; looks > 0 && guards->count > 0; looks--) {
		if (guards->next >= guards->count)
			guards->next = 0;
		if (listen(guards->fds[guards->next], 0) < 0) {
			guards->next++;
			continue;
		}
		fd_close(&guards->fds[guards->next]);
		guards->fds[guards->next] = guards->fds[--guards->count];
	}
}

void guards_sweep(struct guards *guards)
{
	sweep_some(guards, guards->count);
}

static bool is_resting(const struct guards *guards)
{
	return guards->rest_until_ms != 0 && clock_ms() < guards->rest_until_ms;
}

bool guards_have_room(struct guards *guards)
{
	if (guards->count >= GUARDS_MAX)
		sweep_some(guards, LOOKS_FULL);
	return guards->count < GUARDS_MAX && (guards->has_spare || !is_resting(guards));
}

static void drop_spare(struct guards *guards)
{
	if (!guards->has_spare)
		return;
	fd_close(&guards->spare);
	fd_close(&guards->spare_guard);
	guards->has_spare = false;
}

static bool spare_fits(const struct guards *guards, const union guard_address *source)
{
	const union guard_address *its = &guards->spare_source;

	if (!guards->has_spare || its->any.sa_family != source->any.sa_family)
		return false;
	return source->any.sa_family == AF_INET
		       ? its->v4.sin_addr.s_addr == source->v4.sin_addr.s_addr
		       : IN6_ARE_ADDR_EQUAL(&its->v6.sin6_addr, &source->v6.sin6_addr);
}

int guards_make_socket(struct guards *guards, const union guard_address *source)
{
	int fd, guard = -1;

	if (!guards_have_room(guards))
		return -EMFILE;
	if (spare_fits(guards, source)) {
		guards->has_spare = false;
		fd = guards->spare;
		guard = guards->spare_guard;
	} else {
		drop_spare(guards);
		fd = make_pair(guards, source, &guard);
	}
	if (fd < 0)
		return fd;
	guards->spare_source = *source;
	guards->fds = mem_resize(guards->fds, guards->count + 1, sizeof(int));
	guards->fds[guards->count++] = guard;
	return fd;
}

void guards_prepare(struct guards *guards)
{
	sweep_some(guards, LOOKS_AFTER);
	if (guards->has_spare || guards->spare_source.any.sa_family == AF_UNSPEC ||
	    guards->count >= GUARDS_MAX || is_resting(guards))
		return;
	guards->spare = make_pair(guards, &guards->spare_source, &guards->spare_guard);
	guards->has_spare = guards->spare >= 0;
}

void guards_release(struct guards *guards)
{
	for (size_t i = 0; i < guards->count; i++)
		fd_close(&guards->fds[i]);
	free(guards->fds);
	drop_spare(guards);
	*guards = (struct guards){ 0 };
}

/* ---- the kernel ---- */

static int check_address(const union guard_address *address, struct error *err)
{
	struct guards guards = { 0 };
	autoclose int fd = guards_make_socket(&guards, address);
	bool listens = fd >= 0 && listen(fd, 1) == 0;

	guards_release(&guards);
	if (listens)
		return error_set(err, 0, "this kernel lets every socket listen");
	if (fd < 0 && address->any.sa_family == AF_INET)
		return error_set(err, -fd, "make a socket");
	return 0;
}

/* On the loopback, since the other addresses of the host aren't known yet. */
int guards_check_kernel(struct error *err)
{
	union guard_address v4 = { .v4 = { .sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
	union guard_address v6 = { .v6 = { .sin6_family = AF_INET6,
					   .sin6_addr = IN6ADDR_LOOPBACK_INIT } };
	union guard_address mapped = { .v6.sin6_family = AF_INET6 };

	memset(mapped.v6.sin6_addr.s6_addr + 10, 0xff, 2);
	memcpy(mapped.v6.sin6_addr.s6_addr + 12, &v4.v4.sin_addr, sizeof(v4.v4.sin_addr));
	return check_address(&v4, err) < 0 || check_address(&v6, err) < 0
		       ? -1
		       : check_address(&mapped, err);
}
