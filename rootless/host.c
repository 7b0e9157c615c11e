// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "rootless/host.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/mountinfo.h"
#include "core/base/number.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "rootless/name.h"
#include "rootless/package.h"
#include "rootless/subid.h"

/* The largest is /proc/self/mountinfo. */
#define PROC_FILE_MAX (4u << 20)

static const char *const program_folders[] = { "/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin",
					       "/sbin" };
static const char *const mapping_programs[] = { "newuidmap", "newgidmap" };

bool host_find_program(const struct host *host, const char *name,
		       char ret_path[static HOST_PATH_SIZE])
{
	char path[HOST_PATH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(program_folders); i++) {
		int length = snprintf(path, sizeof(path), "%s%s/%s", host->root, program_folders[i],
				      name);

		if (length > 0 && (size_t)length < sizeof(path) && access(path, X_OK) == 0) {
			memcpy(ret_path, path, (size_t)length + 1);
			return true;
		}
	}
	return false;
}

/* Reads a file of /proc, /sys or /etc below the root; the caller frees the text. */
static int read_text(const struct host *host, const char *path, char **ret_text, size_t *ret_size)
{
	autofree char *full = str_format("%s%s", host->root, path);

	return fd_read_file(full, PROC_FILE_MAX, ret_text, ret_size);
}

int host_read_line(const struct host *host, const char *path, char *ret_line, size_t size)
{
	autofree char *text = NULL;
	size_t length;
	int result;

	result = read_text(host, path, &text, &length);
	if (result < 0)
		return result;
	text[strcspn(text, "\n")] = '\0';
	snprintf(ret_line, size, "%s", text);
	return 0;
}

/* Is the file there with just this value in its first line? */
static bool file_says(const struct host *host, const char *path, const char *value)
{
	char line[128];

	return host_read_line(host, path, line, sizeof(line)) == 0 && strcmp(line, value) == 0;
}

static bool says(char mend[static HOST_MEND_SIZE], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Returns true, so that a check which found its trouble ends with one statement. */
static bool says(char mend[static HOST_MEND_SIZE], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(mend, HOST_MEND_SIZE, format, args);
	va_end(args);
	return true;
}

static bool no_user_namespaces(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	autofree char *proc = str_format("%s/proc/self/ns", host->root);
	autofree char *file = str_format("%s/proc/self/ns/user", host->root);
	struct stat status;

	/* Without /proc there is no telling. */
	if (stat(proc, &status) < 0 || lstat(file, &status) == 0 || errno != ENOENT)
		return false;
	return says(mend, "this kernel has no user namespaces: it needs CONFIG_USER_NS");
}

static bool userns_clone_off(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	if (!file_says(host, "/proc/sys/kernel/unprivileged_userns_clone", "0"))
		return false;
	return says(
		mend,
		"this host keeps user namespaces for root: set sysctl kernel.unprivileged_userns_clone=1");
}

static bool max_namespaces_zero(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	static const char *const kinds[] = { "user", "mnt", "pid",    "net",
					     "ipc",  "uts", "cgroup", "time" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/sys/user/max_%s_namespaces", kinds[i]);
		if (file_says(host, path, "0"))
			return says(
				mend,
				"%s namespaces are off: set sysctl user.max_%s_namespaces above 0",
				kinds[i], kinds[i]);
	}
	return false;
}

/*
 * Makes a user namespace in a child of its own and tells with which errno that fails; 0: it
 * doesn't, -1: unknown.
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

/* How many are in use can't be read anywhere, nor how deep we are nested: only trying tells. */
static bool namespaces_used_up(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	char limit[32] = "unknown";

	if (probe_userns() != ENOSPC)
		return false;
	host_read_line(host, "/proc/sys/user/max_user_namespaces", limit, sizeof(limit));
	return says(
		mend,
		"all user namespaces that may be made here are in use (sysctl user.max_user_namespaces is %s; an outer "
		"user namespace can have a smaller limit), or they are nested 32 deep",
		limit);
}

/* The mount points are relative to the process's root. */
static bool mountinfo_has_root(char *text)
{
	struct mountinfo mount;

	while (mountinfo_next(&text, &mount))
		if (str_equal(mount.point, "/"))
			return true;
	return false;
}

/* Do both paths below the root lead to the same object?  False where we may not look. */
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
 * A root folder that is no mount, or one other than that of process 1 in the same mount namespace,
 * where we may see that.
 * Source: user_namespaces(7), EPERM of clone(2).
 */
static bool in_chroot(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	autofree char *text = NULL;
	bool same_namespace, same_root, found = false;
	size_t size;

	if (read_text(host, "/proc/self/mountinfo", &text, &size) == 0 && size > 0)
		found = !mountinfo_has_root(text);
	if (!found && same_object(host, "/proc/self/ns/mnt", "/proc/1/ns/mnt", &same_namespace) &&
	    same_namespace && same_object(host, "/proc/self/root/.", "/proc/1/root/.", &same_root))
		found = !same_root;
	if (!found)
		return false;
	return says(
		mend,
		"this process runs in a chroot, where the kernel makes no user namespaces: start it outside of it, "
		"or enter the folder with pivot_root");
}

static bool apparmor_restriction(const struct host *host, char mend[static HOST_MEND_SIZE])
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
	 * With a profile of our own it is that profile's word, and "urun (unconfined)" is what the
	 * mend below leads to.
	 */
	if (strcmp(label, "unconfined") != 0)
		return false;
	length = readlink(link, exe, sizeof(exe) - 1);
	exe[length > 0 ? length : 0] = '\0';
	return says(
		mend,
		"AppArmor restricts user namespaces to programs with a profile: as root write 'abi <abi/4.0>, profile urun %s "
		"flags=(unconfined) { userns, }' to /etc/apparmor.d/urun and run apparmor_parser -r /etc/apparmor.d/urun",
		length > 0 ? exe : "/usr/bin/urun");
}

static bool selinux_enforces(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	char label[256] = "unknown";

	if (!file_says(host, "/sys/fs/selinux/enforce", "1"))
		return false;
	host_read_line(host, "/proc/self/attr/current", label, sizeof(label));
	return says(
		mend,
		"SELinux decides about user namespaces for the domain of %s: see ausearch -m avc -c urun",
		label);
}

/*
 * The kernel looks at unshare's flags before it asks who may: a flag that doesn't exist is EINVAL
 * from it, for everybody. Another errno is a filter's, as those compare the flag CLONE_NEWUSER
 * alone or refuse the whole call.
 */
static bool seccomp_refuses(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	autofree char *text = NULL;
	const char *line;
	size_t size;

	if (read_text(host, "/proc/self/status", &text, &size) < 0)
		return false;
	line = strstr(text, "\nSeccomp:");
	if (!line || strspn(line + 9, " \t") == 0 || line[9 + strspn(line + 9, " \t")] != '2')
		return false;
	if (unshare(CLONE_NEWUSER | 1) == 0 || errno == EINVAL)
		return false;
	return says(
		mend,
		"a seccomp filter around this process refuses new user namespaces: allow clone, clone3 and unshare in "
		"the outer container (--security-opt seccomp=unconfined) or unit (RestrictNamespaces=no)");
}

/* Since Linux 5.12, user_namespaces(7): who maps the outer uid 0 must hold CAP_SETFCAP. */
static bool root_without_setfcap(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	autofree char *text = NULL;
	unsigned long long caps;
	const char *line;
	size_t size;

	if (geteuid() != 0 || read_text(host, "/proc/self/status", &text, &size) < 0)
		return false;
	line = strstr(text, "\nCapEff:");
	if (!line || sscanf(line, "\nCapEff: %llx", &caps) != 1 || (caps & (1ull << CAP_SETFCAP)))
		return false;
	return says(
		mend,
		"root lacks CAP_SETFCAP, without which its uid 0 can't be mapped: give it to the outer container "
		"(--cap-add SETFCAP), or start urun as another user");
}

static bool helper_missing(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	static const struct package uidmap = { "uidmap", "shadow-utils", "shadow",
					       "shadow-subids" };
	char path[HOST_PATH_SIZE], install[PACKAGE_MEND_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(mapping_programs); i++)
		if (!host_find_program(host, mapping_programs[i], path)) {
			package_mend(host, &uidmap, install);
			return says(mend, "%s is missing: %s", mapping_programs[i], install);
		}
	return false;
}

/*
 * newuidmap and newgidmap open their file with O_NOFOLLOW, as a setuid program must not be led to
 * another one, and end with status 1 and without a word.  We read the file through the link, so the
 * ranges look as if they were there.
 * Source: shadow's commonio_open(); seen with 4.13.
 */
static bool subid_file_is_link(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	for (enum subid_kind kind = SUBID_UID; kind <= SUBID_GID; kind++) {
		char letter = subid_letter(kind);
		autofree char *path = str_format("%s/etc/sub%cid", host->root, letter);
		struct stat link, target;

		if (lstat(path, &link) < 0 || !S_ISLNK(link.st_mode) ||
		    subid_has_other_source(host->root))
			continue;
		if (stat(path, &target) < 0)
			return says(mend,
				    "/etc/sub%cid is a symbolic link that leads nowhere, and "
				    "new%cidmap follows none: put a file in its place",
				    letter, letter);
		return says(
			mend,
			"/etc/sub%cid is a symbolic link, which new%cidmap doesn't follow: put the "
			"file itself in its place: run as root cp --remove-destination \"$(readlink "
			"-f /etc/sub%cid)\" /etc/sub%cid",
			letter, letter, letter, letter);
	}
	return false;
}

static bool no_new_privileges(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	(void)host; /* a mark of this process, wherever the files are */
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return false;
	return says(
		mend,
		"urun was started with no_new_privs, so newuidmap and newgidmap gain no privilege: start it without "
		"(NoNewPrivileges=no in a unit, no --security-opt no-new-privileges)");
}

static bool helper_on_nosuid(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	char path[HOST_PATH_SIZE];
	struct statvfs status;

	for (size_t i = 0; i < ARRAY_SIZE(mapping_programs); i++)
		if (host_find_program(host, mapping_programs[i], path) &&
		    statvfs(path, &status) == 0 && (status.f_flag & ST_NOSUID))
			return says(
				mend,
				"%s is on a file system mounted with nosuid, where it gains no privilege: mount that "
				"without nosuid",
				path);
	return false;
}

static bool helper_powerless(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	char path[HOST_PATH_SIZE];
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(mapping_programs); i++) {
		if (!host_find_program(host, mapping_programs[i], path) || stat(path, &status) < 0)
			continue;
		if (((status.st_mode & S_ISUID) && status.st_uid == 0) ||
		    getxattr(path, "security.capability", NULL, 0) > 0)
			continue;
		return says(
			mend,
			"%s is neither setuid root nor has it file capabilities: run as root chown root %s && chmod u+s %s",
			path, path, path);
	}
	return false;
}

/*
 * Root's program isn't the owner of the new namespace, as the caller is: it takes CAP_SYS_ADMIN to
 * write there, which an outer container seldom leaves.  With file capabilities it stays the caller's.
 */
static bool helper_bounded(const struct host *host, char mend[static HOST_MEND_SIZE])
{
	static const char letters[] = { 'u', 'g' };
	char path[HOST_PATH_SIZE];
	struct stat status;

	if (prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(mapping_programs); i++)
		if (host_find_program(host, mapping_programs[i], path) &&
		    stat(path, &status) == 0 && (status.st_mode & S_ISUID) &&
		    getxattr(path, "security.capability", NULL, 0) <= 0)
			return says(
				mend,
				"%s is setuid root and CAP_SYS_ADMIN isn't to be had in this container: start that with "
				"--cap-add SYS_ADMIN, or have file capabilities in it: chmod u-s %s && setcap "
				"cap_set%cid=ep %s; or start urun as the container's root",
				path, path, letters[i], path);
	return false;
}

/* The mend for a user without ranges: the first free ones. */
static bool no_subids(const struct host *host, char mend[static HOST_MEND_SIZE])
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
	return name ? says(mend, "run as root usermod%s %s", options, name)
		    : says(mend,
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

bool host_has(const struct host *host, enum host_trouble trouble, char mend[static HOST_MEND_SIZE])
{
	return host_checks[trouble].found(host, mend);
}

static bool check_fits(const struct host_check *check, enum host_occasion occasion, int errnum)
{
	if (!(check->occasions & occasion))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(check->errnums); i++)
		if (check->errnums[i] == errnum)
			return true;
	return check->errnums[0] == 0;
}

static int explain(const struct host *host, enum host_occasion occasion, int errnum,
		   struct error *err)
{
	char mend[HOST_MEND_SIZE];

	for (size_t i = 0; i < HOST_TROUBLE_COUNT; i++)
		if (check_fits(&host_checks[i], occasion, errnum) &&
		    host_checks[i].found(host, mend))
			return error_hint(err, "%s", mend);
	return -1;
}

int host_explain_userns_failure(const struct host *host, int errnum, struct error *err)
{
	return errnum == 0 ? -1 : explain(host, HOST_AT_USERNS, errnum, err);
}

int host_explain_helper_failure(const struct host *host, struct error *err)
{
	return explain(host, HOST_AT_HELPER, 0, err);
}
