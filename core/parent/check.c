// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/span.h"
#include "core/base/str.h"

/* ---- the root and what is bound ---- */

static int open_root(const struct container_config *config, int *ret_fd, struct error *err)
{
	*ret_fd = open(config->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, errno, "root.path: open %s", config->root->path) : 0;
}

static int check_source(const struct config_mount *mount, size_t index, struct error *err)
{
	struct stat st;

	if (!config_mount_is_bind(mount))
		return 0;
	if (!mount->source)
		return error_set(err, 0, "mounts[%zu].source: missing for a bind mount", index);
	if ((config_mount_is_of_link(mount) ? lstat : stat)(mount->source, &st) < 0)
		return error_set(err, errno, "mounts[%zu].source: %s", index, mount->source);
	return 0;
}

static int check_sources(const struct container_config *config, struct error *err)
{
	for (size_t i = 0; i < config->mounts.count; i++)
		if (error_gather(err, check_source(&config->mounts.items[i], i, err)) < 0)
			return -1;
	return 0;
}

/* ---- hooks ---- */

static int check_hook_list(const config_hook_list *hooks, const char *name, struct error *err)
{
	for (size_t i = 0; i < hooks->count; i++) {
		const char *path = hooks->items[i].path;

		if (access(path, X_OK) < 0 &&
		    error_gather(err, error_set(err, errno, "hooks.%s[%zu].path: %s", name, i,
						path)) < 0)
			return -1;
	}
	return 0;
}

/* The others are executed inside, where the root file system is another. */
static int check_hooks(const struct config_hooks *hooks, struct error *err)
{
	if (!hooks)
		return 0;
	if (check_hook_list(&hooks->prestart, "prestart", err) < 0 ||
	    check_hook_list(&hooks->create_runtime, "createRuntime", err) < 0 ||
	    check_hook_list(&hooks->poststart, "poststart", err) < 0)
		return -1;
	return check_hook_list(&hooks->poststop, "poststop", err);
}

/* ---- the program ---- */

/* Would @path (absolute) be looked for in something that is mounted over the root? */
static bool is_covered(const struct container_config *config, const char *path)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		autofree char *destination = path_clean(config->mounts.items[i].destination);
		size_t length = strlen(destination);

		if (strncmp(path, destination, length) == 0 &&
		    (path[length] == '/' || path[length] == '\0'))
			return true;
	}
	return false;
}

/* 0: it is there, or can't be told; else an errno. */
static int find_program(const struct container_config *config, int root, const char *path)
{
	autofree char *clean = path_clean(path);
	autoclose int fd = -1;

	if (is_covered(config, clean))
		return 0;
	fd = path_open_in_root(root, clean, O_PATH, 0);
	return fd == -ENOENT || fd == -ENOTDIR ? -fd : 0;
}

static bool is_in_path(const struct container_config *config, int root, const char *program)
{
	const char *folders = config_env(config->process, "PATH");
	struct span rest, folder;

	folders = folders ? folders : CONFIG_DEFAULT_PATH;
	rest = (struct span){ folders, strlen(folders) };
	while (span_cut(&rest, ':', &folder)) {
		autofree char *path =
			str_format("%.*s/%s", (int)folder.size, folder.bytes, program);

		if (find_program(config, root, path) == 0)
			return true;
	}
	return false;
}

/*
 * A hook may still put it there.  An overlay shows the root as it is, but for what was removed from
 * it, which is the container's own doing.
 */
static int check_program(const struct container_config *config, int root, struct error *err)
{
	const struct config_process *process = config->process;
	const char *program;

	if (!process || process->args.count == 0 || config->hooks)
		return 0;
	program = process->args.items[0];
	if (!strchr(program, '/') && !is_in_path(config, root, program))
		return error_set(err, 0,
				 "process.args[0]: %s is in no folder of the container's PATH",
				 program);
	if (program[0] == '/' && find_program(config, root, program) != 0)
		return error_set(err, 0, "process.args[0]: %s isn't in the root file system",
				 program);
	return 0;
}

int check_files(const struct container_config *config, struct error *err)
{
	autoclose int root = -1;
	int result = error_gather(err, open_root(config, &root, err));

	if (result < 0 || check_sources(config, err) < 0 || check_hooks(config->hooks, err) < 0)
		return -1;
	return root < 0 ? 0 : check_program(config, root, err);
}
