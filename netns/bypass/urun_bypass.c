// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-bypass.
 *
 * urun-bypass READYFD NETWORK: gives the TCP connections of a container, which go to other machines,
 * sockets of the host.  host_socket.c says why that is safe, call.c what happens to one call.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/stat.h"
#include "netns/bypass/call.h"
#include "netns/bypass/caller.h"
#include "netns/bypass/route.h"
#include "netns/bypass/supervise.h"
#include "netns/ready.h"
#include "netns/sandbox.h"

/* The order of bypass_give() in core/container/bypass.c. */
enum given { GIVEN_LIFE, GIVEN_CONTROL, GIVEN_USER, GIVEN_COUNT };

/*
 * The argument of host_socket.c needs a container that has no rights in the host's network namespace.
 * That namespace belongs to a user namespace: ours, or one above, which the kernel doesn't let us open.
 */
static int check_rights(int user_namespace, struct error *err)
{
	autoclose int network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), owner = -1;

	if (stat_same_as_path(user_namespace, "/proc/self/ns/user"))
		return error_set(err, 0, "the container has the user namespace of urun");
	if (network < 0)
		return error_set(err, errno, "open /proc/self/ns/net");
	owner = ioctl(network, NS_GET_USERNS);
	if (owner < 0)
		return errno == EPERM ? 0 : error_set(err, errno, "find the owner of the network");
	return stat_same_as_path(owner, "/proc/self/ns/user")
		       ? 0
		       : error_set(err, 0,
				   "the host's network belongs to a user namespace below urun's");
}

/*
 * All that needs the host's files, or a network namespace with CAP_SYS_ADMIN of its owner, is opened
 * here.
 */
static int open_world(struct caller_world *world, struct error *err)
{
	int failed;

	if (guards_check_kernel(err) < 0)
		return -1;
	if (caller_check_kernel() < 0)
		return error_set(err, 0, "this kernel can't compare descriptors (kcmp(2))");
	failed = socket_defaults_read(&world->host.defaults);
	if (failed < 0)
		return error_set(err, -failed, "make a socket");
	world->caller.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (world->caller.proc < 0)
		return error_set(err, errno, "open /proc");
	world->host_routes = route_socket();
	if (world->host_routes < 0)
		return error_set(err, -world->host_routes, "make a netlink socket");
	failed = call_read_namespace(world->host_routes, &world->host_ns);
	if (failed < 0)
		return error_set(err, -failed, "ask for the network namespace of a socket");
	world->room = call_room_new(err);
	return world->room ? 0 : -1;
}

/*
 * Process boundary: from here on this process has all capabilities in the container's user namespace,
 * until sandbox_drop_privileges() leaves one.  The container's root could trace it but for the dumpable
 * mark: our memory map is from outside of that user namespace, so that the mark holds.
 */
static int enter_user_namespace(int user_namespace, struct error *err)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "make the process not dumpable");
	return setns(user_namespace, CLONE_NEWUSER) < 0
		       ? error_set(err, errno, "join the container's user namespace")
		       : 0;
}

static int serve_calls(struct caller_world *world, const int given[static GIVEN_COUNT],
		       bool isolated, struct error *err)
{
	struct supervision *supervision =
		supervision_new(world, given[GIVEN_LIFE], given[GIVEN_CONTROL], err);
	struct error left = ERROR_NONE;

	if (!supervision)
		return -1;
	if (!isolated)
		error_set(&left, 0, "the host refuses it namespaces of its own");
	if (!isolated || sandbox_leave_root(SANDBOX_BYPASS, NULL, &left) < 0)
		ready_say_failure(READY_WARNING, &left);
	/* ORDER: then the privileges, and only then a call of the container is read. */
	if (sandbox_drop_privileges(SANDBOX_BYPASS, err) < 0 || ready_say_ready(err) < 0)
		return -1;
	close(READY_FD);
	return supervision_run(supervision, err);
}

/* Process boundary: as in start_port() of urun-port. */
static int start_bypass(const struct network_options *options, struct error *err)
{
	struct caller_world world = { .host.options = options,
				      .routes = -1,
				      .caller = CALLER_NONE };
	int given[GIVEN_COUNT], received, pidfd = -1;
	bool isolated;
	pid_t pid;

	received = ready_receive(NULL, 0, given, GIVEN_COUNT, GIVEN_COUNT, err);
	if (received <= 0)
		return received;
	if (check_rights(given[GIVEN_USER], err) < 0 || open_world(&world, err) < 0 ||
	    enter_user_namespace(given[GIVEN_USER], err) < 0)
		return -1;
	close(given[GIVEN_USER]);
	pid = sandbox_fork(SANDBOX_BYPASS, &pidfd, &isolated, err);
	if (pid < 0)
		return -1;
	if (pid > 0)
		ready_watch_in_container(pid, pidfd);
	if (serve_calls(&world, given, isolated, err) == 0)
		_exit(0);
	return -1;
}

int main(int argc, char **argv)
{
	return ready_main(argc, argv, "urun-bypass", start_bypass);
}
