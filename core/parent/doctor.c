// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/path.h"
#include "core/base/span.h"
#include "core/base/str.h"
#include "core/cgroup/systemd.h"
#include "core/cgroup/tree.h"
#include "core/parent/doctor_kernel.h"
#include "netns/launch.h"
#include "rootless/host_check.h"
#include "rootless/name.h"
#include "rootless/overlay.h"
#include "rootless/subid.h"
#include "rootless/userns.h"

/* mount_setattr(2), with which mounts are made read-only to their last one. */
#define KERNEL_MAJOR 5
#define KERNEL_MINOR 12

#define CONF_SIZE_MAX (1u << 20)

struct doctor {
	struct doctor_report *report;
	const char *state_root;
	struct userns_caller caller;
	struct userns_plan plan;
	struct error
		failure; /* of a user namespace as `run` would make it; no text: there is one */
};

static void __attribute__((format(printf, 5, 6)))
add(struct doctor *doctor, const char *name, enum doctor_state state, const char *mend,
    const char *format, ...)
{
	struct doctor_report *report = doctor->report;
	struct doctor_row *row;
	char value[HOST_FIX_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	report->rows = arena_grow(&report->arena, report->rows, report->count, sizeof(*row));
	row = &report->rows[report->count++];
	row->name = arena_str(&report->arena, name);
	row->state = state;
	row->value = arena_str(&report->arena, value);
	row->mend = state == DOCTOR_OK || !mend || !*mend ? NULL : arena_str(&report->arena, mend);
}

/* A row of what was tried, and failed with @errnum where that isn't 0. */
static void add_trial(struct doctor *doctor, const char *name, int errnum, const char *good,
		      const char *mend)
{
	add(doctor, name, errnum ? DOCTOR_WARNING : DOCTOR_OK, mend, "%s",
	    errnum ? error_errno_text(errnum) : good);
}

/* A row of what fails with a hint of its own. */
static void add_failure(struct doctor *doctor, const char *name, enum doctor_state state,
			const struct error *err)
{
	struct error bare = *err;
	char line[ERROR_LINE_SIZE];

	bare.hint[0] = '\0';
	add(doctor, name, state, err->hint, "%s", error_format(&bare, line));
}

/* ---- the user namespace ---- */

static void examine_kernel(struct doctor *doctor)
{
	unsigned int major = 0, minor = 0;
	bool known = kernel_version(&major, &minor);
	bool good =
		known && (major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR));
	struct utsname name = { 0 };

	uname(&name);
	add(doctor, "kernel", good ? DOCTOR_OK : DOCTOR_MISSING,
	    "urun needs Linux 5.12 or later: install a newer kernel", "Linux %s", name.release);
}

static void try_userns(struct doctor *doctor)
{
	if (userns_caller_read(&HOST_REAL, &doctor->caller, &doctor->failure) == 0 &&
	    userns_plan_default(&doctor->caller, &doctor->plan, &doctor->failure) == 0)
		userns_try(&doctor->plan, &doctor->failure);
}

static void examine_userns(struct doctor *doctor)
{
	if (doctor->failure.text[0])
		add_failure(doctor, "a container's user namespace", DOCTOR_MISSING,
			    &doctor->failure);
	else if (doctor->plan.mode == USERNS_INHERIT)
		add(doctor, "a container's user namespace", DOCTOR_OK, NULL,
		    "the one that urun was started in");
	else
		add(doctor, "a container's user namespace", DOCTOR_OK, NULL,
		    "%" PRIu64 " uids, %" PRIu64 " gids", idmap_total(&doctor->plan.uids),
		    idmap_total(&doctor->plan.gids));
}

static void sysctl_value(const char *name, char *ret_value, size_t size)
{
	autofree char *path = str_format("/proc/sys/%s", name);

	for (char *c = path + strlen("/proc/sys/"); *c; c++)
		if (*c == '.')
			*c = '/';
	if (host_read_line(&HOST_REAL, path, ret_value, size) < 0)
		snprintf(ret_value, size, "not on this host");
}

/* "100000-165535 231072-296607" */
static void subids_value(const struct doctor *doctor, char *ret_value, size_t size)
{
	autofree char *name = name_of_user("", doctor->caller.uid);
	struct subid_ranges ranges;
	struct error err = ERROR_NONE;
	size_t used = 0;

	if (subid_load(SUBID_UID, "", name, doctor->caller.uid, &ranges, &err) < 0)
		return;
	for (size_t i = 0; i < ranges.count && used < size; i++)
		used += (size_t)snprintf(ret_value + used, size - used, "%s%" PRIu32 "-%" PRIu32,
					 i ? " " : "uids ", ranges.items[i].start,
					 ranges.items[i].start + ranges.items[i].count - 1);
}

/* Reads the value of a host's setting that is as it should be. */
static void setting_value(const struct doctor *doctor, size_t index, char *ret_value, size_t size)
{
	const char *setting = host_checks[index].setting;
	char path[HOST_PATH_SIZE];

	snprintf(ret_value, size, "no hindrance");
	if (index == HOST_NO_SUBIDS)
		subids_value(doctor, ret_value, size);
	else if (index == HOST_HELPER_MISSING && host_find_program(&HOST_REAL, "newuidmap", path))
		snprintf(ret_value, size, "%.*s", (int)size - 1, path);
	else if (str_starts_with(setting, "sysctl ") && !strchr(setting, '*'))
		sysctl_value(setting + strlen("sysctl "), ret_value, size);
}

/* What stands in the way of nothing is a warning: it may be in the way of another config. */
static void examine_causes(struct doctor *doctor)
{
	enum doctor_state found = doctor->failure.text[0] ? DOCTOR_MISSING : DOCTOR_WARNING;
	bool root = doctor->caller.uid == 0;

	for (size_t i = 0; i < HOST_TROUBLE_COUNT; i++) {
		const struct host_check *check = &host_checks[i];
		char mend[HOST_FIX_SIZE], value[128];

		/* Root maps what it likes, by itself. */
		if (root && !(check->occasions & HOST_AT_USERNS))
			continue;
		if (!check->found(&HOST_REAL, mend)) {
			setting_value(doctor, i, value, sizeof(value));
			add(doctor, check->setting, DOCTOR_OK, NULL, "%s", value);
			continue;
		}
		/* Without a range a container has one id, which is no failure. */
		add(doctor, check->setting, i == HOST_NO_SUBIDS ? DOCTOR_WARNING : found, mend,
		    "%s", i == HOST_NO_SUBIDS ? "no range for this user" : "in the way");
	}
}

/* ---- what the kernel can ---- */

static void examine_features(struct doctor *doctor)
{
	static const char newer[] = "install a newer kernel";
	unsigned int major = 0, minor = 0;
	bool tmpfs;

	kernel_version(&major, &minor);
	tmpfs = major > 6 || (major == 6 && minor >= 3);
	add_trial(doctor, "overlay in user namespaces", kernel_try_overlay(), "by the kernel",
		  "fuse-overlayfs serves overlays then; the kernel can since Linux 5.11");
	add_trial(doctor, "mount_setattr", kernel_try_mount_setattr(), "there", newer);
	add(doctor, "idmapped mounts", tmpfs ? DOCTOR_OK : DOCTOR_WARNING, newer, "%s",
	    tmpfs ? "of file systems that the container mounts itself"
		  : "none for an ordinary user: tmpfs has them since Linux 6.3");
	add_trial(doctor, "time namespaces", access("/proc/self/ns/time", F_OK) < 0 ? errno : 0,
		  "there", newer);
	add_trial(doctor, "seccomp notify", kernel_try_seccomp_notify(), "there", newer);
}

/* ---- networking ---- */

static void examine_network(struct doctor *doctor)
{
	struct error err = ERROR_NONE;

	if (slirp_check_host(&err) < 0)
		add_failure(doctor, "network (urun-slirp, /dev/net/tun)", DOCTOR_WARNING, &err);
	else
		add(doctor, "network (urun-slirp, /dev/net/tun)", DOCTOR_OK, NULL, "there");
}

static void examine_ping(struct doctor *doctor)
{
	static const char path[] = "/proc/sys/net/ipv4/ping_group_range";
	unsigned int low = 1, high = 0;
	char line[64] = "not on this host";
	bool good;

	host_read_line(&HOST_REAL, path, line, sizeof(line));
	good = sscanf(line, "%u %u", &low, &high) == 2 && low <= getegid() && getegid() <= high;
	for (char *c = line; *c; c++)
		if (*c == '\t')
			*c = ' ';
	add(doctor, "sysctl net.ipv4.ping_group_range", good ? DOCTOR_OK : DOCTOR_WARNING,
	    "no ping out of a container: run as root sysctl 'net.ipv4.ping_group_range=0 2147483647'",
	    "%s", line);
}

static void examine_low_ports(struct doctor *doctor)
{
	char line[64] = "1024";
	uint32_t port = 0;

	host_read_line(&HOST_REAL, "/proc/sys/net/ipv4/ip_unprivileged_port_start", line,
		       sizeof(line));
	number_parse_u32(line, UINT16_MAX, &port);
	add(doctor, "sysctl net.ipv4.ip_unprivileged_port_start",
	    port > 80 ? DOCTOR_WARNING : DOCTOR_OK,
	    "to publish port 80 run as root sysctl net.ipv4.ip_unprivileged_port_start=80; a port "
	    "above needs nothing",
	    "%s", line);
}

/* ---- file systems ---- */

static void examine_fuse(struct doctor *doctor)
{
	struct error device = ERROR_NONE, program = ERROR_NONE;
	char path[HOST_PATH_SIZE];

	if (overlay_check_device(&device) < 0)
		add_failure(doctor, "/dev/fuse", DOCTOR_WARNING, &device);
	else
		add(doctor, "/dev/fuse", DOCTOR_OK, NULL, "open to this user");
	if (overlay_find_program(&HOST_REAL, path, &program) < 0)
		add_failure(doctor, "fuse-overlayfs", DOCTOR_WARNING, &program);
	else
		add(doctor, "fuse-overlayfs", DOCTOR_OK, NULL, "%s", path);
}

static void examine_runtime_dir(struct doctor *doctor)
{
	const char *path = getenv("XDG_RUNTIME_DIR");
	autofree char *usual = str_format("/run/user/%u", geteuid());
	autofree char *mend = str_format("states are below /tmp, and a user's systemd isn't found: "
					 "log in by a session of systemd-logind, or export "
					 "XDG_RUNTIME_DIR=%s",
					 usual);

	path = path && path[0] ? path : usual;
	add(doctor, "XDG_RUNTIME_DIR", path_is_own_directory(path) ? DOCTOR_OK : DOCTOR_WARNING,
	    mend, "%s%s", path,
	    path_is_own_directory(path) ? "" : " isn't a folder of this user's");
}

/* The folder itself, or what is above it and exists. */
static char *existing_above(const char *path)
{
	char *folder = str_dup(path);
	char *slash;

	while (access(folder, F_OK) < 0 && (slash = strrchr(folder, '/')))
		slash[slash == folder] = '\0';
	return folder;
}

static const char *mount_flags(const struct statvfs *status)
{
	if ((status->f_flag & ST_NOEXEC) && (status->f_flag & ST_NOSUID))
		return ", noexec, nosuid";
	if (status->f_flag & ST_NOEXEC)
		return ", noexec";
	return status->f_flag & ST_NOSUID ? ", nosuid" : "";
}

static void examine_folders(struct doctor *doctor)
{
	autofree char *here = getcwd(NULL, 0);
	autofree char *above = existing_above(doctor->state_root);
	struct statvfs status = { 0 };
	bool good = access(above, W_OK | X_OK) == 0;

	statvfs(above, &status);
	add(doctor, "states' folder", good ? DOCTOR_OK : DOCTOR_MISSING,
	    "choose another by --root, or by XDG_RUNTIME_DIR", "%s%s%s", doctor->state_root,
	    good ? "" : " can't be written to", mount_flags(&status));
	status = (struct statvfs){ 0 };
	if (!here || statvfs(here, &status) < 0)
		return;
	good = !(status.f_flag & (ST_NOEXEC | ST_NOSUID));
	add(doctor, "this folder, for a root file system", good ? DOCTOR_OK : DOCTOR_WARNING,
	    status.f_flag & ST_NOEXEC
		    ? "no program of a root file system in here can be executed: keep it elsewhere, "
		      "or mount this one with exec"
		    : "setuid programs of a root file system in here gain nothing: keep it "
		      "elsewhere, or mount this one with suid",
	    "%s%s", here, mount_flags(&status));
}

/* ---- cgroups and systemd ---- */

/* Where cgroups could be made for us: here, or by the user's systemd. */
static char *delegated_controllers(void)
{
	autofree char *own = cgroup_of(0);
	autofree char *manager = systemd_user_cgroup();

	if (own && cgroup_is_ours(own))
		return cgroup_read(own, "cgroup.controllers");
	return systemd_has_user_bus() ? cgroup_read(manager, "cgroup.controllers") : NULL;
}

static void examine_controllers(struct doctor *doctor)
{
	static const char *const wanted[] = { "cpu", "cpuset", "io", "memory", "pids" };
	autofree char *controllers = delegated_controllers();
	bool all = controllers != NULL;

	if (controllers)
		controllers[strcspn(controllers, "\n")] = '\0';
	for (size_t i = 0; all && i < ARRAY_SIZE(wanted); i++)
		all = span_has_word((struct span){ controllers, strlen(controllers) }, wanted[i]);
	add(doctor, "cgroup controllers for limits", all ? DOCTOR_OK : DOCTOR_WARNING,
	    CGROUP_DELEGATION_MEND, "%s",
	    controllers && controllers[0] ? controllers : "none is delegated to this user");
}

static void examine_cgroups(struct doctor *doctor)
{
	if (!cgroup_is_unified()) {
		add(doctor, "cgroup version", DOCTOR_WARNING,
		    "no limits without version 2: boot the kernel with "
		    "systemd.unified_cgroup_hierarchy=1",
		    "1, or a hybrid of both");
		return;
	}
	add(doctor, "cgroup version", DOCTOR_OK, NULL, "2");
	examine_controllers(doctor);
}

static void examine_systemd(struct doctor *doctor)
{
	autofree char *name = name_of_user("", geteuid());
	autofree char *linger = str_format("/var/lib/systemd/linger/%s", name ? name : "");
	autofree char *mend = str_format("run as root loginctl enable-linger %s", name ? name : "");
	bool bus = systemd_has_user_bus();

	if (access("/run/systemd/system", F_OK) < 0) {
		add(doctor, "the user's systemd", DOCTOR_WARNING, NULL,
		    "this host doesn't run systemd: limits need a cgroup that is delegated otherwise");
		return;
	}
	add(doctor, "the user's systemd", bus ? DOCTOR_OK : DOCTOR_WARNING,
	    "log in by a session of systemd-logind (not by su), or export XDG_RUNTIME_DIR", "%s",
	    bus ? "its bus is there" : "no bus of it: no scope for limits can be had");
	if (name)
		add(doctor, "linger", access(linger, F_OK) == 0 ? DOCTOR_OK : DOCTOR_WARNING, mend,
		    "%s",
		    access(linger, F_OK) == 0 ? "on" : "off: containers end with the last session");
}

/* ---- podman ---- */

static bool names_urun(const char *path)
{
	autofree char *text = NULL;
	struct span rest, line, name;
	size_t size;

	if (fd_read_file(path, CONF_SIZE_MAX, &text, &size) < 0)
		return false;
	rest = (struct span){ text, size };
	while (span_cut(&rest, '\n', &line))
		if (span_cut(&line, '=', &name) && span_is(span_trim(name), "urun"))
			return true;
	return false;
}

/* The file DIR/containers.conf, or one of DIR/containers.conf.d; NULL: none has it. */
static char *find_in(const char *folder)
{
	autofree char *file = str_format("%s/containers.conf", folder);
	autofree char *more = str_format("%s/containers.conf.d", folder);
	char *found = NULL;
	struct dirent *entry;
	DIR *dir;

	if (names_urun(file))
		return take_ptr(file);
	dir = opendir(more);
	while (dir && !found && (entry = readdir(dir))) {
		autofree char *path = str_format("%s/%s", more, entry->d_name);

		if (entry->d_name[0] != '.' && names_urun(path))
			found = take_ptr(path);
	}
	if (dir)
		closedir(dir);
	return found;
}

static void examine_podman(struct doctor *doctor)
{
	const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");
	autofree char *own = config && config[0]
				     ? str_format("%s/containers", config)
				     : str_format("%s/.config/containers", home ? home : "");
	const char *const folders[] = { own, "/etc/containers", "/usr/share/containers" };
	char path[HOST_PATH_SIZE];
	char *found = NULL;

	if (!host_find_program(&HOST_REAL, "podman", path))
		return;
	for (size_t i = 0; !found && i < ARRAY_SIZE(folders); i++)
		found = find_in(folders[i]);
	if (found)
		add(doctor, "podman's runtime urun", DOCTOR_OK, NULL, "in %s", found);
	else
		add(doctor, "podman's runtime urun", DOCTOR_WARNING,
		    "put '[engine.runtimes]' and 'urun = [\"/usr/bin/urun\"]', with urun's own path, "
		    "into ~/.config/containers/containers.conf; or give podman --runtime PATH",
		    "in no containers.conf");
	free(found);
}

/* ---- all ---- */

const char *doctor_state_name(enum doctor_state state)
{
	static const char *const names[] = { "ok", "warning", "missing" };

	return names[state];
}

bool doctor_report_is_good(const struct doctor_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->rows[i].state == DOCTOR_MISSING)
			return false;
	return true;
}

void doctor_report_release(struct doctor_report *report)
{
	arena_release(&report->arena);
	*report = (struct doctor_report){ 0 };
}

void doctor_examine(const char *state_root, struct doctor_report *ret_report)
{
	static void (*const examinations[])(struct doctor *) = {
		examine_kernel,	 examine_userns,  examine_causes,      examine_features,
		examine_network, examine_ping,	  examine_low_ports,   examine_fuse,
		examine_cgroups, examine_systemd, examine_runtime_dir, examine_folders,
		examine_podman,
	};
	struct doctor doctor = { .report = ret_report, .state_root = state_root };

	*ret_report = (struct doctor_report){ 0 };
	try_userns(&doctor);
	for (size_t i = 0; i < ARRAY_SIZE(examinations); i++)
		examinations[i](&doctor);
}
