/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_HOST_H
#define URUN_ROOTLESS_HOST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where the files of the host are read.  A unit test reads those of a directory of its own, which
 * stands for the root of a host with some fault.
 */
struct host {
	const char *root; /* written before every path: "" on a real host */
};
#define HOST_REAL ((struct host){ .root = "" })

/* Bytes of a path below the root, with the NUL. */
#define HOST_PATH_SIZE 512

/*
 * Looks for a program in the usual directories of the system.  $PATH is not used: engines start
 * urun without it, and the caller must not choose which setuid program runs.
 * Returns whether the program was found; *ret_path is set then.
 */
bool host_find_program(const struct host *host, const char *name,
		       char ret_path[static HOST_PATH_SIZE]);

/*
 * Reads a file of /proc, /sys or /etc below the root.  A larger file than 4 MiB is an error.  The
 * text ends with a NUL, and the caller frees it.
 * Returns 0 or a negative errno; *ret_text and *ret_size are untouched then.
 */
int host_read_file(const struct host *host, const char *path, char **ret_text, size_t *ret_size);

/*
 * The first line of the file @path below the root, without its newline and cut to @size bytes.
 * Returns 0 or a negative errno; *ret_line is untouched then.
 */
int host_read_line(const struct host *host, const char *path, char *ret_line, size_t size);

#endif
