// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "rootless/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/stat.h"
#include "rootless/name.h"
#include "rootless/subid.h"

/*
 * The inode of the initial user namespace, on every host.
 * Source: linux/proc_ns.h, PROC_USER_INIT_INO.
 */
#define USERNS_INITIAL_INODE 0xEFFFFFFDu

/* The uid side or the gid side of a plan. */
struct side {
	enum subid_kind kind;
	const config_id_mappings *given; /* the config's */
	const char *field;		 /* what they are called there */
	uint32_t own;			 /* the caller's id */
	struct idmap *map;
};

static void make_sides(const struct container_config *config, const struct userns_caller *caller,
		       struct userns_plan *plan, struct side sides[2])
{
	sides[0] = (struct side){ SUBID_UID, &config->linux->uid_mappings, "linux.uidMappings",
				  caller->uid, &plan->uids };
	sides[1] = (struct side){ SUBID_GID, &config->linux->gid_mappings, "linux.gidMappings",
				  caller->gid, &plan->gids };
}

bool userns_caller_can_map(const struct userns_caller *caller)
{
	const uint64_t needed = (1ull << CAP_SETUID) | (1ull << CAP_SETGID);

	return (caller->caps & needed) == needed;
}

bool userns_caller_has_on_host(const struct userns_caller *caller, int capability)
{
	return caller->initial && (caller->caps & (1ull << capability));
}

bool userns_is_initial(void)
{
	struct stat status;

	return stat("/proc/self/ns/user", &status) == 0 && status.st_ino == USERNS_INITIAL_INODE;
}

int userns_caller_read(const struct host *host, struct userns_caller *ret_caller, struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct stat status;

	if (stat("/proc/self/ns/user", &status) < 0) {
		int errnum = errno;

		error_set(err, errnum, "look at own user namespace /proc/self/ns/user");
		return host_explain_userns_failure(host, errnum, err);
	}
	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(err, errno, "read own capabilities");
	*ret_caller = (struct userns_caller){
		.host = *host,
		.uid = geteuid(),
		.gid = getegid(),
		.initial = status.st_ino == USERNS_INITIAL_INODE,
		.caps = (uint64_t)data[1].effective << 32 | data[0].effective,
	};
	return 0;
}

/*
 * The mark is inherited by each user namespace made inside one that has it.  No file: a kernel
 * before 3.19, without the mark.
 */
static bool own_setgroups_allowed(const struct userns_caller *caller)
{
	char line[16];

	return caller->initial ||
	       host_read_line(&caller->host, "/proc/self/setgroups", line, sizeof(line)) < 0 ||
	       strcmp(line, "deny") != 0;
}

static int identity_sides(const struct userns_caller *caller, struct userns_plan *plan,
			  struct error *err)
{
	autofree char *uid_map = str_format("%s/proc/self/uid_map", caller->host.root);
	autofree char *gid_map = str_format("%s/proc/self/gid_map", caller->host.root);

	if (idmap_identity_of_current(uid_map, &plan->uids, err) < 0)
		return -1;
	return idmap_identity_of_current(gid_map, &plan->gids, err);
}

static int plan_inherit(const struct userns_caller *caller, struct userns_plan *plan,
			struct error *err)
{
	plan->mode = USERNS_INHERIT;
	plan->setgroups_allowed = own_setgroups_allowed(caller);
	return identity_sides(caller, plan, err);
}

static int read_maps_of_process(pid_t pid, struct userns_plan *plan, struct error *err)
{
	struct host real = HOST_REAL;
	char path[64], line[16];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	if (idmap_load(path, &plan->uids, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	if (idmap_load(path, &plan->gids, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	plan->setgroups_allowed =
		host_read_line(&real, path, line, sizeof(line)) < 0 || strcmp(line, "deny") != 0;
	return 0;
}

/*
 * A map is read in the ids of the reader's own user namespace.  So a child enters the other
 * one and waits, while the parent reads the child's /proc files, which everybody may.  The child
 * makes system calls only.
 */
static int read_joined(pid_t child, int from_child, struct userns_plan *plan, struct error *err)
{
	int errnum = ECHILD;

	if (read(from_child, &errnum, sizeof(errnum)) != sizeof(errnum) || errnum != 0)
		return error_set(err, errnum, "join user namespace %s", plan->join_path);
	if (read_maps_of_process(child, plan, err) < 0)
		return -1;
	if (plan->uids.count == 0 || plan->gids.count == 0)
		return error_set(err, 0, "join user namespace %s: it has no id mappings",
				 plan->join_path);
	return 0;
}

/*
 * Runs in: a short-lived child.  Ends when the parent closes its end, also by dying.
 * ORDER: the dumpable mark goes before the namespace is joined.  The child has the parent's memory,
 * root and descriptors, and a container of that user namespace with CAP_SYS_PTRACE can see the child
 * where both are in one pid namespace.  The memory belongs to the caller's user namespace, so that
 * the mark holds against those capabilities (see core/parent/clone.c).
 */
static void wait_inside(int userns, int to_parent, int from_parent)
{
	int errnum = 0;
	char byte;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setns(userns, CLONE_NEWUSER) < 0)
		errnum = errno;
	if (write(to_parent, &errnum, sizeof(errnum)) == sizeof(errnum) &&
	    read(from_parent, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

static int read_maps_of(int userns, struct userns_plan *plan, struct error *err)
{
	autoclose int up_read = -1, up_write = -1, down_read = -1, down_write = -1;
	int up[2], down[2], result;
	pid_t child;

	if (pipe2(up, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	up_read = up[0];
	up_write = up[1];
	if (pipe2(down, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	down_read = down[0];
	down_write = down[1];
	child = fork();
	if (child < 0)
		return error_set(err, errno, "make a process to look into user namespace %s",
				 plan->join_path);
	if (child == 0) {
		close(down_write);
		wait_inside(userns, up_write, down_read);
	}
	fd_close(&up_write);
	result = read_joined(child, up_read, plan, err);
	fd_close(&down_write);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return result;
}

static int plan_join(const char *path, const struct userns_caller *caller, struct userns_plan *plan,
		     struct error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open user namespace %s", path);
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWUSER)
		return error_set(err, 0, "%s is not a user namespace", path);
	/* Our own can't be joined (setns says EINVAL): we are in it. */
	if (stat_same_as_path(fd, "/proc/self/ns/user")) {
		if (caller->initial)
			return error_set(
				err, 0,
				"user namespace %s is the host's: a container needs one of its own",
				path);
		return plan_inherit(caller, plan, err);
	}
	plan->mode = USERNS_JOIN;
	plan->join_path = path;
	return read_maps_of(fd, plan, err);
}

/* The own id first: files that the container's root makes belong to the caller. */
static void map_own_and_subids(const struct side *side, struct subid_ranges *ranges)
{
	uint64_t inner = 1;

	*side->map = (struct idmap){ 0 };
	idmap_add(side->map, 0, side->own, 1);
	subid_leave_out(ranges, side->own);
	for (size_t i = 0; i < ranges->count && inner + ranges->items[i].count <= IDMAP_ID_END;
	     i++) {
		idmap_add(side->map, (uint32_t)inner, ranges->items[i].start,
			  ranges->items[i].count);
		inner += ranges->items[i].count;
	}
}

/*
 * Do the ranges hold none, some or all of the outer ids?  The text is another for each, as the mend
 * is.
 */
static int range_error(const struct side *side, size_t index, const struct subid_ranges *ranges,
		       const char *user, uint32_t missing, struct error *err)
{
	const struct id_range *range = &side->map->ranges[index];
	uint32_t last = range->outer + (range->count - 1);
	autostrbuf struct strbuf have = { 0 };
	char letter = subid_letter(side->kind);

	subid_print(ranges, &have);
	if (ranges->count == 0)
		error_set(err, 0,
			  "%s[%zu]: no range for %s in /etc/sub%cid, needed for the ids %" PRIu32
			  "-%" PRIu32,
			  side->field, index, user, letter, range->outer, last);
	else if (missing > range->outer)
		error_set(err, 0,
			  "%s[%zu]: the range of %s in /etc/sub%cid is too small: the ids %" PRIu32
			  "-%" PRIu32 " are missing in %s",
			  side->field, index, user, letter, missing, last, have.bytes);
	else if (range->count == 1)
		error_set(err, 0,
			  "%s[%zu]: id %" PRIu32 " is neither %s's own nor in the sub%cid range %s",
			  side->field, index, range->outer, user, letter, have.bytes);
	else
		error_set(err, 0,
			  "%s[%zu]: the ids %" PRIu32 "-%" PRIu32
			  " are not in the sub%cid range of %s: %s",
			  side->field, index, range->outer, last, letter, user, have.bytes);
	/* Nobody is to be advised to give root's id or another user's away. */
	if (missing < SUBID_FIRST)
		return error_hint(err,
				  "map the own id %" PRIu32 " or ids of the sub%cid range instead",
				  side->own, letter);
	return error_hint(err,
			  "run as root usermod --add-sub%cids %" PRIu32 "-%" PRIu32
			  " %s, if nobody else has these",
			  letter, missing, last, user);
}

/*
 * newuidmap's own rule: the own id by itself, or ids of the user's ranges (of several that follow
 * each other, too).
 */
static int check_in_ranges(const struct side *side, const struct subid_ranges *ranges,
			   const char *user, struct error *err)
{
	for (size_t i = 0; i < side->map->count; i++) {
		const struct id_range *range = &side->map->ranges[i];
		uint32_t missing;

		if (range->count == 1 && range->outer == side->own)
			continue;
		if (!subid_covers(ranges, range->outer, range->count, &missing))
			return range_error(side, i, ranges, user, missing, err);
	}
	return 0;
}

/*
 * Mappings that the config gives need no subids where we may write any map, or where they are the
 * own id alone.
 */
static bool needs_subids(const struct userns_caller *caller, const struct side *side)
{
	if (side->given->count == 0)
		return true;
	return !userns_caller_can_map(caller) && !idmap_is_single(side->map, side->own);
}

static void warn_of_no_subids(const struct userns_caller *caller, const char *user,
			      const bool lacking[2])
{
	const char *which = lacking[0] && lacking[1] ? "/etc/subuid and /etc/subgid"
			    : lacking[0]	     ? "/etc/subuid"
						     : "/etc/subgid";
	const char *what = lacking[0] && lacking[1] ? "id" : lacking[0] ? "uid" : "gid";
	char mend[HOST_MEND_SIZE];

	/* A link that leads nowhere can't be mended by giving ranges. */
	if (host_has(&caller->host, HOST_SUBID_LINK, mend) ||
	    host_has(&caller->host, HOST_NO_SUBIDS, mend))
		log_warning("no range for %s in %s: the container has no %s besides 0 (hint: %s)",
			    user, which, what, mend);
	else
		log_warning("no range for %s in %s: the container has no %s besides 0", user, which,
			    what);
}

/* The ids of the user namespace that urun runs in, each mapped to itself. */
static int own_ids(const struct userns_caller *caller, enum subid_kind kind, struct idmap *ret_own,
		   struct error *err)
{
	autofree char *path =
		str_format("%s/proc/self/%cid_map", caller->host.root, subid_letter(kind));

	return idmap_identity_of_current(path, ret_own, err);
}

static void warn_of_absent_subids(const struct side *side, const char *user,
				  const struct subid_ranges *given, const struct idmap *own)
{
	autostrbuf struct strbuf range = { 0 }, has = { 0 };

	subid_print(given, &range);
	idmap_print(own, &has);
	log_warning("the range of %s in /etc/sub%cid, %s, isn't whole in the user namespace that "
		    "urun runs in, which has %s: the container has what there is of it",
		    user, subid_letter(side->kind), range.bytes, has.bytes);
}

/*
 * Inside a container the range that useradd gives (from 100000 on) often lies beyond the ids that
 * there are: newuidmap would fail, so what isn't there is left out.
 */
static int keep_existing(const struct userns_caller *caller, const struct side *side,
			 const char *user, struct subid_ranges *ranges, struct error *err)
{
	struct subid_ranges kept = { 0 };
	uint64_t given = 0, left = 0;
	struct idmap own;

	if (caller->initial || ranges->count == 0)
		return 0;
	if (own_ids(caller, side->kind, &own, err) < 0)
		return -1;
	for (size_t i = 0; i < ranges->count; i++) {
		const struct subid_range *range = &ranges->items[i];
		uint64_t end = (uint64_t)range->start + range->count;

		given += range->count;
		for (size_t k = 0; k < own.count && kept.count < SUBID_RANGES_MAX; k++) {
			const struct id_range *there = &own.ranges[k];
			uint64_t there_end = (uint64_t)there->inner + there->count;
			uint64_t from = range->start > there->inner ? range->start : there->inner;
			uint64_t to = end < there_end ? end : there_end;

			if (from >= to)
				continue;
			kept.items[kept.count++] =
				(struct subid_range){ (uint32_t)from, (uint32_t)(to - from) };
			left += to - from;
		}
	}
	if (left < given)
		warn_of_absent_subids(side, user, ranges, &own);
	*ranges = kept;
	return 0;
}

/*
 * Each side from the subids: the config's mappings are checked against them, none become the own id
 * and the subids.
 */
static int sides_from_subids(const struct userns_caller *caller, const struct side sides[2],
			     struct error *err)
{
	autofree char *name = NULL;
	bool lacking[2] = { false, false };

	if (!needs_subids(caller, &sides[0]) && !needs_subids(caller, &sides[1]))
		return 0;
	name = name_of_user(caller->host.root, caller->uid);
	if (!name)
		name = str_format("%u", caller->uid);
	for (size_t i = 0; i < 2; i++) {
		struct subid_ranges ranges;

		if (!needs_subids(caller, &sides[i]))
			continue;
		if (subid_load(sides[i].kind, caller->host.root, name, caller->uid, &ranges, err) <
		    0)
			return -1;
		if (sides[i].given->count > 0) {
			if (check_in_ranges(&sides[i], &ranges, name, err) < 0)
				return -1;
			continue;
		}
		lacking[i] = ranges.count == 0;
		if (keep_existing(caller, &sides[i], name, &ranges, err) < 0)
			return -1;
		map_own_and_subids(&sides[i], &ranges);
	}
	if (lacking[0] || lacking[1])
		warn_of_no_subids(caller, name, lacking);
	return 0;
}

/*
 * The ids that a caller with capabilities maps must exist in the own user namespace; on the host
 * all do.
 */
static int check_outer_exist(const struct userns_caller *caller, const struct side *side,
			     struct error *err)
{
	struct idmap own;

	if (caller->initial)
		return 0;
	if (own_ids(caller, side->kind, &own, err) < 0)
		return -1;
	for (size_t i = 0; i < side->map->count; i++) {
		const struct id_range *range = &side->map->ranges[i];
		autostrbuf struct strbuf text = { 0 };
		uint32_t missing;

		if (idmap_maps_inner_range(&own, range->outer, range->count, &missing))
			continue;
		idmap_print(&own, &text);
		return error_set(
			err, 0,
			"%s[%zu]: id %" PRIu32
			" doesn't exist in the user namespace that urun runs in, which has %s",
			side->field, i, missing, text.bytes);
	}
	return 0;
}

/* The caller's own id alone takes none. */
static int check_helpers_exist(const struct userns_caller *caller, const struct userns_plan *plan,
			       struct error *err)
{
	const struct {
		const char *name;
		bool is_needed;
	} helpers[] = {
		{ "newuidmap", !idmap_is_single(&plan->uids, caller->uid) },
		{ "newgidmap", !idmap_is_single(&plan->gids, caller->gid) },
	};
	char path[HOST_PATH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++)
		if (helpers[i].is_needed &&
		    !host_find_program(&plan->host, helpers[i].name, path)) {
			error_set(err, 0,
				  "%s is not installed, and more than the own id is to be mapped",
				  helpers[i].name);
			return host_explain_helper_failure(&plan->host, err);
		}
	return 0;
}

/* Decides who writes the maps, now that the ids are known. */
static int choose_writer(const struct userns_caller *caller, const struct side sides[2],
			 struct userns_plan *plan, struct error *err)
{
	if (userns_caller_can_map(caller)) {
		plan->mode = USERNS_DIRECT;
		plan->setgroups_allowed = own_setgroups_allowed(caller);
		return check_outer_exist(caller, &sides[0], err) < 0
			       ? -1
			       : check_outer_exist(caller, &sides[1], err);
	}
	if (idmap_is_single(sides[0].map, sides[0].own) &&
	    idmap_is_single(sides[1].map, sides[1].own)) {
		plan->mode = USERNS_DIRECT;
		plan->setgroups_allowed = false;
		return 0;
	}
	plan->mode = USERNS_HELPERS;
	/*
	 * newgidmap leaves setgroups allowed only with ids that root has given.
	 * Source: newgidmap(1).
	 */
	plan->setgroups_allowed =
		!idmap_is_single(sides[1].map, sides[1].own) && own_setgroups_allowed(caller);
	return check_helpers_exist(caller, plan, err);
}

static int plan_new(const struct userns_caller *caller, const struct side sides[2],
		    struct userns_plan *plan, struct error *err)
{
	bool root = caller->uid == 0 && userns_caller_can_map(caller);

	if (root && identity_sides(caller, plan, err) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++)
		if (sides[i].given->count > 0 &&
		    idmap_from_config(sides[i].given, sides[i].field, sides[i].map, err) < 0)
			return -1;
	if (root && sides[0].given->count == 0)
		log_debug(
			"running as root: a new user namespace with all ids mapped to themselves");
	if (!root && sides_from_subids(caller, sides, err) < 0)
		return -1;
	return choose_writer(caller, sides, plan, err);
}

static void plan_log(const struct userns_plan *plan)
{
	static const char *const modes[] = {
		[USERNS_INHERIT] = "the one that urun runs in",
		[USERNS_DIRECT] = "new, maps written directly",
		[USERNS_HELPERS] = "new, maps written by newuidmap and newgidmap",
		[USERNS_JOIN] = "joined",
	};
	autostrbuf struct strbuf uids = { 0 }, gids = { 0 };

	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	idmap_print(&plan->uids, &uids);
	idmap_print(&plan->gids, &gids);
	log_debug("user namespace: %s; uids %s; gids %s; setgroups %s", modes[plan->mode],
		  uids.bytes, gids.bytes, plan->setgroups_allowed ? "allowed" : "denied");
}

int userns_plan_make(const struct container_config *config, const struct userns_caller *caller,
		     struct userns_plan *ret_plan, struct error *err)
{
	const struct config_namespace *asked = config_find_namespace(config, CONFIG_NS_USER);
	autofree struct userns_plan *plan = mem_alloc(sizeof(*plan));
	struct side sides[2];
	int result;

	plan->host = caller->host;
	make_sides(config, caller, plan, sides);
	if (asked && asked->path)
		result = plan_join(asked->path, caller, plan, err);
	else if (!asked && caller->uid == 0 && !caller->initial &&
		 sides[0].given->count + sides[1].given->count == 0)
		result = plan_inherit(caller, plan, err);
	else
		result = plan_new(caller, sides, plan, err);
	if (result < 0)
		return -1;
	plan_log(plan);
	*ret_plan = *plan;
	return 0;
}

int userns_plan_default(const struct userns_caller *caller, struct userns_plan *ret_plan,
			struct error *err)
{
	struct config_linux no_linux = { 0 };
	struct container_config nothing = { .linux = &no_linux };

	return userns_plan_make(&nothing, caller, ret_plan, err);
}

int userns_plan_of_process(pid_t pid, const struct userns_caller *caller,
			   struct userns_plan *ret_plan, struct error *err)
{
	autofree struct userns_plan *plan = mem_alloc(sizeof(*plan));
	struct stat its, own;
	char path[64];

	plan->host = caller->host;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	if (stat(path, &its) < 0 || stat("/proc/self/ns/user", &own) < 0)
		return error_set(err, errno, "stat %s", path);
	if (stat_same(&its, &own)) {
		if (plan_inherit(caller, plan, err) < 0)
			return -1;
	} else {
		plan->mode = USERNS_JOIN;
		if (read_maps_of_process(pid, plan, err) < 0)
			return -1;
	}
	plan_log(plan);
	*ret_plan = *plan;
	return 0;
}

int userns_plan_twin(const struct userns_plan *plan, struct userns_plan *ret_twin,
		     struct error *err)
{
	autofree struct userns_plan *twin = mem_alloc(sizeof(*twin));
	autofree struct userns_caller *caller = mem_alloc(sizeof(*caller));

	*twin = *plan;
	twin->join_path = NULL;
	if (plan->mode == USERNS_JOIN) {
		if (userns_caller_read(&plan->host, caller, err) < 0)
			return -1;
		if (userns_caller_can_map(caller)) {
			twin->mode = USERNS_DIRECT;
		} else if (idmap_is_single(&plan->uids, caller->uid) &&
			   idmap_is_single(&plan->gids, caller->gid)) {
			twin->mode = USERNS_DIRECT;
			twin->setgroups_allowed = false;
		} else {
			twin->mode = USERNS_HELPERS;
			if (idmap_is_single(&plan->gids, caller->gid))
				twin->setgroups_allowed = false;
			if (check_helpers_exist(caller, twin, err) < 0)
				return -1;
		}
	}
	*ret_twin = *twin;
	return 0;
}
