// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/span.h"
#include "core/base/str.h"

/* ---- the root and the sources of binds ---- */

/*
 * Can't this process tell?  The container's root has rights over ids that the caller hasn't, so that a
 * directory which is closed to the caller can be open to init.
 */
static bool is_left_to_init(int errnum)
{
	return errnum == EACCES || errnum == EPERM;
}

static int check_root(const char *path, struct error *err)
{
	autoclose int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root >= 0 || is_left_to_init(errno))
		return 0;
	return error_set(err, errno, "open root file system %s", path);
}

static int check_source(const struct mount_step *step, struct error *err)
{
	const unsigned int link = MOUNT_TRAIT_SRC_NOFOLLOW | MOUNT_TRAIT_COPY_SYMLINK;
	int flags = step->options.traits & link ? AT_SYMLINK_NOFOLLOW : 0;

	if (step->kind != MOUNT_KIND_BIND || (step->options.traits & MOUNT_TRAIT_NOFAIL))
		return 0;
	if (faccessat(AT_FDCWD, step->source, F_OK, flags) == 0 || is_left_to_init(errno))
		return 0;
	error_set(err, errno, "mount %s on %s", step->source, step->destination);
	return error_prefix(err, "mounts[%zu]", step->index);
}

int check_files(const struct container_config *config, const struct mount_plan *mounts,
		struct error *err)
{
	if (error_gather(err, check_root(config->root->path, err)) < 0)
		return -1;
	for (size_t i = 0; i < mounts->steps.count; i++)
		if (error_gather(err, check_source(&mounts->steps.items[i], err)) < 0)
			return -1;
	return 0;
}

/* ---- the program ---- */

/* Would @path (absolute) be looked for in something that is mounted over the root? */
static bool is_covered(const struct mount_plan *mounts, const char *path)
{
	for (size_t i = 0; i < mounts->steps.count; i++) {
		const char *destination = mounts->steps.items[i].destination;
		size_t length = strlen(destination);

		if (strncmp(path, destination, length) == 0 &&
		    (path[length] == '/' || path[length] == '\0'))
			return true;
	}
	return false;
}

/* 0: it is there, or can't be told; else an errno. */
static int find_program(const struct mount_plan *mounts, int root, const char *path)
{
	autofree char *clean = path_clean(path);
	autoclose int fd = -1;

	if (is_covered(mounts, clean))
		return 0;
	fd = path_open_in_root(root, clean, O_PATH, 0);
	return fd == -ENOENT || fd == -ENOTDIR ? -fd : 0;
}

static bool is_in_path(const struct container_config *config, const struct mount_plan *mounts,
		       int root, const char *program)
{
	const char *folders = config_env(config->process, "PATH");
	struct span rest, folder;

	folders = folders ? folders : CONFIG_DEFAULT_PATH;
	rest = (struct span){ folders, strlen(folders) };
	while (span_cut(&rest, ':', &folder)) {
		autofree char *path =
			str_format("%.*s/%s", (int)folder.size, folder.bytes, program);

		if (find_program(mounts, root, path) == 0)
			return true;
	}
	return false;
}

/* ---- hooks ---- */

/* In the words of the run itself, see core/base/spawn.h. */
static int hook_error(const char *kind, size_t index, const char *path, int errnum,
		      struct error *err)
{
	error_set(err, errnum, "start %s", path);
	return error_prefix(err, "hooks.%s[%zu]", kind, index);
}

/* Hooks that are executed in the host's tree, in its namespaces or in the container's. */
static int check_hook_list(const config_hook_list *hooks, const char *kind, struct error *err)
{
	for (size_t i = 0; i < hooks->count; i++) {
		const char *path = hooks->items[i].path;

		if (access(path, X_OK) < 0 &&
		    error_gather(err, hook_error(kind, i, path, errno, err)) < 0)
			return -1;
	}
	return 0;
}

/* Those that are executed in the container's root. */
static int check_start_hooks(const config_hook_list *hooks, const struct mount_plan *mounts,
			     int root, struct error *err)
{
	for (size_t i = 0; i < hooks->count; i++) {
		const char *path = hooks->items[i].path;
		int missing = find_program(mounts, root, path);

		if (missing &&
		    error_gather(err, hook_error("startContainer", i, path, missing, err)) < 0)
			return -1;
	}
	return 0;
}

/* A poststop hook that fails is a warning of the run too. */
static void warn_of_poststop(const config_hook_list *hooks)
{
	for (size_t i = 0; i < hooks->count; i++) {
		struct error err = ERROR_NONE;

		if (access(hooks->items[i].path, X_OK) == 0)
			continue;
		hook_error("poststop", i, hooks->items[i].path, errno, &err);
		log_warning("%s: %s", err.text, error_errno_text(err.code));
	}
}

static int check_hooks(const struct config_hooks *hooks, const struct mount_plan *mounts, int root,
		       struct error *err)
{
	if (!hooks)
		return 0;
	if (check_hook_list(&hooks->prestart, "prestart", err) < 0 ||
	    check_hook_list(&hooks->create_runtime, "createRuntime", err) < 0 ||
	    check_hook_list(&hooks->create_container, "createContainer", err) < 0 ||
	    (root >= 0 && check_start_hooks(&hooks->start_container, mounts, root, err) < 0) ||
	    check_hook_list(&hooks->poststart, "poststart", err) < 0)
		return -1;
	warn_of_poststop(&hooks->poststop);
	return 0;
}

/* ---- what a start meets ---- */

/*
 * A hook may still put it there.  An overlay shows the root as it is, but for what was removed from
 * it, which is the container's own doing.  The words are those of init, see core/init/program.c.
 */
static int check_program(const struct container_config *config, const struct mount_plan *mounts,
			 int root, struct error *err)
{
	const struct config_process *process = config->process;
	const char *program;
	int missing;

	if (!process || process->args.count == 0 || config->hooks || root < 0)
		return 0;
	program = process->args.items[0];
	if (!strchr(program, '/'))
		return is_in_path(config, mounts, root, program)
			       ? 0
			       : error_set(err, ENOENT, "executable file `%s` not found in $PATH",
					   program);
	missing = program[0] == '/' ? find_program(mounts, root, program) : 0;
	return missing ? error_set(err, missing, "open executable `%s`", program) : 0;
}

int check_start(const struct container_config *config, const struct mount_plan *mounts,
		struct error *err)
{
	autoclose int root = open(config->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (check_hooks(config->hooks, mounts, root, err) < 0)
		return -1;
	return check_program(config, mounts, root, err);
}
