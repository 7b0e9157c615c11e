// SPDX-License-Identifier: Apache-2.0
#include "core/config/config.h"

#include <sched.h>
#include <string.h>

#include "core/base/mountinfo.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/shapes.h"

/* Since Linux 5.6; older C libraries don't define it. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct {
	const char *file;
	int flag;
} namespace_kinds[CONFIG_NS_COUNT] = {
	[CONFIG_NS_PID] = { "pid", CLONE_NEWPID },
	[CONFIG_NS_NETWORK] = { "net", CLONE_NEWNET },
	[CONFIG_NS_MOUNT] = { "mnt", CLONE_NEWNS },
	[CONFIG_NS_IPC] = { "ipc", CLONE_NEWIPC },
	[CONFIG_NS_UTS] = { "uts", CLONE_NEWUTS },
	[CONFIG_NS_USER] = { "user", CLONE_NEWUSER },
	[CONFIG_NS_CGROUP] = { "cgroup", CLONE_NEWCGROUP },
	[CONFIG_NS_TIME] = { "time", CLONE_NEWTIME },
};

void config_print(const struct container_config *config, enum json_style style, struct strbuf *out)
{
	json_write(&container_config_shape, config, style, out);
}

void config_release(struct container_config *config)
{
	if (!config)
		return;
	arena_release(&config->arena);
	*config = (struct container_config){ 0 };
}

struct config_namespace *config_find_namespace(const struct container_config *config,
					       enum config_namespace_type type)
{
	for (size_t i = 0; i < config->linux->namespaces.count; i++)
		if (config->linux->namespaces.items[i].type == (int)type)
			return &config->linux->namespaces.items[i];
	return NULL;
}

const char *config_namespace_name(enum config_namespace_type type)
{
	return config_namespace_types[type];
}

const char *config_namespace_file(enum config_namespace_type type)
{
	return namespace_kinds[type].file;
}

int config_namespace_flag(enum config_namespace_type type)
{
	return namespace_kinds[type].flag;
}

const config_hook_list *config_hooks_of(const struct config_hooks *hooks,
					enum config_hook_kind kind)
{
	static const config_hook_list none;

	return hooks ? &hooks->lists[kind] : &none;
}

bool config_mount_is_bind(const struct config_mount *mount)
{
	return (mount->options.traits & MOUNT_TRAIT_BIND) || str_equal(mount->type, "bind");
}

void config_mount_set_kind(struct config_mount *mount)
{
	static const struct {
		const char *type;
		enum mount_kind kind;
	} types[] = {
		{ "proc", MOUNT_KIND_PROC },	 { "sysfs", MOUNT_KIND_SYSFS },
		{ "tmpfs", MOUNT_KIND_TMPFS },	 { "mqueue", MOUNT_KIND_MQUEUE },
		{ "devpts", MOUNT_KIND_DEVPTS }, { "overlay", MOUNT_KIND_OVERLAY },
		{ "cgroup", MOUNT_KIND_CGROUP }, { "cgroup2", MOUNT_KIND_CGROUP },
	};

	mount->kind = MOUNT_KIND_OTHER;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_equal(mount->type, types[i].type))
			mount->kind = types[i].kind;
	if (config_mount_is_bind(mount))
		mount->kind = MOUNT_KIND_BIND;
	if (mount->options.traits & MOUNT_TRAIT_REMOUNT)
		mount->kind = MOUNT_KIND_REMOUNT;
}

const char *config_env(const struct config_process *process, const char *name)
{
	return str_list_value(&process->env, name);
}

const char *config_annotation(const struct container_config *config, const char *name)
{
	return str_map_value(&config->annotations, name);
}

bool config_keeps_groups(const struct container_config *config)
{
	const char *value = config_annotation(config, CONFIG_ANNOTATION_KEEP_GROUPS);

	return value && !str_equal(value, "0");
}

bool config_hides(const struct container_config *config, const char *path)
{
	const char *hidden = config_annotation(config, CONFIG_ANNOTATION_HIDDEN);
	autofree char *copy = str_dup(hidden ? hidden : "");

	for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) {
		mountinfo_unescape(line);
		if (*line && path_is_in(path, line))
			return true;
	}
	return false;
}

bool config_may_get(const struct config_process *process, int capability)
{
	return process && process->capabilities &&
	       (process->capabilities->bounding & CONFIG_CAPABILITY(capability));
}
