/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_CONSOLE_H
#define URUN_ROOTFS_CONSOLE_H

#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * The container's terminal: a pair of the devpts that is mounted in the root file system, so that
 * the name of the terminal is right in the container.  Source: OCI runtime-spec 1.3, config.md
 * "process.terminal"; pty(7), ioctl_tty(2).
 */

/*
 * The reader of what the program writes to the terminal.  A new terminal has ONLCR: it turns a line
 * feed into a carriage return and a line feed.
 */
enum console_reader {
	/*
	 * urun: it copies the bytes to the caller's stdout, or to the container's log.  ONLCR is
	 * cleared: if stdout is a terminal, that terminal adds the carriage returns; a file, a pipe
	 * and the log get none.
	 */
	CONSOLE_READER_URUN,
	/*
	 * An engine (--console-socket).  ONLCR stays: the engine copies the bytes to a terminal
	 * that it has made raw, which adds nothing.
	 */
	CONSOLE_READER_ENGINE,
};

/*
 * Opens a new pair of the container's own /dev/pts, by descriptors only, and refuses a /dev/pts
 * that isn't a devpts.  Sets the size that @size (may be NULL) has.  Both descriptors are the
 * caller's, close-on-exec.
 * Runs in: init before pivot_root, after the mounts.
 */
int console_create(int rootfs_fd, const struct config_console_size *size,
		   enum console_reader reader, int *ret_master, int *ret_slave, struct error *err);

/*
 * Gives the slave to @uid, the process's user, so that the program can open the slave again by its
 * name.
 */
int console_set_owner(int slave, uid_t uid, struct error *err);

/* Binds the slave on /dev/console.  Runs in: init before pivot_root, after devices_create(). */
int console_bind(int rootfs_fd, int slave, struct error *err);

/*
 * Makes the slave the controlling terminal and stdin, stdout and stderr.  The process must lead a
 * session (setsid(2)).  The descriptor stays the caller's.
 * Runs in: init, before pivot_root or after it.
 */
int console_attach(int slave, struct error *err);

#endif
