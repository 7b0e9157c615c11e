// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "rootless/host_check.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/mountinfo.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "rootless/name.h"
#include "rootless/package.h"
#include "rootless/subid.h"

const char *const host_mapping_programs[] = {
	[SUBID_UID] = "newuidmap", [SUBID_GID] = "newgidmap"
};

/* Does the file exist, and is its first line exactly @value? */
static bool file_says(const struct host *host, const char *path, const char *value)
{
	char line[128];

	return host_read_line(host, path, line, sizeof(line)) == 0 && strcmp(line, value) == 0;
}

static bool report_trouble(char fix[static HOST_FIX_SIZE], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Writes the fix.  Returns true, so that a check which found the trouble ends with one statement.
 */
static bool report_trouble(char fix[static HOST_FIX_SIZE], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fix, HOST_FIX_SIZE, format, args);
	va_end(args);
	return true;
}

static bool no_user_namespaces(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	autofree char *proc = str_format("%s/proc/self/ns", host->root);
	autofree char *file = str_format("%s/proc/self/ns/user", host->root);
	struct stat status;

	/* Without /proc nothing is known. */
	if (stat(proc, &status) < 0 || lstat(file, &status) == 0 || errno != ENOENT)
		return false;
	return report_trouble(fix, "this kernel has no user namespaces: it needs CONFIG_USER_NS");
}

static bool userns_clone_off(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	if (!file_says(host, "/proc/sys/kernel/unprivileged_userns_clone", "0"))
		return false;
	return report_trouble(
		fix,
		"this host keeps user namespaces for root: set sysctl kernel.unprivileged_userns_clone=1");
}

static bool max_namespaces_zero(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	static const char *const kinds[] = { "user", "mnt", "pid",    "net",
					     "ipc",  "uts", "cgroup", "time" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/sys/user/max_%s_namespaces", kinds[i]);
		if (file_says(host, path, "0"))
			return report_trouble(
				fix,
				"%s namespaces are off: set sysctl user.max_%s_namespaces above 0",
				kinds[i], kinds[i]);
	}
	return false;
}

/*
 * Tries to make a user namespace, in a child process.  Returns the errno of the failure, 0 where
 * the namespace could be made, or -1 where the try itself failed.
 */
static int probe_userns(void)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER) < 0 ? errno : 0);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/*
 * No file tells how many user namespaces are in use, or how deep this one is nested.  Only a try
 * tells.
 */
static bool namespaces_used_up(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	char limit[32] = "unknown";

	if (probe_userns() != ENOSPC)
		return false;
	host_read_line(host, "/proc/sys/user/max_user_namespaces", limit, sizeof(limit));
	return report_trouble(
		fix,
		"all user namespaces that may be made here are in use (sysctl user.max_user_namespaces is %s; an outer "
		"user namespace can have a smaller limit), or they are nested 32 deep",
		limit);
}

/*
 * *ret_same tells whether both paths below the root lead to the same object.  Returns false where
 * urun may not look at one of the two.
 */
static bool same_object(const struct host *host, const char *a, const char *b, bool *ret_same)
{
	autofree char *path_a = str_format("%s%s", host->root, a);
	autofree char *path_b = str_format("%s%s", host->root, b);
	struct stat status_a, status_b;

	if (stat(path_a, &status_a) < 0 || stat(path_b, &status_b) < 0)
		return false;
	*ret_same = stat_same(&status_a, &status_b);
	return true;
}

/*
 * In a chroot the root directory is not a mount point, or it is another directory than the root of
 * process 1 although both processes are in one mount namespace (seldom may we look at process 1).
 * Source: user_namespaces(7), EPERM of clone(2).
 */
static bool in_chroot(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	autofree char *text = NULL;
	bool same_namespace, same_root, found = false;
	struct mountinfo mount;
	size_t size;
	char *rest;

	if (host_read_file(host, "/proc/self/mountinfo", &text, &size) == 0 && size > 0) {
		/* mountinfo shows mount points relative to the root of this process. */
		found = true;
		rest = text;
		while (found && mountinfo_next(&rest, &mount))
			found = !str_equal(mount.point, "/");
	}
	if (!found && same_object(host, "/proc/self/ns/mnt", "/proc/1/ns/mnt", &same_namespace) &&
	    same_namespace && same_object(host, "/proc/self/root/.", "/proc/1/root/.", &same_root))
		found = !same_root;
	if (!found)
		return false;
	return report_trouble(
		fix,
		"this process runs in a chroot, where the kernel makes no user namespaces: start it outside of the chroot, "
		"or enter the directory with pivot_root");
}

static bool apparmor_restriction(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	autofree char *link = str_format("%s/proc/self/exe", host->root);
	char label[256], exe[256];
	ssize_t length;

	if (!file_says(host, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
		return false;
	if (host_read_line(host, "/proc/self/attr/apparmor/current", label, sizeof(label)) < 0 &&
	    host_read_line(host, "/proc/self/attr/current", label, sizeof(label)) < 0)
		return false;
	/*
	 * A process that has a profile is restricted by its profile, not by the sysctl.  The fix
	 * below leads to the label "urun (unconfined)", which is a profile too.
	 */
	if (strcmp(label, "unconfined") != 0)
		return false;
	length = readlink(link, exe, sizeof(exe) - 1);
	exe[length > 0 ? length : 0] = '\0';
	return report_trouble(
		fix,
		"AppArmor restricts user namespaces to programs with a profile: as root write 'abi <abi/4.0>, profile urun %s "
		"flags=(unconfined) { userns, }' to /etc/apparmor.d/urun and run apparmor_parser -r /etc/apparmor.d/urun",
		length > 0 ? exe : "/usr/bin/urun");
}

static bool selinux_enforces(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	char label[256] = "unknown";

	if (!file_says(host, "/sys/fs/selinux/enforce", "1"))
		return false;
	host_read_line(host, "/proc/self/attr/current", label, sizeof(label));
	return report_trouble(
		fix,
		"SELinux decides about user namespaces for the domain of %s: see ausearch -m avc -c urun",
		label);
}

/*
 * The kernel checks the flags of unshare(2) before it checks the privileges: for a flag that
 * doesn't exist it returns EINVAL to everybody.  Another errno comes from a seccomp filter, since
 * filters look at the bit CLONE_NEWUSER only, or refuse the whole call.
 */
static bool seccomp_refuses(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	autofree char *text = NULL;
	const char *line;
	size_t size;

	if (host_read_file(host, "/proc/self/status", &text, &size) < 0)
		return false;
	line = strstr(text, "\nSeccomp:");
	if (!line || strspn(line + 9, " \t") == 0 || line[9 + strspn(line + 9, " \t")] != '2')
		return false;
	if (unshare(CLONE_NEWUSER | 1) == 0 || errno == EINVAL)
		return false;
	return report_trouble(
		fix,
		"a seccomp filter around this process refuses new user namespaces: allow clone, clone3 and unshare in "
		"the outer container (--security-opt seccomp=unconfined) or unit (RestrictNamespaces=no)");
}

/*
 * Since Linux 5.12 a process needs CAP_SETFCAP to map the outer uid 0.
 * Source: user_namespaces(7).
 */
static bool root_without_setfcap(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	autofree char *text = NULL;
	unsigned long long caps;
	const char *line;
	size_t size;

	if (geteuid() != 0 || host_read_file(host, "/proc/self/status", &text, &size) < 0)
		return false;
	line = strstr(text, "\nCapEff:");
	if (!line || sscanf(line, "\nCapEff: %llx", &caps) != 1 || (caps & (1ull << CAP_SETFCAP)))
		return false;
	return report_trouble(
		fix,
		"root lacks CAP_SETFCAP, which mapping uid 0 needs: give the capability to the outer container "
		"(--cap-add SETFCAP), or start urun as another user");
}

static bool helper_missing(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	static const struct package uidmap = { "uidmap", "shadow-utils", "shadow",
					       "shadow-subids" };
	char path[HOST_PATH_SIZE], install[PACKAGE_FIX_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(host_mapping_programs); i++)
		if (!host_find_program(host, host_mapping_programs[i], path)) {
			package_fix(host, &uidmap, install);
			return report_trouble(fix, "%s is not found: %s", host_mapping_programs[i],
					      install);
		}
	return false;
}

/*
 * newuidmap and newgidmap open their file with O_NOFOLLOW, since a setuid program must not be led
 * to another file, and fail with status 1 and no message.  urun itself follows the link, so it sees
 * the ranges that these programs don't see.
 * Source: shadow's commonio_open(); seen with 4.13.
 */
static bool subid_file_is_link(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	for (enum subid_kind kind = SUBID_UID; kind <= SUBID_GID; kind++) {
		char letter = subid_letter(kind);
		autofree char *path = str_format("%s/etc/sub%cid", host->root, letter);
		struct stat link, target;

		if (lstat(path, &link) < 0 || !S_ISLNK(link.st_mode) ||
		    subid_has_other_source(host->root))
			continue;
		if (stat(path, &target) < 0)
			return report_trouble(
				fix,
				"/etc/sub%cid is a symbolic link to a file that doesn't exist, and "
				"new%cidmap follows no link: put a file in its place",
				letter, letter);
		return report_trouble(
			fix,
			"/etc/sub%cid is a symbolic link, which new%cidmap doesn't follow: put the "
			"file itself in its place: run as root cp --remove-destination \"$(readlink "
			"-f /etc/sub%cid)\" /etc/sub%cid",
			letter, letter, letter, letter);
	}
	return false;
}

static bool no_new_privileges(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	(void)host; /* a property of this process, not of the files */
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return false;
	return report_trouble(
		fix,
		"urun was started with no_new_privs, so newuidmap and newgidmap gain no privilege: start urun without no_new_privs "
		"(NoNewPrivileges=no in a unit, no --security-opt no-new-privileges)");
}

static bool helper_on_nosuid(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	char path[HOST_PATH_SIZE];
	struct statvfs status;

	for (size_t i = 0; i < ARRAY_SIZE(host_mapping_programs); i++)
		if (host_find_program(host, host_mapping_programs[i], path) &&
		    statvfs(path, &status) == 0 && (status.f_flag & ST_NOSUID))
			return report_trouble(
				fix,
				"%s is on a file system mounted with nosuid, where it gains no privilege: mount this file system "
				"without nosuid",
				path);
	return false;
}

static bool helper_powerless(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	char path[HOST_PATH_SIZE];
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(host_mapping_programs); i++) {
		if (!host_find_program(host, host_mapping_programs[i], path) ||
		    stat(path, &status) < 0)
			continue;
		if (((status.st_mode & S_ISUID) && status.st_uid == 0) ||
		    getxattr(path, "security.capability", NULL, 0) > 0)
			continue;
		return report_trouble(
			fix,
			"%s is neither setuid root nor has file capabilities: run as root chown root %s && chmod u+s %s",
			path, path, path);
	}
	return false;
}

/*
 * A setuid root program runs as root, who doesn't own the new user namespace (the caller does).  So
 * the program needs CAP_SYS_ADMIN to write the map, and an outer container seldom has this
 * capability.  A program with file capabilities keeps the caller's uid, and needs no CAP_SYS_ADMIN.
 */
static bool helper_bounded(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	static const char letters[] = { 'u', 'g' };
	char path[HOST_PATH_SIZE];
	struct stat status;

	if (prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(host_mapping_programs); i++)
		if (host_find_program(host, host_mapping_programs[i], path) &&
		    stat(path, &status) == 0 && (status.st_mode & S_ISUID) &&
		    getxattr(path, "security.capability", NULL, 0) <= 0)
			return report_trouble(
				fix,
				"%s is setuid root, and this container lacks CAP_SYS_ADMIN: start the container with "
				"--cap-add SYS_ADMIN, or give the program file capabilities: chmod u-s %s && setcap "
				"cap_set%cid=ep %s; or start urun as the container's root",
				path, path, letters[i], path);
	return false;
}

/* The fix for a user without ranges names the first ids that are free. */
static bool no_subids(const struct host *host, char fix[static HOST_FIX_SIZE])
{
	autofree char *name = name_of_user(host->root, geteuid());
	autofree char *options = str_dup("");
	struct error ignored = ERROR_NONE;
	struct subid_ranges ranges;

	for (enum subid_kind kind = SUBID_UID; kind <= SUBID_GID; kind++) {
		char *longer;
		uint32_t start;

		if (subid_load(kind, host->root, name, geteuid(), &ranges, &ignored) < 0 ||
		    ranges.count > 0)
			continue;
		start = subid_first_free_on(kind, host->root);
		longer = str_format("%s --add-sub%cids %" PRIu32 "-%" PRIu32, options,
				    subid_letter(kind), start, start + 65535);
		free(options);
		options = longer;
	}
	if (options[0] == '\0')
		return false;
	return name ? report_trouble(fix, "run as root usermod%s %s", options, name)
		    : report_trouble(
			      fix,
			      "uid %u has no name and no range: add lines %u:%u:65536 to /etc/subuid and /etc/subgid",
			      geteuid(), geteuid(), subid_first_free_on(SUBID_UID, host->root));
}

const struct host_check host_checks[HOST_TROUBLE_COUNT] = {
	[HOST_NO_USER_NAMESPACES] = { "kernel option CONFIG_USER_NS",
				      HOST_AT_USERNS,
				      { EINVAL, ENOENT, ENOSYS },
				      no_user_namespaces },
	[HOST_USERNS_CLONE_OFF] = { "sysctl kernel.unprivileged_userns_clone",
				    HOST_AT_USERNS,
				    { EPERM },
				    userns_clone_off },
	[HOST_MAX_NAMESPACES_ZERO] = { "sysctl user.max_*_namespaces",
				       HOST_AT_USERNS,
				       { ENOSPC },
				       max_namespaces_zero },
	[HOST_NAMESPACES_USED_UP] = { "user namespaces in use",
				      HOST_AT_USERNS,
				      { ENOSPC },
				      namespaces_used_up },
	[HOST_CHROOT] = { "chroot", HOST_AT_USERNS, { EPERM }, in_chroot },
	[HOST_APPARMOR_RESTRICTION] = { "sysctl kernel.apparmor_restrict_unprivileged_userns",
					HOST_AT_USERNS,
					{ EPERM, EACCES },
					apparmor_restriction },
	[HOST_SELINUX] = { "SELinux policy", HOST_AT_USERNS, { EACCES }, selinux_enforces },
	[HOST_SECCOMP] = { "seccomp filter of this process",
			   HOST_AT_USERNS,
			   { EPERM, ENOSYS, EACCES },
			   seccomp_refuses },
	[HOST_NO_SETFCAP] = { "capability CAP_SETFCAP of root",
			      HOST_AT_USERNS,
			      { EPERM },
			      root_without_setfcap },
	[HOST_HELPER_MISSING] = { "newuidmap and newgidmap",
				  HOST_AT_HELPER,
				  { 0 },
				  helper_missing },
	[HOST_SUBID_LINK] = { "type of /etc/subuid and /etc/subgid",
			      HOST_AT_HELPER | HOST_AT_SUBIDS,
			      { 0 },
			      subid_file_is_link },
	[HOST_NO_NEW_PRIVILEGES] = { "no_new_privs of this process",
				     HOST_AT_HELPER,
				     { 0 },
				     no_new_privileges },
	[HOST_HELPER_NOSUID] = { "mount option nosuid of newuidmap and newgidmap",
				 HOST_AT_HELPER,
				 { 0 },
				 helper_on_nosuid },
	[HOST_HELPER_POWERLESS] = { "setuid bit or capabilities of newuidmap and newgidmap",
				    HOST_AT_HELPER,
				    { 0 },
				    helper_powerless },
	[HOST_HELPER_BOUNDED] = { "CAP_SYS_ADMIN for newuidmap and newgidmap",
				  HOST_AT_HELPER,
				  { 0 },
				  helper_bounded },
	[HOST_NO_SUBIDS] = { "/etc/subuid and /etc/subgid", HOST_AT_SUBIDS, { 0 }, no_subids },
};

bool host_has(const struct host *host, enum host_trouble trouble, char fix[static HOST_FIX_SIZE])
{
	return host_checks[trouble].found(host, fix);
}

static int explain_trouble(const struct host *host, enum host_occasion occasion, int errnum,
			   struct error *err)
{
	char fix[HOST_FIX_SIZE];

	for (size_t i = 0; i < HOST_TROUBLE_COUNT; i++) {
		const struct host_check *check = &host_checks[i];
		bool fits = check->errnums[0] == 0;

		for (size_t k = 0; k < ARRAY_SIZE(check->errnums); k++)
			fits = fits || check->errnums[k] == errnum;
		if (fits && (check->occasions & occasion) && check->found(host, fix))
			return error_hint(err, "%s", fix);
	}
	return -1;
}

int host_explain_userns_failure(const struct host *host, int errnum, struct error *err)
{
	return errnum == 0 ? -1 : explain_trouble(host, HOST_AT_USERNS, errnum, err);
}

int host_explain_helper_failure(const struct host *host, struct error *err)
{
	return explain_trouble(host, HOST_AT_HELPER, 0, err);
}
