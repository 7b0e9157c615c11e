// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/spec.h"

#include <stdbool.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/masked.h"

/* The group "tty", which old C libraries expect as the group of a terminal of openpty(3). */
#define TTY_GID	     5
#define TTY_GID_TEXT "5"

#define OPEN_FILES_MAX 1024

struct spec_mount {
	const char *destination;
	const char *type;
	const char *source;
	struct mount_change change;
	struct {
		const char *key;
		const char *value; /* NULL: the option has none */
	} data[4];		   /* up to the first without a key */
};

#define NO_SUID_EXEC_DEV (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV)
/* The atime mode is a number in three bits, see struct mount_change; relatime is 0. */
#define ATIME MOUNT_ATTR__ATIME

/* clang-format off */
static const struct spec_mount mounts[] = {
	{ .destination = "/proc", .type = "proc", .source = "proc",
	  .change.set = NO_SUID_EXEC_DEV },
	{ .destination = "/dev", .type = "tmpfs", .source = "tmpfs",
	  .change = { .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, .clear = ATIME },
	  .data = { { "mode", "755" }, { "size", "65536k" } } },
	{ .destination = "/dev/pts", .type = "devpts", .source = "devpts",
	  .change.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
	  .data = { { "newinstance", NULL }, { "ptmxmode", "0666" }, { "mode", "0620" } } },
	{ .destination = "/dev/shm", .type = "tmpfs", .source = "shm",
	  .change.set = NO_SUID_EXEC_DEV,
	  .data = { { "mode", "1777" }, { "size", "65536k" } } },
	{ .destination = "/dev/mqueue", .type = "mqueue", .source = "mqueue",
	  .change.set = NO_SUID_EXEC_DEV },
	{ .destination = "/sys", .type = "sysfs", .source = "sysfs",
	  .change.set = NO_SUID_EXEC_DEV | MOUNT_ATTR_RDONLY },
	{ .destination = "/sys/fs/cgroup", .type = "cgroup", .source = "cgroup",
	  .change = { .set = NO_SUID_EXEC_DEV | MOUNT_ATTR_RDONLY, .clear = ATIME } },
};
/* clang-format on */

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const int namespaces[] = {
	CONFIG_NS_PID,	 CONFIG_NS_NETWORK, CONFIG_NS_IPC,  CONFIG_NS_UTS,
	CONFIG_NS_MOUNT, CONFIG_NS_CGROUP,  CONFIG_NS_USER,
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static const uint64_t capabilities = CONFIG_CAPABILITY(CAP_AUDIT_WRITE) |
				     CONFIG_CAPABILITY(CAP_KILL) |
				     CONFIG_CAPABILITY(CAP_NET_BIND_SERVICE);

#define LIST_NEW(arena, list, n)                                                    \
	do {                                                                        \
		(list)->items = arena_alloc((arena), (n) * sizeof(*(list)->items)); \
		(list)->count = (n);                                                \
	} while (0)

static void fill_strings(struct arena *arena, const char *const *texts, struct str_list *list)
{
	size_t count = 0;

	while (texts[count])
		count++;
	LIST_NEW(arena, list, count);
	for (size_t i = 0; i < count; i++)
		list->items[i] = arena_str(arena, texts[i]);
}

static bool is_mapped(const config_id_mappings *mappings, uint64_t inner)
{
	for (size_t i = 0; i < mappings->count; i++) {
		const struct config_id_mapping *m = &mappings->items[i];

		if (inner >= m->inner.value && inner - m->inner.value < m->count.value)
			return true;
	}
	return false;
}

static void fill_mappings(struct arena *arena, const config_id_mappings *from,
			  config_id_mappings *to)
{
	LIST_NEW(arena, to, from->count);
	for (size_t i = 0; i < from->count; i++)
		to->items[i] = from->items[i];
}

static void fill_default_process(struct arena *arena, struct config_process *process)
{
	process->terminal = true;
	process->user = arena_alloc(arena, sizeof(*process->user));
	process->user->uid = (struct opt_u64){ true, 0 };
	process->user->gid = (struct opt_u64){ true, 0 };
	fill_strings(arena, TEXTS(CONFIG_SHELL), &process->args);
	fill_strings(arena, TEXTS("PATH=" CONFIG_DEFAULT_PATH, "TERM=xterm"), &process->env);
	process->cwd = arena_str(arena, "/");
	process->capabilities = arena_alloc(arena, sizeof(*process->capabilities));
	process->capabilities->bounding = capabilities;
	process->capabilities->effective = capabilities;
	process->capabilities->permitted = capabilities;
	LIST_NEW(arena, &process->rlimits, 1);
	process->rlimits.items[0] = (struct config_rlimit){
		.type = RLIMIT_NOFILE,
		.soft = { true, OPEN_FILES_MAX },
		.hard = { true, OPEN_FILES_MAX },
	};
	process->no_new_privileges = true;
}

static void fill_mounts(const struct spec_input *input, struct container_config *config)
{
	struct arena *arena = &config->arena;

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		const struct spec_mount *row = &mounts[i];
		struct config_mount *mount =
			config_add_mount(config, row->destination, row->type, row->source);

		mount->options.top = row->change;
		for (size_t j = 0; j < ARRAY_SIZE(row->data) && row->data[j].key; j++)
			mount_options_add_datum(&mount->options, arena, row->data[j].key,
						row->data[j].value);
		/* The kernel refuses gid= if the group has no mapping in the user namespace. */
		if (mount->kind == MOUNT_KIND_DEVPTS && is_mapped(&input->gid_mappings, TTY_GID))
			mount_options_add_datum(&mount->options, arena, "gid", TTY_GID_TEXT);
		if (mount->kind == MOUNT_KIND_SYSFS && input->like_rootless_runc) {
			mount->type = arena_str(arena, "none");
			mount->source = arena_str(arena, "/sys");
			mount->options.traits = MOUNT_TRAIT_BIND | MOUNT_TRAIT_RECURSIVE;
			config_mount_set_kind(mount);
		}
	}
}

static void fill_linux(const struct spec_input *input, struct arena *arena,
		       struct config_linux *linux)
{
	LIST_NEW(arena, &linux->namespaces, ARRAY_SIZE(namespaces));
	linux->namespaces.count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
		if (!input->like_rootless_runc ||
		    (namespaces[i] != CONFIG_NS_NETWORK && namespaces[i] != CONFIG_NS_CGROUP))
			linux->namespaces.items[linux->namespaces.count++].type = namespaces[i];
	fill_mappings(arena, &input->uid_mappings, &linux->uid_mappings);
	fill_mappings(arena, &input->gid_mappings, &linux->gid_mappings);
	masked_paths_default(MASKED_CPUS, arena, &linux->masked_paths);
	fill_strings(arena, readonly_paths, &linux->readonly_paths);
}

int spec_config(const struct spec_input *input, struct container_config *ret_config,
		struct error *err)
{
	struct container_config config = { 0 };
	struct arena *arena = &config.arena;

	if (!is_mapped(&input->uid_mappings, 0) || !is_mapped(&input->gid_mappings, 0))
		return error_set(err, 0,
				 "the mappings have no id 0: the container would have no root");
	config.oci_version = arena_str(arena, CONFIG_SPEC_VERSION);
	config.process = arena_alloc(arena, sizeof(*config.process));
	fill_default_process(arena, config.process);
	config.root = arena_alloc(arena, sizeof(*config.root));
	config.root->path = arena_str(arena, "rootfs");
	config.root->readonly = true;
	config.hostname = arena_str(arena, "urun");
	fill_mounts(input, &config);
	config.linux = arena_alloc(arena, sizeof(*config.linux));
	fill_linux(input, arena, config.linux);
	if (input->network)
		config_set_annotation(&config, CONFIG_ANNOTATION_NETWORK, input->network);
	*ret_config = config;
	return 0;
}
