// SPDX-License-Identifier: Apache-2.0
// Runs in: parent (pack), init (unpack).
#include "core/sync/mount_order.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "core/base/path.h"
#include "core/base/span.h"

/* Fewer bytes than any step takes: what bounds the memory that a number of steps can ask for. */
#define STEP_BYTES_MIN 16

/*
 * One walk over a plan, which either writes the members or reads them: the two directions can't
 * differ.
 */
struct walk {
	struct strbuf *out; /* NULL: reading */
	struct span in;	    /* what is left to be read */
	struct arena *arena;
	bool failed;
};

static uint64_t read_order_number(struct walk *walk)
{
	uint64_t number = 0;

	for (unsigned int shift = 0; walk->in.size > 0 && shift < 64; shift += 7) {
		uint64_t byte = (unsigned char)*walk->in.bytes++;

		walk->in.size--;
		/* What doesn't fit 64 bits, and a last byte of 0, which the writer never makes. */
		if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
			break;
		number |= (byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return number;
	}
	walk->failed = true;
	return 0;
}

static void write_number(struct walk *walk, uint64_t number)
{
	char bytes[10];
	size_t count = 0;

	for (; number > 0x7f; number >>= 7)
		bytes[count++] = (char)(number | 0x80);
	bytes[count++] = (char)number;
	strbuf_add(walk->out, bytes, count);
}

static void walk_number(struct walk *walk, uint64_t *number, uint64_t max)
{
	if (walk->out) {
		write_number(walk, *number);
		return;
	}
	*number = read_order_number(walk);
	if (*number > max) {
		*number = 0;
		walk->failed = true;
	}
}

/* A member of another type than uint64_t. */
#define WALK_NUMBER(walk, member, max)                  \
	do {                                            \
		uint64_t number_ = (uint64_t)(member);  \
                                                        \
		walk_number((walk), &number_, (max));   \
		(member) = (__typeof__(member))number_; \
	} while (0)

/* Bits of @known, each in one of the two at most, but for the atime mode's. */
static void walk_change(struct walk *walk, struct mount_change *change, uint64_t known,
			uint64_t atime)
{
	walk_number(walk, &change->set, UINT64_MAX);
	walk_number(walk, &change->clear, UINT64_MAX);
	if (((change->set | change->clear) & ~known) || (change->set & change->clear & ~atime) ||
	    ((change->set & atime) && (change->clear & atime) != atime))
		walk->failed = true;
}

static void walk_text(struct walk *walk, const char **text)
{
	uint64_t size = *text ? strlen(*text) + 1 : 0;

	walk_number(walk, &size, walk->in.size);
	if (walk->out) {
		if (*text)
			strbuf_add(walk->out, *text, size);
		return;
	}
	*text = NULL;
	if (size == 0)
		return;
	/* walk_number() bounded the size by what was left before the number itself was read. */
	if (size > walk->in.size ||
	    memchr(walk->in.bytes, '\0', size) != walk->in.bytes + size - 1) {
		walk->failed = true;
		return;
	}
	*text = walk->in.bytes;
	walk->in.bytes += size;
	walk->in.size -= size;
}

/* @items: a pointer to the list's items.  Each takes @least bytes or more. */
static void walk_list(struct walk *walk, void **items, size_t *count, size_t item_size,
		      size_t least)
{
	WALK_NUMBER(walk, *count, walk->in.size / least);
	if (!walk->out)
		*items = *count ? arena_alloc(walk->arena, *count * item_size) : NULL;
}

#define WALK_LIST(walk, list, least)                                                         \
	do {                                                                                 \
		void *items_ = (list)->items;                                                \
                                                                                             \
		walk_list((walk), &items_, &(list)->count, sizeof(*(list)->items), (least)); \
		(list)->items = items_;                                                      \
	} while (0)

static void walk_options(struct walk *walk, struct mount_options *options)
{
	WALK_NUMBER(walk, options->traits, MOUNT_TRAITS_ALL);
	walk_change(walk, &options->top, MOUNT_ATTRS_ALL, MOUNT_ATTR__ATIME);
	walk_change(walk, &options->tree, MOUNT_ATTRS_ALL, MOUNT_ATTR__ATIME);
	walk_change(walk, &options->super, MOUNT_SUPER_ALL, 0);
	WALK_LIST(walk, &options->propagations, 1);
	for (size_t i = 0; i < options->propagations.count && !walk->failed; i++) {
		WALK_NUMBER(walk, options->propagations.items[i], MOUNT_PROPAGATION_COUNT - 1);
		if (options->propagations.items[i] == MOUNT_PROPAGATION_NONE)
			walk->failed = true;
	}
	WALK_LIST(walk, &options->data, 2);
	for (size_t i = 0; i < options->data.count && !walk->failed; i++) {
		walk_text(walk, &options->data.items[i].key);
		walk_text(walk, &options->data.items[i].value);
		if (!options->data.items[i].key)
			walk->failed = true;
	}
}

static void walk_step(struct walk *walk, struct mount_step *step)
{
	WALK_NUMBER(walk, step->index, UINT32_MAX);
	WALK_NUMBER(walk, step->kind, MOUNT_KIND_COUNT - 1);
	walk_text(walk, &step->type);
	walk_text(walk, &step->source);
	walk_text(walk, &step->destination);
	walk_options(walk, &step->options);
	walk_text(walk, &step->uid_map);
	walk_text(walk, &step->gid_map);
	walk_text(walk, &step->lines);
	WALK_NUMBER(walk, step->filled_later, 1);
}

static void walk_plan(struct walk *walk, struct mount_plan *plan)
{
	walk_text(walk, &plan->context);
	walk_text(walk, &plan->context_type);
	WALK_NUMBER(walk, plan->root_propagation, MOUNT_PROPAGATION_COUNT - 1);
	WALK_NUMBER(walk, plan->has_propagations, 1);
	WALK_NUMBER(walk, plan->own_pid_namespace, 1);
	WALK_NUMBER(walk, plan->own_ipc_namespace, 1);
	WALK_LIST(walk, &plan->steps, STEP_BYTES_MIN);
	for (size_t i = 0; i < plan->steps.count && !walk->failed; i++)
		walk_step(walk, &plan->steps.items[i]);
}

void mount_order_pack(const struct mount_plan *plan, struct strbuf *out)
{
	/* Writing changes nothing. */
	struct mount_plan walked = *plan;
	struct walk walk = { .out = out };

	walk_plan(&walk, &walked);
}

/* ---- what each step must be ---- */

static bool is_clean(const char *path)
{
	autofree char *clean = path_clean(path);

	return path[0] == '/' && path[1] && str_equal(path, clean);
}

static bool is_text(const char *text)
{
	return text && *text;
}

static bool has_consistent_members(const struct mount_step *step)
{
	unsigned int traits = step->options.traits;
	bool is_new = mount_kind_is_filesystem(step->kind) || step->kind == MOUNT_KIND_CGROUP;

	if (is_new ? !is_text(step->type) : step->type != NULL)
		return false;
	if (step->kind == MOUNT_KIND_BIND && !is_text(step->source))
		return false;
	if ((traits & (MOUNT_TRAIT_FILE | MOUNT_TRAIT_LINES)) && step->kind != MOUNT_KIND_BIND)
		return false;
	if ((traits & MOUNT_TRAIT_LINES) ? !step->lines : step->lines != NULL)
		return false;
	if ((traits & MOUNT_TRAIT_OWN) && step->kind != MOUNT_KIND_BIND)
		return false;
	if ((traits & MOUNT_TRAIT_COPY_UP) && step->kind != MOUNT_KIND_TMPFS)
		return false;
	if (step->filled_later && step->kind != MOUNT_KIND_TMPFS)
		return false;
	if (!step->uid_map != !step->gid_map)
		return false;
	if (step->uid_map && !(traits & MOUNT_TRAIT_IDMAP))
		return false;
	return !((traits & MOUNT_TRAIT_IDMAP) && step->kind == MOUNT_KIND_REMOUNT);
}

static bool is_complete(const struct mount_plan *plan)
{
	if (!plan->context_type)
		return false;
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];

		if (!step->destination || !is_clean(step->destination) ||
		    !has_consistent_members(step))
			return false;
	}
	return true;
}

int mount_order_unpack(const char *bytes, size_t size, struct mount_plan *ret_plan,
		       struct error *err)
{
	struct mount_plan plan = { 0 };
	struct walk walk = { .in = { bytes, size }, .arena = &plan.arena };

	walk_plan(&walk, &plan);
	if (walk.failed || walk.in.size > 0 || !is_complete(&plan)) {
		mount_plan_release(&plan);
		return error_set(err, EPROTO, "sync pipe: config message: no mount plan");
	}
	for (size_t i = 0; i < plan.steps.count; i++) {
		plan.steps.items[i].source_fd = -1;
		plan.steps.items[i].context_fd = -1;
		plan.steps.items[i].tree_fd = -1;
		plan.steps.items[i].idmapped_fd = -1;
	}
	*ret_plan = plan;
	return 0;
}
