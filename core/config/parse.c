// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/check.h"
#include "core/config/config.h"
#include "core/config/shapes.h"

/* Adds the default user, so that no reader has to test whether there is one. */
static void add_default_user(struct config_process *process, struct arena *arena)
{
	if (process->user)
		return;
	process->user = arena_alloc(arena, sizeof(*process->user));
	process->user->uid.set = true;
	process->user->gid.set = true;
}

/*
 * Drops empty paths, which programs in Go write for a path that isn't given; sets each mount's kind,
 * and makes its destination absolute.  Source: OCI runtime-spec 1.2, config.md "Mounts".
 */
static void normalize_paths_and_mounts(struct container_config *config)
{
	struct config_linux *linux = config->linux;

	for (size_t i = 0; i < linux->namespaces.count; i++)
		if (str_equal(linux->namespaces.items[i].path, ""))
			linux->namespaces.items[i].path = NULL;
	if (str_equal(linux->cgroups_path, ""))
		linux->cgroups_path = NULL;
	for (size_t i = 0; i < config->mounts.count; i++) {
		struct config_mount *mount = &config->mounts.items[i];

		config_mount_set_kind(mount);
		if (mount->destination[0] && mount->destination[0] != '/')
			mount->destination = arena_strf(&config->arena, "/%s", mount->destination);
	}
}

/*
 * "net/ipv4/conf/eth0.1/forwarding" becomes "net.ipv4.conf.eth0/1.forwarding": the first of '.' and
 * '/' in a name divides its parts, and the other one belongs to a part.  Source: sysctl(8).
 */
static void divide_sysctls_by_dots(str_map *sysctl)
{
	for (size_t i = 0; i < sysctl->count; i++) {
		char *name = sysctl->items[i].name;

		if (name[strcspn(name, "./")] != '/')
			continue;
		for (char *c = name; *c; c++)
			*c = *c == '/' ? '.' : *c == '.' ? '/' : *c;
	}
}

/* By name; of one name, the earlier entry first. */
static int compare_sysctls(const void *a, const void *b)
{
	const struct str_pair *first = *(struct str_pair *const *)a;
	const struct str_pair *second = *(struct str_pair *const *)b;
	int order = strcmp(first->name, second->name);

	return order ? order : (first > second) - (first < second);
}

/*
 * A config may set one sysctl by both forms of its name.  The last value counts: written to the file
 * after the others, it would replace them.
 */
static void drop_repeated_sysctls(str_map *sysctl)
{
	autofree struct str_pair **sorted =
		mem_resize(NULL, sysctl->count, sizeof(struct str_pair *));
	size_t kept = 0;

	if (sysctl->count == 0)
		return;
	for (size_t i = 0; i < sysctl->count; i++)
		sorted[i] = &sysctl->items[i];
	qsort(sorted, sysctl->count, sizeof(struct str_pair *), compare_sysctls);
	for (size_t i = 0; i + 1 < sysctl->count; i++)
		if (str_equal(sorted[i]->name, sorted[i + 1]->name))
			sorted[i]->name = NULL;
	for (size_t i = 0; i < sysctl->count; i++)
		if (sysctl->items[i].name)
			sysctl->items[kept++] = sysctl->items[i];
	sysctl->count = kept;
}

/* An engine of the time before linux.seccomp.listenerPath names the socket by an annotation. */
static void take_seccomp_receiver(struct container_config *config)
{
	struct config_seccomp *seccomp = config->linux->seccomp;
	const char *receiver = config_annotation(config, CONFIG_ANNOTATION_SECCOMP_RECEIVER);

	if (seccomp && !seccomp->listener_path && receiver)
		seccomp->listener_path = arena_str(&config->arena, receiver);
}

int config_complete(struct container_config *config, struct error *err)
{
	if (!config->linux)
		config->linux = arena_alloc(&config->arena, sizeof(*config->linux));
	normalize_paths_and_mounts(config);
	take_seccomp_receiver(config);
	if (config->process)
		add_default_user(config->process, &config->arena);
	if (config_check(config, err) < 0)
		return -1;
	divide_sysctls_by_dots(&config->linux->sysctl);
	drop_repeated_sysctls(&config->linux->sysctl);
	return 0;
}

/* json_read() or json_read_own() */
typedef int read_json(const char *bytes, size_t size, const struct json_shape *shape, void *object,
		      struct arena *arena, struct error *err);

static int parse_config(read_json *read, const char *bytes, size_t size,
			struct container_config *config, struct error *err)
{
	struct container_config parsed;
	struct arena arena = { 0 };
	int result = read(bytes, size, &container_config_shape, &parsed, &arena, err);

	parsed.arena = arena;
	if (result == 0)
		result = config_complete(&parsed, err);
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
	return parse_config(json_read, bytes, size, config, err);
}

int config_parse_own(const char *bytes, size_t size, struct container_config *config,
		     struct error *err)
{
	return parse_config(json_read_own, bytes, size, config, err);
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
		return error_set(err, 0, "%s: an empty FIFO without a writer", path);
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
	add_default_user(process, arena);
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
