// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
/*
 * Which user namespace a container gets, which ids are in it, and who writes its maps.
 *
 * The kernel lets an ordinary user make a user namespace, and map one id into it: the own one.  All
 * other ids come from root, who gives each user ranges in /etc/subuid and /etc/subgid.  The setuid
 * programs newuidmap and newgidmap check these files and write the maps in the user's place.
 *
 * Where the namespace comes from (userns_plan_make):
 *   a path in the config         it is joined, and keeps the maps that it has
 *   urun is root of a user       urun's own, as under podman, which has made one for the container
 *   namespace, and the config
 *   asks for none
 *   urun is root of the host,    the host's: what the config doesn't list is inherited, which engines
 *   and the config asks for      count on, whose containers share namespaces that root has made
 *   none
 *   else                         a new one
 *
 * The ids of a new one:
 *   uidMappings, gidMappings     these; what newuidmap would refuse is refused here
 *   root, no mappings            every id of urun's user namespace, mapped to itself
 *   anybody else                 the own id to 0, then the subids from 1 on, range after range
 *
 * The own id becomes 0, so that a file which the container's root makes belongs to the caller.  It
 * is taken out of the subids first: an id that is mapped twice is EINVAL.  Without subids there is
 * one warning, and the container has id 0 alone; many programs need no more.
 *
 * The writer of the maps of a new one (choose_writer):
 *   CAP_SETUID and CAP_SETGID    urun itself; the ids must exist in urun's own user namespace
 *   the own uid and gid alone    urun itself, which the kernel allows to everybody
 *   else                         newuidmap and newgidmap
 *
 * setgroups(2) can be used inside where the gids were given by root.  Otherwise a user could leave
 * a group, and so open a file that excludes the members of this group: the kernel denies setgroups
 * for a user who maps the own gid alone, and every namespace below inherits the denial.
 *
 * Nothing is made here.  What can be known beforehand is refused here, with the fix, as newuidmap
 * would only say "not allowed" once the process exists.
 * Source: user_namespaces(7), newuidmap(1), newgidmap(1), subuid(5).
 */
#include "rootless/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/stat.h"
#include "rootless/host_check.h"
#include "rootless/name.h"
#include "rootless/subid.h"
#include "rootless/userns_read.h"

/* The uid half or the gid half of a plan. */
struct side {
	enum subid_kind kind;
	const config_id_mappings *given; /* of the config */
	const char *field;		 /* the config's name for these mappings */
	uint32_t own;			 /* the caller's id */
	struct idmap *map;
};

/* ---- a user namespace that exists ---- */

/* The ids of the user namespace that urun runs in, each mapped to itself. */
static int read_own_ids(const struct userns_caller *caller, enum subid_kind kind,
			struct idmap *ret_own, struct error *err)
{
	autofree char *path =
		str_format("%s/proc/self/%cid_map", caller->host.root, subid_letter(kind));

	return idmap_identity_of_current(path, ret_own, err);
}

static int plan_inherited(const struct userns_caller *caller, struct userns_plan *plan,
			  struct error *err)
{
	plan->mode = USERNS_INHERIT;
	plan->is_host = caller->initial;
	plan->setgroups_allowed = userns_caller_allows_setgroups(caller);
	if (read_own_ids(caller, SUBID_UID, &plan->uids, err) < 0)
		return -1;
	return read_own_ids(caller, SUBID_GID, &plan->gids, err);
}

/*
 * An engine may write the maps of a user namespace beside its path, as for each container of a
 * Kubernetes pod with hostUsers false.  Other maps than the namespace has would be a mistake: the
 * maps of a user namespace can't be changed.
 */
static int check_joined_map(const char *path, const struct side *side, struct error *err)
{
	autofree struct idmap *given = mem_alloc(sizeof(*given));
	autostrbuf struct strbuf asked = { 0 }, has = { 0 };

	if (side->given->count == 0)
		return 0;
	if (idmap_from_config(side->given, side->field, given, err) < 0)
		return -1;
	if (idmap_equal(given, side->map))
		return 0;
	idmap_print(given, &asked);
	idmap_print(side->map, &has);
	return error_set(err, 0,
			 "%s: %s, but the user namespace %s, which is joined, has the map %s",
			 side->field, asked.bytes, path, has.bytes);
}

static int plan_joined(const char *path, const struct userns_caller *caller,
		       const struct side sides[2], struct userns_plan *plan, struct error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open user namespace %s", path);
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWUSER)
		return error_set(err, 0, "%s is not a user namespace", path);
	/* setns(2) into the user namespace that we are in is EINVAL. */
	if (stat_same_as_path(fd, "/proc/self/ns/user")) {
		if (caller->initial)
			return error_set(
				err, 0,
				"user namespace %s is the host's: a container needs one of its own",
				path);
		if (plan_inherited(caller, plan, err) < 0)
			return -1;
	} else {
		plan->mode = USERNS_JOIN;
		plan->join_path = path;
		if (userns_read_namespace(fd, plan, err) < 0)
			return -1;
	}
	return check_joined_map(path, &sides[0], err) < 0 ? -1
							  : check_joined_map(path, &sides[1], err);
}

/* ---- the ids of a new user namespace ---- */

/* The own id becomes 0; the subids follow from 1 on. */
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
 * Fails because the ids of the mapping @index are not all the user's.  The text depends on whether
 * the user has no range, has the first ids of the mapping, or has not even these.
 * @missing: the first id that isn't in @ranges.
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
			  "-%" PRIu32 " are not in %s",
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
	/* Never suggest a range that includes id 0 or another user's id. */
	if (missing < SUBID_FIRST)
		return error_hint(err,
				  "map the own id %" PRIu32 " or ids of the sub%cid range instead",
				  side->own, letter);
	return error_hint(err,
			  "run as root usermod --add-sub%cids %" PRIu32 "-%" PRIu32
			  " %s, if no other user has these ids",
			  letter, missing, last, user);
}

/*
 * The rule of newuidmap: a mapping has the own id alone, or ids of the user's ranges.  It may reach
 * over several ranges that follow each other.
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
 * Mappings of the config need no subids where urun may write any map, or where they have the own id
 * alone.
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
	char fix[HOST_FIX_SIZE];

	/* The link comes first: ranges in a file that newuidmap doesn't read are no fix. */
	if (host_has(&caller->host, HOST_SUBID_LINK, fix) ||
	    host_has(&caller->host, HOST_NO_SUBIDS, fix))
		log_warning_once(
			"no range for %s in %s: the container has no %s but yours (hint: %s)", user,
			which, what, fix);
	else
		log_warning_once("no range for %s in %s: the container has no %s but yours", user,
				 which, what);
}

/*
 * On a host without newuidmap and newgidmap, or where they gain no privilege, the user's ranges are
 * of no use: who asks for no certain ids has the own id then, as a user without ranges has.
 * Mappings of the config are what somebody asked for, and fail.
 */
static bool ranges_are_useless(const struct userns_caller *caller)
{
	char fix[HOST_FIX_SIZE];

	if (userns_caller_can_map(caller) ||
	    !(host_has(&caller->host, HOST_HELPER_MISSING, fix) ||
	      host_has(&caller->host, HOST_NO_NEW_PRIVILEGES, fix)))
		return false;
	log_warning_once("newuidmap and newgidmap can't map subids: the container has no id but "
			 "yours (hint: %s)",
			 fix);
	return true;
}

/*
 * Keeps those ids of the ranges that exist in urun's user namespace.  Inside a container the range
 * that useradd gives (from 100000 on) often has ids that don't exist there, and newuidmap would
 * fail.
 */
static int keep_existing(const struct userns_caller *caller, const struct side *side,
			 const char *user, struct subid_ranges *ranges, struct error *err)
{
	struct subid_ranges kept = { 0 };
	uint64_t given = 0, left = 0;
	struct idmap own;

	if (caller->initial || ranges->count == 0)
		return 0;
	if (read_own_ids(caller, side->kind, &own, err) < 0)
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
	if (left < given) {
		autostrbuf struct strbuf range = { 0 }, has = { 0 };

		subid_print(ranges, &range);
		idmap_print(&own, &has);
		log_warning_once("the range of %s in /etc/sub%cid, %s, isn't whole in the user "
				 "namespace that urun runs in, which has %s: the container has the "
				 "ids that exist",
				 user, subid_letter(side->kind), range.bytes, has.bytes);
	}
	*ranges = kept;
	return 0;
}

/*
 * Checks the config's mappings against the subids.  A side without mappings gets the own id and the
 * subids.
 */
static int sides_from_subids(const struct userns_caller *caller, const struct side sides[2],
			     struct error *err)
{
	autofree char *name = NULL;
	bool lacking[2] = { false, false }, useless = false, asked = false;

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
		if (ranges.count > 0 && !asked) {
			useless = ranges_are_useless(caller);
			asked = true;
		}
		if (useless)
			ranges.count = 0;
		if (keep_existing(caller, &sides[i], name, &ranges, err) < 0)
			return -1;
		map_own_and_subids(&sides[i], &ranges);
	}
	/* Where both are so, the programs come first: without them a range is no fix. */
	if (!useless && (lacking[0] || lacking[1]))
		warn_of_no_subids(caller, name, lacking);
	return 0;
}

/* A caller with capabilities can map an id only where the id exists in urun's user namespace. */
static int check_outer_exist(const struct userns_caller *caller, const struct side *side,
			     struct error *err)
{
	struct idmap own;

	if (caller->initial)
		return 0;
	if (read_own_ids(caller, side->kind, &own, err) < 0)
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

/* ---- who writes the maps ---- */

/*
 * Sets the mode of a plan whose ids are chosen, and clears setgroups_allowed where the kernel will
 * deny it.  Fails where a helper is needed and not installed.
 */
static int choose_writer(const struct userns_caller *caller, struct userns_plan *plan,
			 struct error *err)
{
	const bool single[] = {
		[SUBID_UID] = idmap_is_single(&plan->uids, caller->uid),
		[SUBID_GID] = idmap_is_single(&plan->gids, caller->gid),
	};
	char path[HOST_PATH_SIZE];

	plan->mode = USERNS_DIRECT;
	if (userns_caller_can_map(caller))
		return 0;
	/* newgidmap allows setgroups with ids of /etc/subgid only.  Source: newgidmap(1). */
	if (single[SUBID_GID])
		plan->setgroups_allowed = false;
	if (single[SUBID_UID] && single[SUBID_GID])
		return 0;
	plan->mode = USERNS_HELPERS;
	for (enum subid_kind kind = SUBID_UID; kind <= SUBID_GID; kind++)
		if (!single[kind] &&
		    !host_find_program(&plan->host, host_mapping_programs[kind], path)) {
			error_set(err, 0,
				  "%s is not installed, and more than the own id is to be mapped",
				  host_mapping_programs[kind]);
			return host_explain_helper_failure(&plan->host, err);
		}
	return 0;
}

static int plan_new(const struct userns_caller *caller, const struct side sides[2],
		    struct userns_plan *plan, struct error *err)
{
	bool root = caller->uid == 0 && userns_caller_can_map(caller);

	for (size_t i = 0; i < 2; i++) {
		if (root && read_own_ids(caller, sides[i].kind, sides[i].map, err) < 0)
			return -1;
		if (sides[i].given->count > 0 &&
		    idmap_from_config(sides[i].given, sides[i].field, sides[i].map, err) < 0)
			return -1;
	}
	if (root && sides[0].given->count == 0)
		log_debug(
			"running as root: a new user namespace with all ids mapped to themselves");
	if (!root && sides_from_subids(caller, sides, err) < 0)
		return -1;
	plan->setgroups_allowed = userns_caller_allows_setgroups(caller);
	if (choose_writer(caller, plan, err) < 0)
		return -1;
	for (size_t i = 0; i < 2 && userns_caller_can_map(caller); i++)
		if (check_outer_exist(caller, &sides[i], err) < 0)
			return -1;
	return 0;
}

/* ---- plans ---- */

static void plan_log(const struct userns_plan *plan)
{
	static const char *const modes[] = {
		[USERNS_INHERIT] = "none of its own: the one that urun runs in",
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
	const struct side sides[] = {
		{ SUBID_UID, &config->linux->uid_mappings, "linux.uidMappings", caller->uid,
		  &plan->uids },
		{ SUBID_GID, &config->linux->gid_mappings, "linux.gidMappings", caller->gid,
		  &plan->gids },
	};
	int result;

	plan->host = caller->host;
	if (asked && asked->path)
		result = plan_joined(asked->path, caller, sides, plan, err);
	else if (!asked &&
		 (userns_caller_is_host_root(caller) || (caller->uid == 0 && !caller->initial)))
		result = plan_inherited(caller, plan, err);
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

	if (caller->initial)
		return userns_plan_own(caller, ret_plan, err);
	return userns_plan_make(&nothing, caller, ret_plan, err);
}

int userns_plan_own(const struct userns_caller *caller, struct userns_plan *ret_plan,
		    struct error *err)
{
	struct config_namespace user = { .type = CONFIG_NS_USER };
	struct config_linux linux_config = { .namespaces = { .items = &user, .count = 1 } };
	struct container_config config = { .linux = &linux_config };

	return userns_plan_make(&config, caller, ret_plan, err);
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
		if (plan_inherited(caller, plan, err) < 0)
			return -1;
	} else {
		plan->mode = USERNS_JOIN;
		if (userns_read_process(pid, plan, err) < 0)
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
	if (plan->mode == USERNS_JOIN && (userns_caller_read(&plan->host, caller, err) < 0 ||
					  choose_writer(caller, twin, err) < 0))
		return -1;
	*ret_twin = *twin;
	return 0;
}
