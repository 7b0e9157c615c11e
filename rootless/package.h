/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_PACKAGE_H
#define URUN_ROOTLESS_PACKAGE_H

#include "rootless/host.h"

/* Where a program is found by distributions: the names of its packages. */
struct package {
	const char *debian; /* and what is made of it */
	const char *fedora; /* and RHEL, SUSE */
	const char *arch;
	const char *alpine;
};

#define PACKAGE_MEND_SIZE 128

/*
 * The command that installs it on this host, to be run as root: "run as root apt-get install uidmap".
 * Where the distribution isn't known: "install the package NAME".
 * Source: os-release(5).
 */
void package_mend(const struct host *host, const struct package *package,
		  char ret_mend[static PACKAGE_MEND_SIZE]);

#endif
