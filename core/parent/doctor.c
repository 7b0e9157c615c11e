// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * `urun doctor` tells what this host has for containers, and how to fix what it lacks.  Some
 * settings can be read (a sysctl, a file); but settings alone don't tell whether a container can be
 * made, since a security module or an outer container can refuse it for reasons that no file shows.
 * So doctor tries as well:
 *   - examine_userns() reports the user namespace as `run` would make it, with the same plan and
 *     the same helpers (rootless/userns.h).  It was tried before all rows, in a child that ended.
 *   - examine_causes() walks the table host_checks, from which errors take their hints, so that
 *     doctor and the hint of a failed run can't disagree.  The trial decides how serious a finding
 *     is: if the user namespace failed, each finding can be the cause and is "missing"; if it
 *     worked, a finding is a warning, as another config may meet it.
 *   - What the kernel can do is tried too (doctor_kernel.c), in children with namespaces of their
 *     own, so that nothing on the host changes.
 *
 * A row has a name, a state, what was found, and if the row isn't ok the fix, and what works
 * nevertheless (doctor_without.c).  "missing" means that
 * no container can be made; a feature that only some containers need is at most a warning.  A new
 * row is a new function in the list of doctor_examine().
 */
#include "core/parent/doctor.h"

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

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/path.h"
#include "core/base/span.h"
#include "core/base/str.h"
#include "core/cgroup/systemd.h"
#include "core/cgroup/tree.h"
#include "core/image/store.h"
#include "core/parent/doctor_kernel.h"
#include "core/parent/doctor_without.h"
#include "netns/launch.h"
#include "netns/notify.h"
#include "rootless/apparmor.h"
#include "rootless/host_check.h"
#include "rootless/name.h"
#include "rootless/overlay.h"
#include "rootless/package.h"
#include "rootless/subid.h"
#include "rootless/userns.h"

/* The first kernel with mount_setattr(2), which makes a mount and all mounts below it read-only. */
#define KERNEL_MAJOR 5
#define KERNEL_MINOR 12

#define CONF_SIZE_MAX (1u << 20)

struct doctor {
	struct doctor_report *report;
	const char *state_root;
	struct userns_caller caller;
	struct userns_plan plan;
	/* Why no user namespace can be made as `run` would make it; without text: it can. */
	struct error userns_failure;
};

/* Adds a row; @format makes its value.  A row that is ok doesn't show @fix. */
static void add_doctor_row(struct doctor *doctor, const char *name, enum doctor_state state,
			   const char *fix, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static void add_doctor_row(struct doctor *doctor, const char *name, enum doctor_state state,
			   const char *fix, const char *format, ...)
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
	row->works = doctor_without(row->name, state);
	row->fix = state == DOCTOR_OK || !fix || !*fix ? NULL : arena_str(&report->arena, fix);
}

/* The row of something that was tried.  @errnum is 0, or the error of the trial. */
static void add_trial(struct doctor *doctor, const char *name, int errnum, const char *fix)
{
	add_doctor_row(doctor, name, errnum ? DOCTOR_WARNING : DOCTOR_OK, fix, "%s",
		       errnum ? error_errno_text(errnum) : "available");
}

/* The row of something that failed with @err, whose hint is the fix. */
static void add_failure(struct doctor *doctor, const char *name, enum doctor_state state,
			const struct error *err)
{
	struct error bare = *err;
	char line[ERROR_LINE_SIZE];

	bare.hint[0] = '\0';
	add_doctor_row(doctor, name, state, err->hint, "%s", error_format(&bare, line));
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
	add_doctor_row(doctor, "kernel", good ? DOCTOR_OK : DOCTOR_MISSING,
		       "urun needs Linux 5.12 or later: install a newer kernel", "Linux %s",
		       name.release);
}

static void examine_userns(struct doctor *doctor)
{
	if (doctor->userns_failure.text[0])
		add_failure(doctor, "a container's user namespace", DOCTOR_MISSING,
			    &doctor->userns_failure);
	else if (doctor->plan.mode == USERNS_INHERIT)
		add_doctor_row(doctor, "a container's user namespace", DOCTOR_OK, NULL,
			       "the one that urun runs in");
	else
		add_doctor_row(doctor, "a container's user namespace", DOCTOR_OK, NULL,
			       "%" PRIu64 " uids, %" PRIu64 " gids",
			       idmap_total(&doctor->plan.uids), idmap_total(&doctor->plan.gids));
}

/* "uids 100000-165535 231072-296607" */
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

/* The value of a host_check that found no trouble; the others have a value that is read. */
static const char *const good_values[HOST_TROUBLE_COUNT] = {
	[HOST_NO_USER_NAMESPACES] = "enabled",
	[HOST_MAX_NAMESPACES_ZERO] = "all above 0",
	[HOST_NAMESPACES_USED_UP] = "below the limit",
	[HOST_CHROOT] = "not in a chroot",
	[HOST_SELINUX] = "not enforced",
	[HOST_SECCOMP] = "allows user namespaces",
	[HOST_SUBID_LINK] = "not a symbolic link",
	[HOST_NO_NEW_PRIVILEGES] = "not set",
	[HOST_HELPER_NOSUID] = "not set",
	[HOST_HELPER_POWERLESS] = "present",
	[HOST_HELPER_BOUNDED] = "available, or not needed",
	[HOST_NO_SUBIDS] = "available",
};

/* Writes what is shown for a setting of the host that is as it should be. */
static void good_value(const struct doctor *doctor, enum host_trouble trouble, char *ret_value,
		       size_t size)
{
	const char *setting = host_checks[trouble].setting;
	char path[HOST_PATH_SIZE], fix[HOST_FIX_SIZE];

	snprintf(ret_value, size, "%s", good_values[trouble] ? good_values[trouble] : "");
	switch (trouble) {
	case HOST_USERNS_CLONE_OFF:
	case HOST_APPARMOR_RESTRICTION:
		snprintf(path, sizeof(path), "/proc/sys/%s", setting + strlen("sysctl "));
		for (char *c = path + strlen("/proc/sys/"); *c; c++)
			if (*c == '.')
				*c = '/';
		if (host_read_line(&HOST_REAL, path, ret_value, size) < 0)
			snprintf(ret_value, size, "this kernel doesn't have it");
		break;
	case HOST_NO_SETFCAP:
		snprintf(ret_value, size, "%s",
			 doctor->caller.uid == 0 ? "available" : "not needed by this user");
		break;
	case HOST_HELPER_MISSING:
		if (host_find_program(&HOST_REAL, "newuidmap", path))
			snprintf(ret_value, size, "%.*s", (int)size - 1, path);
		break;
	case HOST_HELPER_NOSUID:
	case HOST_HELPER_POWERLESS:
	case HOST_HELPER_BOUNDED:
		if (host_has(&HOST_REAL, HOST_HELPER_MISSING, fix))
			snprintf(ret_value, size, "not checked, as a program is not found");
		break;
	case HOST_NO_SUBIDS: subids_value(doctor, ret_value, size); break;
	default: break;
	}
}

static const char *bad_value(enum host_trouble trouble)
{
	if (trouble == HOST_NO_SUBIDS)
		return "no range for this user";
	return host_checks[trouble].occasions & HOST_AT_USERNS
		       ? "can prevent user namespaces"
		       : "prevents containers with more than one id";
}

static void examine_causes(struct doctor *doctor)
{
	enum doctor_state found = doctor->userns_failure.text[0] ? DOCTOR_MISSING : DOCTOR_WARNING;
	bool root = doctor->caller.uid == 0;

	for (enum host_trouble i = 0; i < HOST_TROUBLE_COUNT; i++) {
		const struct host_check *check = &host_checks[i];
		char fix[HOST_FIX_SIZE], value[128];

		/* Root writes every mapping by itself, without subids and helpers. */
		if (root && !(check->occasions & HOST_AT_USERNS))
			continue;
		if (!check->found(&HOST_REAL, fix)) {
			good_value(doctor, i, value, sizeof(value));
			add_doctor_row(doctor, check->setting, DOCTOR_OK, NULL, "%s", value);
			continue;
		}
		/* Without a range of subids a container has one id, which isn't a failure. */
		add_doctor_row(doctor, check->setting, i == HOST_NO_SUBIDS ? DOCTOR_WARNING : found,
			       fix, "%s", bad_value(i));
	}
}

static void examine_apparmor(struct doctor *doctor)
{
	static const char name[] = "AppArmor profile of urun";
	char label[APPARMOR_LABEL_SIZE];

	switch (apparmor_profile_state(&HOST_REAL, label)) {
	case APPARMOR_OFF:
		add_doctor_row(doctor, name, DOCTOR_OK, NULL, "not needed: AppArmor is off");
		break;
	case APPARMOR_IN_FORCE:
		add_doctor_row(doctor, name, DOCTOR_OK, NULL, "in force: %s", label);
		break;
	case APPARMOR_ANOTHER:
		add_doctor_row(doctor, name, DOCTOR_OK, NULL, "another one is in force: %s", label);
		break;
	case APPARMOR_NONE:
		add_doctor_row(doctor, name, DOCTOR_OK, NULL,
			       "not in force, and not needed: user namespaces aren't restricted");
		break;
	case APPARMOR_RESTRICTED:
		add_doctor_row(doctor, name, DOCTOR_WARNING,
			       "as root run apparmor_parser -r /etc/apparmor.d/urun, which the "
			       "package and `make install` make where AppArmor 4 is installed",
			       "not in force, and user namespaces are restricted");
		break;
	}
}

/* ---- features of the kernel ---- */

static void examine_features(struct doctor *doctor)
{
	static const char newer[] = "install a newer kernel";
	unsigned int major = 0, minor = 0;
	bool tmpfs;

	kernel_version(&major, &minor);
	tmpfs = major > 6 || (major == 6 && minor >= 3);
	add_trial(doctor, "overlay in user namespaces", kernel_try_overlay(),
		  "urun uses fuse-overlayfs instead; Linux 5.11 and later don't need it");
	add_trial(doctor, "mount_setattr", kernel_try_mount_setattr(), newer);
	add_doctor_row(doctor, "idmapped mounts", tmpfs ? DOCTOR_OK : DOCTOR_WARNING, newer, "%s",
		       tmpfs ? "available for file systems that the container mounts itself"
			     : "not available to an ordinary user: tmpfs has them since Linux 6.3");
	add_trial(doctor, "time namespaces", access("/proc/self/ns/time", F_OK) < 0 ? errno : 0,
		  newer);
	add_trial(doctor, "seccomp notify", kernel_try_seccomp_notify(), newer);
}

/* ---- networking ---- */

static void examine_network(struct doctor *doctor)
{
	static const char name[] = "network (urun-slirp, /dev/net/tun)";
	struct error err = ERROR_NONE;
	const char *way;

	if (slirp_check_host(&way, &err) < 0)
		add_failure(doctor, name, DOCTOR_WARNING, &err);
	else
		add_doctor_row(doctor, name, DOCTOR_OK, NULL, "available, %s", way);
}

static void examine_bypass(struct doctor *doctor)
{
	static const char name[] = "network bypass (--network slirp,bypass)";
	struct error err = ERROR_NONE;

	if (notify_check_host(&err) < 0)
		add_failure(doctor, name, DOCTOR_WARNING, &err);
	else
		add_doctor_row(doctor, name, DOCTOR_OK, NULL, "available");
}

static void examine_ping(struct doctor *doctor)
{
	static const char path[] = "/proc/sys/net/ipv4/ping_group_range";
	unsigned int low = 1, high = 0;
	char line[64] = "this kernel doesn't have it";
	bool known, good;

	host_read_line(&HOST_REAL, path, line, sizeof(line));
	known = sscanf(line, "%u %u", &low, &high) == 2;
	good = known && low <= getegid() && getegid() <= high;
	for (char *c = line; *c; c++)
		if (*c == '\t')
			*c = ' ';
	add_doctor_row(
		doctor, "sysctl net.ipv4.ping_group_range", good ? DOCTOR_OK : DOCTOR_WARNING,
		"programs in a container can't ping: run as root sysctl 'net.ipv4.ping_group_range=0 2147483647'",
		"%s%s", line, known && !good ? " (without this user's group)" : "");
}

static void examine_low_ports(struct doctor *doctor)
{
	autofree char *fix = NULL;
	char line[64] = "1024";
	uint32_t port = 0;

	host_read_line(&HOST_REAL, "/proc/sys/net/ipv4/ip_unprivileged_port_start", line,
		       sizeof(line));
	number_parse_u32(line, UINT16_MAX, &port);
	fix = str_format("ports below %" PRIu32
			 " can't be published: for port 80 and above, run as root "
			 "sysctl net.ipv4.ip_unprivileged_port_start=80",
			 port);
	add_doctor_row(doctor, "sysctl net.ipv4.ip_unprivileged_port_start",
		       port > 80 ? DOCTOR_WARNING : DOCTOR_OK, fix, "%s", line);
}

/* ---- file systems ---- */

static void examine_fuse(struct doctor *doctor)
{
	struct error device = ERROR_NONE, program = ERROR_NONE;
	char path[HOST_PATH_SIZE];

	if (overlay_check_device(&device) < 0)
		add_failure(doctor, "/dev/fuse", DOCTOR_WARNING, &device);
	else
		add_doctor_row(doctor, "/dev/fuse", DOCTOR_OK, NULL, "available");
	if (overlay_find_program(&HOST_REAL, path, &program) < 0)
		add_failure(doctor, "fuse-overlayfs", DOCTOR_WARNING, &program);
	else
		add_doctor_row(doctor, "fuse-overlayfs", DOCTOR_OK, NULL, "%s", path);
}

static void examine_runtime_dir(struct doctor *doctor)
{
	const char *path = getenv("XDG_RUNTIME_DIR");
	autofree char *usual = str_format("/run/user/%u", geteuid());
	/* Without systemd nobody makes the usual directory; where it is, nothing but the name lacks. */
	autofree char *way =
		path_is_own_directory(usual) ? str_format("export XDG_RUNTIME_DIR=%s", usual)
		: access("/run/systemd/system", F_OK) == 0
			? str_dup("log in with systemd-logind (ssh or a console, not su)")
			: str_dup("export XDG_RUNTIME_DIR=DIR, a directory of yours with mode 700, "
				  "in memory or on a local disk");
	autofree char *fix = str_format(
		"urun keeps states below /tmp, and can't use the user's systemd: %s", way);
	bool is_set = path && path[0];

	/* Root's states are in /run/urun, and its scopes are the system's. */
	if (geteuid() == 0 && userns_is_initial())
		return;
	path = is_set ? path : usual;
	add_doctor_row(doctor, "XDG_RUNTIME_DIR",
		       path_is_own_directory(path) ? DOCTOR_OK : DOCTOR_WARNING, fix, "%s%s%s",
		       is_set || path_is_own_directory(path) ? "" : "not set, and ", path,
		       path_is_own_directory(path) ? "" : " is not a directory of this user");
}

static const char *mount_flags(const struct statvfs *status)
{
	if ((status->f_flag & ST_NOEXEC) && (status->f_flag & ST_NOSUID))
		return ", noexec, nosuid";
	if (status->f_flag & ST_NOEXEC)
		return ", noexec";
	return status->f_flag & ST_NOSUID ? ", nosuid" : "";
}

static void examine_state_root(struct doctor *doctor)
{
	/* The directory itself, or the nearest one above it that exists: the rest is made. */
	autofree char *existing = str_dup(doctor->state_root);
	struct statvfs status = { 0 };
	char *slash;
	bool good;

	while (access(existing, F_OK) < 0 && (slash = strrchr(existing, '/')))
		slash[slash == existing] = '\0';
	good = access(existing, W_OK | X_OK) == 0;
	statvfs(existing, &status);
	add_doctor_row(doctor, "directory for container states", good ? DOCTOR_OK : DOCTOR_MISSING,
		       "choose another directory with --root or XDG_RUNTIME_DIR", "%s%s%s",
		       doctor->state_root, good ? "" : " is not writable", mount_flags(&status));
}

static void examine_current_directory(struct doctor *doctor)
{
	autofree char *here = getcwd(NULL, 0);
	struct statvfs status = { 0 };
	bool good;

	if (!here || statvfs(here, &status) < 0)
		return;
	good = !(status.f_flag & (ST_NOEXEC | ST_NOSUID));
	add_doctor_row(
		doctor, "current directory, for a root file system",
		good ? DOCTOR_OK : DOCTOR_WARNING,
		status.f_flag & ST_NOEXEC
			? "programs of a root file system in this directory can't be executed: use "
			  "another directory, or mount this one with exec"
			: "setuid programs of a root file system in this directory gain no "
			  "privilege: use another directory, or mount this one with suid",
		"%s%s", here, mount_flags(&status));
}

/* ---- images ---- */

#define SPACE_WANTED (1u << 30)

static void examine_store_place(struct doctor *doctor, const char *path,
				const struct store_place *place)
{
	static const char elsewhere[] =
		"set XDG_DATA_HOME to a directory of a local file system, such "
		"as ext4, xfs or btrfs";
	const char *name = "directory for images";

	if (place->refusal)
		add_doctor_row(doctor, name, DOCTOR_WARNING, elsewhere,
			       "%s is on %s, where the kernel can't keep changes of a container",
			       path, place->refusal);
	else if (!place->has_attributes)
		add_doctor_row(doctor, name, DOCTOR_WARNING, elsewhere,
			       "%s is on a file system without user attributes (xattr(7))", path);
	else
		add_doctor_row(doctor, name, DOCTOR_OK, NULL, "%s", path);
	add_doctor_row(
		doctor, "space for images",
		place->space < SPACE_WANTED ? DOCTOR_WARNING : DOCTOR_OK,
		"urun rmi --unused removes the images of no container; or set XDG_DATA_HOME to "
		"a directory with more space",
		"%.1f GiB", (double)place->space / (1u << 30));
}

static void examine_store(struct doctor *doctor)
{
	struct error err = ERROR_NONE;
	struct store_place place;
	autofree char *path = store_path(getenv("XDG_DATA_HOME"), getenv("HOME"), &err);

	if (!path || store_examine(path, &place, &err) < 0)
		add_failure(doctor, "directory for images", DOCTOR_WARNING, &err);
	else
		examine_store_place(doctor, path, &place);
}

static void examine_skopeo(struct doctor *doctor)
{
	static const struct package package = { "skopeo", "skopeo", "skopeo", "skopeo" };
	char path[HOST_PATH_SIZE], install[PACKAGE_FIX_SIZE];
	autofree char *fix = NULL;

	if (host_find_program(&HOST_REAL, "skopeo", path)) {
		add_doctor_row(doctor, "skopeo", DOCTOR_OK, NULL, "%s", path);
		return;
	}
	package_fix(&HOST_REAL, &package, install);
	fix = str_format("images of registries can't be pulled: %s", install);
	add_doctor_row(doctor, "skopeo", DOCTOR_WARNING, fix, "not installed");
}

/* ---- cgroups and systemd ---- */

static void examine_controllers(struct doctor *doctor)
{
	static const char *const wanted[] = { "cpu", "cpuset", "io", "memory", "pids" };
	autofree char *own = cgroup_of(0);
	autofree char *manager = systemd_user_cgroup();
	autofree char *controllers = NULL;
	bool all;

	/* Cgroups are made below our own, or else by the user's systemd. */
	if (own && cgroup_is_ours(own))
		controllers = cgroup_read(own, "cgroup.controllers");
	else if (systemd_has_user_bus())
		controllers = cgroup_read(manager, "cgroup.controllers");
	all = controllers != NULL;
	if (controllers)
		controllers[strcspn(controllers, "\n")] = '\0';
	for (size_t i = 0; all && i < ARRAY_SIZE(wanted); i++)
		all = span_has_word((struct span){ controllers, strlen(controllers) }, wanted[i]);
	add_doctor_row(doctor, "cgroup controllers for limits", all ? DOCTOR_OK : DOCTOR_WARNING,
		       CGROUP_DELEGATION_MEND, "%s",
		       controllers && controllers[0] ? controllers : "none delegated to this user");
}

static void examine_cgroups(struct doctor *doctor)
{
	if (!cgroup_is_unified()) {
		add_doctor_row(doctor, "cgroup version", DOCTOR_WARNING,
			       "limits need version 2, and so do the device rules of root's "
			       "bundles: boot the kernel with "
			       "systemd.unified_cgroup_hierarchy=1",
			       "1 or hybrid");
		return;
	}
	add_doctor_row(doctor, "cgroup version", DOCTOR_OK, NULL, "2");
	examine_controllers(doctor);
}

static void examine_systemd(struct doctor *doctor)
{
	autofree char *name = name_of_user("", geteuid());
	autofree char *linger = str_format("/var/lib/systemd/linger/%s", name ? name : "");
	autofree char *fix = str_format("run as root loginctl enable-linger %s", name ? name : "");
	bool bus = systemd_has_user_bus();

	if (access("/run/systemd/system", F_OK) < 0) {
		add_doctor_row(
			doctor, "the user's systemd", DOCTOR_WARNING, NULL,
			"this host doesn't run systemd: limits need a cgroup that is delegated in another "
			"way");
		return;
	}
	add_doctor_row(
		doctor, "the user's systemd", bus ? DOCTOR_OK : DOCTOR_WARNING,
		"log in with systemd-logind (ssh or a console, not su), or export XDG_RUNTIME_DIR",
		"%s",
		bus ? "its bus is available" : "its bus is not available: no scope for limits");
	if (name)
		add_doctor_row(doctor, "linger",
			       access(linger, F_OK) == 0 ? DOCTOR_OK : DOCTOR_WARNING, fix, "%s",
			       access(linger, F_OK) == 0
				       ? "on"
				       : "off: containers end with the last session");
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

/*
 * The first file of containers.conf and containers.conf.d below @directory that names urun.  NULL:
 * none.  The caller frees the path.
 */
static char *find_podman_conf(const char *directory)
{
	autofree char *file = str_format("%s/containers.conf", directory);
	autofree char *more = str_format("%s/containers.conf.d", directory);
	autodir DIR *dir = NULL;
	char *found = NULL;
	struct dirent *entry;

	if (names_urun(file))
		return take_ptr(file);
	dir = opendir(more);
	while (dir && !found && (entry = readdir(dir))) {
		autofree char *path = str_format("%s/%s", more, entry->d_name);

		if (entry->d_name[0] != '.' && names_urun(path))
			found = take_ptr(path);
	}
	return found;
}

static void examine_podman(struct doctor *doctor)
{
	const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");
	autofree char *own = config && config[0]
				     ? str_format("%s/containers", config)
				     : str_format("%s/.config/containers", home ? home : "");
	const char *const directories[] = { own, "/etc/containers", "/usr/share/containers" };
	char path[HOST_PATH_SIZE];
	char *found = NULL;

	if (!host_find_program(&HOST_REAL, "podman", path))
		return;
	for (size_t i = 0; !found && i < ARRAY_SIZE(directories); i++)
		found = find_podman_conf(directories[i]);
	if (found)
		add_doctor_row(doctor, "podman's runtime urun", DOCTOR_OK, NULL, "configured in %s",
			       found);
	else
		add_doctor_row(
			doctor, "podman's runtime urun", DOCTOR_WARNING,
			"write '[engine.runtimes]' and 'urun = [\"/usr/bin/urun\"]', with the path of urun, "
			"to ~/.config/containers/containers.conf; or use podman --runtime PATH",
			"not configured");
	free(found);
}

/* ---- all ---- */

const char *doctor_group_name(enum doctor_state state)
{
	static const char *const names[] = { "works", "works in part", "missing" };

	return names[state];
}

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
		examine_kernel,	     examine_userns,	 examine_causes,
		examine_apparmor,    examine_features,	 examine_network,
		examine_bypass,	     examine_ping,	 examine_low_ports,
		examine_fuse,	     examine_cgroups,	 examine_systemd,
		examine_runtime_dir, examine_state_root, examine_current_directory,
		examine_store,	     examine_skopeo,	 examine_podman,
	};
	struct doctor doctor = { .report = ret_report, .state_root = state_root };

	*ret_report = (struct doctor_report){ 0 };
	if (userns_caller_read(&HOST_REAL, &doctor.caller, &doctor.userns_failure) == 0 &&
	    userns_plan_default(&doctor.caller, &doctor.plan, &doctor.userns_failure) == 0)
		userns_try(&doctor.plan, &doctor.userns_failure);
	for (size_t i = 0; i < ARRAY_SIZE(examinations); i++)
		examinations[i](&doctor);
}
