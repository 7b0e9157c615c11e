// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-bypass.
#include "netns/bypass/supervise.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "netns/notify.h"

enum source_kind { SOURCE_LIFE, SOURCE_CONTROL, SOURCE_CONNECTION, SOURCE_LISTENER };

struct event_source {
	enum source_kind kind;
	int fd;
};

struct supervision {
	struct caller_world *world;
	int epoll;
	bool is_alive;	  /* the container's first process */
	size_t listeners; /* filters with a process under them, and connections that bring some */
};

static int source_add(struct supervision *supervision, enum source_kind kind, int fd)
{
	struct event_source *source = mem_alloc(sizeof(*source));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	*source = (struct event_source){ .kind = kind, .fd = fd };
	if (epoll_ctl(supervision->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		int errnum = errno;

		fd_close(&source->fd);
		free(source);
		return -errnum;
	}
	supervision->listeners += kind == SOURCE_CONNECTION || kind == SOURCE_LISTENER;
	return 0;
}

static void source_end(struct supervision *supervision, struct event_source *source)
{
	supervision->listeners -=
		source->kind == SOURCE_CONNECTION || source->kind == SOURCE_LISTENER;
	/* ORDER: the kernel could still know the file of a listener by a process that has a copy. */
	epoll_ctl(supervision->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	fd_close(&source->fd);
	free(source);
}

struct supervision *supervision_new(struct caller_world *world, int life, int control,
				    struct error *err)
{
	struct supervision *supervision = mem_alloc(sizeof(*supervision));
	int failed;

	*supervision = (struct supervision){ .world = world, .is_alive = true };
	supervision->epoll = epoll_create1(EPOLL_CLOEXEC);
	failed = supervision->epoll < 0 ? -errno : source_add(supervision, SOURCE_LIFE, life);
	if (failed == 0)
		failed = source_add(supervision, SOURCE_CONTROL, control);
	if (failed < 0) {
		error_set(err, -failed, "watch the container");
		return NULL;
	}
	return supervision;
}

static void accept_connection(struct supervision *supervision, const struct event_source *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		source_add(supervision, SOURCE_CONNECTION, fd);
}

/* The first netlink socket stays: all processes of the container have the same network namespace. */
static int take_listener(struct supervision *supervision, int fds[static NOTIFY_FD_COUNT])
{
	struct caller_world *world = supervision->world;
	autoclose int routes = fds[NOTIFY_FD_ROUTES];
	int failed = 0;

	if (world->routes < 0) {
		failed = call_read_namespace(routes, &world->ns);
		if (failed == 0 && world->ns == world->host_ns)
			failed = -EINVAL;
		if (failed == 0)
			world->routes = take_fd(&routes);
	}
	if (failed < 0) {
		fd_close(&fds[NOTIFY_FD_LISTENER]);
		return failed;
	}
	call_prepare_listener(fds[NOTIFY_FD_LISTENER]);
	return source_add(supervision, SOURCE_LISTENER, fds[NOTIFY_FD_LISTENER]);
}

/* From a process of urun, before it executes the container's program: see netns/notify.h. */
static void hear_connection(struct supervision *supervision, struct event_source *source)
{
	struct notify_answer answer = { 0 };
	int fds[NOTIFY_FD_COUNT];
	char kind;
	struct iovec in = { &kind, 1 }, out = { &answer, sizeof(answer) };
	size_t count = 0;
	ssize_t got =
		rights_receive(source->fd, &in, 1, MSG_DONTWAIT, fds, NOTIFY_FD_COUNT, &count);

	if (got == -EAGAIN)
		return;
	if (got == 1 && count == NOTIFY_FD_COUNT) {
		answer.errnum = -take_listener(supervision, fds);
		rights_send(source->fd, &out, 1, NULL, 0);
	} else if (got > 0) {
		for (size_t i = 0; i < count; i++)
			fd_close(&fds[i]);
	}
	source_end(supervision, source);
}

static void serve_source(struct supervision *supervision, struct event_source *source,
			 uint32_t events)
{
	switch (source->kind) {
	case SOURCE_LIFE:
		supervision->is_alive = false;
		source_end(supervision, source);
		break;
	case SOURCE_CONTROL: accept_connection(supervision, source); break;
	case SOURCE_CONNECTION: hear_connection(supervision, source); break;
	case SOURCE_LISTENER:
		/* EPOLLHUP: the last process under the filter has ended.  Linux 5.9. */
		if (!(events & EPOLLIN) || call_serve(supervision->world, source->fd) < 0)
			source_end(supervision, source);
		break;
	}
}

int supervision_run(struct supervision *supervision, struct error *err)
{
	while (supervision->is_alive || supervision->listeners > 0) {
		struct epoll_event event;
		int ready = epoll_wait(supervision->epoll, &event, 1, -1);

		if (ready < 0 && errno != EINTR)
			return error_set(err, errno, "wait for calls");
		if (ready > 0)
			serve_source(supervision, event.data.ptr, event.events);
	}
	return 0;
}
