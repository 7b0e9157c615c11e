// SPDX-License-Identifier: Apache-2.0
/*
 * urun-systemd BUS start UNIT PID [NAME=VALUE…]   makes a new scope with the process in it
 * urun-systemd BUS attach UNIT PID [BELOW]        moves the process into a unit, or a cgroup below
 *                                                 the unit's
 * urun-systemd BUS set UNIT [NAME=VALUE…]         changes properties of a unit, until the unit ends
 * urun-systemd BUS stop UNIT                      ends a unit; a unit that doesn't exist is no
 *                                                 failure
 *
 * BUS is --user or --system.  On failure the program prints one line on stderr and exits with
 * status 1.  It prints nothing else.  This is a program of its own, since urun is linked statically
 * and talks to systemd only where it is told to.
 * Runs in: urun-systemd, started by the parent in the caller's namespaces, with the caller's
 * rights.
 */
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "core/base/number.h"
#include "core/base/str.h"
#include "core/systemd/address.h"
#include "core/systemd/bus.h"
#include "core/systemd/property.h"

#define ERROR_NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"
#define ERROR_UNIT_EXISTS  "org.freedesktop.systemd1.UnitExists"

struct request {
	const char *unit;
	uint32_t pid; /* start and attach only */
	const char
		*below; /* attach only: a path that begins with '/'; empty: the unit's own cgroup */
	struct property *properties;
	size_t property_count;
};

#define automessage __attribute__((cleanup(sd_bus_message_unrefp)))
#define autocause   __attribute__((cleanup(sd_bus_error_free)))

/* ---- messages: these functions return 0 or a negative errno ---- */

/* Two texts each. */
static int append_pairs(sd_bus_message *call, const struct property *property)
{
	int result = sd_bus_message_open_container(call, 'a', "(ss)");

	for (size_t i = 0; i + 1 < property->text_count && result >= 0; i += 2)
		result = sd_bus_message_append(call, "(ss)", property->texts[i],
					       property->texts[i + 1]);
	return result < 0 ? result : sd_bus_message_close_container(call);
}

static int append_value(sd_bus_message *call, const struct property *property)
{
	switch (property->signature[0]) {
	case 's': return sd_bus_message_append(call, "s", property->texts[0]);
	case 'b': return sd_bus_message_append(call, "b", (int)property->number);
	case 'i': return sd_bus_message_append(call, "i", (int32_t)property->number);
	case 'u': return sd_bus_message_append(call, "u", (uint32_t)property->number);
	case 'x': return sd_bus_message_append(call, "x", (int64_t)property->number);
	case 't': return sd_bus_message_append(call, "t", property->number);
	}
	if (strcmp(property->signature, "ay") == 0)
		return sd_bus_message_append_array(call, 'y', property->bytes,
						   property->byte_count);
	if (strcmp(property->signature, "a(ss)") == 0)
		return append_pairs(call, property);
	return sd_bus_message_append_strv(call, property->texts);
}

static int append_property(sd_bus_message *call, const struct property *property)
{
	int result = sd_bus_message_open_container(call, 'r', "sv");

	if (result >= 0)
		result = sd_bus_message_append(call, "s", property->name);
	if (result >= 0)
		result = sd_bus_message_open_container(call, 'v', property->signature);
	if (result >= 0)
		result = append_value(call, property);
	if (result >= 0)
		result = sd_bus_message_close_container(call);
	return result < 0 ? result : sd_bus_message_close_container(call);
}

/* Appends all properties, and the property PIDs where the request has a process. */
static int append_properties(sd_bus_message *call, const struct request *request)
{
	int result = sd_bus_message_open_container(call, 'a', "(sv)");

	for (size_t i = 0; i < request->property_count && result >= 0; i++)
		result = append_property(call, &request->properties[i]);
	if (request->pid > 0 && result >= 0)
		result = sd_bus_message_append(call, "(sv)", "PIDs", "au", 1, request->pid);
	return result < 0 ? result : sd_bus_message_close_container(call);
}

/* ---- actions ---- */

static int reset_failed(const struct bus *bus, const char *unit, struct error *err)
{
	automessage sd_bus_message *call = NULL;
	autocause sd_bus_error cause = SD_BUS_ERROR_NULL;
	int result;

	if (bus_new_call(bus, "ResetFailedUnit", &call, err) < 0)
		return -1;
	result = sd_bus_message_append(call, "s", unit);
	if (result >= 0)
		result = bus_call(bus, call, &cause, NULL);
	if (result < 0 && !sd_bus_error_has_name(&cause, ERROR_NO_SUCH_UNIT))
		return bus_fail(result, &cause, err);
	return 0;
}

/* Returns 1, without a reply, where a unit of this name exists. */
static int call_start(const struct bus *bus, const struct request *request,
		      sd_bus_message **ret_reply, struct error *err)
{
	automessage sd_bus_message *call = NULL;
	autocause sd_bus_error cause = SD_BUS_ERROR_NULL;
	int result;

	if (bus_new_call(bus, "StartTransientUnit", &call, err) < 0)
		return -1;
	result = sd_bus_message_append(call, "ss", request->unit, "fail");
	if (result >= 0)
		result = append_properties(call, request);
	if (result >= 0)
		result = sd_bus_message_append(call, "a(sa(sv))", 0);
	if (result >= 0)
		result = bus_call(bus, call, &cause, ret_reply);
	if (result >= 0)
		return 0;
	bus_fail(result, &cause, err);
	return sd_bus_error_has_name(&cause, ERROR_UNIT_EXISTS) ? 1 : -1;
}

static int start_scope(struct bus *bus, const struct request *request, struct error *err)
{
	automessage sd_bus_message *reply = NULL;
	int called;

	if (bus_watch_jobs(bus, err) < 0)
		return -1;
	called = call_start(bus, request, &reply, err);
	/*
	 * The name of an earlier scope that failed is kept until it is reset.  A live scope isn't
	 * touched.
	 */
	if (called == 1) {
		if (reset_failed(bus, request->unit, err) < 0)
			return -1;
		called = call_start(bus, request, &reply, err);
	}
	return called == 0 ? bus_await_job(bus, reply, err) : -1;
}

/* Works for delegated units only.  Source: org.freedesktop.systemd1(5). */
static int attach_process(struct bus *bus, const struct request *request, struct error *err)
{
	automessage sd_bus_message *call = NULL;
	autocause sd_bus_error cause = SD_BUS_ERROR_NULL;
	int result;

	if (bus_new_call(bus, "AttachProcessesToUnit", &call, err) < 0)
		return -1;
	result =
		sd_bus_message_append(call, "ssau", request->unit, request->below, 1, request->pid);
	if (result >= 0)
		result = bus_call(bus, call, &cause, NULL);
	return result < 0 ? bus_fail(result, &cause, err) : 0;
}

static int set_properties(struct bus *bus, const struct request *request, struct error *err)
{
	automessage sd_bus_message *call = NULL;
	autocause sd_bus_error cause = SD_BUS_ERROR_NULL;
	int result;

	if (bus_new_call(bus, "SetUnitProperties", &call, err) < 0)
		return -1;
	result = sd_bus_message_append(call, "sb", request->unit, true);
	if (result >= 0)
		result = append_properties(call, request);
	if (result >= 0)
		result = bus_call(bus, call, &cause, NULL);
	return result < 0 ? bus_fail(result, &cause, err) : 0;
}

static int stop_unit(struct bus *bus, const struct request *request, struct error *err)
{
	automessage sd_bus_message *call = NULL, *reply = NULL;
	autocause sd_bus_error cause = SD_BUS_ERROR_NULL;
	int result;

	if (bus_watch_jobs(bus, err) < 0 || bus_new_call(bus, "StopUnit", &call, err) < 0)
		return -1;
	result = sd_bus_message_append(call, "ss", request->unit, "replace");
	if (result >= 0)
		result = bus_call(bus, call, &cause, &reply);
	if (result < 0 && sd_bus_error_has_name(&cause, ERROR_NO_SUCH_UNIT))
		return 0;
	if (result < 0)
		return bus_fail(result, &cause, err);
	if (bus_await_job(bus, reply, err) < 0)
		return -1;
	return reset_failed(bus, request->unit, err);
}

static const struct action {
	const char *name;
	bool has_pid;
	bool has_properties;
	bool has_below;
	int (*run)(struct bus *bus, const struct request *request, struct error *err);
} actions[] = {
	{ "start", true, true, false, start_scope },
	{ "attach", true, false, true, attach_process },
	{ "set", false, true, false, set_properties },
	{ "stop", false, false, false, stop_unit },
};

/* ---- the command line ---- */

static int fail_usage(struct error *err)
{
	return error_set(
		err, 0,
		"usage: urun-systemd --user|--system start UNIT PID "
		"[NAME=VALUE…] | attach UNIT PID [BELOW] | set UNIT [NAME=VALUE…] | stop UNIT");
}

/* @words: the @count arguments after the action's name. */
static int read_request(const struct action *action, char *const *words, size_t count,
			struct request *request, struct error *err)
{
	size_t first_property = action->has_pid ? 2 : 1;

	if (count < first_property || (count > first_property && !action->has_properties &&
				       !(action->has_below && count == first_property + 1)))
		return fail_usage(err);
	request->unit = words[0];
	request->below = action->has_below && count > first_property ? words[first_property] : "";
	if (action->has_pid &&
	    (number_parse_u32(words[1], INT32_MAX, &request->pid) < 0 || request->pid == 0))
		return error_set(err, 0, "%s %s: '%s' is not a process id", action->name,
				 request->unit, words[1]);
	request->properties = mem_alloc(count * sizeof(*request->properties));
	for (size_t i = first_property; i < count && action->has_properties; i++) {
		if (property_parse(words[i], &request->properties[request->property_count], err) <
		    0)
			return error_prefix(err, "%s %s", action->name, request->unit);
		request->property_count++;
	}
	return 0;
}

static void release_request(struct request *request)
{
	for (size_t i = 0; i < request->property_count; i++)
		property_release(&request->properties[i]);
	free(request->properties);
}

static int connect_to_bus(const char *word, struct bus *bus, struct error *err)
{
	autofree char *address = NULL;
	bool managed = false;

	if (strcmp(word, "--system") == 0)
		return bus_connect(NULL, bus, err);
	address = address_of_user_bus(getenv("XDG_RUNTIME_DIR"), getenv("DBUS_SESSION_BUS_ADDRESS"),
				      &managed);
	if (!address)
		return bus_fail_no_session(err);
	if (bus_connect(address, bus, err) < 0)
		return -1;
	return managed ? bus_await_manager(bus, err) : 0;
}

static int run_action(int argc, char **argv, struct error *err)
{
	__attribute__((cleanup(release_request))) struct request request = { 0 };
	autobus struct bus bus = BUS_NONE;
	const struct action *action = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(actions) && argc > 2; i++)
		if (strcmp(actions[i].name, argv[2]) == 0)
			action = &actions[i];
	if (!action || (strcmp(argv[1], "--user") != 0 && strcmp(argv[1], "--system") != 0))
		return fail_usage(err);
	if (read_request(action, argv + 3, (size_t)argc - 3, &request, err) < 0)
		return -1;
	if (connect_to_bus(argv[1], &bus, err) < 0 || action->run(&bus, &request, err) < 0)
		return error_prefix(err, "%s %s", action->name, request.unit);
	return 0;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	/* The parent executes us by a descriptor, so the kernel names the process by a number. */
	prctl(PR_SET_NAME, "urun-systemd");
	inherit_begin();
	if (run_action(argc, argv, &err) == 0)
		return 0;
	dprintf(STDERR_FILENO, "%s\n", error_format(&err, line));
	return 1;
}
