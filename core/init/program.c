// SPDX-License-Identifier: Apache-2.0
// Runs in: init after pivot_root.
#include "core/init/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/hash.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/check.h"
#include "core/init/inspect.h"
#include "core/rootfs/user.h"

static int set_program_status(int errnum, struct error *err)
{
	err->status = errnum == ENOENT || errnum == ENOTDIR ? PROGRAM_STATUS_NOT_FOUND
							    : PROGRAM_STATUS_CANNOT_EXECUTE;
	return -1;
}

void program_make_cwd(const struct config_process *process)
{
	autoclose int root = -1;
	struct stat st;
	int made;

	if (str_equal(process->cwd, "/") || stat(process->cwd, &st) == 0 || errno != ENOENT)
		return;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return;
	made = path_mkdirs_in_root(root, process->cwd, 0755);
	if (made >= 0)
		close(made);
}

int program_chdir(const struct config_process *process, struct error *err)
{
	char path[PATH_MAX];

	if (chdir(process->cwd) < 0) {
		int errnum = errno;

		error_set(err, errnum, "chdir to `%s`", process->cwd);
		return set_program_status(errnum, err);
	}
	/*
	 * A path through an inherited descriptor could lead out of the container, and with it every
	 * relative path.  The kernel is asked, not the C library, whose getcwd(3) walks upwards and
	 * answers with some path.
	 */
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0) {
		int errnum = errno;

		error_set(err, errnum, "chdir to `%s`: where is it", process->cwd);
		return set_program_status(errnum, err);
	}
	if (path[0] != '/') {
		error_set(err, EACCES, "chdir to `%s`: it is outside of the container",
			  process->cwd);
		return set_program_status(EACCES, err);
	}
	return 0;
}

/*
 * Returns 0, or the negative errno that execve(2) of the file would give.  AT_EACCESS: faccessat(2) else
 * checks with the real ids, which are another user's.
 */
static int check_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	if (syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return -errno;
	return 0;
}

bool program_is_executable(const char *path)
{
	return check_executable(path) == 0;
}

/*
 * Like execvp(3): remembers that a file couldn't be executed, and goes on with the search.
 * *ret_refused is the first such file, or NULL.  As shells do, but not execvp(3), it takes a directory
 * that can't be searched as one without the file.
 */
static int search_path(const char *name, const char *dirs, char **ret_path, char **ret_refused)
{
	int result = -ENOENT;

	for (const char *dir = dirs;; dir++) {
		size_t length = strcspn(dir, ":");
		/* An empty part is the current directory. */
		autofree char *path = length ? str_format("%.*s/%s", (int)length, dir, name)
					     : str_format("./%s", name);
		int r = check_executable(path);

		if (r == 0) {
			*ret_path = take_ptr(path);
			return 0;
		}
		if ((r == -EACCES || r == -EISDIR) && access(path, F_OK) == 0) {
			result = -EACCES;
			if (!*ret_refused)
				*ret_refused = take_ptr(path);
		}
		dir += length;
		if (*dir == '\0')
			return result;
	}
}

int program_find(const struct config_process *process, char **ret_path, struct error *err)
{
	const char *path = config_env(process, "PATH");
	autofree char *refused = NULL;
	const char *name;
	int r;

	if (process->args.count == 0)
		return error_set(err, 0, "process.args: there is nothing to execute");
	name = process->args.items[0];
	if (strchr(name, '/')) {
		r = check_executable(name);
		if (r < 0)
			return inspect_exec_failure(name, -r, err);
		*ret_path = str_dup(name);
		return 0;
	}
	r = name[0] ? search_path(name, path ? path : CONFIG_DEFAULT_PATH, ret_path, &refused)
		    : -ENOENT;
	if (r == 0)
		return 0;
	if (r == -ENOENT)
		config_no_program(name, err);
	else
		error_set(err, -r, "executable file `%s` in $PATH can't be executed", name);
	if (refused)
		inspect_hint_at_noexec(refused, err);
	return set_program_status(-r, err);
}

/*
 * An environment with a hash table of its names: a config may have hundreds of thousands of variables, and
 * a linear search for each would take minutes.
 */
struct env {
	char **items;
	size_t count;
	size_t *slots; /* 1 + the index of an item, by the hash of its name; 0: free */
	size_t mask;
};

static void env_init(struct env *env, size_t count_max)
{
	size_t slots = 2;

	while (slots < 2 * count_max)
		slots *= 2;
	env->items = mem_alloc((count_max + 1) * sizeof(char *));
	env->count = 0;
	env->slots = mem_alloc(slots * sizeof(*env->slots));
	env->mask = slots - 1;
}

/* The last value of a name replaces an earlier one: programs don't agree on which of two to use. */
static void env_put(struct env *env, char *entry)
{
	size_t length = strcspn(entry, "=") + 1;
	size_t slot = (size_t)hash_bytes(entry, length - 1) & env->mask;

	for (; env->slots[slot]; slot = (slot + 1) & env->mask) {
		char **item = &env->items[env->slots[slot] - 1];

		if (strncmp(*item, entry, length) == 0) {
			*item = entry;
			return;
		}
	}
	env->items[env->count++] = entry;
	env->slots[slot] = env->count;
}

void program_prepare(const struct config_process *process, char *path,
		     const struct str_list *extra_env, int root, struct program *ret_program)
{
	size_t extra = extra_env ? extra_env->count : 0;
	struct program program = { .path = path };
	struct env env;
	const char *home_given;

	program.argv = mem_alloc((process->args.count + 1) * sizeof(char *));
	for (size_t i = 0; i < process->args.count; i++)
		program.argv[i] = process->args.items[i];
	env_init(&env, process->env.count + extra + 1);
	for (size_t i = 0; i < process->env.count; i++)
		env_put(&env, process->env.items[i]);
	for (size_t i = 0; i < extra; i++)
		env_put(&env, extra_env->items[i]);
	home_given = config_env(process, "HOME");
	if (!home_given || !home_given[0]) {
		autofree char *home = user_home(root, (uid_t)process->user->uid.value);

		program.home = str_format("HOME=%s", home);
		env_put(&env, program.home);
	}
	free(env.slots);
	program.envp = env.items;
	*ret_program = program;
}

void program_release(struct program *program)
{
	if (!program)
		return;
	free(program->path);
	free(program->argv);
	free(program->envp);
	free(program->home);
	*program = (struct program){ 0 };
}

int program_exec(const struct program *program, struct error *err)
{
	execve(program->path, program->argv, program->envp);
	return inspect_exec_failure(program->path, errno, err);
}
