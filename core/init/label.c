// SPDX-License-Identifier: Apache-2.0
// Runs in: init, setns.
#include "core/init/label.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

/* AppArmor's own file is there since Linux 5.8; before, and without other modules, the shared one is. */
#define APPARMOR_FILE "/proc/self/attr/apparmor/exec"
#define SHARED_FILE   "/proc/self/attr/exec"

static bool is_given(const char *text)
{
	return text && text[0] != '\0';
}

/* In a container /proc is what its root has made of it: a label told to another file is none. */
static int open_attribute(const char *path, int *ret_fd, struct error *err)
{
	autoclose int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return error_set(err, errno, "open `%s`", path);
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return error_set(err, 0, "`%s` is no file of procfs", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

int label_open(const struct config_process *process, struct label *ret_label, struct error *err)
{
	*ret_label = LABEL_NONE;
	if (!process)
		return 0;
	if (is_given(process->apparmor_profile) &&
	    open_attribute(access(APPARMOR_FILE, F_OK) == 0 ? APPARMOR_FILE : SHARED_FILE,
			   &ret_label->apparmor, err) < 0)
		return -1;
	if (is_given(process->selinux_label))
		return open_attribute(SHARED_FILE, &ret_label->selinux, err);
	return 0;
}

/* The kernel takes the text by one write. */
static int write_text(int fd, const char *text)
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
		failed = write_text(label->apparmor, change);
		if (failed) {
			error_set(err, failed,
				  "process.apparmorProfile: write %s to `" SHARED_FILE "`",
				  process->apparmor_profile);
			if (failed == ENOENT)
				error_hint(err, "no such profile is loaded, and only the host's "
						"root can load one");
			return -1;
		}
	}
	failed = label->selinux >= 0 ? write_text(label->selinux, process->selinux_label) : 0;
	if (failed)
		return error_set(err, failed, "process.selinuxLabel: write %s to `" SHARED_FILE "`",
				 process->selinux_label);
	return 0;
}
