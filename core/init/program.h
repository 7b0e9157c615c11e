/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_PROGRAM_H
#define URUN_INIT_PROGRAM_H

#include "core/base/error.h"
#include "core/config/config.h"

/* The exit statuses that shells have taught everybody; in struct error's status. */
#define PROGRAM_STATUS_CANNOT_EXECUTE 126
#define PROGRAM_STATUS_NOT_FOUND      127

/*
 * What execve(2) takes, ready before the seccomp filter is loaded, as after it no memory may be
 * had. The texts of argv and envp stay the config's.
 */
struct program {
	char *path;  /* owned */
	char **argv; /* owned */
	char **envp; /* owned */
	char *home;  /* owned: "HOME=…" where process.env has none; else NULL */
};

/*
 * Makes process.cwd where it isn't there, as other runtimes do for a container's first process.  What
 * can't be made is told by program_chdir().
 * Runs in: init after pivot_root.
 */
void program_make_cwd(const struct config_process *process);

/*
 * Goes to process.cwd inside the container.  Fails with status 127 where it isn't there, 126 where
 * it can't be entered; and where it isn't below the container's root (a cwd such as /proc/self/fd/7
 * that leads out).
 * Runs in: init after pivot_root, with the user's permissions (user_files_begin() or
 * process_become_user()).
 */
int program_chdir(const struct config_process *process, struct error *err);

/*
 * Finds process.args[0]: with a '/' in it the path as it is, else along process.env's PATH as
 * execvp(3) does. *ret_path is the caller's to free.  Fails with status 127 or 126.
 * Runs in: init after pivot_root, after program_chdir(), with the user's permissions: so `create`
 * can tell what `start` would meet.  What is found can be gone or another at program_exec(): that
 * is told there.
 */
int program_find(const struct config_process *process, char **ret_path, struct error *err);

/*
 * Puts @program together; @path (of program_find()) becomes its own.  @extra_env ("NAME=value", may
 * be NULL) goes behind process.env.  Without HOME the environment gets that of @root's /etc/passwd
 * (see user_home()).
 */
void program_prepare(const struct config_process *process, char *path, const str_list *extra_env,
		     int root, struct program *ret_program);
void program_release(struct program *program);

/*
 * Becomes the program.  Returns only on failure, with status 126 or 127 and, where a look at the
 * file tells it, the cause: a missing interpreter, another machine's file, a noexec mount.
 */
int program_exec(const struct program *program, struct error *err);

#endif
