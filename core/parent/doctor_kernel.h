/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_DOCTOR_KERNEL_H
#define URUN_PARENT_DOCTOR_KERNEL_H

#include <stdbool.h>

/*
 * Features of the kernel that only a try can tell.
 * Runs in: parent; what changes namespaces or mounts, in a child process.
 */

/* "6.1.0-13-amd64" is 6 and 1; false if the release has another form. */
bool kernel_version(unsigned int *ret_major, unsigned int *ret_minor);

/* Each returns 0 if the feature is available, else the errno of the trial. */
int kernel_try_overlay(void); /* overlayfs with userxattr, in a new user namespace */
int kernel_try_mount_setattr(void);
int kernel_try_seccomp_notify(void);

#endif
