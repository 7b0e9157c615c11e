/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYSTEMD_BUS_H
#define URUN_SYSTEMD_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "core/base/error.h"

/* A connection to the bus that systemd's manager is on.  Start from BUS_NONE. */
struct bus {
	sd_bus *connection;
	uint64_t deadline; /* CLOCK_MONOTONIC, µs: connecting, calls and jobs end by then */
	char *job;	   /* the one that is waited for; NULL: none */
	char *job_result;  /* NULL: it hasn't ended yet */
	bool has_manager;  /* bus_await_manager() only: systemd has its name on the bus */
};

#define BUS_NONE ((struct bus){ 0 })

/*
 * Connects to the bus at @address, or to the system's bus where that is NULL.  What follows has 25 s
 * from now on for all of it.
 */
int bus_connect(const char *address, struct bus *ret_bus, struct error *err);
void bus_close(struct bus *bus);

#define autobus __attribute__((cleanup(bus_close)))

/*
 * Waits, 5 s at most, until systemd has its name on the bus.  The first connection to a user's bus
 * starts the bus (the socket is systemd's), and systemd connects to it a moment after us.  That the
 * name is still missing is no failure here: the call that needs it says so.
 */
int bus_await_manager(struct bus *bus, struct error *err);

/* From now on the bus tells us which jobs end. */
int bus_watch_jobs(struct bus *bus, struct error *err);

/* A new call of the manager's method.  The caller's to unref. */
int bus_new_call(const struct bus *bus, const char *method, sd_bus_message **ret_call,
		 struct error *err);

/*
 * Calls.  Returns 0 or a negative errno; @ret_cause has the bus's own error then, for bus_fail().
 * @ret_reply may be NULL.
 */
int bus_call(const struct bus *bus, sd_bus_message *call, sd_bus_error *ret_cause,
	     sd_bus_message **ret_reply);

/*
 * Waits for the end of the job that @reply names, which must have result "done".
 * ORDER: bus_watch_jobs() came before the call, else the job may have ended unseen.
 */
int bus_await_job(struct bus *bus, sd_bus_message *reply, struct error *err);

/*
 * Sets what a failed call's error says, or @result's where that is all there is; with a hint where it
 * shows that we aren't in a session that systemd knows.  Returns -1.
 */
int bus_fail(int result, const sd_bus_error *cause, struct error *err);

/* The error that there is no bus to connect to.  Returns -1. */
int bus_fail_no_session(struct error *err);

#endif
