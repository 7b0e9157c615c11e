// SPDX-License-Identifier: Apache-2.0
#include "core/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/config/check.h"
#include "core/config/shapes.h"

/* Linux 5.6; older C libraries don't have it. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct {
	const char *name;
	const char *file;
	int flag;
} namespace_kinds[CONFIG_NS_COUNT] = {
	[CONFIG_NS_PID] = { "pid", "pid", CLONE_NEWPID },
	[CONFIG_NS_NETWORK] = { "network", "net", CLONE_NEWNET },
	[CONFIG_NS_MOUNT] = { "mount", "mnt", CLONE_NEWNS },
	[CONFIG_NS_IPC] = { "ipc", "ipc", CLONE_NEWIPC },
	[CONFIG_NS_UTS] = { "uts", "uts", CLONE_NEWUTS },
	[CONFIG_NS_USER] = { "user", "user", CLONE_NEWUSER },
	[CONFIG_NS_CGROUP] = { "cgroup", "cgroup", CLONE_NEWCGROUP },
	[CONFIG_NS_TIME] = { "time", "time", CLONE_NEWTIME },
};

/* What nearly every reader would otherwise ask "is it there?" of. */
static void fill_process(struct config_process *process, struct arena *arena)
{
	if (process->user)
		return;
	process->user = arena_alloc(arena, sizeof(*process->user));
	process->user->uid.set = true;
	process->user->gid.set = true;
}

/* Programs in Go write "" for a path that isn't given. */
static void drop_empty_paths(struct config_linux *linux_)
{
	for (size_t i = 0; i < linux_->namespaces.count; i++)
		if (str_equal(linux_->namespaces.items[i].path, ""))
			linux_->namespaces.items[i].path = NULL;
	if (str_equal(linux_->cgroups_path, ""))
		linux_->cgroups_path = NULL;
}

/* Source: OCI runtime-spec 1.2, config.md "Mounts": a relative destination is relative to "/". */
static void make_destinations_absolute(struct container_config *config)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		struct config_mount *mount = &config->mounts.items[i];

		if (mount->destination[0] && mount->destination[0] != '/')
			mount->destination = arena_strf(&config->arena, "/%s", mount->destination);
	}
}

/* json_read() or json_read_own() */
typedef int read_json(const char *bytes, size_t size, const struct json_shape *shape, void *object,
		      struct arena *arena, struct error *err);

static int parse_with(read_json *read, const char *bytes, size_t size,
		      struct container_config *config, struct error *err)
{
	struct container_config parsed;
	struct arena arena = { 0 };
	int result = read(bytes, size, &container_config_shape, &parsed, &arena, err);

	parsed.arena = arena;
	if (result == 0 && !parsed.linux_)
		parsed.linux_ = arena_alloc(&parsed.arena, sizeof(*parsed.linux_));
	if (result == 0) {
		drop_empty_paths(parsed.linux_);
		make_destinations_absolute(&parsed);
	}
	if (result == 0 && parsed.process)
		fill_process(parsed.process, &parsed.arena);
	if (result == 0)
		result = config_check(&parsed, err);
	if (result < 0) {
		config_release(&parsed);
		*config = (struct container_config){ 0 };
		return -1;
	}
	*config = parsed;
	return 0;
}

int config_parse(const char *bytes, size_t size, struct container_config *config, struct error *err)
{
	return parse_with(json_read, bytes, size, config, err);
}

int config_parse_own(const char *bytes, size_t size, struct container_config *config,
		     struct error *err)
{
	return parse_with(json_read_own, bytes, size, config, err);
}

int config_check_text(const struct container_config *config, struct error *err)
{
	return json_check_text(&container_config_shape, config, err);
}

int config_load(const char *path, struct container_config *config, struct error *err)
{
	autofree char *bytes = NULL;
	size_t size;
	int failed = fd_read_file(path, JSON_SIZE_MAX, &bytes, &size);

	*config = (struct container_config){ 0 };
	if (failed == -ENODATA)
		return error_set(err, 0, "%s: a FIFO that nothing is written to", path);
	if (failed == -EISDIR || failed == -ENOTSUP)
		return error_set(err, 0, "%s: not a regular file or a pipe", path);
	if (failed == -EFBIG)
		return error_set(err, 0, "%s: larger than %u bytes", path, JSON_SIZE_MAX);
	if (failed < 0)
		return error_set(err, -failed, "%s: open", path);
	if (config_parse(bytes, size, config, err) < 0)
		return error_prefix(err, "%s", path);
	return 0;
}

int config_parse_process(const char *bytes, size_t size, struct arena *arena,
			 struct config_process **ret_process, struct error *err)
{
	struct config_process *process = arena_alloc(arena, sizeof(*process));

	if (json_read(bytes, size, &config_process_shape, process, arena, err) < 0)
		return -1;
	fill_process(process, arena);
	if (config_check_process(process, "", err) < 0)
		return -1;
	*ret_process = process;
	return 0;
}

int config_parse_seccomp(const char *bytes, size_t size, struct arena *arena,
			 struct config_seccomp **ret_seccomp, struct error *err)
{
	struct config_seccomp *seccomp = arena_alloc(arena, sizeof(*seccomp));

	if (json_read(bytes, size, &config_seccomp_shape, seccomp, arena, err) < 0 ||
	    config_check_seccomp(seccomp, err) < 0)
		return -1;
	*ret_seccomp = seccomp;
	return 0;
}

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
	for (size_t i = 0; i < config->linux_->namespaces.count; i++)
		if (config->linux_->namespaces.items[i].type == (int)type)
			return &config->linux_->namespaces.items[i];
	return NULL;
}

const char *config_namespace_name(enum config_namespace_type type)
{
	return namespace_kinds[type].name;
}

const char *config_namespace_file(enum config_namespace_type type)
{
	return namespace_kinds[type].file;
}

int config_namespace_flag(enum config_namespace_type type)
{
	return namespace_kinds[type].flag;
}

bool config_mount_has(const struct config_mount *mount, const char *option)
{
	for (size_t i = 0; i < mount->options.count; i++)
		if (str_equal(mount->options.items[i], option))
			return true;
	return false;
}

bool config_mount_is_bind(const struct config_mount *mount)
{
	return str_equal(mount->type, "bind") || config_mount_has(mount, "bind") ||
	       config_mount_has(mount, "rbind");
}

bool config_mount_is_of_link(const struct config_mount *mount)
{
	return config_mount_has(mount, "src-nofollow") || config_mount_has(mount, "copy-symlink");
}

const char *config_env(const struct config_process *process, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = process->env.count; i > 0; i--)
		if (strncmp(process->env.items[i - 1], name, length) == 0 &&
		    process->env.items[i - 1][length] == '=')
			return process->env.items[i - 1] + length + 1;
	return NULL;
}

const char *config_annotation(const struct container_config *config, const char *name)
{
	for (size_t i = 0; i < config->annotations.count; i++)
		if (str_equal(config->annotations.items[i].name, name))
			return config->annotations.items[i].value;
	return NULL;
}
