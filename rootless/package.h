/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_PACKAGE_H
#define URUN_ROOTLESS_PACKAGE_H

#include "rootless/host.h"

/* The names of the package that has a program, by families of distributions. */
struct package {
	const char *debian; /* and its derivatives */
	const char *fedora; /* and RHEL, SUSE */
	const char *arch;
	const char *alpine;
};

#define PACKAGE_FIX_SIZE 128

/*
 * The fix that installs the package on this host: "run as root apt-get install uidmap".  On an
 * unknown distribution it is "install the package NAME".
 * Source: os-release(5).
 */
void package_fix(const struct host *host, const struct package *package,
		 char ret_fix[static PACKAGE_FIX_SIZE]);

#endif
