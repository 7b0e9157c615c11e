// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-systemd.
#include "core/systemd/bus.h"

#include <ctype.h>
#include <errno.h>

#include "core/base/clock.h"
#include "core/base/str.h"

#define TIMEOUT_US (25 * 1000000ull)
#define MANAGER_US (5 * 1000000ull)

#define MANAGER_NAME	  "org.freedesktop.systemd1"
#define MANAGER_PATH	  "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"

/* ---- failing ---- */

static int hint_session(struct error *err)
{
	return error_hint(err,
			  "an ordinary user needs a session that systemd knows: log in with ssh "
			  "or machinectl, or have one always by `loginctl enable-linger`");
}

int bus_fail_no_session(struct error *err)
{
	error_set(err, 0, "no systemd user session: there is no bus in $XDG_RUNTIME_DIR");
	return hint_session(err);
}

/*
 * The messages of the bus are sentences.  Without the full stop, and with a small first letter
 * (unless the sentence begins with an abbreviation), they fit into our line.
 */
static int set_message(const char *message, struct error *err)
{
	size_t length = strlen(message);
	int first = (unsigned char)message[0];

	if (length > 0 && message[length - 1] == '.')
		length--;
	if (islower((unsigned char)message[first ? 1 : 0]))
		first = tolower(first);
	return error_set(err, 0, "%c%.*s", first, (int)length - 1, message + 1);
}

int bus_fail(int result, const sd_bus_error *cause, struct error *err)
{
	if (!sd_bus_error_is_set(cause) || !cause->message || !*cause->message)
		error_set(err, -result, "call systemd");
	else
		set_message(cause->message, err);
	if (sd_bus_error_has_name(cause, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	    sd_bus_error_has_name(cause, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
		error_prefix(err, "no systemd user session");
	else if (!sd_bus_error_has_name(cause, SD_BUS_ERROR_ACCESS_DENIED) &&
		 !sd_bus_error_has_name(cause, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
		return -1;
	return hint_session(err);
}

/* ---- waiting ---- */

static uint64_t now_us(void)
{
	return (uint64_t)clock_ns() / 1000;
}

/* Handles one message, or waits until @deadline for a message.  Returns 0 or a negative errno. */
static int turn_until(const struct bus *bus, uint64_t deadline)
{
	int result = sd_bus_process(bus->connection, NULL);
	uint64_t now = now_us();

	if (result != 0)
		return result < 0 ? result : 0;
	if (now >= deadline)
		return -ETIMEDOUT;
	result = sd_bus_wait(bus->connection, deadline - now);
	return result < 0 && result != -EINTR ? result : 0;
}

static int turn(const struct bus *bus)
{
	return turn_until(bus, bus->deadline);
}

/* ---- connecting ---- */

/*
 * sd-bus (since systemd 246) authenticates without naming a uid, and the bus takes the uid that the
 * kernel reports.  In a user namespace our own uid (0, perhaps) isn't the uid that the bus sees.
 */
static int start_connection(const char *address, sd_bus **ret_connection)
{
	sd_bus *connection = NULL;
	int result;

	if (!address)
		return sd_bus_open_system(ret_connection);
	result = sd_bus_new(&connection);
	if (result < 0)
		return result;
	result = sd_bus_set_address(connection, address);
	if (result >= 0)
		result = sd_bus_set_bus_client(connection, 1);
	if (result >= 0)
		result = sd_bus_start(connection);
	if (result < 0)
		sd_bus_unref(connection);
	else
		*ret_connection = connection;
	return result;
}

int bus_connect(const char *address, struct bus *ret_bus, struct error *err)
{
	autobus struct bus bus = { .deadline = now_us() + TIMEOUT_US };
	int result = start_connection(address, &bus.connection);

	while (result >= 0) {
		result = sd_bus_is_ready(bus.connection);
		if (result > 0)
			break;
		if (result == 0)
			result = turn(&bus);
	}
	if (result < 0 && !address)
		return error_set(err, -result, "connect to the system bus");
	if (result < 0) {
		error_set(err, -result, "no systemd user session: connect to %s", address);
		return hint_session(err);
	}
	*ret_bus = bus;
	bus = BUS_NONE;
	return 0;
}

void bus_close(struct bus *bus)
{
	if (!bus)
		return;
	sd_bus_close_unref(bus->connection);
	free(bus->job);
	free(bus->job_result);
	*bus = BUS_NONE;
}

/* ---- calls ---- */

int bus_new_call(const struct bus *bus, const char *method, sd_bus_message **ret_call,
		 struct error *err)
{
	int result = sd_bus_message_new_method_call(bus->connection, ret_call, MANAGER_NAME,
						    MANAGER_PATH, MANAGER_INTERFACE, method);

	/*
	 * On a bus without systemd the call must fail, and not start a program that owns the name.
	 */
	if (result >= 0)
		result = sd_bus_message_set_auto_start(*ret_call, 0);
	return result < 0 ? error_set(err, -result, "make a call of %s", method) : 0;
}

int bus_call(const struct bus *bus, sd_bus_message *call, sd_bus_error *ret_cause,
	     sd_bus_message **ret_reply)
{
	uint64_t now = now_us();
	/* Never 0: sd_bus_call() would take 0 as its own default. */
	uint64_t left = now < bus->deadline ? bus->deadline - now : 1;
	int result = sd_bus_call(bus->connection, call, left, ret_cause, ret_reply);

	return result < 0 ? result : 0;
}

/* ---- systemd's name ---- */

#define BUS_NAME      "org.freedesktop.DBus"
#define BUS_PATH      "/org/freedesktop/DBus"
#define BUS_INTERFACE "org.freedesktop.DBus"

static int on_manager_owner(sd_bus_message *signal, void *data, sd_bus_error *ret_error)
{
	struct bus *bus = data;
	const char *name, *old_owner, *new_owner;

	(void)ret_error;
	if (sd_bus_message_read(signal, "sss", &name, &old_owner, &new_owner) >= 0)
		bus->has_manager = new_owner[0] != '\0';
	return 0;
}

/* Returns 0 or a negative errno. */
static int ask_for_manager(struct bus *bus)
{
	sd_bus_message *call = NULL, *reply = NULL;
	int owned = 0;
	int result = sd_bus_message_new_method_call(bus->connection, &call, BUS_NAME, BUS_PATH,
						    BUS_INTERFACE, "NameHasOwner");

	if (result >= 0)
		result = sd_bus_message_append(call, "s", MANAGER_NAME);
	if (result >= 0)
		result = bus_call(bus, call, NULL, &reply);
	if (result >= 0)
		result = sd_bus_message_read(reply, "b", &owned);
	sd_bus_message_unref(call);
	sd_bus_message_unref(reply);
	bus->has_manager = owned != 0;
	return result < 0 ? result : 0;
}

/*
 * ORDER: subscribe to the signal first, then ask for the name; otherwise systemd could take the
 * name in between, unseen.  A signal that arrives before the answer is handled after the answer,
 * and has the same news.
 */
int bus_await_manager(struct bus *bus, struct error *err)
{
	sd_bus_slot *slot = NULL;
	uint64_t deadline = now_us() + MANAGER_US;
	int result = sd_bus_add_match_async(bus->connection, &slot,
					    "type='signal',sender='" BUS_NAME "',path='" BUS_PATH
					    "',interface='" BUS_INTERFACE
					    "',member='NameOwnerChanged',arg0='" MANAGER_NAME "'",
					    on_manager_owner, NULL, bus);

	if (result >= 0)
		result = ask_for_manager(bus);
	while (result >= 0 && !bus->has_manager)
		result = turn_until(bus, deadline);
	sd_bus_slot_unref(slot);
	return result < 0 && result != -ETIMEDOUT
		       ? error_set(err, -result, "ask the bus for " MANAGER_NAME)
		       : 0;
}

/* ---- jobs ---- */

static int on_job_removed(sd_bus_message *signal, void *data, sd_bus_error *ret_error)
{
	struct bus *bus = data;
	const char *job, *unit, *result;
	uint32_t number;

	(void)ret_error;
	if (sd_bus_message_read(signal, "uoss", &number, &job, &unit, &result) >= 0 &&
	    str_equal(bus->job, job) && !bus->job_result)
		bus->job_result = str_dup(result);
	return 0;
}

/* The bus handles our messages in their order, so there is no need to wait for its answer. */
int bus_watch_jobs(struct bus *bus, struct error *err)
{
	int result = sd_bus_match_signal_async(bus->connection, NULL, MANAGER_NAME, MANAGER_PATH,
					       MANAGER_INTERFACE, "JobRemoved", on_job_removed,
					       NULL, bus);

	return result < 0 ? error_set(err, -result, "watch systemd's jobs") : 0;
}

/*
 * Signals that arrived before the reply of the call are still in the queue: only turn() handles
 * them.
 */
int bus_await_job(struct bus *bus, sd_bus_message *reply, struct error *err)
{
	const char *job;
	int result = sd_bus_message_read(reply, "o", &job);

	if (result < 0)
		return error_set(err, -result, "read the job's name");
	bus->job = str_dup(job);
	while (!bus->job_result) {
		result = turn(bus);
		if (result == -ETIMEDOUT)
			return error_set(err, 0, "the job didn't end within %llu s",
					 TIMEOUT_US / 1000000);
		if (result < 0)
			return error_set(err, -result, "wait for the job");
	}
	if (strcmp(bus->job_result, "done") != 0)
		return error_set(err, 0, "the job's result is '%s'", bus->job_result);
	return 0;
}
