// SPDX-License-Identifier: Apache-2.0
// Runs in: init, setns.
#include "core/init/label.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/rootfs/procfs.h"

/*
 * Paths below /proc.  AppArmor has a file of its own since Linux 5.8; before, and where no other security
 * module is loaded, the shared file is AppArmor's.
 */
#define APPARMOR_FILE "self/attr/apparmor/exec"
#define SHARED_FILE   "self/attr/exec"

static bool is_label(const char *text)
{
	return text && text[0] != '\0';
}

/*
 * Opens the kernel's own file and no other: the container's root may have mounted something else on /proc,
 * and a label that is written to another file confines nothing.
 */
static int open_attribute(const char *path, const char *or_path, int *ret_fd, struct error *err)
{
	int fd = procfs_open_file(path, O_WRONLY);

	if (fd == -ENOENT && or_path) {
		path = or_path;
		fd = procfs_open_file(path, O_WRONLY);
	}
	if (fd == -ENODEV || fd == -EXDEV)
		return error_set(err, 0, "`/proc/%s` is not the kernel's: %s", path,
				 fd == -EXDEV ? "something is mounted over it"
					      : "no procfs is mounted on /proc");
	if (fd < 0)
		return error_set(err, -fd, "open `/proc/%s`", path);
	*ret_fd = fd;
	return 0;
}

int label_open(const struct config_process *process, struct label *ret_label, struct error *err)
{
	*ret_label = LABEL_NONE;
	if (!process)
		return 0;
	if (is_label(process->apparmor_profile) &&
	    open_attribute(APPARMOR_FILE, SHARED_FILE, &ret_label->apparmor, err) < 0)
		return -1;
	if (is_label(process->selinux_label))
		return open_attribute(SHARED_FILE, NULL, &ret_label->selinux, err);
	return 0;
}

/* Returns 0 or an errno.  The kernel accepts the label only as one write. */
static int write_label(int fd, const char *text)
{
	ssize_t written = write(fd, text, strlen(text));

	return written == (ssize_t)strlen(text) ? 0 : written < 0 ? errno : EIO;
}

int label_apply(const struct config_process *process, const struct label *label, struct error *err)
{
	autofree char *change = NULL;
	int failed;

	if (label->apparmor >= 0) {
		change = str_format("exec %s", process->apparmor_profile);
		failed = write_label(label->apparmor, change);
		if (failed) {
			error_set(err, failed,
				  "process.apparmorProfile: write %s to `/proc/" SHARED_FILE "`",
				  process->apparmor_profile);
			if (failed == ENOENT)
				error_hint(err, "no such profile is loaded, and only the host's "
						"root can load one");
			return -1;
		}
	}
	failed = label->selinux >= 0 ? write_label(label->selinux, process->selinux_label) : 0;
	if (failed)
		return error_set(err, failed,
				 "process.selinuxLabel: write %s to `/proc/" SHARED_FILE "`",
				 process->selinux_label);
	return 0;
}
