/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_LIBEXEC_H
#define URUN_BASE_LIBEXEC_H

#include "core/base/error.h"

/* "/proc/self/fd/2147483647" and the NUL */
#define LIBEXEC_EXECUTABLE_SIZE 32

/* One of urun's own helper programs, found and checked.  Start from LIBEXEC_NONE. */
struct libexec {
	int fd;	    /* O_PATH, close-on-exec: what is to be executed */
	char *path; /* for messages; execute the descriptor, as the path can lead elsewhere by then */
};

#define LIBEXEC_NONE ((struct libexec){ .fd = -1 })
void libexec_close(struct libexec *libexec);
#define autolibexec __attribute__((cleanup(libexec_close)))

/*
 * Finds a helper program: below URUN_LIBEXECDIR, else beside our own file, where nothing is
 * installed yet.  It is executed with our rights, so it is refused unless it and the directory that
 * has it belong to us, to root or to the owner of urun's own file, and no other can write to them.
 * The error names the file and the mend.  Fails with ENOENT where there is none.
 */
int libexec_open(const char *program, struct libexec *ret_libexec, struct error *err);

/* The path that executes the descriptor @fd: /proc/self/fd/@fd.  Source: execveat(2) "NOTES". */
void libexec_executable(int fd, char ret_path[static LIBEXEC_EXECUTABLE_SIZE]);

#endif
