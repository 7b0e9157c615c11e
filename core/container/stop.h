/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_STOP_H
#define URUN_CONTAINER_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/str.h"

/* What a caller wants in place of what the container's config says. */
struct stop_request {
	int signal;	      /* 0: the container's own stop signal */
	bool has_seconds;     /* else the container's own */
	uint32_t seconds;     /* until SIGKILL; ENDING_FOREVER: never */
	bool ignores_unknown; /* a container that doesn't exist is no failure, and isn't reported */
};

/*
 * Sets the seconds of @request by the text of an option --time, as podman-stop(1) takes it: a number, or
 * "-1" for no end.  NULL: the container's own time.
 */
int stop_request_set_time(struct stop_request *request, const char *text, struct error *err);

/* Told once for each id, as soon as it is known: @failure is NULL where the container is stopped. */
typedef void stop_report(const char *id, const struct error *failure, void *context);

/*
 * Stops containers, all at the same time.  Each is sent its stop signal, and SIGKILL after its
 * time; what runs already stopped is a success.  A paused container is thawed.  Processes that the
 * program has left behind are sent SIGTERM and have the rest of the time: by process 1 of the
 * container (core/pid1/pid1.c), or by us where neither process 1 nor the kernel ends them, by the
 * container's cgroup.  A first process that can't see the stop signal, since the kernel keeps it
 * from a process 1 without a handler, is killed at once.
 * Waits by pidfd, and holds no lock.  Runs in: parent.
 * Source: podman-stop(1).
 */
void container_stop(const char *root, const struct str_list *ids,
		    const struct stop_request *request, stop_report *report, void *context);

/* The same for one container. */
int container_stop_one(const char *root, const char *id, const struct stop_request *request,
		       struct error *err);

#endif
