// SPDX-License-Identifier: Apache-2.0
// Runs in: parent (userns_write_maps) | init before pivot_root (userns_become_root).
#include "rootless/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/spawn.h"
#include "rootless/host_check.h"
#include "rootless/subid.h"

/* A network directory (LDAP) can be slow to answer newuidmap; after this time it is down. */
#define HELPER_TIMEOUT_MS 30000

static int write_proc_file(pid_t pid, const char *name, const char *text,
			   const struct userns_plan *plan, struct error *err)
{
	char path[64];
	int result;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	result = fd_write_file(path, text);
	if (result == 0)
		return 0;
	error_set(err, -result, "write %s", path);
	return host_explain_userns_failure(&plan->host, -result, err);
}

static int write_map(pid_t pid, const char *name, const struct idmap *map,
		     const struct userns_plan *plan, struct error *err)
{
	autostrbuf struct strbuf text = { 0 };

	idmap_print_lines(map, &text);
	/*
	 * The kernel takes a map in one write that is smaller than a page.
	 * Source: user_namespaces(7).
	 */
	if (text.size >= (size_t)sysconf(_SC_PAGESIZE))
		return error_set(err, 0, "%s: %zu mappings are too long for the kernel", name,
				 map->count);
	return write_proc_file(pid, name, text.bytes, plan, err);
}

/* newuidmap or newgidmap, with its arguments: pid, then inner, outer and count of each range. */
struct helper {
	const char *name;
	char path[HOST_PATH_SIZE];
	struct spawn spawn;
	struct spawned spawned;
	bool started;
	char *argv[2 + 3 * IDMAP_RANGES_MAX + 1];
	char numbers[1 + 3 * IDMAP_RANGES_MAX][12];
};

static void helper_arguments(struct helper *helper, pid_t pid, const struct idmap *map)
{
	size_t count = 0;

	snprintf(helper->numbers[count++], sizeof(helper->numbers[0]), "%d", (int)pid);
	for (size_t i = 0; i < map->count; i++) {
		const uint32_t columns[] = { map->ranges[i].inner, map->ranges[i].outer,
					     map->ranges[i].count };

		for (size_t column = 0; column < ARRAY_SIZE(columns); column++)
			snprintf(helper->numbers[count++], sizeof(helper->numbers[0]), "%" PRIu32,
				 columns[column]);
	}
	helper->argv[0] = (char *)helper->name;
	for (size_t i = 0; i < count; i++)
		helper->argv[i + 1] = helper->numbers[i];
	helper->argv[count + 1] = NULL;
}

static int helper_start(struct helper *helper, pid_t pid, const struct idmap *map,
			const struct userns_plan *plan, struct error *err)
{
	static char *const environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
					     (char *)"LC_ALL=C", NULL };

	if (!host_find_program(&plan->host, helper->name, helper->path)) {
		error_set(err, 0, "%s is not installed", helper->name);
		return host_explain_helper_failure(&plan->host, err);
	}
	helper_arguments(helper, pid, map);
	helper->spawn = (struct spawn){
		.path = helper->path,
		.argv = helper->argv,
		.envp = environment,
		.timeout_ms = HELPER_TIMEOUT_MS,
	};
	if (spawn_start(&helper->spawn, &helper->spawned, err) < 0)
		return host_explain_helper_failure(&plan->host, err);
	helper->started = true;
	return 0;
}

/*
 * Waits for a program that was started, whether or not an error came before.  Keeps the first
 * error.
 */
static int helper_finish(struct helper *helper, const struct userns_plan *plan, struct error *err)
{
	struct error own = ERROR_NONE;

	if (!helper->started || spawn_finish(&helper->spawn, &helper->spawned, &own) == 0)
		return 0;
	host_explain_helper_failure(&plan->host, &own);
	if (err->text[0] == '\0')
		error_take(err, &own);
	return -1;
}

/*
 * The two programs run side by side: each takes a millisecond or more, most of it to start.  A side
 * that maps the own id alone is written without a helper, since a helper fails where its file has
 * no range or doesn't exist.
 */
static int run_helpers(pid_t pid, const struct userns_plan *plan, struct error *err)
{
	autofree struct helper *helpers = mem_alloc(2 * sizeof(*helpers));
	struct error first = ERROR_NONE;
	int result;

	for (enum subid_kind kind = SUBID_UID; kind <= SUBID_GID; kind++)
		helpers[kind].name = host_mapping_programs[kind];
	result = idmap_is_single(&plan->uids, geteuid())
			 ? write_map(pid, "uid_map", &plan->uids, plan, &first)
			 : helper_start(&helpers[0], pid, &plan->uids, plan, &first);
	if (result == 0)
		result = idmap_is_single(&plan->gids, getegid())
				 ? write_map(pid, "gid_map", &plan->gids, plan, &first)
				 : helper_start(&helpers[1], pid, &plan->gids, plan, &first);
	for (size_t i = 0; i < 2; i++)
		if (helper_finish(&helpers[i], plan, &first) < 0)
			result = -1;
	return result < 0 ? error_take(err, &first) : 0;
}

int userns_write_maps(pid_t pid, const struct userns_plan *plan, struct error *err)
{
	if (plan->mode == USERNS_INHERIT || plan->mode == USERNS_JOIN)
		return 0;
	/*
	 * ORDER: before gid_map.  The kernel lets an ordinary user map the own gid only while
	 * setgroups is denied (otherwise a user could leave a group that a file excludes).  Once
	 * gid_map is written, setgroups can't be denied any more.
	 */
	if (!plan->setgroups_allowed && write_proc_file(pid, "setgroups", "deny", plan, err) < 0)
		return -1;
	if (plan->mode == USERNS_HELPERS)
		return run_helpers(pid, plan, err);
	if (write_map(pid, "uid_map", &plan->uids, plan, err) < 0)
		return -1;
	return write_map(pid, "gid_map", &plan->gids, plan, err);
}

/*
 * Process boundary: the child has our memory, waits in its user namespace, and dies when we die or
 * kill it.
 */
static _Noreturn void cloned_wait_in_namespace(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static pid_t fork_with(const struct userns_plan *plan, uint64_t flags, struct error *err)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	int dumpable = prctl(PR_GET_DUMPABLE);
	pid_t pid;

	if (plan->mode != USERNS_INHERIT)
		args.flags |= CLONE_NEWUSER;
	/*
	 * ORDER: not dumpable before the clone, so that the child isn't dumpable from its first
	 * moment.  As root of a rootless engine's user namespace we share the uid with containers,
	 * and a process with the uid of a user namespace's owner has every capability in that
	 * namespace.  Root can write the maps of a process that isn't dumpable; newuidmap(1), for
	 * an ordinary user, can't.
	 */
	if (geteuid() == 0)
		prctl(PR_SET_DUMPABLE, 0);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid != 0 && dumpable == 1) {
		int errnum = errno;

		prctl(PR_SET_DUMPABLE, 1);
		errno = errnum;
	}
	if (pid < 0) {
		error_set(err, errno, "make a user namespace");
		return host_explain_userns_failure(&plan->host, err->code, err);
	}
	return pid;
}

pid_t userns_fork(const struct userns_plan *plan, struct error *err)
{
	return fork_with(plan, 0, err);
}

pid_t userns_fork_as_first(const struct userns_plan *plan, struct error *err)
{
	return fork_with(plan, CLONE_NEWPID, err);
}

int userns_open(const struct userns_plan *plan, int *ret_fd, struct error *err)
{
	char path[64];
	pid_t pid = userns_fork(plan, err);
	int result;

	if (pid == 0)
		cloned_wait_in_namespace();
	if (pid < 0)
		return -1;
	result = userns_write_maps(pid, plan, err);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	if (result == 0) {
		*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
		result = *ret_fd < 0 ? error_set(err, errno, "open %s", path) : 0;
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return result;
}

int userns_try(const struct userns_plan *plan, struct error *err)
{
	autoclose int fd = -1;

	return plan->mode == USERNS_INHERIT || plan->mode == USERNS_JOIN
		       ? 0
		       : userns_open(plan, &fd, err);
}

/*
 * Makes the capabilities survive the execve of a process whose uid isn't 0: the kernel then keeps
 * the ambient set.
 * Source: capabilities(7), "Transformation of capabilities during execve()".
 */
static int keep_capabilities_over_execve(struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(err, errno, "read own capabilities");
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].inheritable = data[i].permitted;
		data[i].effective = data[i].permitted;
	}
	/* ORDER: a capability can be ambient only when it is inheritable. */
	if (syscall(SYS_capset, &header, data) < 0)
		return error_set(err, errno, "make own capabilities inheritable");
	for (unsigned int cap = 0; cap < 32 * _LINUX_CAPABILITY_U32S_3; cap++)
		if ((data[cap / 32].permitted & (1u << (cap % 32))) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return error_set(err, errno, "make own capability %u ambient", cap);
	return 0;
}

/* 0, or the first id of a map that doesn't have 0. */
static uint32_t root_of(const struct idmap *map)
{
	return idmap_maps_inner(map, 0) || map->count == 0 ? 0 : map->ranges[0].inner;
}

struct userns_root userns_root(const struct userns_plan *plan, enum userns_groups groups)
{
	return (struct userns_root){ .uid = root_of(&plan->uids),
				     .gid = root_of(&plan->gids),
				     .drop_groups = groups == USERNS_DROP_GROUPS &&
						    plan->setgroups_allowed };
}

/*
 * Since the clone (or setns) this process has every capability in the user namespace, with any uid.
 * An execve keeps them for uid 0 alone, so the process becomes uid 0 first.  setresuid(2) drops
 * capabilities where a uid was 0 before and isn't afterwards.  That doesn't happen here: either the
 * new uid is 0, or 0 isn't mapped and no uid of this process can be 0.
 */
int userns_become_root(const struct userns_root *root, struct error *err)
{
	/*
	 * ORDER: groups, then gid, then uid.  The first two need CAP_SETGID, which the change of
	 * uid could drop.  The caller's groups would let the container open files that the host's
	 * root gave to these groups alone.
	 */
	if (root->drop_groups && setgroups(0, NULL) < 0)
		return error_set(err, errno, "drop supplementary groups");
	if (setresgid(root->gid, root->gid, root->gid) < 0)
		return error_set(err, errno, "become gid %u of the user namespace", root->gid);
	if (setresuid(root->uid, root->uid, root->uid) < 0)
		return error_set(err, errno, "become uid %u of the user namespace", root->uid);
	return root->uid == 0 ? 0 : keep_capabilities_over_execve(err);
}
