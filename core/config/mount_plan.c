// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/config/mount_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/base/log.h"
#include "core/base/number.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/config/change.h"

static const char *const kind_names[] = {
	[MOUNT_KIND_FILESYSTEM] = "file system",
	[MOUNT_KIND_CGROUP] = "cgroup",
	[MOUNT_KIND_BIND] = "bind",
	[MOUNT_KIND_REMOUNT] = "remount",
};

/*
 * A line of the mapping: the ids on the file system, and whose they become.  The latter are the
 * host's in config.json, while the map is written from inside the container's user namespace: so
 * they are taken back through the container's mapping.
 */
static int range_inside(const config_id_mappings *container, uint64_t outer, uint64_t count,
			uint64_t *ret_inner)
{
	if (container->count == 0) {
		*ret_inner = outer;
		return 0;
	}
	for (size_t i = 0; i < container->count; i++) {
		const struct config_id_mapping *mapping = &container->items[i];

		if (outer >= mapping->outer.value &&
		    outer - mapping->outer.value < mapping->count.value &&
		    count <= mapping->count.value - (outer - mapping->outer.value)) {
			*ret_inner = mapping->inner.value + (outer - mapping->outer.value);
			return 0;
		}
	}
	return -ERANGE;
}

static int map_add(const config_id_mappings *container, const struct config_id_mapping *mapping,
		   struct strbuf *map, struct error *err)
{
	uint64_t outer;

	if (range_inside(container, mapping->outer.value, mapping->count.value, &outer) < 0)
		return error_set(err, 0,
				 "idmap: host ids %" PRIu64 " and %" PRIu64
				 " more have no place in the container's mapping",
				 mapping->outer.value, mapping->count.value - 1);
	strbuf_addf(map, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", mapping->inner.value, outer,
		    mapping->count.value);
	return 0;
}

static int map_from_config(const config_id_mappings *container, const config_id_mappings *mappings,
			   struct arena *arena, char **ret_map, struct error *err)
{
	autostrbuf struct strbuf map = { 0 };

	for (size_t i = 0; i < mappings->count; i++)
		if (map_add(container, &mappings->items[i], &map, err) < 0)
			return -1;
	*ret_map = arena_str(arena, map.bytes);
	return 0;
}

static int triplet_parse(char *text, uint32_t numbers[static 3])
{
	char *rest = text;

	for (int i = 0; i < 3; i++) {
		char *number = strsep(&rest, "-");

		if (!number || number_parse_u32(number, UINT32_MAX, &numbers[i]) < 0)
			return -EINVAL;
	}
	return rest || numbers[2] == 0 ? -EINVAL : 0;
}

/*
 * "0-1000-1#1-100000-10": file system's id, host's id, count; with '@' in front the second is the
 * container's.
 */
static int map_from_text(const config_id_mappings *container, char *text, struct arena *arena,
			 char **ret_map, struct error *err)
{
	static const config_id_mappings as_it_is = { 0 };
	autostrbuf struct strbuf map = { 0 };

	for (char *rest = text, *part; (part = strsep(&rest, "#"));) {
		bool relative = *part == '@';
		uint32_t numbers[3];

		if (triplet_parse(part + relative, numbers) < 0)
			return error_set(
				err, 0,
				"idmap: each range is three numbers, FILE-HOST-COUNT, with '-' between");
		struct config_id_mapping mapping = { { true, numbers[0] },
						     { true, numbers[1] },
						     { true, numbers[2] } };
		if (map_add(relative ? &as_it_is : container, &mapping, &map, err) < 0)
			return -1;
	}
	*ret_map = arena_str(arena, map.bytes);
	return 0;
}

/* The option "idmap=uids=…;gids=…". */
static int step_idmap_option(const struct config_linux *lx, struct arena *arena,
			     struct mount_step *step, struct error *err)
{
	char *rest = arena_str(arena, step->options.idmap);

	for (char *part; (part = strsep(&rest, ";"));) {
		if (str_starts_with(part, "uids=")) {
			if (map_from_text(&lx->uid_mappings, part + 5, arena, &step->uid_map, err) <
			    0)
				return -1;
		} else if (str_starts_with(part, "gids=")) {
			if (map_from_text(&lx->gid_mappings, part + 5, arena, &step->gid_map, err) <
			    0)
				return -1;
		} else
			return error_set(err, 0, "idmap: '%s' is neither uids= nor gids=", part);
	}
	if (!step->uid_map || !step->gid_map)
		return error_set(err, 0, "idmap: both uids= and gids= are needed");
	return 0;
}

static int step_idmap(const struct config_linux *lx, const struct config_mount *mount,
		      struct arena *arena, struct mount_step *step, struct error *err)
{
	if (!mount->uid_mappings.count != !mount->gid_mappings.count)
		return error_set(err, 0,
				 "uidMappings and gidMappings are given both or not at all");
	if (mount->uid_mappings.count) {
		step->options.traits |= MOUNT_TRAIT_IDMAP;
		if (map_from_config(&lx->uid_mappings, &mount->uid_mappings, arena, &step->uid_map,
				    err) < 0 ||
		    map_from_config(&lx->gid_mappings, &mount->gid_mappings, arena, &step->gid_map,
				    err) < 0)
			return -1;
	} else if (step->options.idmap && step_idmap_option(lx, arena, step, err) < 0)
		return -1;
	if ((step->options.traits & MOUNT_TRAIT_IDMAP) && step->kind == MOUNT_KIND_REMOUNT)
		return error_set(err, 0, "idmap: what is mounted already can't be idmapped");
	return 0;
}

static enum mount_kind step_kind(const struct config_mount *mount,
				 const struct mount_options *options)
{
	if (options->traits & MOUNT_TRAIT_REMOUNT)
		return MOUNT_KIND_REMOUNT;
	if ((options->traits & MOUNT_TRAIT_BIND) || str_equal(mount->type, "bind"))
		return MOUNT_KIND_BIND;
	if (str_equal(mount->type, "cgroup") || str_equal(mount->type, "cgroup2"))
		return MOUNT_KIND_CGROUP;
	return MOUNT_KIND_FILESYSTEM;
}

/* The lines that x-urun-lines adds are the config's, for these two files. */
static const char *step_lines(const struct container_config *config, const struct mount_step *step)
{
	if (str_equal(step->destination, "/etc/passwd"))
		return config_annotation(config, CONFIG_ANNOTATION_PASSWD);
	if (str_equal(step->destination, "/etc/group"))
		return config_annotation(config, CONFIG_ANNOTATION_GROUP);
	return NULL;
}

/* What mount(8) or a file system knows, beside NAME=VALUE, and what engines' volumes have, for others. */
static bool is_word_of_others(const char *option)
{
	static const char *const volume[] = { "z",	   "Z",	   "cached", "consistent",
					      "delegated", "copy", "nocopy" };
	static const char *const known[] = {
		"_netdev",   "acl",	 "auto",    "discard", "group",	    "grpquota",
		"inode32",   "inode64",	 "noacl",   "noauto",  "nodiscard", "noquota",
		"noswap",    "nouser",	 "noxattr", "owner",   "quota",	    "newinstance",
		"userxattr", "usrquota", "user",    "users",   "volatile",  "xattr",
	};

	if (strchr(option, '=') || str_starts_with(option, "x-") || str_starts_with(option, "X-"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_equal(option, known[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(volume); i++)
		if (str_equal(option, volume[i]))
			return true;
	return false;
}

/*
 * Other runtimes leave the options of a file system out without a word, so that there are bundles with
 * them (mode=755 is a usual one): mount_plan_warn() tells of these.  Any other word is a mistake, and
 * may be one about security ("nosiud").
 */
static int check_bind_data(const struct mount_step *step, struct error *err)
{
	for (size_t i = 0; i < step->options.data.count; i++) {
		const char *option = step->options.data.items[i];

		if (!is_word_of_others(option))
			return error_set(err, EINVAL,
					 "mount %s on %s: a bind mount takes no option '%s'",
					 step->source, step->destination, option);
	}
	return 0;
}

void mount_plan_warn(const struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];

		for (size_t j = 0; step->kind == MOUNT_KIND_BIND && j < step->options.data.count;
		     j++)
			log_warning(
				"mounts[%zu]: mount %s on %s: '%s' is left out, as a bind mount "
				"has no such option",
				step->index, step->source, step->destination,
				step->options.data.items[j]);
	}
}

/* Options that the kernel would take and forget on such a mount: the user must hear of them. */
static int step_check_options(const struct mount_step *step, struct error *err)
{
	const struct mount_options *options = &step->options;

	if ((options->traits & (MOUNT_TRAIT_FILE | MOUNT_TRAIT_LINES)) &&
	    step->kind != MOUNT_KIND_BIND)
		return error_set(err, 0, "x-urun-file and x-urun-lines are for a bind of a file");
	if ((options->traits & MOUNT_TRAIT_LINES) && !step->lines)
		return error_set(err, 0,
				 "x-urun-lines is for /etc/passwd and /etc/group, with the "
				 "annotation that has the lines");
	if ((options->traits & MOUNT_TRAIT_COPY_UP) && !str_equal(step->type, "tmpfs"))
		return error_set(err, 0, "tmpcopyup is for tmpfs only");
	return step->kind == MOUNT_KIND_BIND ? check_bind_data(step, err) : 0;
}

static int step_check(const struct mount_step *step, const struct config_mount *mount,
		      struct error *err)
{
	if (str_equal(step->destination, "/"))
		return error_set(err, 0, "nothing can be mounted on /: that is root.path's place");
	if (step->kind == MOUNT_KIND_FILESYSTEM && (!mount->type || str_equal(mount->type, "none")))
		return error_set(
			err, 0,
			"mount on %s: neither a file system's type nor the option bind is given",
			step->destination);
	if (step->kind == MOUNT_KIND_BIND && (!mount->source || !*mount->source))
		return error_set(err, 0, "bind mount on %s: no source is given", step->destination);
	if (str_equal(step->destination, "/proc") &&
	    (step->kind == MOUNT_KIND_CGROUP ||
	     (step->kind == MOUNT_KIND_FILESYSTEM && !str_equal(mount->type, "proc"))))
		return error_set(err, 0, "mount %s on /proc: only proc can be mounted there",
				 mount->type);
	return step_check_options(step, err);
}

static int step_make(const struct container_config *config, const struct config_mount *mount,
		     struct arena *arena, struct mount_step *step, struct error *err)
{
	autofree char *clean = path_clean(mount->destination);

	mount_options_parse(&mount->options, arena, &step->options);
	step->destination = arena_str(arena, clean);
	step->kind = step_kind(mount, &step->options);
	step->source = mount->source;
	step->user = config->process ? config->process->user : NULL;
	if (step->kind == MOUNT_KIND_FILESYSTEM)
		step->type = mount->type;
	if (step->kind == MOUNT_KIND_CGROUP)
		step->type = "cgroup2";
	if (step->options.traits & MOUNT_TRAIT_LINES)
		step->lines = step_lines(config, step);
	if (step_check(step, mount, err) < 0)
		return -1;
	return step_idmap(config->linux, mount, arena, step, err);
}

bool mount_is_filled_later(const struct container_config *config, size_t index)
{
	const struct config_mount *mount = &config->mounts.items[index];
	autofree char *destination = path_clean(mount->destination);
	size_t length = strlen(destination);

	if (!str_equal(mount->type, "tmpfs"))
		return false;
	if (str_equal(destination, "/dev"))
		return true;
	for (size_t i = index + 1; i < config->mounts.count; i++) {
		autofree char *other = path_clean(config->mounts.items[i].destination);

		if (str_starts_with(other, destination) && other[length] == '/')
			return true;
	}
	return false;
}

bool mount_plan_has_propagations(const struct container_config *config)
{
	struct arena arena = { 0 };
	bool found = false;

	for (size_t i = 0; i < config->mounts.count && !found; i++) {
		struct mount_options options;

		mount_options_parse(&config->mounts.items[i].options, &arena, &options);
		found = options.propagations.count > 0;
	}
	arena_release(&arena);
	return found;
}

/*
 * The copy of a host's mount hears what its original hears.  With rootfsPropagation "private" or
 * "rprivate" it doesn't, unless the mount has a word of its own.
 */
static void default_propagation(const struct container_config *config, struct arena *arena,
				struct mount_step *step)
{
	const char *word = config->linux->rootfs_propagation;
	uint64_t *propagation;

	if (step->kind == MOUNT_KIND_REMOUNT || step->options.propagations.count ||
	    (!str_equal(word, "private") && !str_equal(word, "rprivate")))
		return;
	propagation = arena_alloc(arena, sizeof(*propagation));
	*propagation = MS_PRIVATE | MS_REC;
	step->options.propagations.items = propagation;
	step->options.propagations.count = 1;
}

static bool namespace_is_new(const struct container_config *config, enum config_namespace_type type)
{
	const struct config_namespace *namespace = config_find_namespace(config, type);

	return namespace && !namespace->path;
}

int mount_plan_make(const struct container_config *config, struct mount_plan *ret_plan,
		    struct error *err)
{
	const char *context_type = config_annotation(config, "run.oci.mount_context_type");
	struct mount_plan plan = {
		.context = config->linux->mount_label,
		.context_type = context_type ? context_type : "context",
		.own_pid_namespace = namespace_is_new(config, CONFIG_NS_PID),
		.own_ipc_namespace = namespace_is_new(config, CONFIG_NS_IPC),
	};

	if (config->process) {
		plan.owner_uid = (uid_t)config->process->user->uid.value;
		plan.owner_gid = (gid_t)config->process->user->gid.value;
	}
	plan.steps.items =
		arena_alloc(&plan.arena, (config->mounts.count + 1) * sizeof(struct mount_step));
	for (size_t i = 0; i < config->mounts.count; i++) {
		struct mount_step *step = &plan.steps.items[plan.steps.count];

		/* Where all problems are gathered, reading the config has told this one. */
		if (err->all && !*config->mounts.items[i].destination)
			continue;
		plan.steps.count++;
		step->index = i;
		step->source_fd = -1;
		step->context_fd = -1;
		if (step_make(config, &config->mounts.items[i], &plan.arena, step, err) < 0) {
			error_prefix(err, "mounts[%zu]", i);
			plan.steps.count--;
			if (error_gather(err, -1) == 0)
				continue;
			mount_plan_release(&plan);
			return -1;
		}
		default_propagation(config, &plan.arena, step);
		step->filled_later = mount_is_filled_later(config, i);
	}
	*ret_plan = plan;
	return 0;
}

void mount_plan_print(const struct mount_plan *plan, struct strbuf *out)
{
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];
		const char *what = step->kind == MOUNT_KIND_BIND ? step->source : step->type;
		autostrbuf struct strbuf options = { 0 }, line = { 0 };

		mount_options_print(&step->options, &options);
		strbuf_addf(&line, "  %s%s%s on %s%s%s", kind_names[step->kind], what ? " " : "",
			    what ? what : "", step->destination, options.size ? ": " : "",
			    options.size ? options.bytes : "");
		/* A line break in a path is a part of that path. */
		utf8_escape(line.bytes, out);
		strbuf_add_str(out, "\n");
	}
}

void mount_plan_release(struct mount_plan *plan)
{
	if (!plan)
		return;
	arena_release(&plan->arena);
	*plan = (struct mount_plan){ 0 };
}
