// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root.
#include "core/init/namespace.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"

int set_host_names(const struct container_config *config, struct error *err)
{
	if (config->hostname && sethostname(config->hostname, strlen(config->hostname)) < 0)
		return error_set(err, errno, "hostname: set the host name to %s", config->hostname);
	if (config->domainname && setdomainname(config->domainname, strlen(config->domainname)) < 0)
		return error_set(err, errno, "domainname: set the domain name to %s",
				 config->domainname);
	return 0;
}

int bring_up_loopback(struct error *err)
{
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return error_set(err, errno, "bring up lo");
	return 0;
}

int join_session_keyring(const char *id, struct error *err)
{
	char name[300];

	snprintf(name, sizeof(name), "_ses.%s", id);
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) >= 0)
		return 0;
	/*
	 * ENOSYS: a kernel without keyrings, or a filter around us: then there are no keys to keep
	 * apart.
	 */
	if (errno == EDQUOT || errno == ENOSYS || errno == EPERM) {
		log_info("no session keyring of its own: %s (kernel.keys.maxkeys)",
			 error_errno_text(errno));
		return 0;
	}
	return error_set(err, errno, "join a session keyring");
}
