/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYSTEMD_BUS_H
#define URUN_SYSTEMD_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "core/base/error.h"

/* A connection to the bus of systemd's manager.  Start from BUS_NONE. */
struct bus {
	sd_bus *connection;
	uint64_t deadline; /* CLOCK_MONOTONIC, µs: connecting, calls and jobs fail after it */
	char *job;	   /* path of the job that is awaited; NULL: none */
	char *job_result;  /* NULL: the job hasn't ended yet */
	bool has_manager;  /* systemd has its name on the bus; set by bus_await_manager() only */
};

#define BUS_NONE ((struct bus){ 0 })

/*
 * Connects to the bus at @address, or to the system bus where @address is NULL.  All that follows
 * on this connection must end within 25 s from now.
 */
int bus_connect(const char *address, struct bus *ret_bus, struct error *err);
void bus_close(struct bus *bus);

#define autobus __attribute__((cleanup(bus_close)))

/*
 * Waits, 5 s at most, until systemd has its name on the bus.  The first connection to a user's bus
 * starts the bus (systemd owns the socket), and systemd connects to the bus a moment after us.  If
 * the name doesn't appear, this function doesn't fail: the call that needs the name reports it.
 */
int bus_await_manager(struct bus *bus, struct error *err);

/* From now on the bus sends us a signal for each job that ends. */
int bus_watch_jobs(struct bus *bus, struct error *err);

/* Makes a message that calls a method of the manager.  The caller unrefs the message. */
int bus_new_call(const struct bus *bus, const char *method, sd_bus_message **ret_call,
		 struct error *err);

/*
 * Sends the call and waits for the reply.  Returns 0 or a negative errno; *@ret_cause then has the
 * error of the bus, for bus_fail().  @ret_reply may be NULL.
 */
int bus_call(const struct bus *bus, sd_bus_message *call, sd_bus_error *ret_cause,
	     sd_bus_message **ret_reply);

/*
 * Waits for the end of the job that @reply names.  Fails unless the job's result is "done".
 * ORDER: bus_watch_jobs() before the call that starts the job; otherwise its end may be missed.
 */
int bus_await_job(struct bus *bus, sd_bus_message *reply, struct error *err);

/*
 * Sets the error of a failed call: the message of the bus, or the errno of @result where the bus
 * has no message.  Adds a hint where the error shows that systemd doesn't know our session.
 * Returns -1.
 */
int bus_fail(int result, const sd_bus_error *cause, struct error *err);

/* Fails because no bus was found.  Returns -1. */
int bus_fail_no_session(struct error *err);

#endif
