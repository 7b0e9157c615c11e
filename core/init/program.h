/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_PROGRAM_H
#define URUN_INIT_PROGRAM_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"

/* Exit statuses, as shells use them; stored as the status of struct error. */
#define PROGRAM_STATUS_CANNOT_EXECUTE 126
#define PROGRAM_STATUS_NOT_FOUND      127

/*
 * The arguments of execve(2), prepared before the seccomp filter is loaded, which may refuse to allocate
 * memory.  The texts of argv and envp belong to the config.
 */
struct program {
	char *path;  /* owned */
	char **argv; /* owned */
	char **envp; /* owned */
	char *home;  /* owned: "HOME=…" where process.env has none; else NULL */
};

/*
 * Makes the directory process.cwd where it doesn't exist, as other runtimes do for a container's first
 * process.  A failure is reported later, by program_chdir().
 * Runs in: init after pivot_root.
 */
void program_make_cwd(const struct config_process *process);

/*
 * Changes to process.cwd inside the container.  Fails with status 127 where the directory doesn't exist, and
 * with 126 where it can't be entered, or isn't below the container's root (/proc/self/fd/7 may lead out).
 * Runs in: init after pivot_root, with the user's permissions (user_files_begin() or
 * process_become_user()).
 */
int program_chdir(const struct config_process *process, struct error *err);

/*
 * Finds process.args[0]: a name with a '/' is a path; another name is looked for in process.env's PATH, as
 * execvp(3) does.  *ret_path is the caller's to free.  Fails with status 127 or 126.
 * Runs in: init after pivot_root, after program_chdir(), with the user's permissions, so that `create`
 * already reports what `start` would fail with.  The file may change until program_exec(), which then
 * reports the failure.
 */
int program_find(const struct config_process *process, char **ret_path, struct error *err);

/* May the user execute the file @path?  With the user's permissions, as program_find(). */
bool program_is_executable(const char *path);

/*
 * Fills @program, which takes over @path (of program_find()).  @extra_env ("NAME=value", may be NULL) is
 * added after process.env.  An environment without HOME gets the home of @root's /etc/passwd (user_home()).
 */
void program_prepare(const struct config_process *process, char *path,
		     const struct str_list *extra_env, int root, struct program *ret_program);
void program_release(struct program *program);

/*
 * Executes the program.  Returns only on failure, with status 126 or 127 and, where the file shows it, the
 * cause: an interpreter that isn't found, a file of another machine, a noexec mount.
 */
int program_exec(const struct program *program, struct error *err);

#endif
