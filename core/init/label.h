/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_LABEL_H
#define URUN_INIT_LABEL_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * The labels by which AppArmor and SELinux confine the program: written to files below /proc/self/attr, and
 * applied by the kernel at the next execve.  The parent has checked that this host has the module
 * (rootless/scope.h).
 * Source: apparmor(7), proc(5) "/proc/pid/attr/exec"; OCI runtime-spec 1.3, config.md
 * "apparmorProfile", "selinuxLabel".
 */
struct label {
	int apparmor; /* a descriptor; -1: no label */
	int selinux;
};

#define LABEL_NONE ((struct label){ -1, -1 })

/*
 * Opens the files, where @process (may be NULL) has labels.  Refuses a file that isn't the kernel's own.
 * Runs in: init before pivot_root, setns.
 */
int label_open(const struct config_process *process, struct label *ret_label, struct error *err);

/* Writes the labels.  Runs in: init after pivot_root, setns; before no_new_privs is set. */
int label_apply(const struct config_process *process, const struct label *label, struct error *err);

#endif
