/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_LIBEXEC_H
#define URUN_BASE_LIBEXEC_H

#include "core/base/error.h"

/* "/proc/self/fd/2147483647/", a file's name and the NUL */
#define LIBEXEC_EXECUTABLE_SIZE 290

/* One of urun's own helper programs, found and checked.  Start from LIBEXEC_NONE. */
struct libexec {
	int dir;    /* O_PATH, close-on-exec: the checked directory that it is in */
	char *name; /* of the file in there, which is no link */
	char *path; /* for messages: as a path it can lead elsewhere by the time it is executed */
};

#define LIBEXEC_NONE ((struct libexec){ .dir = -1 })
void libexec_close(struct libexec *libexec);
#define autolibexec __attribute__((cleanup(libexec_close)))

/*
 * Finds a helper program: below URUN_LIBEXECDIR, else beside our own file, where nothing is
 * installed yet.  It is executed with our rights, so it is refused unless it and the directory that
 * has it belong to us, to root or to the owner of urun's own file, and no other can write to them.
 * The error names the file and the mend.  Fails with ENOENT where there is none.
 */
int libexec_open(const char *program, struct libexec *ret_libexec, struct error *err);

/*
 * The path that executes it in a process that has its directory as descriptor @fd:
 * /proc/self/fd/@fd/NAME.  The descriptor must stay open over the execve: the helper may be a
 * script, whose interpreter opens that path and which finds by $0 what is beside it.  Source:
 * execveat(2) "BUGS".
 */
void libexec_executable(const struct libexec *libexec, int fd,
			char ret_path[static LIBEXEC_EXECUTABLE_SIZE]);

#endif
