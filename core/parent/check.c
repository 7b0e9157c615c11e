// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * Looks at files that init will open later, to report what is wrong before anything is made.  Init
 * is root of the container's user namespace: it has all rights over files whose owner and group
 * have a mapping, and it sees the container's mounts.  The caller has neither.  So a check here
 * reports only what will certainly fail: a permission that the caller lacks is left to init
 * (is_left_to_init()), and a path below a mount point isn't looked for (is_covered()).
 */
#include "core/parent/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/passwd.h"
#include "core/base/path.h"
#include "core/base/span.h"
#include "core/base/str.h"
#include "core/base/target.h"
#include "core/config/change.h"
#include "core/config/check.h"
#include "core/config/layers.h"
#include "core/config/shapes.h"

/* ---- the root file system and the sources of bind mounts ---- */

/* A directory that is closed to the caller can be open to init. */
static bool is_left_to_init(int errnum)
{
	return errnum == EACCES || errnum == EPERM;
}

static int check_bind_source(const struct mount_step *step, const char *root, struct error *err)
{
	const unsigned int link = MOUNT_TRAIT_SRC_NOFOLLOW | MOUNT_TRAIT_COPY_SYMLINK;
	int flags = step->options.traits & link ? AT_SYMLINK_NOFOLLOW : 0;

	if (step->kind != MOUNT_KIND_BIND ||
	    (step->options.traits & (MOUNT_TRAIT_NOFAIL | MOUNT_TRAIT_OWN)))
		return 0;
	/* A source in the root, or in the container's cgroup, can be made before init binds it. */
	if (str_starts_with(step->source, root) || str_starts_with(step->source, "/sys/fs/cgroup/"))
		return 0;
	if (faccessat(AT_FDCWD, step->source, F_OK, flags) == 0 || is_left_to_init(errno))
		return 0;
	error_set(err, errno, "mount %s on %s", step->source, step->destination);
	return error_prefix(err, "mounts[%zu]", step->index);
}

/* Is @path (absolute) on a mount of the container, and not in the root file system itself? */
static bool is_covered(const struct mount_plan *mounts, const char *path)
{
	for (size_t i = 0; i < mounts->steps.count; i++)
		if (path_is_in(path, mounts->steps.items[i].destination))
			return true;
	return false;
}

/*
 * The errno with which init will fail to make or to find the mount point @path; 0: it won't fail,
 * or that can't be told.  The nearest directory above that exists decides: init has all rights over
 * it if both its owner and its group have a mapping, and otherwise its mode counts.
 */
static int mount_point_refusal(int root, const char *path, const struct userns_plan *userns)
{
	autofree char *above = str_dup(path);
	autoclose int fd = path_open_in_root(root, path, O_PATH | O_CLOEXEC, 0);
	int failed = fd < 0 ? -fd : 0;
	bool own_group;
	struct statvfs fs;
	struct stat st;

	if (failed != ENOENT && failed != EACCES)
		return 0;
	while (fd < 0 && *above) {
		*strrchr(above, '/') = '\0';
		fd = path_open_in_root(root, *above ? above : "/", O_PATH | O_CLOEXEC, 0);
	}
	if (fd < 0 || fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0)
		return 0;
	if (failed == ENOENT && (fs.f_flag & ST_RDONLY))
		return EROFS;
	own_group = idmap_maps_outer(&userns->gids, st.st_gid);
	if (own_group && idmap_maps_outer(&userns->uids, st.st_uid))
		return 0;
	/*
	 * If only the owner or only the group has a mapping, init may have the rights, or may not.
	 */
	if (idmap_maps_outer(&userns->uids, st.st_uid) ||
	    (own_group && (st.st_mode & (failed == EACCES ? S_IXGRP : S_IWGRP))))
		return 0;
	return st.st_mode & (failed == EACCES ? S_IXOTH : S_IWOTH) ? 0 : EACCES;
}

static int check_mount_point(const struct mount_step *step, int root,
			     const struct userns_plan *userns, struct error *err)
{
	const char *what = step->kind == MOUNT_KIND_BIND ? step->source : step->type;
	autofree char *mount = str_format("mount %s on %s", what ? what : "", step->destination);
	int refusal = mount_point_refusal(root, step->destination, userns);

	return refusal ? target_error(root, step->destination, refusal, mount, err) : 0;
}

int check_places(const struct container_config *config, const struct mount_plan *mounts,
		 const struct userns_plan *userns, struct error *err)
{
	autoclose int root = open(config->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || config_annotation(config, CONFIG_ANNOTATION_OVERLAY))
		return 0;
	for (size_t i = 0; i < mounts->steps.count; i++) {
		const struct mount_step *step = &mounts->steps.items[i];
		const struct mount_plan before = { .steps = { mounts->steps.items, i } };

		if (step->kind != MOUNT_KIND_REMOUNT && step->kind != MOUNT_KIND_CGROUP &&
		    !(step->options.traits & MOUNT_TRAIT_NOFAIL) &&
		    !is_covered(&before, step->destination) &&
		    error_gather(err, check_mount_point(step, root, userns, err)) < 0)
			return -1;
	}
	return 0;
}

int check_files(const struct container_config *config, const struct mount_plan *mounts,
		struct error *err)
{
	autofree char *root = path_join(config->root->path, "");
	autoclose int root_fd = open(config->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0 && !is_left_to_init(errno) &&
	    error_gather(err,
			 error_set(err, errno, "open root file system %s", config->root->path)) < 0)
		return -1;
	for (size_t i = 0; i < mounts->steps.count; i++)
		if (error_gather(err, check_bind_source(&mounts->steps.items[i], root, err)) < 0)
			return -1;
	return 0;
}

/* ---- where a program is found ---- */

/* The errno with which the program @path is not found; 0: found, or that can't be told. */
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
	const char *directories = config_env(config->process, "PATH");
	struct span rest, directory;

	directories = directories ? directories : CONFIG_DEFAULT_PATH;
	rest = (struct span){ directories, strlen(directories) };
	while (span_cut(&rest, ':', &directory)) {
		autofree char *path =
			str_format("%.*s/%s", (int)directory.size, directory.bytes, program);

		if (find_program(mounts, root, path) == 0)
			return true;
	}
	return false;
}

/* ---- hooks ---- */

/* The same text as the error of a run, see core/base/spawn.h.  Returns -1. */
static int hook_error(enum config_hook_kind kind, size_t index, const char *path, int errnum,
		      struct error *err)
{
	error_set(err, errnum, "start %s", path);
	return error_prefix(err, "hooks.%s[%zu]", config_hook_name(kind), index);
}

/*
 * startContainer hooks are executed in the container's root (@root; -1: not known), all others in
 * the host's file system, whatever namespaces they run in.
 */
static int check_hooks_of_kind(const struct config_hooks *hooks, enum config_hook_kind kind,
			       const struct mount_plan *mounts, int root, struct error *err)
{
	for (size_t i = 0; i < hooks->lists[kind].count; i++) {
		const char *path = hooks->lists[kind].items[i].path;
		int errnum = 0;

		if (kind != HOOK_START_CONTAINER && access(path, X_OK) < 0)
			errnum = errno;
		else if (kind == HOOK_START_CONTAINER && root >= 0)
			errnum = find_program(mounts, root, path);
		if (errnum && error_gather(err, hook_error(kind, i, path, errnum, err)) < 0)
			return -1;
	}
	return 0;
}

/* A run only warns if a poststop hook fails, so this only warns too. */
static void warn_of_poststop(const config_hook_list *hooks)
{
	for (size_t i = 0; i < hooks->count; i++) {
		struct error err = ERROR_NONE;

		if (access(hooks->items[i].path, X_OK) == 0)
			continue;
		hook_error(HOOK_POSTSTOP, i, hooks->items[i].path, errno, &err);
		log_warning("%s: %s", err.text, error_errno_text(err.code));
	}
}

int check_hook_programs(const struct config_hooks *hooks, const struct container_config *config,
			const struct mount_plan *mounts, struct error *err)
{
	/* The top layer doesn't say what the container finds. */
	autoclose int root = config_has_layers(config)
				     ? -1
				     : open(config->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (!hooks)
		return 0;
	for (int kind = 0; kind < HOOK_POSTSTOP; kind++)
		if (check_hooks_of_kind(hooks, (enum config_hook_kind)kind, mounts, root, err) < 0)
			return -1;
	warn_of_poststop(&hooks->lists[HOOK_POSTSTOP]);
	return 0;
}

/* ---- the user ---- */

/*
 * Reads @path of one layer of the root file system.  Returns 1; 0 where the layer has no such file, and
 * the one below counts; or -1 where it can't be told what the container will see.
 */
static int read_of_layer(const char *layer, const char *path, char **ret_text)
{
	autoclose int root = open(layer, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd =
		root < 0 ? -errno : path_open_in_root(root, path, O_PATH | O_NOFOLLOW, 0);
	struct stat st;
	size_t size;

	if (fd < 0)
		return fd == -ENOENT ? 0 : -1;
	if (fstat(fd, &st) < 0)
		return -1;
	/* How an overlay keeps that a file of the layer below was removed. */
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0) {
		*ret_text = str_dup("");
		return 1;
	}
	/* A link can lead to a mount, or to another layer. */
	return S_ISREG(st.st_mode) &&
			       path_read_in_root(root, path, PASSWD_SIZE_MAX, ret_text, &size) == 0
		       ? 1
		       : -1;
}

/* /etc/passwd or /etc/group as the container will have it, with @lines; NULL: that can't be told. */
static char *read_account_file(const struct container_config *config,
			       const struct mount_plan *mounts, const char *path, const char *lines)
{
	const char *overlay = config_annotation(config, CONFIG_ANNOTATION_OVERLAY);
	autofree char *upper = str_format("%s/upper", overlay ? overlay : "");
	autofree char *text = NULL;
	autostrbuf struct strbuf merged = { 0 };
	int found = 0;

	if (is_covered(mounts, path))
		return NULL;
	if (overlay && overlay[0] == '/')
		found = read_of_layer(upper, path, &text);
	if (found == 0)
		found = read_of_layer(config->root->path, path, &text);
	if (found < 0)
		return NULL;
	passwd_merge(text ? text : "", lines ? lines : "", &merged);
	return str_dup(merged.bytes ? merged.bytes : "");
}

/* The texts are the same as those of init, see core/init/account.c. */
int check_user(const struct container_config *config, const struct mount_plan *mounts,
	       struct error *err)
{
	const char *text = config_annotation(config, CONFIG_ANNOTATION_USER);
	const char *names = config_annotation(config, CONFIG_ANNOTATION_GROUPS);
	autofree char *passwd = NULL, *group = NULL;
	struct arena arena = { 0 };
	struct passwd_user user;
	gid_t *gids;
	size_t count;
	int result = 0;

	/* A link can lead from one layer to another. */
	if ((!text && !names) || !config->process || config_has_layers(config))
		return 0;
	passwd = read_account_file(config, mounts, "/etc/passwd",
				   config_annotation(config, CONFIG_ANNOTATION_PASSWD));
	group = read_account_file(config, mounts, "/etc/group",
				  config_annotation(config, CONFIG_ANNOTATION_GROUP));
	if (!passwd || !group)
		return 0;
	if (text && passwd_find_user(passwd, group, text, &arena, &user, err) < 0)
		result = error_gather(err, error_prefix(err, "--user %s", text));
	if (result == 0 && names &&
	    passwd_find_groups(group, names, &arena, &gids, &count, err) < 0)
		result = error_prefix(err, "--group-add");
	arena_release(&arena);
	return result;
}

/* ---- the program ---- */

/*
 * If an overlay lies over the root, only a file that an earlier run removed there is wrongly found.
 * The texts are the same as those of init, see core/init/program.c.
 */
int check_program(const struct container_config *config, const struct mount_plan *mounts,
		  struct error *err)
{
	const struct config_process *process = config->process;
	autoclose int root = open(config->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *program;
	int errnum;

	if (!process || process->args.count == 0 || root < 0 || config_has_layers(config))
		return 0;
	program = process->args.items[0];
	if (!strchr(program, '/'))
		return is_in_path(config, mounts, root, program) ? 0
								 : config_no_program(program, err);
	errnum = program[0] == '/' ? find_program(mounts, root, program) : 0;
	return errnum ? error_set(err, errnum, "open executable `%s`", program) : 0;
}

/* Is the file in the root file system itself?  A relative path can't be told. */
static bool is_on_root(const struct mount_plan *mounts, int root, const char *path)
{
	autofree char *clean = path_clean(path);
	autoclose int fd = -1;

	if (path[0] != '/' || is_covered(mounts, clean))
		return false;
	fd = path_open_in_root(root, clean, O_PATH | O_CLOEXEC, 0);
	return fd >= 0;
}

static bool program_is_on_root(const struct container_config *config,
			       const struct mount_plan *mounts, int root, const char *program)
{
	const char *directories = config_env(config->process, "PATH");
	struct span rest, directory;

	if (strchr(program, '/'))
		return is_on_root(mounts, root, program);
	directories = directories ? directories : CONFIG_DEFAULT_PATH;
	rest = (struct span){ directories, strlen(directories) };
	while (span_cut(&rest, ':', &directory)) {
		autofree char *path =
			str_format("%.*s/%s", (int)directory.size, directory.bytes, program);

		if (is_on_root(mounts, root, path))
			return true;
	}
	return false;
}

int check_noexec(const struct container_config *config, const struct mount_plan *mounts,
		 struct error *err)
{
	const struct config_process *process = config->process;
	autoclose int root = open(config->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *program;
	struct statvfs fs;

	if (!process || process->args.count == 0 || root < 0 ||
	    config_annotation(config, CONFIG_ANNOTATION_OVERLAY) || fstatvfs(root, &fs) < 0 ||
	    !(fs.f_flag & ST_NOEXEC))
		return 0;
	program = process->args.items[0];
	if (!program_is_on_root(config, mounts, root, program))
		return 0;
	if (strchr(program, '/'))
		error_set(err, EACCES, "exec `%s`", program);
	else
		error_set(err, EACCES, "executable file `%s` in $PATH can't be executed", program);
	return error_hint(
		err,
		"the root file system %s is on a noexec mount: take a directory on another "
		"file system, or an overlay",
		config->root->path);
}
