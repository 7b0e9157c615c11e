// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root; console_attach in init before or after it.
#include "core/rootfs/console.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/target.h"
#include "core/rootfs/device.h"
#include "core/rootfs/tree.h"

/*
 * Only the kernel makes names in a devpts.  Once the directory is known to be a devpts, "ptmx" in
 * it is a terminal multiplexer, and no file that the image has put there.
 */
static int open_master(int rootfs, struct error *err)
{
	autoclose int pts =
		path_open_in_root(rootfs, "/dev/pts", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	struct statfs fs;
	int master;

	if (pts < 0)
		return error_set(err, -pts,
				 "process.terminal: open /dev/pts in the root file system");
	if (fstatfs(pts, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return error_set(err, 0, "process.terminal: no devpts is mounted on /dev/pts");
	master = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	return master < 0 ? error_set(err, errno, "process.terminal: open /dev/pts/ptmx") : master;
}

/* TIOCGPTPEER (Linux 4.13) opens the slave without a path. */
static int open_slave(int master, struct error *err)
{
	int locked = 0;
	int slave;

	if (ioctl(master, TIOCSPTLCK, &locked) < 0)
		return error_set(err, errno, "process.terminal: unlock the terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return slave < 0 ? error_set(err, errno, "process.terminal: open the terminal's slave")
			 : slave;
}

static int keep_line_feeds(int slave, struct error *err)
{
	struct termios modes;

	if (tcgetattr(slave, &modes) < 0)
		return error_set(err, errno, "process.terminal: read the terminal's modes");
	modes.c_oflag &= ~(tcflag_t)ONLCR;
	if (tcsetattr(slave, TCSANOW, &modes) < 0)
		return error_set(err, errno, "process.terminal: set the terminal's modes");
	return 0;
}

static int set_window(int slave, const struct config_console_size *size, struct error *err)
{
	struct winsize window;

	if (!size || !(size->height.set || size->width.set))
		return 0;
	window = (struct winsize){ .ws_row = (unsigned short)size->height.value,
				   .ws_col = (unsigned short)size->width.value };
	if (ioctl(slave, TIOCSWINSZ, &window) < 0)
		return error_set(err, errno, "process.consoleSize: set the terminal's size");
	return 0;
}

int console_create(int rootfs_fd, const struct config_console_size *size,
		   enum console_reader reader, int *ret_master, int *ret_slave, struct error *err)
{
	autoclose int master = open_master(rootfs_fd, err);
	autoclose int slave = master < 0 ? -1 : open_slave(master, err);

	if (slave < 0 || set_window(slave, size, err) < 0)
		return -1;
	if (reader == CONSOLE_READER_URUN && keep_line_feeds(slave, err) < 0)
		return -1;
	*ret_master = take_fd(&master);
	*ret_slave = take_fd(&slave);
	return 0;
}

int console_set_owner(int slave, uid_t uid, struct error *err)
{
	if (fchown(slave, uid, (gid_t)-1) < 0)
		return error_set(err, errno, "process.terminal: give the terminal to uid %u", uid);
	return 0;
}

int console_bind(int rootfs_fd, int slave, struct error *err)
{
	autoclose int dev = path_mkdirs_in_root(rootfs_fd, "/dev", 0755);
	autoclose int tree = -1;
	autoclose int target = -1;
	int result;

	if (dev < 0)
		return target_error(rootfs_fd, "/dev", -dev, "process.terminal: bind /dev/console",
				    err);
	target = device_open_target(dev, "console");
	if (target == -ELOOP)
		return error_set(err, 0, "/dev/console is a symbolic link in the root file system");
	if (target < 0)
		return error_set(err, -target, "make /dev/console");
	tree = mount_clone(slave, "", 0);
	result = tree < 0 ? tree : mount_attach(tree, target);
	return result < 0 ? error_set(err, -result, "bind the terminal on /dev/console") : 0;
}

int console_attach(int slave, struct error *err)
{
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return error_set(err, errno,
				 "process.terminal: take the terminal as the controlling one");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(slave, fd) < 0)
			return error_set(err, errno,
					 "process.terminal: make the terminal descriptor %d", fd);
	return 0;
}
