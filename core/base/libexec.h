/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_LIBEXEC_H
#define URUN_BASE_LIBEXEC_H

#include "core/base/error.h"

/* "/proc/self/fd/2147483647/", a file's name and the NUL */
#define LIBEXEC_EXECUTABLE_SIZE 290

/* A helper program of urun, found and checked.  Start from LIBEXEC_NONE. */
struct libexec {
	int dir;    /* O_PATH, close-on-exec: the directory of the program, which was checked */
	char *name; /* of the file in that directory; the file is no link */
	char *path; /* for messages only: by the time of the execve a path can lead elsewhere */
};

#define LIBEXEC_NONE ((struct libexec){ .dir = -1 })
void libexec_close(struct libexec *libexec);
#define autolibexec __attribute__((cleanup(libexec_close)))

/*
 * Finds a helper program: below URUN_LIBEXECDIR, else beside our own file, where nothing is
 * installed yet.  The program is executed with our rights, so it is refused unless the file and its
 * directory belong to us, to root or to the owner of urun's own file, and nobody else can write to
 * them.  The error names the file and the fix.  Fails with ENOENT where there is none.
 */
int libexec_open(const char *program, struct libexec *ret_libexec, struct error *err);

/*
 * The path by which a process executes the program, if it has the program's directory as descriptor
 * @fd: /proc/self/fd/@fd/NAME.  The descriptor must stay open over the execve: the program may be a
 * script, whose interpreter opens that path, and which finds the files beside it by $0.  Source:
 * execveat(2) "BUGS".
 */
void libexec_executable(const struct libexec *libexec, int fd,
			char ret_path[static LIBEXEC_EXECUTABLE_SIZE]);

#endif
