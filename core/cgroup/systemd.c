// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/cgroup/systemd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/libexec.h"
#include "core/base/number.h"
#include "core/base/span.h"
#include "core/base/spawn.h"
#include "core/base/str.h"

#define PROGRAM "urun-systemd"

#define ANNOTATION_PREFIX "org.systemd.property."

/* For the helper, which waits for less than systemd's own time-out of a job. */
#define TIMEOUT_MS 30000

struct words {
	char **items; /* NULL at the end */
	size_t count;
};

/* Adds @word, which the list then owns. */
static void words_add(struct words *words, char *word)
{
	words->items = mem_resize(words->items, words->count + 2, sizeof(char *));
	words->items[words->count++] = word;
	words->items[words->count] = NULL;
}

static void words_release(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	free(words->items);
}

/* The variables by which the bus is found; urun-systemd needs nothing else of the environment. */
static char *const *bus_environment(char storage[2][4096], char *list[3])
{
	static const char *const names[] = { "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS" };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (!value)
			continue;
		snprintf(storage[count], 4096, "%s=%s", names[i], value);
		list[count] = storage[count];
		count++;
	}
	list[count] = NULL;
	return list;
}

#ifdef URUN_SYSTEMD_IS_BUILT
#define HINT_NOT_FOUND                                               \
	PROGRAM " is neither in " URUN_LIBEXECDIR                    \
		" nor beside urun: put it into one of them, or use " \
		"--cgroup-manager cgroupfs"
#else
#define HINT_NOT_FOUND                                                       \
	"urun was built without libsystemd: use --cgroup-manager cgroupfs, " \
	"or build it with libsystemd-dev there"
#endif

static int run_helper(struct words *words, struct error *err)
{
	char storage[2][4096];
	char *list[3];
	autolibexec struct libexec program = LIBEXEC_NONE;
	struct spawn spawn = {
		.argv = words->items,
		.envp = bus_environment(storage, list),
		.timeout_ms = TIMEOUT_MS,
	};

	if (libexec_open(PROGRAM, &program, err) < 0)
		return err->code != ENOENT ? -1 : error_hint(err, HINT_NOT_FOUND);
	spawn.path = program.path;
	spawn.helper = &program;
	return spawn_run(&spawn, err);
}

static struct words helper_words(bool user_bus, const char *verb, const char *unit)
{
	struct words words = { 0 };

	words_add(&words, str_dup(PROGRAM));
	words_add(&words, str_dup(user_bus ? "--user" : "--system"));
	words_add(&words, str_dup(verb));
	words_add(&words, str_dup(unit));
	return words;
}

/* Translates "QUOTA PERIOD" in µs for systemd: µs in each second, in steps of 10 ms. */
static void add_cpu_quota(struct words *words, const char *value)
{
	struct span rest = { value, strlen(value) }, quota_text;
	uint32_t quota, period;

	if (!span_cut(&rest, ' ', &quota_text) || !span_number(rest, &period) || period == 0)
		return;
	words_add(words, str_format("CPUQuotaPeriodUSec=%" PRIu32, period));
	if (!span_number(quota_text, &quota))
		words_add(words, str_dup("CPUQuotaPerSecUSec=infinity"));
	else
		words_add(words,
			  str_format("CPUQuotaPerSecUSec=%" PRIu64,
				     ((uint64_t)quota * 1000000 / period + 9999) / 10000 * 10000));
}

/* Adds the settings for which systemd has a property; systemd doesn't touch the other files. */
static void add_settings(struct words *words, const struct cgroup_settings *settings)
{
	static const struct {
		const char *file;
		const char *property;
	} properties[] = {
		{ "memory.max", "MemoryMax" },	  { "memory.low", "MemoryLow" },
		{ "memory.high", "MemoryHigh" },  { "memory.swap.max", "MemorySwapMax" },
		{ "cpu.weight", "CPUWeight" },	  { "pids.max", "TasksMax" },
		{ "cpuset.cpus", "AllowedCPUs" }, { "cpuset.mems", "AllowedMemoryNodes" },
	};

	for (size_t i = 0; i < settings->count; i++) {
		const struct cgroup_setting *setting = &settings->items[i];
		const char *value = str_equal(setting->value, "max") ? "infinity" : setting->value;

		for (size_t k = 0; k < ARRAY_SIZE(properties); k++)
			if (str_equal(setting->file, properties[k].file))
				words_add(words,
					  str_format("%s=%s", properties[k].property, value));
		if (str_equal(setting->file, "cpu.max"))
			add_cpu_quota(words, setting->value);
		if (str_equal(setting->other_file, "io.weight") &&
		    str_starts_with(setting->other_value, "default "))
			words_add(words, str_format("IOWeight=%s",
						    setting->other_value + strlen("default ")));
	}
}

/*
 * systemd has a program of its own on the scope, made of a list; a request must pass that one and urun's.
 * Rules that are no list are urun's alone.  An empty DeviceAllow= takes away the list of before.
 */
static void add_devices(struct words *words, const struct device_rules *devices)
{
	autostrbuf struct strbuf list = { 0 };

	if (devices->count == 0)
		return;
	words_add(words, str_dup("DeviceAllow="));
	if (device_rules_list(devices, &list) != DEVICE_LIST_SOME) {
		words_add(words, str_dup("DevicePolicy=auto"));
		return;
	}
	words_add(words, str_dup("DevicePolicy=strict"));
	if (list.size)
		words_add(words, str_format("DeviceAllow=%s", list.bytes));
}

/* The places where urun-systemd looks for the bus. */
bool systemd_has_user_bus(void)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	autofree char *bus = str_format("%s/bus", runtime_dir ? runtime_dir : "");
	autofree char *usual = str_format("/run/user/%u/bus", geteuid());

	return access(bus, W_OK) == 0 || getenv("DBUS_SESSION_BUS_ADDRESS") ||
	       access(usual, W_OK) == 0;
}

char *systemd_user_cgroup(void)
{
	return str_format("/user.slice/user-%u.slice/user@%u.service", geteuid(), geteuid());
}

int systemd_start(bool user_bus, const char *unit, const char *slice, pid_t pid,
		  const struct cgroup_settings *settings, const struct device_rules *devices,
		  const str_map *annotations, struct error *err)
{
	struct words words = helper_words(user_bus, "start", unit);
	bool limits_tasks = false;
	int result;

	words_add(&words, str_format("%d", pid));
	words_add(&words, str_format("Slice=%s", slice));
	words_add(&words, str_dup("Description=urun container"));
	words_add(&words, str_dup("Delegate=true"));
	words_add(&words, str_dup("DefaultDependencies=false"));
	words_add(&words, str_dup("CollectMode=inactive-or-failed"));
	for (size_t i = 0; i < settings->count; i++)
		limits_tasks = limits_tasks || str_equal(settings->items[i].file, "pids.max");
	/* systemd has a default limit for each unit, which the config didn't ask for. */
	if (!limits_tasks)
		words_add(&words, str_dup("TasksMax=infinity"));
	add_settings(&words, settings);
	add_devices(&words, devices);
	for (size_t i = 0; i < annotations->count; i++) {
		const char *name = annotations->items[i].name;

		if (str_starts_with(name, ANNOTATION_PREFIX))
			words_add(&words, str_format("%s=%s", name + strlen(ANNOTATION_PREFIX),
						     annotations->items[i].value));
	}
	result = run_helper(&words, err);
	words_release(&words);
	return result;
}

int systemd_attach(bool user_bus, const char *unit, const char *below, pid_t pid, struct error *err)
{
	struct words words = helper_words(user_bus, "attach", unit);
	int result;

	words_add(&words, str_format("%d", pid));
	words_add(&words, str_dup(below));
	result = run_helper(&words, err);
	words_release(&words);
	return result;
}

static bool is_unit_name(struct span name)
{
	static const char *const kinds[] = { ".scope", ".service" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t length = strlen(kinds[i]);

		if (name.size > length &&
		    memcmp(name.bytes + name.size - length, kinds[i], length) == 0)
			return true;
	}
	return false;
}

bool systemd_unit_of(const char *cgroup, size_t outward, char **ret_unit, const char **ret_below,
		     bool *ret_user)
{
	struct span rest = { cgroup, strlen(cgroup) }, name;
	size_t count = 0, seen = 0;
	bool user = false;

	while (span_cut(&rest, '/', &name))
		count += is_unit_name(name);
	rest = (struct span){ cgroup, strlen(cgroup) };
	while (outward < count && span_cut(&rest, '/', &name)) {
		if (!is_unit_name(name))
			continue;
		if (++seen == count - outward) {
			*ret_unit = str_dup_n(name.bytes, name.size);
			*ret_below = name.bytes + name.size;
			*ret_user = user;
			return true;
		}
		user = user || (name.size > 5 && memcmp(name.bytes, "user@", 5) == 0);
	}
	return false;
}

int systemd_set(bool user_bus, const char *unit, const struct cgroup_settings *settings,
		const struct device_rules *devices, struct error *err)
{
	struct words words = helper_words(user_bus, "set", unit);
	size_t without = words.count;
	int result = 0;

	add_settings(&words, settings);
	add_devices(&words, devices);
	if (words.count > without)
		result = run_helper(&words, err);
	words_release(&words);
	return result;
}

int systemd_stop(bool user_bus, const char *unit, struct error *err)
{
	struct words words = helper_words(user_bus, "stop", unit);
	int result = run_helper(&words, err);

	words_release(&words);
	return result;
}
