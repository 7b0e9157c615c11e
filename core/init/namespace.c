// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root.
#include "core/init/namespace.h"

#include <errno.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"

#define MAP_SIZE_MAX 65536

/* Init may set the names of its own UTS namespace: a refusal comes from an outer container's filter. */
static int explain_refused_name(struct error *err)
{
	if (err->code == EPERM && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER)
		error_hint(err,
			   "a seccomp filter around urun refuses it: start the outer container "
			   "with --security-opt seccomp=unconfined");
	return -1;
}

int set_host_names(const struct container_config *config, struct error *err)
{
	if (config->hostname && sethostname(config->hostname, strlen(config->hostname)) < 0) {
		error_set(err, errno, "hostname: set the host name to %s", config->hostname);
		return explain_refused_name(err);
	}
	if (config->domainname &&
	    setdomainname(config->domainname, strlen(config->domainname)) < 0) {
		error_set(err, errno, "domainname: set the domain name to %s", config->domainname);
		return explain_refused_name(err);
	}
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

/*
 * The number of gids that are mapped without a gap from 0 on.  The kernel stores the host's ids of both ends
 * of a range, so the count ends where the host's ids don't ascend.
 */
static unsigned int count_mapped_gids(void)
{
	autofree char *text = NULL;
	unsigned int inner, outer, size, count = 0, outer_end = 0;
	size_t text_size;

	if (fd_read_file("/proc/self/gid_map", MAP_SIZE_MAX, &text, &text_size) < 0)
		return 0;
	/* The kernel prints the map in the order of the ids inside. */
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		if (sscanf(line, "%u %u %u", &inner, &outer, &size) != 3 || inner != count ||
		    outer < outer_end)
			break;
		count += size;
		outer_end = outer + size;
	}
	return count;
}

void allow_ping(void)
{
	unsigned int count = count_mapped_gids();
	char range[32];
	int failed;

	if (count == 0)
		return;
	snprintf(range, sizeof(range), "0 %u", count - 1 < INT_MAX ? count - 1 : INT_MAX);
	failed = fd_write_file("/proc/sys/net/ipv4/ping_group_range", range);
	if (failed < 0)
		log_debug("set ping_group_range: %s", error_errno_text(-failed));
}

int join_session_keyring(const char *id, struct error *err)
{
	char name[300];

	snprintf(name, sizeof(name), "_ses.%s", id);
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) >= 0)
		return 0;
	/*
	 * ENOSYS: a kernel without keyrings, or a filter around us: then there are no keys to
	 * protect.
	 */
	if (errno == EDQUOT || errno == ENOSYS || errno == EPERM) {
		log_info("no session keyring of its own: %s (kernel.keys.maxkeys)",
			 error_errno_text(errno));
		return 0;
	}
	return error_set(err, errno, "join a session keyring");
}
