/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_APPARMOR_H
#define URUN_ROOTLESS_APPARMOR_H

#include <stddef.h>

#include "rootless/host.h"

/* Whether AppArmor's profile of urun (contrib/apparmor/urun.in) is in force for this process. */
enum apparmor_state {
	APPARMOR_OFF,	     /* the kernel has no AppArmor, or it isn't enabled */
	APPARMOR_IN_FORCE,   /* urun's own */
	APPARMOR_ANOTHER,    /* another profile */
	APPARMOR_NONE,	     /* none, and none is needed */
	APPARMOR_RESTRICTED, /* none, and so the kernel gives this process no user namespaces */
};

#define APPARMOR_LABEL_SIZE 256

/*
 * Writes the label of this process, such as "urun (unconfined)", to @label; "" where AppArmor is off.
 * Runs in: parent.
 * Source: apparmor(7); Documentation/admin-guide/LSM/apparmor.rst of Linux.
 */
enum apparmor_state apparmor_profile_state(const struct host *host,
					   char label[static APPARMOR_LABEL_SIZE]);

#endif
