/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_LABEL_H
#define URUN_INIT_LABEL_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * What AppArmor and SELinux are to confine the program by: told to the kernel by files below
 * /proc/self/attr, taken up by the next execve.  The parent has checked that what is asked for is
 * there (rootless/scope.h).
 * Source: apparmor(7), proc(5) "/proc/pid/attr/exec"; OCI runtime-spec 1.3, config.md
 * "apparmorProfile", "selinuxLabel".
 */
struct label {
	int apparmor; /* -1: nothing to tell */
	int selinux;
};

#define LABEL_NONE ((struct label){ -1, -1 })

/*
 * Opens the files; nothing to do where @process (may be NULL) has neither.  Anything but the
 * kernel's own file is refused.
 * Runs in: init before pivot_root, setns.
 */
int label_open(const struct config_process *process, struct label *ret_label, struct error *err);

/* Runs in: init after pivot_root, setns; before no_new_privs is set. */
int label_apply(const struct config_process *process, const struct label *label, struct error *err);

#endif
