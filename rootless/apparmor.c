// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "rootless/apparmor.h"

#include <string.h>

#include "core/base/str.h"

enum apparmor_state apparmor_profile_state(const struct host *host,
					   char label[static APPARMOR_LABEL_SIZE])
{
	char line[8];

	label[0] = '\0';
	if (host_read_line(host, "/sys/module/apparmor/parameters/enabled", line, sizeof(line)) <
		    0 ||
	    line[0] != 'Y')
		return APPARMOR_OFF;
	/* The first file is AppArmor's own since Linux 5.8; the second is any security module's. */
	if (host_read_line(host, "/proc/self/attr/apparmor/current", label, APPARMOR_LABEL_SIZE) <
		    0 &&
	    host_read_line(host, "/proc/self/attr/current", label, APPARMOR_LABEL_SIZE) < 0)
		return APPARMOR_OFF;
	if (str_equal(label, "urun") || str_starts_with(label, "urun ("))
		return APPARMOR_IN_FORCE;
	if (!str_equal(label, "unconfined"))
		return APPARMOR_ANOTHER;
	return host_read_line(host, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", line,
			      sizeof(line)) == 0 &&
			       line[0] == '1'
		       ? APPARMOR_RESTRICTED
		       : APPARMOR_NONE;
}
