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

/*
 * The second id of a mapping is the host's in config.json.  But init writes the map from inside of
 * the container's user namespace, so that the id is translated by the container's mapping.
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
			   struct arena *arena, const char **ret_map, struct error *err)
{
	autostrbuf struct strbuf map = { 0 };

	for (size_t i = 0; i < mappings->count; i++)
		if (map_add(container, &mappings->items[i], &map, err) < 0)
			return -1;
	*ret_map = arena_str(arena, map.bytes);
	return 0;
}

/* Where a range is relative ('@'), its second id is the container's already. */
static int map_from_ranges(const config_id_mappings *container, const mount_id_ranges *ranges,
			   struct arena *arena, const char **ret_map, struct error *err)
{
	static const config_id_mappings as_it_is = { 0 };
	autostrbuf struct strbuf map = { 0 };

	for (size_t i = 0; i < ranges->count; i++) {
		const struct mount_id_range *range = &ranges->items[i];
		const struct config_id_mapping mapping = { { true, range->inner },
							   { true, range->outer },
							   { true, range->count } };

		if (map_add(range->relative ? &as_it_is : container, &mapping, &map, err) < 0)
			return -1;
	}
	*ret_map = arena_str(arena, map.bytes);
	return 0;
}

static int step_idmap(const struct config_linux *lx, const struct config_mount *mount,
		      struct arena *arena, struct mount_step *step, struct error *err)
{
	const struct mount_idmap *idmap = step->options.idmap;

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
	} else if (idmap) {
		if (idmap->problem)
			return error_set(err, 0, "%s", idmap->problem);
		if (map_from_ranges(&lx->uid_mappings, &idmap->uids, arena, &step->uid_map, err) <
			    0 ||
		    map_from_ranges(&lx->gid_mappings, &idmap->gids, arena, &step->gid_map, err) <
			    0)
			return -1;
	}
	if ((step->options.traits & MOUNT_TRAIT_IDMAP) && step->kind == MOUNT_KIND_REMOUNT)
		return error_set(err, 0, "idmap: a remount can't change the mapping of ids");
	return 0;
}

/* The lines that x-urun-lines adds are annotations of the config, for these two files. */
static const char *step_lines(const struct container_config *config, const struct mount_step *step)
{
	if (str_equal(step->destination, "/etc/passwd"))
		return config_annotation(config, CONFIG_ANNOTATION_PASSWD);
	if (str_equal(step->destination, "/etc/group"))
		return config_annotation(config, CONFIG_ANNOTATION_GROUP);
	return NULL;
}

/*
 * Other runtimes ignore the options of a file system on a bind, and there are bundles with such
 * options (often mode=755): mount_plan_warn() warns of them.  Any other word is a mistake, and may
 * be one about security ("nosiud").
 */
static int check_bind_data(const struct mount_step *step, struct error *err)
{
	for (size_t i = 0; i < step->options.data.count; i++) {
		const struct mount_datum *datum = &step->options.data.items[i];

		if (!mount_datum_is_known(datum))
			return error_set(err, EINVAL,
					 "mount %s on %s: a bind mount takes no option '%s'",
					 step->source, step->destination, datum->key);
	}
	return 0;
}

void mount_plan_warn(const struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];

		for (size_t j = 0; step->kind == MOUNT_KIND_BIND && j < step->options.data.count;
		     j++) {
			const struct mount_datum *datum = &step->options.data.items[j];
			autostrbuf struct strbuf option = { 0 };

			if (mount_datum_is_of_engine(datum)) {
				log_debug("mounts[%zu]: option '%s' has no meaning here",
					  step->index, datum->key);
				continue;
			}
			mount_datum_print(datum, &option);
			log_warning(
				"mounts[%zu]: mount %s on %s: '%s' is left out, as a bind mount "
				"has no such option",
				step->index, step->source, step->destination, option.bytes);
		}
	}
}

/* Refuses options that the kernel would accept and ignore on such a mount. */
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
	if ((options->traits & MOUNT_TRAIT_OWN) &&
	    (step->kind != MOUNT_KIND_BIND || !str_equal(step->source, step->destination)))
		return error_set(err, 0,
				 "x-urun-own is for a bind whose source is its destination");
	if ((options->traits & MOUNT_TRAIT_COPY_UP) && step->kind != MOUNT_KIND_TMPFS)
		return error_set(err, 0, "tmpcopyup is for tmpfs only");
	return step->kind == MOUNT_KIND_BIND ? check_bind_data(step, err) : 0;
}

static int step_check(const struct mount_step *step, const struct config_mount *mount,
		      struct error *err)
{
	if (str_equal(step->destination, "/"))
		return error_set(err, 0, "nothing can be mounted on /: that is root.path's place");
	if (step->kind == MOUNT_KIND_OTHER &&
	    (!mount->type || !*mount->type || str_equal(mount->type, "none")))
		return error_set(
			err, 0,
			"mount on %s: neither a file system's type nor the option bind is given",
			step->destination);
	if (step->kind == MOUNT_KIND_BIND && (!mount->source || !*mount->source))
		return error_set(err, 0, "bind mount on %s: no source is given", step->destination);
	if (str_equal(step->destination, "/proc") &&
	    (step->kind == MOUNT_KIND_CGROUP ||
	     (mount_kind_is_filesystem(step->kind) && step->kind != MOUNT_KIND_PROC)))
		return error_set(err, 0, "mount %s on /proc: only proc can be mounted there",
				 mount->type);
	return step_check_options(step, err);
}

static int step_make(const struct container_config *config, const struct config_mount *mount,
		     struct arena *arena, struct mount_step *step, struct error *err)
{
	autofree char *clean = path_clean(mount->destination);

	step->options = mount->options;
	step->destination = arena_str(arena, clean);
	step->kind = mount->kind;
	step->source = mount->source;
	if (mount_kind_is_filesystem(step->kind))
		step->type = mount->type;
	if (step->kind == MOUNT_KIND_CGROUP)
		step->type = "cgroup2";
	if (step->options.traits & MOUNT_TRAIT_LINES)
		step->lines = step_lines(config, step);
	if (step_check(step, mount, err) < 0)
		return -1;
	return step_idmap(config->linux, mount, arena, step, err);
}

bool mount_kind_is_filesystem(enum mount_kind kind)
{
	return kind < MOUNT_KIND_CGROUP;
}

static bool is_filled_later(const struct mount_plan *plan, size_t index)
{
	const struct mount_step *step = &plan->steps.items[index];
	size_t length = strlen(step->destination);

	if (step->kind != MOUNT_KIND_TMPFS)
		return false;
	if (str_equal(step->destination, "/dev"))
		return true;
	for (size_t i = index + 1; i < plan->steps.count; i++) {
		const char *other = plan->steps.items[i].destination;

		if (str_starts_with(other, step->destination) && other[length] == '/')
			return true;
	}
	return false;
}

/*
 * A bind, which is a copy of a mount of the host, receives the mounts that its original receives.
 * With rootfsPropagation "private" or "rprivate" it is made private, unless its options set another
 * propagation.
 */
static void default_propagation(struct mount_plan *plan, struct mount_step *step)
{
	if (step->options.propagations.count) {
		plan->has_propagations = true;
		return;
	}
	if (step->kind != MOUNT_KIND_REMOUNT &&
	    mount_propagation_flag(plan->root_propagation) == MS_PRIVATE)
		mount_options_add_propagation(&step->options, &plan->arena, MOUNT_RPRIVATE);
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
		.user = config->process ? config->process->user : NULL,
		.root_propagation = config->linux->rootfs_propagation,
		.own_pid_namespace = namespace_is_new(config, CONFIG_NS_PID),
		.own_ipc_namespace = namespace_is_new(config, CONFIG_NS_IPC),
	};

	plan.steps.items =
		arena_alloc(&plan.arena, (config->mounts.count + 1) * sizeof(struct mount_step));
	for (size_t i = 0; i < config->mounts.count; i++) {
		struct mount_step *step = &plan.steps.items[plan.steps.count];

		/* Where all problems are gathered, config_check() has reported this one. */
		if (err->all && !*config->mounts.items[i].destination)
			continue;
		plan.steps.count++;
		*step = (struct mount_step){ .index = i,
					     .source_fd = -1,
					     .context_fd = -1,
					     .tree_fd = -1,
					     .idmapped_fd = -1 };
		if (step_make(config, &config->mounts.items[i], &plan.arena, step, err) < 0) {
			error_prefix(err, "mounts[%zu]", i);
			plan.steps.count--;
			if (error_gather(err, -1) == 0)
				continue;
			mount_plan_release(&plan);
			return -1;
		}
		default_propagation(&plan, step);
	}
	for (size_t i = 0; i < plan.steps.count; i++)
		plan.steps.items[i].filled_later = is_filled_later(&plan, i);
	*ret_plan = plan;
	return 0;
}

static const char *kind_name(enum mount_kind kind)
{
	switch (kind) {
	case MOUNT_KIND_CGROUP: return "cgroup";
	case MOUNT_KIND_BIND: return "bind";
	case MOUNT_KIND_REMOUNT: return "remount";
	default: return "file system";
	}
}

void mount_plan_print(const struct mount_plan *plan, struct strbuf *out)
{
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];
		const char *what = step->kind == MOUNT_KIND_BIND ? step->source : step->type;
		autostrbuf struct strbuf options = { 0 }, line = { 0 };

		mount_options_print(&step->options, &options);
		strbuf_addf(&line, "  %s%s%s on %s%s%s", kind_name(step->kind), what ? " " : "",
			    what ? what : "", step->destination, options.size ? ": " : "",
			    options.size ? options.bytes : "");
		/* A path may have line breaks. */
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
