// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/doctor_without.h"

#include <stddef.h>

#include "core/base/str.h"
#include "rootless/host_check.h"

#define NO_CONTAINER "no container; but urun pull, images, spec and features do"
#define NO_LIMITS                                                                           \
	"containers without limits; --memory, --cpus and --pids-limit as weaker limits of " \
	"each process, by --limit-fallback=rlimit"
#define NO_FUSE                                                                              \
	"root file systems and images, with overlays of the kernel where the container has " \
	"the ids of all files; the host's own system as a sandbox, read-only"
#define ONE_ID                                                                               \
	"containers with one id: their root is you, and other users are root too; packages " \
	"install by --root-emulation, which is on then"

/* A row has the name that doctor.c gives it. */
static const struct {
	const char *name;
	const char *works;
} rows[] = {
	{ "kernel", NO_CONTAINER },
	{ "a container's user namespace", NO_CONTAINER },
	{ "AppArmor profile of urun", "containers of root; and what root permits by the sysctl" },
	{ "overlay in user namespaces", "overlays by fuse-overlayfs" },
	{ "mount_setattr", "containers without read-only volumes" },
	{ "idmapped mounts", "volumes with the ids that they have on the host" },
	{ "time namespaces", "containers with the host's clocks" },
	{ "seccomp notify", "all but --network slirp,bypass and listeners of a config" },
	{ "network (urun-slirp, /dev/net/tun)",
	  "--network host, which has the host's network and its ports, and --network none" },
	{ "network bypass (--network slirp,bypass)", "--network slirp, at its own speed" },
	{ "sysctl net.ipv4.ping_group_range", "all else that the network carries" },
	{ "sysctl net.ipv4.ip_unprivileged_port_start",
	  "--publish with a higher port of the host: --publish 8080:80" },
	{ "/dev/fuse", NO_FUSE },
	{ "fuse-overlayfs", NO_FUSE },
	{ "cgroup version", NO_LIMITS },
	{ "cgroup controllers for limits", NO_LIMITS },
	{ "the user's systemd", "containers without a scope of systemd's" },
	{ "linger", "containers while you are logged in" },
	{ "XDG_RUNTIME_DIR", "all but scopes of systemd's" },
	{ "directory for container states", "urun --root DIR, with a directory of yours" },
	{ "current directory, for a root file system", "root file systems in other directories" },
	{ "directory for images", "--rootfs, and the host's own system" },
	{ "space for images", "images that have room there" },
	{ "skopeo", "images in files and directories (docker-archive:, oci:), and --rootfs" },
	{ "podman's runtime urun", "urun by itself" },
};

const char *doctor_without(const char *name, enum doctor_state state)
{
	if (state == DOCTOR_OK)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_equal(rows[i].name, name))
			return rows[i].works;
	/* The settings of the host: one that doesn't matter here is a warning. */
	for (size_t i = 0; i < HOST_TROUBLE_COUNT; i++)
		if (str_equal(host_checks[i].setting, name) &&
		    (host_checks[i].occasions & HOST_AT_USERNS))
			return state == DOCTOR_MISSING ? NO_CONTAINER
						       : "containers as urun run makes them";
		else if (str_equal(host_checks[i].setting, name))
			return ONE_ID;
	return NULL;
}
