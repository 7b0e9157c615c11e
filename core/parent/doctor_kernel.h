/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_DOCTOR_KERNEL_H
#define URUN_PARENT_DOCTOR_KERNEL_H

#include <stdbool.h>

/* What only the kernel itself can tell, by trying.  Runs in: parent; the trials in a child of its own. */

/* "6.1.0-13-amd64" as 6 and 1; false where it isn't of that form. */
bool kernel_version(unsigned int *ret_major, unsigned int *ret_minor);

/* Each returns 0, or the errno that the kernel answers with. */
int kernel_try_overlay(void); /* overlayfs with userxattr, in a user namespace of its own */
int kernel_try_mount_setattr(void);
int kernel_try_seccomp_notify(void);

#endif
